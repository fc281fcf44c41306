"""Byte planes from column masks: a row of small numbers is made of a few wide integers, not one number at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from ringfence.verdict.matrix.values import Numbers

_TABLES = [bytes([value if position == 49 else 0 for position in range(256)]) for value in range(256)]
"""Turns the digits of a mask into a value (1) or nothing (0)."""


class Spreading:
    """Makes rows of ``size`` numbers. The digits of a mask are kept, as most masks come again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._digits: dict[int, bytes] = {}

    def digits(self, mask: int) -> bytes:
        """One character a column, the first column last."""
        found = self._digits.get(mask)
        if found is None:
            found = self._digits[mask] = format(mask, f"0{self.size}b").encode()
        return found

    def row(self, parts: Iterable[tuple[int, int]], rest: int = 0) -> Numbers:
        """The row of (mask, number), disjoint; columns in no mask have the number ``rest``."""
        pairs = list(parts)
        if rest:
            left = (1 << self.size) - 1
            for mask, _ in pairs:
                left &= ~mask
            if left:
                pairs.append((left, rest))
        count = max((number.bit_length() + 7) // 8 for _, number in pairs) if pairs else 1
        planes = []
        for plane in range(max(1, count)):
            total = 0
            for mask, number in pairs:
                value = number >> 8 * plane & 255
                if value:
                    total |= int.from_bytes(self.digits(mask).translate(_TABLES[value]), "big")
            planes.append(total.to_bytes(self.size, "little"))
        return Numbers(tuple(planes))


def picked(numbers: Numbers, indexes: Sequence[int]) -> Numbers:
    """The numbers at some indexes, in their order."""
    if len(indexes) == 1:
        return Numbers(tuple(bytes((plane[indexes[0]],)) for plane in numbers.planes))
    pick = itemgetter(*indexes)
    return Numbers(tuple(bytes(pick(plane)) for plane in numbers.planes))


def of_values(values: Sequence[int]) -> Numbers:
    """A row of given numbers."""
    count = max(1, (max(values, default=0).bit_length() + 7) // 8)
    return Numbers(tuple(bytes(value >> 8 * plane & 255 for value in values) for plane in range(count)))
