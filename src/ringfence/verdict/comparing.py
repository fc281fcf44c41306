"""Two relations, cell by cell, over the common refinement of their classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction
from ringfence.values import Value
from ringfence.verdict.behaviours import Behaviours, Reader
from ringfence.verdict.grid import Grid
from ringfence.verdict.pairing import NOWHERE, Kind, Pair, Refinement, mask_of, refine
from ringfence.verdict.translation import Translation

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh
    from ringfence.verdict.meshed.contents import Contents

FEW = 60_000
"""Pairs of kinds that are worked out one by one; for more the whole relation is joined."""

MANY = 512
"""More sources than these are not picked out of a column of a joined relation."""

Lines = dict[int, int]
"""Behaviour number → source kinds, towards one destination."""


class Changed(Value):
    """Source kinds (a mask) whose flows to one destination kind behave otherwise. ``before`` or ``after`` None: an end
    that the state lacks. ``sources`` and ``destinations`` narrow the pods, where nodes tell them apart (then the mask
    is one kind)."""

    mask: int
    destination: int
    before: int | None
    after: int | None
    sources: tuple[Pair, ...] | None = None
    destinations: tuple[Pair, ...] | None = None


class Focus(Value):
    """Where anything can differ, as masks of kinds.

    ``ends`` differ themselves in a way that can matter to any flow of theirs; ``relabelled`` only in what selectors and
    CIDRs see. Policies that differ select ``ingress`` as destinations and ``egress`` as sources. Policies of which a
    peer may see the relabelled otherwise select ``naming_sources`` as destinations, ``naming_destinations`` as sources.
    """

    ends: int
    relabelled: int
    ingress: int
    egress: int
    naming_sources: int
    naming_destinations: int


class Side:
    """One of the two relations, in terms of the kinds of both."""

    def __init__(
        self,
        relation: Relation,
        columns: Sequence[int],
        table: Behaviours,
        circumstances: object,
        mesh: Mesh | None = None,
        own_names: int = 0,
    ) -> None:
        """``mesh``: where its layers are compared too. ``own_names``: kinds whose identity is another one in the other
        state."""
        self.relation = relation
        self.columns = columns
        self.mesh = mesh
        self._own_names = own_names
        self._grid: Grid | None = None
        self._unbound: Grid | None = None
        self._within: dict[int, int] = {}
        self.reader = Reader(relation, table, circumstances)
        self.translate = Translation(columns)
        self._last: tuple[int, Lines] = (NOWHERE, {})

    @property
    def grid(self) -> Grid:
        """The relation, joined as soon as it is needed."""
        if self._grid is None:
            self._join(True)
        assert self._grid is not None
        return self._grid

    def look_at_few(self) -> None:
        """Few destinations will be asked for: they are worked out one by one."""
        if self._grid is None:
            self._join(False)

    def _join(self, joined: bool) -> None:
        contents = self.reader.table.contents
        if self.mesh is None or contents is None:
            self._grid = Grid(self.relation, joined)
            return
        from ringfence.verdict.meshed.compared import ComparedGrid
        from ringfence.verdict.meshed.reach import Reading

        names = mask_of(self.columns[kind] for kind in columns_of(self._own_names))
        self._grid, self._unbound = (
            ComparedGrid(self.relation, self.mesh, reading, contents, self.reader.facts, names, joined)
            for reading in (Reading.CONFIGURED, Reading.UNBOUND)
        )

    def row(self, kind: int, direction: Direction) -> list[tuple[int, int]]:
        """(kinds, program id) of the row of a pod kind, as far as the other kinds are concerned."""
        found: dict[int, int] = {}
        for mask, program in self.relation.row(self.columns[kind], direction).parts:
            number = self.reader.program_id(program)
            found[number] = found.get(number, 0) | self.translate(mask)
        return [(mask, number) for number, mask in found.items()]

    def within(self, kinds: int) -> int | None:
        """The columns of some kinds; None for all columns, where the kinds are all or picking them saves nothing."""
        if kinds < 0 or (self.grid.joined and kinds.bit_count() > MANY):
            return None
        found = self._within.get(kinds)
        if found is None:
            columns = {self.columns[kind] for kind in columns_of(kinds)}
            found = self._within[kinds] = mask_of(sorted(columns - {NOWHERE}))
        return found

    def lines(self, kind: int, sources: int = -1) -> Lines:
        """Who reaches a destination kind, and how. Only sources that have a flow to it at all; of ``sources`` only."""
        column = self.columns[kind]
        if column == NOWHERE:
            return {}
        if sources >= 0:
            return {
                number: kinds
                for number, mask in self._lines(column, self.within(sources)).items()
                if (kinds := self.translate(mask) & sources)
            }
        if self._last[0] != column:
            lines = self._lines(column, None)
            self._last = column, {number: self.translate(mask) for number, mask in lines.items()}
        return self._last[1]

    def _lines(self, column: int, within: int | None) -> Lines:
        configured = self._lines_of(self.grid, column, within)
        if self._unbound is None:
            return configured
        found: Lines = {}
        others = self._lines_of(self._unbound, column, within)
        for number, mask in configured.items():
            for other, sources in others.items():
                if shared := mask & sources:
                    both = self.reader.table.beside(number, other)
                    found[both] = found.get(both, 0) | shared
        return found

    def _lines_of(self, grid: Grid, column: int, within: int | None) -> Lines:
        pods_only = column >= self.relation.universe.pods
        found: Lines = {}
        for mask, result in grid.column(column, within):
            number = self.reader.number(result)
            if pods_only:
                mask &= grid.pods
            if mask:
                found[number] = found.get(number, 0) | mask
        return found

    def behaviour(self, source: int, destination: int) -> int:
        """How one kind reaches another."""
        return next((number for number, mask in self.lines(destination).items() if mask >> source & 1), 0)


class Comparison:
    """Compares two relations. ``changed_facts``: what the open facts hang on is known to differ. ``meshes`` before and
    after: with them all layers are compared, without any the network."""

    def __init__(
        self,
        before: Relation,
        after: Relation,
        changed_facts: bool = False,
        meshes: tuple[Mesh | None, Mesh | None] = (None, None),
    ) -> None:
        self.refinement: Refinement = refine(before.universe, after.universe, any(meshes))
        self.kinds = self.refinement.kinds
        self.meshes = meshes
        self.table = Behaviours(_contents() if any(meshes) else None)
        facts = "other" if changed_facts or not _same_facts(before, after) else None
        names = self._other_names(before, after)
        self.before = Side(before, [kind.before for kind in self.kinds], self.table, None, meshes[0], names)
        self.after = Side(after, [kind.after for kind in self.kinds], self.table, facts, meshes[1], names)
        self.common = self.refinement.common
        self.gone = mask_of(number for number, kind in enumerate(self.kinds) if kind.after == NOWHERE)
        self.new = mask_of(number for number, kind in enumerate(self.kinds) if kind.before == NOWHERE)
        pods_before, pods_after = before.cluster.pods, after.cluster.pods
        self._placed: dict[tuple[int, str | None, str | None], int] = {}
        self._nodes_of: dict[int, dict[tuple[str | None, str | None], tuple[Pair, ...]]] = {}
        self._pods = pods_before, pods_after
        self.moving = mask_of(
            number
            for number, kind in enumerate(self.kinds)
            if kind.common and any(pods_before[i].node != pods_after[j].node for i, j in kind.pairs)
        )
        """Kinds with a pod that is on another node afterwards."""

    @property
    def layered(self) -> bool:
        """Whether all layers are compared."""
        return self.table.contents is not None

    def _other_names(self, before: Relation, after: Relation) -> int:
        """The kinds whose identity in the mesh is another one afterwards."""
        old, new = self.meshes
        if old is None or new is None:
            return 0

        def renamed(kind: Kind) -> bool:
            if kind.pairs:
                first, second = kind.pairs[0]
                return old.identity(before.cluster.pods[first]) != new.identity(after.cluster.pods[second])
            one, other = before.universe.machines.get(kind.before), after.universe.machines.get(kind.after)
            return one is not None and other is not None and old.identity(one) != new.identity(other)

        return mask_of(number for number, kind in enumerate(self.kinds) if kind.common and renamed(kind))

    def candidates(self, focus: Focus) -> dict[int, int]:
        """Destination kind → the source kinds (-1: all) whose flows to it may differ, where only some ends changed."""
        found: dict[int, int] = {}
        special = focus.ends | self.gone | self.new
        if special:
            found = dict.fromkeys(range(len(self.kinds)), special)
        if self.moving:
            # The node of a pod matters to flows with nodes and with pods on the network of a node.
            hosts = mask_of(number for number, kind in enumerate(self.kinds) if self._of_host(kind))
            for kind in columns_of(hosts):
                found[kind] = found.get(kind, 0) | self.moving
            for kind in columns_of(self.moving):
                found[kind] = found.get(kind, 0) | hosts
        if focus.relabelled:
            for kind in columns_of(focus.naming_sources):
                found[kind] = found.get(kind, 0) | focus.relabelled
            for kind in columns_of(focus.relabelled):
                found[kind] = found.get(kind, 0) | focus.naming_destinations
        for kind in columns_of((focus.ingress | focus.relabelled) & ~special):
            moved = self._moved(kind, Direction.INGRESS)
            if moved:
                found[kind] = found.get(kind, 0) | moved
        for kind in columns_of((focus.egress | focus.relabelled) & ~special):
            for destination in columns_of(self._moved(kind, Direction.EGRESS)):
                found[destination] = found.get(destination, 0) | 1 << kind
        for kind in columns_of(special):
            found[kind] = -1
        return found

    def _of_host(self, kind: Kind) -> bool:
        """Whether an end is a node, or has the network of one, in either state."""
        ends = [
            side.relation.universe.ends[column]
            for side, column in ((self.before, kind.before), (self.after, kind.after))
            if column >= 0
        ]
        return any(end.sort == "node" or end.host_network for end in ends)

    def _moved(self, kind: int, direction: Direction) -> int:
        """The kinds towards which the program of a subject differs between the two rows."""
        moved = 0
        after = self.after.row(kind, direction)
        for mask, program in self.before.row(kind, direction):
            for other, number in after:
                if program != number:
                    moved |= mask & other
        return moved

    def cells(self, focus: Focus | None = None, destinations: int = -1) -> Iterator[Changed]:
        """Every difference, and every flow of a new or gone end, destination by destination. ``focus``: only these ends
        differ in anything that policies see, and only to these do policies that changed matter. ``destinations``: of
        these kinds only."""
        if focus is None:
            every = (1 << len(self.kinds)) - 1
            candidates = dict.fromkeys(columns_of(destinations & every), -1)
        else:
            candidates = self.candidates(focus)
        pairs = sum(len(self.kinds) if sources < 0 else sources.bit_count() for sources in candidates.values())
        if pairs <= FEW:
            self.before.look_at_few()
            self.after.look_at_few()
        for destination in sorted(candidates):
            sources = candidates[destination]
            kind = self.kinds[destination]
            before = self.before.lines(destination, sources)
            after = self.after.lines(destination, sources)
            if kind.common:
                yield from self._common(destination, before, after, sources)
            if kind.after == NOWHERE or self.gone:
                reach = -1 if kind.after == NOWHERE else self.gone
                for number, mask in before.items():
                    if number and mask & reach:
                        yield from self._one_sided(mask & reach, destination, number, None)
            if kind.before == NOWHERE or self.new:
                reach = -1 if kind.before == NOWHERE else self.new
                for number, mask in after.items():
                    if number and mask & reach:
                        yield from self._one_sided(mask & reach, destination, None, number)

    def _common(self, destination: int, before: Lines, after: Lines, sources: int) -> Iterator[Changed]:
        if before == after and not self.moving:
            return
        common = self.common & sources
        left, right = _whole(before, common), _whole(after, common)
        values = self.table.values
        here_moves = self.moving >> destination & 1
        for first, mask in left.items():
            for second, other in right.items():
                shared = mask & other
                if not shared:
                    continue
                if values[first].split or values[second].split:
                    apart = shared if first != second or here_moves else shared & self.moving
                    for source in columns_of(apart):
                        yield from self._apart(source, destination, first, second)
                elif first != second:
                    yield Changed(shared, destination, first, second)

    def _apart(self, source: int, destination: int, before: int, after: int) -> Iterator[Changed]:
        """Pods of two kinds, told apart by their nodes."""
        found: dict[tuple[int, int], dict[tuple[Pair, ...], list[Pair]]] = {}
        rights = self._by_nodes(destination)
        for nodes, left in self._by_nodes(source).items():
            for others, right in rights.items():
                numbers = self._at(before, nodes[0], others[0]), self._at(after, nodes[1], others[1])
                if numbers[0] != numbers[1]:
                    found.setdefault(numbers, {}).setdefault(left, []).extend(right)
        for (old, new), groups in found.items():
            for left, members in groups.items():
                yield Changed(1 << source, destination, old, new, left, tuple(members))

    def _one_sided(self, mask: int, destination: int, before: int | None, after: int | None) -> Iterator[Changed]:
        number = before if before is not None else after
        assert number is not None
        behaviour = self.table.values[number]
        if not behaviour.split:
            yield Changed(mask, destination, before, after)
            return
        side = 0 if before is not None else 1
        for source in columns_of(mask):
            found: dict[int, dict[tuple[Pair, ...], list[Pair]]] = {}
            for nodes, left in self._by_nodes(source).items():
                for others, right in self._by_nodes(destination).items():
                    own = self._at(number, nodes[side], others[side])
                    if own:
                        found.setdefault(own, {}).setdefault(left, []).extend(right)
            for own, groups in found.items():
                for left, members in groups.items():
                    old, new = (own, None) if before is not None else (None, own)
                    yield Changed(1 << source, destination, old, new, left, tuple(members))

    def _at(self, number: int, left: str | None, right: str | None) -> int:
        key = (number, left, right)
        found = self._placed.get(key)
        if found is None:
            found = self._placed[key] = self.table.number(self.table.values[number].at(left, right))
        return found

    def _by_nodes(self, kind: int) -> dict[tuple[str | None, str | None], tuple[Pair, ...]]:
        """The pods of a kind by their nodes before and after. A node is on itself; it has no pods."""
        known = self._nodes_of.get(kind)
        if known is None:
            known = self._nodes_of[kind] = self._grouped_by_nodes(kind)
        return known

    def _grouped_by_nodes(self, kind: int) -> dict[tuple[str | None, str | None], tuple[Pair, ...]]:
        one = self.kinds[kind]
        if not one.pairs:
            return {(self._node_name(self.before, one.before), self._node_name(self.after, one.after)): ()}
        before, after = self._pods
        found: dict[tuple[str | None, str | None], list[Pair]] = {}
        for i, j in one.pairs:
            nodes = before[i].node if i >= 0 else None, after[j].node if j >= 0 else None
            found.setdefault(nodes, []).append((i, j))
        return {nodes: tuple(pairs) for nodes, pairs in found.items()}

    @staticmethod
    def _node_name(side: Side, column: int) -> str | None:
        end = side.relation.universe.ends[column] if column >= 0 else None
        return end.name if end is not None and end.sort == "node" else None

    def several(self, kind: int) -> bool:
        """Whether a kind has a flow to itself in every state that has it: it stands for at least two pods there."""
        one = self.kinds[kind]
        return bool(one.pairs) and all(
            sum(pods[index].replicas for index in {pair[side] for pair in one.pairs} if index >= 0) > 1
            for side, pods in enumerate(self._pods)
            if (one.before, one.after)[side] >= 0
        )


def _contents() -> Contents:
    # Only states with a mesh need it.
    from ringfence.verdict.meshed.contents import Contents

    return Contents()


def _whole(lines: Lines, common: int) -> Lines:
    """The lines among common kinds, the sources without any flow as behaviour 0."""
    found = {number: mask & common for number, mask in lines.items() if mask & common}
    rest = common
    for mask in found.values():
        rest &= ~mask
    if rest:
        found[0] = found.get(0, 0) | rest
    return found


def _same_facts(before: Relation, after: Relation) -> bool:
    """Whether the values that open facts may have are the same."""
    return (
        before.profile == after.profile
        and before.cluster.assume_no_labels == after.cluster.assume_no_labels
        and (
            not (_addresses_open(before) or _addresses_open(after))
            or list(before.universe.taken.addresses) == list(after.universe.taken.addresses)
        )
        and before.cells.node_families == after.cells.node_families
    )


def _addresses_open(relation: Relation) -> bool:
    """Whether the address of any pod or node is not known."""
    universe = relation.universe
    return any(not end.addresses for end in universe.ends[: universe.outside])
