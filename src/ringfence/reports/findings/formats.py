"""The formats of ``check``, by name. Each imports its module when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.reports.findings.report import Report
from ringfence.reports.style import Style

Format = Callable[[Report, Style], Iterator[str]]


def _table(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.text import table_lines

    return table_lines(report, style)


def _concise(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.text import concise_lines

    return concise_lines(report, style)


def _json(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.document import findings_document
    from ringfence.reports.structured import json_text

    yield json_text(findings_document(report))


def _sarif(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.sarif import sarif_document
    from ringfence.reports.structured import json_text

    yield json_text(sarif_document(report))


def _junit(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.junit import junit_lines

    return junit_lines(report)


def _github(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.github import workflow_commands

    return workflow_commands(report)


def _gitlab(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.gitlab import code_quality
    from ringfence.reports.structured import json_text

    yield json_text(code_quality(report))


def _markdown(report: Report, style: Style) -> Iterator[str]:
    from ringfence.reports.findings.markdown import markdown_lines

    return markdown_lines(report)


FORMATS: dict[str, Format] = {
    "table": _table,
    "concise": _concise,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "md": _markdown,
}
"""Lines of stdout by the name that ``-o`` takes."""

EXPLAINING = ("table", "json", "md")
"""Formats that have room for --explain."""


def text_beside(name: str, report: Report, style: Style) -> Iterator[str]:
    """What people want to know beside a format that does not say it: the sum, on another stream."""
    if name == "table":
        return iter(())
    from ringfence.reports.findings.text import closing_lines

    return closing_lines(report, style)
