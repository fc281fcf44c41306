"""Places of fields in a JSON text, found only when asked for: the text is walked again along the path."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from ringfence.model.provenance import FieldPath, Place

_SPACE = re.compile(r"[ \t\n\r]*")
_MARK = re.compile(r"[ \t\n\r]*[,:]?[ \t\n\r]*")
_DECODER = json.JSONDecoder(strict=False)


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _past_mark(text: str, offset: int) -> int:
    match = _MARK.match(text, offset)
    return match.end() if match else offset


def _members(text: str, at: int) -> dict[str | int, tuple[int, int]]:
    """What the mapping or list at ``at`` holds: by key or index, the offsets of the key (of the member itself, in a
    list) and of the value. Of a key that is given twice, the last one, as decoders take it. Nothing for other values;
    in broken text what stands before the fault.
    """
    members: dict[str | int, tuple[int, int]] = {}
    mapping = text[at : at + 1] == "{"
    if not mapping and text[at : at + 1] != "[":
        return members
    try:
        at = _skip(text, at + 1)
        while text[at] not in "}]":
            key: str | int = len(members)
            start = at
            if mapping:
                if text[at] != '"':
                    break
                key, at = _DECODER.raw_decode(text, at)
                at = _past_mark(text, at)
            members[key] = start, at
            _, at = _DECODER.raw_decode(text, at)
            at = _past_mark(text, at)
    except (ValueError, IndexError, RecursionError):
        pass
    return members


class Offsets:
    """Where the fields of the value at ``start`` begin. What a mapping or list holds is found when first asked for."""

    __slots__ = ("_inside", "_start", "_text")

    def __init__(self, text: str, start: int = 0) -> None:
        self._text = text
        self._start = _skip(text, start)
        self._inside: dict[int, dict[str | int, tuple[int, int]]] = {}

    def of(self, path: FieldPath) -> int:
        """Where the key of the field at ``path`` begins, or that of its nearest parent when there is none."""
        here = value = self._start
        for step in path:
            members = self._inside.get(value)
            if members is None:
                members = self._inside[value] = _members(self._text, value)
            found = members.get(step)
            if found is None:
                break
            here, value = found
        return here


@lru_cache(maxsize=8)
def _decoded(text: bytes) -> tuple[str, Offsets]:
    """The fields of one object are asked for one after the other; then those of the next."""
    decoded = text.decode("utf-8", "replace")
    return decoded, Offsets(decoded)


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
        text, offsets = _decoded(self._text)
        offset = offsets.of(path)
        lines = text.count("\n", 0, offset)
        start = self._start
        if lines:
            return Place(start.file, start.line + lines, offset - text.rindex("\n", 0, offset))
        return Place(start.file, start.line, start.column + offset)
