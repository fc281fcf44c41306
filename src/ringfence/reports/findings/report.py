"""What the formats of findings are made from, for ``check`` and for the other commands that speak them."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.rules.assessment import Assessment
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject, Witness
from ringfence.rules.registry import Entry
from ringfence.values import Value, field, replace
from ringfence.verdict.answers import Explanation

STDIN = "-"
STDIN_NAME = "stdin"
"""What stands for standard input where a format wants a file."""


def as_given(file: str) -> str:
    """A file by the name that the user gave it."""
    return file


class Report(Value):
    """``rules``: those that ran, by id. ``locate``: a file relative to the root of its repository. ``explanations``:
    the traces of witnesses by fingerprint, where they are wanted. ``command``: the one that found it;
    ``passed``: what it looked at and found nothing wrong with, as (rule, object), where it keeps that."""

    assessment: Assessment
    rules: Mapping[str, Entry]
    context: Context
    locate: Callable[[str], str] = as_given
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    explained: bool = False
    version: str = ""
    command: str = "check"
    passed: tuple[tuple[str, Subject], ...] = ()

    def title(self, rule: str) -> str:
        """The rule's id and slug."""
        entry = self.rules.get(rule)
        return f"{rule} {entry.rule.slug}" if entry else rule

    def path(self, place: Place) -> str:
        """The file, relative to its repository, with ``/``; ``stdin`` for what was piped in. Not escaped."""
        return STDIN_NAME if place.file in ("", STDIN) else self.locate(place.file)

    def position(self, place: Place) -> tuple[int, int]:
        """Line and column in that file; (0, 0) where they are not known, as of a line that a program made."""
        return (0, 0) if place.rendered else (place.line, place.column)

    def place(self, place: Place) -> str:
        """``file:line:column`` for people, as far as it is known. Not escaped."""
        return str(place) if place.rendered else str(replace(place, file=self.path(place)))

    def uri(self, place: Place) -> str:
        """The same as a relative reference (RFC 3986)."""
        return quote(self.path(place).encode("utf-8", "replace"), safe="/-._~")


def witness_text(witness: Witness) -> str:
    """``a -> b 443/TCP: allowed``; ``a -> b 443/TCP --http 'GET /': denied`` of a request."""
    port = "" if witness.port is None else f" {witness.port}/{witness.protocol or 'TCP'}"
    asked = "".join(f" {word}" for word in request_options(witness))
    anyway = " past its own proxy" if witness.unbound else "" if witness.binds else " by its own proxy alone"
    layers = "" if witness.together is None else f" by the network layer; all layers together: {witness.together}"
    return printable(f"{witness.source} -> {witness.destination}{port}{asked}: {witness.expected}{anyway}{layers}")


def request_options(witness: Witness) -> list[str]:
    """The options with which ``ringfence can`` asks about the request of a witness."""
    one = witness.request
    if one is None:
        return []
    plain = one.identity and (one.method, one.target) == ("GET", "/")
    asked = [] if plain else [("http", f"{one.method} {one.target}")]
    asked += [("host", one.host)] if one.host else []
    asked += [("header", f"{name}: {value}") for name, value in sorted(one.headers.items())]
    for path, value in sorted((one.claims or {}).items()):
        texts = (value,) if isinstance(value, str) else value
        asked += [("jwt", f"{'.'.join(path)}={text}") for text in texts]
    asked += [("as", one.identity)] if one.identity else []
    return [f"--{option} {shlex.quote(value)}" for option, value in asked]


def severity_counts(report: Report) -> str:
    """``2 high, 1 low``."""
    counts = Counter(found.severity for found in report.assessment.found)
    return ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])


def summary(report: Report) -> str:
    """``3 findings (2 high, 1 low), 1 suppressed, 2 not evaluable``."""
    found = report.assessment
    number = len(found.found)
    noun = "finding" if number == 1 else "findings"
    parts = [f"{number} {noun} ({severity_counts(report)})" if number else "no findings"]
    if found.hidden:
        parts.append(f"{found.hidden} not shown")
    if found.suppressed:
        parts.append(f"{len(found.suppressed)} suppressed")
    if found.with_baseline:
        parts.append(f"{len(found.known)} in the baseline")
    if found.fixed:
        parts.append(f"{len(found.fixed)} fixed since the baseline")
    if found.not_evaluable:
        parts.append(f"{len(found.not_evaluable)} not evaluable")
    if report.context.partial:
        parts.append("the input was read in part")
    return ", ".join(parts)


def hidden_text(report: Report) -> str:
    """How many findings a limit or a filter left out; empty where none did."""
    hidden = report.assessment.hidden
    if not hidden:
        return ""
    return "1 more finding is not shown" if hidden == 1 else f"{hidden} more findings are not shown"


def not_evaluable_groups(report: Report) -> Iterator[tuple[str, str, list[NotEvaluable]]]:
    """(rule, why, what) of what could not be evaluated."""
    groups: dict[tuple[str, str], list[NotEvaluable]] = {}
    for one in report.assessment.not_evaluable:
        groups.setdefault((one.rule, one.why), []).append(one)
    for (rule, why), members in groups.items():
        yield rule, why, members


def why_bad(entry: Entry) -> str:
    """The part of a rule's page that says why a finding is bad, as one paragraph."""
    found = re.search(r"^## Why this is bad\n+(.*?)(?=^## |\Z)", entry.page, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def subject_text(finding: Finding) -> str:
    """The object of a finding, safe to print."""
    return printable(str(finding.subject))
