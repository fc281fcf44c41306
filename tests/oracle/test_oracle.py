"""Cases small enough to be decided on paper; each says how."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.objects import Options, read_cluster
from tests.oracle.questions import Refused, ask, fold
from tests.oracle.search import Facts, TooManyCompletions, outcomes
from tests.truth.location import Object, namespace, node, pod

A, B = ("pod", "x", "a"), ("pod", "x", "b")
EVERY_POD: Object = {"podSelector": {}}


def rules(name: str, spec: Object, space: str = "x") -> Object:
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**kind, "metadata": {"name": name, "namespace": space}, "spec": {"podSelector": {}, **spec}}


def admin(name: str, priority: int, action: str, rule: Object, tier: str = "Admin") -> Object:
    direction = "egress" if "to" in rule else "ingress"
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {
            "tier": tier,
            "priority": priority,
            "subject": {"namespaces": {}},
            direction: [{"action": action, **rule}],
        },
    }


def verdict(
    objects: list[Object],
    source: tuple[Any, ...] = A,
    destination: tuple[Any, ...] = B,
    port: int | str | None = 80,
    protocol: str | None = "TCP",
    **options: Any,
) -> str:
    return ask(read_cluster(objects, Options(**options)), source, destination, protocol, port).verdict


def two(ports: Iterable[tuple[str, str, int]] = (), **more: Any) -> list[Object]:
    """Pods x/a and x/b with addresses on node n1, x has an object."""
    return [
        namespace("x", {}),
        node("n1", {}, ["10.9.0.1"]),
        pod("x", "a", {"app": "a"}, ports, address="10.0.0.1", node="n1", **more),
        pod("x", "b", {"app": "b"}, address="10.0.0.2", node="n1"),
    ]


def test_every_joint_completion_is_tried() -> None:
    tried: list[tuple[int, int]] = []

    def question(facts: Facts) -> bool:
        tried.append((facts.choose("a", (1, 2)), facts.choose("b", (1, 2, 3))))
        return facts.choose("a", (1, 2)) == tried[-1][0]

    assert set(outcomes(question)) == {True}
    assert sorted(tried) == [(a, b) for a in (1, 2) for b in (1, 2, 3)]
    with pytest.raises(TooManyCompletions):
        outcomes(question, limit=5)


@pytest.mark.parametrize(
    "verdicts, whole",
    [
        (["allowed", "allowed"], "allowed"),
        (["allowed", "unknown"], "unknown"),
        (["allowed", "denied", "unknown"], "mixed"),
    ],
)
def test_fold(verdicts: list[str], whole: str) -> None:
    assert fold(verdicts) == whole


@pytest.mark.parametrize(
    "spec, expected",
    [
        ({}, "denied"),  # no policyTypes: Ingress, without a rule nothing comes in
        ({"egress": []}, "denied"),  # still Ingress: an empty list is no rule
        ({"policyTypes": ["Egress"], "ingress": []}, "denied"),  # a is isolated for egress
        ({"policyTypes": ["Egress"], "egress": [{}]}, "allowed"),
        ({"ingress": [{}]}, "allowed"),
        ({"ingress": [{"from": []}]}, "allowed"),
        ({"ingress": [{"from": [EVERY_POD]}]}, "allowed"),
        ({"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "c"}}}]}]}, "denied"),
        # NotIn holds for a pod that lacks the key
        (
            {
                "ingress": [
                    {
                        "from": [
                            {"podSelector": {"matchExpressions": [{"key": "no", "operator": "NotIn", "values": ["z"]}]}}
                        ]
                    }
                ]
            },
            "allowed",
        ),
        ({"ingress": [{"ports": [{"port": 80}]}]}, "allowed"),
        ({"ingress": [{"ports": [{"port": 79, "endPort": 81}]}]}, "allowed"),
        ({"ingress": [{"ports": [{"port": 80, "protocol": "UDP"}]}]}, "denied"),
        ({"ingress": [{"ports": [{"protocol": "TCP"}]}]}, "allowed"),
        ({"ingress": [{"ports": [{"port": "web"}]}]}, "denied"),  # b declares no such port
        # the address of a is in the block; whether blocks apply to pods is the CNI's answer
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}]}, "unknown"),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.0.0/30"]}}]}]}, "denied"),
        # rejected (a peer must say something): absent, isolates only, or allows everything
        ({"ingress": [{"from": [{}]}]}, "unknown"),
    ],
)
def test_network_policy(spec: Object, expected: str) -> None:
    assert verdict([*two(), rules("p", spec)]) == expected


def test_a_rejected_policy_leaves_what_another_one_allows() -> None:
    objects = [*two(), rules("good", {"ingress": [{}]}), rules("bad", {"ingress": [{"from": [{}]}]})]
    assert verdict(objects) == "allowed"


def test_a_pod_reaches_itself() -> None:
    assert verdict([*two(), rules("p", {"policyTypes": ["Ingress", "Egress"]})], A, A) == "allowed"


def test_two_open_pods_never_share_an_address() -> None:
    """a must be 10.0.0.9 to come in and b must be 10.0.0.9 to be reached: not both."""
    one = {"ipBlock": {"cidr": "10.0.0.9/32"}}
    spec = {"policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [one]}], "egress": [{"to": [one]}]}
    pods = [namespace("x", {}), pod("x", "a", {}), pod("x", "b", {})]
    assert verdict([*pods, rules("p", spec)], profile="calico") == "denied"
    objects = [*pods, rules("p", {**spec, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.8/31"}}]}]})]
    assert verdict(objects, profile="calico") == "unknown"
    assert verdict(objects, profile="calico", pod_ranges=("10.1.0.0/16",)) == "denied"


def test_one_label_set_a_namespace() -> None:
    """Namespace x has no object: tier is open, but no namespace has two values of it."""

    def peer(value: str) -> Object:
        return {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": [value]}]}}

    pods = [pod("x", "a", {}, address="10.0.0.1"), pod("x", "b", {}, address="10.0.0.2")]
    spec = {"policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [peer("p")]}], "egress": [{"to": [peer("q")]}]}
    assert verdict([*pods, rules("p", spec)]) == "denied"
    assert verdict([*pods, rules("p", {"ingress": [{"from": [peer("p")]}]})]) == "unknown"
    assert verdict([*pods, rules("p", {"ingress": [{"from": [peer("p")]}]})], assume_no_labels=True) == "denied"


def test_tiers() -> None:
    everyone: list[Object] = [{"namespaces": {}}]
    deny, accept = admin("d", 5, "Deny", {"from": everyone}), admin("a", 4, "Accept", {"from": everyone})
    skip = admin("p", 3, "Pass", {"from": everyone})
    floor = admin("f", 0, "Deny", {"from": everyone}, "Baseline")
    assert verdict([*two(), deny]) == "denied"
    assert verdict([*two(), deny, accept]) == "allowed"  # 4 before 5
    assert verdict([*two(), deny, accept, skip]) == "allowed"  # pass, no policy isolates, no baseline
    assert verdict([*two(), deny, skip, floor]) == "denied"  # pass, then Baseline
    assert verdict([*two(), deny, skip, floor, rules("np", {"ingress": [{}]})]) == "allowed"  # NetworkPolicy is final
    assert verdict([*two(), rules("np", {}), accept]) == "allowed"
    tie = admin("t", 5, "Accept", {"from": everyone})
    assert verdict([*two(), deny, tie]) == "unknown"


def test_baseline_where_only_the_other_direction_is_isolated() -> None:
    floor = admin("f", 0, "Deny", {"from": [{"namespaces": {}}]}, "Baseline")
    other = rules("np", {"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Egress"]})
    assert verdict([*two(), floor, other]) == "unknown"
    assert verdict([*two(), floor, other], profile="calico@3.32") == "denied"


def test_named_ports_are_those_of_the_destination() -> None:
    pods = [namespace("x", {}), pod("x", "a", {}), pod("x", "b", {}, [("web", "TCP", 8080)])]
    policy = rules("p", {"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "web"}]}]})
    assert verdict([*pods, policy], port=8080) == "allowed"
    assert verdict([*pods, policy], port=80) == "denied"
    assert verdict([*pods, policy], port=8080, protocol="UDP") == "denied"
    assert verdict([*pods, policy], destination=("labels", {"app": "z"}, "x")) == "unknown"
    assert verdict([*pods, policy], destination=("address", "192.0.2.1")) == "denied"


def test_nodes() -> None:
    objects = [*two(), node("n2", {"disk": "ssd"}, ["10.9.0.2"]), rules("p", {"policyTypes": ["Ingress", "Egress"]})]
    assert verdict(objects, ("node", "n1"), B) == "allowed"  # the own node always comes in
    assert verdict(objects, ("node", "n2"), B) == "denied"
    assert verdict(objects, A, ("node", "n1")) == "unknown"  # whether it is exempt from egress: the CNI's answer
    assert verdict(objects, A, ("node", "n2")) == "denied"
    forbidden = admin("d", 1, "Deny", {"to": [{"nodes": {"matchLabels": {"disk": "ssd"}}}]})
    assert verdict([*objects[:-1], forbidden], A, ("node", "n2")) == "denied"
    assert verdict([*objects[:-1], forbidden], A, ("node", "n1")) == "allowed"


def test_host_network_pods() -> None:
    host = pod("x", "h", {"app": "h"}, address="10.9.0.2", node="n2", host_network=True)
    objects = [*two(), node("n2", {}, ["10.9.0.2"]), host]
    pods_only = rules("p", {"ingress": [{"from": [EVERY_POD]}]})
    assert verdict([*objects, pods_only], ("pod", "x", "h"), B) == "unknown"  # two models
    assert verdict([*objects, pods_only], ("pod", "x", "h"), B, profile="calico") == "denied"
    assert verdict([*objects, pods_only], ("pod", "x", "h"), B, profile="netpol-analyzer") == "allowed"
    assert verdict([*objects, admin("d", 1, "Deny", {"from": [{"namespaces": {}}]})], ("pod", "x", "h"), B) == "allowed"
    networks = admin("d", 1, "Deny", {"to": [{"networks": ["10.9.0.0/24"]}]})
    assert verdict([*objects, networks], A, ("pod", "x", "h")) == "denied"


def test_families() -> None:
    six = pod("x", "b", {}, address="fd00::2")
    assert verdict([*two()[:3], six]) == "denied"  # no address of one family: no flow
    both = pod("x", "b", {})
    both["status"] = {"podIPs": [{"ip": "10.0.0.2"}, {"ip": "fd00::2"}]}
    also = pod("x", "a", {})
    also["status"] = {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}
    four = rules("p", {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]})
    assert verdict([namespace("x", {}), also, both, four], profile="calico") == "mixed"


def test_domain_names_are_open_for_addresses_outside_only() -> None:
    objects = [
        *two(),
        admin("d", 1, "Accept", {"to": [{"domainNames": ["example.com"]}]}),
        rules("p", {"policyTypes": ["Egress"]}),
    ]
    assert verdict(objects, A, ("address", "192.0.2.1")) == "unknown"
    assert verdict(objects, A, B) == "denied"


def test_labels_that_a_controller_adds() -> None:
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": []}}
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "w", "namespace": "x"},
        "spec": {"replicas": 2, "template": template},
    }

    def only(**selector: Any) -> Object:
        return rules("p", {"ingress": [{"from": [{"podSelector": selector}]}]})

    source = ("workload", "Deployment", "x", "w")
    there = {"key": "pod-template-hash", "operator": "Exists"}
    assert verdict([*two(), web, only(matchExpressions=[there])], source) == "allowed"
    assert verdict([*two(), web, only(matchLabels={"pod-template-hash": "5d"})], source) == "unknown"
    assert verdict([*two(), web, only(matchLabels={"app": "w"})], source) == "allowed"
    assert verdict([*two(), web, rules("p", {})], source, source) == "denied"  # two different replicas


def service(spec: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "x"}, "spec": spec}


WEB: Object = {"name": "web", "port": 80, "targetPort": "http"}
BEHIND: Object = {"selector": {"app": "s"}, "ports": [WEB]}


@pytest.mark.parametrize(
    "spec, port, expected",
    [
        (BEHIND, 80, "mixed"),  # c has http at 8080, which is allowed, d at 81
        (BEHIND, "web", "mixed"),
        (BEHIND, None, "mixed"),
        (BEHIND, 8080, "denied"),  # the Service has no such port
        (BEHIND, "http", "denied"),
        ({**BEHIND, "ports": [{"port": 80, "targetPort": 8080}]}, 80, "allowed"),
        ({**BEHIND, "ports": [{"port": 8080}]}, 8080, "allowed"),  # the target is the port itself
        ({**BEHIND, "ports": [{"port": 80, "targetPort": "none"}]}, 80, "denied"),  # no backend has the name
        ({**BEHIND, "selector": {"app": "t"}}, 80, "denied"),  # no backend
        ({**BEHIND, "clusterIP": "None"}, 80, "denied"),  # headless: port 80 of the pods
        ({**BEHIND, "clusterIP": "None"}, "web", "mixed"),
        ({"type": "ExternalName", "externalName": "example.com"}, 80, "allowed"),  # nothing isolates a
    ],
)
def test_services(spec: Object, port: int | str | None, expected: str) -> None:
    backends = [
        pod("x", "c", {"app": "s"}, [("http", "TCP", 8080)]),
        pod("x", "d", {"app": "s"}, [("http", "TCP", 81)]),
    ]
    policy = rules("p", {"podSelector": {"matchLabels": {"app": "s"}}, "ingress": [{"ports": [{"port": 8080}]}]})
    assert verdict([*two(), *backends, service(spec), policy], destination=("service", "x", "s"), port=port) == expected


def test_a_backend_of_several_does_not_count_towards_itself() -> None:
    objects = [*two(), service({"ports": [{"port": 80}], "selector": {"app": "a"}}), rules("p", {})]
    assert verdict(objects, A, ("service", "x", "s")) == "unknown"  # the only one: whether that is judged, no text says
    assert verdict(objects, A, ("service", "x", "s"), profile="netpol-analyzer") == "allowed"
    objects.append(pod("x", "c", {"app": "a"}))
    assert verdict(objects, A, ("service", "x", "s")) == "denied"


def test_internet_is_neither_private_nor_given() -> None:
    objects = [*two(), rules("p", {"ingress": [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}]})]
    assert verdict(objects, ("internet",), B) == "mixed"
    private = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "203.0.113.0/24"]}}
    objects[-1] = rules("p", {"ingress": [{"from": [private]}]})
    assert verdict(objects, ("internet",), B) == "mixed"
    assert verdict(objects, ("internet",), B, pod_ranges=("203.0.113.0/24",)) == "allowed"


def test_a_port_asked_by_its_name() -> None:
    objects = [*two([("http", "TCP", 8080)]), rules("p", {"ingress": [{"ports": [{"port": 8080}]}]})]
    assert verdict(objects, B, A, "http") == "allowed"
    for asked in (("http", "UDP"), ("none", "TCP")):
        with pytest.raises(Refused):
            verdict(objects, B, A, *asked)


def test_the_oracle_imports_nothing_of_the_engine() -> None:
    for file in Path(__file__).parent.glob("*.py"):
        for statement in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
            names += [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "ringfence"], file
