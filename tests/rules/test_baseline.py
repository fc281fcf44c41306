from __future__ import annotations

from datetime import date

from ringfence.model.provenance import Place
from ringfence.rules.assessment import Assessment, assess
from ringfence.rules.baseline import gone, identities
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.running import Outcome, in_order
from ringfence.values import replace

DB = Subject("NetworkPolicy", "shop", "db")
FINDING = Finding("NP-005", "message", Place("a.yaml", 12, 3), DB, ("app=x",))
DAY = date(2026, 11, 21)
RULES = ("NP-001", "NP-005")


def assessed(*findings: Finding, doubts: tuple[NotEvaluable, ...] = ()) -> Assessment:
    return assess(Outcome(findings, doubts, RULES), [], DAY)


def test_a_finding_that_moved_is_the_same() -> None:
    moved = replace(FINDING, place=Place("b.yaml", 99, 1), message="said otherwise", fix="x")
    assert identities([moved]) == identities([FINDING])


def test_another_object_rule_or_evidence_is_another_finding() -> None:
    others = [
        FINDING,
        replace(FINDING, subject=replace(DB, name="web")),
        replace(FINDING, subject=replace(DB, namespace="lab")),
        replace(FINDING, evidence=("app=y",)),
        replace(FINDING, evidence=("app", "=x")),
        replace(FINDING, rule="NP-001"),
    ]
    assert len({entry.fingerprint for entry in identities(others)}) == len(others)


def test_two_with_one_identity_are_told_apart() -> None:
    first, second = identities([FINDING, replace(FINDING, place=Place("a.yaml", 20))])
    assert first.fingerprint != second.fingerprint


def test_the_fingerprint_is_what_it_was() -> None:
    """Baselines in people's repositories hold it: a change needs a new version of the file."""
    assert identities([FINDING])[0].fingerprint == "84e4413675b5eb9fa0c9da7d128da59a"


def test_a_baseline_hides_what_it_knows_and_names_what_is_gone() -> None:
    new = replace(FINDING, subject=replace(DB, name="new"))
    old = replace(FINDING, subject=replace(DB, name="old"))
    found = assessed(FINDING, new).against(assessed(FINDING, old).entries())
    assert found.findings == (new,)
    assert [one.finding for one in found.known] == [FINDING]
    assert [entry.subject.name for entry in found.fixed] == ["old"]
    assert len(found.entries()) == 2


def test_what_could_not_be_looked_at_is_not_called_fixed() -> None:
    entries = assessed(FINDING).entries()
    assert gone(entries, [], RULES, []) == tuple(entries)
    assert gone(entries, [], ["NP-001"], []) == ()
    assert gone(entries, [], RULES, [NotEvaluable("NP-005", Subject("Namespace", "", "shop"), "")]) == ()
    assert gone(entries, [], RULES, [NotEvaluable("NP-001", Subject("Namespace", "", "shop"), "")]) == tuple(entries)


def test_what_could_not_be_looked_at_anywhere_is_not_called_fixed() -> None:
    entries = assessed(FINDING).entries()
    assert gone(entries, [], RULES, [NotEvaluable("NP-005", Subject("Cluster", "", ""), "")]) == ()


def test_the_worst_comes_first_by_the_severity_of_the_finding_itself() -> None:
    low = replace(FINDING, rule="NP-001", severity=Severity.LOW)
    high = replace(FINDING, severity=Severity.HIGH, subject=replace(DB, name="web"))
    usual = FINDING
    found = assessed(*in_order([low, usual, high]))
    assert found.findings == (high, usual, low)
    assert [one.severity for one in found.found] == [Severity.HIGH, Severity.MEDIUM, Severity.LOW]
