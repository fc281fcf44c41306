"""``check -o md``: for pull requests, wikis and the summaries of jobs."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.provenance import Place
from ringfence.reports.explanation_text import trace_lines
from ringfence.reports.findings.report import Report, not_evaluable_groups, summary, why_bad, witness_text
from ringfence.reports.markdown import markdown_cell
from ringfence.reports.style import PLAIN
from ringfence.rules.assessment import Found
from ringfence.values import replace


def markdown_lines(report: Report) -> Iterator[str]:
    """The sum, a table of findings, and what is no finding."""
    assessment = report.assessment
    yield f"**ringfence check:** {markdown_cell(summary(report))}"
    if assessment.found:
        yield ""
        yield "| Severity | Rule | Where | What | How to fix it |"
        yield "| --- | --- | --- | --- | --- |"
        for found in assessment.found:
            yield _row(found, report)
    groups = list(not_evaluable_groups(report))
    if groups:
        yield ""
        for rule, why, members in groups:
            more = f" and {len(members) - 3} more" if len(members) > 3 else ""
            names = ", ".join(markdown_cell(str(one.scope)) for one in members[:3])
            yield f"- not evaluable: {markdown_cell(rule)} for {names}{more}: {markdown_cell(why)}"
    if assessment.fixed:
        yield ""
        for entry in assessment.fixed:
            yield f"- fixed since the baseline: {markdown_cell(f'{entry.rule} {entry.subject}')}"
    if report.explained:
        yield from _explanations(report)


def _place(place: Place, report: Report) -> str:
    if not place.file:
        return ""
    return markdown_cell(report.place(replace(place, column=0)))


def _row(found: Found, report: Report) -> str:
    finding = found.finding
    what = markdown_cell(finding.message)
    if finding.witness is not None:
        what += f"<br>witness: {markdown_cell(witness_text(finding.witness))}"
    for one in finding.related:
        what += f"<br>{_place(one.place, report)}: {markdown_cell(one.message)}"
    fix = "<br>".join(markdown_cell(line) for line in finding.fix.split("\n"))
    rule = markdown_cell(report.title(finding.rule))
    return f"| {found.severity} | {rule} | {_place(finding.place, report)} | {what} | {fix} |"


def _explanations(report: Report) -> Iterator[str]:
    told: set[str] = set()
    for found in report.assessment.found:
        rule = found.finding.rule
        if rule not in told:
            told.add(rule)
            yield ""
            yield f"### {markdown_cell(report.title(rule))}"
            yield ""
            yield why_bad(report.rules[rule])
        explanation = report.explanations.get(found.fingerprint)
        if explanation is None:
            continue
        yield ""
        yield f"{_place(found.finding.place, report)} {markdown_cell(found.finding.message)}"
        yield ""
        for trace in explanation.traces:
            # Indented by four: a block of code, in which nothing is markup.
            yield from (f"    {line}" for line in trace_lines(trace, report.context, PLAIN))
