"""The formats of ``diff``, by name. Each imports its module when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.reports.context import Context
from ringfence.reports.style import Style
from ringfence.verdict.changes import Diff

Locate = Callable[[str], str]
TEXT_FORMATS = ("table", "wide", "json", "md")
FINDING_FORMATS = ("concise", "sarif", "junit", "github", "gitlab")
"""Those that are made of findings, as ``check`` has them."""


def lines_of(name: str, diff: Diff, context: Context, style: Style, locate: Locate, version: str) -> Iterator[str]:
    """The lines of stdout in one of the formats."""
    if name in FINDING_FORMATS:
        from ringfence.reports.differences.as_findings import findings_report
        from ringfence.reports.findings.formats import FORMATS

        yield from FORMATS[name](findings_report(diff, context, locate, version), style)
    elif name == "json":
        from ringfence.reports.differences.document import diff_document
        from ringfence.reports.structured import json_text

        yield json_text(diff_document(diff, context))
    elif name == "md":
        from ringfence.reports.differences.markdown import markdown_lines

        yield from markdown_lines(diff)
    else:
        from ringfence.reports.differences.text import table_lines

        yield from table_lines(diff, style, wide=name == "wide")
