"""Reports of several tables, each with a heading and lines below it: once as text, once as Markdown.

Cells are plain text, with names as the input has them; each format escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports.markdown import markdown_cell
from ringfence.reports.style import PLAIN, Style
from ringfence.reports.table import aligned
from ringfence.values import Value


class Section(Value):
    """One table. ``lines`` stand before it, ``after`` below it; ``paint``: the columns that hold a status word."""

    title: str = ""
    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()
    paint: tuple[int, ...] = ()


def left_out_text(left_out: int, what: str = "row") -> tuple[str, ...]:
    """How much a limit cut off; nothing where it cut nothing."""
    if not left_out:
        return ()
    return (
        (f"{left_out} more {what} is left out (--limit)",)
        if left_out == 1
        else (f"{left_out} more {what}s are left out (--limit)",)
    )


def text_lines(sections: list[Section], style: Style = PLAIN) -> Iterator[str]:
    """Tables in kubectl's manner, an empty line between sections."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        if section.title:
            yield style.strong(printable(section.title))
        for line in section.lines:
            yield printable(line)
        if section.rows:
            safe = [tuple(map(printable, row)) for row in section.rows]
            head, *body = aligned([head.upper() for head in section.heads], safe)
            yield style.strong("   ".join(head)).rstrip()
            for row, cells in zip(safe, body, strict=True):
                for at in section.paint:
                    cells[at] = style.paint(cells[at], row[at].split(" ")[0])
                yield "   ".join(cells).rstrip()
        for line in section.after:
            yield printable(line)


def markdown_section_lines(sections: list[Section]) -> Iterator[str]:
    """The same as Markdown: headings, tables, paragraphs."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        if section.title:
            yield f"### {markdown_cell(section.title)}"
            yield ""
        for line in section.lines:
            yield markdown_cell(line)
            yield ""
        if section.rows:
            yield f"| {' | '.join(section.heads)} |"
            yield f"|{' --- |' * len(section.heads)}"
            for row in section.rows:
                yield f"| {' | '.join(map(markdown_cell, row))} |"
        for line in section.after:
            yield ""
            yield markdown_cell(line)
