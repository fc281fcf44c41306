"""The matrix of one relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING

from ringfence.layers.network.cells import FAMILY_KINDS, Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.model.policy import Direction
from ringfence.sets.ports import PortTable
from ringfence.verdict.answers import NODE_PORT, Verdict
from ringfence.verdict.connections import Lister
from ringfence.verdict.ends import EndError
from ringfence.verdict.grid import Result
from ringfence.verdict.matrix.folding import CellTable, fold
from ringfence.verdict.matrix.planes import Spreading, of_values, picked
from ringfence.verdict.matrix.sides import Sides
from ringfence.verdict.matrix.units import NamedEnd, NodeSet, Units
from ringfence.verdict.matrix.values import (
    FIRST_CELLS,
    ITSELF,
    NO_FAMILY,
    NO_FLOW,
    Cell,
    Line,
    Lines,
    Matrix,
    MatrixEnd,
    Numbers,
    Part,
)
from ringfence.verdict.places import Place, answers

if TYPE_CHECKING:
    from ringfence.verdict.meshed.apart import Together
    from ringfence.verdict.meshed.layered_grid import LayeredGrid
    from ringfence.verdict.meshed.listing import LayeredLister

ALL, NONE = PortTable.ALL, PortTable.NONE
NO_FLOW_NUMBER = FIRST_CELLS.index(NO_FLOW)

LARGEST = 8000
"""Units of one matrix: 64 million cells."""


def matrix_of(lister: Lister, by_pod: bool = False, partial: bool = False) -> Matrix:
    """The matrix of workloads (or pods), nodes and addresses. Raises EndError where they are too many for one."""
    return _Making(lister, by_pod).made(partial)


class _Making:
    def __init__(self, lister: Lister, by_pod: bool) -> None:
        self.lister = lister
        self.relation = lister.relation
        self.universe = lister.universe
        self.grid = lister.grid
        self.layered: LayeredLister | None = None
        self.layered_grid: LayeredGrid | None = None
        self.together: Together | None = None
        if lister.layered:
            self._take_layers()
        self.table = CellTable(self.together)
        self.units = Units(self.universe, lister.asker.directory, by_pod)
        self.columns = self.units.column_of
        self.base = len(self.columns)
        self._several: dict[tuple[int, ...], int] = {}
        for end in self.units.ends:
            if len(end.groups) > 1:
                self._several.setdefault(_units_of(end), self.base + len(self._several))
        self._picks = [itemgetter(*parts) for parts in self._several]
        size = self.base + len(self._several)
        if size > LARGEST:
            raise EndError(
                f"{size} ends that differ are too many for one page (at most {LARGEST})",
                "ask for workloads instead of pods, or print the list: map -o json",
            )
        self._plain = self.columns == list(range(len(self.universe.ends)))
        self._spreading = Spreading(len(self.universe.ends))
        self._cut = self.units.cut
        self._found: dict[object, int] = {}

    def _take_layers(self) -> None:
        from ringfence.verdict.meshed.apart import Together
        from ringfence.verdict.meshed.layered_grid import LayeredGrid
        from ringfence.verdict.meshed.listing import LayeredLister

        assert isinstance(self.lister, LayeredLister)
        assert isinstance(self.grid, LayeredGrid)
        self.layered, self.layered_grid, self.together = self.lister, self.grid, Together()

    def made(self, partial: bool) -> Matrix:
        rows: list[Numbers] = []
        numbers: dict[tuple[bytes, ...], int] = {}

        def kept(row: Numbers) -> int:
            number = numbers.setdefault(row.planes, len(rows))
            if number == len(rows):
                rows.append(row)
            return number

        base_rows: list[Numbers] = [Numbers(())] * self.base
        row_of = [0] * self.base
        for column in range(len(self.universe.ends)):
            for unit, row in self._towards(column):
                base_rows[unit] = row
        wide: dict[tuple[bytes, ...], int] = {}
        for unit, row in enumerate(base_rows):
            found = wide.get(row.planes)
            if found is None:
                found = wide[row.planes] = kept(self._widened(row))
            row_of[unit] = found
        row_of += [kept(self._towards_several(parts, base_rows)) for parts in self._several]
        sides = Sides(self.relation, self.lister.asker.judge, self._spread)
        none = [-1] * len(self._several)
        egress = [sides.row(column, Direction.EGRESS) for column in self.columns] + none
        ingress = [sides.row(column, Direction.INGRESS) for column in self.columns] + none
        ends = tuple(self._end(end, base_rows) for end in self.units.ends)
        return Matrix(
            ends,
            self.base,
            self.base + len(self._several),
            tuple(self.table.cells),
            tuple(rows),
            tuple(row_of),
            tuple(sides.sides),
            tuple(sides.rows),
            tuple(egress),
            tuple(ingress),
            partial,
            self.grid.layers,
            self._identities(),
            self._waypoints(),
        )

    def _identities(self) -> tuple[str | None, ...]:
        if self.layered is None:
            return ()
        pods, members = self.universe.cluster.pods, self.universe.members
        found: list[str | None] = []
        for column in self.columns:
            known = None
            if column < self.universe.pods:
                known = self.layered.mesh.identity(pods[members[column][0]])
            found.append(None if known is None else known.text)
        return tuple(found)

    def _waypoints(self) -> dict[tuple[int, ...], tuple[int, ...]]:
        stories = {
            story
            for cell in self.table.cells
            for lines in (cell.lines, *(own for _, own in cell.apart))
            for line in lines
            if line.told is not None
            for story in line.told.stories
            if story.waypoint
        }
        return {story.waypoint: self._units_of_pods(story.waypoint) for story in stories}

    def _units_of_pods(self, pods: Iterable[int]) -> tuple[int, ...]:
        found = set()
        for pod in pods:
            node = self.universe.cluster.pods[pod].node
            own = self.units.of_column[self.universe.class_of_pod[pod]]
            found.add(next((unit for unit in own if node in self.units.nodes_of[unit]), own[0]))
        return tuple(sorted(found))

    def _spread(self, row: Numbers) -> Numbers:
        return row if self._plain else picked(row, self.columns)

    def _towards(self, column: int) -> Iterator[tuple[int, Numbers]]:
        """(unit, its row) for each unit of a class."""
        others = self.grid.others
        parts: list[tuple[int, int]] = []
        apart: list[tuple[int, Result]] = []
        if column >= self.universe.pods:
            parts.append((others, NO_FLOW_NUMBER))
        for mask, result in self.grid.column(column):
            if column >= self.universe.pods:
                mask &= self.grid.pods
            if not mask:
                continue
            if not result.split:
                parts.extend(self._whole(mask, result, column))
            elif (mask | 1 << column) & self._cut:
                apart.append((mask, result))
            else:
                source = (mask & -mask).bit_length() - 1
                nodes = self.grid.places.nodes(source), self.grid.places.nodes(column)
                parts.append((mask, self._by_place(source, column, result, *nodes)))
        row = self._spread(self._spreading.row(parts, self._but_for_node_ports(column, NO_FAMILY)))
        units = self.units
        for unit in units.of_column[column]:
            if not apart:
                yield unit, row
                continue
            values = [row[index] for index in range(self.base)]
            for mask, result in apart:
                for source in columns_of(mask):
                    for other in units.of_column[source]:
                        values[other] = self._by_place(
                            source, column, result, units.nodes_of[other], units.nodes_of[unit]
                        )
            yield unit, of_values(values)

    def _whole(self, mask: int, result: Result, column: int) -> Iterator[tuple[int, int]]:
        pieces: Iterable[int] = (mask,)
        if result.opaque:
            # Which objects the reason names hangs on the source's namespace too.
            spans = self.universe.namespaces.values()
            inside = [mask & (((1 << (stop - start)) - 1) << start) for start, stop in spans]
            pieces = [piece for piece in (*inside, mask & self.grid.others) if piece]
        for piece in pieces:
            yield piece, self.table.number(Cell(self._lines(piece, result, column)))

    def _lines(self, mask: int, result: Result, column: int) -> Lines:
        intervals = self.relation.ports.intervals
        if self.layered is not None:
            told = self.layered.told_lines(mask, result, column)
            return tuple(Line(intervals(ports), verdict, reason, one) for ports, verdict, reason, one in told)
        found = self.lister.lines(mask, result, column)
        return tuple(Line(intervals(ports), verdict, reason) for ports, verdict, reason, _ in found)

    def _by_place(self, source: int, column: int, result: Result, left: NodeSet, right: NodeSet) -> int:
        """A cell whose pods share a node in some pairs and not in others."""
        relation = self.relation
        linked = "node" in relation.cells.needs(*result.programs)
        places = answers(left, right, linked) or (None,)
        first, second = self.universe.ends[source], self.universe.ends[column]
        families, known = relation.families(first, second)
        same = first.sort == second.sort == "pod" and first.namespace == second.namespace
        host = second.sort == "node" or second.host_network
        homes = (first.namespace, second.namespace)
        # What a mesh says hangs on the pair.
        pair = None if self.layered is None else (source, column)
        key = (result.programs, families, known, same, host, places, homes, pair)
        found = self._found.get(key)
        if found is None:
            each = [
                (self._words(place), self._at(source, column, result.programs, families, known, same, place))
                for place in places
            ]
            lines = fold([one for _, one in each], self.together)
            differing = tuple(each) if len({one for _, one in each}) > 1 else ()
            found = self._found[key] = self.table.number(Cell(lines, differing))
        return found

    def _at(
        self,
        source: int,
        column: int,
        programs: tuple[int, int],
        families: tuple[int, ...],
        known: bool,
        same: bool,
        place: Place,
    ) -> Lines:
        relation, ports = self.relation, self.relation.ports
        needs = relation.cells.needs(*programs)
        groups = [(number,) for number in families] if known and needs & FAMILY_KINDS else [families]
        end = self.universe.ends[column]
        handed_on = self.grid.handed_on if end.sort == "node" or end.host_network else NONE
        found: list[Lines] = []
        for group in groups:
            meeting = Meeting(group, same, place)
            cell = relation.cells.cell(*programs, meeting)
            sure = ports.difference(cell.sure, handed_on)
            unknown = ports.difference(ports.union(cell.possible, handed_on), sure)
            result = Result(sure, unknown, NONE, programs, meeting if cell.exact else None)
            if self.layered_grid is not None:
                result = self.layered_grid.of_pair(source, column, result)
            found.append(self._lines(1 << source, result, column))
        return fold(found, self.together)

    @staticmethod
    def _words(place: Place) -> str:
        if place is None:
            return "where it is not known whether they share a node"
        if isinstance(place, str):
            return f"where one is on node {place}, and the node of the other is not known"
        return "on one node" if place else "on different nodes"

    def _widened(self, row: Numbers) -> Numbers:
        """With the cells from workloads whose replicas differ."""
        if not self._several:
            return row
        values = row.values()
        folded = self.table.folded_tuple
        more = of_values([folded(pick(values)) for pick in self._picks])
        count = max(len(row.planes), len(more.planes))
        return Numbers(
            tuple(
                (row.planes[index] if index < len(row.planes) else bytes(self.base))
                + (more.planes[index] if index < len(more.planes) else bytes(len(self._several)))
                for index in range(count)
            )
        )

    def _towards_several(self, parts: tuple[int, ...], base_rows: list[Numbers]) -> Numbers:
        rows = list({base_rows[unit].planes: base_rows[unit] for unit in parts}.values())
        folded = self.table.folded_tuple
        each = list(zip(*(row.values() for row in rows), strict=True))
        values = [folded(numbers) for numbers in each]
        values += [folded(pick(each)) for pick in self._picks]
        return of_values(values)

    def _end(self, end: NamedEnd, base_rows: list[Numbers]) -> MatrixEnd:
        pods = self.universe.cluster.pods
        units = _units_of(end)
        count = sum(self.units.pods_in(indexes) for _, indexes in end.groups)
        if end.sort != "pod":
            space = self.universe.ends[self.columns[units[0]]].space if end.sort == "outside" else ()
            return MatrixEnd(end.name, "", end.sort, end.kind, 0, units[0], NO_FLOW_NUMBER, space=space)
        if count == 1:
            itself = self._but_for_node_ports(self.columns[units[0]], ITSELF)
        else:
            pairs = {
                base_rows[second][first]
                for first, indexes in end.groups
                for second, _ in end.groups
                if first != second or self.units.pods_in(indexes) > 1
            }
            itself = self.table.folded(pairs)
        if len(end.groups) == 1:
            return MatrixEnd(end.name, end.namespace, "pod", end.kind, count, units[0], itself)
        parts = tuple(
            Part(unit, tuple(pods[index].name for index in indexes), self.units.pods_in(indexes))
            for unit, indexes in end.groups
        )
        return MatrixEnd(end.name, end.namespace, "pod", end.kind, count, self._several[units], itself, parts)

    def _but_for_node_ports(self, column: int, closed: Cell) -> int:
        """A cell in which only what a node hands on to Services is open."""
        end = self.universe.ends[column]
        if self.grid.handed_on != NONE and (end.sort == "node" or end.host_network):
            ports = self.relation.ports.intervals(self.grid.handed_on)
            closed = Cell((Line(ports, Verdict.UNKNOWN, NODE_PORT),), closed=closed.closed)
        return self.table.number(closed)


def _units_of(end: NamedEnd) -> tuple[int, ...]:
    return tuple(unit for unit, _ in end.groups)
