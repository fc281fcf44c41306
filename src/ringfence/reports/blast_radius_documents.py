"""``blast-radius -o json`` and ``paths -o json``: their shapes as types, and how answers become them."""

from __future__ import annotations

from typing import Literal

from ringfence.reports.context import Context
from ringfence.reports.documents import (
    DecisionDocument,
    Document,
    EditDocument,
    LayeredDocument,
    PortsDocument,
    ProblemDocument,
    ProfileDocument,
    decision_documents,
    edit_document,
    head,
    layered_document,
    ports_document,
    reason_fields,
)
from ringfence.reports.ways_in_documents import WayInDocument, ways_documents
from ringfence.verdict.blast_radius import BlastRadius, Cut, Fallen, Hop, ShortestWay, ShortestWays

HopWord = Literal["allowed", "unknown"]


class StepDocument(Document, frozen=True):
    """One step; ``unknown``: possibly. The reason is that of its first port. ``ways``: the ways in that the step is,
    where it is no single flow; the reason is then that of the first. ``layered``: what each layer says of it in the
    form in which it is open, hop by hop; null where only the network was asked."""

    source: str
    destination: str
    ports: list[PortsDocument]
    verdict: HopWord
    reason: str
    reason_code: str
    decide_with: str
    decided_by: list[DecisionDocument]
    ways: list[WayInDocument]
    layered: LayeredDocument | None


class FallenDocument(Document, frozen=True):
    """Something reached in ``depth`` steps, the last being ``hop``; ``parent`` is the index of the entry before it,
    null from the start. ``possibly``: no way is sure."""

    name: str
    depth: int
    parent: int | None
    hop: StepDocument
    possibly: bool
    sensitive: bool


class WayDocument(Document, frozen=True):
    """A shortest way to a target."""

    target: str
    hops: list[StepDocument]
    possibly: bool


class BoughtDocument(Document, frozen=True):
    """Ports that only the stolen identity opens, in one step."""

    name: str
    ports: list[PortsDocument]


class CutStepDocument(Document, frozen=True):
    """A step of the cut, how many flows it is, and the smallest edit that removes just it (null: none was found)."""

    hop: StepDocument
    flows: int
    edit: EditDocument | None


class CutDocument(Document, frozen=True):
    """A set of steps of least ``weight`` (flows in all) that leaves no way to a target. ``verified``: all edits
    together leave none; null: they were not tried together. ``uncuttable``: where there is no such set, a way of which
    no policy can cut any step."""

    steps: list[CutStepDocument]
    weight: int
    verified: bool | None
    note: str
    uncuttable: list[StepDocument]


class CountsDocument(Document, frozen=True):
    """Workloads that are reached in one step, and in all, surely; and those that are reached possibly. Nodes, ranges of
    addresses and machines of a mesh outside of the cluster count apart."""

    direct: int
    reached: int
    possibly: int
    nodes: int
    outside: int
    machines: int


class BlastRadiusDocument(Document, frozen=True):
    """``ringfence blast-radius -o json``. ``fallen`` is a tree, parents before children; ``leftOut``: entries that were
    cut off. ``total``: workloads that could be reached."""

    schema_version: Literal["1"]
    kind: Literal["BlastRadius"]
    source: str
    counts: CountsDocument
    total: int
    fallen: list[FallenDocument]
    left_out: int
    targets: list[str]
    ways: list[WayDocument]
    cut: CutDocument | None
    bought: list[BoughtDocument]
    notes: list[str]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


class PathsDocument(Document, frozen=True):
    """``ringfence paths -o json``. ``leftOut``: so many more ways are as short."""

    schema_version: Literal["1"]
    kind: Literal["Paths"]
    source: str
    destination: str
    ways: list[WayDocument]
    left_out: int
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _hop(hop: Hop) -> StepDocument:
    because = hop.because
    decided = () if because is None else because.decided_by
    reason = None if because is None else because.reason
    if hop.ways:
        decided, reason = hop.ways[0].hops[-1].decided_by, hop.ways[0].reason
    return StepDocument(
        source=hop.source,
        destination=hop.destination,
        ports=ports_document(hop.ports),
        verdict=hop.verdict.value,  # type: ignore[arg-type]
        decided_by=decision_documents(decided),
        ways=ways_documents(hop.ways),
        layered=None if because is None else layered_document(because.layered),
        **reason_fields(reason),
    )


def _fallen(entry: Fallen) -> FallenDocument:
    return FallenDocument(
        name=entry.name,
        depth=entry.depth,
        parent=entry.parent,
        hop=_hop(entry.hop),
        possibly=entry.possibly,
        sensitive=entry.sensitive,
    )


def _way(way: ShortestWay) -> WayDocument:
    return WayDocument(target=way.target, hops=[_hop(hop) for hop in way.hops], possibly=way.possibly)


def _cut(cut: Cut | None) -> CutDocument | None:
    if cut is None:
        return None
    steps = [CutStepDocument(hop=_hop(one.hop), flows=one.flows, edit=edit_document(one.edit)) for one in cut.steps]
    return CutDocument(
        steps=steps,
        weight=cut.weight,
        verified=cut.verified,
        note=cut.note,
        uncuttable=[_hop(hop) for hop in cut.uncuttable],
    )


def blast_radius_document(found: BlastRadius, context: Context) -> BlastRadiusDocument:
    """The document of ``blast-radius``."""
    return BlastRadiusDocument(
        kind="BlastRadius",
        source=found.source,
        counts=CountsDocument(**found.counts),
        total=found.total,
        fallen=[_fallen(entry) for entry in found.fallen],
        left_out=found.left_out,
        targets=list(found.targets),
        ways=[_way(way) for way in found.ways],
        cut=_cut(found.cut),
        bought=[BoughtDocument(name=one.name, ports=ports_document(one.ports)) for one in found.bought],
        notes=list(found.notes),
        **(head(context, found.partial) | {"layers": list(found.layers)}),
    )


def paths_document(found: ShortestWays, context: Context) -> PathsDocument:
    """The document of ``paths``."""
    return PathsDocument(
        kind="Paths",
        source=found.source,
        destination=found.destination,
        ways=[_way(way) for way in found.ways],
        left_out=found.left_out,
        **(head(context, found.partial) | {"layers": list(found.layers)}),
    )
