from __future__ import annotations

import pytest

from ringfence.layers.profiles import PROFILES, Fact, Reading
from ringfence.rules.finding import Subject
from ringfence.values import replace
from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.dns_clusters import CACHE, SYSTEM, TO_DNS, dns, egress

RULE = "DNS-003"
SHOP = SYSTEM + namespace("shop") + pod("web")


@pytest.mark.parametrize(
    "rule",
    [
        TO_DNS.replace("k8s-app: kube-dns", "k8s-app: coredns"),
        TO_DNS.replace("kubernetes.io/metadata.name: kube-system", "name: kube-system"),
        "{to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}]}",
    ],
)
def test_a_rule_that_names_others(rule: str) -> None:
    (finding,) = checked(RULE, SHOP + dns() + policy("dns", egress(rule))).findings
    assert finding.subject == Subject("NetworkPolicy", "shop", "dns")
    assert "k8s-app=kube-dns" in finding.message
    assert finding.witness is not None


def test_a_rule_that_names_dns() -> None:
    assert messages(RULE, SHOP + dns() + policy("dns", egress(TO_DNS))) == []
    assert (
        messages(
            RULE, SHOP + dns(labels="app: dns") + policy("dns", egress(TO_DNS.replace("k8s-app: kube-dns", "app: dns")))
        )
        == []
    )


def test_every_namespace_and_the_label_of_dns_match_it() -> None:
    """Popeye takes the empty selector of namespaces for the policy's own namespace."""
    rule = TO_DNS.replace("{matchLabels: {kubernetes.io/metadata.name: kube-system}}", "{}")
    assert messages(RULE, SHOP + dns() + policy("dns", egress(rule))) == []


def test_another_rule_leads_to_dns() -> None:
    other = TO_DNS.replace("k8s-app: kube-dns", "k8s-app: own-server")
    assert messages(RULE, SHOP + dns() + policy("dns", egress(other, TO_DNS))) == []


def test_the_port_behind_the_service_is_another() -> None:
    (message,) = messages(RULE, SHOP + dns(5353) + policy("dns", egress(TO_DNS)))
    assert "5353" in message
    assert messages(RULE, SHOP + dns(5353) + policy("dns", egress(TO_DNS.replace("port: 53", "port: 5353")))) == []


def test_the_address_of_the_service_is_translated_before_policies_look() -> None:
    service = dns().replace(
        "  selector: {k8s-app: kube-dns}\n  ports", "  clusterIP: 10.96.0.10\n  selector: {k8s-app: kube-dns}\n  ports"
    )
    rule = "{to: [{ipBlock: {cidr: 10.96.0.10/32}}], ports: [{protocol: UDP, port: 53}]}"
    assert len(messages(RULE, SHOP + service + policy("dns", egress(rule)), "calico")) == 1


def test_a_server_outside_the_cluster_is_none_of_its_business() -> None:
    rule = "{to: [{ipBlock: {cidr: 8.8.8.8/32}}], ports: [{protocol: UDP, port: 53}]}"
    assert messages(RULE, SHOP + dns() + policy("dns", egress(rule))) == []


def test_the_cache_on_the_node_is_asked_first() -> None:
    (finding,) = checked(RULE, SHOP + dns() + CACHE + policy("dns", egress(TO_DNS)), "calico").findings
    assert finding.witness is not None
    assert finding.witness.destination == "169.254.20.11"
    assert "unless" not in finding.message
    assert "unless" in messages(RULE, SHOP + dns() + CACHE + policy("dns", egress(TO_DNS)))[0]


def test_the_cache_is_allowed() -> None:
    both = TO_DNS.replace("to: [", "to: [{ipBlock: {cidr: 169.254.20.11/32}}, ")
    assert messages(RULE, SHOP + dns() + CACHE + policy("dns", egress(both)), "calico") == []


def test_without_dns_in_the_input_nothing_can_be_compared() -> None:
    outcome = checked(RULE, SHOP + policy("dns", egress(TO_DNS)))
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Namespace", "", "shop")]


def test_a_server_outside_is_none_of_its_business_where_dns_is_closed_either() -> None:
    rule = "{to: [{ipBlock: {cidr: 8.8.8.8/32}}], ports: [{protocol: UDP, port: 53}]}"
    closed = policy("closed", "{podSelector: {}, policyTypes: [Ingress]}", "kube-system")
    assert messages(RULE, SHOP + dns() + closed + policy("dns", egress(rule)), "netpol-analyzer") == []


def test_a_port_by_a_name_that_dns_pods_lack_is_for_another_rule() -> None:
    named = TO_DNS.replace("{protocol: UDP, port: 53}, {protocol: TCP, port: 53}", "{protocol: UDP, port: dns-udp}")
    assert messages(RULE, SHOP + dns() + policy("dns", egress(named))) == []
    assert len(messages("NP-016", SHOP + dns() + policy("dns", egress(named)))) == 1


def test_the_cache_where_the_plugin_never_filters_what_stays_on_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {**PROFILES["calico"].facts, Fact.OWN_NODE_EGRESS_EXEMPT: Reading(True, "the test")}
    monkeypatch.setitem(PROFILES, "exempt", replace(PROFILES["calico"], name="exempt", facts=facts))
    assert messages(RULE, SHOP + dns() + CACHE + policy("dns", egress(TO_DNS)), "exempt") == []
