"""``exposure -o json``: its shape as a type, and how an exposure becomes one."""

from __future__ import annotations

from typing import Literal

from ringfence.reports.context import Context
from ringfence.reports.documents import (
    Document,
    PortsDocument,
    ProblemDocument,
    ProfileDocument,
    head,
    ports_document,
    reason_fields,
)
from ringfence.reports.ways_in_documents import DeadEndDocument, WayInDocument, dead_end_documents, ways_documents
from ringfence.verdict.exposure import Exposure
from ringfence.verdict.ways_in.values import WaysIn

NO_WAYS = WaysIn((), ())


class ExposedDocument(Document, frozen=True):
    """Ingress: some end behind each peer may open these ports to some pod of each workload; egress: the other way
    round. ``unknown``: possibly. A workload's own namespace is no peer of it, but where the origin is new pods."""

    direction: Literal["ingress", "egress"]
    origin: Literal[
        "internet", "other addresses", "metadata service", "machines", "nodes", "other namespaces", "new pods"
    ]
    peers: list[str]
    workloads: list[str]
    ports: list[PortsDocument]
    verdict: Literal["allowed", "unknown"]
    reason: str
    reason_code: str
    decide_with: str


class PriceDocument(Document, frozen=True):
    """A smallest set of labels with which a new pod in these namespaces reaches a target. ``labels`` null: there is
    one, but there were too many to try. ``identity``: in a mesh, one that the pod has to prove by its service account
    (or "any account of its namespace"); null: none."""

    target: str
    namespaces: list[str]
    labels: dict[str, str] | None
    identity: str | None
    ports: list[PortsDocument]
    verdict: Literal["allowed", "unknown"]


class ExposureDocument(Document, frozen=True):
    """``ringfence exposure -o json``. Expanding the rows gives exactly what is exposed, unless ``leftOut`` says that
    rows were cut off. ``newPodsIn``: the namespaces in which new pods were looked at. ``waysIn``: hop by hop from
    outside; ``deadEnds``: routes that cannot work."""

    schema_version: Literal["1"]
    kind: Literal["Exposure"]
    rows: list[ExposedDocument]
    left_out: int
    targets: list[str]
    prices: list[PriceDocument]
    new_pods_in: list[str]
    ways_in: list[WayInDocument]
    dead_ends: list[DeadEndDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def exposure_document(exposure: Exposure, context: Context, ways: WaysIn = NO_WAYS) -> ExposureDocument:
    """The document of ``exposure``."""
    return ExposureDocument(
        kind="Exposure",
        rows=[
            ExposedDocument(
                direction=row.direction.value,
                origin=row.origin.value,
                peers=list(row.peers),
                workloads=list(row.workloads),
                ports=ports_document(row.ports),
                verdict=row.verdict.value,  # type: ignore[arg-type]
                **reason_fields(row.reason),
            )
            for row in exposure.rows
        ],
        left_out=exposure.left_out,
        targets=list(exposure.targets),
        prices=[
            PriceDocument(
                target=price.target,
                namespaces=list(price.namespaces),
                labels=None if price.labels is None else dict(price.labels),
                identity=price.identity or None,
                ports=ports_document(price.ports),
                verdict=price.verdict.value,  # type: ignore[arg-type]
            )
            for price in exposure.prices
        ],
        new_pods_in=list(exposure.new_pods_in),
        ways_in=ways_documents(ways.ways),
        dead_ends=dead_end_documents(ways),
        **(head(context, exposure.partial) | {"layers": list(exposure.layers)}),
    )
