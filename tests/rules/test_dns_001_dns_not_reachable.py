from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.dns_clusters import CACHE, SYSTEM, TO_DB, TO_DNS, dns, egress

RULE = "DNS-001"
SHOP = SYSTEM + namespace("shop") + pod("web") + pod("db")
WEB = policy("web", egress(TO_DB, selector="{matchLabels: {app: web}}"))


def test_a_workload_that_may_reach_its_database_and_not_dns() -> None:
    (finding,) = checked(RULE, SHOP + dns() + WEB).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED
    assert "k8s-app: kube-dns" in finding.fix


@pytest.mark.parametrize("other", [policy("dns", egress(TO_DNS)), policy("open", egress("{}"))])
def test_another_policy_lets_it_out(other: str) -> None:
    assert messages(RULE, SHOP + dns() + WEB + other) == []


def test_a_workload_without_egress_policy_is_open() -> None:
    assert messages(RULE, SHOP + dns() + policy("in", "{podSelector: {}, policyTypes: [Ingress]}")) == []


def test_a_workload_that_may_connect_to_nothing_needs_no_names() -> None:
    assert messages(RULE, SHOP + dns() + policy("deny", egress())) == []


def test_the_service_is_translated_to_the_port_of_its_pods() -> None:
    assert len(messages(RULE, SHOP + dns(5353) + policy("all", egress(TO_DNS)))) == 2
    there = TO_DNS.replace("port: 53", "port: 5353")
    assert messages(RULE, SHOP + dns(5353) + policy("all", egress(there))) == []


def test_the_clusterip_in_an_ipblock_is_not_where_policies_look() -> None:
    service = dns().replace(
        "  selector: {k8s-app: kube-dns}\n  ports", "  clusterIP: 10.96.0.10\n  selector: {k8s-app: kube-dns}\n  ports"
    )
    rule = "{to: [{ipBlock: {cidr: 10.96.0.10/32}}], ports: [{protocol: UDP, port: 53}]}"
    assert len(checked(RULE, SHOP + service + policy("all", egress(rule)), "calico").findings) == 2


def test_dns_that_closes_its_own_ingress_is_seen() -> None:
    closed = policy("closed", "{podSelector: {}, policyTypes: [Ingress]}", "kube-system")
    assert len(messages(RULE, SHOP + dns() + closed + policy("all", egress(TO_DNS)))) == 2


def test_the_cache_on_the_node_is_a_way_too() -> None:
    local = "{to: [{ipBlock: {cidr: 169.254.20.11/32}}], ports: [{protocol: UDP, port: 53}]}"
    assert messages(RULE, SHOP + dns() + CACHE + policy("all", egress(local))) == []
    assert len(messages(RULE, SHOP + dns() + policy("all", egress(local)))) == 2


@pytest.mark.parametrize("policy_of_pod", ["None", "Default"])
def test_a_workload_that_asks_others_is_left_alone(policy_of_pod: str) -> None:
    text = SHOP.replace("  name: web\n", "  name: web\n", 1).replace(
        "    app: web\nspec:\n", f"    app: web\nspec:\n  dnsPolicy: {policy_of_pod}\n"
    )
    assert messages(RULE, text + dns() + WEB) == []


def test_without_dns_in_the_input_no_udp_at_all_is_a_proof() -> None:
    assert "no UDP out at all" in messages(RULE, SHOP + WEB)[0]


def test_without_dns_in_the_input_anything_else_is_open() -> None:
    outcome = checked(RULE, SHOP + policy("all", egress(TO_DNS)))
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Namespace", "", "shop")]


def test_a_service_without_its_pods_is_not_enough() -> None:
    service = "---\napiVersion: v1\nkind: Service" + dns().split("kind: Service")[1]
    outcome = checked(RULE, SHOP + service + policy("all", egress(TO_DNS)))
    assert not outcome.findings
    assert outcome.not_evaluable


def test_labels_that_are_not_known_leave_it_open() -> None:
    tagged = TO_DNS.replace("kubernetes.io/metadata.name: kube-system", "tier: platform")
    text = (SHOP + dns() + policy("all", egress(tagged))).replace(SYSTEM, "")
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert "tier" in outcome.not_evaluable[0].why


def test_without_dns_in_the_input_a_rule_for_udp_may_lead_to_it() -> None:
    outcome = checked(RULE, SHOP + policy("udp", egress(TO_DB.replace("port: 5432", "protocol: UDP, port: 514"))))
    assert not outcome.findings
    assert outcome.not_evaluable


def test_a_service_of_that_name_elsewhere_is_not_the_clusters_dns() -> None:
    outcome = checked(RULE, SHOP + namespace("lab") + dns(space="lab") + policy("all", egress(TO_DNS)))
    assert not outcome.findings
    assert Subject("Namespace", "", "shop") in [one.scope for one in outcome.not_evaluable]


def test_dns_pods_without_a_service_are_asked_on_the_port_that_they_name() -> None:
    pods = dns(5353).split("---\napiVersion: v1\nkind: Service")[0]
    there = TO_DNS.replace("port: 53", "port: 5353")
    assert messages(RULE, SHOP + pods + policy("all", egress(there))) == []
    assert len(messages(RULE, SHOP + pods + policy("all", egress(TO_DNS)))) == 2
