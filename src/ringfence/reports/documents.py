"""The JSON documents: their shapes as types, from which the published schemas are made, and how values become them.

``decided_by`` has the shape and the name that the lines of ``can --flows`` have; other keys are written as Kubernetes
writes them. A new key may be added within a schema version; a change of meaning raises it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ringfence.model.problems import Problem
from ringfence.reports.context import Context
from ringfence.reports.layers import identity_of
from ringfence.reports.unknowns import unknown_groups
from ringfence.sets.ports import Intervals, members_by_protocol
from ringfence.verdict.answers import (
    LAYERS,
    Answer,
    Connections,
    Decision,
    DirectionTrace,
    Edit,
    Explanation,
    FlowChange,
    Part,
    PolicyTrace,
    Reason,
    Row,
    Trace,
)
from ringfence.verdict.meshed.values import HopVerdict, Layered, LayerVerdict, port_and_protocol

SCHEMA_VERSION: Literal["1"] = "1"
"""Raised when the meaning of a key changes; new keys do not raise it."""

VerdictWord = Literal["allowed", "denied", "unknown", "mixed"]
EncryptionWord = Literal["none", "mtls", "hbone", "wireguard", "ipsec", "tls", "unknown"]


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Keys as Kubernetes writes them."""


class ProfileDocument(Document, frozen=True):
    """The profile that decided what the specification leaves open, and how it was chosen."""

    name: str
    chosen_by: str


class ProblemDocument(Document, frozen=True):
    """One problem of the input. Lines and columns count from 1; 0 means not known."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning", "notice"]
    code: str
    message: str
    hint: str
    partial: bool


class PortsDocument(Document, frozen=True):
    """Destination ports first..last of one protocol, both ends included."""

    protocol: Literal["TCP", "UDP", "SCTP"]
    first: int
    last: int


class DecisionDocument(Document, frozen=True):
    """An object that decided. ``rule`` counts from 0; null where the object itself decides."""

    layer: str
    direction: str
    kind: str
    namespace: str | None
    name: str
    rule: int | None
    file: str
    line: int


class WitnessDocument(Document, frozen=True):
    """One concrete flow of a part."""

    source: str
    destination: str
    port: str


class LayerDocument(Document, frozen=True):
    """What one layer says by itself: ``network``, ``transport`` or ``requests``."""

    layer: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument] = msgspec.field(name="decided_by")


class HopDocument(Document, frozen=True):
    """One connection of a flow: the port on the wire, who opens it and to whom, and the identity that the other end
    authenticated (null: nobody's). ICMP has no port. ``encryption_reason``: who encrypts it, or why nobody does."""

    source: str
    destination: str
    port: int | None
    protocol: Literal["TCP", "UDP", "SCTP", "ICMP"]
    identity: str | None
    encryption: EncryptionWord
    encryption_reason: str = msgspec.field(name="encryption_reason")
    verdict: VerdictWord
    layers: list[LayerDocument]


class LayeredDocument(Document, frozen=True):
    """What all layers say of a flow. ``identity``: what the point that decides the request authenticated. ``symptom``:
    what the client sees. ``holds`` false: only the client's own configuration denies. ``encryption``: that of the least
    encrypted hop, with who does it."""

    layers: list[LayerDocument]
    hops: list[HopDocument]
    identity: str | None
    encryption: EncryptionWord
    encryption_reason: str = msgspec.field(name="encryption_reason")
    symptom: str
    holds: bool
    notes: list[str]


class PartDocument(Document, frozen=True):
    """Flows of the question that share a verdict and what decided it. ``family`` is 4, 6 or null for both."""

    sources: list[str]
    destinations: list[str]
    ports: list[PortsDocument]
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument] = msgspec.field(name="decided_by")
    witness: WitnessDocument
    family: int | None
    layered: LayeredDocument | None


class AnswerDocument(Document, frozen=True):
    """``ringfence can -o json``. ``partial``: some of the input was not read, the answer speaks of the rest."""

    schema_version: Literal["1"]
    kind: Literal["Answer"]
    source: str
    destination: str
    port: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument] = msgspec.field(name="decided_by")
    parts: list[PartDocument]
    layered: LayeredDocument | None
    notes: list[str]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


class RuleTraceDocument(Document, frozen=True):
    """One rule against the flow; ``matches`` null: not known."""

    index: int
    name: str
    action: str
    matches: bool | None
    criterion: str
    file: str
    line: int


class PolicyTraceDocument(Document, frozen=True):
    """One policy; ``selects`` null: perhaps."""

    kind: str
    namespace: str | None
    name: str
    file: str
    line: int
    selects: bool | None
    outcome: str
    rules: list[RuleTraceDocument]


class TierTraceDocument(Document, frozen=True):
    """One tier of one direction."""

    tier: str
    outcome: str
    policies: list[PolicyTraceDocument]


class DirectionTraceDocument(Document, frozen=True):
    """Egress of the source, or ingress of the destination."""

    direction: str
    subject: str
    verdict: VerdictWord
    summary: str
    tiers: list[TierTraceDocument]


class TraceDocument(Document, frozen=True):
    """How one concrete flow is decided."""

    source: str
    destination: str
    port: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument] = msgspec.field(name="decided_by")
    directions: list[DirectionTraceDocument]


class FlowChangeDocument(Document, frozen=True):
    """A flow whose verdict the edit changes."""

    source: str
    destination: str
    ports: list[PortsDocument]
    before: VerdictWord
    after: VerdictWord


class EditDocument(Document, frozen=True):
    """The smallest edit that flips the verdict. ``manifest`` is the object afterwards, null where it is removed.
    ``layers``: those that refuse then."""

    description: str
    layers: list[Literal["network", "transport", "requests"]]
    file: str
    line: int
    objects: int
    fields: int
    manifest: dict[str, Any] | None
    also_changes: list[FlowChangeDocument]
    also_left_out: int


class ExplanationDocument(Document, frozen=True):
    """``ringfence explain -o json``: the answer, how each kind of flow in it is decided, and the smallest edit."""

    schema_version: Literal["1"]
    kind: Literal["Explanation"]
    source: str
    destination: str
    port: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument] = msgspec.field(name="decided_by")
    parts: list[PartDocument]
    traces: list[TraceDocument]
    edit: EditDocument | None
    layered: LayeredDocument | None
    notes: list[str]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


class LayerVerdictDocument(Document, frozen=True):
    """What one layer says of a row by itself, whatever the others say."""

    layer: Literal["network", "transport", "requests"]
    verdict: VerdictWord


class RowDocument(Document, frozen=True):
    """Every source to every destination on every port. ``verdict`` is allowed, unknown, or mixed: allowed for some of
    the pods behind the names, or for some requests, only; denied in lists that were asked for denials.

    ``layers`` is empty where the input shows no mesh. ``limitedBy``: the first layer that denies the row, leaves it
    open or lets some of it pass only; empty where all allow it, or where it is not known which one. ``encryption``
    null: no mesh, or not the same for all that the row means. ``identities``: for each source what the point that
    decides about its requests authenticates (null: not known, or not the same for all of its pods); empty: nobody, or
    not known of any. ``hangsOn``: what it hangs on where encryption or identity is not known. ``requests``: those that
    pass, in short, where not all do."""

    sources: list[str]
    destinations: list[str]
    ports: list[PortsDocument]
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    layers: list[LayerVerdictDocument]
    limited_by: Literal["", "network", "transport", "requests"]
    encryption: EncryptionWord | None
    identities: list[str | None]
    hangs_on: str
    requests: str


class UnknownGroupDocument(Document, frozen=True):
    """Rows that are unknown for one reason, with the fact or flag that would decide them."""

    rows: int
    reason: str
    reason_code: str
    decide_with: str


class ConnectionsDocument(Document, frozen=True):
    """``ringfence map -o json``. Expanding the rows gives the relation; what no row holds is denied, unless
    ``leftOut`` says that rows were cut off. ``layers``: those that the verdicts speak of."""

    schema_version: Literal["1"]
    kind: Literal["Connections"]
    level: str
    rows: list[RowDocument]
    left_out: int
    ends: list[str]
    unknown: list[UnknownGroupDocument]
    notes: list[str]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def ports_document(ports: Intervals) -> list[PortsDocument]:
    """The intervals, a protocol and two numbers each."""
    return [
        PortsDocument(protocol=protocol, first=first, last=last)  # type: ignore[arg-type]
        for protocol, first, last in members_by_protocol(ports)
    ]


def _problems(problems: Iterable[Problem]) -> list[ProblemDocument]:
    return [
        ProblemDocument(
            file=problem.place.file,
            line=problem.place.line,
            column=problem.place.column,
            severity=problem.severity.value,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            partial=problem.partial,
        )
        for problem in problems
    ]


def head(context: Context, partial: bool = False) -> dict[str, Any]:
    """What every document says beside its answer."""
    return {
        "schema_version": SCHEMA_VERSION,
        "layers": list(LAYERS),
        "profile": ProfileDocument(name=context.profile, chosen_by=context.chosen_by),
        "partial": context.partial or partial,
        "problems": _problems(context.problems),
        "notices": list(context.notices),
    }


def reason_fields(reason: Reason | None) -> dict[str, str]:
    """A reason as the three keys that every document uses for it."""
    if reason is None:
        return {"reason": "", "reason_code": "", "decide_with": ""}
    return {"reason": reason.message, "reason_code": reason.code, "decide_with": reason.decide}


def decision_documents(decisions: Iterable[Decision]) -> list[DecisionDocument]:
    """The objects that decided."""
    return [DecisionDocument(**decision.as_json()) for decision in decisions]


def _layer(layer: LayerVerdict) -> LayerDocument:
    return LayerDocument(
        layer=layer.layer,
        verdict=layer.verdict.value,
        decided_by=decision_documents(layer.decided_by),
        **reason_fields(layer.reason),
    )


def _hop(hop: HopVerdict) -> HopDocument:
    number, protocol = port_and_protocol(hop.port)
    return HopDocument(
        source=hop.source,
        destination=hop.destination,
        port=number,
        protocol=protocol,  # type: ignore[arg-type]
        identity=hop.identity,
        encryption=hop.encryption,  # type: ignore[arg-type]
        encryption_reason=hop.encryption_reason,
        verdict=hop.verdict.value,
        layers=[_layer(layer) for layer in hop.layers],
    )


def layered_document(layered: Layered | None) -> LayeredDocument | None:
    """What all layers say; null where only the network was asked."""
    if layered is None:
        return None
    return LayeredDocument(
        layers=[_layer(layer) for layer in layered.layers],
        hops=[_hop(hop) for hop in layered.hops],
        identity=layered.identity,
        encryption=layered.encryption,  # type: ignore[arg-type]
        encryption_reason=layered.encryption_reason,
        symptom=layered.symptom,
        holds=layered.holds,
        notes=list(layered.notes),
    )


def _part(part: Part) -> PartDocument:
    return PartDocument(
        layered=layered_document(part.layered),
        sources=list(part.sources),
        destinations=list(part.destinations),
        ports=ports_document(part.ports),
        verdict=part.verdict.value,
        family=part.family,
        decided_by=decision_documents(part.decided_by),
        witness=WitnessDocument(
            source=part.witness_source, destination=part.witness_destination, port=part.witness_port
        ),
        **reason_fields(part.reason),
    )


def _answer_body(answer: Answer, context: Context) -> dict[str, Any]:
    return {
        **head(context, answer.partial),
        **({"layers": [layer.layer for layer in answer.layered.layers]} if answer.layered is not None else {}),
        "source": answer.source,
        "destination": answer.destination,
        "port": answer.port,
        "verdict": answer.verdict.value,
        **reason_fields(answer.reason),
        "parts": [_part(part) for part in answer.parts],
        "layered": layered_document(answer.layered),
        "notes": list(answer.notes),
        "decided_by": decision_documents(answer.decided_by),
    }


def answer_document(answer: Answer, context: Context) -> AnswerDocument:
    """The document of ``can``."""
    return AnswerDocument(kind="Answer", **_answer_body(answer, context))


def _policy(policy: PolicyTrace) -> PolicyTraceDocument:
    return PolicyTraceDocument(
        kind=policy.kind,
        namespace=policy.namespace,
        name=policy.name,
        file=policy.place.file,
        line=policy.place.line,
        selects=policy.selects,
        outcome=policy.outcome,
        rules=[
            RuleTraceDocument(
                index=rule.index,
                name=rule.name,
                action=rule.action,
                matches=rule.matches,
                criterion=rule.criterion,
                file=rule.place.file,
                line=rule.place.line,
            )
            for rule in policy.rules
        ],
    )


def _direction(direction: DirectionTrace) -> DirectionTraceDocument:
    return DirectionTraceDocument(
        direction=direction.direction,
        subject=direction.subject,
        verdict=direction.verdict.value,
        summary=direction.summary,
        tiers=[
            TierTraceDocument(
                tier=tier.tier, outcome=tier.outcome, policies=[_policy(policy) for policy in tier.policies]
            )
            for tier in direction.tiers
        ],
    )


def trace_document(trace: Trace) -> TraceDocument:
    """How one flow is decided."""
    return TraceDocument(
        source=trace.source,
        destination=trace.destination,
        port=trace.port,
        verdict=trace.verdict.value,
        directions=[_direction(direction) for direction in trace.directions],
        decided_by=decision_documents(trace.decided_by),
        **reason_fields(trace.reason),
    )


def flow_change_documents(changes: Iterable[FlowChange]) -> list[FlowChangeDocument]:
    """Flows whose verdict an edit changes."""
    return [
        FlowChangeDocument(
            source=change.source,
            destination=change.destination,
            ports=ports_document(change.ports),
            before=change.before.value,
            after=change.after.value,
        )
        for change in changes
    ]


def edit_document(edit: Edit | None) -> EditDocument | None:
    """An edit; null where none was found."""
    if edit is None:
        return None
    return EditDocument(
        description=edit.description,
        layers=list(edit.layers),  # type: ignore[arg-type]
        file=edit.place.file if edit.place else "",
        line=edit.place.line if edit.place else 0,
        objects=edit.objects,
        fields=edit.fields,
        manifest=None if edit.manifest is None else dict(edit.manifest),
        also_changes=flow_change_documents(edit.also_changes),
        also_left_out=edit.also_left_out,
    )


def explanation_document(explanation: Explanation, context: Context) -> ExplanationDocument:
    """The document of ``explain``."""
    return ExplanationDocument(
        kind="Explanation",
        traces=[trace_document(trace) for trace in explanation.traces],
        edit=edit_document(explanation.edit),
        **_answer_body(explanation.answer, context),
    )


def _row(row: Row, connections: Connections) -> RowDocument:
    layers = row.layers
    return RowDocument(
        sources=list(row.sources),
        destinations=list(row.destinations),
        ports=ports_document(row.ports),
        verdict=row.verdict.value,
        layers=[
            LayerVerdictDocument(layer=name, verdict=verdict.value)  # type: ignore[arg-type]
            for name, verdict in (layers.verdicts if layers is not None else ())
        ],
        limited_by=layers.layer if layers is not None else "",  # type: ignore[arg-type]
        encryption=layers.encryption if layers is not None else None,  # type: ignore[arg-type]
        identities=[identity_of(row, connections, source) for source in row.sources]
        if layers is not None and layers.proven
        else [],
        hangs_on=str(layers.open) if layers is not None and layers.open is not None else "",
        requests=layers.allows if layers is not None else "",
        **reason_fields(row.reason),
    )


def connections_document(connections: Connections, context: Context) -> ConnectionsDocument:
    """The document of ``map``."""
    return ConnectionsDocument(
        kind="Connections",
        level=connections.level,
        rows=[_row(row, connections) for row in connections.rows],
        left_out=connections.left_out,
        ends=list(connections.ends),
        notes=list(connections.notes),
        unknown=[
            UnknownGroupDocument(rows=group.rows, **reason_fields(group.reason))
            for group in unknown_groups(connections.rows)
        ],
        **{**head(context, connections.partial), "layers": list(connections.layers)},
    )
