"""Places of fields in a JSON text, found only when asked for: the text is walked again along one path."""

from __future__ import annotations

import json
import re

from ringfence.model.provenance import FieldPath, Place

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(strict=False)


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _member(text: str, offset: int, step: str | int) -> tuple[int, int] | None:
    """Offsets of the key (the member itself, in a list) and of the value of one member of the value at ``offset``.

    Of a key that is given twice, the last one, as decoders take it. Raises ValueError or IndexError in broken text.
    """
    mapping = isinstance(step, str)
    if text[offset] != ("{" if mapping else "["):
        return None
    found = None
    index = 0
    at = _skip(text, offset + 1)
    while text[at] not in "}]":
        key: object = index
        start = at
        if mapping:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if key == step:
            found = (start, at)
            if not mapping:
                return found
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    return found


def field_offset(text: str, path: FieldPath) -> int:
    """Where the key of the field at ``path`` begins, or that of its nearest parent when there is none."""
    here = value = _skip(text, 0)
    try:
        for step in path:
            found = _member(text, value, step)
            if found is None:
                break
            here, value = found
    except (ValueError, IndexError, RecursionError):
        return here
    return here


def value_offset(text: str, key: str) -> int | None:
    """Where the value of one key of the outermost object begins; the text may end after it."""
    at = _skip(text, 0)
    try:
        at = _skip(text, at + 1)
        while text[at] == '"':
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
            if name == key:
                return at
            _, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
    except (ValueError, IndexError, RecursionError):
        return None
    return None


class JsonPositions:
    """Positions in one object of a JSON file, of which the text and the place of its beginning are kept.

    With an empty text every field is at the object's beginning.
    """

    __slots__ = ("_start", "_text")

    def __init__(self, start: Place, text: bytes = b"") -> None:
        self._start = start
        self._text = text

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the key of the field at ``path``, or of its nearest parent."""
        if not path or not self._text:
            return self._start
        text = self._text.decode("utf-8", "replace")
        offset = field_offset(text, path)
        lines = text.count("\n", 0, offset)
        start = self._start
        if lines:
            return Place(start.file, start.line + lines, offset - text.rindex("\n", 0, offset))
        return Place(start.file, start.line, start.column + offset)
