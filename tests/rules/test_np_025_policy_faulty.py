from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity, Subject
from tests.rules.checking import checked, namespace, pod, policy

RULE = "NP-025"
SHOP = namespace("shop") + pod("web")


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("{podSelector: {}, ingress: [{ports: [{port: 99999}]}]}", "invalid-port"),
        ("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}", "invalid-cidr"),
        ("{podSelector: {matchExpressions: [{key: a, operator: Has}]}}", ""),
        ("{podSelector: {}, ingress: [{from: [{}]}]}", "invalid-peer"),
        ("{podselector: {matchLabels: {app: web}}}", "unknown-field"),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}, ports: [{port: 80}]}]}]}", "unknown-field"),
        ("{podSelector: {}, podSelector: {matchLabels: {app: web}}}", "duplicate-key"),
    ],
)
def test_faults(spec: str, code: str) -> None:
    findings = checked(RULE, SHOP + policy("p", spec), faulty=True).findings
    assert findings
    assert all(one.subject == Subject("NetworkPolicy", "shop", "p") for one in findings)
    assert all(one.place.line > 1 for one in findings)
    assert not code or any(one.evidence[0] == code for one in findings)


def test_a_policy_in_order() -> None:
    assert checked(RULE, SHOP + policy("p", "{podSelector: {}}")).findings == ()


def test_faults_of_other_objects_are_none_of_its_business() -> None:
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {type: Wrong}\n"
    text = SHOP + policy("p", "{podSelector: {}}")
    assert checked(RULE, text + service, faulty=True).findings == ()
    assert checked(RULE, service + text, faulty=True).findings == ()


def test_each_fault_is_the_fault_of_its_own_policy() -> None:
    good, bad = policy("good", "{podSelector: {}}"), policy("bad", "{podSelector: {}, ingres: []}")
    for text in (good + bad, bad + good, SHOP + bad + good):
        assert [one.subject.name for one in checked(RULE, text, faulty=True).findings] == ["bad"]


def test_a_kind_that_does_not_exist() -> None:
    text = policy("p", "{podSelector: {}}").replace("NetworkPolicy", "NetworkPolcy")
    (finding,) = checked(RULE, SHOP + text, faulty=True).findings
    assert finding.evidence[0] == "unknown-kind"


def test_odd_spelling_is_not_grave() -> None:
    (finding,) = checked(
        RULE, policy("p", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}]}]}")
    ).findings
    assert finding.severity is Severity.LOW


DASH = """
podSelector: {matchLabels: {app: web}}
ingress:
- from:
  - podSelector: {matchLabels: {app: gateway}}
- ports:
  - port: 5432
""".strip()


def test_a_dash_too_many_makes_two_rules_of_one() -> None:
    (finding,) = checked(RULE, SHOP + policy("p", DASH)).findings
    assert "these ports from everybody" in finding.message
    assert finding.witness is not None
    assert finding.witness.port == 5432
    assert finding.witness.destination == "shop/web"
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "spec",
    [
        DASH.replace("- ports", "  ports"),
        DASH.replace("{matchLabels: {app: gateway}}", "{}"),
        DASH.replace("- ports", "  ports: [{port: 80}]\n- ports"),
        DASH.replace("- ports:\n  - port: 5432", "- from: [{podSelector: {}}]\n  ports: [{port: 5432}]"),
        DASH.replace("- from:\n  - podSelector: {matchLabels: {app: gateway}}\n", ""),
    ],
)
def test_rules_that_are_meant(spec: str) -> None:
    assert checked(RULE, SHOP + policy("p", spec)).findings == ()
