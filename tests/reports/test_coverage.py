"""What coverage leaves to do, as findings."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import msgspec
import pytest

from ringfence.model.policy import Direction
from ringfence.model.provenance import Place
from ringfence.reports.coverage.as_findings import findings_report
from ringfence.reports.coverage.formats import lines_of
from ringfence.reports.findings.report import Report
from ringfence.reports.findings.sarif import sarif_document
from ringfence.reports.style import PLAIN
from ringfence.values import replace
from ringfence.verdict.coverage import MESH_LAYERS, Coverage, Side, Status
from ringfence.verdict.openness import Proof, Scope
from tests.reports.reach_samples import coverages, many
from tests.reports.samples import CONTEXT
from tests.reports.test_sarif import Log


def report(found: Coverage | None = None, limit: int | None = None) -> Report:
    return findings_report(found or coverages(), CONTEXT, str, "1.0.0", limit)


def test_open_directions_and_defaults_are_findings_and_doubts_are_neither() -> None:
    assessment = report().assessment
    assert [(one.finding.rule, str(one.finding.subject), one.severity.value) for one in assessment.found] == [
        ("COVERAGE-INGRESS-OPEN", "Deployment shop/api", "high"),
        ("COVERAGE-INGRESS-DEFAULT", "Namespace shop", "high"),
        ("COVERAGE-INGRESS-OPEN", "Deployment shop/agent", "low"),
    ]
    assert [(one.rule, str(one.scope)) for one in assessment.not_evaluable] == [
        ("COVERAGE-EGRESS-OPEN", "Deployment shop/agent")
    ]


def test_each_stands_on_its_line_and_names_what_opens_it_and_how_to_mend_it() -> None:
    api, home, _ = (one.finding for one in report().assessment.found)
    assert (str(api.place), str(home.place)) == ("base/app.yaml:10:1", "base/ns.yaml:2:1")
    assert [str(one.place) for one in api.related] == ["base/netpol.yaml:12:5"]
    assert "rule 0 of NetworkPolicy shop/api" in api.fix
    assert "app=new" in home.message
    assert "policyTypes" in home.fix


def test_fingerprints_stay_when_lines_move_and_others_close() -> None:
    whole = coverages()
    moved = replace(whole, workloads=tuple(replace(one, place=Place("other.yaml", 99)) for one in whole.workloads[:1]))
    prints = {str(one.finding.subject): one.fingerprint for one in report(whole).assessment.found}
    again = {str(one.finding.subject): one.fingerprint for one in report(moved).assessment.found}
    assert len(set(prints.values())) == 3
    assert again["Deployment shop/api"] == prints["Deployment shop/api"]


def test_ingress_and_egress_of_one_workload_are_two() -> None:
    prints = [one.fingerprint for one in report(many(20)).assessment.found]
    assert len(set(prints)) == len(prints) == 40


def test_what_is_closed_passes_in_junit() -> None:
    root = ElementTree.fromstring("\n".join(lines_of("junit", coverages(), CONTEXT, PLAIN, str, "")))
    passed = [case.attrib["name"] for case in root.iter("testcase") if not len(case)]
    assert "COVERAGE-EGRESS-OPEN egress-open: Deployment shop/db" in passed
    assert "COVERAGE-EGRESS-DEFAULT egress-default: Namespace shop" in passed
    assert len(passed) == 4


@pytest.mark.parametrize("name", ["concise", "sarif", "junit", "github"])
def test_a_limit_says_what_it_cut_off(name: str) -> None:
    text = "\n".join(lines_of(name, many(20), CONTEXT, PLAIN, str, "", 5))
    if name != "concise":
        assert "35 more findings are not shown" in text


def test_the_log_is_sarif_of_a_category_of_its_own() -> None:
    (run,) = msgspec.convert(sarif_document(report()), Log).runs
    assert run.automation_details.id == "ringfence-coverage/"
    assert {direction.value for direction in Direction} == {
        one.id.split("-")[1].lower() for one in run.tool.driver.rules
    }


def meshed() -> Coverage:
    """A mesh in which one side lets in two kinds of clients, by many ports."""
    found = coverages()
    taken = ((9102, 9102), (15008, 15008), (15020, 15021), (15090, 15090))
    scopes = (Scope(Proof.NOBODY, taken), Scope(Proof.ANYBODY, ((1, 9101),)))
    layers = dict.fromkeys(MESH_LAYERS, Side(Status.CLOSED, True, scopes))
    return replace(found, workloads=tuple(replace(one, mesh=layers) for one in found.workloads))


def test_with_a_mesh_the_table_is_narrow_and_wide_has_it_all() -> None:
    table, wide = (list(lines_of(name, meshed(), CONTEXT, PLAIN, str, "")) for name in ("table", "wide"))
    short = f"closed: {Proof.NOBODY.value} TCP 9102, +3 more; ..."
    whole = f"closed: {Proof.NOBODY.value} TCP 9102, 15008, 15020-15021, 15090; {Proof.ANYBODY.value} TCP 1-9101"
    assert [line.count(short) for line in table if short in line] == [3, 3, 3]
    assert max(map(len, table)) <= 160
    assert [line.count(whole) for line in wide if whole in line] == [3, 3, 3]
    assert not [line for line in table if whole in line]


def test_without_a_mesh_wide_is_the_table() -> None:
    table, wide = (list(lines_of(name, coverages(), CONTEXT, PLAIN, str, "")) for name in ("table", "wide"))
    assert table == wide
