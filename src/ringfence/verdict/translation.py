"""Sets of columns of one relation as sets of kinds of a common refinement."""

from __future__ import annotations

from collections.abc import Sequence

from ringfence.layers.network.columns import columns_of

RUNS = 24
"""Up to so many runs of neighbours are shifted; more are looked up bit by bit."""
SPARSE = 256
"""Bits that are looked up one by one; a mask that is further from every known one is translated whole."""
REMEMBERED = 12
"""Masks that others are compared with."""


class Translation:
    """Translates masks of columns. Every column may be several kinds, or none: the translation of a union of disjoint
    sets is the union of theirs, and so that of a difference is their exclusive or."""

    def __init__(self, columns: Sequence[int]) -> None:
        """``columns``: for each kind the column, or -1."""
        self._runs = _runs(columns)
        self.identity = self._runs == [(0, 0, len(columns))]
        self._size = len(columns)
        self._columns = columns
        self._images: dict[int, int] | None = None
        self._bases: list[tuple[int, int]] = [(0, 0)]
        self._memo: dict[int, int] = {}

    def __call__(self, mask: int) -> int:
        """The kinds of these columns."""
        if self.identity:
            return mask & ((1 << self._size) - 1)
        found = self._memo.get(mask)
        if found is None:
            found = self._memo[mask] = self._shifted(mask) if len(self._runs) <= RUNS else self._looked_up(mask)
        return found

    def _shifted(self, mask: int) -> int:
        result = 0
        for start, at, length in self._runs:
            piece = mask >> start & ((1 << length) - 1)
            if piece:
                result |= piece << at
        return result

    def _looked_up(self, mask: int) -> int:
        if self._images is None:
            self._images = {}
            for number, column in enumerate(self._columns):
                if column >= 0:
                    self._images[column] = self._images.get(column, 0) | 1 << number
        nearest = min(range(len(self._bases)), key=lambda number: (self._bases[number][0] ^ mask).bit_count())
        base, translated = self._bases[nearest]
        change = base ^ mask
        if change.bit_count() <= SPARSE:
            for column in columns_of(change):
                translated ^= self._images.get(column, 0)
            return translated
        translated = self._whole(mask)
        if len(self._bases) > REMEMBERED:
            del self._bases[1]
        self._bases.append((mask, translated))
        return translated

    def _whole(self, mask: int) -> int:
        bits = f"{mask:b}"[::-1]
        length = len(bits)
        text = "".join(bits[column] if 0 <= column < length else "0" for column in reversed(self._columns))
        return int(text, 2)


def _runs(columns: Sequence[int]) -> list[tuple[int, int, int]]:
    """(first column, first kind, length) of neighbours that stay neighbours; stops past RUNS."""
    runs: list[tuple[int, int, int]] = []
    start, at, length = -1, 0, 0
    for number, column in enumerate(columns):
        if length and column == start + length:
            length += 1
            continue
        if length:
            runs.append((start, at, length))
            if len(runs) > RUNS:
                return runs
        start, at, length = column, number, 1 if column >= 0 else 0
    if length:
        runs.append((start, at, length))
    return runs
