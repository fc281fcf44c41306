"""Places in a JSON text that is kept in memory, found only when somebody asks for one."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from ringfence.model.provenance import FieldPath, Place
from ringfence.sources.json_positions import Offsets, value_offset

_BETWEEN = re.compile(r"[ \t\n\r,]*")
_LINE_END = re.compile("\n")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)
"""Texts, brackets, and everything else that has a meaning in a correct JSON text."""


class JsonText:
    """A text, the file that it is from, and (once asked for) where its lines begin."""

    __slots__ = ("_lines", "_offsets", "_value", "file", "text")

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._lines: list[int] | None = None
        self._value = 0
        self._offsets = Offsets(text)

    def offsets(self, start: int) -> Offsets:
        """Of the value at ``start``. Only those of the last one are kept: values are asked about one by one."""
        if self._value != start:
            self._value, self._offsets = start, Offsets(self.text, start)
        return self._offsets

    def place(self, offset: int) -> Place:
        """The line and column of a character."""
        if self._lines is None:
            self._lines = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        line = bisect_right(self._lines, offset)
        return Place(self.file, line, offset - self._lines[line - 1] + 1)


class JsonPlaces:
    """Positions in one value of a JSON text, from ``start`` to ``end``."""

    __slots__ = ("_end", "_items", "_source", "_start")

    def __init__(self, source: JsonText, start: int, end: int) -> None:
        self._source = source
        self._start = start
        self._end = end
        self._items: list[tuple[int, int]] | None = None

    @property
    def _text(self) -> str:
        return self._source.text[self._start : self._end]

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the key of the field at ``path`` (of the item, in a list), or of its nearest parent."""
        return self._source.place(self._source.offsets(self._start).of(path) if path else self._start)

    def below(self, path: FieldPath) -> JsonPlaces | JsonItemPlaces:
        """The positions in one item of the list in a field; in any other value, those of the whole."""
        if len(path) == 2 and path[0] == "items" and isinstance(path[1], int):
            return JsonItemPlaces(self, path[1])
        return self

    def item(self, index: int) -> JsonPlaces:
        """The positions in one member of ``items``. All members are found at the first call."""
        if self._items is None:
            self._items = self._item_ranges()
        if index >= len(self._items):
            return self
        return JsonPlaces(self._source, *self._items[index])

    def _item_ranges(self) -> list[tuple[int, int]]:
        text = self._text
        at = value_offset(text, "items")
        if at is None or text[at] != "[":
            return []
        ranges = []
        decode: Any = json.JSONDecoder().raw_decode
        at = self._past(text, at + 1)
        while text[at] != "]":
            _, end = decode(text, at)
            ranges.append((self._start + at, self._start + end))
            at = self._past(text, end)
        return ranges

    @staticmethod
    def _past(text: str, at: int) -> int:
        match = _BETWEEN.match(text, at)
        return match.end() if match else at


class JsonItemPlaces:
    """Positions in one member of a list; where that is in the text is found when somebody asks."""

    __slots__ = ("_found", "_index", "_list")

    def __init__(self, listing: JsonPlaces, index: int) -> None:
        self._list = listing
        self._index = index
        self._found: JsonPlaces | None = None

    def _places(self) -> JsonPlaces:
        if self._found is None:
            self._found = self._list.item(self._index)
        return self._found

    def place(self, path: FieldPath = ()) -> Place:
        """As of ``JsonPlaces``."""
        return self._places().place(path)

    def below(self, path: FieldPath) -> JsonPlaces | JsonItemPlaces:
        """As of ``JsonPlaces``."""
        return self._places().below(path)
