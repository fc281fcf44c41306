"""The answers, as values: what reports print and what the library returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ringfence.model.provenance import Place
from ringfence.sets.ports import Intervals
from ringfence.values import Value, field

if TYPE_CHECKING:
    from ringfence.verdict.meshed.values import Layered

LAYERS: tuple[str, ...] = ("network",)
"""The layers that a verdict speaks of."""


class Verdict(StrEnum):
    """``mixed`` only answers questions about several flows."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    MIXED = "mixed"


class Decision(Value):
    """An object that decided. ``rule`` is the rule's index as written, None where the object itself decides (isolation
    without a matching rule). ``layer`` is "network", or "service" where a Service has no such port or no backend."""

    layer: str
    direction: str
    kind: str
    namespace: str | None
    name: str
    rule: int | None
    place: Place

    def as_json(self) -> dict[str, Any]:
        """The shape of ``decided_by`` entries."""
        return {
            "layer": self.layer,
            "direction": self.direction,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "rule": self.rule,
            "file": self.place.file,
            "line": self.place.line,
        }


class Reason(Value):
    """Why a verdict is unknown (or, with ``code`` "denied"/"allowed"…, what decided): a stable code, a sentence, and
    the one fact or flag that would decide it (empty where none would)."""

    code: str
    message: str
    decide: str = ""

    def __str__(self) -> str:
        return f"{self.message} (would decide it: {self.decide})" if self.decide else self.message


NODE_PORT = Reason(
    "node-port",
    "a node hands this port on to a Service: which pods those are, and whose address their policies see, is not known",
    "ask about this one port at one node, or about the Service",
)


class Part(Value):
    """One kind of flow within a question: some sources, some destinations, some ports, one verdict.

    ``witness_*`` is one concrete flow of it, as ``can`` takes it. ``ports`` are destination ports as the policies see
    them (for a Service: after translation).
    """

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: Intervals
    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...]
    witness_source: str
    witness_destination: str
    witness_port: str
    family: int | None = None
    layered: Layered | None = None
    """What the layers say, where the world has a mesh or a request is asked about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict of a question, folded over its parts by the rule of the house: allowed or denied only if every part
    is; unknown if no two known ones differ and one is unknown; else mixed."""

    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...]
    parts: tuple[Part, ...]
    source: str
    destination: str
    port: str
    notes: tuple[str, ...] = ()
    partial: bool = False
    layered: Layered | None = None
    """That of the first part which has the verdict."""


class RuleTrace(Value):
    """One rule against one flow. ``matches`` None: not known. ``criterion`` says on what it fails or holds."""

    index: int
    name: str
    action: str
    matches: bool | None
    criterion: str
    place: Place


class PolicyTrace(Value):
    """One policy that selects the subject (``selects`` None: perhaps).

    ``outcome``: allow, deny, pass, no match, unknown.
    """

    kind: str
    namespace: str | None
    name: str
    place: Place
    selects: bool | None
    outcome: str
    rules: tuple[RuleTrace, ...]


class TierTrace(Value):
    """One tier of one direction, in order of evaluation; ``outcome`` in words."""

    tier: str
    outcome: str
    policies: tuple[PolicyTrace, ...]


class DirectionTrace(Value):
    """One direction: egress of the source or ingress of the destination. ``subject`` is the end that is judged."""

    direction: str
    subject: str
    verdict: Verdict
    summary: str
    tiers: tuple[TierTrace, ...]


class Trace(Value):
    """How one concrete flow is decided."""

    source: str
    destination: str
    port: str
    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...]
    directions: tuple[DirectionTrace, ...]


class FlowChange(Value):
    """One flow whose verdict an edit changes."""

    source: str
    destination: str
    ports: Intervals
    before: Verdict
    after: Verdict


class Edit(Value):
    """The smallest edit that flips a verdict, verified by applying it. ``manifest`` is the object after the edit (None
    when it is removed); ``also_changes`` lists other flows that change (``also_left_out`` more are not listed).
    ``layers``: those that refuse then."""

    description: str
    place: Place | None
    objects: int
    fields: int
    manifest: Mapping[str, Any] | None
    also_changes: tuple[FlowChange, ...]
    also_left_out: int = 0
    layers: tuple[str, ...] = LAYERS


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, a trace for each different kind of flow in it, and the smallest edit (None where none was found)."""

    answer: Answer
    traces: tuple[Trace, ...]
    edit: Edit | None


class LazyExplanation(Explanation):
    """An explanation whose edit is looked for when it is first read: that tries many what-ifs."""

    __slots__ = ("_search",)
    _search: Callable[[], Edit | None]

    @classmethod
    def of(cls, answer: Answer, traces: tuple[Trace, ...], search: Callable[[], Edit | None]) -> Explanation:
        """The explanation; ``search`` finds the edit."""
        explanation = object.__new__(cls)
        object.__setattr__(explanation, "answer", answer)
        object.__setattr__(explanation, "traces", traces)
        object.__setattr__(explanation, "_search", search)
        return explanation

    def __getattr__(self, name: str) -> Any:
        if name != "edit":
            raise AttributeError(name)
        edit = self._search()
        object.__setattr__(self, "edit", edit)
        return edit


class RowLayers(Value):
    """What each layer says of a row by itself. ``layer``: the first that denies it, leaves it open or lets some pass
    only; empty: all allow. ``encryption`` None: not the same for all of the row. ``proven``: whether who decides about
    requests knows the source by its identity; None: not known, or not the same for all. ``allows``: the requests that
    pass, in short, where not all do. ``open``: what it hangs on, where encryption or identity is not known."""

    verdicts: tuple[tuple[str, Verdict], ...]
    encryption: str | None = None
    proven: bool | None = None
    allows: str = ""
    layer: str = ""
    open: Reason | None = None

    def of(self, layer: str) -> Verdict | None:
        """The verdict of a layer; None: it was not asked."""
        return next((verdict for name, verdict in self.verdicts if name == layer), None)


class Row(Value):
    """Every source may open every port to every destination (a full rectangle). Texts name workloads, pods, nodes,
    address ranges, or namespaces, by the level of the list. ``verdict`` is denied only in lists that were asked for
    denials. ``layers`` None: no mesh has a say."""

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: Intervals
    verdict: Verdict
    reason: Reason | None = None
    layers: RowLayers | None = None


class Connections(Value):
    """All connections at one level. ``left_out``: rows that a limit cut off. ``ends`` are all ends of the level, so
    that a reader can expand rows; ``excluded_self``: an end to itself is not listed. ``identities``: of the ends that
    have one in a mesh, where all that the name stands for have the same."""

    level: str
    rows: tuple[Row, ...]
    left_out: int
    ends: tuple[str, ...]
    notes: tuple[str, ...] = ()
    partial: bool = False
    layers: tuple[str, ...] = LAYERS
    identities: Mapping[str, str] = field(default_factory=dict)
