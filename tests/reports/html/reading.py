"""The page read again, as a browser would: its elements, and its data back to verdicts."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from typing import Any

from ringfence.reports.html.tables import VERDICTS
from ringfence.sets.ports import Intervals
from ringfence.verdict.answers import Verdict

Line = tuple[Intervals, Verdict, tuple[str, str] | None]


class Elements(HTMLParser):
    """Start tags with their attributes, and the texts of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open = f"{tag} {dict(attrs).get('type') or ''}".strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open, []).append(data)


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    found.close()
    return found


def data_of(page: str) -> dict[str, Any]:
    (text,) = elements(page).texts["script application/json"]
    data: dict[str, Any] = json.loads(text)
    return data


def numbers(table: dict[str, Any]) -> list[list[int]]:
    """Rows of a packed table."""
    raw = zlib.decompress(base64.b64decode(table["packed"]), -15)
    rows, size = table["rows"], table["size"]
    assert len(raw) == rows * size * table["planes"]
    return [
        [
            sum(raw[(plane * rows + row) * size + index] << 8 * plane for plane in range(table["planes"]))
            for index in range(size)
        ]
        for row in range(rows)
    ]


class PageState:
    """One state of the data."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.rows = numbers(raw["rows"])
        self.side_numbers = numbers(raw["sideNumbers"])

    def cell(self, source: int, destination: int) -> tuple[tuple[Line, ...], str] | None:
        """What the page shows of two ends: lines, and why it is closed; None where the state lacks an end."""
        raw = self.raw
        start, stop = raw["unitOf"][source], raw["unitOf"][destination]
        if start < 0 or stop < 0:
            return None
        number = raw["itself"][source] if source == destination else self.rows[raw["rowOf"][stop]][start]
        lines, _, closed = raw["cells"][number]
        return tuple(self._line(line) for line in lines), closed

    def side(self, source: int, destination: int, egress: bool) -> Any:
        """The segments of one direction of two base units; None where policies do not govern it."""
        row = self.raw["egress"][source] if egress else self.raw["ingress"][destination]
        if row < 0:
            return None
        local = self.side_numbers[row][destination if egress else source]
        return self.raw["sides"][self.raw["sideRows"][row][local]]

    def _line(self, line: list[int]) -> Line:
        ports, verdict, reason, *_ = line
        flat = self.raw["ports"][ports]
        text = None if reason < 0 else tuple(self.raw["reasons"][reason])
        return tuple(zip(flat[::2], flat[1::2], strict=True)), VERDICTS[verdict], text


class PageRow:
    """A row of the difference, as the page has it: ends as numbers."""

    def __init__(self, difference: dict[str, Any], raw: list[Any]) -> None:
        sets = numbers(difference["sets"])
        sources, destinations, ports, change, before, after, causes, more, explained, family, witness, some = raw
        self.sources, self.destinations = (
            {number * 8 + bit for number, byte in enumerate(sets[one]) for bit in range(8) if byte >> bit & 1}
            for one in (sources, destinations)
        )
        flat = difference["ports"][ports]
        self.ports: Intervals = tuple(zip(flat[::2], flat[1::2], strict=True))
        self.change: str = difference["changes"][change]
        self.before, self.after = (None if one < 0 else VERDICTS[one] for one in (before, after))
        self.causes = [tuple(difference["causes"][cause]) for cause in causes]
        self.more, self.explained, self.family = more, bool(explained), family or None
        self.witness, self.some = witness, bool(some)


def page_rows(data: dict[str, Any]) -> list[PageRow]:
    return [PageRow(data["difference"], raw) for raw in data["difference"]["rows"]]
