"""``check -o github``: workflow commands, which GitHub Actions shows as annotations of a change.

GitHub shows ten of each kind a step and drops the rest silently; so the worst ten are written, and how many are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports.findings.report import Report, hidden_text
from ringfence.rules.finding import Severity

SHOWN_A_KIND = 10
COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def _inert(text: str) -> str:
    """The old form of commands, ``##[name]``, is obeyed wherever it stands in a line."""
    return text.replace("##[", "#\\x23[")


def _data(text: str) -> str:
    """A message: what ends it or begins an escape is escaped (actions/toolkit, command.ts)."""
    # Line ends are kept, as escapes: a message may have several lines. Everything else must be visible.
    lines = "\n".join(printable(line) for line in text.split("\n"))
    return _inert(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def workflow_commands(report: Report) -> Iterator[str]:
    """``::error file=…,line=…,col=…,title=…::message``, and how many are left out."""
    written: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for problem in report.context.problems:
        if problem.partial and written["error"] < SHOWN_A_KIND:
            written["error"] += 1
            title = _property(f"not read [{problem.code}]")
            yield f"::error {_where(problem.place, report)}title={title}::{_data(problem.message)}"
        elif problem.partial:
            left["error"] += 1
    for found in report.assessment.found:
        command = COMMANDS[found.severity]
        if written[command] >= SHOWN_A_KIND:
            left[command] += 1
            continue
        written[command] += 1
        finding = found.finding
        message = f"{finding.message}\nHow to fix it: {finding.fix}" if finding.fix else finding.message
        where = _where(finding.place, report)
        title = _property(f"{report.title(finding.rule)} [{found.severity}]")
        yield f"::{command} {where}title={title}::{_data(message)}"
    if hidden := hidden_text(report):
        yield hidden
    if left:
        words = ", ".join(f"{count} {command}s" for command, count in sorted(left.items()))
        yield f"not annotated, as GitHub shows {SHOWN_A_KIND} of a kind: {words} (the summary of the job lists all)"


def _where(place: Place, report: Report) -> str:
    if place.file in ("", "-"):
        return ""
    found = f"file={_property(report.path(place))},"
    line, column = report.position(place)
    if line:
        found += f"line={line},"
    if column:
        found += f"col={column},"
    return found
