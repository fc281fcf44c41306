"""The comment of a pull request, and rows as findings."""

from __future__ import annotations

import pytest

from ringfence.reports.differences.as_findings import findings_report
from ringfence.reports.differences.formats import lines_of
from ringfence.reports.differences.markdown import LONGEST, MARK, markdown_lines
from ringfence.reports.differences.sentences import verdict_line
from ringfence.reports.style import PLAIN
from ringfence.verdict.changes import Change
from tests.reports.diff_samples import POLICY, diff, row, whole
from tests.reports.samples import CONTEXT


def same_place(file: str) -> str:
    return file


def comment(found: object) -> str:
    return "\n".join(markdown_lines(found))  # type: ignore[arg-type]


def test_a_comment_is_found_again_by_its_first_line() -> None:
    assert comment(whole()).startswith(f"{MARK}\n**ringfence diff:** 2 widened, 1 narrowed, 1 changed, 1 new, 1 gone")


@pytest.mark.parametrize("rows", [1, 400, 3000])
def test_a_comment_has_room_and_says_what_had_none(rows: int) -> None:
    every = [row(Change.NARROWED if number % 2 else Change.WIDENED, f"shop/web-{number}é") for number in range(rows)]
    text = comment(diff(*every, new=tuple(f"shop/fresh-{number}" for number in range(rows))))
    assert len(text.encode()) <= LONGEST
    shown = text.count("| denied | allowed |") + text.count("| allowed | unknown |")
    lines = text.count("\n- shop/fresh")
    left = f"{rows - shown} more rows" if shown < rows else ""
    assert ("are left out" in text) == (shown < rows or lines < rows)
    assert left in text
    assert text.count("<details>") == text.count("</details>")


def test_only_text_changed() -> None:
    silent = diff(without_effect=(POLICY,))
    assert verdict_line(silent) == "text changed (1 object), behaviour the same"
    assert verdict_line(diff()) == "no difference"


def test_a_row_stands_on_its_cause() -> None:
    report = findings_report(diff(row()), CONTEXT, same_place, "1.0.0")
    (found,) = report.assessment.found
    assert str(found.finding.place) == "base/netpol.yaml:12:7"
    assert found.finding.subject.name == "db-ingress"
    assert "denied -> allowed" in found.finding.message


def test_fingerprints_stay_when_lines_move_and_tell_rows_apart() -> None:
    prints = [
        [one.fingerprint for one in findings_report(found, CONTEXT, same_place, "").assessment.found]
        for found in (whole(), whole(), diff(row()), diff(row(causes=())))
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])
    assert prints[2][0] in prints[0]


@pytest.mark.parametrize("name", ["sarif", "junit", "github", "gitlab"])
def test_formats_of_ci_name_the_line_of_the_cause(name: str) -> None:
    text = "\n".join(lines_of(name, whole(), CONTEXT, PLAIN, same_place, "1.0.0"))
    assert "base/netpol.yaml" in text
    assert "12" in text
