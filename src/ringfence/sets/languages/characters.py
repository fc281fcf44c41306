"""Sets of characters as sorted, disjoint ranges of code points, and the sets that regular expressions name.

Source: RE2's syntax page and its treatment of ``(?i)``: simple case folding of Unicode, so that ``k`` is also the
Kelvin sign. General categories are those of the Unicode version of this Python; within ASCII they never change.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
AFTER_CASED = 0x20000
"""Characters that differ in case are in the first two planes."""

EVERY: Ranges = ((0, LAST),)
NOT_NEWLINE: Ranges = ((0, 9), (11, LAST))

DIGIT: Ranges = ((0x30, 0x39),)
SPACE: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
"""What ``\\s`` is in RE2: no vertical tab."""

UPPER: Ranges = ((0x41, 0x5A),)
LOWER: Ranges = ((0x61, 0x7A),)
ALPHABETIC: Ranges = UPPER + LOWER
WORD_CHARACTER: Ranges = (*DIGIT, *UPPER, (0x5F, 0x5F), *LOWER)

PERL: dict[str, Ranges] = {"d": DIGIT, "s": SPACE, "w": WORD_CHARACTER}

POSIX: dict[str, Ranges] = {
    "alnum": DIGIT + ALPHABETIC,
    "alpha": ALPHABETIC,
    "ascii": ((0, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": UPPER,
    "word": WORD_CHARACTER,
    "xdigit": (*DIGIT, (0x41, 0x46), (0x61, 0x66)),
}

_PARTS = {"C": "cfos", "L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}

CATEGORIES = frozenset((*_PARTS, *(major + minor for major, minors in _PARTS.items() for minor in minors)))
"""The general categories that RE2 knows. ``C`` has no unassigned code points there."""


def union(parts: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, merged."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every other code point."""
    found: list[tuple[int, int]] = []
    next_one = 0
    for first, last in ranges:
        if first > next_one:
            found.append((next_one, first - 1))
        next_one = last + 1
    if next_one <= LAST:
        found.append((next_one, LAST))
    return tuple(found)


def ascii_part(ranges: Ranges) -> Ranges:
    """Its ASCII characters."""
    return tuple((first, min(last, 0x7F)) for first, last in ranges if first <= 0x7F)


@lru_cache(maxsize=64)
def category(name: str) -> Ranges:
    """The characters of a general category, or of all whose names begin with its one letter."""
    assert name in CATEGORIES
    wanted = {one for one in CATEGORIES if len(one) == 2 and one.startswith(name)}
    found: list[tuple[int, int]] = []
    for code in range(LAST + 1):
        if unicodedata.category(chr(code)) in wanted:
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
    return tuple(found)


def folded(ranges: Ranges) -> Ranges:
    """With every character that differs from one of these in case only."""
    if all(last <= 0x7F for _, last in ranges):
        more = [
            (code ^ 0x20, code ^ 0x20) for first, last in ranges for code in range(first, last + 1) if _letter(code)
        ]
        codes = {code for first, last in ranges for code in range(first, last + 1)}
        more += [(sign, sign) for sign, letters in _FOLDING_TO_ASCII if codes & letters]
        return union((*ranges, *more))
    orbits = _orbits()
    others = (
        (other, other)
        for code, orbit in orbits.items()
        if any(first <= code <= last for first, last in ranges)
        for other in orbit
    )
    return union((*ranges, *others))


def _letter(code: int) -> bool:
    return 0x41 <= code <= 0x5A or 0x61 <= code <= 0x7A


_FOLDING_TO_ASCII = ((0x212A, {0x4B, 0x6B}), (0x017F, {0x53, 0x73}))
"""The signs for Kelvin and the long s: what differs from an ASCII letter in case only."""


@lru_cache(maxsize=1)
def _orbits() -> dict[int, tuple[int, ...]]:
    """Characters that differ in case only, for each character that has such others."""
    groups: dict[int, list[int]] = {}
    for code in range(AFTER_CASED):
        if not 0xD800 <= code <= 0xDFFF:
            groups.setdefault(_fold(chr(code)), []).append(code)
    return {code: tuple(group) for group in groups.values() if len(group) > 1 for code in group}


def _fold(character: str) -> int:
    """Unicode's simple case folding: where the full one has several characters, that of the lower case."""
    for text in (character.casefold(), character.lower()):
        if len(text) == 1:
            return ord(text)
    return ord(character)
