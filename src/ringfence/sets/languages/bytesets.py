"""Sets of bytes as integers of 256 bits, and which byte of a set a person would like to read."""

from __future__ import annotations

import string
from collections.abc import Iterable
from functools import lru_cache

ANY_BYTE = (1 << 256) - 1
ASCII = (1 << 128) - 1


def byteset(members: Iterable[int]) -> int:
    """The set of these bytes."""
    found = 0
    for member in members:
        found |= 1 << member
    return found


def byte_range(first: int, last: int) -> int:
    """All bytes from ``first`` to ``last``."""
    return (1 << (last + 1)) - (1 << first)


def either_case(member: int) -> int:
    """The byte; of an ASCII letter, both cases."""
    text = bytes((member,))
    return byteset(text.lower() + text.upper())


CONTROLS = byte_range(0, 0x1F) | 1 << 0x7F
VISIBLE = byte_range(0x21, 0x7E)
UPPER = byteset(string.ascii_uppercase.encode())
WORD = byteset((string.ascii_letters + string.digits + "_").encode())
CONTINUATION = byte_range(0x80, 0xBF)

_LIKED = (string.ascii_lowercase + string.digits + "-_./" + string.ascii_uppercase).encode()
LIKED: tuple[int, ...] = (
    *_LIKED,
    *(byte for byte in range(0x21, 0x7F) if byte not in _LIKED),
    0x20,
    *range(0x80, 0x100),
    *range(0x20),
    0x7F,
)
"""Every byte, the most readable first. Witnesses take the first that will do, so they are the same on every run."""

LIKING: tuple[int, ...] = tuple(LIKED.index(byte) for byte in range(256))
"""The place of each byte in LIKED."""


_RUNS = tuple(
    byteset(run)
    for run in (string.ascii_lowercase.encode(), string.digits.encode(), *(bytes((sign,)) for sign in b"-_./"))
)
"""Sets in the order of LIKED, whose bytes are also in that order."""


def best(members: int) -> int:
    """The most readable byte of a set that is not empty."""
    for run in _RUNS:
        if members & run:
            found = members & run
            return (found & -found).bit_length() - 1
    return next(byte for byte in LIKED if members >> byte & 1)


@lru_cache(maxsize=256)
def listed(members: int) -> bytes:
    """The bytes of a set, the most readable first."""
    return bytes(byte for byte in LIKED if members >> byte & 1)
