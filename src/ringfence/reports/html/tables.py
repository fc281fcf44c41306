"""How the page packs what it knows: each text once, and large tables of small numbers as deflated bytes."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix.values import Numbers

VERDICTS = (Verdict.DENIED, Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.MIXED)
"""Verdicts are numbers in the data, in this order."""


class Texts:
    """Numbers values of one kind; each is written once."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def known(self, key: Any) -> int | None:
        """The number of a key, if it has one."""
        return self._numbers.get(key)

    def number(self, key: Any, value: Any = None) -> int:
        """The number of a key, which stands as ``value`` in the data (the key itself, where none is given)."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.items)
            self.items.append(key if value is None else value)
        return found


def deflated(parts: Iterable[bytes]) -> str:
    """Bytes as the page inflates them: raw deflate in base64."""
    packing = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = b"".join([packing.compress(b"".join(parts)), packing.flush()])
    return base64.b64encode(packed).decode("ascii")


def planes(rows: Sequence[Numbers], size: int) -> dict[str, Any]:
    """Rows of equal length, plane after plane."""
    count = max((len(row.planes) for row in rows), default=1)
    empty = bytes(size)
    packed = deflated(row.planes[plane] if plane < len(row.planes) else empty for plane in range(count) for row in rows)
    return {"rows": len(rows), "size": size, "planes": count, "packed": packed}
