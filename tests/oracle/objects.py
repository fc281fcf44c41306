"""The cluster read from plain objects: namespaces, pods (real ones and those of templates), nodes, address ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.oracle.policies import ADMIN_KINDS, Network, Policy, admin_policy, network_policy
from tests.oracle.services import Name, Service, read_services

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAME_LABEL = "kubernetes.io/metadata.name"
Workload = tuple[str, str, str]
"""Kind, namespace, name."""

CONTROLLER_LABELS: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("pod-template-hash",),
    "StatefulSet": ("controller-revision-hash",),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "Job": ("controller-uid", "batch.kubernetes.io/controller-uid"),
    "CronJob": ("controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"),
    "ReplicaSet": (),
    "ReplicationController": (),
}
"""What each controller adds to the labels of its template with a value that the template does not tell."""

OPAQUE = {"CiliumNetworkPolicy": True, "CiliumClusterwideNetworkPolicy": False}
"""Kinds of policies that nothing here models, and whether they are namespaced."""


@dataclass(frozen=True)
class Pod:
    """One concrete pod. ``instance`` tells replicas of one template apart. ``namespace`` None: open (any pod).

    ``labels`` None: open; ``open_labels``: present, value open. ``ports`` None: open. ``addresses`` by family.
    """

    namespace: str | None
    name: str
    labels: Mapping[str, str] | None
    workload: Workload
    instance: int = 0
    open_labels: tuple[str, ...] = ()
    ports: tuple[tuple[str, str, int], ...] | None = ()
    addresses: Mapping[int, tuple[Address, ...]] = field(default_factory=dict)
    node: str | None = None
    host: bool = False

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for the same pod only."""
        return ("pod", self.namespace, self.workload, self.name, self.instance)


@dataclass(frozen=True)
class Node:
    """``labels`` None: open (no Node object)."""

    name: str
    labels: Mapping[str, str] | None
    addresses: Mapping[int, tuple[Address, ...]] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for the same node only."""
        return ("node", self.name)


@dataclass(frozen=True)
class Outside:
    """An address that no object of the input has."""

    address: Address

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for the same address only."""
        return ("outside", str(self.address))


End = Pod | Node | Outside


@dataclass(frozen=True)
class Options:
    """What the user gives beside the objects. ``profile`` is a name, with or without a version (``profiles``).

    ``answers`` pin facts of it (None: open). ``nodes`` says where policy is enforced (None: open); a node that it does
    not name has ``elsewhere``.
    """

    profile: str = "generic"
    assume_no_labels: bool = False
    pod_ranges: tuple[str, ...] = ()
    service_ranges: tuple[str, ...] = ()
    node_ranges: tuple[str, ...] = ()
    answers: tuple[tuple[str, bool | None], ...] = ()
    nodes: tuple[tuple[str, bool | None], ...] = ()
    elsewhere: bool | None = True


@dataclass(frozen=True, eq=False)
class Cluster:
    """``namespaces`` maps each name to its labels, None where no Namespace object says them."""

    options: Options
    namespaces: Mapping[str, Mapping[str, str] | None]
    pods: tuple[Pod, ...]
    templates: Mapping[Workload, int]
    nodes: Mapping[str, Node]
    policies: tuple[Policy, ...]
    opaque: frozenset[str | None]
    pod_ranges: tuple[Network, ...]
    service_ranges: tuple[Network, ...]
    node_ranges: tuple[Network, ...]
    given: Mapping[Address, str]
    """Addresses that the input gives to an object, with its kind. A pod that has finished has none any more."""
    services: Mapping[Name, Service]

    @property
    def families(self) -> tuple[int, ...]:
        """Design 1: the families that ranges and the addresses of pods, nodes and Services show. The addresses of load
        balancers and externalIPs are not the cluster's."""
        ranges = (*self.pod_ranges, *self.service_ranges, *self.node_ranges)
        found = {range_.version for range_ in ranges}
        found |= {address.version for address, kind in self.given.items() if kind != "service"}
        return tuple(sorted(found.union(*(service.families or () for service in self.services.values()))))


def by_family(texts: Iterable[Any]) -> dict[int, tuple[Address, ...]]:
    """Addresses by family, each once."""
    found: dict[int, tuple[Address, ...]] = {}
    for address in dict.fromkeys(ipaddress.ip_address(text) for text in texts if text):
        found[address.version] = (*found.get(address.version, ()), address)
    return found


def every(end: Pod | Node) -> list[Address]:
    """All addresses of an end."""
    return [address for addresses in end.addresses.values() for address in addresses]


def named_ports(spec: Mapping[str, Any]) -> tuple[tuple[str, str, int], ...]:
    """Design 5: ports of containers and of restartable init containers (sidecars), not of ordinary init containers."""
    sidecars = [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
    ports = [port for c in [*(spec.get("containers") or []), *sidecars] for port in c.get("ports") or []]
    return tuple((p["name"], p.get("protocol") or "TCP", p["containerPort"]) for p in ports if p.get("name"))


def controller(item: Mapping[str, Any]) -> tuple[str, str] | None:
    """(kind, name) of the owner that controls an object. A Node is no controller (static pods stay pods)."""
    for owner in item["metadata"].get("ownerReferences") or []:
        if owner.get("controller") and owner["kind"] != "Node":
            return owner["kind"], owner["name"]
    return None


def space(item: Mapping[str, Any]) -> str:
    """Namespace of a namespaced object."""
    return item["metadata"].get("namespace") or "default"


def topmost(item: Mapping[str, Any], objects: list[dict[str, Any]]) -> Workload:
    """The end of the chain of controllers, as far as the input shows it."""
    name, kind, here = item["metadata"]["name"], item["kind"], space(item)
    owner = controller(item)
    while owner is not None:
        kind, name = owner
        above = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name and space(o) == here]
        owner = controller(above[0]) if above else None
    return kind, here, name


def real_pod(item: Mapping[str, Any], objects: list[dict[str, Any]]) -> Pod:
    """A Pod object."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    texts = [entry.get("ip") for entry in status.get("podIPs") or []] + [status.get("podIP")]
    return Pod(
        space(item),
        item["metadata"]["name"],
        item["metadata"].get("labels") or {},
        topmost(item, objects),
        ports=named_ports(spec),
        addresses=by_family(texts),
        node=spec.get("nodeName"),
        host=bool(spec.get("hostNetwork")),
    )


def template_pods(item: Mapping[str, Any], nodes: int) -> Iterator[Pod]:
    """Pods that a controller will make: all of a StatefulSet, which have names of their own; else two of them (one, if
    it asks for one). Their labels are the template's and those that the controller adds."""
    kind, spec, name = item["kind"], item["spec"], item["metadata"]["name"]
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec["template"]
    labels = dict(template.get("metadata", {}).get("labels") or {})
    if kind == "Job":
        labels |= {"job-name": name, "batch.kubernetes.io/job-name": name}
    added = CONTROLLER_LABELS[kind]
    labels = {key: value for key, value in labels.items() if key not in added}
    pod = Pod(
        space(item),
        name,
        labels,
        (kind, space(item), name),
        open_labels=added,
        ports=named_ports(template["spec"]),
        node=template["spec"].get("nodeName"),
        host=bool(template["spec"].get("hostNetwork")),
    )
    count = asked_replicas(item, nodes)
    for number in range(count if kind == "StatefulSet" else min(count, 2)):
        if kind == "StatefulSet":
            own = {
                "statefulset.kubernetes.io/pod-name": f"{name}-{number}",
                "apps.kubernetes.io/pod-index": str(number),
            }
            yield replace(pod, name=f"{name}-{number}", labels={**labels, **own})
        else:
            yield replace(pod, instance=number)


def asked_replicas(item: Mapping[str, Any], nodes: int) -> int:
    """At least one. A DaemonSet has a pod on every node; two, where the input has no Node."""
    spec = item["spec"]
    if item["kind"] == "DaemonSet":
        return nodes or 2
    if item["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    count = spec.get("parallelism" if item["kind"] in ("Job", "CronJob") else "replicas")
    return max(1, 1 if count is None else int(count))


def read_nodes(objects: list[dict[str, Any]], pods: Iterable[Pod]) -> dict[str, Node]:
    """Node objects, and nodes that only pods name: labels open, addresses open unless the pod's status tells."""
    found: dict[str, Node] = {}
    for item in objects:
        if item["kind"] == "Node":
            entries = (item.get("status") or {}).get("addresses") or []
            texts = [entry["address"] for entry in entries if entry["type"] in ("InternalIP", "ExternalIP")]
            name = item["metadata"]["name"]
            found[name] = Node(name, item["metadata"].get("labels") or {}, by_family(texts))
    for item in objects:
        node = (item.get("spec") or {}).get("nodeName") if item["kind"] == "Pod" else None
        if node and (node not in found or not found[node].addresses):
            status = item.get("status") or {}
            told = [entry.get("ip") for entry in status.get("hostIPs") or []] + [status.get("hostIP")]
            if item["spec"].get("hostNetwork"):
                told += [entry.get("ip") for entry in status.get("podIPs") or []] + [status.get("podIP")]
            found[node] = replace(found.get(node, Node(node, None)), addresses=by_family(told))
    for pod in pods:
        if pod.node and pod.node not in found:
            found[pod.node] = Node(pod.node, None)
    return found


def read_namespaces(objects: list[dict[str, Any]]) -> dict[str, Mapping[str, str] | None]:
    """Every namespace that anything names; the API server sets the name label (NP 1.15)."""
    found: dict[str, Mapping[str, str] | None] = {}
    for item in objects:
        name = item["metadata"]["name"]
        if item["kind"] == "Namespace":
            found[name] = {**(item["metadata"].get("labels") or {}), NAME_LABEL: name}
        elif item["kind"] not in (*ADMIN_KINDS, "Node", "ServiceCIDR", "IngressClass"):
            found.setdefault(space(item), None)
    return found


def finished(item: Mapping[str, Any]) -> bool:
    """NP 1.11: a pod that ran to its end is no peer and no subject."""
    return (item.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def read_cluster(items: Iterable[Mapping[str, Any]], options: Options = Options()) -> Cluster:
    """All objects of the input as one cluster."""
    objects = [dict(item) for item in items]
    pods = [real_pod(o, objects) for o in objects if o["kind"] == "Pod" and not finished(o)]
    owners = {topmost(o, objects) for o in objects if o["kind"] == "Pod"}
    templates: dict[Workload, int] = {}
    known_nodes = sum(item["kind"] == "Node" for item in objects)
    for item in objects:
        if item["kind"] in CONTROLLER_LABELS and controller(item) is None:
            workload = (item["kind"], space(item), item["metadata"]["name"])
            if workload not in owners:
                templates[workload] = asked_replicas(item, known_nodes)
                pods.extend(template_pods(item, known_nodes))
    nodes = read_nodes(objects, pods)
    networks = [text for o in objects if o["kind"] == "ServiceCIDR" for text in o["spec"]["cidrs"]]
    pod_cidrs = [text for o in objects if o["kind"] == "Node" for text in (o.get("spec") or {}).get("podCIDRs") or []]
    services = read_services(objects)
    given: dict[Address, str] = {
        ipaddress.ip_address(text): "service" for service in services.values() for text in service.addresses
    }
    given |= {a: "node" for node in nodes.values() for a in every(node)}
    given |= {a: "pod" for pod in pods for a in every(pod) if not pod.host}
    return Cluster(
        options,
        read_namespaces(objects),
        tuple(pods),
        templates,
        nodes,
        read_policies(objects),
        read_opaque(objects),
        ranges(options.pod_ranges, pod_cidrs),
        ranges(options.service_ranges, networks),
        ranges(options.node_ranges, ()),
        given,
        services,
    )


def ranges(given: Iterable[str], found: Iterable[str]) -> tuple[Network, ...]:
    """Address ranges given by the user and found in the input."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in (*given, *found))


def read_policies(objects: list[dict[str, Any]]) -> tuple[Policy, ...]:
    """Policies by apiVersion and kind."""
    groups = {"NetworkPolicy": "networking.k8s.io/v1", "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2"}
    found = []
    for item in objects:
        group = groups.get(item["kind"], "policy.networking.k8s.io/v1alpha1")
        if item["apiVersion"] == group and item["kind"] == "NetworkPolicy":
            found.append(network_policy(item))
        elif item["apiVersion"] == group and item["kind"] in ADMIN_KINDS:
            found.append(admin_policy(item))
    return tuple(found)


def read_opaque(objects: list[dict[str, Any]]) -> frozenset[str | None]:
    """Design 8: namespaces with policies of a kind that is not modelled; None where one is cluster-scoped."""
    return frozenset(space(o) if OPAQUE[o["kind"]] else None for o in objects if o["kind"] in OPAQUE)
