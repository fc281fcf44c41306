"""``coverage -o json``: its shape as a type, and how a coverage becomes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from ringfence.model.policy import Direction
from ringfence.reports.context import Context
from ringfence.reports.documents import (
    Document,
    FlowChangeDocument,
    PortsDocument,
    ProblemDocument,
    ProfileDocument,
    flow_change_documents,
    head,
    ports_document,
)
from ringfence.verdict.coverage import (
    DIRECTIONS,
    MESH_LAYERS,
    Coverage,
    NamespaceCoverage,
    Side,
    Status,
    Step,
    WorkloadCoverage,
)
from ringfence.verdict.meshed.values import LAYERS

StatusWord = Literal["closed", "unenforced", "unknown", "open"]
DirectionWord = Literal["ingress", "egress"]
LayerWord = Literal["network", "transport", "requests", "all"]
PeersWord = Literal[
    "any address",
    "any namespace",
    "own namespace",
    "named peers",
    "no identity",
    "any identity",
    "own namespace's identities",
    "named identities",
]


class ScopeDocument(Document, frozen=True):
    """Ports on which these peers get through. ``perhaps``: that hangs on what the input leaves open. ``anyPort``: more
    than half of the ports of a protocol."""

    peers: PeersWord
    ports: list[PortsDocument]
    any_port: bool
    perhaps: bool


class SideDocument(Document, frozen=True):
    """One direction. ``isolated``: whether NetworkPolicies isolate it; null: not known. Scopes go from wide to narrow,
    each with the ports that no wider one has."""

    status: StatusWord
    isolated: bool | None
    scopes: list[ScopeDocument]
    reason: str


class MeshSidesDocument(Document, frozen=True):
    """The ingress of a workload in a mesh, of TCP: of the transport by itself, of what judges requests by itself, and
    of all layers together (whose scopes also say what the network lets through beside TCP)."""

    transport: SideDocument
    requests: SideDocument
    all: SideDocument


class CoveredWorkloadDocument(Document, frozen=True):
    """One workload; of replicas that differ the worst counts. ``mesh``: null where the input shows none."""

    name: str
    kind: str
    namespace: str
    pods: int
    ingress: SideDocument
    egress: SideDocument
    mesh: MeshSidesDocument | None
    file: str
    line: int


class DefaultDocument(Document, frozen=True):
    """What holds for any pod that the namespace could have. ``labels``: those of a pod that is open, null where there
    is none."""

    default: Literal["denied", "open", "unknown"]
    labels: dict[str, str] | None
    why: str


class CoveredNamespaceDocument(Document, frozen=True):
    """One namespace: its defaults, and how many of its workloads are closed."""

    name: str
    default_ingress: DefaultDocument
    default_egress: DefaultDocument
    workloads: int
    closed_ingress: int
    closed_egress: int
    file: str
    line: int


class StepDocument(Document, frozen=True):
    """Something to do next, in one layer. ``manifest``: the object to add (a List: several), null where the step is
    another. ``flows``: how many single flows (pairs of pods times ports) clients lose by a step of the mesh's layers as
    they are configured, ``refused`` the first of them; of steps of the network they are not counted."""

    what: str
    layer: Literal["network", "transport", "requests"]
    namespace: str
    direction: DirectionWord
    closes: int
    workloads: list[str]
    file: str
    line: int
    manifest: dict[str, Any] | None
    flows: int
    refused: list[FlowChangeDocument]
    refused_left_out: int


class FigureDocument(Document, frozen=True):
    """The figure of one direction in one layer: ``closed`` of ``total``; the other counts add up to it."""

    layer: LayerWord
    direction: DirectionWord
    closed: int
    total: int
    percent: float
    open: int
    unknown: int
    unenforced: int


class CoverageDocument(Document, frozen=True):
    """``ringfence coverage -o json``. ``exclude`` are the patterns that left ``excluded`` workloads out; ``namespace``:
    the only one that it speaks of, null where it speaks of all."""

    schema_version: Literal["1"]
    kind: Literal["Coverage"]
    figures: list[FigureDocument]
    exclude: list[str]
    excluded: int
    namespace: str | None
    workloads: list[CoveredWorkloadDocument]
    namespaces: list[CoveredNamespaceDocument]
    steps: list[StepDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _side(side: Side) -> SideDocument:
    return SideDocument(
        status=side.status.value,
        isolated=side.isolated,
        scopes=[
            ScopeDocument(
                peers=scope.peers.value,  # type: ignore[arg-type]
                ports=ports_document(scope.ports),
                any_port=scope.any_port,
                perhaps=scope.perhaps,
            )
            for scope in side.scopes
        ],
        reason=side.reason,
    )


def _workload(one: WorkloadCoverage) -> CoveredWorkloadDocument:
    return CoveredWorkloadDocument(
        name=one.name,
        kind=one.ref.kind,
        namespace=one.ref.namespace,
        pods=one.pods,
        ingress=_side(one.sides[Direction.INGRESS]),
        egress=_side(one.sides[Direction.EGRESS]),
        mesh=MeshSidesDocument(**{layer: _side(one.mesh[layer]) for layer in MESH_LAYERS}) if one.mesh else None,
        file=one.place.file if one.place else "",
        line=one.place.line if one.place else 0,
    )


def _default(one: NamespaceCoverage, direction: Direction) -> DefaultDocument:
    found = one.defaults[direction]
    labels = None if found.labels is None else dict(found.labels)
    return DefaultDocument(default=found.default.value, labels=labels, why=found.why)


def _namespace(one: NamespaceCoverage) -> CoveredNamespaceDocument:
    return CoveredNamespaceDocument(
        name=one.name,
        default_ingress=_default(one, Direction.INGRESS),
        default_egress=_default(one, Direction.EGRESS),
        workloads=one.workloads,
        closed_ingress=one.closed[Direction.INGRESS],
        closed_egress=one.closed[Direction.EGRESS],
        file=one.place.file if one.place else "",
        line=one.place.line if one.place else 0,
    )


def _step(step: Step) -> StepDocument:
    return StepDocument(
        what=step.what,
        layer=step.layer,  # type: ignore[arg-type]
        namespace=step.namespace,
        direction=step.direction.value,
        closes=step.closes,
        workloads=list(step.workloads),
        file=step.place.file if step.place else "",
        line=step.place.line if step.place else 0,
        manifest=None if step.manifest is None else dict(step.manifest),
        flows=step.flows,
        refused=flow_change_documents(step.refused),
        refused_left_out=step.refused_left_out,
    )


def coverage_document(coverage: Coverage, context: Context) -> CoverageDocument:
    """The document of ``coverage``."""
    return CoverageDocument(
        kind="Coverage",
        figures=[
            *(_figure("network", direction, partial(coverage.count, direction), coverage) for direction in DIRECTIONS),
            *(
                _figure(layer, Direction.INGRESS, partial(coverage.layer_count, layer), coverage)
                for layer in MESH_LAYERS
                if coverage.meshed
            ),
        ],
        exclude=list(coverage.exclude),
        excluded=coverage.excluded,
        namespace=coverage.only,
        workloads=[_workload(one) for one in coverage.workloads],
        namespaces=[_namespace(one) for one in coverage.namespaces],
        steps=[_step(step) for step in coverage.steps],
        **(head(context, coverage.partial) | ({"layers": list(LAYERS)} if coverage.meshed else {})),
    )


def _figure(layer: str, direction: Direction, count: Callable[[Status], int], coverage: Coverage) -> FigureDocument:
    closed = count(Status.CLOSED)
    return FigureDocument(
        layer=layer,  # type: ignore[arg-type]
        direction=direction.value,
        closed=closed,
        total=coverage.total,
        percent=round(100 * closed / coverage.total, 4) if coverage.total else 100.0,
        open=count(Status.OPEN),
        unknown=count(Status.UNKNOWN),
        unenforced=count(Status.UNENFORCED),
    )
