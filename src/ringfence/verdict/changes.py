"""What differs between two states of a cluster, as values: what reports print and what the library returns."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from ringfence.model.provenance import Place
from ringfence.sets.ports import Intervals
from ringfence.values import Value, field
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.ways_in.values import Opening

if TYPE_CHECKING:
    from ringfence.verdict.meshed.request import Request


class Change(StrEnum):
    """``widened``: what is possibly or surely allowed grew; ``narrowed``: either shrank; ``changed``: both. ``new`` and
    ``gone``: flows of an end that only one of the states has.

    With a mesh, or a network plugin that encrypts, where as much is allowed as before: ``weakened``: it is encrypted
    less, or its sender is known less; ``strengthened``: more; ``otherwise``: it is encrypted by something else, or its
    sender is somebody else.
    """

    WIDENED = "widened"
    NARROWED = "narrowed"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    WEAKENED = "weakened"
    STRENGTHENED = "strengthened"
    OTHERWISE = "otherwise"


OF_PROTECTION = (Change.WEAKENED, Change.STRENGTHENED, Change.OTHERWISE)
"""Changes of what protects flows, and not of which there are: with a mesh, or a network plugin that encrypts."""


_RANKS = {Verdict.DENIED: 0, Verdict.UNKNOWN: 1, Verdict.MIXED: 1, Verdict.ALLOWED: 2}


def change_of(before: Verdict | None, after: Verdict | None) -> Change:
    """What a change of a verdict is. None: the state lacks an end of the flow."""
    if before is None:
        return Change.NEW
    if after is None:
        return Change.GONE
    old, new = _RANKS[before], _RANKS[after]
    return Change.WIDENED if new > old else Change.NARROWED if new < old else Change.CHANGED


class Cause(Value):
    """An object whose change made the difference. ``rule``: the rule that decides after (or decided before), as
    written. ``place`` is where it stands: in the state after, or before where it is gone."""

    altered: Altered
    rule: int | None = None
    direction: str = ""
    place: Place | None = None


class AskedRequest(Value):
    """A request that tells the states apart, and what each of them says of it."""

    request: Request
    before: Verdict | None
    after: Verdict | None


class Witness(Value):
    """One flow of a row, in the words that ``can`` takes; an end may have another name in the two states. With a mesh
    that tells requests apart: ``gained`` is one of which more is allowed, ``lost`` one of which less is."""

    source_before: str
    destination_before: str
    source: str
    destination: str
    port: str
    gained: AskedRequest | None = None
    lost: AskedRequest | None = None


class Edge(Value):
    """What the flows of a row come to in one state, where a mesh has a say. ``requests``: which pass, in words;
    ``identity``: whom the deciding point knows, of the witness; ``holds`` False: only the client's own configuration
    denies."""

    requests: str
    encryption: str
    identity: str | None
    holds: bool = True


class Layers(Value):
    """What a row is about, where a mesh has a say: ``configured``: what clients get as they are configured;
    ``unbound``: what they get who control their pods, where that changed otherwise; ``protection``: what encrypts, and
    who is known to send, what passes before and after; ``wire``: what the network plugin encrypts of it where it leaves
    a node."""

    aspect: Literal["configured", "unbound", "protection", "wire"]
    before: Edge | None
    after: Edge | None


class DiffRow(Value):
    """Every source to every destination on every one of the ports. ``before`` or ``after`` None: that state lacks an
    end. ``family``: in this address family only. ``explained`` False: the causes alone do not make the difference;
    profile, address ranges or facts that are open do too. ``attributed`` False: so much changed that the causes were
    not looked for."""

    change: Change
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: Intervals
    before: Verdict | None
    after: Verdict | None
    causes: tuple[Cause, ...]
    witness: Witness
    decided_before: tuple[Decision, ...] = ()
    decided_after: tuple[Decision, ...] = ()
    reason_before: Reason | None = None
    reason_after: Reason | None = None
    family: int | None = None
    explained: bool = True
    attributed: bool = True
    layers: Layers | None = None
    joined: bool = False
    """Only of those flows between the ends, at the ports, that are allowed in both states: they are too many to tell
    apart."""

    @property
    def place(self) -> Place | None:
        """Where the first of the causes stands."""
        return next((cause.place for cause in self.causes if cause.place is not None), None)


class WayChange(Value):
    """Ways in of one object that changed alike. ``openings`` say them for people; ``through`` are the ends of their
    hops, ``destinations`` and ``ports`` what they lead to. ``before`` or ``after`` None: that state lacks the way.

    ``change`` widened: more gets in, if only possibly, also where the way is new; new or gone: so is the workload.
    """

    change: Change
    opening: Opening
    openings: tuple[str, ...]
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    through: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    before: Verdict | None
    after: Verdict | None
    causes: tuple[Cause, ...]
    witness: Witness
    decided_before: tuple[Decision, ...] = ()
    decided_after: tuple[Decision, ...] = ()
    reason_before: Reason | None = None
    reason_after: Reason | None = None
    explained: bool = True
    attributed: bool = True

    @property
    def place(self) -> Place:
        """Where the first of the causes stands, else what opens the way."""
        return next((cause.place for cause in self.causes if cause.place is not None), self.opening.place)


class NotCompared(Value):
    """Something of which it cannot be said whether it changed, and why. ``blocking``: it differs between the states, or
    flows that hang on it do, so that without other rows the answer is not "the same"."""

    what: str
    why: str
    place: Place | None = None
    blocking: bool = False


class Diff(Value):
    """The difference of two states.

    ``left_out``: rows that a limit cut off (``counts`` counts all). ``moved``: (before, after). ``without_effect``:
    objects that differ and change no verdict. ``ends`` are all ends of the level, so that a reader can expand rows;
    ``common``: how many pods both states have. ``sensitive``: names of ends that are sensitive in either state, where
    that was looked up. ``ways``: ways in that differ, of which ``ways_left_out`` more are not listed (``way_counts``
    counts all).
    """

    level: str
    rows: tuple[DiffRow, ...]
    counts: dict[Change, int]
    left_out: int
    new: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]
    not_compared: tuple[NotCompared, ...]
    without_effect: tuple[Altered, ...]
    ends: tuple[str, ...]
    common: int
    partial: bool = False
    sensitive: frozenset[str] = frozenset()
    ways: tuple[WayChange, ...] = ()
    way_counts: dict[Change, int] = field(default_factory=dict)
    ways_left_out: int = 0
    layered: bool = False
    """Whether all layers were compared, as either state has a mesh."""

    @property
    def of_protection(self) -> bool:
        """Whether rows tell what protects flows: with a mesh, or where the network plugin encrypts otherwise."""
        return self.layered or any(self.counts.get(change) for change in OF_PROTECTION)

    @property
    def same(self) -> bool:
        """Whether no flow, no way in and no end differs, as far as could be compared."""
        return not (self.counts or self.way_counts or self.new or self.gone or self.moved)

    @property
    def widened(self) -> bool:
        """Whether more gets through than before, between ends of both states or from outside, or something does with
        less protection."""
        more = (Change.WIDENED, Change.CHANGED, Change.WEAKENED)
        return any(counts.get(change) for counts in (self.counts, self.way_counts) for change in more)

    @property
    def decided(self) -> bool:
        """Whether everything that differs could be compared."""
        return not any(one.blocking for one in self.not_compared)
