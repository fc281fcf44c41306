"""Small clusters with Services, ``internet``, finished pods and ports asked by name."""

from __future__ import annotations

from typing import Any

from tests.properties.clusters import End, Given, Object, Question
from tests.properties.corner_cases import (
    A,
    B,
    CornerCase,
    ask,
    block,
    both_families,
    deployment,
    network_policy,
    owned,
)
from tests.truth.location import namespace, pod

S: End = ("service", "n", "s")
OWNED: End = ("workload", "ReplicaSet", "n", "w")
INTERNET: End = ("internet",)
APP = {"app": "w"}
ONLY_8080: Object = {"ingress": [{"ports": [{"port": 8080}]}]}
ISOLATED: Object = {}


def service(
    *ports: Object, selector: dict[str, str] | None = APP, addresses: tuple[str, ...] = (), **spec: Any
) -> Object:
    if addresses:
        spec |= {"clusterIP": addresses[0], "clusterIPs": list(addresses)}
    if selector:
        spec["selector"] = selector
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "n"},
        "spec": {"ports": list(ports), **spec},
    }


def port(number: int, target: int | str | None = None, name: str = "web", protocol: str = "TCP") -> Object:
    found: Object = {"name": name, "port": number, "protocol": protocol}
    return found if target is None else {**found, "targetPort": target}


def slice_(*addresses: str, number: int = 8080, protocol: str = "TCP", name: str = "web", ready: bool = True) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "s-1", "namespace": "n", "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [text], "conditions": {"ready": ready}} for text in addresses],
        "ports": [{"name": name, "port": number, "protocol": protocol}],
    }


def endpoints(*addresses: str, number: int = 8080) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "s", "namespace": "n"},
        "subsets": [{"addresses": [{"ip": text} for text in addresses], "ports": [{"name": "web", "port": number}]}],
    }


def questions(
    source: End, *ports: int | str | None, end: End = S, protocol: str | None = "TCP"
) -> tuple[Question, ...]:
    return tuple(Question(source, end, protocol, port) for port in ports)


def renamed(item: Object, name: str) -> Object:
    item["metadata"]["name"] = name
    return item


def finished(item: Object) -> Object:
    item["status"]["phase"] = "Succeeded"
    return item


OPEN = (namespace("n", {}), pod("n", "a", {"app": "a"}, address="10.0.0.1"))
BACKEND = pod("n", "b", APP, [("http", "TCP", 8080)], address="10.0.0.2")
REPLICAS = (
    owned(pod("n", "b", APP, [("http", "TCP", 8080)], address="10.0.0.2")),
    owned(pod("n", "c", APP, [("http", "TCP", 81)], address="10.0.0.3")),
)

CASES = (
    CornerCase(
        "policy sees the target port, not the Service's",
        (*OPEN, BACKEND, service(port(80, 8080)), network_policy(ONLY_8080)),
        (*questions(A, 80, "web", None, 8080, "other"), *questions(A, 80, protocol="UDP"), ask(A, B)),
    ),
    CornerCase(
        "a named target that differs by replica",
        (*OPEN, *REPLICAS, service(port(80, "http")), network_policy(ONLY_8080)),
        questions(A, 80, "web", None),
    ),
    CornerCase(
        "a named target that one backend lacks",
        (*OPEN, BACKEND, pod("n", "c", APP, address="10.0.0.3"), service(port(80, "http")), network_policy(ONLY_8080)),
        questions(A, 80),
    ),
    CornerCase(
        "a named target that every backend lacks",
        (*OPEN, pod("n", "c", APP, address="10.0.0.3"), service(port(80, "http"), port(81, 81, "other"))),
        questions(A, 80, 81, None),
    ),
    CornerCase("no backend", (*OPEN, service(port(80))), (*questions(A, 80, "web", None), *questions(INTERNET, 80))),
    CornerCase(
        "headless: a number is the pod's own port, a name the target",
        (*OPEN, BACKEND, service(port(80, 8080), clusterIP="None"), network_policy(ONLY_8080)),
        questions(A, 80, "web", None, 8080),
    ),
    CornerCase(
        "headless without ports: every number is the pod's own port",
        (*OPEN, BACKEND, service(clusterIP="None"), network_policy(ONLY_8080)),
        questions(A, 80, 8080, "web"),
    ),
    CornerCase(
        "headless without ports and backends",
        (*OPEN, service(clusterIP="None"), network_policy(ONLY_8080)),
        questions(A, 80, 8080, "web"),
    ),
    CornerCase(
        "backends of slices: a pod and an address outside",
        (
            *OPEN,
            BACKEND,
            service(port(80), selector=None),
            slice_("10.0.0.2", "192.0.2.1"),
            network_policy({"policyTypes": ["Egress"], "egress": [{"to": [block("192.0.2.0/24")]}]}),
        ),
        questions(A, 80, "web", None),
    ),
    CornerCase(
        "backends of Endpoints, and slices before Endpoints",
        (*OPEN, BACKEND, service(port(80), selector=None), endpoints("10.0.0.2"), network_policy(ONLY_8080)),
        questions(A, 80),
    ),
    CornerCase(
        "an endpoint that does not serve is none",
        (
            *OPEN,
            BACKEND,
            service(port(80), selector=None),
            slice_("10.0.0.2", ready=False),
            endpoints("10.0.0.2"),
        ),
        questions(A, 80),
    ),
    CornerCase(
        "the address of a Service means the Service",
        (*OPEN, BACKEND, service(port(80, 8080), addresses=("10.2.0.1",)), network_policy(ONLY_8080)),
        questions(A, 80, 8080, end=("address", "10.2.0.1")),
    ),
    CornerCase(
        "an open pod is never at the address of a Service",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            pod("n", "b", {}),
            service(port(80), addresses=("10.2.0.1",)),
            network_policy({"ingress": [{"from": [block("10.2.0.1/32")]}]}),
        ),
        (ask(A, B),),
        Given("calico"),
    ),
    CornerCase(
        "the only backend asks for itself",
        (namespace("n", {}), BACKEND, service(port(80)), network_policy(ISOLATED)),
        questions(B, 80),
    ),
    CornerCase(
        "an ExternalName may be at any address outside",
        (
            *OPEN,
            service(type="ExternalName", externalName="example.com", selector=None),
            network_policy({"policyTypes": ["Egress"], "egress": [{"to": [block("192.0.2.0/24")]}]}),
        ),
        questions(A, 80),
    ),
    *(
        CornerCase(
            f"an ExternalName where all addresses outside agree {spec}",
            (
                *OPEN,
                service(type="ExternalName", externalName="example.com", selector=None),
                network_policy({"policyTypes": ["Egress"], **spec}),
            ),
            questions(A, 80),
        )
        for spec in ({}, {"egress": [{}]}, {"egress": [{"to": [block("0.0.0.0/0")]}]})
    ),
    CornerCase(
        "internet is neither private nor given",
        (*OPEN, network_policy({"ingress": [{"from": [block("10.0.0.0/8"), block("192.0.2.0/24")]}]})),
        (ask(INTERNET, A),),
        Given(node_cidrs=("192.0.2.128/25",)),
    ),
    CornerCase(
        "internet is not what is given as a range of nodes",
        (
            *OPEN,
            network_policy({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["192.0.2.0/24"]}}]}]}),
        ),
        (ask(INTERNET, A),),
        Given(node_cidrs=("192.0.2.0/24",)),
    ),
    CornerCase(
        "internet without private addresses agrees",
        (
            *OPEN,
            network_policy({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]}),
        ),
        (ask(INTERNET, A), ask(A, INTERNET)),
    ),
    CornerCase(
        "internet follows the families of the other end",
        (
            namespace("n", {}),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            pod("n", "b", {}, address="10.0.0.2"),
            network_policy({"ingress": [{"from": [block("0.0.0.0/0")]}]}),
        ),
        (ask(INTERNET, A), ask(INTERNET, B)),
    ),
    CornerCase(
        "a port by the name that replicas give different numbers",
        (*OPEN, *REPLICAS, network_policy(ONLY_8080)),
        (ask(A, OWNED, "http"), ask(A, B, "http"), ask(A, ("pod", "n", "c"), "http"), ask(A, B, "none")),
    ),
    CornerCase(
        "a port by a name that only one replica has",
        (*OPEN, REPLICAS[0], owned(pod("n", "c", APP, address="10.0.0.3")), network_policy(ONLY_8080)),
        (ask(A, OWNED, "http"), ask(A, OWNED, "http", "UDP")),
    ),
    CornerCase(
        "a finished pod is no backend, and no peer",
        (
            *OPEN,
            finished(pod("n", "b", APP, address="10.0.0.2")),
            service(port(80)),
            network_policy({"ingress": [{"from": [{"podSelector": {"matchLabels": APP}}]}]}),
        ),
        (*questions(A, 80), ask(("address", "10.0.0.2"), A)),
    ),
    CornerCase(
        "the address of a finished pod is free for another one",
        (
            namespace("n", {}),
            pod("n", "a", {}),
            pod("n", "b", {}),
            finished(pod("n", "c", {}, address="10.0.0.9")),
            network_policy({"ingress": [{"from": [block("10.0.0.9/32")]}]}),
        ),
        (ask(A, B),),
        Given("calico"),
    ),
    CornerCase(
        "a running pod has the address that a finished one had",
        (
            *OPEN,
            finished(pod("n", "c", APP, address="10.0.0.2")),
            pod("n", "b", {"app": "b"}, address="10.0.0.2"),
            network_policy({"ingress": [{"from": [{"podSelector": {"matchLabels": APP}}]}]}),
        ),
        (ask(("address", "10.0.0.2"), A), ask(B, A)),
    ),
    CornerCase(
        "a backend of several does not count towards itself",
        (*OPEN, *REPLICAS, service(port(80)), network_policy(ISOLATED)),
        (*questions(B, 80, None), *questions(OWNED, 80)),
    ),
    CornerCase(
        "headless without a selector: a number is the endpoint's own port",
        (
            *OPEN,
            BACKEND,
            service(port(80), selector=None, clusterIP="None"),
            slice_("10.0.0.2"),
            network_policy(ONLY_8080),
        ),
        questions(A, 80, "web"),
    ),
    CornerCase(
        "headless without a selector and ports",
        (*OPEN, BACKEND, service(selector=None, clusterIP="None"), slice_("10.0.0.2")),
        questions(A, 80),
    ),
    CornerCase(
        "kube-proxy takes endpoints of the Service port's protocol only",
        (*OPEN, BACKEND, service(port(80), selector=None), slice_("10.0.0.2", protocol="UDP")),
        questions(A, 80),
    ),
    CornerCase(
        "a port of an ExternalName by its name is that number",
        (
            *OPEN,
            service(port(80), type="ExternalName", externalName="example.com", selector=None),
            network_policy({"policyTypes": ["Egress"], "egress": [{"ports": [{"port": 80}]}]}),
        ),
        questions(A, 80, "web", "none"),
    ),
    CornerCase(
        "a Service of one family has flows of that family only",
        (
            namespace("n", {}),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            both_families(pod("n", "b", APP), "10.0.0.2", "fd00::2"),
            service(port(80), addresses=("10.2.0.1",)),
            network_policy({"ingress": [{"from": [block("0.0.0.0/0")]}]}),
        ),
        questions(A, 80),
        Given("calico"),
    ),
    CornerCase(
        "a headless Service of one family",
        (
            namespace("n", {}),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            both_families(pod("n", "b", APP), "10.0.0.2", "fd00::2"),
            service(port(80), clusterIP="None", ipFamilies=["IPv6"]),
            network_policy({"ingress": [{"from": [block("0.0.0.0/0")]}]}),
        ),
        questions(A, 80),
        Given("calico"),
    ),
    CornerCase(
        "a pod without an address of the Service's family is no backend",
        (
            namespace("n", {}),
            both_families(pod("n", "a", {}), "10.0.0.1", "fd00::1"),
            both_families(pod("n", "b", APP), "10.0.0.2", "fd00::2"),
            pod("n", "c", APP, address="10.0.0.3"),
            service(port(80), addresses=("fd02::1",)),
        ),
        questions(("pod", "n", "c"), 80),
    ),
    CornerCase(
        "it is open whether a pod with an open label is a backend",
        (*OPEN, deployment("w", replicas=1), service(port(80), selector={**APP, "pod-template-hash": "h1"})),
        questions(A, 80),
    ),
    CornerCase(
        "an ExternalName that names a Service of the cluster means that one",
        (
            *OPEN,
            BACKEND,
            service(port(80, 8080)),
            renamed(service(type="ExternalName", externalName="s.n.svc.cluster.local", selector=None), "t"),
            network_policy({**ONLY_8080, "podSelector": {"matchLabels": APP}}),
        ),
        questions(A, 80, 8080, end=("service", "n", "t")),
    ),
    CornerCase(
        "an ExternalName that names a Service that the input lacks",
        (*OPEN, service(type="ExternalName", externalName="t.o.svc.cluster.local", selector=None)),
        questions(A, 80),
    ),
    CornerCase(
        "a pod that the input lacks reaches its own address",
        (*OPEN, service(port(80), selector=None), slice_("10.0.0.9"), network_policy(ISOLATED)),
        (
            *questions(("address", "10.0.0.9"), 80),
            Question(("address", "10.0.0.9"), ("address", "10.0.0.9"), "TCP", 80),
        ),
        Given(pod_cidrs=("10.0.0.0/24",)),
    ),
)

OPEN_BACKENDS: tuple[CornerCase, ...] = (
    CornerCase(
        "a backend surely, another perhaps",
        (
            *OPEN,
            pod("n", "b", {**APP, "pod-template-hash": "h1"}, address="10.0.0.2"),
            deployment("w", replicas=1),
            service(port(80), selector={**APP, "pod-template-hash": "h1"}),
        ),
        questions(A, 80),
    ),
)
"""Pods of which it is open whether a Service selects them."""
