"""The comment of a pull request, and rows as findings."""

from __future__ import annotations

import pytest

from ringfence.reports.differences.as_findings import findings_report
from ringfence.reports.differences.formats import lines_of
from ringfence.reports.differences.markdown import markdown_lines
from ringfence.reports.differences.risk import risk_of
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
    assert comment(whole()).startswith(
        "<!-- ringfence diff -->\n**ringfence diff:** 2 widened, 1 narrowed, 1 changed, 1 new, 1 gone"
    )


OUTSIDE, SENSITIVE = "192.0.2.0/24", frozenset({"shop/db"})


@pytest.mark.parametrize(
    "change, sources, destination, sensitive, risk",
    [
        (Change.WIDENED, (OUTSIDE,), "shop/db", SENSITIVE, "critical: outside to sensitive"),
        (Change.WIDENED, ("shop/web",), "shop/db", SENSITIVE, "high: sensitive"),
        (Change.NEW, ("lab/a", "2001:db8::/32"), "shop/db", frozenset(), "high: from outside"),
        (Change.CHANGED, ("shop/web",), OUTSIDE, SENSITIVE, "medium: to outside"),
        (Change.WIDENED, ("shop/web", "lab/a"), "shop/db", frozenset(), "medium: across namespaces"),
        (Change.WIDENED, ("node/k9",), "shop/db", frozenset(), "medium: across namespaces"),
        (Change.WIDENED, ("shop/web",), "shop/db", frozenset(), "low: within a namespace"),
        (Change.NARROWED, (OUTSIDE,), "shop/db", SENSITIVE, "low: may cut what is used"),
        (Change.GONE, (OUTSIDE,), "shop/db", SENSITIVE, "info: gone"),
    ],
)
def test_the_risk_is_that_of_the_worst_flow_of_a_row(
    change: Change, sources: tuple[str, ...], destination: str, sensitive: frozenset[str], risk: str
) -> None:
    assert str(risk_of(row(change, sources=sources, destinations=(destination,)), sensitive)) == risk


def test_the_worst_rows_of_a_comment_come_first() -> None:
    inside, outside = row(sources=("shop/web",)), row(sources=(OUTSIDE,))
    text = comment(diff(inside, outside, sensitive=SENSITIVE))
    assert "2 reach what is sensitive" in text.splitlines()[1]
    assert text.index("critical: outside to sensitive") < text.index("high: sensitive")


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
