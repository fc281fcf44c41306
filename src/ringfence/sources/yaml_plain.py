"""The short way for plain YAML: block mappings and lists of one-line scalars, as kubectl, charts and people write most
manifests.

It gives the same values and positions as the parser does (``yaml_parser``), or raises ``NotPlain``; then the parser
reads the document. It never decides what is right: a key given twice, text over several lines, an anchor, a tag, a
tab and whatever else it does not know is not plain. Lines repeat (``kind: Pod``), within a file
and between files, so what a line says is kept by its text, and most of the work is one look-up a line.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ringfence.sources.scalars import ScalarError, key_text, resolve
from ringfence.sources.yaml_positions import packed

_KEY = r"[A-Za-z_][A-Za-z0-9_./-]{0,200}"
_SCALAR = r"(?:-(?=[A-Za-z0-9./-])|[A-Za-z0-9_./+~])(?:[^ :]|:(?=[^ ])| +(?=[^ #]))*"
"""Begins with no indicator, ends before ``: ``, `` #`` or the end of the line."""
_QUOTED = r"\"[^\"\\]*\"|'[^']*'"
_END = "(?: +(?:#.*)?)?"
# Of printable texts: ``str.isprintable`` knows no control characters, tabs or line ends of any kind.
_LINE = re.compile(
    rf"(?P<indent> {{0,400}})(?:(?P<dash>- +)(?=[^ ]))?(?:(?P<key>{_KEY}):(?= |$))?"
    rf"(?: *(?:(?P<plain>{_SCALAR})|(?P<quoted>{_QUOTED})|(?P<flow>{{ *}}|\[.*?\])))?{_END}"
)
_START = re.compile(f"---{_END}")
_ITEM = re.compile(rf" *(?:(?P<plain>[A-Za-z0-9_./][A-Za-z0-9_./-]*)|(?P<quoted>{_QUOTED})) *(?:,|$)")
_DEEPEST = 60
_LONGEST = 160
"""Characters of a line that is kept."""
_MOST = 1 << 15
"""Lines that are kept; when there are more, keeping them begins anew."""

_OPENS = object()
"""In the place of a value: the next line begins it, or there is none."""


class NotPlain(Exception):
    """A document that is to be read by the parser."""


class _Flow:
    """``{}`` or a list in brackets: made anew wherever the line stands, as a mapping is known by its identity."""

    __slots__ = ("columns", "items")

    def __init__(self, items: list[Any] | None, columns: list[int]) -> None:
        self.items = items
        self.columns = columns

    def make(self, position: int, marks_of: dict[int, list[int]]) -> Any:
        """The value; ``position`` is that of its line."""
        value: Any = {} if self.items is None else [*self.items]
        marks_of[id(value)] = [position + column for column in self.columns]
        return value


_Line = tuple[int, int, str | None, Any]
"""Column of the dash (-1: none), column of the key or of the item, key (None: an item without one), and value."""
_BLANK: _Line = (-1, -1, None, None)


_LINES: dict[str, _Line] = {}


def read_plain(document: str, first_line: int) -> tuple[Any, int, dict[int, list[int]]]:
    """Value, packed position and marks (``yaml_positions``) of one document; the line ``---`` above it may be a
    part of it. The value is None where nothing stands in it. Raises NotPlain."""
    lines = document.split("\n")
    if lines[0].startswith("---"):
        if not lines[0].isprintable() or _START.fullmatch(lines[0]) is None:
            raise NotPlain
        lines[0] = ""
    known = _LINES
    marks_of: dict[int, list[int]] = {}
    root: dict[str, Any] = {}
    start = -1
    container: Any = root
    is_list = False
    level = 0
    marks: list[int] = []
    marks_of[id(root)] = marks
    stack: list[tuple[Any, bool, int, list[int]]] = []
    opened: str | None = None
    position = packed(first_line - 1, 0)
    step = packed(1, 0)
    for text in lines:
        position += step
        line = known.get(text)
        if line is None:
            line = _learn(text)
        dash, column, key, value = line
        if column < 0:
            continue
        if start < 0:
            start = position
        begins = column if dash < 0 else dash
        # What the key above opened.
        if opened is not None:
            if begins > level or (begins == level and dash >= 0):
                if len(stack) > _DEEPEST:
                    raise NotPlain
                stack.append((container, False, level, marks))
                is_list = dash >= 0
                inner: Any = [] if is_list else {}
                container[opened] = inner
                container, level, marks = inner, begins, []
                marks_of[id(container)] = marks
            opened = None
        # Where this line belongs: a list may stand in the same column as the key that it belongs to.
        while level > begins or (is_list and level == begins and dash < 0):
            if not stack:
                raise NotPlain
            container, is_list, level, marks = stack.pop()
        if level != begins or is_list is not (dash >= 0):
            raise NotPlain
        if is_list:
            marks.append(position + column)
            if key is None:
                container.append(value.make(position, marks_of) if type(value) is _Flow else value)
                continue
            if len(stack) > _DEEPEST:
                raise NotPlain
            stack.append((container, True, level, marks))
            inner = {}
            container.append(inner)
            container, is_list, level, marks = inner, False, column, []
            marks_of[id(container)] = marks
        elif key is None or key in container:
            raise NotPlain
        marks.append(position + column)
        if value is _OPENS:
            opened = key
            # Its place in the order of the keys.
            container[key] = None
        else:
            container[key] = value.make(position, marks_of) if type(value) is _Flow else value
    return (None, packed(first_line, 0), {}) if start < 0 else (root, start, marks_of)


def _learn(text: str) -> _Line:
    line = _understood(text)
    if len(text) <= _LONGEST:
        if len(_LINES) >= _MOST:
            _LINES.clear()
        _LINES[text] = line
    return line


def _understood(text: str) -> _Line:
    """What a line says. Raises NotPlain."""
    if not text.isprintable():
        raise NotPlain
    if text.lstrip(" ")[:1] in ("", "#"):
        return _BLANK
    found = _LINE.fullmatch(text)
    if found is None:
        raise NotPlain
    dash = -1 if found["dash"] is None else found.start("dash")
    key = None if found["key"] is None else _key(found["key"])
    if found["plain"] is not None:
        begins, value = found.start("plain"), _plain(found["plain"])
    elif found["quoted"] is not None:
        begins, value = found.start("quoted"), found["quoted"][1:-1]
    elif found["flow"] is not None:
        begins, value = found.start("flow"), _flow(found["flow"], found.start("flow"))
    elif key is None:
        raise NotPlain
    else:
        begins, value = -1, _OPENS
    if key is None and dash < 0:
        raise NotPlain
    return dash, begins if key is None else found.start("key"), key, value


def _key(text: str) -> str:
    try:
        return key_text(resolve(text))
    except ScalarError:
        raise NotPlain from None


def _plain(text: str) -> Any:
    value = resolve(text)
    if type(value) is float and not math.isfinite(value):
        raise NotPlain
    return value


def _flow(text: str, column: int) -> _Flow:
    if text[0] == "{":
        return _Flow(None, [])
    items: list[Any] = []
    columns: list[int] = []
    inside = text[1:-1].rstrip(" ")
    at = 0
    while at < len(inside):
        found = _ITEM.match(inside, at)
        if found is None:
            raise NotPlain
        name = "quoted" if found["plain"] is None else "plain"
        items.append(_plain(found["plain"]) if name == "plain" else found["quoted"][1:-1])
        columns.append(column + 1 + found.start(name))
        at = found.end()
    return _Flow(items, columns)
