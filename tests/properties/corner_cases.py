"""Small clusters that chance rarely makes, each with questions on which the engine must say what the oracle says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.properties.clusters import End, Given, Object, Question
from tests.truth.location import namespace, node, pod


@dataclass(frozen=True)
class CornerCase:
    """``why`` says what could go wrong."""

    why: str
    objects: tuple[Object, ...]
    questions: tuple[Question, ...]
    given: Given = field(default_factory=Given)


def network_policy(spec: Object, space: str = "n", name: str = "p") -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space},
        "spec": {"podSelector": {}, **spec},
    }


def cluster_policy(name: str = "c", priority: int = 5, **spec: Any) -> Object:
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"tier": "Admin", "priority": priority, "subject": {"namespaces": {}}, **spec},
    }


def deployment(name: str, host: bool = False, replicas: int = 2) -> Object:
    spec: Object = {"containers": [{"name": "main"}], "hostNetwork": host}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "n"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def both_families(item: Object, *addresses: str) -> Object:
    item["status"]["podIPs"] = [{"ip": address} for address in addresses]
    return item


def owned(item: Object) -> Object:
    item["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "w", "uid": "1", "controller": True}
    ]
    return item


def ask(source: End, destination: End, port: int | str = 80, protocol: str = "TCP") -> Question:
    return Question(source, destination, protocol, port)


A: End = ("pod", "n", "a")
B: End = ("pod", "n", "b")
W: End = ("workload", "Deployment", "n", "w")
EVERY_NAMESPACE: Object = {"namespaces": {}}
SSD: Object = {"nodes": {"matchLabels": {"disk": "ssd"}}}
HASH: Object = {"key": "pod-template-hash", "operator": "Exists"}


def block(text: str) -> Object:
    return {"ipBlock": {"cidr": text}}


TEAM: Object = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
OTHER_TEAM: Object = {
    "namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["x"]}]}
}

CASES = (
    CornerCase(
        "a pod whose address is not known has none of a node's",
        (
            namespace("n", {}),
            deployment("w"),
            pod("n", "b", {}),
            network_policy({"policyTypes": ["Ingress"], "ingress": [{"from": [block("10.1.0.0/24")]}]}),
        ),
        (ask(W, B),),
        Given("calico", node_cidrs=("10.1.0.0/24",)),
    ),
    CornerCase(
        "two pods never share an address",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            pod("n", "b", {}),
            network_policy(
                {
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": [{"from": [block("10.0.0.9/32")]}],
                    "egress": [{"to": [block("10.0.0.9/32")]}],
                }
            ),
        ),
        (ask(A, B),),
        Given("calico"),
    ),
    CornerCase(
        "a label that the controller surely adds exists, whatever its value",
        (
            namespace("n", {}),
            deployment("w"),
            pod("n", "a", {}),
            network_policy({"ingress": [{"from": [{"podSelector": {"matchExpressions": [HASH]}}]}]}),
        ),
        (ask(W, A), ask(A, A), ask(("labels", {"app": "w"}, "n"), A)),
    ),
    CornerCase(
        "a label that the controller surely adds never lacks",
        (
            namespace("n", {}),
            deployment("w"),
            pod("n", "a", {}),
            network_policy(
                {"ingress": [{"from": [{"podSelector": {"matchExpressions": [{**HASH, "operator": "DoesNotExist"}]}}]}]}
            ),
        ),
        (ask(W, A), ask(A, W), ask(A, A)),
    ),
    CornerCase(
        "a domain name is never that of a pod, be it one that does not exist, nor of a node",
        (
            namespace("n", {}),
            node("k", {}, ["10.1.0.1"]),
            node("l", {}, ["10.1.0.2"]),
            pod("n", "a", {}, node="k"),
            pod("n", "b", {}),
            cluster_policy(egress=[{"action": "Accept", "to": [{"domainNames": ["example.com"]}]}]),
            network_policy({"policyTypes": ["Egress"]}),
        ),
        tuple(
            ask(A, end)
            for end in (
                B,
                ("node", "l"),
                ("labels", {"app": "b"}, "n"),
                ("address", "10.0.0.9"),
                ("address", "10.1.0.9"),
            )
        ),
        Given(pod_cidrs=("10.0.0.0/25",), node_cidrs=("10.1.0.0/24",)),
    ),
    CornerCase(
        "one named port of a pod that does not exist, asked for with and without its protocol",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            network_policy({"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "web"}]}]}),
            cluster_policy(
                ingress=[{"action": "Deny", "from": [EVERY_NAMESPACE], "protocols": [{"destinationNamedPort": "web"}]}]
            ),
        ),
        (ask(A, ("labels", {"app": "b"}, "n")), ask(A, ("labels", {"app": "b"}, "n"), 80, "UDP")),
    ),
    CornerCase(
        "a dual-stack node of which a policy names one address of several",
        (
            namespace("n", {}),
            node("k", {}, ["10.1.0.1", "fd01::1", "192.0.2.7"]),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            cluster_policy(egress=[{"action": "Deny", "to": [{"networks": ["10.1.0.0/24"]}]}]),
        ),
        (ask(A, ("node", "k")), ask(("node", "k"), A)),
    ),
    CornerCase(
        "a dual-stack node of which every address may be reached",
        (
            namespace("n", {}),
            node("k", {}, ["10.1.0.1", "fd01::1", "192.0.2.7"]),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            cluster_policy(egress=[{"action": "Pass", "to": [{"networks": ["10.1.0.0/24"]}]}]),
        ),
        (ask(A, ("node", "k")),),
    ),
    CornerCase(
        "a hostNetwork pod of which the node is not known may have the address of any node",
        (
            namespace("n", {}),
            node("k", {"disk": "ssd"}, ["10.1.0.1"]),
            deployment("w", host=True),
            pod("n", "a", {}, address="10.0.0.1"),
            cluster_policy(
                "one", 1, egress=[{"action": "Accept", "to": [{"nodes": {"matchLabels": {"disk": "ssd"}}}]}]
            ),
            cluster_policy("two", 2, egress=[{"action": "Deny", "to": [{"networks": ["10.1.0.1/32"]}]}]),
        ),
        (ask(A, W), ask(W, A)),
    ),
    CornerCase(
        "a hostNetwork pod of which the node is not known, and a rule for one node's address",
        (
            namespace("n", {}),
            node("k", {}, ["10.1.0.1"]),
            deployment("w", host=True),
            pod("n", "a", {}, address="10.0.0.1"),
            cluster_policy(egress=[{"action": "Deny", "to": [{"networks": ["10.1.0.1/32"]}]}]),
        ),
        (ask(A, W),),
    ),
    CornerCase(
        "a single replica reaches itself; two do not reach each other",
        (namespace("n", {}), deployment("w", replicas=1), network_policy({})),
        (ask(W, W),),
    ),
    CornerCase(
        "two replicas are two pods",
        (namespace("n", {}), deployment("w", replicas=2), network_policy({})),
        (ask(W, W),),
    ),
    CornerCase(
        "an address of a Service range is that of a Service that the input does not have",
        (namespace("n", {}), pod("n", "a", {}, address="10.0.0.1"), network_policy({"policyTypes": ["Egress"]})),
        (ask(A, ("address", "10.2.0.7")),),
        Given(service_cidrs=("10.2.0.0/16",)),
    ),
    CornerCase(
        "no labels are assumed of a namespace that only the question names",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            network_policy({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "r"}}}]}]}),
        ),
        (ask(("labels", {"app": "web"}, "o"), A),),
        Given(assume_no_labels=True),
    ),
    CornerCase(
        "NotIn and DoesNotExist of one open label hold together where it is absent",
        (
            pod("n", "a", {}, address="10.0.0.1"),
            pod("n", "b", {}, address="10.0.0.2"),
            network_policy(
                {
                    "ingress": [
                        {
                            "from": [
                                {
                                    "namespaceSelector": {
                                        "matchExpressions": [
                                            {"key": "team", "operator": "NotIn", "values": ["r"]},
                                            {"key": "team", "operator": "DoesNotExist"},
                                        ]
                                    }
                                }
                            ]
                        }
                    ]
                }
            ),
        ),
        (ask(A, B),),
    ),
    CornerCase(
        "a named port has the protocol that the rule says, or the rule does not mean it",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            pod("n", "b", {}, [("web", "TCP", 80)]),
            network_policy({"ingress": [{"ports": [{"port": "web", "protocol": "UDP"}]}]}),
        ),
        (ask(A, B), ask(A, B, 80, "UDP")),
    ),
    CornerCase(
        "replicas of which the named ports differ",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            owned(pod("n", "b", {}, [("web", "TCP", 80)])),
            owned(pod("n", "c", {}, [("web", "TCP", 81)])),
            network_policy({"ingress": [{"ports": [{"port": "web"}]}]}),
        ),
        (ask(A, ("workload", "ReplicaSet", "n", "w")), ask(A, B), ask(A, ("pod", "n", "c"))),
    ),
    *(
        CornerCase(
            f"{cni}: Baseline in the direction that no NetworkPolicy isolates",
            (
                namespace("n", {}),
                pod("n", "a", {}),
                pod("n", "b", {"app": "b"}),
                network_policy({"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Egress"]}),
                cluster_policy(tier="Baseline", ingress=[{"action": "Deny", "from": [EVERY_NAMESPACE]}]),
            ),
            (ask(A, B),),
            Given(cni),
        )
        for cni in ("generic", "calico", "netpol-analyzer")
    ),
    *(
        CornerCase(
            f"{cni}: a pod and its own node, another node, a hostNetwork pod",
            (
                namespace("n", {}),
                node("k", {}, ["10.1.0.1"]),
                node("l", {}, ["10.1.0.2"]),
                pod("n", "a", {}, address="10.0.0.1", node="k"),
                pod("n", "b", {}, address="10.1.0.1", node="k", host_network=True),
                network_policy({"policyTypes": ["Ingress", "Egress"]}),
            ),
            tuple(ask(*ends) for end in (B, ("node", "k"), ("node", "l")) for ends in ((A, end), (end, A))),
            Given(cni),
        )
        for cni in ("generic", "calico", "netpol-analyzer")
    ),
    CornerCase(
        "one namespace without object has one set of labels, whichever end is asked",
        (
            pod("n", "a", {"app": "a"}),
            pod("n", "b", {"app": "b"}),
            network_policy(
                {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Egress"], "egress": [{"to": [TEAM]}]}
            ),
            network_policy(
                {"podSelector": {"matchLabels": {"app": "b"}}, "ingress": [{"from": [OTHER_TEAM]}]}, name="q"
            ),
        ),
        (ask(A, B), ask(B, A)),
    ),
    CornerCase(
        "a rejected admin policy reaches a hostNetwork pod as others do: where the plugin takes it for a pod",
        (
            namespace("n", {}),
            pod("n", "a", {}, host_network=True),
            pod("n", "b", {"app": "b"}),
            cluster_policy(tier="Baseline", priority=0, ingress=[{"action": "Accept", "from": [EVERY_NAMESPACE]}]),
            cluster_policy("d", 9, tier="Baseline", ingress=[{}]),
        ),
        (ask(A, B),),
        Given("generic", answers=(("admin-host-network-pods-are-pods", None),)),
    ),
    CornerCase(
        "an open pod never has the address of another object",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            pod("n", "b", {}, address="10.0.0.9"),
            pod("n", "c", {}),
            network_policy({"ingress": [{"from": [block("10.0.0.9/32")]}]}),
        ),
        (ask(A, ("pod", "n", "c")), ask(B, A)),
    ),
)
