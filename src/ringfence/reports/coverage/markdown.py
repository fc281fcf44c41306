"""``coverage -o md``: the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.reports.comment import Comment
from ringfence.reports.coverage.text import (
    NAMESPACE_HEADS,
    excluded_text,
    figure_text,
    layer_lines,
    namespace_row,
    step_heads,
    step_row,
    workload_heads,
    workload_row,
    worst_first,
)
from ringfence.reports.markdown import markdown_cell
from ringfence.reports.places import place_text
from ringfence.verdict.coverage import DIRECTIONS, Coverage, Status

WORDS = 300
"""Characters of a cell: ports that nobody can read in a table are in -o json."""


def markdown_lines(coverage: Coverage, limit: int | None = None) -> Iterator[str]:
    """The comment. ``limit``: at most so many workloads and steps each."""
    comment = Comment(
        "coverage", markdown_cell(" · ".join(figure_text(coverage, direction) for direction in DIRECTIONS))
    )
    if coverage.exclude:
        comment.add("", _cell(excluded_text(coverage)))
    if coverage.only is not None:
        comment.add("", _cell(f"only namespace {coverage.only} (-n)"))
    if coverage.partial:
        comment.add("", "⚠ Some of the input was not read: this speaks of the rest.")
    every = worst_first(coverage)
    kept = every[:limit]
    closed = [one for one in kept if all(side.status is Status.CLOSED for side in one.sides.values())]
    others = [one for one in kept if one not in closed] if closed else kept
    for line in layer_lines(coverage):
        comment.add("", _cell(line))
    heads = (*workload_heads(coverage), "Where")
    shown = {
        id(one): [*map(_cell, workload_row(one)), markdown_cell(place_text(one.place))] for one in (*others, *closed)
    }
    comment.table("Not closed", heads, [shown[id(one)] for one in others], opened=True)
    steps = coverage.steps[:limit]
    rows = [list(map(_cell, step_row(number, step, coverage.meshed))) for number, step in enumerate(steps, 1)]
    comment.table("What to do next, the most first", step_heads(coverage), rows)
    rows = [list(map(_cell, namespace_row(one))) for one in coverage.namespaces]
    comment.table("Namespaces", NAMESPACE_HEADS, rows)
    comment.table("Closed in both directions", heads, [shown[id(one)] for one in closed])
    yield from comment.written(len(every) - len(kept) + len(coverage.steps) - len(steps))


def _cell(text: str) -> str:
    return markdown_cell(text if len(text) <= WORDS else f"{text[:WORDS]}…")
