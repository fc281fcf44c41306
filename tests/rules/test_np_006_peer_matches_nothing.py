from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-006"
SHOP = namespace("shop", team="a") + pod("database") + pod("backend")


def allow(peer: str, name: str = "db") -> str:
    return policy(name, f"{{podSelector: {{matchLabels: {{app: database}}}}, ingress: [{{from: [{peer}]}}]}}")


def test_a_misspelt_label() -> None:
    (finding,) = checked(RULE, SHOP + allow("{podSelector: {matchLabels: {app: bakend}}}")).findings
    assert finding.subject == Subject("NetworkPolicy", "shop", "db")
    assert finding.message == (
        "ingress rule 1 of NetworkPolicy shop/db means nobody: there are no pods of shop with app=bakend"
    )
    assert finding.fix == "did you mean app: backend?"


def test_a_misspelt_key() -> None:
    (finding,) = checked(RULE, SHOP + allow("{podSelector: {matchLabels: {ap: backend}}}")).findings
    assert finding.fix == "did you mean app: backend?"


@pytest.mark.parametrize(
    "peer",
    [
        "{podSelector: {matchLabels: {app: backend}}}",
        "{podSelector: {}}",
        "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}}",
        "{namespaceSelector: {}, podSelector: {matchLabels: {app: backend}}}",
        "{namespaceSelector: {matchLabels: {team: a}}}",
        "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}",
        "{ipBlock: {cidr: 10.0.0.0/8}}",
    ],
)
def test_peers_that_match(peer: str) -> None:
    assert messages(RULE, SHOP + allow(peer)) == []


def test_the_other_direction() -> None:
    text = SHOP + policy("db", "{podSelector: {}, egress: [{}, {to: [{podSelector: {matchLabels: {app: x}}}]}]}")
    (finding,) = checked(RULE, text).findings
    assert finding.evidence == ("egress", "1", "pods of shop with app=x")


def test_pods_of_another_namespace_are_not_in_this_one() -> None:
    other = namespace("edge") + pod("gateway", "edge")
    (finding,) = checked(RULE, SHOP + other + allow("{podSelector: {matchLabels: {app: gateway}}}")).findings
    assert "namespaceSelector" in finding.fix
    assert "edge" in finding.fix


def test_a_namespace_that_there_is_not() -> None:
    (finding,) = checked(RULE, SHOP + allow("{namespaceSelector: {matchLabels: {team: b}}}")).findings
    assert finding.message.endswith("no namespace has team=b")
    (finding,) = checked(
        RULE, SHOP + allow("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shopp}}}")
    ).findings
    assert finding.fix == "did you mean kubernetes.io/metadata.name: shop?"


@pytest.mark.parametrize(
    "text, why",
    [
        # No Namespace object: it may have the label.
        (pod("database") + allow("{namespaceSelector: {matchLabels: {team: b}}}"), "labels of its namespace"),
        (
            pod("database") + allow("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}"),
            "lacks some Namespace objects",
        ),
        # No workloads there.
        (
            SHOP + namespace("edge") + allow("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}"),
            "no workloads in edge",
        ),
        (
            SHOP + allow("{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}"),
            "may lack some: not even kube-system has workloads",
        ),
        (namespace("shop") + allow("{podSelector: {matchLabels: {app: x}}}"), "no workloads in shop"),
    ],
)
def test_what_may_be_elsewhere_is_neither_passed_nor_failed(text: str, why: str) -> None:
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert why in outcome.not_evaluable[0].why


def test_a_whole_cluster_has_no_such_pods() -> None:
    whole = SHOP + namespace("kube-system") + pod("dns", "kube-system") + namespace("empty")
    assert len(messages(RULE, whole + allow("{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}"))) == 1
    assert messages(RULE, whole + allow("{namespaceSelector: {}, podSelector: {matchLabels: {app: dns}}}")) == []


def test_the_same_peer_twice_is_one_finding() -> None:
    peer = "{podSelector: {matchLabels: {app: bakend}}}"
    assert len(checked(RULE, SHOP + allow(f"{peer}, {peer}")).findings) == 1


def test_admin_policies_too() -> None:
    text = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        "spec:\n  priority: 5\n  subject: {namespaces: {}}\n  ingress:\n"
        "  - {name: all, action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}\n"
    )
    (message,) = messages(RULE, SHOP + text)
    assert "no namespace has team=b" in message
