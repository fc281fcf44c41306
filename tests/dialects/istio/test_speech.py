"""What a server's proxy takes a port to speak."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.istio.meshes import Lab, an, namespace, running, service, workload

BASE = namespace("shop", **{"istio-injection": "enabled"}) + workload(
    "shop/api", containers=[{"name": "main", "ports": [{"name": "web", "containerPort": 8080}]}]
)


def port(number: int = 80, **more: Any) -> dict[str, Any]:
    return {"port": number, "targetPort": 8080, **more}


@pytest.mark.parametrize(
    ("given", "speech"),
    [
        (port(name="http"), "http"),
        (port(name="http-admin"), "http"),
        (port(name="HTTP".lower()), "http"),
        (port(name="http2"), "http"),
        (port(name="grpc"), "http"),
        (port(name="grpc-web"), "http"),
        (port(name="grpc-web-x"), "http"),
        (port(name="https"), "tcp"),
        (port(name="tls-x"), "tcp"),
        (port(name="tcp"), "tcp"),
        (port(name="mongo"), "tcp"),
        (port(name="redis"), "tcp"),
        (port(name="mysql"), "tcp"),
        (port(name="httpx"), "detected"),
        (port(name="web"), "detected"),
        (port(), "detected"),
        (port(3306), "tcp"),
        (port(27017, name="web"), "tcp"),
        (port(3306, name="http"), "http"),
        (port(name="tcp", appProtocol="http"), "http"),
        (port(name="http", appProtocol="tcp"), "tcp"),
        (port(name="tcp", appProtocol="kubernetes.io/h2c"), "http"),
        (port(name="tcp", appProtocol="kubernetes.io/ws"), "http"),
        (port(name="http", appProtocol="kubernetes.io/wss"), "tcp"),
        (port(name="http", appProtocol="example.com/mine"), "detected"),
        ({"port": 80, "targetPort": "web", "name": "http"}, "http"),
    ],
)
def test_names_and_protocols_of_a_services_port(given: dict[str, Any], speech: str) -> None:
    assert Lab(BASE, service("shop/api", given)).server("shop/api", 8080) == [f"permissive {speech}"]


def test_a_port_to_which_no_service_leads() -> None:
    udp = {"port": 80, "targetPort": 8080, "name": "http", "protocol": "UDP"}
    other = service("shop/other", port(name="http"))
    lab = Lab(BASE, service("shop/api", udp), other)
    assert lab.server("shop/api", 8080) == ["permissive detected"]


def test_of_several_services_the_oldest_counts() -> None:
    def of(name: str, word: str, created: str | None) -> str:
        metadata = {"metadata": {"creationTimestamp": created}} if created else {}
        return service(f"shop/{name}", port(name=word), app="api", **metadata)

    old, new = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    assert Lab(BASE, of("a", "http", new), of("b", "tcp", old)).server("shop/api", 8080) == ["permissive tcp"]
    lab = Lab(BASE, of("a", "http", None), of("b", "tcp", old))
    assert lab.server("shop/api", 8080) == ["permissive http", "permissive tcp"]
    assert all(option.fact for option in lab.mesh.server(lab.pod("shop/api"), 8080))
    same = Lab(BASE, of("a", "http", None), of("b", "grpc", None))
    assert same.server("shop/api", 8080) == ["permissive http"]


def test_a_sidecar_that_lists_ports_replaces_the_services() -> None:
    listed = an("Sidecar", "shop/s", {"ingress": [{"port": {"number": 8080, "protocol": "TCP"}}]})
    lab = Lab(BASE, service("shop/api", port(name="http"), {"port": 81, "targetPort": 8081, "name": "http-b"}), listed)
    assert lab.server("shop/api", 8080) == ["permissive tcp"]
    assert lab.server("shop/api", 8081) == ["permissive detected"]


def test_a_service_without_a_selector_leads_to_addresses() -> None:
    endpoints = """---
apiVersion: v1
kind: Endpoints
metadata: {name: listed, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.4}], ports: [{name: http, port: 9000}]}]
---
apiVersion: v1
kind: Service
metadata: {name: listed, namespace: shop}
spec: {ports: [{name: http, port: 80, targetPort: 9000}]}
"""
    lab = Lab(BASE, running("shop/one", containers=[{"name": "istio-proxy"}]), endpoints)
    assert lab.pod("shop/one").addresses
    assert lab.server("shop/one", 9000) == ["permissive http"]


def test_a_service_entry_for_pods_of_its_namespace() -> None:
    entry = an(
        "ServiceEntry",
        "shop/e",
        {
            "hosts": ["api.internal"],
            "location": "MESH_INTERNAL",
            "workloadSelector": {"labels": {"app": "api"}},
            "ports": [{"number": 80, "targetPort": 8080, "protocol": "GRPC", "name": "x"}],
        },
    )
    assert Lab(BASE, entry).server("shop/api", 8080) == ["permissive http"]


def test_gateways_speak_what_their_listeners_say() -> None:
    gateway = workload("shop/gw", {"istio": "ingress"}, {"inject.istio.io/templates": "gateway"})
    servers = [
        {"port": {"number": 80, "protocol": "HTTP", "name": "a"}, "hosts": ["*"]},
        {"port": {"number": 443, "protocol": "HTTPS", "name": "b"}, "hosts": ["*"], "tls": {"mode": "SIMPLE"}},
        {"port": {"number": 444, "protocol": "TLS", "name": "c"}, "hosts": ["*"], "tls": {"mode": "PASSTHROUGH"}},
    ]
    spec = {"selector": {"istio": "ingress"}, "servers": servers}
    made = an("Gateway", "shop/gw", spec).replace("gateway.networking.k8s.io/v1", "networking.istio.io/v1")
    leads = service("shop/gw", {"port": 443, "targetPort": 8443, "name": "https"})
    lab = Lab(BASE, gateway, made, leads)
    assert [lab.server("shop/gw", number) for number in (80, 443, 8443, 444, 445)] == [
        ["plain http"],
        ["plain http"],
        ["plain http"],
        ["plain tcp"],
        ["plain detected"],
    ]
