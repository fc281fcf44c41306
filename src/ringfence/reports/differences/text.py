"""``diff`` as a plain table: what changed, between whom, and by what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.model.text import printable
from ringfence.reports.differences.sentences import (
    causes_text,
    hops_text,
    hosts_text,
    note_lines,
    verdict_line,
    witness_text,
)
from ringfence.reports.folding import Folding
from ringfence.reports.style import PLAIN, Style
from ringfence.reports.table import aligned, ends_cell, ports_cell
from ringfence.verdict.changes import Change, Diff, DiffRow

LISTED = 10
"""Lines of notes of one kind; the rest is counted, and -o wide lists all."""
_COLOURS = {
    Change.WIDENED: "error",
    Change.WEAKENED: "error",
    Change.NARROWED: "warning",
    Change.CHANGED: "mixed",
    Change.OTHERWISE: "mixed",
}


def table_lines(diff: Diff, style: Style = PLAIN, wide: bool = False) -> Iterator[str]:
    """The sum, the rows, and what is no row."""
    yield style.strong(verdict_line(diff))
    if diff.rows:
        yield ""
        folding = Folding(diff.ends)
        heads = ["CHANGE", "SOURCE", "DESTINATION", "PORTS", "BEFORE", "AFTER", "CAUSE"]
        cells = [_cells(row, folding, wide) for row in diff.rows]
        if diff.of_protection:
            from ringfence.reports.differences.layers import layers_text

            heads.insert(6, "WHAT")
            for row, one in zip(diff.rows, cells, strict=True):
                one.insert(6, layers_text(row, wide) or "-")
        head, *body = aligned(heads, cells)
        yield style.strong("   ".join(head)).rstrip()
        for row, line in zip(diff.rows, body, strict=True):
            line[0] = style.paint(line[0], _COLOURS.get(row.change, "faint"))
            for at, verdict in ((4, row.before), (5, row.after)):
                line[at] = style.paint(line[at], str(verdict or ""))
            yield "   ".join(line).rstrip()
    if diff.left_out:
        noun = "row is" if diff.left_out == 1 else "rows are"
        yield f"{diff.left_out} more {noun} left out (--limit, -n)"
    if diff.ways:
        yield ""
        yield from _ways(diff, style)
    notes = [*_witnesses(diff), *note_lines(diff)]
    if notes:
        yield ""
        yield from notes if wide else _shortened(notes)


def _cells(row: DiffRow, folding: Folding, wide: bool) -> list[str]:
    ports = ports_cell(row.ports, wide)
    return [
        str(row.change),
        ends_cell(row.sources, folding, wide),
        ends_cell(row.destinations, folding, wide),
        f"{ports} (IPv{row.family})" if row.family else ports,
        str(row.before or "-"),
        str(row.after or "-"),
        causes_text(row) or "-",
    ]


def _witnesses(diff: Diff) -> Iterator[str]:
    """The requests by which the states differ, where ports and verdicts alone do not say it."""
    for row in diff.rows:
        if row.witness.gained is not None or row.witness.lost is not None:
            yield f"witness: {witness_text(row)}"


def _ways(diff: Diff, style: Style) -> Iterator[str]:
    """Ways in that differ, as a table of their own."""
    heads = ["WAY IN", "OPENED BY", "HOPS", "PORTS", "BEFORE", "AFTER", "CAUSE"]
    cells = [
        [
            str(row.change),
            printable("; ".join(row.openings)) + (f" ({hosts})" if (hosts := hosts_text(row)) else ""),
            hops_text(row),
            printable(", ".join(row.ports)),
            str(row.before or "-"),
            str(row.after or "-"),
            causes_text(row) or "-",
        ]
        for row in diff.ways
    ]
    head, *body = aligned(heads, cells)
    yield style.strong("   ".join(head)).rstrip()
    for row, line in zip(diff.ways, body, strict=True):
        line[0] = style.paint(line[0], _COLOURS.get(row.change, "faint"))
        for at, verdict in ((4, row.before), (5, row.after)):
            line[at] = style.paint(line[at], str(verdict or ""))
        yield "   ".join(line).rstrip()
    if diff.ways_left_out:
        yield f"{diff.ways_left_out} more ways in are left out (--limit)"


def _shortened(lines: Iterable[str]) -> Iterator[str]:
    """At most ``LISTED`` lines of each kind."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(line.partition(":")[0], []).append(line)
    for kind, members in groups.items():
        yield from members[:LISTED]
        if len(members) > LISTED:
            yield f"{kind}: {len(members) - LISTED} more (-o wide lists all)"
