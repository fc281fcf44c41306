"""One row of the relation: for one subject and direction, which program each column runs.

Policies that reach far (an admin policy, a rule for all namespaces) cut the columns in ways that many subjects share;
most rules reach a few columns in one namespace. So a row is a *base*, a partition of all columns that subjects share,
and *overrides*: a few columns, as spans, that run another program than their base says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from ringfence.layers.network.facts import Condition
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.layers.network.rows import SubjectKey

T = TypeVar("T")

Own = tuple[Condition, ...]
"""Conditions under which columns are the subject's own node."""


class Piece(Value, eq=False):
    """Columns that every tier treats alike: the states of the tiers by number, and the program of them all."""

    columns: int
    admin: int
    union: int
    baseline: int
    own: Own
    program: int


def cut(texts: list[tuple[bytes, T]], start: int, width: int) -> list[tuple[int, T]]:
    """Of disjoint masks, as little-endian bytes, the bits of one block; those without any are left out. Cutting a few
    bits out of bytes costs the same wherever they lie; shifting a wide mask does not."""
    first, last, low, left = start >> 3, (start + width + 7) >> 3, start & 7, (1 << width) - 1
    found: list[tuple[int, T]] = []
    for text, what in texts:
        bits = int.from_bytes(text[first:last], "little") >> low & left
        if bits:
            found.append((bits, what))
            left ^= bits
            if not left:
                break
    return found


def at_column(texts: list[tuple[bytes, T]], column: int) -> T | None:
    """The one of disjoint masks, as little-endian bytes, that has a column."""
    byte, bit = column >> 3, 1 << (column & 7)
    for text, what in texts:
        if text[byte] & bit:
            return what
    return None


class Base:
    """A partition of all columns. ``parts``: (columns, program), most columns first; ``pieces`` may cut finer."""

    __slots__ = ("_blocks", "_local", "_programs", "_texts", "parts", "pieces", "shared")

    def __init__(self, pieces: tuple[Piece, ...], blocks: Mapping[int, int], shared: tuple[int, ...] = ()) -> None:
        """``blocks``: first column → how many columns; ``shared``: masks that must live as long as this."""
        self.pieces = pieces
        self.shared = shared
        self._blocks = blocks
        self._local: dict[int, tuple[tuple[int, Piece], ...]] = {}
        self._texts: list[tuple[bytes, Piece]] = []
        self._programs: list[tuple[bytes, int]] = []
        found: dict[int, int] = {}
        for piece in pieces:
            found[piece.program] = found.get(piece.program, 0) | piece.columns
        parts = [(mask, program) for program, mask in found.items()]
        self.parts = tuple(sorted(parts, key=lambda part: -part[0].bit_count()) if len(parts) > 1 else parts)

    def at(self, start: int) -> tuple[tuple[int, Piece], ...]:
        """The pieces within one block, each with its columns there, as bits from the first one."""
        found = self._local.get(start)
        if found is None:
            width = self._blocks[start]
            cuts = cut(self._as_texts(), start, width) if len(self.pieces) > 1 else [((1 << width) - 1, self.pieces[0])]
            found = self._local[start] = tuple(cuts)
        return found

    def holding(self, start: int, bits: int) -> tuple[tuple[int, Piece], ...]:
        """Those of one block that have some of these columns, and perhaps others."""
        if bits & (bits - 1) or start in self._local:
            return self.at(start)
        return ((bits, self.piece(start + bits.bit_length() - 1)),)

    def piece(self, column: int) -> Piece:
        """The piece of one column."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        found = at_column(self._as_texts(), column)
        assert found is not None
        return found

    def program(self, column: int) -> int:
        """The program of one column."""
        if len(self.parts) == 1:
            return self.parts[0][1]
        if not self._programs:
            self._programs = [(mask.to_bytes(self._size(), "little"), program) for mask, program in self.parts]
        found = at_column(self._programs, column)
        assert found is not None
        return found

    def _as_texts(self) -> list[tuple[bytes, Piece]]:
        if not self._texts:
            self._texts = [(piece.columns.to_bytes(self._size(), "little"), piece) for piece in self.pieces]
        return self._texts

    def _size(self) -> int:
        return (sum(self._blocks.values()) >> 3) + 1


class Row(Value, eq=False):
    """``overrides``: (first column of a block, bits from there, program, program of the base), disjoint."""

    key: SubjectKey
    base: Base
    overrides: tuple[tuple[int, int, int, int], ...]

    def program(self, column: int) -> int:
        """The program of one column."""
        for start, bits, program, _ in self.overrides:
            if column >= start and bits >> (column - start) & 1:
                return program
        return self.base.program(column)

    def program_in(self, start: int, column: int) -> int:
        """The same, for a column of which the block is known."""
        offset = column - start
        for block, bits, program, _ in self.overrides:
            if block == start and bits >> offset & 1:
                return program
        return self.base.program(column)

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """(columns, program), disjoint, together all columns."""
        if not self.overrides:
            return self.base.parts
        found = {program: mask for mask, program in self.base.parts}
        for start, bits, program, usual in self.overrides:
            mask = bits << start
            found[usual] ^= mask
            found[program] = found.get(program, 0) | mask
        return tuple((mask, program) for program, mask in found.items() if mask)
