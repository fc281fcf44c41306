"""``diff -o md``: the comment of a pull request. One for each pull request: a hidden mark finds it again.

Platforms cut a comment off, or refuse it, beyond 65,536 characters: what has no room is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.reports.differences.sentences import (
    altered_text,
    cause_text,
    no_cause,
    place_of,
    verdict_line,
    witness_text,
)
from ringfence.reports.folding import Folding
from ringfence.reports.markdown import markdown_cell
from ringfence.reports.places import place_text
from ringfence.reports.ranges import ports_text
from ringfence.verdict.changes import Change, Diff, DiffRow

MARK = "<!-- ringfence diff -->"
LONGEST = 65_536
"""Bytes of a comment, so that its characters are no more."""
RESERVED = 600
"""Bytes kept for the ends of sections and for what is left out."""
LISTED = 6
"""Ends in a cell; the rest is counted, and -o json names all."""

_TITLES = {
    Change.WIDENED: "Widened: more is allowed than before",
    Change.NARROWED: "Narrowed: less is allowed than before",
    Change.CHANGED: "Changed: some of it widened, some narrowed",
    Change.NEW: "New ends and what they may do",
    Change.GONE: "Ends that are gone and what they could do",
}
_OPEN = (Change.WIDENED, Change.CHANGED)
"""Sections that need no click."""


class _Writer:
    """Lines until the comment is full."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._left = LONGEST - RESERVED

    def fits(self, *lines: str) -> bool:
        """Adds lines that belong together, if there is room."""
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
        if size > self._left:
            return False
        self._left -= size
        self.lines.extend(lines)
        return True


def markdown_lines(diff: Diff) -> Iterator[str]:
    """The comment."""
    writer = _Writer()
    writer.fits(MARK, f"**ringfence diff:** {markdown_cell(verdict_line(diff))}")
    if diff.partial:
        writer.fits("", "⚠ Some of the input was not read: this speaks of the rest.")
    left = diff.left_out
    folding = Folding(diff.ends)
    for change in Change:
        rows = [row for row in diff.rows if row.change is change]
        if rows:
            left += _section(writer, change, rows, folding)
    cut = 0
    for title, items in _lists(diff):
        cut += _list(writer, title, items)
    widened = next((row for row in diff.rows if row.change in (Change.WIDENED, Change.NARROWED)), None)
    if widened is not None and (place := place_text(place_of(widened))):
        writer.fits("", f"To take the first change back, undo {markdown_cell(place)}.")
    yield from writer.lines
    if left or cut:
        words = [f"{number} {noun}" for number, noun in ((left, "more rows"), (cut, "more lines")) if number]
        yield ""
        yield f"{' and '.join(words)} are left out; `ringfence diff -o json` lists all."


def _section(writer: _Writer, change: Change, rows: list[DiffRow], folding: Folding) -> int:
    """A table of rows; how many had no room."""
    opened = change in _OPEN
    begin = (
        ["", f"### {_TITLES[change]} ({len(rows)})", ""]
        if opened
        else ["", f"<details><summary>{_TITLES[change]} ({len(rows)})</summary>", ""]
    )
    heads = ["| Source | Destination | Ports | Before | After | Cause |", "| --- | --- | --- | --- | --- | --- |"]
    if not writer.fits(*begin, *heads):
        return len(rows)
    written = 0
    for row in rows:
        if not writer.fits(_row(row, folding)):
            break
        written += 1
    # There is always room for these: they are part of what is reserved.
    if not opened:
        writer.lines.extend(["", "</details>"])
    return len(rows) - written


def _row(row: DiffRow, folding: Folding) -> str:
    family = f" (IPv{row.family})" if row.family else ""
    causes = [markdown_cell(cause_text(cause)) for cause in row.causes]
    causes.extend(no_cause(row))
    causes.append(f"<sub>{markdown_cell(witness_text(row))}</sub>")
    cells = (
        _ends(row.sources, folding),
        _ends(row.destinations, folding),
        f"{ports_text(row.ports)}{family}",
        str(row.before or "–"),
        str(row.after or "–"),
        "<br>".join(causes),
    )
    return f"| {' | '.join(cells)} |"


def _ends(ends: tuple[str, ...], folding: Folding) -> str:
    shown = folding.fold(ends)
    words = [markdown_cell(end) for end in shown[:LISTED]]
    if len(shown) > LISTED:
        words.append(f"+{len(shown) - LISTED} more")
    return "<br>".join(words)


def _lists(diff: Diff) -> Iterator[tuple[str, list[str]]]:
    yield "Moved", [markdown_cell(f"{old} is now {new}") for old, new in diff.moved]
    yield "New ends", [markdown_cell(name) for name in diff.new]
    yield "Gone ends", [markdown_cell(name) for name in diff.gone]
    yield (
        "Not compared",
        [
            markdown_cell(f"{one.what}: {one.why} {place_text(one.place) if one.place else ''}")
            for one in diff.not_compared
        ],
    )
    yield "Changed without any effect on reach", [markdown_cell(altered_text(one)) for one in diff.without_effect]


def _list(writer: _Writer, title: str, items: Iterable[str]) -> int:
    """A folded list; how many lines had no room."""
    found = list(items)
    if not found:
        return 0
    if not writer.fits("", f"<details><summary>{title} ({len(found)})</summary>", ""):
        return len(found)
    written = 0
    for item in found:
        if not writer.fits(f"- {item}"):
            break
        written += 1
    writer.lines.extend(["", "</details>"])
    return len(found) - written
