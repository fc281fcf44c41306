"""``diff -o md``: the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.reports.comment import Comment
from ringfence.reports.differences.layers import layers_text
from ringfence.reports.differences.risk import Risk, risk_of, risk_of_way
from ringfence.reports.differences.sentences import (
    altered_text,
    cause_text,
    hops_text,
    hosts_text,
    no_cause,
    place_of,
    verdict_line,
    way_witness_text,
    witness_text,
)
from ringfence.reports.folding import Folding
from ringfence.reports.markdown import markdown_cell
from ringfence.reports.places import place_text
from ringfence.reports.ranges import ports_text
from ringfence.verdict.changes import Change, Diff, DiffRow, WayChange

LISTED = 6
"""Ends, or causes, in a cell; the rest is counted, and -o json names all."""
WAY_HEADS = ("Opened by", "Hops", "Ports", "Before", "After", "Decided by", "Risk")
HEADS = ("Source", "Destination", "Ports", "Before", "After", "Decided by", "Risk")
LAYERED_HEADS = ("Source", "Destination", "Ports", "Before", "After", "What", "Decided by", "Risk")

_TITLES = {
    Change.WIDENED: "Widened: more is allowed than before",
    Change.NARROWED: "Narrowed: less is allowed than before",
    Change.CHANGED: "Changed: some of it widened, some narrowed",
    Change.NEW: "New ends and what they may do",
    Change.GONE: "Ends that are gone and what they could do",
    Change.WEAKENED: "Weakened: allowed as before, and protected less",
    Change.STRENGTHENED: "Strengthened: allowed as before, and protected better",
    Change.OTHERWISE: "Otherwise: allowed as before, over something else or as somebody else",
}
_OPEN = (Change.WIDENED, Change.CHANGED, Change.WEAKENED)
"""Sections that need no click."""
_TAKEN_BACK = (Change.WIDENED, Change.NARROWED, Change.WEAKENED)


def markdown_lines(diff: Diff) -> Iterator[str]:
    """The comment."""
    comment = Comment("diff", markdown_cell(verdict_line(diff)))
    if diff.partial:
        comment.add("", "⚠ Some of the input was not read: this speaks of the rest.")
    folding = Folding(diff.ends)
    heads = LAYERED_HEADS if diff.of_protection else HEADS
    for change in Change:
        rows = sorted(
            ((risk_of(row, diff.sensitive), row) for row in diff.rows if row.change is change),
            key=lambda pair: pair[0].severity.rank,
        )
        lines = [_row(row, risk, folding, diff.of_protection) for risk, row in rows]
        comment.table(_TITLES[change], heads, lines, change in _OPEN)
    opened = any(row.change in _OPEN for row in diff.ways)
    comment.table("Ways in from outside", WAY_HEADS, [_way(row, diff) for row in diff.ways], opened)
    for title, items in _lists(diff):
        comment.listing(title, items)
    first = next((row for row in diff.rows if row.change in _TAKEN_BACK), None)
    if first is not None and (place := place_text(place_of(first))):
        comment.add("", f"To take the first change back, undo {markdown_cell(place)}.")
    yield from comment.written(diff.left_out + diff.ways_left_out)


def _row(row: DiffRow, risk: Risk, folding: Folding, layered: bool) -> tuple[str, ...]:
    family = f" (IPv{row.family})" if row.family else ""
    causes = [markdown_cell(cause_text(cause)) for cause in row.causes[:LISTED]]
    if len(row.causes) > LISTED:
        causes.append(f"+{len(row.causes) - LISTED} more")
    causes.extend(no_cause(row))
    causes.append(f"<sub>{markdown_cell(witness_text(row))}</sub>")
    return (
        _ends(row.sources, folding),
        _ends(row.destinations, folding),
        f"{ports_text(row.ports)}{family}",
        str(row.before or "–"),
        str(row.after or "–"),
        *((markdown_cell(layers_text(row)),) if layered else ()),
        "<br>".join(causes),
        str(risk),
    )


def _way(row: WayChange, diff: Diff) -> tuple[str, ...]:
    causes = [markdown_cell(cause_text(cause)) for cause in row.causes[:LISTED]]
    if len(row.causes) > LISTED:
        causes.append(f"+{len(row.causes) - LISTED} more")
    causes.extend(no_cause(row))
    if witness := way_witness_text(row):
        causes.append(f"<sub>{markdown_cell(witness)}</sub>")
    opened = [markdown_cell(text) for text in row.openings[:LISTED]]
    if len(row.openings) > LISTED:
        opened.append(f"+{len(row.openings) - LISTED} more")
    if hosts := hosts_text(row):
        opened.append(f"<sub>{markdown_cell(hosts)}</sub>")
    return (
        f"{row.change}: {'<br>'.join(opened)}",
        markdown_cell(hops_text(row)),
        markdown_cell(", ".join(row.ports)),
        str(row.before or "–"),
        str(row.after or "–"),
        "<br>".join(causes),
        str(risk_of_way(row, diff.sensitive)),
    )


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
