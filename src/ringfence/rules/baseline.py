"""Findings that were there when somebody began to look: known ones are left aside, and those that are gone are named.

A finding is recognised by its fingerprint: a hash of its rule, its object and its evidence, never of lines or files.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from ringfence.rules.finding import Finding, NotEvaluable, Subject
from ringfence.values import Value

VERSION = 1
"""Of the fingerprints and of the file that holds them. Raised when either changes."""


class Entry(Value, order=True):
    """A finding as a baseline remembers it."""

    rule: str
    subject: Subject
    evidence: tuple[str, ...]
    fingerprint: str


def identities(findings: Iterable[Finding]) -> list[Entry]:
    """The entry of each finding. Two that share an identity are told apart by their order."""
    seen: Counter[tuple[str, Subject, tuple[str, ...]]] = Counter()
    found = []
    for finding in findings:
        key = (finding.rule, finding.subject, finding.evidence)
        seen[key] += 1
        found.append(Entry(*key, _fingerprint(*key, seen[key])))
    return found


def _fingerprint(rule: str, subject: Subject, evidence: tuple[str, ...], number: int) -> str:
    words = (rule, subject.kind, subject.namespace, subject.name, *evidence, *([str(number)] if number > 1 else []))
    # Lengths keep words apart, whatever characters they hold; a half surrogate pair has no UTF-8 of its own.
    text = "".join(f"{len(word)}:{word}" for word in words)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def gone(
    baseline: Iterable[Entry], present: Iterable[Entry], ran: Iterable[str], not_evaluable: Iterable[NotEvaluable]
) -> tuple[Entry, ...]:
    """Entries of the baseline that are not found any more, of rules that ran and could look."""
    here = {entry.fingerprint for entry in present}
    asked = set(ran)
    doubts = {(one.rule, one.scope.home) for one in not_evaluable}
    return tuple(
        sorted(
            entry
            for entry in baseline
            if entry.fingerprint not in here
            and entry.rule in asked
            and (entry.rule, entry.subject.home) not in doubts
            and (entry.rule, "") not in doubts
        )
    )
