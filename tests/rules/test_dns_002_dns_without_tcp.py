from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.dns_clusters import SYSTEM, TO_DNS, dns, egress

RULE = "DNS-002"
SHOP = SYSTEM + namespace("shop") + pod("web")
UDP_ONLY = TO_DNS.replace(", {protocol: TCP, port: 53}", "")


def test_udp_without_tcp() -> None:
    (finding,) = checked(RULE, SHOP + dns() + policy("dns", egress(UDP_ONLY))).findings
    assert finding.subject == Subject("NetworkPolicy", "shop", "dns")
    assert finding.witness is not None
    assert (finding.witness.protocol, finding.witness.destination) == ("TCP", "kube-system/service/kube-dns")


def test_both_are_allowed() -> None:
    assert messages(RULE, SHOP + dns() + policy("dns", egress(TO_DNS))) == []
    assert messages(RULE, SHOP + dns() + policy("dns", egress("{}"))) == []


def test_another_policy_allows_tcp() -> None:
    tcp = "{ports: [{port: 1, endPort: 100}]}"
    assert messages(RULE, SHOP + dns() + policy("dns", egress(UDP_ONLY)) + policy("tcp", egress(tcp))) == []


@pytest.mark.parametrize(("app", "other"), [("web", "db"), ("db", "web")])
def test_another_policy_allows_tcp_to_others_only(app: str, other: str) -> None:
    mixed = policy("tcp", egress("{ports: [{port: 53}]}", selector=f"{{matchLabels: {{app: {app}}}}}"))
    text = SHOP + pod("db") + dns() + policy("dns", egress(UDP_ONLY)) + mixed
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None
    assert finding.witness.source == f"shop/{other}"


def test_a_server_outside_the_cluster_counts_too() -> None:
    rule = "{to: [{ipBlock: {cidr: 8.8.8.8/32}}], ports: [{protocol: UDP, port: 53}]}"
    (finding,) = checked(RULE, SHOP + dns() + policy("dns", egress(rule))).findings
    assert finding.witness is not None
    assert finding.witness.destination == "8.8.8.8"


def test_without_workloads_and_dns_the_rule_itself_is_enough() -> None:
    assert len(messages(RULE, SYSTEM + namespace("shop") + policy("dns", egress(UDP_ONLY)))) == 1


def test_a_rule_for_all_of_udp_is_not_for_dns() -> None:
    assert messages(RULE, SHOP + dns() + policy("dns", egress("{ports: [{protocol: UDP}]}"))) == []


def test_a_rule_with_both_is_not_to_blame_for_what_an_admin_policy_denies() -> None:
    admin = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        "spec:\n  priority: 5\n  subject: {namespaces: {}}\n  egress:\n  - {name: tcp, action: Deny, "
        "to: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 53}}]}\n"
    )
    assert messages(RULE, SHOP + dns() + policy("dns", egress(TO_DNS)) + admin) == []
    assert len(messages(RULE, SHOP + dns() + policy("dns", egress(UDP_ONLY)) + admin)) == 1
