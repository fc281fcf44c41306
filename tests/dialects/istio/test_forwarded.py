"""Where a request comes from, by the proxy that it meets."""

from __future__ import annotations

import pytest

from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.rules.checking import world_of

GATEWAY = """
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: edge}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {istio: edgegateway}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata:
  name: gateway
  namespace: edge
  labels: {istio: edgegateway, sidecar.istio.io/inject: "false"}
  annotations: {%s}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  selector: {istio: edgegateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: office, namespace: edge}
spec:
  selector: {matchLabels: {istio: edgegateway}}
  rules: [{from: [{source: {remoteIpBlocks: [203.0.113.0/24]}}]}]
"""
SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, name: %s}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: office, namespace: shop}
spec: {rules: [{from: [{source: {remoteIpBlocks: [203.0.113.0/24]}}]}]}
"""


def edge(annotations: str = "", topology: str = "") -> World:
    """A gateway that lets requests of an office pass."""
    if not topology:
        return world_of(GATEWAY % annotations)
    head = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
    mesh = f"data: {{mesh: '{{defaultConfig: {{gatewayTopology: {topology}}}}}'}}\n"
    return world_of(GATEWAY % annotations + head + mesh)


def asked(world: World, source: str, destination: str, port: int, sent: str = "") -> str:
    from ringfence import request

    headers = {"X-Forwarded-For": sent} if sent else {}
    return str(world.can(source, destination, port, request=request("GET", "/", headers=headers)).verdict)


@pytest.mark.parametrize(
    ("source", "sent", "verdict"),
    [
        ("203.0.113.7", "", "allowed"),
        ("198.51.100.1", "", "denied"),
        ("198.51.100.1", "203.0.113.7", "denied"),
        ("203.0.113.7", "198.51.100.1", "allowed"),
    ],
)
def test_a_gateway_believes_nobody(source: str, sent: str, verdict: str) -> None:
    assert asked(edge(), source, "edge/gateway", 8080, sent) == verdict


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        ("203.0.113.7", "allowed"),
        ("203.0.113.7, 198.51.100.2", "denied"),
        ("198.51.100.2 , 203.0.113.7", "allowed"),
        ("203.0.113.7:443", "denied"),
        ("", "denied"),
    ],
)
def test_a_gateway_behind_one_proxy(sent: str, verdict: str) -> None:
    assert asked(edge(topology="{numTrustedProxies: 1}"), "198.51.100.1", "edge/gateway", 8080, sent) == verdict


def test_a_gateway_behind_two_proxies_and_too_few_addresses() -> None:
    world = edge('proxy.istio.io/config: \'{"gatewayTopology": {"numTrustedProxies": 2}}\'', "{numTrustedProxies: 1}")
    assert asked(world, "198.51.100.1", "edge/gateway", 8080, "203.0.113.7, 198.51.100.2") == "allowed"
    assert asked(world, "198.51.100.1", "edge/gateway", 8080, "203.0.113.7") == "denied"
    assert asked(world, "203.0.113.7", "edge/gateway", 8080, "198.51.100.9") == "allowed"


@pytest.mark.parametrize("topology", ["{proxyProtocol: {}}", "{numTrustedProxies: x}", "[]"])
def test_what_cannot_be_told(topology: str) -> None:
    assert asked(edge(topology=topology), "203.0.113.7", "edge/gateway", 8080, "203.0.113.7") == "unknown"


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        ("", "denied"),
        ("203.0.113.7", "allowed"),
        ("203.0.113.7, 198.51.100.2", "denied"),
        ("x, 203.0.113.7", "allowed"),
    ],
)
def test_a_sidecar_takes_the_last_address(sent: str, verdict: str) -> None:
    assert asked(world_of(SHOP % "http"), "198.51.100.1", "shop/web", 80, sent) == verdict


@pytest.mark.parametrize(
    ("text", "name", "port"), [(GATEWAY % "", "edge/gateway", 8080), (SHOP % "tcp", "shop/web", 80)]
)
def test_lists_tell_addresses_apart_by_it(text: str, name: str, port: int) -> None:
    let_in = [
        source
        for row in world_of(text).connections().rows
        if name in row.destinations
        and row.verdict is Verdict.ALLOWED
        and any(first <= port <= last for first, last in row.ports)
        for source in row.sources
    ]
    assert let_in == ["203.0.113.0/24"]


@pytest.mark.parametrize("field", ["remoteIpBlocks", "ipBlocks"])
@pytest.mark.parametrize("offices", ["[203.0.113.0/24]", "[8.8.8.8, 9.9.9.9, 203.0.113.0/24]"])
def test_a_way_in_is_open_to_some(field: str, offices: str) -> None:
    text = (GATEWAY % "").replace("remoteIpBlocks: [203.0.113.0/24]", f"{field}: {offices}")
    ways = world_of(text).ways_in().ways
    assert [way.verdict for way in ways if "node port" in str(way.openings)] == [Verdict.MIXED]
