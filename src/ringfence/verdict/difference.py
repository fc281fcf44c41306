"""What differs between two states of a cluster, flow by flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.policy import Direction
from ringfence.sets.addresses import describe
from ringfence.sets.ports import Intervals, PortTable, intersect, size
from ringfence.verdict.answers import FlowChange, Verdict
from ringfence.verdict.grid import ALL, Grid, Result

VERDICTS = (Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED)


@dataclass(frozen=True, slots=True)
class PairChange:
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


class Difference:
    """All flows that differ between two relations over their common pods."""

    def __init__(self, before: Relation, after: Relation) -> None:
        self.before, self.after = before, after
        self._before_grid, self._after_grid = Grid(before), Grid(after)

    def changes(self) -> Iterator[FlowChange]:
        """Every change, one for each pair of kinds of pods; names stand for one pod of each kind."""
        kinds = list(self._common_kinds())
        for right_before, right_after, right_name in kinds:
            old = self._column(self._before_grid, right_before)
            new = self._column(self._after_grid, right_after)
            for left_before, left_after, left_name in kinds:
                if left_before >= self.before.universe.pods and right_before >= self.before.universe.pods:
                    continue
                other_name = left_name
                if left_name == right_name:
                    # Within one kind the flow is between two of its pods, if it has two.
                    second_name = self._another(left_before, left_after, left_name)
                    if second_name is None:
                        continue
                    other_name = second_name
                first, second = old.get(left_before), new.get(left_after)
                if (first is not None and first.split) or (second is not None and second.split):
                    yield from self._apart((left_before, left_after), (right_before, right_after), first, second)
                    continue
                yield from self._named(other_name, right_name, first, second)

    def _named(self, left: str, right: str, old: Result | None, new: Result | None) -> Iterator[FlowChange]:
        for first, second, ports in transitions(self.before.ports, old, self.after.ports, new):
            yield FlowChange(left, right, ports, first, second)

    def _apart(
        self, lefts: tuple[int, int], rights: tuple[int, int], old: Result | None, new: Result | None
    ) -> Iterator[FlowChange]:
        """Two kinds of pods that must be told apart by their nodes: one witness for each change."""
        seen: set[tuple[Verdict, Verdict, Intervals]] = set()
        before = self._by_pods(self._before_grid, lefts[0], rights[0], old)
        after = self._by_pods(self._after_grid, lefts[1], rights[1], new)
        for left, right, first in before:
            for other_left, other_right, second in after:
                source, destination = min(left & other_left, default=""), min(right & other_right, default="")
                if source and destination and source != destination:
                    for change in self._named(source, destination, first, second):
                        key = (change.before, change.after, change.ports)
                        if key not in seen:
                            seen.add(key)
                            yield change

    @staticmethod
    def _by_pods(
        grid: Grid, source: int, destination: int, result: Result | None
    ) -> list[tuple[frozenset[str], frozenset[str], Result | None]]:
        if result is not None and result.split:
            return [
                (grid.names(source, left), grid.names(destination, right), one)
                for left, right, one in grid.taken_apart(source, destination)
            ]
        return [(grid.names(source), grid.names(destination), result)]

    def _another(self, before: int, after: int, name: str) -> str | None:
        """Another pod of a kind; the same name for replicas that have none of their own; None where there is no
        other."""
        if before >= self.before.universe.pods:
            return None
        others = (self._before_grid.names(before) & self._after_grid.names(after)) - {name}
        if others:
            return min(others)
        return name if self.before.universe.count(before) > 1 else None

    @staticmethod
    def _column(grid: Grid, destination: int) -> dict[int, Result]:
        return {source: result for mask, result in grid.column(destination) for source in columns_of(mask)}

    def _common_kinds(self) -> Iterator[tuple[int, int, str]]:
        """Classes of both sides, refined together: (column before, column after, name)."""
        before, after = self.before.universe, self.after.universe
        places = {(pod.namespace, pod.name, pod.workload): index for index, pod in enumerate(after.cluster.pods)}
        seen: set[tuple[int, int]] = set()
        for index, pod in enumerate(before.cluster.pods):
            other = places.get((pod.namespace, pod.name, pod.workload))
            if other is not None:
                pair = (before.class_of_pod[index], after.class_of_pod[other])
                if pair not in seen:
                    seen.add(pair)
                    yield (*pair, f"{pod.namespace}/{pod.name}")
        for name, column in before.nodes.items():
            if name in after.nodes:
                yield column, after.nodes[name], f"node/{name}"
        for column in range(before.outside, len(before.ends)):
            for other in range(after.outside, len(after.ends)):
                shared = intersect(before.ends[column].space, after.ends[other].space)
                if shared:
                    yield column, other, describe(shared)
