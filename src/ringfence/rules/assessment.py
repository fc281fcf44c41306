"""What ``ringfence check`` has to say: findings, what hides others, and what could not be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from ringfence.rules import baseline, suppression
from ringfence.rules.baseline import Entry
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.running import Outcome, in_order, severity_of
from ringfence.rules.suppression import Suppressed, Suppression
from ringfence.values import Value, replace


class Found(Value):
    """A finding with its severity and its fingerprint."""

    finding: Finding
    severity: Severity
    fingerprint: str


class Assessment(Value):
    """``found``: what is to be dealt with, worst first. ``suppressed``: hidden with a reason. ``known``: in the
    baseline. ``fixed``: in the baseline and gone. ``hidden``: how many a filter leaves out. ``rules``: ids of the rules
    that ran."""

    found: tuple[Found, ...]
    suppressed: tuple[Suppressed, ...]
    not_evaluable: tuple[NotEvaluable, ...]
    rules: tuple[str, ...]
    known: tuple[Found, ...] = ()
    fixed: tuple[Entry, ...] = ()
    hidden: int = 0
    with_baseline: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that are to be dealt with."""
        return tuple(one.finding for one in self.found)

    def entries(self) -> list[Entry]:
        """What a baseline of now would remember: everything but what is suppressed."""
        return sorted(
            Entry(one.finding.rule, one.finding.subject, one.finding.evidence, one.fingerprint)
            for one in (*self.found, *self.known)
        )

    def against(self, entries: Iterable[Entry]) -> Assessment:
        """Without what a baseline knows."""
        remembered = list(entries)
        prints = {entry.fingerprint for entry in remembered}
        present = self.entries()
        return replace(
            self,
            found=tuple(one for one in self.found if one.fingerprint not in prints),
            known=tuple(one for one in self.found if one.fingerprint in prints),
            fixed=baseline.gone(remembered, present, self.rules, self.not_evaluable),
            with_baseline=True,
        )

    def shown(self, keep: Callable[[Found], bool], scope: Callable[[NotEvaluable], bool]) -> Assessment:
        """Only the findings to ``keep`` and what could not be evaluated in ``scope``; the rest is counted."""
        found = tuple(one for one in self.found if keep(one))
        return replace(
            self,
            found=found,
            hidden=self.hidden + len(self.found) - len(found),
            not_evaluable=tuple(one for one in self.not_evaluable if scope(one)),
        )


def assess(outcome: Outcome, suppressions: Sequence[Suppression], today: date) -> Assessment:
    """The outcome of the rules under the suppressions that hold ``today``."""
    remaining, hidden = suppression.apply(outcome.findings, outcome.not_evaluable, suppressions, outcome.rules, today)
    ordered = in_order(remaining)
    found = tuple(
        Found(finding, severity_of(finding), entry.fingerprint)
        for finding, entry in zip(ordered, baseline.identities(ordered), strict=True)
    )
    return Assessment(found, tuple(hidden), outcome.not_evaluable, outcome.rules)
