"""What-ifs in a cluster with a mesh keep all layers."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects, request
from ringfence.dialects.istio.reading import READERS
from ringfence.sources.changes import Removal
from ringfence.verdict.answers import Connections, Verdict

ORDERS = request("GET", "/orders")


def pod(name: str, namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"serviceAccountName": name}}


def istio(kind: str, name: str, spec: dict[str, Any], namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


SPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "orders", "namespace": "shop"},
    "spec": {"selector": {"app": "orders"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}
STRICT = istio("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
OTHER_SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}
CLUSTER = [SPACE, OTHER_SPACE, pod("web"), pod("orders"), pod("naked", "plain"), SERVICE, STRICT]
NEW_LABEL = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "by-a-label-that-is-new", "namespace": "shop"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "orders"}},
        "ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "new", "operator": "DoesNotExist"}]}}]}],
    },
}


def test_a_policy_that_needs_finer_classes_leaves_the_mesh_its_own() -> None:
    world = load_objects(CLUSTER, cni="calico").what_if(add=[NEW_LABEL])
    rows = {
        (source, row.verdict) for row in world.connections(destination="shop/orders").rows for source in row.sources
    }
    assert ("shop/web", Verdict.ALLOWED) in rows
    assert world.can("shop/web", "shop/orders", 8080, request=ORDERS).verdict is Verdict.ALLOWED
    assert world.can("plain/naked", "shop/orders", 8080, request=ORDERS).verdict is Verdict.DENIED


def test_a_policy_of_the_mesh_can_be_tried() -> None:
    nobody = istio("AuthorizationPolicy", "nobody", {"selector": {"matchLabels": {"app": "orders"}}})
    world = load_objects(CLUSTER, cni="calico")
    assert world.can("shop/web", "shop/orders", 8080, request=ORDERS).verdict is Verdict.ALLOWED
    assert world.what_if(add=[nobody]).can("shop/web", "shop/orders", 8080, request=ORDERS).verdict is Verdict.DENIED


def test_a_namespace_that_leaves_the_mesh_takes_plain_connections() -> None:
    world = load_objects(CLUSTER, cni="calico")
    assert world.can("plain/naked", "shop/orders", 8080).verdict is Verdict.DENIED
    left = world.what_if(relabel={"namespace/shop": {"istio-injection": None}})
    assert left.can("plain/naked", "shop/orders", 8080).verdict is Verdict.ALLOWED


def test_a_pod_with_another_label_is_another_server() -> None:
    allowing = istio(
        "AuthorizationPolicy", "web-only", {"selector": {"matchLabels": {"app": "orders"}}, "rules": [{"to": [{}]}]}
    )
    denying = istio("AuthorizationPolicy", "none", {"selector": {"matchLabels": {"app": "closed"}}})
    world = load_objects([*CLUSTER, allowing, denying], cni="calico")
    moved = world.what_if(relabel={"shop/orders": {"app": "closed"}})
    # Its Service no longer leads to it: it is dialled by its address, past the mesh's TLS.
    assert moved.can("shop/web", "shop/orders", 8080, request=ORDERS).verdict is Verdict.DENIED


def test_lists_name_their_layers_and_the_page_speaks_of_the_network() -> None:
    world = load_objects(CLUSTER, cni="calico")

    def reached(connections: Connections) -> bool:
        return any(
            first <= 8080 <= last
            for row in connections.rows
            if "plain/naked" in row.sources and "shop/orders" in row.destinations
            for first, last in row.ports
        )

    listed, of_network = world.connections(), world.lister.of_network().connections("workload")
    assert (listed.layers, reached(listed)) == (("network", "transport", "requests"), False)
    assert (of_network.layers, reached(of_network)) == (("network",), True)
    matrix = world.matrix()
    names = [end.name for end in matrix.ends]
    cell = matrix.cell(names.index("plain/naked"), names.index("shop/orders"))
    assert any(first <= 8080 <= last for line in cell.lines for first, last in line.ports)


@pytest.mark.parametrize("kind", sorted({kind for _, kind in READERS}))
def test_objects_of_the_mesh_are_named_with_the_kind_before_or_behind_the_namespace(kind: str) -> None:
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    for text in (f"{kind}/shop/a", f"shop/{kind}/a", f"{plural}/shop/a"):
        found = Removal.parse(text)
        assert (found.namespace, found.kind, found.name) == ("shop", kind.lower(), "a")
