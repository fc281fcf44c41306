"""What a rule finds, as values. Messages are plain text with names as they are: reports escape them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ringfence.model.provenance import Place
from ringfence.values import Value
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.verdict.meshed.request import Request


class Severity(StrEnum):
    """How bad a finding is. Ordered from the worst: ``Severity.HIGH.rank < Severity.LOW.rank``."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info."""
        return _RANKS[self]

    @property
    def security_severity(self) -> str:
        """The number that SARIF's readers expect (``security-severity``, 0 to 10); empty for info."""
        return _SECURITY_SEVERITY[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "",
}


class Subject(Value, order=True):
    """The object that a finding is about: who it is, not where it stands. ``namespace`` empty: it has none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def home(self) -> str:
        """The namespace that it belongs to: its own, or itself for a Namespace; empty for the whole cluster."""
        return self.name if self.kind == "Namespace" else self.namespace


class Related(Value):
    """Another place that belongs to a finding, and what is there."""

    place: Place
    message: str


class Witness(Value):
    """One concrete flow that shows the finding: a question for ``World.can`` and the verdict that it gives.

    The words are those that ``can`` takes. ``port`` None: every port. ``request``: the one that is sent; None: all of
    them together. ``unbound``: by somebody who controls the client's pod; as the client is configured, ``can`` says
    that its own side denies the flow, and that this does not hold. ``binds`` False: nothing but that side denies the
    flow, so that ``expected``, which is a denial, binds nobody who controls the pod. ``together`` None: ``expected`` is
    the verdict of all layers; else it is that of the network layer alone, and ``together`` what all layers say.
    """

    source: str
    destination: str
    port: int | str | None
    protocol: str | None
    expected: Verdict
    request: Request | None = None
    unbound: bool = False
    together: Verdict | None = None
    binds: bool = True


class Finding(Value):
    """Something wrong.

    ``evidence``: words that make this finding another one than its siblings on the same subject, and stay when lines
    move or unrelated objects change (a rule's index, a CIDR, a label selector; never a line number and never a count of
    objects). Rule, subject and evidence together are the finding's identity in baselines: no two findings share it.
    ``severity`` None: that of the rule. ``fix``: what to do, one sentence or a few lines of YAML.
    """

    rule: str
    message: str
    place: Place
    subject: Subject
    evidence: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    witness: Witness | None = None
    fix: str = ""
    severity: Severity | None = None


class NotEvaluable(Value):
    """What a rule could neither find nor rule out: neither passed nor failed. ``why`` says what is missing."""

    rule: str
    scope: Subject
    why: str
    place: Place | None = None


Result = Finding | NotEvaluable
