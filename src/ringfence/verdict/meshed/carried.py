"""What differs of what the network plugin encrypts between nodes, of everything that is allowed in both states.

The nodes on which pods happen to run do not count: where a rollout puts two pods on one node, nothing leaves it. So a
row says what becomes of connections that do leave a node. What a mesh or the application encrypts is no matter of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import own_families
from ringfence.model.cluster import Pod
from ringfence.sets.ports import PROTOCOLS, Intervals, canonical, intersect, port_key, subtract
from ringfence.values import Value, replace
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.behaviours import Behaviour, Bounds
from ringfence.verdict.changes import Cause, Change, Diff, DiffRow, Edge, Layers, Witness
from ringfence.verdict.comparing import Comparison
from ringfence.verdict.comparing import Side as Compared
from ringfence.verdict.diffing import witness_port
from ringfence.verdict.end_names import EndNames
from ringfence.verdict.ends import Member
from ringfence.verdict.meshed.encryption import Encrypted, Encryptions, Group
from ringfence.verdict.meshed.fronts import Fronts
from ringfence.verdict.pairing import NOWHERE

if TYPE_CHECKING:
    from ringfence.verdict.meshed.causes import Mixtures

MOST_ROWS = 12
"""Rows of one change that are told apart by who reaches whom; more are one row over all of their ends."""
MOST_TRIED = 8
"""Objects that are tried as the only cause."""
NO_PAIR = (NOWHERE, NOWHERE)

Profile = tuple[frozenset[Group], tuple[int, ...]]
"""What of an end decides: the groups of its pods, and its address families."""


class _Side:
    """What one state declares, of the kinds of a comparison."""

    def __init__(self, side: Compared) -> None:
        self.side = side
        self.relation = side.relation
        self.encryptions = Encryptions(side.relation.cluster, side.relation)
        self.fronts = Fronts(side.relation.cluster)

    def member(self, column: int) -> Member:
        """The ends of a column."""
        universe = self.relation.universe
        return Member(column, "", tuple(universe.members[column]) if column < universe.pods else ())

    def profile(self, kind: int) -> Profile:
        """That of a kind that the state has."""
        column = self.side.columns[kind]
        return self.encryptions.groups((self.member(column),)), own_families(self.relation.universe.ends[column])

    def pods(self, kind: int) -> list[Pod]:
        """Those of a kind."""
        return [self.relation.cluster.pods[index] for index in self.member(self.side.columns[kind]).pods]

    def by_application(self, kind: int) -> Intervals:
        """The ports at which the application encrypts what every pod of a kind gets."""
        found: Intervals | None = None
        for pod in self.pods(kind):
            numbers: dict[int, bool] = {}
            for service in self.fronts.of(pod):
                named = {one.name: one.number for one in pod.ports}
                for one in service.ports:
                    target = one.target if isinstance(one.target, int) else named.get(one.target)
                    if one.protocol == "TCP" and target:
                        tls = Encryptions.of_application(service, one.port) is not None
                        numbers[target] = numbers.get(target, True) and tls
            own = canonical((port_key("TCP", number),) * 2 for number, tls in numbers.items() if tls)
            found = own if found is None else intersect(found, own)
        return found or ()


class _Turn(Value):
    """Sources and destinations, as masks of kinds, between which the plugin does something else. ``family``: in this
    address family only."""

    sources: int
    destinations: int
    old: str
    new: str
    reasons: tuple[str, str]
    family: int | None


class _Label(Value):
    """What the flows of a row have in common."""

    old: str
    new: str
    family: int | None
    before: Verdict
    after: Verdict
    ports: Intervals


_Part = tuple[_Label, int, int]
"""What flows have in common, with their sources and destinations as masks of kinds."""


class Carriers:
    """Finds the rows of one comparison. ``mixtures``: the states between, None: causes are not asked for."""

    def __init__(self, comparison: Comparison, level: str, mixtures: Callable[[], Mixtures] | None) -> None:
        self.comparison = comparison
        self.names = EndNames(comparison, level)
        self._mixtures = mixtures
        self._sides = _Side(comparison.before), _Side(comparison.after)
        self._bare: dict[tuple[int, int, int | None], list[tuple[Verdict, Verdict, Intervals]]] = {}
        self._encrypted: dict[int, Intervals] = {}

    def rows(self) -> list[DiffRow]:
        """What is allowed as before, and encrypted otherwise where it leaves a node."""
        if not any(side.encryptions.declared for side in self._sides):
            return []
        turns = list(self._turns())
        found = self._folded(turns) if turns else {}
        by_change: dict[tuple[str, str, int | None], list[_Part]] = {}
        for (label, sources), destinations in found.items():
            by_change.setdefault((label.old, label.new, label.family), []).append((label, sources, destinations))
        rows: list[DiffRow] = []
        for parts in by_change.values():
            if len(parts) > MOST_ROWS:
                rows.append(self._row(turns, _joined(parts), parts[0], True))
            else:
                rows.extend(self._row(turns, part, part) for part in parts)
        return sorted(rows, key=lambda row: (row.sources, row.destinations, row.ports))

    # What turned.

    def _turns(self) -> Iterator[_Turn]:
        profiles: dict[tuple[Profile, Profile], int] = {}
        for kind in columns_of(self.comparison.common):
            key = self._sides[0].profile(kind), self._sides[1].profile(kind)
            profiles[key] = profiles.get(key, 0) | 1 << kind
        for source, left in profiles.items():
            for destination, right in profiles.items():
                yield from self._between(source, left, destination, right)

    def _between(
        self, source: tuple[Profile, Profile], left: int, destination: tuple[Profile, Profile], right: int
    ) -> Iterator[_Turn]:
        every = [*source, *destination]
        families = [number for number in (4, 6) if all(number in own for _, own in every)]
        told: dict[int, tuple[Encrypted, Encrypted]] = {}
        for family in families:
            old, new = (
                side.encryptions.between_nodes(source[at][0], destination[at][0], family)
                for at, side in enumerate(self._sides)
            )
            told[family] = old, new
        words = {(old.word, new.word) for old, new in told.values()}
        for family, (old, new) in told.items():
            if old.word != new.word:
                alone = family if len(words) > 1 else None
                yield _Turn(left, right, old.word, new.word, (old.why, new.why), alone)
                if alone is None:
                    return

    # What is allowed.

    def _folded(self, turns: list[_Turn]) -> dict[tuple[_Label, int], int]:
        by_sources: dict[tuple[_Label, int], int] = {}
        for destination in columns_of(_any(turn.destinations for turn in turns)):
            cells: dict[_Label, int] = {}
            before = dict(self.comparison.before.lines(destination))
            after = self.comparison.after.lines(destination)
            concerned = [turn for turn in turns if turn.destinations >> destination & 1]
            itself = 0 if self.comparison.several(destination) else 1 << destination
            for old, mask in before.items():
                for new, other in after.items():
                    shared = mask & other & self.comparison.common & ~itself
                    for turn in concerned if shared else ():
                        if part := shared & turn.sources:
                            for first, second, ports in self._allowed(old, new, turn.family, destination):
                                label = _Label(turn.old, turn.new, turn.family, first, second, ports)
                                cells[label] = cells.get(label, 0) | part
            # A pod to itself is no flow: it may stand in a row with others, so that these are few.
            if cells and self.comparison.kinds[destination].pairs:
                largest = max(cells, key=lambda label: cells[label].bit_count())
                cells[largest] |= itself & self.comparison.common & _any(turn.sources for turn in concerned)
            for label, mask in cells.items():
                by_sources[label, mask] = by_sources.get((label, mask), 0) | 1 << destination
        by_destinations: dict[tuple[_Label, int], int] = {}
        for (label, left), right in by_sources.items():
            by_destinations[label, right] = by_destinations.get((label, right), 0) | left
        return {(label, left): right for (label, right), left in by_destinations.items()}

    def _allowed(
        self, old: int, new: int, family: int | None, destination: int
    ) -> Iterator[tuple[Verdict, Verdict, Intervals]]:
        """Ports that are, or may be, allowed in both states, and that nothing else encrypts."""
        key = (old, new, family)
        if key not in self._bare:
            values = self.comparison.table.values
            lefts = list(self._ports(_of_family(values[old], family)))
            rights = list(self._ports(_of_family(values[new], family)))
            found: dict[tuple[Verdict, Verdict], Intervals] = {}
            for first, ports in lefts:
                for second, others in rights:
                    if shared := intersect(ports, others):
                        found[first, second] = canonical(found.get((first, second), ()) + shared)
            self._bare[key] = [(*verdicts, ports) for verdicts, ports in found.items()]
        for first, second, ports in self._bare[key]:
            if rest := subtract(ports, self._by_application(destination)):
                yield first, second, rest

    def _ports(self, bounds: Bounds) -> Iterator[tuple[Verdict, Intervals]]:
        contents = self.comparison.table.contents
        if contents is None:
            for verdict, ports in bounds.by_verdict().items():
                if ports and verdict is not Verdict.DENIED:
                    yield verdict, ports
            return
        from ringfence.verdict.meshed.differing import parts_of

        for ports, content in parts_of(bounds):
            verdict = contents.verdict(content)
            bare = any(encryption == "none" for encryption, _ in contents.protections(content))
            if verdict is not Verdict.DENIED and bare:
                yield verdict, ports

    def _by_application(self, destination: int) -> Intervals:
        """Ports at which the application encrypts in both states, as far as contents do not tell it."""
        if self.comparison.table.contents is not None:
            return ()
        found = self._encrypted.get(destination)
        if found is None:
            left, right = (side.by_application(destination) for side in self._sides)
            found = self._encrypted[destination] = intersect(left, right)
        return found

    # Rows.

    def _row(self, turns: list[_Turn], part: _Part, of_witness: _Part, joined: bool = False) -> DiffRow:
        label, sources, destinations = part
        turn, source, destination = next(
            (turn, source, destination)
            for turn in turns
            if (turn.old, turn.new, turn.family) == (label.old, label.new, label.family)
            for source in columns_of(of_witness[1] & turn.sources)
            for destination in columns_of(of_witness[2] & turn.destinations)
            if source != destination or self.comparison.several(source)
        )
        port = witness_port(of_witness[0].ports)
        names = [self._one(kind, after) for after in (False, True) for kind in (source, destination)]
        chosen, explained, looked = self._causes(turn, source, destination)
        edges = [
            Edge(_REQUESTS[verdict], word, None)
            for verdict, word in ((label.before, label.old), (label.after, label.new))
        ]
        return DiffRow(
            change_of(label.old, label.new),
            self.names.of(sources),
            self.names.of(destinations),
            label.ports,
            label.before,
            label.after,
            tuple(Cause(one, None, "", one.place) for one in chosen),
            Witness(names[0], names[1], names[2], names[3], f"{port & 0xFFFF}/{PROTOCOLS[port >> 16]}"),
            reason_before=Reason("encryption", turn.reasons[0]),
            reason_after=Reason("encryption", turn.reasons[1]),
            family=label.family,
            explained=explained,
            attributed=looked,
            layers=Layers("wire", edges[0], edges[1]),
            joined=joined,
        )

    def _one(self, kind: int, after: bool) -> str:
        pairs = self.comparison.kinds[kind].pairs
        return self.names.one(kind, next(iter(pairs), NO_PAIR), after)

    def _causes(self, turn: _Turn, source: int, destination: int) -> tuple[tuple[Altered, ...], bool, bool]:
        """``(objects, whether they alone make the difference, whether they could be looked for)``."""
        if self._mixtures is None:
            return (), False, False
        mixtures = self._mixtures()
        seen = {one.seen.what for side in self._sides for one in side.encryptions.declared}
        kinds = {what.partition(" ")[0] for what in seen} | {"Node"}
        altered = mixtures.altered
        likely = [number for number, one in enumerate(altered) if one.kind in kinds]
        likely.sort(key=lambda number: (_what(altered[number]) not in seen, number))
        family = turn.family

        def reached(chosen: frozenset[int]) -> bool | None:
            asker = mixtures.state(chosen)
            if asker is None:
                return None
            directory = asker.asker.directory
            members = [directory.find(self._one(kind, True)).members for kind in (source, destination)]
            groups = [asker.encryptions.groups(own) for own in members]
            own = family if family is not None else self._family(source, destination)
            return asker.encryptions.between_nodes(groups[0], groups[1], own).word == turn.new

        for number in likely[:MOST_TRIED]:
            found = reached(frozenset((number,)))
            if found is None:
                return (), False, False
            if found:
                return (altered[number],), True, True
        chosen = frozenset(likely)
        if not chosen or not reached(chosen):
            return (), False, True
        for number in reversed(likely[:MOST_TRIED]):
            if len(chosen) > 1 and reached(chosen - {number}):
                chosen = chosen - {number}
        return tuple(altered[number] for number in sorted(chosen)), True, True

    def _family(self, source: int, destination: int) -> int:
        """Any that both have."""
        left, right = (self._sides[1].profile(kind)[1] for kind in (source, destination))
        return next(number for number in left if number in right)


_REQUESTS: Mapping[Verdict, str] = {Verdict.ALLOWED: "all", Verdict.MIXED: "some", Verdict.UNKNOWN: "perhaps all"}


def change_of(old: str, new: str) -> Change:
    """What another word for encryption is. What is not known may be nothing."""
    first, second = (("none", "unknown").index(word) if word in ("none", "unknown") else 2 for word in (old, new))
    return Change.WEAKENED if second < first else Change.STRENGTHENED if second > first else Change.OTHERWISE


def _joined(parts: list[_Part]) -> _Part:
    """Rows of one change as one, over all of their ends; the verdict is the best of theirs."""
    labels = [label for label, _, _ in parts]
    ports = canonical(interval for one in labels for interval in one.ports)
    before, after = (
        next((one for one in (Verdict.ALLOWED, Verdict.MIXED) if one in found), Verdict.UNKNOWN)
        for found in ([one.before for one in labels], [one.after for one in labels])
    )
    whole = replace(labels[0], before=before, after=after, ports=ports)
    return whole, _any(left for _, left, _ in parts), _any(right for _, _, right in parts)


def _of_family(behaviour: Behaviour, family: int | None) -> Bounds:
    return next((bounds for families, bounds in behaviour.families if family in families), behaviour.whole)


def _any(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _what(altered: Altered) -> str:
    return (
        f"{altered.kind} {altered.namespace}/{altered.name}" if altered.namespace else f"{altered.kind} {altered.name}"
    )


def with_carriers(found: Diff, rows: list[DiffRow], limit: int | None) -> Diff:
    """The difference with these rows; what caused one of them is not without effect. ``limit``: of rows in all."""
    if not rows:
        return found
    order = list(Change)
    every = sorted((*found.rows, *rows), key=lambda row: order.index(row.change))
    counts = Counter(found.counts)
    counts.update(row.change for row in rows)
    causes = {(cause.altered.kind, cause.altered.namespace, cause.altered.name) for row in rows for cause in row.causes}
    silent = tuple(one for one in found.without_effect if (one.kind, one.namespace, one.name) not in causes)
    shown = tuple(every[:limit])
    left_out = sum(counts.values()) - len(shown)
    return replace(found, rows=shown, counts=dict(counts), left_out=left_out, without_effect=silent)


__all__ = ["Carriers", "with_carriers"]
