"""Positions of an object's fields as a snapshot keeps them: a place for each key and item, in the order of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.model.provenance import FieldPath, Place, Positions


def marks_of(data: Any, positions: Positions) -> list[int]:
    """Line and column of every key and item, parents before what is in them. Empty where all is in one place."""
    start = positions.place()
    found = [positions.place(path) for path in _paths(data, ())]
    if all(place == start for place in found):
        return []
    return [number for place in found for number in (place.line, place.column)]


def _paths(data: Any, above: FieldPath) -> Iterator[FieldPath]:
    entries = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        path = (*above, key)
        yield path
        yield from _paths(value, path)


class KeptPositions:
    """Positions in one object that was read from a snapshot."""

    __slots__ = ("_data", "_found", "_marks", "_start")

    def __init__(self, start: Place, data: Any, marks: list[int]) -> None:
        self._start = start
        self._data = data
        self._marks = marks
        self._found: dict[FieldPath, Place] | None = None

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the key of the field at ``path`` (of the item, in a list), or of its nearest parent."""
        if not path or not self._marks:
            return self._start
        if self._found is None:
            marks, file = self._marks, self._start.file
            places = (Place(file, line, column) for line, column in zip(marks[::2], marks[1::2], strict=False))
            self._found = dict(zip(_paths(self._data, ()), places, strict=False))
        while path:
            found = self._found.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return self._start

    def below(self, path: FieldPath) -> KeptPositions:
        """Objects of snapshots are no lists."""
        return self
