"""A node port asked at one node: the pods behind it, by the node that the packet came to and what the profile says."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Answer
from tests.model.objects import Object, block, network_policy, pod, pods_peer, service, tcp
from tests.verdict.test_ways_in import APP, PORT, admitting, cluster

NODE_PORT = {**PORT, "nodePort": 30080}
ONLY_PODS = [admitting(pods_peer(APP))]
SOME_CLIENTS = [admitting(block("203.0.113.0/24"))]
NOBODY = [network_policy("shop/nobody", APP, ingress=[])]


def front(policy: str = "Cluster", **spec: Any) -> Object:
    return service("shop/api", APP, NODE_PORT, type="NodePort", externalTrafficPolicy=policy, **spec)


def asked(source: str, node: str, *objects: Object, policy: str = "Cluster", **options: Any) -> Answer:
    """The pod is on n1."""
    return cluster(front(policy), *objects, **options).can(source, f"node/{node}", 30080)


@pytest.mark.parametrize(
    ("cni", "policies", "node", "verdict"),
    [
        ("generic", [], "n1", "allowed"),
        ("generic", [], "n2", "allowed"),
        # Through its own node kindnet sees the client, through the other one that node.
        ("kindnet", SOME_CLIENTS, "n1", "mixed"),
        ("kindnet", SOME_CLIENTS, "n2", "denied"),
        ("kindnet", ONLY_PODS, "n1", "denied"),
        ("kindnet", [admitting(block("192.168.0.2/32"))], "n1", "denied"),
        # Whether it is the address that the node states is open; the address of a tunnel is denied.
        ("kindnet", [admitting(block("192.168.0.2/32"))], "n2", "unknown"),
        # Calico's eBPF data plane keeps the client, the others do not.
        ("calico", SOME_CLIENTS, "n1", "mixed"),
        ("calico", SOME_CLIENTS, "n2", "unknown"),
        ("netpol-analyzer", SOME_CLIENTS, "n2", "mixed"),
        # Where policy is applied after the source was rewritten, the pod's own node is exempt, if that is seen.
        ("generic", ONLY_PODS, "n1", "unknown"),
        ("generic", ONLY_PODS, "n2", "denied"),
    ],
)
def test_from_outside_the_node_and_the_profile_decide(
    cni: str, policies: list[Object], node: str, verdict: str
) -> None:
    answer = asked("internet", node, *policies, cni=cni)
    assert answer.verdict == verdict
    assert all(part.ports == ((8080, 8080),) for part in answer.parts)
    if verdict == "unknown":
        assert answer.reason.code == "source-address"


@pytest.mark.parametrize(("node", "verdict"), [("n1", "mixed"), ("n2", "denied")])
def test_local_hands_on_to_the_pods_of_the_node_only(node: str, verdict: str) -> None:
    answer = asked("internet", node, *SOME_CLIENTS, policy="Local", cni="kindnet")
    assert answer.verdict == verdict
    if node == "n2":
        assert answer.reason.code == "service"
        assert "has no backend on node/n2" in answer.reason.message
        assert [one.name for one in answer.decided_by] == ["api"]


def test_each_pod_is_judged_by_its_own_node() -> None:
    other = pod("shop/api-2", APP, ips=("10.0.0.2",), node="n2")
    answer = asked("internet", "n2", other, *SOME_CLIENTS, cni="kindnet")
    assert answer.verdict == "mixed"
    by_pod = {part.destinations: part.verdict for part in answer.parts}
    assert by_pod["shop/api",] == "denied"
    assert asked("internet", "n2", other, *SOME_CLIENTS, cni="kindnet", policy="Local").verdict == "mixed"


WEB = pod("web/web", {"app": "web"}, ips=("10.0.3.1",), node="n2")


@pytest.mark.parametrize(
    ("source", "policies", "node", "verdict"),
    [
        ("web/web", [], "n1", "allowed"),
        ("web/web", NOBODY, "n2", "denied"),
        # Through the pod's own node: if that node stands for the source, it is exempt.
        ("web/web", NOBODY, "n1", "unknown"),
        ("web/web", [admitting(pods_peer({"app": "web"}, {}))], "n2", "unknown"),
        # Egress policy may see the node or the pod behind it.
        ("web/web", [network_policy("web/out", {}, egress=[{"to": [pods_peer(None, {})]}])], "n2", "unknown"),
        ("web/web", [network_policy("web/out", {}, egress=[])], "n1", "denied"),
        ("app=x@web", [network_policy("web/out", {}, egress=[])], "n1", "denied"),
        ("node/n2", [], "n1", "allowed"),
        ("node/n2", NOBODY, "n2", "denied"),
        ("node/n2", NOBODY, "n1", "unknown"),
    ],
)
def test_from_inside_all_that_policy_may_see_must_agree(
    source: str, policies: list[Object], node: str, verdict: str
) -> None:
    answer = asked(source, node, WEB, *policies, cni="kindnet")
    assert answer.verdict == verdict
    if verdict == "unknown":
        assert answer.reason.code == "node-port"


def test_a_pod_on_the_node_s_network_has_its_ports() -> None:
    agent = pod("shop/agent", {"app": "agent"}, node="n2", host=True)
    made = cluster(front(), agent, WEB, *NOBODY, cni="kindnet")
    assert made.can("internet", "shop/agent", 30080).verdict == "denied"
    assert made.can("web/web", "shop/agent", 30080).verdict == "denied"
    assert made.can("web/web", "shop/agent", 30081).verdict == "allowed"


def test_a_service_without_pods_is_denied_there() -> None:
    made = cluster(service("shop/far", {"app": "nobody"}, NODE_PORT, type="NodePort"), cni="kindnet")
    assert made.can("internet", "node/n1", 30080).reason.code == "service"


def test_any_port_of_a_node_asks_for_its_node_ports_too() -> None:
    answer = cluster(front(), *NOBODY, cni="kindnet").can("internet", "node/n2", protocol="TCP")
    assert answer.verdict == "mixed"
    assert {part.destinations for part in answer.parts} == {("node/n2",), ("shop/api",)}


def test_an_explanation_shows_what_policy_may_see() -> None:
    explanation = cluster(front(), *SOME_CLIENTS, cni="calico").explain("internet", "node/n2", 30080)
    assert explanation.answer.verdict == "unknown"
    assert {trace.verdict for trace in explanation.traces} >= {"allowed", "denied"}


def test_two_families_are_two_ways() -> None:
    """The Service serves IPv4 only: a client with IPv6 has no way to it."""
    both = pod("shop/api", APP, ips=("10.0.0.1", "fd00:1::1"), node="n1")
    made = cluster(front(ipFamilies=["IPv4"]), both, cni="kindnet", node_cidrs="192.168.0.0/24,fd00:2::/64")
    assert made.can("8.8.8.8", "node/n1", 30080).verdict == "allowed"
    assert made.can("2600::1", "node/n1", 30080).verdict == "denied"


@pytest.mark.parametrize("source", ["internet", "node/n2"])
def test_the_tcp_numbers_are_no_udp_numbers(source: str) -> None:
    made = cluster(front(), *NOBODY, WEB, network_policy("web/x", {}, egress=[{"ports": tcp(1)}]), cni="kindnet")
    answer = (
        made.can("web/web", "node/n2", 30080, "UDP")
        if source == "node/n2"
        else made.can(source, "node/n2", 30080, "UDP")
    )
    assert answer.parts[0].destinations == ("node/n2",)
