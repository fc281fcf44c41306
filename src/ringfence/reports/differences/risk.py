"""How much a reviewer should care about a row of ``diff``: by what became possible, and between whom."""

from __future__ import annotations

from ringfence.reports.folding import NODES, namespace_of
from ringfence.rules.finding import Severity
from ringfence.values import Value
from ringfence.verdict.changes import Change, Diff, DiffRow, WayChange

WIDENING = (Change.WIDENED, Change.CHANGED, Change.NEW, Change.WEAKENED)


class Risk(Value):
    """``why`` in a few words that hold no name."""

    severity: Severity
    why: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.why}"


def risk_of(row: DiffRow, sensitive: frozenset[str] = frozenset()) -> Risk:
    """The risk of a row: of its flows, which are every source to every destination, that of the worst one."""
    if row.change is Change.NARROWED:
        return Risk(Severity.LOW, "may cut what is used")
    if row.change is Change.GONE:
        return Risk(Severity.INFO, "gone")
    if row.change is Change.STRENGTHENED:
        return Risk(Severity.INFO, "protected better")
    if row.change is Change.OTHERWISE:
        return Risk(Severity.LOW, "protected otherwise")
    if row.change is Change.WEAKENED:
        sensitive_end = not sensitive.isdisjoint(row.destinations)
        return Risk(Severity.HIGH if sensitive_end else Severity.MEDIUM, "protected less")
    outside = any(map(_outside, row.sources))
    if not sensitive.isdisjoint(row.destinations):
        return Risk(Severity.CRITICAL, "outside to sensitive") if outside else Risk(Severity.HIGH, "sensitive")
    if outside:
        return Risk(Severity.HIGH, "from outside")
    if any(map(_outside, row.destinations)):
        return Risk(Severity.MEDIUM, "to outside")
    if len({_group(end) for end in (*row.sources, *row.destinations)}) > 1:
        return Risk(Severity.MEDIUM, "across namespaces")
    return Risk(Severity.LOW, "within a namespace")


def risk_of_way(row: WayChange, sensitive: frozenset[str] = frozenset()) -> Risk:
    """The risk of a way in, which always leads from outside."""
    if row.change is Change.NARROWED:
        return Risk(Severity.LOW, "may cut what is used")
    if row.change is Change.GONE:
        return Risk(Severity.INFO, "gone")
    if not sensitive.isdisjoint(row.destinations):
        return Risk(Severity.CRITICAL, "outside to sensitive")
    return Risk(Severity.HIGH, "from outside")


def widening_sensitive(diff: Diff) -> int:
    """How many of the rows that are there let more through to what is sensitive."""
    changes = [(row.change, row.destinations) for row in diff.rows]
    changes += [(way.change, way.destinations) for way in diff.ways]
    return sum(change in WIDENING and not diff.sensitive.isdisjoint(names) for change, names in changes)


def _outside(end: str) -> bool:
    return _group(end) is None


def _group(end: str) -> str | None:
    """The namespace of an end, ``node`` for a node; None for addresses."""
    return NODES if end.startswith(f"{NODES}/") else namespace_of(end)
