"""The comment of a pull request: Markdown with a hidden mark, by which the comment of the last push is found again, the
worst first, the rest folded.

Platforms cut a comment off, or refuse it, beyond 65,536 characters: what has no room is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LONGEST = 65_536
"""Bytes of a comment, so that its characters, however they are counted, are no more."""
RESERVED = 800
"""Bytes kept for the ends of sections and for what is said last."""
UNFOLDED = 20
"""Rows of a table that need no click."""


class Comment:
    """Lines until the comment is full. Cells and items are Markdown already: whoever makes them escapes names."""

    def __init__(self, command: str, verdict: str) -> None:
        self.command = command
        self.cut_rows = 0
        self.cut_lines = 0
        self._lines: list[str] = []
        self._left = LONGEST - RESERVED
        self.add(f"<!-- ringfence {command} -->", f"**ringfence {command}:** {verdict}")

    def add(self, *lines: str) -> bool:
        """Adds lines that belong together, if there is room."""
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
        if size > self._left:
            return False
        self._left -= size
        self._lines.extend(lines)
        return True

    def table(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], opened: bool = False) -> None:
        """A table, the first rows in the open if it is ``opened``, else folded. Rows without room are counted."""
        if not rows:
            return
        titled = f"{title} ({len(rows)})"
        shown = [f"| {' | '.join(row)} |" for row in rows]
        head = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
        if not opened:
            self.cut_rows += self._folded(titled, head, shown)
            return
        if not self.add("", f"### {titled}", "", *head):
            self.cut_rows += len(shown)
            return
        self.cut_rows += self._filled(shown[:UNFOLDED])
        if shown[UNFOLDED:]:
            self.cut_rows += self._folded(f"{len(shown) - UNFOLDED} more", head, shown[UNFOLDED:])

    def listing(self, title: str, items: Sequence[str]) -> None:
        """A folded list. Items without room are counted."""
        if items:
            self.cut_lines += self._folded(f"{title} ({len(items)})", [], [f"- {item}" for item in items])

    def _folded(self, title: str, head: list[str], lines: list[str]) -> int:
        """How many lines had no room."""
        if not self.add("", f"<details><summary>{title}</summary>", "", *head):
            return len(lines)
        cut = self._filled(lines)
        # There is always room for these: they are part of what is reserved.
        self._lines.extend(["", "</details>"])
        return cut

    def _filled(self, lines: list[str]) -> int:
        """How many of them had no room. A line that is far too long does not keep the others out."""
        cut = 0
        for line in lines:
            cut += not self.add(line)
        return cut

    def written(self, left_out: int = 0) -> Iterator[str]:
        """The whole comment. ``left_out``: rows that a limit cut off before."""
        yield from self._lines
        rows = self.cut_rows + left_out
        words = [
            f"{number} more {noun if number == 1 else f'{noun}s'}"
            for number, noun in ((rows, "row"), (self.cut_lines, "line"))
            if number
        ]
        if words:
            verb = "is" if rows + self.cut_lines == 1 else "are"
            yield ""
            yield f"{' and '.join(words)} {verb} left out; `ringfence {self.command} -o json` lists all."
