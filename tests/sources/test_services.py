from __future__ import annotations

import pytest

from ringfence.model.cluster import Backend, Service, ServicePort
from ringfence.sets.addresses import address
from tests.sources.manifests import blamed, cluster_of

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {%s}
"""
SLICE = """---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{name: sql, port: 5432, protocol: TCP}]
endpoints:
- {addresses: [10.0.0.1]}
- {addresses: [10.0.0.2], conditions: {ready: true}}
- {addresses: [10.0.0.3], conditions: {ready: false}}
- {addresses: [10.0.0.4], conditions: {ready: false, serving: true, terminating: true}}
"""
ENDPOINTS = """---
apiVersion: v1
kind: Endpoints
metadata: {name: db, namespace: shop%s}
subsets:
- addresses: [{ip: 10.9.0.1}]
  notReadyAddresses: [{ip: 10.9.0.2}]
  ports: [{name: sql, port: 5433}]
"""


def service_of(fields: str) -> Service:
    [service] = cluster_of(SERVICE % fields).services
    return service


def test_defaults_are_filled_in() -> None:
    service = service_of("selector: {app: db}, ports: [{port: 80}, {name: dns, port: 53, protocol: UDP}]")
    assert service.kind == "ClusterIP"
    assert service.selector == {"app": "db"}
    assert service.ports == (ServicePort("", "TCP", 80, 80), ServicePort("dns", "UDP", 53, 53))
    assert not service.headless


@pytest.mark.parametrize(
    ("target", "expected"), [("http", "http"), ("8080", 8080), ("0", 80), ('""', 80), ("null", 80)]
)
def test_target_ports(target: str, expected: int | str) -> None:
    assert service_of(f"ports: [{{port: 80, targetPort: {target}}}]").ports[0].target == expected


def test_a_service_has_all_its_addresses() -> None:
    cluster = cluster_of("""
apiVersion: v1
kind: Service
metadata: {name: lb}
spec:
  type: LoadBalancer
  selector: {app: lb}
  clusterIP: 10.96.0.5
  clusterIPs: [10.96.0.5, "fd00:96::5"]
  externalIPs: [203.0.113.1]
  ipFamilies: [IPv4, IPv6]
  ports: [{name: http, port: 80, nodePort: 30080}]
status: {loadBalancer: {ingress: [{ip: 198.51.100.1}, {hostname: lb.example.com}]}}
""")
    [service] = cluster.services
    assert service.addresses == tuple(
        address(text) for text in ("10.96.0.5", "fd00:96::5", "203.0.113.1", "198.51.100.1")
    )
    assert (service.kind, service.ports[0].node_port) == ("LoadBalancer", 30080)
    assert cluster.families == {4, 6}


def test_headless_and_external_name() -> None:
    assert service_of("clusterIP: None, selector: {app: db}").headless
    service = service_of("type: ExternalName, externalName: db.example.com")
    assert (service.kind, service.external_name, service.addresses) == ("ExternalName", "db.example.com", ())


def test_a_service_without_selector_has_the_endpoints_that_serve() -> None:
    cluster = cluster_of(SERVICE % "ports: [{name: sql, port: 5432}]" + SLICE)
    [service] = cluster.services
    assert service.selector is None
    assert service.backends == tuple(
        Backend(address(f"10.0.0.{number}"), {"sql": ("TCP", 5432)}) for number in (1, 2, 4)
    )
    [problem] = cluster.problems
    assert (problem.code, problem.partial) == ("endpoints-not-serving", False)


def test_an_empty_selector_is_none() -> None:
    [service] = cluster_of(SERVICE % "selector: {}" + SLICE).services
    assert service.selector is None
    assert len(service.backends) == 3


def test_a_selector_decides_alone() -> None:
    [service] = cluster_of(SERVICE % "selector: {app: db}" + SLICE).services
    assert service.backends == ()


def test_endpoints_count_where_no_slice_does() -> None:
    [service] = cluster_of(SERVICE % "ports: [{name: sql, port: 5432}]" + ENDPOINTS % "").services
    assert service.backends == (Backend(address("10.9.0.1"), {"sql": ("TCP", 5433)}),)
    [service] = cluster_of(SERVICE % "ports: [{name: sql, port: 5432}]" + SLICE + ENDPOINTS % "").services
    assert len(service.backends) == 3


def test_endpoints_that_are_not_mirrored_do_not_count() -> None:
    label = ", labels: {endpointslice.kubernetes.io/skip-mirror: 'true'}"
    [service] = cluster_of(SERVICE % "" + ENDPOINTS % label).services
    assert service.backends == ()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ("selector: {app: 1}", "spec.selector.app"),
        ("selector: [app]", "spec.selector"),
        ("type: Internal", "spec.type"),
        ("ports: [{port: '80'}]", "spec.ports[0].port"),
        ("ports: [{}]", "spec.ports[0].port"),
        ("ports: [{port: 0}]", "spec.ports[0].port"),
        ("ports: [{port: 80, protocol: HTTP}]", "spec.ports[0].protocol"),
        ("ports: [{port: 80, targetPort: '8080'}]", "spec.ports[0].targetPort"),
        ("ports: [{port: 80, targetPort: 70000}]", "spec.ports[0].targetPort"),
    ],
)
def test_a_service_that_cannot_be_understood_is_left_out(fields: str, place: str) -> None:
    cluster = cluster_of(SERVICE % fields)
    assert not cluster.services
    assert cluster.partial
    assert place in {problem.place.file for problem in cluster.problems}


def test_an_address_that_is_none_is_reported() -> None:
    cluster = cluster_of(SERVICE % "clusterIP: 10.96.0.500, selector: {app: db}")
    assert blamed(cluster) == {"invalid-value": {"spec.clusterIP"}}
    assert cluster.services[0].addresses == ()
