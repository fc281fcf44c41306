"""The formats of ``coverage``, by name. Each imports its module when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.reports.context import Context
from ringfence.reports.style import Style
from ringfence.verdict.coverage import Coverage

TEXT_FORMATS = ("table", "wide", "json", "md")
FINDING_FORMATS = ("concise", "sarif", "junit", "github", "gitlab")
"""Those that are made of findings, as ``check`` has them."""


def lines_of(
    name: str,
    coverage: Coverage,
    context: Context,
    style: Style,
    locate: Callable[[str], str],
    version: str,
    limit: int | None = None,
) -> Iterator[str]:
    """The lines of stdout in one of the formats. ``limit``: at most so many rows of each kind."""
    if name in FINDING_FORMATS:
        from ringfence.reports.coverage.as_findings import findings_report
        from ringfence.reports.findings.formats import FORMATS

        yield from FORMATS[name](findings_report(coverage, context, locate, version, limit), style)
    elif name == "json":
        from ringfence.reports.coverage.document import coverage_document
        from ringfence.reports.structured import json_text

        yield json_text(coverage_document(coverage, context))
    elif name == "md":
        from ringfence.reports.coverage.markdown import markdown_lines

        yield from markdown_lines(coverage, limit)
    else:
        from ringfence.reports.coverage.text import sections
        from ringfence.reports.sections import text_lines

        yield from text_lines(sections(coverage, limit, wide=name == "wide"), style)
