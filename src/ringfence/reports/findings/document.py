"""``check -o json``: the shape as types, from which the schema is made."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ringfence.model.provenance import Place
from ringfence.reports.documents import Document, ProblemDocument, ProfileDocument, TraceDocument, head, trace_document
from ringfence.reports.findings.report import Report
from ringfence.rules.assessment import Found
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject, Witness
from ringfence.rules.registry import Entry
from ringfence.rules.suppression import Suppressed
from ringfence.verdict.meshed.request import Request

SeverityWord = Literal["critical", "high", "medium", "low", "info"]


class ObjectDocument(Document, frozen=True):
    """An object of the cluster. ``namespace`` null: it has none."""

    kind: str
    namespace: str | None
    name: str


class PlaceDocument(Document, frozen=True):
    """Lines and columns count from 1; 0 means not known."""

    file: str
    line: int
    column: int


class RelatedDocument(PlaceDocument, frozen=True):
    """Another place that belongs to a finding."""

    message: str


class RequestDocument(Document, frozen=True):
    """An HTTP request, with the keys that a line of ``can --flows`` has; null: none is named."""

    method: str
    path: str
    host: str | None
    headers: dict[str, str]
    jwt: dict[str, Any] | None
    identity: str | None = msgspec.field(name="as")


class FlowDocument(Document, frozen=True):
    """A flow that shows the finding: what ``ringfence can`` says of it. ``port`` null: every port; ``request`` null:
    all requests together. ``holds`` false: only the client's own configuration denies it, as ``can`` says
    too; a verdict that allows is then what somebody gets who controls the client's pod.
    ``together`` null: ``verdict`` is that of all layers; else it is that of the network layer alone, and ``together``
    what all layers say of the flow."""

    source: str
    destination: str
    port: int | str | None
    protocol: str | None
    verdict: str
    request: RequestDocument | None = None
    holds: bool = True
    together: str | None = None


class FindingExplanationDocument(Document, frozen=True):
    """With ``--explain``: the rule's page (Markdown) and how its witness is decided."""

    page: str
    traces: list[TraceDocument]


class FindingDocument(PlaceDocument, frozen=True):
    """One finding. ``fingerprint`` stays the same when lines move."""

    rule: str
    severity: SeverityWord
    message: str
    object: ObjectDocument
    evidence: list[str]
    related: list[RelatedDocument]
    witness: FlowDocument | None
    fix: str
    fingerprint: str
    explanation: FindingExplanationDocument | None


class SuppressedDocument(PlaceDocument, frozen=True):
    """A finding that a suppression hides."""

    rule: str
    message: str
    object: ObjectDocument
    suppression: SuppressionDocument


class SuppressionDocument(PlaceDocument, frozen=True):
    """A suppression. ``until`` and ``owner`` are empty where it gives none."""

    origin: Literal["annotation", "comment", "configuration"]
    reason: str
    until: str
    owner: str


class NotEvaluableDocument(PlaceDocument, frozen=True):
    """What a rule could neither find nor rule out."""

    rule: str
    object: ObjectDocument
    why: str


class FixedDocument(Document, frozen=True):
    """A finding of the baseline that is gone."""

    rule: str
    object: ObjectDocument
    fingerprint: str


class BaselineDocument(Document, frozen=True):
    """``known``: how many findings the baseline hides."""

    known: int
    fixed: list[FixedDocument]


class RuleDocument(Document, frozen=True):
    """A rule that ran."""

    id: str
    slug: str
    title: str
    severity: SeverityWord
    precision: str
    needs: str
    frameworks: list[str]
    aliases: list[str]


class FindingsDocument(Document, frozen=True):
    """``ringfence check -o json``. ``hidden``: findings that --min-severity or -n leave out. ``notEvaluable`` has
    neither passed nor failed."""

    schema_version: Literal["1"]
    kind: Literal["Findings"]
    findings: list[FindingDocument]
    suppressed: list[SuppressedDocument]
    not_evaluable: list[NotEvaluableDocument]
    baseline: BaselineDocument | None
    hidden: int
    rules: list[RuleDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _place(place: Place | None) -> dict[str, Any]:
    return {
        "file": place.file if place else "",
        "line": place.line if place else 0,
        "column": place.column if place else 0,
    }


def _object(subject: Subject) -> ObjectDocument:
    return ObjectDocument(kind=subject.kind, namespace=subject.namespace or None, name=subject.name)


def _request(request: Request | None) -> RequestDocument | None:
    if request is None:
        return None
    claims = request.claims
    return RequestDocument(
        method=request.method,
        path=request.target,
        host=request.host or None,
        headers=dict(sorted(request.headers.items())),
        jwt=None if claims is None else {".".join(path): value for path, value in sorted(claims.items())},
        identity=request.identity or None,
    )


def _witness(witness: Witness | None) -> FlowDocument | None:
    if witness is None:
        return None
    return FlowDocument(
        source=witness.source,
        destination=witness.destination,
        port=witness.port,
        protocol=witness.protocol,
        verdict=str(witness.expected),
        request=_request(witness.request),
        holds=witness.binds and not witness.unbound,
        together=None if witness.together is None else str(witness.together),
    )


def severity_word(severity: Severity) -> Any:
    """The severity as documents write it."""
    return severity.value


def _finding(found: Found, report: Report) -> FindingDocument:
    finding: Finding = found.finding
    explanation = None
    if report.explained:
        traced = report.explanations.get(found.fingerprint)
        explanation = FindingExplanationDocument(
            page=report.rules[finding.rule].page,
            traces=[trace_document(trace) for trace in traced.traces] if traced else [],
        )
    return FindingDocument(
        rule=finding.rule,
        severity=severity_word(found.severity),
        message=finding.message,
        object=_object(finding.subject),
        evidence=list(finding.evidence),
        related=[RelatedDocument(message=one.message, **_place(one.place)) for one in finding.related],
        witness=_witness(finding.witness),
        fix=finding.fix,
        fingerprint=found.fingerprint,
        explanation=explanation,
        **_place(finding.place),
    )


def _suppressed(one: Suppressed) -> SuppressedDocument:
    suppression = one.suppression
    return SuppressedDocument(
        rule=one.finding.rule,
        message=one.finding.message,
        object=_object(one.finding.subject),
        suppression=SuppressionDocument(
            origin=suppression.origin.value,
            reason=suppression.reason,
            until=suppression.until,
            owner=suppression.owner,
            **_place(suppression.place),
        ),
        **_place(one.finding.place),
    )


def _not_evaluable(one: NotEvaluable) -> NotEvaluableDocument:
    return NotEvaluableDocument(rule=one.rule, object=_object(one.scope), why=one.why, **_place(one.place))


def rule_document(entry: Entry) -> RuleDocument:
    """A rule without its page."""
    rule = entry.rule
    return RuleDocument(
        id=rule.id,
        slug=rule.slug,
        title=rule.title,
        severity=severity_word(rule.severity),
        precision=rule.precision.value,
        needs=rule.needs.value,
        frameworks=list(rule.frameworks),
        aliases=list(rule.aliases),
    )


def findings_document(report: Report) -> FindingsDocument:
    """The document of ``check``."""
    assessment = report.assessment
    baseline = None
    if assessment.with_baseline:
        fixed = [
            FixedDocument(rule=one.rule, object=_object(one.subject), fingerprint=one.fingerprint)
            for one in assessment.fixed
        ]
        baseline = BaselineDocument(known=len(assessment.known), fixed=fixed)
    return FindingsDocument(
        kind="Findings",
        findings=[_finding(found, report) for found in assessment.found],
        suppressed=[_suppressed(one) for one in assessment.suppressed],
        not_evaluable=[_not_evaluable(one) for one in assessment.not_evaluable],
        baseline=baseline,
        hidden=assessment.hidden,
        rules=[rule_document(entry) for entry in report.rules.values()],
        **head(report.context),
    )
