"""Who decides, one direction at a time.

What decides egress hangs on the source's policies and on which of their rules match the destination; not on what the
destination's own policies say. So each direction is judged once for each set of matching rules of a subject, and two
sides explain a cell: also a denied one, where one side closes or both do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from ringfence.layers.network.cells import FAMILY_KINDS, Cell, Meeting
from ringfence.layers.network.policies import rule_masks
from ringfence.layers.network.relation import Relation, own_families
from ringfence.layers.network.row import Row
from ringfence.layers.network.rows import SubjectKey
from ringfence.model.policy import Direction
from ringfence.sets.ports import EVERYTHING, Intervals, canonical
from ringfence.verdict.answers import Decision, Verdict
from ringfence.verdict.asking import fold
from ringfence.verdict.judging import Judge
from ringfence.verdict.matrix.planes import Spreading
from ringfence.verdict.matrix.values import Numbers, Segment, Side, SideRow

OPEN_SIDE = Side((Segment(EVERYTHING, Verdict.ALLOWED),))
"""No policy governs the direction."""


class Sides:
    """Judges the rows of a relation. ``spread`` turns a row of classes into one of units."""

    def __init__(self, relation: Relation, judge: Judge, spread: Callable[[Numbers], Numbers]) -> None:
        self.relation = relation
        self.judge = judge
        self.sides: list[Side] = [OPEN_SIDE]
        self.rows: list[SideRow] = []
        self._spread = spread
        self._spreading = Spreading(len(relation.universe.ends))
        self._numbers: dict[Side, int] = {OPEN_SIDE: 0}
        self._row_of: dict[object, int] = {}
        self._kept: list[Row] = []
        self._families: list[int] | None = None
        self._meetings: dict[tuple[tuple[int, ...], bool], Meeting] = {}

    def row(self, column: int, direction: Direction) -> int:
        """The number of the row of a class; -1 for ends that policies of pods do not govern."""
        if column >= self.relation.universe.pods:
            return -1
        row = self.relation.row(column, direction)
        key: object = id(row)
        if self._needs(row):
            # What the facts are that a program hangs on, hangs on the subject too.
            end = self.relation.end_class(column)
            key = (id(row), own_families(end), bool(end.families), end.namespace)
        found = self._row_of.get(key)
        if found is None:
            found = self._row_of[key] = len(self.rows)
            self._kept.append(row)
            self.rows.append(self._made(row, column))
        return found

    def _needs(self, row: Row) -> frozenset[str]:
        """The kinds of facts that some program of a row hangs on."""
        found: frozenset[str] = frozenset()
        for _, program in row.parts:
            if self.relation.programs.plain(program) is None:
                found |= self.relation.cells.needs(program, 0)
        return found

    def _alike(self, columns: int, subject: int, program: int) -> Iterator[int]:
        """The columns in groups of which each meets the subject in one way."""
        relation = self.relation
        if relation.programs.plain(program) is not None:
            yield columns
            return
        universe = relation.universe
        start, stop = universe.namespaces[relation.end_class(subject).namespace or ""]
        home = ((1 << (stop - start)) - 1) << start
        for mask in self._by_families():
            for piece in (columns & mask & home, columns & mask & ~home):
                if piece:
                    yield piece

    def _by_families(self) -> Iterable[int]:
        if self._families is None:
            groups: dict[object, int] = {}
            for column, end in enumerate(self.relation.universe.ends):
                key = (own_families(end), bool(end.families))
                groups[key] = groups.get(key, 0) | 1 << column
            self._families = list(groups.values())
        return self._families

    def _made(self, row: Row, column: int) -> SideRow:
        masks: dict[int, int] = {}
        key = row.key
        if not (key.admin or key.network_policy or key.baseline):
            masks[0] = self.relation.universe.everything
        else:
            entries = self._entries(key, column)
            for matching, mask in partition(self.relation.universe.everything, [entry[0] for entry in entries]):
                ports = [entries[index][1] for index in matching]
                for columns, program in row.parts:
                    for shared in self._alike(mask & columns, column, program) if mask & columns else ():
                        peer = (shared & -shared).bit_length() - 1
                        number = self._side(column, peer, key.direction, program, ports)
                        masks[number] = masks.get(number, 0) | shared
        ordered = sorted(masks.items(), key=lambda item: (-item[1].bit_count(), item[0]))
        numbers = self._spreading.row((mask, local) for local, (_, mask) in enumerate(ordered))
        return SideRow(tuple(number for number, _ in ordered), self._spread(numbers))

    def _entries(self, key: SubjectKey, column: int) -> list[tuple[int, int]]:
        """(columns, ports) of every rule that might have a say."""
        relation = self.relation
        end = relation.end_class(column)
        found: list[tuple[int, int]] = []
        for index, _ in (*key.admin, *key.network_policy, *key.baseline):
            compiled = relation.policies[index]
            if key.direction in compiled.policy.broken:
                continue
            for rule in compiled.rules(key.direction):
                for _, mask, ports in rule_masks(rule, end, relation.conditions, relation.ports, compiled.admin):
                    found.append((mask, ports))
        return found

    def _side(self, subject: int, peer: int, direction: Direction, program: int, ports: Iterable[int]) -> int:
        relation = self.relation
        first, second = relation.end_class(subject), relation.end_class(peer)
        same = first.sort == second.sort == "pod" and first.namespace == second.namespace
        families, known = relation.families(first, second)
        pair = (program, 0) if direction is Direction.EGRESS else (0, program)
        apart = known and relation.cells.needs(*pair) & FAMILY_KINDS
        meetings = [
            self._meetings.setdefault((own, same), Meeting(own, same, False))
            for own in ([(number,) for number in families] if apart else [families or (4,)])
        ]
        bounds = [relation.cells.cell(*pair, meeting) for meeting in meetings]
        table = relation.ports
        cuts = {*ports, *(number for cell in bounds for number in (cell.sure, cell.possible))}
        cuts.update(number for _, number in relation.rows.unseen)
        segments: dict[tuple[Verdict, tuple[Decision, ...], bool, str], list[tuple[int, int]]] = {}
        for atom in atoms(map(table.intervals, cuts)):
            port = atom[0][0]
            outcome = fold(self._outcome(cell, port) for cell in bounds)
            judgements = [self.judge.direction(subject, peer, direction, meeting, port) for meeting in meetings]
            decided: dict[Decision, None] = {}
            for judgement in judgements:
                if outcome in (Verdict.ALLOWED, Verdict.DENIED):
                    decided.update(dict.fromkeys(judgement.decisions(outcome is Verdict.ALLOWED)))
                else:
                    decided.update(dict.fromkeys(judgement.everyone()))
            passed = outcome is Verdict.ALLOWED and all(judgement.only_passes for judgement in judgements)
            key = (outcome, tuple(decided), passed, next((one.unseen for one in judgements if one.unseen), ""))
            segments.setdefault(key, []).extend(atom)
        side = Side(
            tuple(Segment(canonical(intervals), *what) for what, intervals in segments.items()),
            self._own_node(program),
        )
        found = self._numbers.get(side)
        if found is None:
            found = self._numbers[side] = len(self.sides)
            self.sides.append(side)
        return found

    def _outcome(self, cell: Cell, port: int) -> Verdict:
        if self.relation.ports.contains(cell.sure, port):
            return Verdict.ALLOWED
        return Verdict.UNKNOWN if self.relation.ports.contains(cell.possible, port) else Verdict.DENIED

    def _own_node(self, number: int) -> bool | None:
        program = self.relation.programs.programs[number]
        conditions = (*program.exempt, *program.unfiltered)
        if not conditions:
            return False
        return True if any(len(condition) == 1 for condition in conditions) else None


def partition(everything: int, masks: list[int]) -> list[tuple[tuple[int, ...], int]]:
    """Which masks hold which columns: (indexes of the masks, columns), disjoint, together all columns."""
    parts: list[tuple[tuple[int, ...], int]] = [((), everything)]
    for index, mask in enumerate(masks):
        split: list[tuple[tuple[int, ...], int]] = []
        for matching, columns in parts:
            hit = columns & mask
            if hit:
                split.append(((*matching, index), hit))
            if columns ^ hit:
                split.append((matching, columns ^ hit))
        parts = split
    return parts


def atoms(sets: Iterable[Intervals]) -> list[Intervals]:
    """Sets of ports, together all, of which each given one holds all or none."""
    given = list(sets)
    cuts: set[int] = set()
    for intervals in (EVERYTHING, *given):
        for first, last in intervals:
            cuts.update((first, last + 1))
    pieces: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    ordered = sorted(cuts)
    for first, after in pairwise(ordered):
        if _holds(EVERYTHING, first):
            key = tuple(_holds(intervals, first) for intervals in given)
            pieces.setdefault(key, []).append((first, after - 1))
    return [canonical(intervals) for intervals in pieces.values()]


def _holds(intervals: Intervals, key: int) -> bool:
    return any(first <= key <= last for first, last in intervals)
