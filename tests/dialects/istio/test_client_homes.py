"""Clients of namespaces that no object speaks of are one: lists say the same of them as where each is its own."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects
from ringfence.dialects.istio import sending

NET = "networking.istio.io/v1"
Object = dict[str, Any]
SPACES = ("a", "b", "c", "istio-system")


def made(version: str, kind: str, namespace: str, name: str, spec: Object | None = None, **metadata: Any) -> Object:
    named = {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}
    return {"apiVersion": version, "kind": kind, "metadata": named, **({"spec": spec} if spec is not None else {})}


def cluster() -> list[Object]:
    found = [made("v1", "Namespace", "", one, labels={"istio-injection": "enabled"}) for one in SPACES]
    for space in SPACES:
        pod = {"serviceAccountName": "app", "containers": [{"name": "app"}]}
        found.append(made("v1", "Pod", space, "app", pod, labels={"app": "app"}))
        ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "tcp", "port": 81, "targetPort": 8081}]
        found.append(made("v1", "Service", space, "app", {"selector": {"app": "app"}, "ports": ports}))
    return found


OWN = "app.a.svc.cluster.local"
PLAIN = {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}
REFUSED = [{"route": [{"destination": {"host": "app.b.svc.cluster.local"}}]}]
HTTP_ROUTE = {
    "parentRefs": [{"group": "", "kind": "Service", "name": "app", "namespace": "a"}],
    "rules": [{"backendRefs": [{"name": "app", "namespace": "b", "port": 80}]}],
}
STRICT = made("security.istio.io/v1", "PeerAuthentication", "a", "default", {"mtls": {"mode": "STRICT"}})
SAID = {
    "a rule of the Service's namespace": [made(NET, "DestinationRule", "a", "one", {"host": "app", **PLAIN})],
    "a rule of its own namespace only": [
        made(NET, "DestinationRule", "a", "one", {"host": "app", "exportTo": ["."], **PLAIN})
    ],
    "a rule of the client's namespace": [made(NET, "DestinationRule", "b", "one", {"host": OWN, **PLAIN})],
    "a rule of the client's namespace for many": [
        made(NET, "DestinationRule", "b", "one", {"host": "*.local", **PLAIN})
    ],
    "a rule of the root namespace": [made(NET, "DestinationRule", "istio-system", "one", {"host": OWN, **PLAIN})],
    "a route": [made(NET, "VirtualService", "a", "one", {"hosts": ["app"], "http": REFUSED})],
    "a route of one namespace": [
        made(NET, "VirtualService", "b", "one", {"hosts": [OWN], "http": REFUSED, "exportTo": ["."]})
    ],
    "a route for another namespace": [
        made(NET, "VirtualService", "b", "one", {"hosts": [OWN], "http": REFUSED, "exportTo": ["c"]})
    ],
    "a route that asks for the namespace": [
        made(
            NET,
            "VirtualService",
            "a",
            "one",
            {
                "hosts": ["app"],
                "http": [
                    {"match": [{"sourceNamespace": "b"}], **REFUSED[0]},
                    {"route": [{"destination": {"host": "app"}}]},
                ],
            },
        )
    ],
    "a route of the Gateway API": [made("gateway.networking.k8s.io/v1", "HTTPRoute", "a", "one", HTTP_ROUTE)],
    "a route of the Gateway API elsewhere": [made("gateway.networking.k8s.io/v1", "HTTPRoute", "b", "one", HTTP_ROUTE)],
    "routes of both sorts": [
        made("gateway.networking.k8s.io/v1", "HTTPRoute", "a", "one", HTTP_ROUTE),
        made(
            NET,
            "VirtualService",
            "a",
            "one",
            {"hosts": ["app"], "http": [{"route": [{"destination": {"host": "app"}}]}]},
        ),
    ],
    "a Sidecar": [
        made(
            NET,
            "Sidecar",
            "b",
            "default",
            {"egress": [{"hosts": ["./*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        )
    ],
    "a Sidecar of the root namespace": [
        made(
            NET,
            "Sidecar",
            "istio-system",
            "default",
            {"egress": [{"hosts": ["./*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        )
    ],
    "an entry": [
        made(
            NET,
            "ServiceEntry",
            "b",
            "one",
            {
                "hosts": ["x.example.com"],
                "exportTo": ["."],
                "ports": [{"number": 8080, "name": "tcp", "protocol": "TCP"}],
                "resolution": "STATIC",
            },
        )
    ],
}


@pytest.mark.parametrize("said", SAID)
def test_joined_clients_are_one(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = [*cluster(), STRICT, *SAID[said]]
    joined = load_objects(objects).connections(level="pod").rows
    monkeypatch.setattr(sending, "own_homes", lambda *_, **__: None)
    apart = load_objects(objects).connections(level="pod").rows
    assert joined == apart


def test_clients_that_nobody_speaks_of_are_joined() -> None:
    world = load_objects([*cluster(), STRICT, *SAID["a rule of the Service's namespace"]])
    assert world.mesh is not None
    kinds = {pod.namespace: world.mesh.client_kind(pod) for pod in world.cluster.pods}
    assert kinds["a"] == kinds["b"] == kinds["c"]
