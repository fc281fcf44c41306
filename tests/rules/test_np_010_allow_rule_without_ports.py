from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, pod, policy

RULE = "NP-010"


@pytest.mark.parametrize(
    "ports, what",
    [
        ("", "every port of every protocol"),
        (", ports: []", "every port of every protocol"),
        (", ports: [{protocol: TCP}]", "every port of TCP"),
        (", ports: [{protocol: UDP}, {protocol: TCP, port: 1, endPort: 65535}]", "every port of TCP and UDP"),
        (", ports: [{port: 1, endPort: 9000}, {port: 9001, endPort: 65535}]", "every port of TCP"),
    ],
)
def test_rules_that_allow_every_port(ports: str, what: str) -> None:
    spec = f"{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}]{ports}}}]}}"
    assert messages(RULE, policy("p", spec)) == [f"ingress rule 1 of NetworkPolicy shop/p allows {what}"]


@pytest.mark.parametrize(
    "ports", ["[{port: 80}]", "[{port: http}]", "[{port: 2, endPort: 65535}]", "[{port: 80, protocol: UDP}]"]
)
def test_rules_that_name_ports(ports: str) -> None:
    spec = f"{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}], ports: {ports}}}]}}"
    assert messages(RULE, policy("p", spec)) == []


def test_a_default_deny_has_no_rules() -> None:
    assert messages(RULE, policy("p", "{podSelector: {}, policyTypes: [Ingress, Egress]}")) == []


def test_each_rule_is_a_finding_of_its_own() -> None:
    spec = "{podSelector: {}, egress: [{to: [{podSelector: {}}]}, {ports: [{port: 53}]}, {}]}"
    found = checked(RULE, policy("p", spec)).findings
    assert [finding.evidence for finding in found] == [("egress", "0"), ("egress", "2")]


def test_the_ports_that_the_pods_declare_are_named() -> None:
    web = pod("web").replace("containerPort: 8080", "containerPort: 8080\n      name: http")
    spec = "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}"
    (finding,) = checked(RULE, web + policy("p", spec)).findings
    assert "8080/TCP (http)" in finding.fix


@pytest.mark.parametrize("action, count", [("Allow", 1), ("Deny", 0), ("Pass", 0)])
def test_only_rules_that_allow(action: str, count: int) -> None:
    text = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        "spec:\n  priority: 5\n  subject: {namespaces: {}}\n  ingress:\n"
        f"  - {{name: all, action: {action}, from: [{{namespaces: {{}}}}]}}\n"
    )
    assert len(messages(RULE, text)) == count
