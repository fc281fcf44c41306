"""Each format, as people see it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ringfence.reports.answer_text import detail_lines, verdict_lines
from ringfence.reports.connections import FORMATS
from ringfence.reports.context import Context
from ringfence.reports.coverage.formats import FINDING_FORMATS as COVERAGE_FINDING_FORMATS
from ringfence.reports.coverage.formats import TEXT_FORMATS as COVERAGE_TEXT_FORMATS
from ringfence.reports.coverage.formats import lines_of as coverage_lines
from ringfence.reports.differences.equivalence import equivalence_document, order_line, witness_lines
from ringfence.reports.differences.formats import FINDING_FORMATS as DIFF_FINDING_FORMATS
from ringfence.reports.differences.formats import TEXT_FORMATS, lines_of
from ringfence.reports.documents import answer_document, explanation_document
from ringfence.reports.explanation_text import explanation_lines
from ringfence.reports.findings.formats import FORMATS as FINDING_FORMATS
from ringfence.reports.portability import detail_lines as portability_details
from ringfence.reports.portability import portability_document, table_lines
from ringfence.reports.problems import problem_lines
from ringfence.reports.profiles import detection_document, detection_lines
from ringfence.reports.structured import json_text, yaml_text
from ringfence.reports.style import PLAIN, Style
from ringfence.reports.table import footer_lines
from ringfence.verdict.answers import Verdict
from tests.reports.diff_samples import diff, equivalence, of_mesh, whole
from tests.reports.finding_samples import report as findings_report
from tests.reports.goldens import check
from tests.reports.reach_samples import coverages
from tests.reports.samples import CONTEXT, answer, connections, detection, explanation, layered, mixed, portability

GOLDEN = Path(__file__).parent / "golden"
SNIPPETS = Context("generic", "the default", snippet=lambda place: "  - from: [{podSelector: {}}]  ")

REPORTS: dict[str, Iterable[str]] = {
    **{f"map.{name}": form(connections(), CONTEXT, PLAIN) for name, form in FORMATS.items()},
    **{f"map-layers.{name}": form(layered(), CONTEXT, PLAIN) for name, form in FORMATS.items()},
    "map-footer.txt": footer_lines(connections()),
    "can-denied.txt": verdict_lines(answer(Verdict.DENIED)),
    "can-denied-details.txt": detail_lines(answer(Verdict.DENIED), CONTEXT),
    "can-mixed.txt": verdict_lines(mixed()),
    "can-mixed-details.txt": detail_lines(mixed(), CONTEXT),
    "can-unknown-details.txt": detail_lines(answer(Verdict.UNKNOWN), CONTEXT),
    "can.json": [json_text(answer_document(mixed(), CONTEXT))],
    "can.yaml": [yaml_text(answer_document(mixed(), CONTEXT))],
    "explain.txt": explanation_lines(explanation(), SNIPPETS),
    "explain-colour.txt": explanation_lines(explanation(), SNIPPETS, Style(True)),
    "explain.json": [json_text(explanation_document(explanation(), CONTEXT))],
    **{f"check.{name}": form(findings_report(), PLAIN) for name, form in FINDING_FORMATS.items()},
    "check-explain.table": FINDING_FORMATS["table"](findings_report(SNIPPETS, explained=True), PLAIN),
    "check-explain.md": FINDING_FORMATS["md"](findings_report(SNIPPETS, explained=True), PLAIN),
    "check-colour.table": FINDING_FORMATS["table"](findings_report(SNIPPETS), Style(True)),
    **{
        f"diff.{name}": lines_of(name, whole(), CONTEXT, PLAIN, str, "1.2.3")
        for name in (*TEXT_FORMATS, *DIFF_FINDING_FORMATS)
    },
    **{
        f"coverage.{name}": coverage_lines(name, coverages(), CONTEXT, PLAIN, str, "1.2.3")
        for name in (*COVERAGE_TEXT_FORMATS, *COVERAGE_FINDING_FORMATS)
    },
    **{
        f"diff-layered.{name}": lines_of(name, of_mesh(), CONTEXT, PLAIN, str, "1.2.3")
        for name in (*TEXT_FORMATS, *DIFF_FINDING_FORMATS)
    },
    "diff-colour.table": lines_of("table", whole(), CONTEXT, Style(True), str, "1.2.3"),
    "diff-same.table": lines_of("table", diff(), CONTEXT, PLAIN, str, "1.2.3"),
    "equivalent.txt": [order_line(equivalence()), *witness_lines(equivalence())],
    "equivalent-layered.txt": witness_lines(equivalence(layered=True)),
    "equivalent.json": [json_text(equivalence_document(equivalence(), CONTEXT))],
    "can-all.txt": table_lines(portability()),
    "can-all-details.txt": portability_details(portability()),
    "can-all.json": [json_text(portability_document(portability(), CONTEXT))],
    "profile-detect.txt": detection_lines(*detection()),
    "profile-detect.json": [json_text(detection_document(*detection(), CONTEXT))],
    "problems.txt": problem_lines(CONTEXT.problems),
}


@pytest.mark.parametrize("name", REPORTS)
def test_report(name: str) -> None:
    check(GOLDEN / name, "".join(f"{line}\n" for line in REPORTS[name]))
