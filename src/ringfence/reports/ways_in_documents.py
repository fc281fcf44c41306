"""Ways into the cluster in documents: their shapes as types, and how ways become them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ringfence.reports.documents import DecisionDocument, Document, decision_documents, reason_fields
from ringfence.verdict.ways_in.values import DeadEnd, Hop, Opening, WayIn, WaysIn

VerdictWord = Literal["allowed", "denied", "unknown", "mixed"]


class OpeningDocument(Document, frozen=True):
    """What opens a way: a Service, a pod with a host port or its node's network, a route."""

    how: Literal["node-port", "load-balancer", "external-ip", "host-port", "host-network", "route"]
    kind: str
    namespace: str
    name: str
    file: str
    line: int


class HopDocument(Document, frozen=True):
    """One step. ``source`` names every source that the packet may have. ``identity``: whom the other end authenticates
    (null: nobody); ``encryption``: who encrypts it (empty: not known, no mesh has a say)."""

    source: str
    destination: str
    port: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument]
    identity: str | None
    encryption: str


class WayInDocument(Document, frozen=True):
    """One way in, and what its hops come to. ``mixed``: some clients, or some requests, get through. ``requests``:
    which ones, a line for each kind (empty: not said)."""

    opened_by: list[OpeningDocument]
    hosts: list[str]
    path: str
    hops: list[HopDocument]
    destination: str
    port: str
    verdict: VerdictWord
    reason: str
    reason_code: str
    decide_with: str
    requests: list[str]
    notes: list[str]


class DeadEndDocument(Document, frozen=True):
    """A route that cannot work."""

    code: str
    kind: str
    namespace: str
    name: str
    message: str
    fix: str
    file: str
    line: int


def ways_documents(ways: Iterable[WayIn]) -> list[WayInDocument]:
    """All of them."""
    return [_way(way) for way in ways]


def dead_end_documents(ways: WaysIn) -> list[DeadEndDocument]:
    """All routes that cannot work."""
    return [_dead_end(one) for one in ways.dead_ends]


def _way(way: WayIn) -> WayInDocument:
    return WayInDocument(
        opened_by=[opening_document(one) for one in way.openings],
        hosts=list(way.hosts),
        path=way.path,
        hops=[_hop(hop) for hop in way.hops],
        destination=way.destination,
        port=way.port,
        verdict=way.verdict.value,
        requests=list(way.requests),
        notes=list(way.notes),
        **reason_fields(way.reason),
    )


def opening_document(opening: Opening) -> OpeningDocument:
    """What opens a way."""
    return OpeningDocument(
        how=opening.how,  # type: ignore[arg-type]
        kind=opening.kind,
        namespace=opening.namespace,
        name=opening.name,
        file=opening.place.file,
        line=opening.place.line,
    )


def _hop(hop: Hop) -> HopDocument:
    return HopDocument(
        source=hop.source,
        destination=hop.destination,
        port=hop.port,
        verdict=hop.verdict.value,
        decided_by=decision_documents(hop.decided_by),
        identity=hop.identity,
        encryption=hop.encryption,
        **reason_fields(hop.reason),
    )


def _dead_end(dead: DeadEnd) -> DeadEndDocument:
    opening = dead.opening
    return DeadEndDocument(
        code=dead.code,
        kind=opening.kind,
        namespace=opening.namespace,
        name=opening.name,
        message=dead.message,
        fix=dead.fix,
        file=dead.place.file,
        line=dead.place.line,
    )
