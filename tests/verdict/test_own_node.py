"""Nodes, the pods that run on them, and pods with hostNetwork."""

from __future__ import annotations

import pytest

from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.model.objects import Object, admin_pods, block, cluster_policy, namespace, network_policy, node, pod, world

ALLOWED, DENIED, UNKNOWN, MIXED = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED
DENY_IN, DENY_OUT = network_policy("shop/in", ingress=[]), network_policy("shop/out", egress=[])
CLOSED = cluster_policy("closed", ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}])


def cluster(*objects: Object, cni: str = "generic", **options: str) -> World:
    return world(
        namespace("shop"), node("k1", "10.1.0.1", labels={"disk": "ssd"}), node("k2", "10.1.0.2"),
        pod("shop/here", ips=("10.0.0.1",), node="k1"), pod("shop/there", ips=("10.0.0.2",), node="k2"),
        pod("shop/somewhere", ips=("10.0.0.3",)), *objects, cni=cni, **options,
    )  # fmt: skip


@pytest.mark.parametrize("cni", ["generic", "calico", "netpol-analyzer"])
@pytest.mark.parametrize(
    ("source", "verdict"), [("node/k1", ALLOWED), ("10.1.0.1", ALLOWED), ("node/k2", DENIED), ("203.0.113.7", DENIED)]
)
def test_its_own_node_always_reaches_a_pod(cni: str, source: str, verdict: Verdict) -> None:
    asked = cluster(DENY_IN, CLOSED, cni=cni)
    assert asked.can(source, "shop/here", 80).verdict is verdict


def test_whether_a_node_is_the_own_one_is_open_where_the_input_does_not_say() -> None:
    answer = cluster(DENY_IN).can("node/k1", "shop/somewhere", 80)
    assert answer.verdict is UNKNOWN
    assert answer.reason.code == "own-node"
    assert answer.reason.decide == "the Pod objects, with spec.nodeName"


def test_replicas_on_two_nodes_are_told_apart() -> None:
    replicas = [pod(f"shop/api-{name}", owner="DaemonSet/api", node=name) for name in ("k1", "k2")]
    answer = cluster(*replicas, DENY_IN).can("node/k1", "shop/api", 80)
    assert answer.verdict is MIXED


@pytest.mark.parametrize(
    ("cni", "own", "other"),
    [("generic", UNKNOWN, DENIED), ("calico", DENIED, DENIED), ("netpol-analyzer", DENIED, DENIED)],
)
def test_what_a_pod_sends_to_its_own_node(cni: str, own: Verdict, other: Verdict) -> None:
    asked = cluster(DENY_OUT, cni=cni)
    assert asked.can("shop/here", "node/k1", 80).verdict is own
    assert asked.can("shop/here", "node/k2", 80).verdict is other
    if own is UNKNOWN:
        assert asked.can("shop/here", "node/k1", 80).reason.code == "own-node-egress-exempt"


def test_an_admin_policy_knows_no_exemption_on_egress() -> None:
    deny = cluster_policy("out", egress=[{"action": "Deny", "to": [{"networks": ["10.1.0.0/24"]}]}])
    assert cluster(deny).can("shop/here", "node/k1", 80).verdict is DENIED


@pytest.mark.parametrize(("labels", "verdict"), [({"disk": "ssd"}, DENIED), ({"disk": "hdd"}, ALLOWED), ({}, DENIED)])
@pytest.mark.parametrize("destination", ["node/k1", "shop/host"])
def test_a_nodes_peer_is_nodes_by_label_and_what_shares_their_address(
    labels: dict[str, str], verdict: Verdict, destination: str
) -> None:
    deny = cluster_policy("out", egress=[{"action": "Deny", "to": [{"nodes": {"matchLabels": labels}}]}])
    asked = cluster(deny, pod("shop/host", host=True, node="k1", ips=("10.1.0.1",)))
    assert asked.can("shop/there", destination, 80).verdict is verdict
    assert asked.can("shop/there", "shop/here", 80).verdict is ALLOWED, "never a pod of the pod network"


HOST = pod("shop/host", {"app": "host"}, host=True, node="k2", ips=("10.1.0.2",))


@pytest.mark.parametrize(
    ("cni", "code", "verdict"),
    [
        ("generic", "host-network-pods-are-pods", UNKNOWN),
        ("calico", "", ALLOWED),
        ("netpol-analyzer", "", DENIED),
    ],
)
def test_whether_network_policy_selects_a_host_network_pod(cni: str, code: str, verdict: Verdict) -> None:
    answer = cluster(HOST, DENY_IN, cni=cni).can("shop/here", "shop/host", 80)
    assert answer.verdict is verdict
    if code:
        assert answer.reason.code == code


@pytest.mark.parametrize(("cni", "verdict"), [("generic", UNKNOWN), ("calico", DENIED), ("netpol-analyzer", ALLOWED)])
def test_whether_a_host_network_pod_is_a_pod_peer(cni: str, verdict: Verdict) -> None:
    policy = network_policy("shop/in", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "host"}}}]}])
    assert cluster(HOST, policy, cni=cni).can("shop/host", "shop/here", 80).verdict is verdict


@pytest.mark.parametrize("cni", ["generic", "calico"])
def test_to_admin_policies_a_host_network_pod_is_neither_subject_nor_pod(cni: str) -> None:
    into = cluster_policy("into", ingress=[{"action": "Deny", "from": [admin_pods({"app": "host"})]}])
    out = cluster_policy("out", egress=[{"action": "Deny", "to": [admin_pods({"app": "host"})]}])
    asked = cluster(HOST, into, out, cni=cni)
    assert asked.can("shop/host", "shop/here", 80).verdict is ALLOWED
    assert asked.can("shop/here", "shop/host", 80).verdict is ALLOWED


@pytest.mark.parametrize(("source", "destination"), [("shop/host", "shop/there"), ("node/k2", "shop/there")])
def test_a_host_network_pod_is_its_node_to_the_pods_there(source: str, destination: str) -> None:
    assert cluster(HOST, DENY_IN, cni="calico").can(source, destination, 80).verdict is ALLOWED
    assert cluster(HOST, DENY_IN, cni="calico").can(source, "shop/here", 80).verdict is DENIED


@pytest.mark.parametrize(("cni", "verdict"), [("generic", UNKNOWN), ("calico", ALLOWED), ("netpol-analyzer", DENIED)])
@pytest.mark.parametrize("source", ["shop/there", "node/k2"])
def test_whether_an_ip_block_matches_inside_addresses(cni: str, verdict: Verdict, source: str) -> None:
    policy = network_policy("shop/in", ingress=[{"from": [block("10.0.0.0/8")]}])
    asked = cluster(policy, cni=cni)
    assert asked.can(source, "shop/here", 80).verdict is verdict
    assert asked.can("10.9.9.9", "shop/here", 80).verdict is ALLOWED, "an address that no object has is outside"


@pytest.mark.parametrize("cni", ["generic", "calico@3.32"])
@pytest.mark.parametrize("destination", ["shop/there", "node/k2", "10.9.9.9"])
def test_networks_match_every_address(cni: str, destination: str) -> None:
    deny = cluster_policy("out", egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}])
    assert cluster(deny, cni=cni).can("shop/here", destination, 80).verdict is DENIED


def test_a_domain_name_is_never_something_in_the_cluster_and_open_outside() -> None:
    rules = [
        {"action": "Accept", "to": [{"domainNames": ["example.com"]}]},
        {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]},
    ]
    asked = cluster(cluster_policy("out", egress=rules))
    assert asked.can("shop/here", "shop/there", 443).verdict is DENIED
    answer = asked.can("shop/here", "203.0.113.7", 443)
    assert answer.verdict is UNKNOWN
    assert answer.reason.code == "domain-name"
    assert "example.com" in answer.reason.message
    assert answer.reason.decide == "", "no flag and no object would tell"


def test_a_node_that_the_input_only_names_has_open_labels() -> None:
    deny = cluster_policy("out", egress=[{"action": "Deny", "to": [{"nodes": {"matchLabels": {"disk": "ssd"}}}]}])
    answer = cluster(deny, pod("shop/far", node="k9")).can("shop/here", "node/k9", 80)
    assert answer.verdict is UNKNOWN
    assert answer.reason.code == "node-labels"
