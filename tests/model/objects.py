"""Kubernetes objects in few words, for the tests of the engine: each function gives a plain dict."""

from __future__ import annotations

from typing import Any

import ringfence
from ringfence.world import World

Object = dict[str, Any]
Labels = dict[str, str]
NAME_LABEL = "kubernetes.io/metadata.name"


def world(*objects: Object, **options: Any) -> World:
    """The world of some objects."""
    return ringfence.load_objects(objects, **options)


def metadata(text: str, labels: Labels | None = None) -> Object:
    """``namespace/name``, or ``name`` for what has no namespace."""
    space, slash, name = text.rpartition("/")
    found: Object = {"name": name}
    if slash:
        found["namespace"] = space
    if labels:
        found["labels"] = labels
    return found


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name, {NAME_LABEL: name, **labels})}


def container_ports(ports: dict[str, str]) -> list[Object]:
    """``{"web": "8080/TCP"}`` as ports of a container."""
    found = []
    for name, text in ports.items():
        number, _, protocol = text.partition("/")
        found.append({"name": name, "containerPort": int(number), "protocol": protocol or "TCP"})
    return found


def pod_spec(ports: dict[str, str] | None = None, node: str = "", host: bool = False) -> Object:
    spec: Object = {"containers": [{"name": "main", "image": "x", "ports": container_ports(ports or {})}]}
    if node:
        spec["nodeName"] = node
    if host:
        spec["hostNetwork"] = True
    return spec


def pod(
    text: str,
    labels: Labels | None = None,
    *,
    ips: tuple[str, ...] = (),
    ports: dict[str, str] | None = None,
    node: str = "",
    host: bool = False,
    owner: str = "",
    phase: str = "Running",
) -> Object:
    """``owner``: ``Kind/name`` of its controller."""
    status: Object = {"phase": phase}
    if ips:
        status |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    found: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(text, labels),
        "spec": pod_spec(ports, node, host),
        "status": status,
    }
    if owner:
        kind, _, name = owner.partition("/")
        version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
        found["metadata"]["ownerReferences"] = [
            {"apiVersion": version, "kind": kind, "name": name, "controller": True, "uid": name}
        ]
    return found


def controller(
    kind: str, text: str, labels: Labels | None = None, *, ports: dict[str, str] | None = None, replicas: int = 1
) -> Object:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job or CronJob."""
    labels = labels or {"app": text.rpartition("/")[2]}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(ports)}
    spec: Object = {"template": template, "selector": {"matchLabels": labels}}
    if kind in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"):
        spec["replicas"] = replicas
    if kind == "ReplicationController":
        spec["selector"] = labels
    if kind in ("Job", "CronJob"):
        template["spec"]["restartPolicy"] = "Never"
        spec = {"template": template}
    if kind == "CronJob":
        spec = {"schedule": "0 * * * *", "jobTemplate": {"spec": spec}}
    version = {"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    return {"apiVersion": version, "kind": kind, "metadata": metadata(text), "spec": spec}


def node(name: str, *ips: str, labels: Labels | None = None) -> Object:
    addresses = [{"type": "InternalIP", "address": ip} for ip in ips]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata(name, labels),
        "status": {"addresses": addresses},
    }


def service(text: str, selector: Labels | None, *ports: Object, **spec: Any) -> Object:
    body: Object = {**spec}
    if selector is not None:
        body["selector"] = selector
    if ports:
        body["ports"] = list(ports)
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(text), "spec": body}


def endpoint_slice(text: str, owner: str, addresses: list[str], ports: list[Object]) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata(text, {"kubernetes.io/service-name": owner}),
        "addressType": "IPv6" if ":" in addresses[0] else "IPv4",
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": ports,
    }


def selector(labels: Labels | None) -> Object:
    return {"matchLabels": labels} if labels else {}


def pods_peer(labels: Labels | None = None, spaces: Labels | None = None) -> Object:
    """Pods with labels, of this namespace, or of the namespaces with these labels ({}: all)."""
    found: Object = {"podSelector": selector(labels)}
    if spaces is not None:
        found["namespaceSelector"] = selector(spaces)
    return found


def block(cidr: str, *excepts: str) -> Object:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}}


def tcp(*ports: int | str) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def network_policy(
    text: str, subject: Labels | None = None, *, ingress: list[Object] | None = None, egress: list[Object] | None = None
) -> Object:
    """Isolates each direction that is given, if only by an empty list."""
    spec: Object = {"podSelector": selector(subject), "policyTypes": []}
    if ingress is not None:
        spec["policyTypes"].append("Ingress")
        spec["ingress"] = ingress
    if egress is not None:
        spec["policyTypes"].append("Egress")
        spec["egress"] = egress
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(text),
        "spec": spec,
    }


def cluster_policy(
    name: str,
    *,
    priority: int = 10,
    tier: str = "Admin",
    subject: Object | None = None,
    ingress: list[Object] | None = None,
    egress: list[Object] | None = None,
) -> Object:
    spec: Object = {"tier": tier, "priority": priority, "subject": subject or {"namespaces": {}}}
    if ingress is not None:
        spec["ingress"] = ingress
    if egress is not None:
        spec["egress"] = egress
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": metadata(name),
        "spec": spec,
    }


def admin_pods(labels: Labels | None = None, spaces: Labels | None = None) -> Object:
    """The pods peer, or subject, of a ClusterNetworkPolicy."""
    return {"pods": {"namespaceSelector": selector(spaces), "podSelector": selector(labels)}}


def admin_ports(*numbers: int) -> list[Object]:
    return [{"tcp": {"destinationPort": {"number": number}}} for number in numbers]


def cilium_policy(text: str) -> Object:
    """An object of a kind that is not modelled: with a namespace it blinds that, without one the cluster."""
    kind = "CiliumNetworkPolicy" if "/" in text else "CiliumClusterwideNetworkPolicy"
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata(text), "spec": {}}
