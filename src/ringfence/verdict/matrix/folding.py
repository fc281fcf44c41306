"""Cells by number, each distinct one once, and the cell of several kinds of flow together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ringfence.sets.ports import EVERYTHING, Intervals, canonical, intersect, subtract
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.asking import fold as folded_verdict
from ringfence.verdict.connections import MIXED
from ringfence.verdict.matrix.values import FIRST_CELLS, Cell, Line, Lines

if TYPE_CHECKING:
    from ringfence.verdict.meshed.apart import Together, Told


def fold(parts: Collection[Lines], together: Together | None = None) -> Lines:
    """Port by port the rule of the house: allowed or denied only if every part is; unknown if no two known ones differ
    and one is unknown; else mixed."""
    if len(set(parts)) == 1:
        return next(iter(parts))
    if together is not None and any(line.told is not None for lines in parts for line in lines):
        return _fold_told(list(parts), together)
    allowed: Intervals = EVERYTHING
    some_allowed: Intervals = ()
    some_denied: Intervals = ()
    mixed: Intervals = ()
    doubtful: list[Line] = []
    for lines in parts:
        by_verdict: dict[Verdict, Intervals] = {}
        for line in lines:
            by_verdict[line.verdict] = canonical((*by_verdict.get(line.verdict, ()), *line.ports))
            if line.verdict is Verdict.UNKNOWN:
                doubtful.append(line)
        own = by_verdict.get(Verdict.ALLOWED, ())
        allowed = intersect(allowed, own)
        some_allowed = canonical((*some_allowed, *own))
        named = canonical(interval for intervals in by_verdict.values() for interval in intervals)
        some_denied = canonical((*some_denied, *subtract(EVERYTHING, named)))
        mixed = canonical((*mixed, *by_verdict.get(Verdict.MIXED, ())))
    mixed = canonical((*mixed, *intersect(some_allowed, some_denied)))
    found: list[Line] = []
    if allowed:
        found.append(Line(allowed, Verdict.ALLOWED))
    if mixed:
        found.append(Line(mixed, Verdict.MIXED, MIXED))
    by_reason: dict[Reason | None, Intervals] = {}
    taken = mixed
    for line in doubtful:
        ports = subtract(line.ports, taken)
        if ports:
            taken = canonical((*taken, *ports))
            by_reason[line.reason] = canonical((*by_reason.get(line.reason, ()), *ports))
    found.extend(Line(ports, Verdict.UNKNOWN, reason) for reason, ports in by_reason.items())
    return tuple(found)


def _fold_told(parts: list[Lines], together: Together) -> Lines:
    """The same where the lines tell of layers."""
    pieces: list[tuple[Intervals, tuple[Line, ...]]] = [(EVERYTHING, ())]
    for lines in parts:
        named = canonical(interval for line in lines for interval in line.ports)
        rest = subtract(EVERYTHING, named)
        whole = [*lines, Line(rest, Verdict.DENIED)] if rest else lines
        pieces = [
            (shared, (*before, line))
            for ports, before in pieces
            for line in whole
            if (shared := intersect(ports, line.ports))
        ]
    found: dict[tuple[Verdict, Reason | None, Told | None], Intervals] = {}
    for ports, own in pieces:
        verdict = folded_verdict(line.verdict for line in own)
        reason = next((line.reason for line in own if line.verdict is verdict), MIXED)
        tolds = [line.told for line in own if line.told is not None]
        key = (verdict, reason, together.of(tolds) if tolds else None)
        found[key] = canonical((*found.get(key, ()), *ports))
    return tuple(Line(ports, *key) for key, ports in found.items())


Nested = tuple[int, ...] | tuple[tuple[int, ...], ...]
"""Numbers of cells, or tuples of them."""


class CellTable:
    """Numbers cells."""

    def __init__(self, together: Together | None = None) -> None:
        self._together = together
        self.cells: list[Cell] = list(FIRST_CELLS)
        self._numbers: dict[Cell, int] = {cell: number for number, cell in enumerate(self.cells)}
        self._folded: dict[frozenset[int], int] = {}
        self._by_tuple: dict[Nested, int] = {}

    def number(self, cell: Cell) -> int:
        """The number of a cell."""
        found = self._numbers.get(cell)
        if found is None:
            found = self._numbers[cell] = len(self.cells)
            self.cells.append(cell)
        return found

    def folded_tuple(self, numbers: Nested) -> int:
        """Like ``folded``, for millions of calls of which few differ."""
        found = self._by_tuple.get(numbers)
        if found is None:
            flat = {one for item in numbers for one in (item if isinstance(item, tuple) else (item,))}
            found = self._by_tuple[numbers] = self.folded(flat)
        return found

    def folded(self, numbers: Iterable[int]) -> int:
        """The cell of all flows that some cells hold."""
        key = frozenset(numbers)
        if len(key) == 1:
            return next(iter(key))
        found = self._folded.get(key)
        if found is None:
            parts: dict[Lines, None] = {}
            for number in sorted(key):
                cell = self.cells[number]
                parts.update(dict.fromkeys([lines for _, lines in cell.apart] or [cell.lines]))
            found = self._folded[key] = self.number(Cell(fold(tuple(parts), self._together)))
        return found
