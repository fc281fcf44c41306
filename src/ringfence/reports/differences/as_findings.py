"""Rows of ``diff`` as findings, for the formats of continuous integration: each stands on the object that caused it."""

from __future__ import annotations

from collections.abc import Callable

from ringfence.model.provenance import Place
from ringfence.reports.context import Context
from ringfence.reports.differences.layers import asked_texts, layers_text
from ringfence.reports.differences.risk import Risk, risk_of, risk_of_way
from ringfence.reports.differences.sentences import place_of, shown_verdict, way_witness_text
from ringfence.reports.findings.report import Report
from ringfence.reports.ranges import ports_text
from ringfence.rules import baseline
from ringfence.rules.assessment import Assessment, Found
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.registry import Entry
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.changes import OF_PROTECTION, Change, Diff, DiffRow, WayChange

NAMED = 3
"""Ends that a message names; the rest is counted."""

_SLUGS = {
    Change.WIDENED: (Severity.MEDIUM, "More is allowed than before"),
    Change.NARROWED: (Severity.LOW, "Less is allowed than before"),
    Change.CHANGED: (Severity.MEDIUM, "Some of what is allowed widened, some narrowed"),
    Change.NEW: (Severity.INFO, "A new end may send or be reached"),
    Change.GONE: (Severity.INFO, "An end is gone that could send or be reached"),
    Change.WEAKENED: (Severity.MEDIUM, "What is allowed as before is protected less"),
    Change.STRENGTHENED: (Severity.INFO, "What is allowed as before is protected better"),
    Change.OTHERWISE: (Severity.LOW, "What is allowed as before goes over something else, or as somebody else"),
}
_WAY_SLUGS = {
    Change.WIDENED: (Severity.HIGH, "More gets in from outside than before"),
    Change.NARROWED: (Severity.LOW, "Less gets in from outside than before"),
    Change.CHANGED: (Severity.HIGH, "Some of what gets in from outside widened, some narrowed"),
    Change.NEW: (Severity.HIGH, "A new end is reached from outside"),
    Change.GONE: (Severity.INFO, "An end is gone that was reached from outside"),
}
_PAGE = """# diff-{change}

{title}.

## Why this is bad

The change of the manifests alters who can reach whom. A reviewer should know, and agree. The witness is one flow with
its verdict before and after; the place is the object whose change made the difference.
"""


def _id(change: Change) -> str:
    return f"DIFF-{change.upper()}"


def _way_id(change: Change) -> str:
    return f"DIFF-WAY-{change.upper()}"


def _entries(layered: bool) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for change, (severity, title) in _SLUGS.items():
        if change in OF_PROTECTION and not layered:
            continue
        rule = Rule(_id(change), f"reach-{change}", title, severity, Precision.VERY_HIGH, Needs.REACH)
        found[rule.id] = Entry(rule, lambda situation: iter(()), _PAGE.format(change=change, title=title))
    for change, (severity, title) in _WAY_SLUGS.items():
        rule = Rule(_way_id(change), f"way-in-{change}", title, severity, Precision.VERY_HIGH, Needs.REACH)
        found[rule.id] = Entry(rule, lambda situation: iter(()), _PAGE.format(change=f"way-{change}", title=title))
    return found


def findings_report(diff: Diff, context: Context, locate: Callable[[str], str], version: str) -> Report:
    """What the formats of findings take."""
    risks = [risk_of(row, diff.sensitive) for row in diff.rows]
    findings = [_finding(row, risk) for row, risk in zip(diff.rows, risks, strict=True)]
    risks += [risk_of_way(way, diff.sensitive) for way in diff.ways]
    findings += [_way_finding(way, risk) for way, risk in zip(diff.ways, risks[len(diff.rows) :], strict=True)]
    identities = baseline.identities(findings)
    every = [
        Found(finding, risk.severity, identity.fingerprint)
        for risk, finding, identity in zip(risks, findings, identities, strict=True)
    ]
    # Readers take so many and drop the rest: the worst come first.
    found = tuple(sorted(every, key=lambda one: one.severity.rank))
    rules = _entries(diff.of_protection)
    unknown = tuple(
        NotEvaluable(_id(Change.CHANGED), Subject("Cluster", "", one.what), one.why, one.place)
        for one in diff.not_compared
    )
    return Report(
        Assessment(found, (), unknown, tuple(rules), hidden=diff.left_out + diff.ways_left_out),
        rules,
        context,
        locate,
        version=version,
        command="diff",
    )


def _finding(row: DiffRow, risk: Risk) -> Finding:
    cause = next(iter(row.causes), None)
    subject = (
        Subject(cause.altered.kind, cause.altered.namespace or "", cause.altered.name)
        if cause is not None
        else Subject("Cluster", "", row.destinations[0])
    )
    ports = ports_text(row.ports) + (f" (IPv{row.family})" if row.family else "")
    message = f"{row.change}: {_some(row.sources)} to {_some(row.destinations)} on {ports}: {shown_verdict(row)}; "
    what = layers_text(row)
    message += f"{what}; risk: {risk.why}" if what else f"risk: {risk.why}"
    related = tuple(
        Related(other.place, f"{other.altered.kind} {other.altered.name} {other.altered.how} too")
        for other in row.causes[1:]
        if other.place is not None
    )
    witness = row.witness
    told = f"Witness: {witness.source or witness.source_before} -> "
    asked = "".join(f" {text}." for text in asked_texts(row))
    told += f"{witness.destination or witness.destination_before} {witness.port}.{asked}"
    return Finding(
        _id(row.change),
        f"{message}. {told}",
        place_of(row) or Place(""),
        subject,
        (*row.sources, "->", *row.destinations, ports, shown_verdict(row), *((what,) if what else ())),
        related,
    )


def _way_finding(row: WayChange, risk: Risk) -> Finding:
    opening = row.opening
    cause = next(iter(row.causes), None)
    subject = (
        Subject(cause.altered.kind, cause.altered.namespace or "", cause.altered.name)
        if cause is not None
        else Subject(opening.kind, opening.namespace, opening.name)
    )
    ports = ", ".join(row.ports)
    message = f"way in {row.change}: {_some(row.openings)}: {' -> '.join(row.through[: NAMED + 1])} on {ports}: "
    message += f"{shown_verdict(row)}; risk: {risk.why}"
    witness = way_witness_text(row)
    return Finding(
        _way_id(row.change),
        f"{message}. Witness: {witness}." if witness else f"{message}.",
        row.place,
        subject,
        (*row.openings, "->", *row.destinations, ports, shown_verdict(row)),
        tuple(
            Related(other.place, f"{other.altered.kind} {other.altered.name} {other.altered.how} too")
            for other in row.causes[1:]
            if other.place is not None
        ),
    )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown
