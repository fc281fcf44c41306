from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity, Subject
from tests.rules.checking import checked, messages, pod, policy

RULE = "NP-017"

NODE = """---
apiVersion: v1
kind: Node
metadata: {name: one}
spec: {podCIDRs: [10.244.0.0/24]}
status: {addresses: [{type: InternalIP, address: 192.168.1.10}]}
"""
SERVICES = (
    "---\napiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: x}\nspec: {cidrs: [10.96.0.0/16]}\n"
)
WEB = pod("web") + "status: {phase: Running, podIP: 10.244.0.7}\n"
CLUSTER = NODE + SERVICES + WEB


def block(*cidrs: str) -> str:
    peers = ", ".join(f"{{ipBlock: {{cidr: '{cidr}'}}}}" for cidr in cidrs)
    return policy("p", f"{{podSelector: {{}}, ingress: [{{from: [{peers}]}}]}}")


def test_the_address_of_a_pod_is_no_identity() -> None:
    (finding,) = checked(RULE, CLUSTER + block("10.244.0.7/32"), "calico").findings
    assert "the address of pod shop/web" in finding.message
    assert finding.subject == Subject("NetworkPolicy", "shop", "p")


@pytest.mark.parametrize(
    ("cidr", "word"),
    [("10.244.0.0/28", "pods' range"), ("10.244.0.0/16", "pods' range"), ("10.96.4.0/24", "Services")],
)
def test_a_range_of_the_cluster(cidr: str, word: str) -> None:
    (message,) = messages(RULE, CLUSTER + block(cidr))
    assert word in message


def test_the_profile_decides_about_pods() -> None:
    assert "network plugins differ" in messages(RULE, CLUSTER + block("10.244.0.0/28"))[0]
    assert "network plugins differ" not in messages(RULE, CLUSTER + block("10.244.0.0/28"), "calico")[0]
    assert "never matches" in messages(RULE, CLUSTER + block("10.244.0.0/28"), "netpol-analyzer")[0]


def test_a_block_that_is_wider_than_the_range() -> None:
    (finding,) = checked(RULE, CLUSTER + block("10.244.0.0/14"), "calico").findings
    assert finding.severity is Severity.LOW
    assert "it matches pods too" in finding.message
    assert "network plugins differ" in messages(RULE, CLUSTER + block("10.244.0.0/14"))[0]


def test_nodes_can_be_named_no_other_way() -> None:
    assert messages(RULE, CLUSTER + block("192.168.1.10/32"), "calico") == []
    (finding,) = checked(RULE, CLUSTER + block("192.168.1.10/32")).findings
    assert finding.severity is Severity.LOW
    assert "never matches" in messages(RULE, CLUSTER + block("192.168.1.0/24"), "netpol-analyzer")[0]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0", "203.0.113.0/24", "10.0.0.0/24"])
def test_the_outside(cidr: str) -> None:
    assert messages(RULE, CLUSTER + block(cidr)) == []


def test_what_is_excepted_is_not_named() -> None:
    text = block("10.0.0.0/8").replace("cidr: '10.0.0.0/8'", "cidr: 10.0.0.0/8, except: [10.244.0.0/16, 10.96.0.0/16]")
    assert messages(RULE, CLUSTER + text) == []
    assert len(messages(RULE, CLUSTER + block("10.0.0.0/8"))) == 1


def test_without_ranges_private_blocks_cannot_be_judged() -> None:
    outcome = checked(RULE, pod("web") + block("10.1.0.0/16"))
    assert not outcome.findings
    assert "--pod-cidr" in outcome.not_evaluable[0].why
    assert messages(RULE, pod("web") + block("203.0.113.0/24")) == []


def test_the_same_block_twice_is_one_finding() -> None:
    assert len(messages(RULE, CLUSTER + block("10.244.0.7/32", "10.244.0.7/32"))) == 1


def test_the_address_of_a_service_where_the_plugin_sees_it() -> None:
    service = "Services, and policies see the pod behind one"
    assert service in messages(RULE, CLUSTER + block("10.96.4.0/24"), "calico")[0]
    assert messages(RULE, CLUSTER + block("10.96.4.0/24"), "aws-vpc-cni") == []


def test_a_pod_on_the_network_of_its_node_has_no_address_of_its_own() -> None:
    host = pod("exporter").replace("spec:\n", "spec:\n  hostNetwork: true\n")
    addressed = host + "status: {phase: Running, podIP: 192.168.1.10}\n"
    assert messages(RULE, CLUSTER + addressed + block("192.168.1.10/32"), "calico") == []


def test_the_pod_is_named_whose_address_it_is() -> None:
    other = pod("other") + "status: {phase: Running, podIP: 10.244.0.8}\n"
    for name, address in (("other", "10.244.0.8"), ("web", "10.244.0.7")):
        (message,) = messages(RULE, CLUSTER + other + block(f"{address}/32"), "calico")
        assert f"the address of pod shop/{name}" in message
