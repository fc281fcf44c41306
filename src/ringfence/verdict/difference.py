"""What differs between two states of a cluster, flow by flow."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.policy import Direction
from ringfence.sets.ports import Intervals, PortTable, intersect, size
from ringfence.values import Value
from ringfence.verdict.answers import FlowChange, Verdict
from ringfence.verdict.behaviours import folded_changes
from ringfence.verdict.comparing import Changed, Comparison
from ringfence.verdict.end_names import EndNames
from ringfence.verdict.grid import ALL, Grid, Result
from ringfence.verdict.pairing import NOWHERE, Pair

VERDICTS = (Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED)


class PairChange(Value):
    """A pair of columns (of the base) between which some ports changed."""

    source: int
    destination: int
    before: Result
    after: Result


def by_verdict(table: PortTable, result: Result | None) -> dict[Verdict, Intervals]:
    """The ports of a result, by verdict; no flow at all counts as denied."""
    if result is None:
        return {Verdict.DENIED: table.intervals(ALL)}
    rest = table.difference(table.difference(table.difference(ALL, result.allowed), result.unknown), result.mixed)
    return {
        Verdict.ALLOWED: table.intervals(result.allowed),
        Verdict.DENIED: table.intervals(rest),
        Verdict.UNKNOWN: table.intervals(result.unknown),
        Verdict.MIXED: table.intervals(result.mixed),
    }


def transitions(
    before_table: PortTable, before: Result | None, after_table: PortTable, after: Result | None
) -> Iterator[tuple[Verdict, Verdict, Intervals]]:
    """(before, after, ports) wherever the verdict changed."""
    left, right = by_verdict(before_table, before), by_verdict(after_table, after)
    for first in VERDICTS:
        if left.get(first):
            for second in VERDICTS:
                if first is not second and right.get(second):
                    ports = intersect(left[first], right[second])
                    if ports:
                        yield first, second, ports


class PolicyChange:
    """The flows that a what-if on policies changes: only rows of the subjects whose policies changed are looked at."""

    def __init__(self, base: Relation, changed: ChangedRelation) -> None:
        self.base = base
        self.changed = changed
        self.universe = base.universe
        self._before, self._after = Grid(base, joined=False), Grid(changed, joined=False)

    def pairs(self) -> Iterator[PairChange]:
        """Pairs of columns that changed, in order of destination and source."""
        candidates: dict[int, int] = {}
        for destination in columns_of(self.changed.affected[Direction.INGRESS]):
            mask = self._moved(destination, Direction.INGRESS)
            if mask:
                candidates[destination] = mask
        for source in columns_of(self.changed.affected[Direction.EGRESS]):
            bit = 1 << source
            for destination in columns_of(self._moved(source, Direction.EGRESS)):
                candidates[destination] = candidates.get(destination, 0) | bit
        pods = self.universe.pods
        for destination in sorted(candidates):
            for source in columns_of(candidates[destination]):
                if source >= pods and destination >= pods:
                    continue
                before, after = (
                    self._result(self.base, source, destination),
                    self._result(self.changed, source, destination),
                )
                if (before.allowed, before.unknown, before.mixed) != (after.allowed, after.unknown, after.mixed):
                    yield PairChange(source, destination, before, after)

    def _moved(self, column: int, direction: Direction) -> int:
        """The columns whose program differs between the two rows of a subject."""
        old, new = self.base.row(column, direction), self.changed.row(column, direction)
        moved = 0
        for mask, program in old.parts:
            for other, number in new.parts:
                if program != number:
                    moved |= mask & other
        return moved

    def _result(self, relation: Relation, source: int, destination: int) -> Result:
        if relation.opaque(self.universe.ends[source], self.universe.ends[destination]):
            return Result(0, ALL, opaque=True)
        if not relation.families(self.universe.ends[source], self.universe.ends[destination])[0]:
            return Result(0)
        programs = relation.programs_of(source, destination)
        pairing = self._grid_of(relation)
        return pairing.plain(*programs) or pairing.pair(source, destination, *programs) or Result(0)

    def _grid_of(self, relation: Relation) -> Grid:
        return self._before if relation is self.base else self._after

    def weight(self, change: PairChange, ports: Intervals) -> int:
        """How many single flows a change of these ports is: pairs of pods (an outside end counts once) times ports."""
        left, right = self._count(change.source), self._count(change.destination)
        pairs = left * right - (left if change.source == change.destination else 0)
        return pairs * size(ports)

    def _count(self, column: int) -> int:
        return self.universe.count(column) if column < self.universe.pods else 1

    def transitions(self, change: PairChange) -> Iterator[tuple[Verdict, Verdict, Intervals]]:
        """(before, after, ports) of one pair."""
        return transitions(self.base.ports, change.before, self.changed.ports, change.after)


def flow_changes(comparison: Comparison) -> Iterator[FlowChange]:
    """Every change between ends that both states have, one for each pair of kinds of ends and each change of a verdict
    (over all address families); names stand for one end of each kind."""
    names = EndNames(comparison, "pod")
    before, after = comparison.before.relation.cluster.pods, comparison.after.relation.cluster.pods

    def apart(pair: Pair, other: Pair) -> bool:
        return (pair[0] != other[0] or before[pair[0]].replicas > 1) and (
            pair[1] != other[1] or after[pair[1]].replicas > 1
        )

    def ends(source: int, changed: Changed) -> tuple[Pair, Pair] | None:
        lefts = changed.sources or comparison.kinds[source].pairs or NO_PODS
        rights = changed.destinations or comparison.kinds[changed.destination].pairs or NO_PODS
        if source != changed.destination:
            return lefts[0], rights[0]
        return next(((pair, other) for pair in lefts for other in rights if apart(pair, other)), None)

    for changed in comparison.cells():
        if changed.before is None or changed.after is None:
            continue
        values = comparison.table.values
        found = list(folded_changes(values[changed.before].whole, values[changed.after].whole))
        if comparison.layered:
            found += [
                (one.before, one.after, one.ports)
                for one in comparison.table.transitions(changed.before, changed.after)
                if one.before is one.after and one.differing is not None and one.differing.of_reach
            ]
        for source in columns_of(changed.mask) if found else ():
            pairs = ends(source, changed)
            if pairs is None:
                continue
            left = names.pod_or_other(source, pairs[0])
            right = names.pod_or_other(changed.destination, pairs[1])
            for old, new, ports in found:
                yield FlowChange(left, right, ports, old, new)


NO_PODS: tuple[Pair, ...] = ((NOWHERE, NOWHERE),)
