"""Clusters of any size, the same ones on every run, as plain Kubernetes objects.

``comparable`` makes what every tool of the field understands alike, so that results can be checked equal: bare pods,
NetworkPolicies in both directions, ports and ranges, namespace selectors, ipBlocks of public addresses. ``company``
makes what a real cluster holds: Deployments' pods with owners, nodes and addresses, ten replicas a workload.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

TIERS = ("frontend", "backend", "database", "batch")
ENVIRONMENTS = ("prod", "stage", "dev")
PORTS = {"frontend": (("http", 8080),), "backend": (("api", 9090), ("metrics", 9100)), "database": (("sql", 5432),),
         "batch": (("jobs", 7070),)}  # fmt: skip
PUBLIC = ("203.0.113.0/24", "198.51.100.0/24", "8.8.8.0/24", "1.1.1.0/24")
REPLICAS = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    name: str
    pods: int
    namespaces: int
    policies: int


SMALL = Size("S", 50, 10, 40)
MIDDLE = Size("M", 200, 20, 150)
LARGE = Size("L", 1000, 50, 800)
PEER_SIZES = {size.name: size for size in (SMALL, MIDDLE, LARGE)}
OWN_SIZES = (
    Size("10", 10, 2, 5),
    Size("1k", 1_000, 10, 100),
    Size("10k", 10_000, 100, 1_000),
    Size("100k", 100_000, 500, 10_000),
)
PAGE_SIZES = (Size("40 workloads", 400, 5, 40), Size("2000 workloads", 20_000, 50, 2_000))


def space_name(number: int) -> str:
    """The name of a namespace."""
    return f"team-{number:03}"


def namespaces(size: Size) -> Iterator[Object]:
    """The Namespace objects."""
    for number in range(size.namespaces):
        labels = {
            "kubernetes.io/metadata.name": space_name(number),
            "environment": ENVIRONMENTS[number % len(ENVIRONMENTS)],
            "team": f"t{number % 7}",
        }
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space_name(number), "labels": labels}}


def pod_address(number: int) -> str:
    """The address of a pod: 10.128.0.0/9 has room for eight million."""
    number += 1
    return f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def host_address(node: int) -> str:
    """The address of a node."""
    return f"192.168.{node >> 8}.{node & 255}"


def _container(tier: str) -> Object:
    ports = [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in PORTS[tier]]
    return {"name": "main", "image": f"registry.example.com/{tier}:1.0", "ports": ports}


def bare_pods(size: Size) -> Iterator[Object]:
    """Pods without controllers, spread evenly."""
    each = size.pods // size.namespaces
    for number in range(size.pods):
        tier = TIERS[number % len(TIERS)]
        address = pod_address(number)
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"pod-{number:05}",
                "namespace": space_name(min(number // each, size.namespaces - 1)),
                "labels": {"app": f"app-{number % each}", "tier": tier, "track": ("stable", "canary")[number % 5 == 0]},
            },
            "spec": {"nodeName": f"node-{number % 20}", "containers": [_container(tier)]},
            "status": {
                "phase": "Running",
                "hostIP": host_address(number % 20),
                "podIP": address,
                "podIPs": [{"ip": address}],
            },
        }


def policy(space: str, name: str, spec: Object) -> Object:
    """A NetworkPolicy."""
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _labels(**labels: str) -> Object:
    return {"matchLabels": labels}


def _tcp(*numbers: int) -> list[Object]:
    return [{"protocol": "TCP", "port": number} for number in numbers]


def _comparable_spec(chance: random.Random, apps: int, teams: int) -> Object:
    subject = _labels(app=f"app-{chance.randrange(apps)}")
    tier = chance.choice(TIERS)
    port = chance.choice(PORTS[chance.choice(TIERS)])[1]
    peer = _labels(tier=tier)
    across = {"namespaceSelector": _labels(environment=chance.choice(ENVIRONMENTS)), "podSelector": peer}
    team = {"namespaceSelector": _labels(team=f"t{chance.randrange(teams)}")}
    block = {"ipBlock": {"cidr": chance.choice(PUBLIC)}}
    span = [{"protocol": "TCP", "port": 8000 + chance.randrange(500), "endPort": 9000 + chance.randrange(500)}]
    match chance.randrange(8):
        case 0:
            return {"podSelector": subject, "policyTypes": ["Ingress"], "ingress": []}
        case 1:
            return _ingress(subject, [{"podSelector": peer}], _tcp(port))
        case 2:
            return _ingress(subject, [across], span)
        case 3:
            return _ingress(subject, [team, block], _tcp(port, 443))
        case 4:
            chosen = {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": [tier]}]}
            return _ingress(subject, [{"podSelector": chosen}], [])
        case 5:
            return _egress(subject, [across, block], _tcp(port))
        case 6:
            dns = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]}
            return _egress(subject, [{"podSelector": peer}], span, dns)
        case _:
            both = _ingress(subject, [{"podSelector": peer}], _tcp(port))
            return both | {"policyTypes": ["Ingress", "Egress"], "egress": [{"to": [team], "ports": span}]}


def _ingress(subject: Object, peers: list[Object], ports: list[Object]) -> Object:
    rule = {"from": peers} | ({"ports": ports} if ports else {})
    return {"podSelector": subject, "policyTypes": ["Ingress"], "ingress": [rule]}


def _egress(subject: Object, peers: list[Object], ports: list[Object], *more: Object) -> Object:
    return {"podSelector": subject, "policyTypes": ["Egress"], "egress": [{"to": peers, "ports": ports}, *more]}


def comparable_policies(size: Size) -> Iterator[Object]:
    """NetworkPolicies in which the tools of the field agree on every word."""
    chance = random.Random(size.pods)
    apps = size.pods // size.namespaces
    for number in range(size.policies):
        space = space_name(number % size.namespaces)
        yield policy(space, f"policy-{number:04}", _comparable_spec(chance, apps, min(7, size.namespaces)))


def company_policies(size: Size) -> Iterator[Object]:
    """One policy a workload until they run out: who may call it, DNS, and now and then an address range."""
    chance = random.Random(size.pods)
    workloads = max(1, size.pods // REPLICAS)
    each = max(1, workloads // size.namespaces)
    for number in range(size.policies):
        workload = number % workloads
        space = workload // each % size.namespaces
        near = _labels(app=f"app-{space * each + chance.randrange(each)}")
        callers: list[Object] = [{"podSelector": near}]
        if number % 3 == 0:
            callers.append(
                {
                    "namespaceSelector": _labels(
                        **{"kubernetes.io/metadata.name": space_name(chance.randrange(size.namespaces))}
                    )
                }
            )
        if number % 11 == 0:
            callers.append({"namespaceSelector": {}, "podSelector": _labels(tier="frontend")})
        if number % 7 == 0:
            callers.append({"ipBlock": {"cidr": chance.choice(PUBLIC)}})
        port = chance.choice(PORTS[TIERS[workload % len(TIERS)]])[1]
        subject = _labels(app=f"app-{workload}")
        spec = _ingress(subject, callers, _tcp(port))
        if number % 4 == 0:
            dns = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]}
            spec |= {"policyTypes": ["Ingress", "Egress"], "egress": [{"to": [{"podSelector": near}]}, dns]}
        yield policy(space_name(space), f"policy-{number:05}", spec)


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What tells one pod of a company's cluster from another; ``owner`` is its ReplicaSet."""

    name: str
    namespace: str
    app: str
    tier: str
    token: str
    owner: str
    node: str
    host: str
    address: str
    uid: str


def company_pod_facts(size: Size) -> Iterator[PodFacts]:
    """Ten replicas a workload, fifty pods a node."""
    workloads = max(1, size.pods // REPLICAS)
    each = max(1, workloads // size.namespaces)
    nodes = max(1, size.pods // 50)
    for number in range(size.pods):
        workload = number % workloads
        token = f"{workload * 2654435761 % 2**32:08x}"
        owner = f"app-{workload}-{token}"
        yield PodFacts(
            name=f"{owner}-{number:05x}",
            namespace=space_name(workload // each % size.namespaces),
            app=f"app-{workload}",
            tier=TIERS[workload % len(TIERS)],
            token=token,
            owner=owner,
            node=f"node-{number % nodes}",
            host=host_address(number % nodes),
            address=pod_address(number),
            uid=f"00000000-0000-4000-8000-{number:012x}",
        )


def company_pod(facts: PodFacts) -> Object:
    """A pod with its owner, address and node: the fields that matter and no others."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": facts.owner, "uid": facts.owner, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": facts.name,
            "namespace": facts.namespace,
            "labels": {"app": facts.app, "pod-template-hash": facts.token, "tier": facts.tier},
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": facts.node, "containers": [_container(facts.tier)]},
        "status": {
            "phase": "Running",
            "hostIP": facts.host,
            "podIP": facts.address,
            "podIPs": [{"ip": facts.address}],
        },
    }


def company_pods(size: Size) -> Iterator[Object]:
    """All pods."""
    return map(company_pod, company_pod_facts(size))


def company_deployments(size: Size) -> Iterator[Object]:
    """The workloads of a company's cluster as a repository has them."""
    workloads = max(1, size.pods // REPLICAS)
    each = max(1, workloads // size.namespaces)
    for workload in range(workloads):
        labels = {"app": f"app-{workload}", "tier": TIERS[workload % len(TIERS)]}
        yield {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"app-{workload}", "namespace": space_name(workload // each % size.namespaces)},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": {"app": f"app-{workload}"}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [_container(labels["tier"])]}},
            },
        }


def comparable(size: Size) -> list[Object]:
    """Everything of a comparable cluster."""
    return [*namespaces(size), *bare_pods(size), *comparable_policies(size)]


def company(size: Size) -> list[Object]:
    """Everything of a company's cluster."""
    return [*namespaces(size), *company_pods(size), *company_policies(size)]
