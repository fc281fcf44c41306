"""Services behind many waypoints of ambient mode: what ``exposure`` costs, as each waypoint is a point of its own.

Every Service has its workload and its policy of requests at its waypoint, which names an identity that no other policy
names. Times are CPU seconds of this process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bench.mesh import made
from bench.table import Line, at_most, plain
from ringfence import load_objects

Object = dict[str, Any]
OWN_LABEL, MANAGED = "gateway.networking.k8s.io/gateway-name", "gateway.istio.io/managed"


def objects(pods: int, services: int, waypoints: int, namespaces: int, sections: str = "Service") -> list[Object]:
    """A cluster in ambient mode. ``sections``: to what the policies are attached: each ``Service``, or a workload's
    Pods by their labels."""
    ambient = {"istio.io/dataplane-mode": "ambient"}
    found = [made("v1", "Namespace", "", f"n{number}", labels=ambient) for number in range(namespaces)]
    for number in range(waypoints):
        found += _waypoint(f"n{number % namespaces}", f"way{number}")
    for number in range(services):
        way = number % waypoints
        home, name = f"n{way % namespaces}", f"w{number}"
        found += [_pod(home, name, replica) for replica in range(pods // services)]
        behind = {"istio.io/use-waypoint": f"way{way}"}
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        found.append(made("v1", "Service", home, name, {"selector": {"app": name}, "ports": ports}, labels=behind))
        other = (number * 7 + 1) % services
        principal = f"cluster.local/ns/n{other % waypoints % namespaces}/sa/w{other}"
        rule = {"from": [{"source": {"principals": [principal]}}], "to": [{"operation": {"methods": ["GET"]}}]}
        if sections == "Service":
            attached: Object = {"targetRefs": [{"group": "", "kind": "Service", "name": name}]}
        else:
            attached = {"selector": {"matchLabels": {"app": name}}}
            del rule["to"]
        found.append(made("security.istio.io/v1", "AuthorizationPolicy", home, name, {**attached, "rules": [rule]}))
    return found


def _waypoint(home: str, name: str) -> Iterator[Object]:
    spec = {
        "gatewayClassName": "istio-waypoint",
        "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
    }
    yield made("gateway.networking.k8s.io/v1", "Gateway", home, name, spec)
    own = {OWN_LABEL: name, MANAGED: "istio.io-mesh-controller"}
    proxy = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.29.0"}
    template = {"metadata": {"labels": own}, "spec": {"serviceAccountName": name, "containers": [proxy]}}
    deployed = {"selector": {"matchLabels": own}, "template": template}
    yield made("apps/v1", "Deployment", home, name, deployed)


def _pod(home: str, name: str, replica: int) -> Object:
    owner = [{"kind": "ReplicaSet", "name": f"{name}-abc", "controller": True}]
    spec = {"serviceAccountName": name, "containers": []}
    return made("v1", "Pod", home, f"{name}-{replica}", spec, labels={"app": name}, ownerReferences=owner)


def lines(pods: int) -> Iterator[Line]:
    """The figures for so many pods: a Service for ten of them, a waypoint for a hundred."""
    services, waypoints = max(pods // 10, 4), max(pods // 100, 2)
    world = load_objects(objects(pods, services, waypoints, waypoints), cni="calico")
    begin = time.process_time()
    found = world.exposure(limit=1)
    spent = time.process_time() - begin
    assert found.rows
    what = f"mesh, {pods:,} ambient pods, {services:,} Services behind {waypoints:,} waypoints: exposure"
    yield at_most(what, spent, 5, "s") if pods == 10_000 else plain(what, spent, "s")
