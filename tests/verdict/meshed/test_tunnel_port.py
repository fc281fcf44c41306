"""The mesh's tunnel port as a destination: whoever takes tunnels there takes nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects

INCLUDE = "traffic.sidecar.istio.io/includeInboundPorts"
BYPASS = "ambient.istio.io/bypass-inbound-capture"
GATEWAY = "gateway.networking.k8s.io/gateway"
WAYPOINT = {f"{GATEWAY}-name": "way", f"{GATEWAY}-class-name": "istio-waypoint", "istio.io/dataplane-mode": "none"}


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(
    full_name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    space, _, name = full_name.partition("/")
    own = {"app": name, **(labels or {})}
    metadata = {"name": name, "namespace": space, "labels": own, "annotations": annotations or {}}
    container = {"name": "istio-proxy" if labels == WAYPOINT else "main", "image": "docker.io/istio/proxyv2:1.29.0"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


SPACES = [
    namespace("bare"),
    namespace("cars", **{"istio-injection": "enabled"}),
    namespace("calm", **{"istio.io/dataplane-mode": "ambient"}),
]
CLIENTS = [pod("bare/client"), pod("cars/client"), pod("calm/client")]


@pytest.mark.parametrize("client", ["bare/client", "cars/client", "calm/client", "203.0.113.9"])
@pytest.mark.parametrize(
    ("server", "taken"),
    [
        (pod("calm/ledger"), False),
        (pod("calm/ledger", annotations={BYPASS: "true"}), False),
        (pod("cars/ledger", {"networking.istio.io/tunnel": "http"}), False),
        (pod("cars/ledger", {"networking.istio.io/tunnel": "http"}, {INCLUDE: "8080"}), False),
        (pod("calm/ledger", WAYPOINT), False),
        (pod("cars/ledger"), True),
        (pod("bare/ledger"), True),
    ],
)
def test_who_takes_tunnels_takes_nothing_else_there(server: dict[str, Any], taken: bool, client: str) -> None:
    world = load_objects([*SPACES, *CLIENTS, server], cni="calico", istio_version="1.29")
    name = "{namespace}/{name}".format(**server["metadata"])
    answer = world.can(client, name, 15008)
    assert answer.verdict.value == ("allowed" if taken else "denied")
    assert answer.layered is not None
    if not taken:
        assert answer.layered.symptom in ("eof", "reset", "http-503")
        assert answer.layered.holds
    # The port beside it is another matter.
    assert world.can(client, name, 15009).verdict.value == "allowed"
    if "." not in client:
        rows = [
            one for one in world.connections(source=client, destination=name).rows if one.verdict.value == "allowed"
        ]
        assert {15008: taken, 15009: True} == {
            port: any(first <= port <= last for row in rows for first, last in row.ports) for port in (15008, 15009)
        }


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
def test_what_no_mesh_takes_is_said_to_be_so(protocol: str) -> None:
    world = load_objects([*SPACES, *CLIENTS, pod("cars/ledger")], cni="calico", istio_version="1.29")
    answer = world.can("cars/client", "cars/ledger", 53, protocol)
    assert answer.layered is not None
    assert answer.layered.notes == (f"no mesh takes {protocol}",)
    assert [one.layer for one in answer.layered.layers] == ["network"]
    whole = world.can("cars/client", "cars/ledger")
    said = {part.layered.notes for part in whole.parts if part.layered is not None}
    assert said == {(), ("no mesh takes UDP or SCTP",)}
