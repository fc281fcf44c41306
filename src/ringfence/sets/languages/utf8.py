"""Characters as expressions over the bytes of UTF-8."""

from __future__ import annotations

from functools import lru_cache

from ringfence.sets.languages.bytesets import ASCII, CONTINUATION, byte_range
from ringfence.sets.languages.characters import LAST, Ranges
from ringfence.sets.languages.expressions import Byte, Choice, Expression, Sequence

_TWO = Byte(CONTINUATION)

WELL_FORMED: Expression = Choice(
    (
        Byte(ASCII),
        Sequence((Byte(byte_range(0xC2, 0xDF)), _TWO)),
        Sequence((Byte(1 << 0xE0), Byte(byte_range(0xA0, 0xBF)), _TWO)),
        Sequence((Byte(byte_range(0xE1, 0xEF) & ~(1 << 0xED)), _TWO, _TWO)),
        Sequence((Byte(1 << 0xED), Byte(byte_range(0x80, 0x9F)), _TWO)),
        Sequence((Byte(1 << 0xF0), Byte(byte_range(0x90, 0xBF)), _TWO, _TWO)),
        Sequence((Byte(byte_range(0xF1, 0xF3)), _TWO, _TWO, _TWO)),
        Sequence((Byte(1 << 0xF4), Byte(byte_range(0x80, 0x8F)), _TWO, _TWO)),
    )
)
"""One character of UTF-8 (RFC 3629, 4)."""

ABOVE_ASCII: Expression = Choice(
    (
        Sequence((Byte(byte_range(0xC2, 0xDF)), _TWO)),
        Sequence((Byte(byte_range(0xE0, 0xEF)), _TWO, _TWO)),
        Sequence((Byte(byte_range(0xF0, 0xF4)), _TWO, _TWO, _TWO)),
    )
)
"""What RE2 takes for all characters beyond ASCII at once: overlong forms, halves of surrogates and code points beyond
the last one too, for the sake of small programs (``Compiler::Add_80_10ffff``)."""

_LAST_OF_LENGTH = (0x7F, 0x7FF, 0xFFFF, LAST)

Spans = tuple[tuple[int, int], ...]
"""First and last byte at each place of some sequences of one length."""


@lru_cache(maxsize=2048)
def characters(ranges: Ranges) -> Expression:
    """One character of the ranges, as RE2 reads it."""
    single = 0
    parts: list[Expression] = []
    sequences: list[Spans] = []
    for first, last in ranges:
        if first <= 0x7F:
            single |= byte_range(first, min(last, 0x7F))
        first = max(first, 0x80)
        if first == 0x80 and last == LAST:
            parts.append(ABOVE_ASCII)
            continue
        lowest = 0x80
        for end in _LAST_OF_LENGTH[1:]:
            if first <= min(last, end) and max(first, lowest) <= last:
                _split(max(first, lowest), min(last, end), sequences)
            lowest = end + 1
    if sequences:
        parts.append(_tree(sequences))
    return Choice((Byte(single), *parts)) if parts else Byte(single)


def _split(first: int, last: int, found: list[Spans]) -> None:
    """Code points whose forms have the same length, as ranges of bytes place by place."""
    for places in range(1, 4):
        low = (1 << 6 * places) - 1
        if first & ~low != last & ~low:
            if first & low:
                _split(first, first | low, found)
                _split((first | low) + 1, last, found)
                return
            if last & low != low:
                _split(first, (last & ~low) - 1, found)
                _split(last & ~low, last, found)
                return
    one, two = _form(first), _form(last)
    found.append(tuple(zip(one, two, strict=True)))


def _form(code: int) -> bytes:
    """The form in UTF-8, halves of surrogates too."""
    return chr(code).encode("utf-8", "surrogatepass")


def _tree(sequences: list[Spans]) -> Expression:
    """Any of some sequences; those that go on in the same way share that part."""
    by_rest: dict[Spans, int] = {}
    for spans in sequences:
        by_rest[spans[1:]] = by_rest.get(spans[1:], 0) | byte_range(*spans[0])
    by_first: dict[int, list[Spans]] = {}
    for rest, first in by_rest.items():
        by_first.setdefault(first, []).append(rest)
    parts: list[Expression] = []
    for first, rests in by_first.items():
        longer = [rest for rest in rests if rest]
        parts.append(Sequence((Byte(first), _tree(longer))) if longer else Byte(first))
    return parts[0] if len(parts) == 1 else Choice(tuple(parts))
