"""``diff -o json`` and ``equivalent -o json``: the shapes as types, from which the schemas are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ringfence.reports.context import Context
from ringfence.reports.differences.request_documents import RequestDocument, request_document
from ringfence.reports.differences.risk import risk_of, risk_of_way
from ringfence.reports.documents import (
    DecisionDocument,
    Document,
    EncryptionWord,
    PortsDocument,
    ProblemDocument,
    ProfileDocument,
    VerdictWord,
    decision_documents,
    head,
    ports_document,
)
from ringfence.reports.ways_in_documents import OpeningDocument, opening_document
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import LAYERS
from ringfence.verdict.changes import (
    OF_PROTECTION,
    AskedRequest,
    Cause,
    Change,
    Diff,
    DiffRow,
    Edge,
    Layers,
    NotCompared,
    WayChange,
    Witness,
)
from ringfence.verdict.meshed.values import LAYERS as ALL_LAYERS

SeverityWord = Literal["critical", "high", "medium", "low", "info"]
ChangeWord = Literal["widened", "narrowed", "changed", "new", "gone", "weakened", "strengthened", "otherwise"]


class AlteredDocument(Document, frozen=True):
    """An object that is not the same in both states. ``file`` and ``line`` are where it stands after, or stood."""

    how: Literal["added", "removed", "changed", "moved"]
    kind: str
    namespace: str | None
    name: str
    detail: str
    file: str
    line: int


class CauseDocument(AlteredDocument, frozen=True):
    """An object whose change made the difference. ``rule`` counts from 0; null where the object itself decides."""

    rule: int | None
    direction: str


class RiskDocument(Document, frozen=True):
    """How much a reviewer should care about a row, and why."""

    severity: SeverityWord
    why: str


class AskedRequestDocument(RequestDocument, frozen=True):
    """A request that tells the states apart, and what either says of it."""

    before: VerdictWord | None
    after: VerdictWord | None


class DiffWitnessDocument(Document, frozen=True):
    """One flow of a row, as ``ringfence can`` takes it; an end may have another name in the two states, and none where
    it is new or gone. ``gained``, ``lost``: requests over it of which more, or less, is allowed than before."""

    source_before: str
    destination_before: str
    source: str
    destination: str
    port: str
    gained: AskedRequestDocument | msgspec.UnsetType = msgspec.UNSET
    lost: AskedRequestDocument | msgspec.UnsetType = msgspec.UNSET


class EdgeDocument(Document, frozen=True):
    """What the flows of a row come to in one state. ``identity``: whom the deciding point knows, of the witness.
    ``holds`` false: the witness is denied by its own configuration alone."""

    requests: str
    encryption: EncryptionWord
    identity: str | None
    holds: bool


class RowLayersDocument(Document, frozen=True):
    """What a row is about. ``configured``: what clients get as they are configured; ``unbound``: what they get who
    control their pods, where that changed otherwise; ``protection``: what encrypts, and who is known to send; ``wire``:
    what the network plugin encrypts where a connection leaves a node.
    ``before`` or ``after`` null: that state lacks an end."""

    aspect: Literal["configured", "unbound", "protection", "wire"]
    before: EdgeDocument | None
    after: EdgeDocument | None


class DiffRowDocument(Document, frozen=True):
    """Every source to every destination on every port. ``before`` null: an end is new; ``after`` null: one is gone.
    ``family``: in this address family only. ``explained`` false: the causes alone do not make the difference;
    ``attributed`` false: so much changed that the causes were not looked for. ``layered`` is there where a mesh is, or
    a network plugin encrypts otherwise; ``joined``: only of those flows that are allowed in both states, which are too
    many to tell apart."""

    change: ChangeWord
    sources: list[str]
    destinations: list[str]
    ports: list[PortsDocument]
    before: VerdictWord | None
    after: VerdictWord | None
    causes: list[CauseDocument]
    explained: bool
    attributed: bool
    family: int | None
    risk: RiskDocument
    witness: DiffWitnessDocument
    decided_before: list[DecisionDocument]
    decided_after: list[DecisionDocument]
    reason_before: str
    reason_after: str
    layered: RowLayersDocument | msgspec.UnsetType = msgspec.UNSET
    joined: bool | msgspec.UnsetType = msgspec.UNSET


class WayChangeDocument(Document, frozen=True):
    """Ways in of one object that changed alike. ``before`` null: the state before lacks the way, ``after`` null: the
    state after. ``through``: the ends of their hops. The witness is a packet at the last hop, as policy sees it."""

    change: ChangeWord
    opened_by: OpeningDocument
    openings: list[str]
    hosts: list[str]
    paths: list[str]
    through: list[str]
    destinations: list[str]
    ports: list[str]
    before: VerdictWord | None
    after: VerdictWord | None
    causes: list[CauseDocument]
    explained: bool
    risk: RiskDocument
    witness: DiffWitnessDocument
    decided_before: list[DecisionDocument]
    decided_after: list[DecisionDocument]
    reason_before: str
    reason_after: str


class MovedDocument(Document, frozen=True):
    """A workload under another namespace or kind."""

    before: str
    after: str


class NotComparedDocument(Document, frozen=True):
    """What could not be compared. ``blocking``: without other rows the answer is not "the same"."""

    what: str
    why: str
    file: str
    line: int
    blocking: bool


class CountsDocument(Document, frozen=True):
    """Rows of each kind, also those that were left out. The last three are there where a mesh is."""

    widened: int
    narrowed: int
    changed: int
    new: int
    gone: int
    weakened: int | msgspec.UnsetType = msgspec.UNSET
    strengthened: int | msgspec.UnsetType = msgspec.UNSET
    otherwise: int | msgspec.UnsetType = msgspec.UNSET


class DiffDocument(Document, frozen=True):
    """``ringfence diff -o json``. Expanding the rows gives every flow whose verdict differs, unless ``leftOut`` says
    that rows were cut off. ``same``: no flow and no end differs; ``decided``: everything could be compared."""

    schema_version: Literal["1"]
    kind: Literal["Diff"]
    level: str
    same: bool
    decided: bool
    counts: CountsDocument
    rows: list[DiffRowDocument]
    left_out: int
    way_counts: CountsDocument
    ways: list[WayChangeDocument]
    ways_left_out: int
    new: list[str]
    gone: list[str]
    moved: list[MovedDocument]
    not_compared: list[NotComparedDocument]
    without_effect: list[AlteredDocument]
    ends: list[str]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _altered(altered: Altered) -> AlteredDocument:
    place = altered.place
    return AlteredDocument(
        how=altered.how,
        kind=altered.kind,
        namespace=altered.namespace,
        name=altered.name,
        detail=altered.detail,
        file=place.file if place else "",
        line=place.line if place else 0,
    )


def _cause(cause: Cause) -> CauseDocument:
    return CauseDocument(
        how=cause.altered.how,
        kind=cause.altered.kind,
        namespace=cause.altered.namespace,
        name=cause.altered.name,
        detail=cause.altered.detail,
        file=cause.place.file if cause.place else "",
        line=cause.place.line if cause.place else 0,
        rule=cause.rule,
        direction=cause.direction,
    )


def _witness(witness: Witness) -> DiffWitnessDocument:
    return DiffWitnessDocument(
        source_before=witness.source_before,
        destination_before=witness.destination_before,
        source=witness.source,
        destination=witness.destination,
        port=witness.port,
        gained=_asked(witness.gained),
        lost=_asked(witness.lost),
    )


def _asked(asked: AskedRequest | None) -> AskedRequestDocument | msgspec.UnsetType:
    if asked is None:
        return msgspec.UNSET
    one = request_document(asked.request)
    return AskedRequestDocument(
        method=one.method,
        path=one.path,
        host=one.host,
        headers=one.headers,
        jwt=one.jwt,
        before=asked.before.value if asked.before else None,
        after=asked.after.value if asked.after else None,
    )


def _edge(edge: Edge | None) -> EdgeDocument | None:
    if edge is None:
        return None
    return EdgeDocument(
        requests=edge.requests,
        encryption=edge.encryption,  # type: ignore[arg-type]
        identity=edge.identity,
        holds=edge.holds,
    )


def _layers(layers: Layers | None) -> RowLayersDocument | msgspec.UnsetType:
    if layers is None:
        return msgspec.UNSET
    return RowLayersDocument(aspect=layers.aspect, before=_edge(layers.before), after=_edge(layers.after))


def _counts(counts: Mapping[Change, int], layered: bool) -> CountsDocument:
    every = [change for change in Change if layered or change not in OF_PROTECTION]
    return CountsDocument(**{change.value: counts.get(change, 0) for change in every})


def _way(row: WayChange, sensitive: frozenset[str]) -> WayChangeDocument:
    risk = risk_of_way(row, sensitive)
    return WayChangeDocument(
        change=row.change.value,
        opened_by=opening_document(row.opening),
        openings=list(row.openings),
        hosts=list(row.hosts),
        paths=list(row.paths),
        through=list(row.through),
        destinations=list(row.destinations),
        ports=list(row.ports),
        before=row.before.value if row.before else None,
        after=row.after.value if row.after else None,
        causes=[_cause(cause) for cause in row.causes],
        explained=row.explained,
        risk=RiskDocument(severity=risk.severity.value, why=risk.why),
        witness=_witness(row.witness),
        decided_before=decision_documents(row.decided_before),
        decided_after=decision_documents(row.decided_after),
        reason_before=row.reason_before.message if row.reason_before else "",
        reason_after=row.reason_after.message if row.reason_after else "",
    )


def _row(row: DiffRow, sensitive: frozenset[str]) -> DiffRowDocument:
    risk = risk_of(row, sensitive)
    return DiffRowDocument(
        change=row.change.value,
        sources=list(row.sources),
        destinations=list(row.destinations),
        ports=ports_document(row.ports),
        before=row.before.value if row.before else None,
        after=row.after.value if row.after else None,
        causes=[_cause(cause) for cause in row.causes],
        explained=row.explained,
        attributed=row.attributed,
        family=row.family,
        risk=RiskDocument(severity=risk.severity.value, why=risk.why),
        witness=_witness(row.witness),
        decided_before=decision_documents(row.decided_before),
        decided_after=decision_documents(row.decided_after),
        reason_before=row.reason_before.message if row.reason_before else "",
        reason_after=row.reason_after.message if row.reason_after else "",
        layered=_layers(row.layers),
        joined=True if row.joined else msgspec.UNSET,
    )


def _not_compared(one: NotCompared) -> NotComparedDocument:
    return NotComparedDocument(
        what=one.what,
        why=one.why,
        file=one.place.file if one.place else "",
        line=one.place.line if one.place else 0,
        blocking=one.blocking,
    )


def diff_document(diff: Diff, context: Context) -> DiffDocument:
    """The document of ``diff``."""
    return DiffDocument(
        kind="Diff",
        level=diff.level,
        same=diff.same,
        decided=diff.decided,
        counts=_counts(diff.counts, diff.of_protection),
        rows=[_row(row, diff.sensitive) for row in diff.rows],
        left_out=diff.left_out,
        way_counts=_counts(diff.way_counts, False),
        ways=[_way(row, diff.sensitive) for row in diff.ways],
        ways_left_out=diff.ways_left_out,
        new=list(diff.new),
        gone=list(diff.gone),
        moved=[MovedDocument(before=old, after=new) for old, new in diff.moved],
        not_compared=[_not_compared(one) for one in diff.not_compared],
        without_effect=[_altered(one) for one in diff.without_effect],
        ends=list(diff.ends),
        **{**head(context, diff.partial), "layers": list(ALL_LAYERS if diff.layered else LAYERS)},
    )
