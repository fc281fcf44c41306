"""Findings that somebody decided to live with: by an annotation, a comment or the configuration file, with a reason and
until when. A suppression that does not hold, or that nothing needs, is a finding itself (GOV-002, GOV-004)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from ringfence.model.provenance import Place
from ringfence.rules.finding import Finding, NotEvaluable, Subject
from ringfence.rules.registry import RuleError, resolve
from ringfence.values import Value

INVALID, UNUSED = "GOV-002", "GOV-004"
"""The rules whose findings are made here. Nothing suppresses them."""


class Origin(StrEnum):
    """How a suppression was written."""

    ANNOTATION = "annotation"
    COMMENT = "comment"
    CONFIGURATION = "configuration"


class Suppression(Value):
    """One rule, suppressed in one place. What it covers: ``subject`` (an object, all of it), ``line`` (findings on one
    line of ``place.file``), or, in the configuration, the globs ``resource`` (``name`` or ``Kind/name``) and
    ``namespace``. ``until`` is the last day that it holds, as written; empty: for good. ``holder`` is what the findings
    about the suppression itself are about.
    """

    rule: str
    reason: str
    until: str
    owner: str
    origin: Origin
    place: Place
    holder: Subject
    subject: Subject | None = None
    line: int = 0
    resource: str = ""
    namespace: str = ""
    unreadable: str = ""
    """Not empty: it is not written as a suppression is; how it should be."""

    def covers(self, subject: Subject, place: Place | None) -> bool:
        """Whether it means what is said of this object in this place."""
        if self.origin is Origin.CONFIGURATION:
            names = (subject.name, f"{subject.kind}/{subject.name}")
            return (not self.resource or any(fnmatchcase(name, self.resource) for name in names)) and (
                not self.namespace or fnmatchcase(subject.home, self.namespace)
            )
        if self.subject is not None and subject == self.subject:
            return True
        return bool(self.line) and place is not None and (place.file, place.line) == (self.place.file, self.line)


class Suppressed(Value):
    """A finding with the suppression that hides it."""

    finding: Finding
    suppression: Suppression


def parse_ids(text: str) -> tuple[str, ...]:
    """``NP-001, NP-005`` as a list."""
    return tuple(word for word in text.replace(",", " ").split() if word)


def parse_terms(text: str) -> tuple[str, str, str]:
    """``reason; until=2027-01-31; by=team`` as (reason, until, owner). Terms stand behind semicolons or spaces."""
    reason: list[str] = []
    until = owner = ""
    for word in text.replace(";", " ; ").split():
        key, equals, value = word.partition("=")
        if equals and key == "until":
            until = value
        elif equals and key == "by":
            owner = value
        else:
            reason.append(word)
    return " ".join(reason).replace(" ;", ";").strip("; "), until, owner


def fault(suppression: Suppression, today: date) -> tuple[str, str, str]:
    """(what is wrong in one word, in a sentence, how to mend it); empty words for a suppression that holds."""
    if suppression.unreadable:
        return "unreadable", f"{suppression.rule!a} is not understood", suppression.unreadable
    try:
        resolve(suppression.rule)
    except RuleError as error:
        return "unknown-rule", str(error), error.hint
    if resolve(suppression.rule) in (INVALID, UNUSED):
        return "unknown-rule", f"{suppression.rule} cannot be suppressed", "mend or delete the suppression it is about"
    if not suppression.reason:
        return "no-reason", "it gives no reason, so it does not hold", "say why the finding is accepted"
    if suppression.until:
        try:
            last = date.fromisoformat(suppression.until)
        except ValueError:
            return "bad-date", f"{suppression.until!a} is no date, so it does not hold", "write until=YYYY-MM-DD"
        if last < today:
            return "expired", f"it expired on {last}", "mend what it hides, or decide anew and move the date"
    return "", "", ""


def apply(
    findings: Iterable[Finding],
    not_evaluable: Sequence[NotEvaluable],
    suppressions: Sequence[Suppression],
    ran: Iterable[str],
    today: date,
) -> tuple[list[Finding], list[Suppressed]]:
    """What remains, with the findings about the suppressions themselves, and what is hidden. ``ran``: the rules that
    were asked; of others no suppression is called unused."""
    asked = set(ran)
    valid: dict[str, list[Suppression]] = {}
    about: list[Finding] = []
    for suppression in suppressions:
        word, what, how = fault(suppression, today)
        if not word:
            valid.setdefault(resolve(suppression.rule), []).append(suppression)
        elif INVALID in asked:
            about.append(_about(INVALID, suppression, word, what, how))
    remaining: list[Finding] = []
    hidden: list[Suppressed] = []
    used: set[int] = set()
    for finding in findings:
        covering = [one for one in valid.get(finding.rule, ()) if one.covers(finding.subject, finding.place)]
        used.update(map(id, covering))
        if covering:
            hidden.append(Suppressed(finding, covering[0]))
        else:
            remaining.append(finding)
    if UNUSED in asked:
        about.extend(_unused(valid, used, asked, not_evaluable))
    return [*remaining, *about], hidden


def _unused(
    valid: dict[str, list[Suppression]], used: set[int], asked: set[str], not_evaluable: Sequence[NotEvaluable]
) -> Iterator[Finding]:
    for rule, members in valid.items():
        doubts = [one for one in not_evaluable if one.rule == rule]
        for suppression in members:
            open_ = any(_may_concern(suppression, one) for one in doubts)
            if rule in asked and id(suppression) not in used and not open_:
                what = "there is nothing that it hides"
                yield _about(UNUSED, suppression, "unused", what, "delete it")


def _may_concern(suppression: Suppression, doubt: NotEvaluable) -> bool:
    """Whether the rule might have found what the suppression hides, had it been able to look."""
    if suppression.covers(doubt.scope, doubt.place):
        return True
    return suppression.subject is not None and suppression.subject.home == doubt.scope.home


def _about(rule: str, suppression: Suppression, word: str, what: str, how: str) -> Finding:
    where = f" ({suppression.resource or '*'} in {suppression.namespace or '*'})"
    scope = where if suppression.origin is Origin.CONFIGURATION else ""
    line = "object" if suppression.subject is not None else "line"
    return Finding(
        rule,
        f"the {suppression.origin} that suppresses {suppression.rule}{scope} at {suppression.holder}: {what}",
        suppression.place,
        suppression.holder,
        (word, suppression.rule, suppression.origin, line, suppression.reason, scope),
        fix=how,
    )
