"""What was wrong with the input, as data: what, where, how to mend it."""

from __future__ import annotations

from enum import StrEnum

from ringfence.model.provenance import Place
from ringfence.values import Value


class Severity(StrEnum):
    """How much a problem takes away from the answers."""

    ERROR = "error"
    """Something could not be understood: verdicts are partial, or UNKNOWN where it could matter."""
    WARNING = "warning"
    """Understood, but surely not what was meant (a field that the API server would drop, an object given twice)."""
    NOTICE = "notice"
    """Worth knowing; changes nothing."""


class Problem(Value, order=True):
    """One problem. ``code`` is a stable kebab-case word (``yaml-syntax``, ``unknown-field``…); ``partial`` says that a
    part of the input was not read, so that no answer may be called complete."""

    place: Place
    code: str
    severity: Severity
    message: str
    hint: str = ""
    partial: bool = False

    def __str__(self) -> str:
        text = f"{self.place}: {self.severity}: {self.message} [{self.code}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text
