"""Which points an EnvoyFilter or a WasmPlugin may touch: there, and nowhere else, what is decided is not known."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.model.mesh import Point, PointSort
from ringfence.reports.context import mesh_notices
from tests.dialects.istio.meshes import Lab, an, namespace, service, workload
from tests.sources.manifests import cluster_of

BASE = (
    namespace("shop", **{"istio-injection": "enabled"})
    + namespace("istio-system")
    + workload("shop/api")
    + workload("shop/edge", labels={"gateway.networking.k8s.io/gateway-name": "edge"})
    + workload(
        "shop/way",
        labels={
            "gateway.networking.k8s.io/gateway-name": "way",
            "gateway.networking.k8s.io/gateway-class-name": "istio-waypoint",
        },
    )
    + service("shop/api", {"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": 8081}, app="api")
)
SIDECAR, TCP, GATEWAY, WAYPOINT = "sidecar", "tcp", "gateway", "waypoint"


def touched(extension: str, port: int = 8080) -> set[str]:
    """The points that are left open."""
    lab = Lab(BASE, extension)
    api, front = lab.pod("shop/api"), lab.service("shop/api")
    points = {
        SIDECAR: Point(PointSort.SIDECAR, api, True),
        TCP: Point(PointSort.SIDECAR, api, False),
        GATEWAY: Point(PointSort.SIDECAR, lab.pod("shop/edge"), True),
        WAYPOINT: Point(PointSort.WAYPOINT, lab.pod("shop/way"), True, front, api),
        "node": Point(PointSort.NODE, api, False),
    }
    return {name for name, point in points.items() if lab.mesh.rules(point, port).unsettled}


def envoy_filter(name: str = "shop/f", apply: str = "NETWORK_FILTER", match: Any = None, **spec: Any) -> str:
    patch = {"applyTo": apply, "patch": {"operation": "MERGE"}, **({} if match is None else {"match": match})}
    return an("EnvoyFilter", name, {"configPatches": [patch], **spec})


def wasm(name: str = "shop/f", kind: str = "WasmPlugin", **spec: Any) -> str:
    return an(kind, name, {"url": "oci://x", **spec}).replace("networking.istio.io/v1", "extensions.istio.io/v1alpha1")


EDGE = {"labels": {"gateway.networking.k8s.io/gateway-name": "edge"}}
WAY = {"labels": {"gateway.networking.k8s.io/gateway-name": "way"}}
REF = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        (envoy_filter(), {SIDECAR, TCP, GATEWAY}),
        (envoy_filter("istio-system/f"), {SIDECAR, TCP, GATEWAY}),
        (envoy_filter("other/f"), set()),
        (envoy_filter(apply="HTTP_FILTER"), {SIDECAR, GATEWAY}),
        (envoy_filter(apply="BOOTSTRAP"), set()),
        (envoy_filter(match={"context": "SIDECAR_INBOUND"}), {SIDECAR, TCP}),
        (envoy_filter(match={"context": "SIDECAR_OUTBOUND"}), set()),
        (envoy_filter(match={"context": "GATEWAY"}), {GATEWAY}),
        (envoy_filter(match={"context": "WAYPOINT"}), {WAYPOINT}),
        (envoy_filter(match={"context": "NEWER"}), {SIDECAR, TCP, GATEWAY, WAYPOINT}),
        (envoy_filter(workloadSelector={"labels": {"app": "api"}}), {SIDECAR, TCP}),
        (envoy_filter(workloadSelector={"labels": {"app": "x"}}), set()),
        (envoy_filter(workloadSelector=EDGE), {GATEWAY}),
        (envoy_filter(workloadSelector=WAY), {WAYPOINT}),
        (envoy_filter(targetRefs=[{**REF, "name": "edge"}]), {GATEWAY}),
        (envoy_filter(targetRefs=[{**REF, "name": "way"}]), {WAYPOINT}),
        (envoy_filter(targetRefs=[{**REF, "name": "x"}]), set()),
        (envoy_filter(targetRefs=[{"kind": "Service", "name": "api"}]), {WAYPOINT}),
        (envoy_filter(targetRefs=[{"kind": "Service", "name": "x"}]), set()),
        (envoy_filter("istio-system/f", targetRefs=[{"kind": "GatewayClass", "name": "istio-waypoint"}]), {WAYPOINT}),
        (envoy_filter(targetRefs=[{"kind": "GatewayClass", "name": "istio-waypoint"}]), set()),
        (envoy_filter(targetRefs=[{"kind": "ServiceEntry", "name": "api"}]), set()),
        (envoy_filter(match={"context": "SIDECAR_INBOUND", "listener": {"portNumber": 8080}}), {SIDECAR, TCP}),
        (envoy_filter(match={"context": "SIDECAR_INBOUND", "listener": {"portNumber": 8081}}), set()),
        (envoy_filter(match={"context": "SIDECAR_INBOUND", "listener": {"portNumber": 15006}}), {SIDECAR, TCP}),
        (wasm(), {SIDECAR, GATEWAY}),
        (wasm(type="NETWORK"), {SIDECAR, TCP, GATEWAY}),
        (wasm(match=[{"mode": "CLIENT"}]), {GATEWAY}),
        (
            wasm(match=[{"mode": "SERVER", "ports": [{"number": 8081}]}], selector={"matchLabels": {"app": "api"}}),
            set(),
        ),
        (wasm(match=[{"mode": "SERVER", "ports": [{"number": 8080}]}]), {SIDECAR}),
        (wasm(targetRefs=[{**REF, "name": "way"}]), {WAYPOINT}),
        (wasm(selector={"matchLabels": {"app": "api"}}), {SIDECAR}),
        (wasm(kind="TrafficExtension"), {SIDECAR, TCP, GATEWAY}),
    ],
)
def test_where_it_may_be(extension: str, expected: set[str]) -> None:
    assert touched(extension) == expected


def test_a_port_that_no_service_leads_to_may_share_the_filters_of_others() -> None:
    extension = envoy_filter(match={"context": "SIDECAR_INBOUND", "listener": {"portNumber": 8080}})
    assert touched(extension, 8081) == set()
    assert touched(extension, 9999) == {SIDECAR, TCP}


def test_verdicts_are_unknown_by_port() -> None:
    extension = envoy_filter(match={"context": "SIDECAR_INBOUND", "listener": {"portNumber": 8080}})
    lab = Lab(BASE, extension)
    assert 8080 in lab.mesh.ports(None, lab.pod("shop/api"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (an("ProxyConfig", "shop/p", {"concurrency": 2}), ""),
        (an("ProxyConfig", "shop/p", {"environmentVariables": {"ISTIO_META_ENABLE_HBONE": "true"}}), "ProxyConfig"),
        (an("WorkloadGroup", "shop/p", {}), ""),
        (an("Telemetry", "shop/p", {}).replace("networking.istio.io", "telemetry.istio.io"), ""),
        (an("Novelty", "shop/p", {}), "Novelty"),
    ],
)
def test_what_changes_no_verdict_is_not_told_of(text: str, told: str) -> None:
    lines = mesh_notices(cluster_of(BASE + text))
    assert bool(lines) is bool(told)
    assert all(told in line and "network layer only" not in line for line in lines)
