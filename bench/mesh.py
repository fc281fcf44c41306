"""All layers over a mesh: what they cost beside the network alone, on the same pods and the same policies of it.

Every workload has its account, its Service and its NetworkPolicy; half of the requests' policies name three accounts of
others. Times are CPU seconds of this process, as in the command line without passes of the garbage collector.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from bench.table import Line, at_most, plain
from ringfence import load_objects, request
from ringfence.sources.collecting import collector_paused
from ringfence.world import World

Object = dict[str, Any]
ASKED = 200
"""Questions of which the mean is taken."""


def objects(pods: int, workloads: int, namespaces: int, meshed: bool) -> list[Object]:
    """A cluster; ``meshed``: with sidecars everywhere, STRICT, and a policy of requests for each workload."""
    chance = random.Random(7)
    labels = {"istio-injection": "enabled"} if meshed else {}
    found = [made("v1", "Namespace", "", f"n{number}", labels=labels) for number in range(namespaces)]
    for number in range(workloads):
        home, name = f"n{number % namespaces}", f"w{number}"
        found += [_pod(home, name, number, replica) for replica in range(pods // workloads)]
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        found.append(made("v1", "Service", home, name, {"selector": {"app": name}, "ports": ports}))
        peer = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": f"n{chance.randrange(namespaces)}"}}
        }
        own = {"podSelector": {"matchLabels": {"app": name}}, "ingress": [{"from": [peer], "ports": [{"port": 8080}]}]}
        found.append(made("networking.k8s.io/v1", "NetworkPolicy", home, name, own))
        if meshed:
            others = [chance.randrange(workloads) for _ in range(3)]
            principals = [f"cluster.local/ns/n{other % namespaces}/sa/w{other}" for other in others]
            operation = {"methods": ["GET"], "paths": ["/orders*", "/health"]}
            rule = {"from": [{"source": {"principals": principals}}], "to": [{"operation": operation}]}
            policy = {"selector": {"matchLabels": {"app": name}}, "rules": [rule]}
            found.append(made("security.istio.io/v1", "AuthorizationPolicy", home, name, policy))
    if meshed:
        strict = {"mtls": {"mode": "STRICT"}}
        found.append(made("security.istio.io/v1", "PeerAuthentication", "istio-system", "default", strict))
    return found


def made(version: str, kind: str, namespace: str, name: str, spec: Object | None = None, **metadata: Any) -> Object:
    """A manifest."""
    named = {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}
    return {"apiVersion": version, "kind": kind, "metadata": named, **({"spec": spec} if spec is not None else {})}


def _pod(namespace: str, name: str, number: int, replica: int) -> Object:
    owner = [{"kind": "ReplicaSet", "name": f"{name}-abc", "controller": True}]
    spec = {"serviceAccountName": name, "containers": []}
    return made("v1", "Pod", namespace, f"{name}-{replica}", spec, labels={"app": name}, ownerReferences=owner)


def lines(pods: int) -> Iterator[Line]:
    """The figures for so many pods, ten a workload."""
    workloads, namespaces = max(pods // 10, 4), max(pods // 100, 2)
    label = f"mesh, {pods:,} pods, {workloads:,} policies of requests"
    alone, _ = _timed(lambda: _listed(load_objects(objects(pods, workloads, namespaces, False), cni="calico")))
    whole, world = _timed(lambda: _listed(load_objects(objects(pods, workloads, namespaces, True), cni="calico")))
    what = f"{label}: what it adds to the network's relation"
    yield at_most(what, whole - alone, 1, "s") if pods == 10_000 else plain(what, whole - alone, "s")
    reached, _ = _timed(lambda: _rows(world, world.attackers_grid))
    yield plain(f"{label}: the relation of who controls a pod", reached, "s")
    listed, _ = _timed(world.connections)
    yield plain(f"{label}: the list with what each layer says", listed, "s")
    yield plain(f"{label}: diff, one policy of requests differs", _compared(world, pods, workloads, namespaces), "s")
    asked = request("GET", "/orders/7")
    names = [f"n{number % namespaces}/w{number}" for number in range(workloads)]
    ends = [(f"{name}-0", names[(number * 7 + 1) % workloads]) for number, name in enumerate(names)][:ASKED]
    spent, _ = _timed(lambda: [world.explain(*pair, 8080, "TCP", request=asked) for pair in ends])
    yield at_most(f"{label}: explain with all layers", spent / len(ends) * 1e3, 1, "ms")


def _compared(world: World, pods: int, workloads: int, namespaces: int) -> float:
    """Beyond loading both states."""
    others = objects(pods, workloads, namespaces, True)
    policy = next(two for one, two in pairwise(others) if two["kind"] == "AuthorizationPolicy" and _meet(one, two))
    policy["spec"]["rules"][0]["to"][0]["operation"]["methods"].append("POST")
    after = load_objects(others, cni="calico")
    spent, found = _timed(lambda: world.diff(after))
    assert found.widened
    return spent


def _meet(network: Object, requests: Object) -> bool:
    """Whether both policies of a workload let in somebody from the same namespace."""
    (peer,) = network["spec"]["ingress"][0]["from"]
    (space,) = peer["namespaceSelector"]["matchLabels"].values()
    principals = requests["spec"]["rules"][0]["from"][0]["source"]["principals"]
    return any(f"/ns/{space}/" in one for one in principals)


def _listed(world: World) -> World:
    _rows(world, world.grid)
    return world


def _rows(world: World, grid: Any) -> int:
    return sum(1 for destination in range(world.relation.universe.pods) for _ in grid.column(destination))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    with collector_paused():
        begin = time.process_time()
        found = work()
        return time.process_time() - begin, found
