"""Places of the fields of a YAML document, kept beside its data."""

from __future__ import annotations

from typing import Any

from ringfence.model.provenance import FieldPath, Place

_COLUMN_BITS = 16
_LAST_COLUMN = (1 << _COLUMN_BITS) - 1
_FEW = 32
"""Keys that are searched one by one."""


def packed(line: int, column: int) -> int:
    """A line and a column, both from 0, as one number: a document has many. A far column is cut off."""
    return line << _COLUMN_BITS | (column if column < _LAST_COLUMN else _LAST_COLUMN)


def unpacked(file: str, position: int) -> Place:
    """The place that a packed position means."""
    return Place(file, (position >> _COLUMN_BITS) + 1, (position & _LAST_COLUMN) + 1)


class YamlPositions:
    """Positions in one document, or in a part of it.

    ``marks`` holds, by the identity of each mapping and list, the positions of its keys or items in their order. It is
    right as long as the data lives, which the reference to ``root`` sees to, and is not changed.
    """

    __slots__ = ("_file", "_marks", "_orders", "_root", "_start")

    def __init__(
        self,
        file: str,
        root: Any,
        start: int,
        marks: dict[int, list[int]],
        orders: dict[int, dict[str, int]] | None = None,
    ) -> None:
        self._file = file
        self._root = root
        self._start = start
        self._marks = marks
        self._orders: dict[int, dict[str, int]] = {} if orders is None else orders

    def _find(self, path: FieldPath) -> tuple[Any, int]:
        """The value at ``path``, or of its nearest parent, and its position."""
        node, parent = self._root, None
        last: Any = None
        for step in path:
            if type(node) is dict:
                if step not in node:
                    break
            elif type(node) is not list or type(step) is not int or not 0 <= step < len(node):
                break
            parent, last = node, step
            node = node[step]
        if parent is None:
            return node, self._start
        at = last if type(parent) is list else self._order(parent, last)
        return node, self._marks[id(parent)][at]

    def _order(self, parent: dict[str, Any], step: str) -> int:
        """Which of the keys one is. The order of a mapping with many is remembered: all may be asked for."""
        if len(parent) <= _FEW:
            return list(parent).index(step)
        order = self._orders.get(id(parent))
        if order is None:
            order = self._orders[id(parent)] = {key: at for at, key in enumerate(parent)}
        return order[step]

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the key of the field at ``path`` (of the item, in a list), or of its nearest parent."""
        return unpacked(self._file, self._find(path)[1] if path else self._start)

    def below(self, path: FieldPath) -> YamlPositions:
        """The positions in one field of the document."""
        node, position = self._find(path)
        return YamlPositions(self._file, node, position, self._marks, self._orders)
