from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from ringfence.model.provenance import Place
from ringfence.rules.finding import Finding, NotEvaluable, Subject
from ringfence.rules.suppression import Origin, Suppressed, Suppression, apply, parse_ids, parse_terms
from ringfence.values import replace

TODAY = date(2026, 11, 21)
SHOP = Subject("Namespace", "", "shop")
DB = Subject("NetworkPolicy", "shop", "db")
ON_DB = Suppression("NP-005", "renamed next week", "", "", Origin.ANNOTATION, Place("a.yaml", 3), DB, subject=DB)
GLOB = Suppression(
    "NP-005", "a laboratory", "", "", Origin.CONFIGURATION, Place(".ringfence.yaml", 2),
    Subject("Configuration", "", ".ringfence.yaml"), resource="NetworkPolicy/d*", namespace="sh*",
)  # fmt: skip
ALL = ("NP-001", "NP-005", "GOV-002", "GOV-004")


def finding(subject: Subject = DB, rule: str = "NP-005", line: int = 12) -> Finding:
    return Finding(rule, "message", Place("a.yaml", line, 3), subject, ("x",))


def applied(
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    ran: Sequence[str] = ALL,
    doubts: Sequence[NotEvaluable] = (),
) -> tuple[list[Finding], list[Suppressed]]:
    return apply(findings, doubts, suppressions, ran, TODAY)


@pytest.mark.parametrize(
    "text, parsed",
    [
        ("reason; until=2027-01-31; by=team", ("reason", "2027-01-31", "team")),
        ("a reason with = signs until=2027-01-31 by=team", ("a reason with = signs", "2027-01-31", "team")),
        ("until=2027-01-31", ("", "2027-01-31", "")),
        ("one; two; by=x", ("one; two", "", "x")),
        ("", ("", "", "")),
    ],
)
def test_terms(text: str, parsed: tuple[str, str, str]) -> None:
    assert parse_terms(text) == parsed


def test_ids() -> None:
    assert parse_ids(" NP-001,NP-005  np-006 ") == ("NP-001", "NP-005", "np-006")


@pytest.mark.parametrize("suppression", [ON_DB, GLOB, replace(ON_DB, subject=None, line=12)])
def test_a_suppression_hides_what_it_covers_and_nothing_else(suppression: Suppression) -> None:
    other = finding(Subject("NetworkPolicy", "shop", "web"), line=40)
    remaining, hidden = applied([finding(), other], [suppression])
    assert remaining == [other]
    assert hidden == [Suppressed(finding(), suppression)]


def test_a_comment_above_an_object_covers_what_stands_on_its_first_line_too() -> None:
    """NP-001 is about a namespace; without its object the finding stands at the first policy in it."""
    suppression = replace(ON_DB, rule="NP-001", origin=Origin.COMMENT, line=12)
    assert applied([finding(SHOP, "NP-001", 12)], [suppression])[0] == []
    assert len(applied([finding(SHOP, "NP-001", 13)], [suppression])[0]) == 2


def test_the_rule_may_be_named_by_its_slug() -> None:
    assert applied([finding()], [replace(ON_DB, rule="policy-selects-nothing")])[0] == []


def test_a_glob_is_held_against_the_namespace_of_a_namespace_itself() -> None:
    suppression = replace(GLOB, rule="NP-001", resource="")
    assert applied([finding(SHOP, "NP-001")], [suppression])[0] == []


@pytest.mark.parametrize(
    "change, word",
    [
        ({"reason": ""}, "no-reason"),
        ({"until": "2026-11-20"}, "expired"),
        ({"until": "soon"}, "bad-date"),
        ({"rule": "NP-999"}, "unknown-rule"),
        ({"rule": "GOV-002"}, "unknown-rule"),
        ({"unreadable": "write it well"}, "unreadable"),
    ],
)
def test_one_that_does_not_hold_hides_nothing_and_is_a_finding(change: dict[str, str], word: str) -> None:
    remaining, hidden = applied([finding()], [replace(ON_DB, **change)])
    assert not hidden
    assert [one.rule for one in remaining] == ["NP-005", "GOV-002"]
    assert remaining[1].evidence[0] == word
    assert remaining[1].place == ON_DB.place


def test_it_holds_on_its_last_day() -> None:
    assert applied([finding()], [replace(ON_DB, until="2026-11-21")])[0] == []


def test_one_that_hides_nothing_is_a_finding() -> None:
    remaining, _ = applied([], [ON_DB])
    assert [one.rule for one in remaining] == ["GOV-004"]


def test_one_of_a_rule_that_did_not_run_is_left_alone() -> None:
    assert applied([], [ON_DB], ["NP-001", "GOV-004"])[0] == []


def test_one_of_a_rule_that_could_not_look_is_left_alone() -> None:
    assert applied([], [ON_DB], doubts=[NotEvaluable("NP-005", DB, "no workloads")])[0] == []
    assert applied([], [ON_DB], doubts=[NotEvaluable("NP-005", Subject("Namespace", "", "shop"), "none")])[0] == []
    elsewhere = NotEvaluable("NP-005", Subject("NetworkPolicy", "lab", "x"), "no workloads")
    assert len(applied([], [ON_DB], doubts=[elsewhere])[0]) == 1


def test_nothing_suppresses_the_findings_about_suppressions() -> None:
    expired = replace(ON_DB, until="2020-01-01")
    cover = replace(ON_DB, rule="GOV-002")
    assert [one.evidence[0] for one in applied([], [expired, cover])[0]] == ["expired", "unknown-rule"]


def test_it_covers_no_object_of_the_same_name_elsewhere() -> None:
    other = finding(Subject("NetworkPolicy", "lab", "db"))
    assert applied([finding(), other], [ON_DB])[0] == [other]
    assert applied([finding(), other], [GLOB])[0] == [other]


def test_a_comment_covers_no_line_of_another_file() -> None:
    comment = replace(ON_DB, subject=None, origin=Origin.COMMENT, line=12)
    elsewhere = replace(finding(), place=Place("b.yaml", 12, 3))
    assert applied([finding(), elsewhere], [comment])[0] == [elsewhere]
