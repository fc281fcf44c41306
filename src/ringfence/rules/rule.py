"""What is said of a rule beside its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from ringfence.rules.finding import Result, Severity
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.rules.situation import Situation

Check = Callable[["Situation"], Iterator[Result]]
"""The function ``check`` of a rule's module."""


class Needs(StrEnum):
    """How much a rule has to know."""

    OBJECT = "one object"
    """What one object says."""
    INVENTORY = "inventory"
    """Which objects there are, and what selects what."""
    REACH = "reach"
    """Who reaches whom: the engine."""


class Precision(StrEnum):
    """How often a finding is worth acting on, in SARIF's words. All findings are true; not all are faults."""

    VERY_HIGH = "very-high"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Rule(Value):
    """``id`` is never used again for another meaning. ``title`` is what is wrong, in a few words. ``frameworks``:
    ``CIS 5.3.2`` and so on. ``aliases``: what other tools call it, as ``tool:ID``."""

    id: str
    slug: str
    title: str
    severity: Severity
    precision: Precision
    needs: Needs
    frameworks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
