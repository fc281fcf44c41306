"""``check`` for people: findings with the lines they stand on, or one line each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports.explanation_text import SNIPPET_WIDTH, trace_lines
from ringfence.reports.findings.report import (
    Report,
    not_evaluable_groups,
    subject_text,
    summary,
    why_bad,
    witness_text,
)
from ringfence.reports.style import Style
from ringfence.rules.assessment import Found

LISTED = 3
"""Objects that a line about what could not be evaluated names; the rest is counted."""


def concise_lines(report: Report, style: Style) -> Iterator[str]:
    """``file:line:column: NP-001 [high] message``."""
    for found in report.assessment.found:
        finding = found.finding
        place = style.strong(printable(str(finding.place)) or "?")
        severity = style.paint(f"[{found.severity}]", found.severity)
        yield f"{place}: {finding.rule} {severity} {printable(finding.message)}"


def table_lines(report: Report, style: Style) -> Iterator[str]:
    """Every finding with its place, its line and how to mend it."""
    for found in report.assessment.found:
        yield from _finding(found, report, style)
        yield ""
    yield from closing_lines(report, style)


def closing_lines(report: Report, style: Style) -> Iterator[str]:
    """What is no finding, and the sum."""
    for rule, why, members in not_evaluable_groups(report):
        scopes = list(dict.fromkeys(str(one.scope) for one in members))
        names = ", ".join(map(printable, scopes[:LISTED]))
        more = f" and {len(scopes) - LISTED} more" if len(scopes) > LISTED else ""
        yield f"{style.faint('not evaluable:')} {rule} for {names}{more}: {printable(why)}"
    for entry in report.assessment.fixed:
        yield f"{style.faint('fixed:')} {entry.rule} {printable(str(entry.subject))} (drop it from the baseline)"
    yield summary(report)


def _finding(found: Found, report: Report, style: Style) -> Iterator[str]:
    finding = found.finding
    head = style.paint(f"{found.severity}[{finding.rule}]", found.severity)
    yield f"{head} {style.strong(printable(finding.message))}"
    places = [finding.place, *(one.place for one in finding.related)]
    width = max((len(str(place.line)) for place in places), default=1)
    yield from _shown(finding.place, "", "-->", width, report, style)
    for one in finding.related:
        yield from _shown(one.place, one.message, ":::", width, report, style)
    pad = " " * width
    yield f"{pad} = {style.faint('object:')} {subject_text(finding)}"
    if finding.witness is not None:
        yield f"{pad} = {style.faint('witness:')} {witness_text(finding.witness)}"
    yield from _noted("help", finding.fix.splitlines(), pad, style)
    if report.explained:
        entry = report.rules.get(finding.rule)
        yield from _noted("why", textwrap.wrap(why_bad(entry), 100) if entry else [], pad, style)
        explanation = report.explanations.get(found.fingerprint)
        for trace in explanation.traces if explanation else ():
            yield from (f"{pad}   {line}" for line in trace_lines(trace, report.context, style))


def _noted(word: str, lines: Iterable[str], pad: str, style: Style) -> Iterator[str]:
    for at, line in enumerate(lines):
        start = f"{pad} = {style.faint(f'{word}:')} " if not at else f"{pad}   {' ' * (len(word) + 2)}"
        yield f"{start}{printable(line)}"


def _shown(place: Place, message: str, arrow: str, width: int, report: Report, style: Style) -> Iterator[str]:
    pad = " " * width
    if not place.file:
        return
    said = f" {printable(message)}" if message else ""
    yield f"{pad}{style.faint(arrow)} {printable(str(place))}{said}"
    line = report.context.snippet(place) if place.line else None
    if line is None:
        return
    text = printable(line.rstrip())
    shown = text if len(text) <= SNIPPET_WIDTH else f"{text[:SNIPPET_WIDTH]}..."
    # Escapes make a line longer: the caret goes under what is printed, not under what is written.
    start = len(printable(line[: max(place.column - 1, 0)]))
    marks = "^" * max(min(len(text), SNIPPET_WIDTH) - start, 1)
    bar = style.faint("|")
    yield f"{pad} {bar}"
    yield f"{style.faint(str(place.line).rjust(width))} {bar} {shown}".rstrip()
    if start <= SNIPPET_WIDTH:
        yield f"{pad} {bar} {' ' * start}{style.paint(marks, 'warning')}"
