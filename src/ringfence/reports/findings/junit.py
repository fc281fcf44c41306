"""``check -o junit``: a suite for each family of rules, a case for each finding, and one for each rule without any.

Suppressed findings and what could not be evaluated are skipped cases; a part of the input that was not read is an
error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from ringfence.model.text import printable
from ringfence.reports.findings.report import Report, hidden_text, witness_text
from ringfence.rules.assessment import Found
from ringfence.rules.finding import Subject
from ringfence.values import Value, replace

WHOLE_CLUSTER = "cluster"
INPUT = "input"
"""The suite of what could not be read."""


class _Case(Value):
    family: str
    scope: str
    name: str
    outcome: str = ""
    """Empty (passed), ``failure``, ``skipped`` or ``error``."""
    message: str = ""
    sort: str = ""
    body: str = ""


def _xml(text: str) -> str:
    """Text for an element: what XML 1.0 has no character for is an escape by ``printable``, beyond ASCII references."""
    lines = (printable(line) for line in text.split("\n"))
    escaped = "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _attribute(text: str) -> str:
    return quoteattr(printable(text)).encode("ascii", "xmlcharrefreplace").decode("ascii")


def junit_lines(report: Report) -> Iterator[str]:
    """The XML document."""
    suites: dict[str, list[_Case]] = {}
    for case in _cases(report):
        suites.setdefault(case.family, []).append(case)
    whole = [case for members in suites.values() for case in members]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="ringfence {report.command}" {_counts(whole)}>'
    for family, members in suites.items():
        yield f"  <testsuite name={_attribute(family)} {_counts(members)}>"
        for case in members:
            yield from _case(case)
        yield "  </testsuite>"
    yield "</testsuites>"


def _counts(cases: list[_Case]) -> str:
    counts = Counter(case.outcome for case in cases)
    numbers = f'tests="{len(cases)}" failures="{counts["failure"]}" errors="{counts["error"]}"'
    return f'{numbers} skipped="{counts["skipped"]}" time="0"'


def _case(case: _Case) -> Iterator[str]:
    start = (
        f"    <testcase classname={_attribute(f'ringfence.{case.family}.{case.scope}')} "
        f'name={_attribute(case.name)} time="0"'
    )
    if not case.outcome:
        yield f"{start}/>"
        return
    yield f"{start}>"
    sort = f" type={_attribute(case.sort)}" if case.sort else ""
    opening = f"      <{case.outcome} message={_attribute(case.message)}{sort}"
    yield f"{opening}>{_xml(case.body)}</{case.outcome}>" if case.body else f"{opening}/>"
    yield "    </testcase>"


def _family(rule: str) -> str:
    return rule.partition("-")[0]


def _scope(subject: Subject) -> str:
    return subject.home or WHOLE_CLUSTER


def _cases(report: Report) -> Iterator[_Case]:
    assessment = report.assessment
    said: set[str] = set()
    names: Counter[tuple[str, str]] = Counter()

    def named(rule: str, subject: Subject) -> str:
        said.add(rule)
        name = f"{report.title(rule)}: {subject}"
        names[rule, name] += 1
        number = names[rule, name]
        return name if number == 1 else f"{name} ({number})"

    for found in assessment.found:
        finding = found.finding
        yield _Case(
            _family(finding.rule),
            _scope(finding.subject),
            named(finding.rule, finding.subject),
            "failure",
            finding.message,
            found.severity.value,
            _body(found, report),
        )
    for hidden in assessment.suppressed:
        subject = hidden.finding.subject
        message = f"suppressed: {hidden.suppression.reason}"
        name = named(hidden.finding.rule, subject)
        yield _Case(_family(hidden.finding.rule), _scope(subject), name, "skipped", message)
    for rule, subject in report.passed:
        yield _Case(_family(rule), _scope(subject), named(rule, subject))
    for one in assessment.not_evaluable:
        name = named(one.rule, one.scope)
        yield _Case(_family(one.rule), _scope(one.scope), name, "skipped", f"not evaluable: {one.why}")
    for problem in report.context.problems:
        if problem.partial:
            name = f"{report.place(replace(problem.place, column=0))}: {problem.code}"
            yield _Case(INPUT, WHOLE_CLUSTER, name, "error", f"not read: {problem.message}", problem.severity.value)
    if words := hidden_text(report):
        yield _Case(report.command, WHOLE_CLUSTER, "left out", "skipped", words)
    for identifier in report.rules:
        if identifier not in said:
            yield _Case(_family(identifier), WHOLE_CLUSTER, report.title(identifier))


def _body(found: Found, report: Report) -> str:
    finding = found.finding
    lines = [report.place(finding.place)]
    lines += [f"{report.place(replace(one.place, column=0))}: {one.message}" for one in finding.related]
    if finding.witness is not None:
        lines.append(f"witness: {witness_text(finding.witness)}")
    if finding.fix:
        lines.append(f"help: {finding.fix}")
    return "\n".join(lines)
