"""``diff``: the cells that differ, cut by what caused them, and folded to few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.model.policy import Direction
from ringfence.sets.ports import Intervals, canonical, contains_key, describe, port_key
from ringfence.values import Value
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Verdict
from ringfence.verdict.attribution import NOBODY, Attribution, FlowEnd, Ids
from ringfence.verdict.behaviours import Behaviour, Transition
from ringfence.verdict.changes import Change, Diff, DiffRow, NotCompared, change_of
from ringfence.verdict.comparing import Changed, Comparison
from ringfence.verdict.deciding import Decider
from ringfence.verdict.end_names import EndNames
from ringfence.verdict.pairing import Pair

if TYPE_CHECKING:
    from ringfence.verdict.meshed.causes import LayeredAttribution
    from ringfence.verdict.meshed.differing import Differing

LEVELS = ("workload", "pod")
FAVOURITES = tuple(port_key("TCP", number) for number in (443, 80))
"""Ports that a witness uses where a row holds every port."""


BUDGET = 20_000
"""Flows to which several changes can matter, and whose causes are looked for one by one; beyond it one flow speaks for
all that the changed policies treat alike."""

MOST_GROUPS = 30_000
"""Groups of flows whose causes are looked for; where there are more, nobody could read their rows, and none is."""


ASKED = 1_500
"""The same as ``BUDGET`` where all layers are compared and each cause is asked for."""

MOST_ASKED = 6_000
"""The same as ``MOST_GROUPS``, likewise."""


class Group(Value):
    """Ends on one side of a row: kinds as a mask, and, where only some pods of a kind are meant, those pods."""

    mask: int
    pods: tuple[Pair, ...] | None = None


class Label(Value):
    """What the flows of a row have in common. ``before`` or ``after`` None: an end that the state lacks.
    ``attributed`` False: what caused them was not looked for."""

    before: Verdict | None
    after: Verdict | None
    ports: Intervals
    family: int | None
    causes: Ids
    explained: bool
    attributed: bool = True
    differing: Differing | None = None

    @property
    def change(self) -> Change:
        """What the change is."""
        return change_of(self.before, self.after) if self.differing is None else self.differing.change


class TooManyCausesError(Exception):
    """So much changed, in so many ways, that the causes of each change are too many to look for."""


Folded = dict[tuple[Label, Group], Group]


class Differ:
    """Makes the rows of one comparison."""

    def __init__(
        self,
        comparison: Comparison,
        attribution: Attribution,
        level: str = "workload",
        layered: LayeredAttribution | None = None,
    ) -> None:
        """``layered``: where all layers are compared."""
        self.comparison = comparison
        self.attribution = attribution
        self.layered = layered
        self.level = level
        self.names = EndNames(comparison, level)
        self.undecided: list[tuple[int, int, Intervals]] = []
        self._lonely = [not comparison.several(number) for number in range(len(comparison.kinds))]
        self._budget = BUDGET if layered is None else ASKED
        self._groups = 0
        self.attributing = True
        """Whether rows are told apart by what caused them."""
        self._others = tuple({**attribution.node_ports, **attribution.opaque})

    def rows(self, limit: int | None = None) -> tuple[list[DiffRow], Counter[Change], set[int]]:
        """``(rows, how many there are of each kind, the changes that caused any)``; at most ``limit`` rows."""
        merged: dict[tuple[Label, tuple[str, ...], tuple[str, ...]], tuple[Group, Group]] = {}
        used: set[int] = set()
        try:
            folded = self._folded()
        except TooManyCausesError:
            self.attributing = False
            self.undecided = []
            folded = self._folded()
        for (label, right), left in folded.items():
            merged.setdefault((label, self._named(left), self._named(right)), (left, right))
            used |= label.causes
        counts = Counter(label.change for label, _, _ in merged)
        decider = Decider(self.comparison, self.attribution, self.names, self.layered)
        rows: list[DiffRow] = []
        for key in sorted(merged, key=_row_order)[:limit]:
            ends = self._witness(*merged[key])
            assert ends is not None
            rows.append(decider.row(key[1], key[2], key[0], ends, witness_port(key[0].ports)))
        return rows, counts, used

    def _named(self, group: Group) -> tuple[str, ...]:
        return self.names.of(group.mask) if group.pods is None else self.names.of_pods(group.mask, group.pods)

    def _folded(self) -> Folded:
        """Rectangles: first the destinations of equal sources, then the sources of equal destinations."""
        by_sources: Folded = {}
        for changed in self.comparison.cells(None if self.comparison.layered else self.attribution.focus()):
            for label, mask in self._labels(changed):
                left = Group(mask, changed.sources or None)
                right = Group(1 << changed.destination, changed.destinations or None)
                key = (label, left)
                old = by_sources.get(key)
                if old is None:
                    by_sources[key] = right
                elif old.pods is None and right.pods is None:
                    by_sources[key] = Group(old.mask | right.mask)
                else:
                    pods = self._pods_of(old) + self._pods_of(right)
                    by_sources[key] = Group(old.mask | right.mask, pods)
        by_destinations: Folded = {}
        for (label, left), right in by_sources.items():
            other = (label, right)
            before = by_destinations.get(other)
            if before is None:
                by_destinations[other] = left
            elif before.pods is None and left.pods is None:
                by_destinations[other] = Group(before.mask | left.mask)
            else:
                by_destinations[other] = Group(before.mask | left.mask, self._pods_of(before) + self._pods_of(left))
        return {key: left for key, left in by_destinations.items() if self._witness(left, key[1]) is not None}

    def _pods_of(self, group: Group) -> tuple[Pair, ...]:
        if group.pods is not None:
            return group.pods
        kinds = self.comparison.kinds
        return tuple(pair for number in columns_of(group.mask) for pair in kinds[number].pairs)

    def _labels(self, changed: Changed) -> Iterator[tuple[Label, int]]:
        values = self.comparison.table.values
        if changed.before is None or changed.after is None:
            number = changed.after if changed.before is None else changed.before
            assert number is not None
            for verdict, ports, differing in self._alone(values[number], changed.before is None):
                before, after = (None, verdict) if changed.before is None else (verdict, None)
                yield Label(before, after, ports, None, NOBODY, True, True, differing), changed.mask
            return
        unsaid = self.comparison.table.undecided(changed.before, changed.after)
        if unsaid:
            self.undecided.append((changed.mask, changed.destination, unsaid))
        found = self.comparison.table.transitions(changed.before, changed.after)
        if not found:
            return
        if not self.attributing:
            for one in found:
                label = Label(one.before, one.after, one.ports, one.family, NOBODY, False, False, one.differing)
                yield label, changed.mask
            return
        if self.layered is not None:
            for one in found:
                yield from self._layered_labels(self.layered, changed, one)
            return
        own = self.attribution.of_kind(changed.destination, Direction.INGRESS)
        for ids, mask in self.attribution.groups(changed.mask).items():
            self._groups += 1
            if self._groups > MOST_GROUPS:
                raise TooManyCausesError
            every = (*ids, *own, *self._others)
            for transition in found:
                yield from self._caused(changed, mask, frozenset(every), transition)

    def _alone(self, behaviour: Behaviour, new: bool) -> Iterator[tuple[Verdict, Intervals, Differing | None]]:
        """What flows of an end may do that one of the states lacks."""
        contents = self.comparison.table.contents
        if contents is None:
            for verdict, ports in _flows(behaviour):
                yield verdict, ports, None
            return
        from ringfence.verdict.meshed.one_sided import alone

        yield from alone(contents, behaviour, Change.NEW if new else Change.GONE)

    def _layered_labels(
        self, layered: LayeredAttribution, changed: Changed, one: Transition
    ) -> Iterator[tuple[Label, int]]:
        """A change of all layers with its causes; each kind of sources by itself, as policies may name them apart."""
        assert one.differing is not None
        port = witness_port(one.ports)
        found: dict[tuple[Ids, bool, bool], int] = {}
        itself = 0
        for part in self._parts(changed.mask):
            ends = self._witness(Group(part, changed.sources), Group(1 << changed.destination, changed.destinations))
            if ends is None:
                # A pod to itself is no flow: it may stand in a row with others, so that these are few.
                itself |= part
                continue
            self._groups += 1
            if self._groups > MOST_ASKED:
                raise TooManyCausesError
            names = [self.names.one(end.kind, end.pods, after) for after in (False, True) for end in ends]
            pairs = (names[0], names[1]), (names[2], names[3])
            telling = layered.telling(pairs, port, one.differing)
            key = layered.causes(pairs, port, one.differing.aspect, telling)
            found[key] = found.get(key, 0) | part
        for (causes, explained, looked), mask in found.items():
            mask, itself = mask | itself, 0
            yield Label(one.before, one.after, one.ports, one.family, causes, explained, looked, one.differing), mask

    def _caused(self, changed: Changed, mask: int, ids: Ids, transition: Transition) -> Iterator[tuple[Label, int]]:
        change = (transition.before, transition.after)
        if len(ids) < 2 and self.attribution.trusting:
            yield Label(*change, transition.ports, transition.family, ids, bool(ids)), mask
            return
        found: dict[tuple[Ids, bool, Intervals], int] = {}
        for piece in self.attribution.pieces(mask, changed.destination, ids):
            for part in self._parts(piece):
                ends = self._witness(
                    Group(part, changed.sources), Group(1 << changed.destination, changed.destinations)
                )
                if ends is None:
                    continue
                every = self.attribution.causes(*ends, ids, transition.ports, transition.family, transition.after)
                together: dict[tuple[Ids, bool], Intervals] = {}
                for ports, causes, explained in every:
                    together[causes, explained] = canonical(together.get((causes, explained), ()) + ports)
                for (causes, explained), ports in together.items():
                    key = (causes, explained, ports)
                    found[key] = found.get(key, 0) | part
        for (causes, explained, ports), part in found.items():
            yield Label(*change, ports, transition.family, causes, explained), part

    def _parts(self, piece: int) -> Iterator[int]:
        """Each kind by itself, as rules that did not change may tell them apart; past a budget all of them together."""
        if self._budget <= 0:
            yield piece
            return
        for kind in columns_of(piece):
            self._budget -= 1
            yield 1 << kind

    def _witness(self, left: Group, right: Group) -> tuple[FlowEnd, FlowEnd] | None:
        """One flow between two groups; None where there is none, as a pod has no flow to itself."""
        for source, destination in product(columns_of(left.mask), columns_of(right.mask)):
            if source != destination:
                return self._end(source, left), self._end(destination, right)
            if self._lonely[source]:
                continue
            own, others = self._members(source, left), self._members(destination, right)
            for pair, other in product(own, others):
                if self._two(pair, other):
                    return FlowEnd(source, pair), FlowEnd(destination, other)
        return None

    def _two(self, pair: Pair, other: Pair) -> bool:
        """Whether two pairs are two different pods in every state that has them."""
        for side, relation in enumerate((self.attribution.before, self.attribution.after)):
            if pair[side] == other[side] >= 0 and relation.cluster.pods[pair[side]].replicas < 2:
                return False
        return True

    def _end(self, kind: int, group: Group) -> FlowEnd:
        members = self._members(kind, group)
        return FlowEnd(kind, members[0]) if members else FlowEnd(kind)

    def _members(self, kind: int, group: Group) -> tuple[Pair, ...]:
        pairs = self.comparison.kinds[kind].pairs
        if group.pods is None:
            return pairs
        wanted = set(group.pods)
        return tuple(pair for pair in pairs if pair in wanted)

    def not_compared(self) -> Iterator[NotCompared]:
        """What hangs on facts that are open in both states, and on other ones in each; causes that were not looked
        for."""
        if not self.attributing:
            count = len(self.attribution.changes if self.layered is None else self.layered.changes)
            yield NotCompared("causes", f"{count} objects changed: too many to say which of them made which difference")
        if not self.undecided:
            return
        pairs = sum(mask.bit_count() for mask, _, _ in self.undecided)
        first = min(
            (self._named(Group(mask & -mask))[0], self._named(Group(1 << destination))[0], ports)
            for mask, destination, ports in self.undecided
        )
        more = f", and {pairs - 1} more kinds of flows" if pairs > 1 else ""
        yield NotCompared(
            f"{first[0]} to {first[1]} on {describe(first[2])}{more}",
            "unknown before and after, for reasons that differ",
            None,
            blocking=True,
        )


def _row_order(key: tuple[Label, tuple[str, ...], tuple[str, ...]]) -> tuple[object, ...]:
    label, sources, destinations = key
    change = list(Change).index(label.change)
    verdicts = str(label.before), str(label.after)
    differing = label.differing
    more = () if differing is None else (differing.aspect.value, differing.before, differing.after)
    return change, sources, destinations, label.ports, verdicts, label.family or 0, sorted(label.causes), more


def _flows(behaviour: Behaviour) -> Iterator[tuple[Verdict, Intervals]]:
    for verdict, ports in behaviour.whole.by_verdict().items():
        if ports and verdict is not Verdict.DENIED:
            yield verdict, ports


def witness_port(ports: Intervals) -> int:
    """The port that stands for a set: a usual one where it is a member, else the first."""
    return next((key for key in FAVOURITES if contains_key(ports, key)), ports[0][0])


def diff(
    comparison: Comparison,
    attribution: Attribution,
    altered: Iterable[Altered],
    not_compared: Iterable[NotCompared],
    level: str,
    limit: int | None,
    partial: bool,
    layered: LayeredAttribution | None = None,
) -> Diff:
    """The difference. ``altered`` are objects beside policies that are written otherwise; ``layered`` is there where
    all layers are compared."""
    differ = Differ(comparison, attribution, level, layered)
    rows, counts, used = differ.rows(limit)
    pairing = comparison.refinement.pairing
    names = differ.names
    changes = attribution.changes if layered is None else layered.changes
    causes = {(one.kind, one.namespace, one.name) for one in (changes[number] for number in used)}
    ends = {(ref.kind, ref.namespace, ref.name) for ref in (*pairing.new, *pairing.gone)}
    ends |= {(ref.kind, ref.namespace, ref.name) for pair in pairing.moved for ref in pair}
    silent = [
        one
        for one in (
            (*(change.altered for change in attribution.policies.values()), *altered) if layered is None else changes
        )
        if differ.attributing and (one.kind, one.namespace, one.name) not in causes | ends
    ]
    return Diff(
        level,
        tuple(rows),
        dict(counts),
        sum(counts.values()) - len(rows),
        (*map(names.workload, pairing.new), *names.others(comparison.new)),
        (*map(names.workload, pairing.gone), *names.others(comparison.gone)),
        tuple((str(old), str(new)) for old, new in pairing.moved),
        (*not_compared, *differ.not_compared()),
        tuple(silent),
        names.every(),
        sum(1 for pair in pairing.pairs if min(pair) >= 0),
        partial,
        layered=layered is not None,
    )
