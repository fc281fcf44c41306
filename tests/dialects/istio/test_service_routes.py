"""What clients in the mesh get where routes of the Gateway API have a Service as their parent."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload
from tests.dialects.istio.test_client_routes import API as TO_API
from tests.dialects.istio.test_client_routes import NEXT as TO_NEXT
from tests.dialects.istio.test_client_routes import PORT, virtual_service

HTTP = {"name": "http", "port": 80, "targetPort": 8080}
MORE = {"name": "http-more", "port": 81, "targetPort": 8081}
BYTES = {"name": "tcp", "port": 90, "targetPort": 9090}
BASE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("far", **{"istio-injection": "enabled"}),
    namespace("third", **{"istio-injection": "enabled"}),
    workload("shop/web"),
    workload("shop/api"),
    service("shop/api", HTTP, MORE, BYTES),
    workload("shop/next"),
    service("shop/next", PORT),
    workload("far/web"),
    workload("far/own"),
    service("far/own", PORT),
)
API: dict[str, Any] = {"backendRefs": [{"name": "api", "port": 80}]}
NEXT: dict[str, Any] = {"backendRefs": [{"name": "next", "port": 80}]}
PARENT = {"group": "", "kind": "Service", "name": "api", "namespace": "shop"}
OLD, NEW = "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"


def route(
    *rules: dict[str, Any], name: str = "shop/r", kind: str = "HTTPRoute", created: str = "", **parent: Any
) -> str:
    spec = {"parentRefs": [{**PARENT, **parent}], "rules": list(rules)}
    if kind == "TLSRoute":
        spec["hostnames"] = ["api.shop.svc.cluster.local"]
    made = an(kind, name, spec, **({"creationTimestamp": created} if created else {}))
    return made.replace("networking.istio.io/v1", "gateway.networking.k8s.io/v1")


def path(value: str, sort: str = "PathPrefix", **more: Any) -> dict[str, Any]:
    return {"matches": [{"path": {"type": sort, "value": value}, **more}]}


def world(*parts: str) -> World:
    text = "".join((*BASE, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def ask(asked: World, line: str = "", source: str = "shop/web", port: int = 80, **more: Any) -> Answer:
    method, _, target = line.partition(" ")
    request = ringfence.request(method, target, None, more or None) if line else None
    return asked.can(source, "shop/service/api", port, request=request)


GET = {"name": "x-user", "value": "me"}


@pytest.mark.parametrize(
    ("rules", "line", "verdict"),
    [
        ([API], "", Verdict.ALLOWED),
        ([NEXT], "", Verdict.DENIED),
        ([{**path("/v2"), **NEXT}, API], "GET /v2/a", Verdict.DENIED),
        ([{**path("/v2"), **NEXT}, API], "GET /v2", Verdict.DENIED),
        ([{**path("/v2"), **NEXT}, API], "GET /v20", Verdict.ALLOWED),
        ([{**path("/v2"), **NEXT}, API], "", Verdict.MIXED),
        ([{**path("/v1"), **API}], "GET /v2", Verdict.DENIED),
        # The most specific rule counts, not the first.
        ([API, {**path("/v2"), **NEXT}], "GET /v2", Verdict.DENIED),
        ([{**path("/v2"), **NEXT}, {**path("/v2/a"), **API}], "GET /v2/a", Verdict.ALLOWED),
        ([{**path("/v2/abc"), **NEXT}, {**path("/v2/abc", "Exact"), **API}], "GET /v2/abc", Verdict.ALLOWED),
        ([{**path("/v[0-9]+/.*", "RegularExpression"), **NEXT}, {**path("/v2"), **API}], "GET /v2/a", Verdict.ALLOWED),
        ([{**path("/v[0-9]+/.*", "RegularExpression"), **NEXT}, API], "GET /v2/a", Verdict.ALLOWED),
        ([{**path("/v2", method="POST"), **NEXT}, {**path("/v2"), **API}], "POST /v2", Verdict.DENIED),
        ([{**path("/v2", method="POST"), **NEXT}, {**path("/v2"), **API}], "GET /v2", Verdict.ALLOWED),
        ([{"matches": [{"headers": [GET]}], **NEXT}, API], "GET /", Verdict.ALLOWED),
        ([{"matches": [{"queryParams": [{"name": "v", "value": "2"}]}], **NEXT}, API], "", Verdict.MIXED),
        # Weights, and what has nowhere to go.
        ([{"backendRefs": [{**API["backendRefs"][0], "weight": 9}, NEXT["backendRefs"][0]]}], "", Verdict.ALLOWED),
        ([{"backendRefs": [{**API["backendRefs"][0], "weight": 0}, NEXT["backendRefs"][0]]}], "", Verdict.DENIED),
        ([{"backendRefs": [{**API["backendRefs"][0], "weight": 0}]}], "", Verdict.DENIED),
        ([{"backendRefs": [{"name": "nobody", "port": 80}]}], "", Verdict.DENIED),
        ([{"backendRefs": [{"name": "own", "namespace": "far", "port": 80}]}], "", Verdict.DENIED),
        ([{"backendRefs": [{"name": "api", "port": 81}]}], "", Verdict.DENIED),
        ([{"backendRefs": [{"name": "api", "port": 82}]}], "", Verdict.DENIED),
        ([{"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]}], "", Verdict.DENIED),
        ([{"filters": [{"type": "RequestRedirect", "requestRedirect": {}}], **API}], "", Verdict.DENIED),
        ([{}], "", Verdict.DENIED),
        ([], "", Verdict.ALLOWED),
        # What is not modelled.
        ([{"filters": [{"type": "ExtensionRef"}], **API}], "", Verdict.UNKNOWN),
        ([{"backendRefs": [{"name": "api", "kind": "ServiceImport", "group": "x", "port": 80}]}], "", Verdict.UNKNOWN),
        ([{"matches": "all", **API}], "", Verdict.UNKNOWN),
    ],
)
def test_what_a_client_s_proxy_sends(rules: list[dict[str, Any]], line: str, verdict: Verdict) -> None:
    answer = ask(world(route(*rules)), line)
    assert answer.verdict is verdict
    if verdict is Verdict.DENIED:
        assert answer.layered is not None
        assert not answer.layered.holds, "who controls the pod dials past it"
        assert (answer.reason.code, "HTTPRoute shop/r" in str(answer.reason)) == ("routed-elsewhere", True)


def test_headers_of_the_request() -> None:
    asked = world(route({"matches": [{"headers": [GET]}], **NEXT}, API))
    assert ask(asked, "GET /", **{"x-user": "me"}).verdict is Verdict.DENIED
    assert ask(asked, "GET /", **{"x-user": "you"}).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("GET /?v=2", Verdict.DENIED),
        ("GET /?a=1&v=2#x", Verdict.DENIED),
        ("GET /?v=20", Verdict.ALLOWED),
        ("GET /?V=2", Verdict.ALLOWED),
        ("GET /", Verdict.ALLOWED),
        # Proxies differ in whether they decode it, and in which of several they take.
        ("GET /?v=%32", Verdict.UNKNOWN),
        ("GET /?%76=2", Verdict.UNKNOWN),
        ("GET /?v=1&v=2", Verdict.UNKNOWN),
    ],
)
def test_parameters_of_the_query(line: str, verdict: Verdict) -> None:
    asked = world(route({"matches": [{"queryParams": [{"name": "v", "value": "2"}]}], **NEXT}, API))
    assert ask(asked, line).verdict is verdict


def test_a_port_of_the_parent() -> None:
    asked = world(route(NEXT, port=81))
    assert ask(asked, port=80).verdict is Verdict.ALLOWED
    assert ask(asked, port=81).verdict is Verdict.DENIED


def test_a_parent_without_the_group_of_services_is_none() -> None:
    assert ask(world(route(NEXT, group="gateway.networking.k8s.io").replace("group: gateway.n", "x: n"))).verdict
    made = yaml.safe_load(route(NEXT).replace("---\n", ""))
    del made["spec"]["parentRefs"][0]["group"]
    assert ask(world(f"---\n{yaml.safe_dump(made)}")).verdict is Verdict.ALLOWED
    assert ask(world(route(NEXT, group="core"))).verdict is Verdict.UNKNOWN


def test_producers_and_consumers() -> None:
    """A route in the Service's namespace is for all clients, one in another for those of that namespace."""
    consumer = world(route({"backendRefs": [{"name": "own", "port": 80}]}, name="far/r"))
    assert ask(consumer, source="far/web").verdict is Verdict.DENIED
    assert ask(consumer).verdict is Verdict.ALLOWED
    producer = world(route(NEXT))
    assert ask(producer, source="far/web").verdict is Verdict.DENIED
    both = world(route(NEXT, created=OLD), route({"backendRefs": [{**PARENT, "port": 80}]}, name="far/r"))
    assert ask(both, source="far/web").verdict is Verdict.ALLOWED, "that of the client's namespace comes first"
    assert ask(both).verdict is Verdict.DENIED


def test_routes_of_one_namespace_are_one() -> None:
    apart = world(route({**path("/a"), **NEXT}, name="shop/a"), route({**path("/b"), **API}, name="shop/b"))
    assert ask(apart, "GET /a").verdict is Verdict.DENIED
    assert ask(apart, "GET /b").verdict is Verdict.ALLOWED
    assert ask(apart, "GET /c").verdict is Verdict.DENIED
    narrow = world(route({**path("/a"), **NEXT}, name="shop/a"), route({**path("/a/b"), **API}, name="shop/b"))
    assert ask(narrow, "GET /a/b").verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [(OLD, NEW, Verdict.DENIED), (NEW, OLD, Verdict.ALLOWED), ("", "", Verdict.UNKNOWN)],
)
def test_of_two_rules_of_one_rank_the_older_counts(first: str, second: str, verdict: Verdict) -> None:
    one, other = route(NEXT, name="shop/a", created=first), route(API, name="shop/b", created=second)
    assert ask(world(one, other), "GET /").verdict is verdict


def test_two_routes_that_do_the_same_need_no_ages() -> None:
    one = route({**path("/a"), **API}, API, name="shop/a")
    assert ask(world(one, route(API, name="shop/b"))).verdict is Verdict.ALLOWED


def test_a_virtual_service_for_the_same_host() -> None:
    """Routes of the client's own namespace come first; else the older counts."""
    to_next, to_api = virtual_service({"route": TO_NEXT}, created=OLD), virtual_service({"route": TO_API}, created=NEW)
    assert ask(world(route(API, created=NEW), to_next)).verdict is Verdict.ALLOWED
    assert ask(world(route(NEXT), to_api)).verdict is Verdict.DENIED
    assert ask(world(route(API, created=NEW), to_next), source="far/web").verdict is Verdict.DENIED
    assert ask(world(route(API, created=OLD), to_next), source="far/web").verdict is Verdict.ALLOWED, "by name"
    undated = virtual_service({"route": TO_NEXT})
    assert ask(world(route(API), undated), source="far/web").verdict is Verdict.UNKNOWN
    private = virtual_service({"route": TO_NEXT}, exportTo=["."], created=NEW)
    assert ask(world(route(API, created=OLD), private)).verdict is Verdict.DENIED
    limited = an("Sidecar", "third/s", {"egress": [{"hosts": ["./*"]}]})
    assert ask(world(route(API, created=NEW), to_next, limited)).verdict is Verdict.UNKNOWN


def test_routes_that_are_for_none_of_the_requests_are_passed_over() -> None:
    other = virtual_service({"match": [{"port": 81}], "route": TO_NEXT}, created=OLD)
    assert ask(world(other)).verdict is Verdict.ALLOWED
    assert ask(world(other, virtual_service({"route": TO_NEXT}, name="shop/w", created=NEW))).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("match", "line", "verdict"),
    [
        ({"method": {"service": "a.B", "method": "C"}}, "POST /a.B/C", Verdict.DENIED),
        ({"method": {"service": "a.B", "method": "C"}}, "POST /a.B/D", Verdict.ALLOWED),
        ({"method": {"service": "a.B"}}, "POST /a.B/D", Verdict.DENIED),
        ({"method": {"method": "D"}}, "POST /a.B/D", Verdict.DENIED),
        ({"method": {"type": "RegularExpression", "service": "a.*"}}, "POST /a.B/D", Verdict.DENIED),
        ({"headers": [GET]}, "POST /a.B/D", Verdict.ALLOWED),
    ],
)
def test_grpc(match: dict[str, Any], line: str, verdict: Verdict) -> None:
    asked = world(route({"matches": [match], **NEXT}, API, kind="GRPCRoute"))
    assert ask(asked, line).verdict is verdict


def istiod(**flags: str) -> str:
    variables = [{"name": key, "value": value} for key, value in flags.items()]
    container = {"name": "discovery", "image": "istio/pilot:1.29.2", "env": variables}
    template = {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": [container]}}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "istiod", "namespace": "istio-system"},
        "spec": {"selector": {"matchLabels": {"app": "istiod"}}, "template": template},
    }
    return f"---\n{yaml.safe_dump(made)}"


@pytest.mark.parametrize("kind", ["TCPRoute", "TLSRoute"])
def test_routes_of_connections_where_istiod_reads_them(kind: str) -> None:
    away = route({"backendRefs": [{"name": "next", "port": 80}]}, kind=kind)
    kept = route({"backendRefs": [{"name": "api", "port": 90}]}, kind=kind)
    assert ask(world(kept), port=90).verdict is Verdict.ALLOWED
    assert ask(world(away), port=90).verdict is Verdict.UNKNOWN
    assert ask(world(away), port=80).verdict is Verdict.ALLOWED, "requests are not routed by it"
    read = world(away, istiod(PILOT_ENABLE_ALPHA_GATEWAY_API="true"))
    assert ask(read, port=90).verdict is (Verdict.DENIED if kind == "TCPRoute" else Verdict.MIXED)


def test_lists_are_as_single_questions() -> None:
    asked = world(route({**path("/v2"), **NEXT}, API))
    rows = asked.connections(source="shop/web", destination="shop/api").rows
    verdicts = {row.verdict for row in rows if any(first <= 8080 <= last for first, last in row.ports)}
    assert verdicts == {asked.can("shop/web", "shop/api", 8080).verdict} == {Verdict.MIXED}
    gone = world(route(NEXT)).connections(source="shop/web", destination="shop/api").rows
    assert not any(first <= 8080 <= last for row in gone for first, last in row.ports)


def outside(*rules: dict[str, Any], home: str = "shop/r", **parent: Any) -> str:
    made = route(*rules, name=home, group="networking.istio.io", **parent)
    return made.replace("kind: Service\n", "kind: ServiceEntry\n").replace(
        "    name: api\n    namesp", "    name: e\n    namesp"
    )


ENTRY = an(
    "ServiceEntry",
    "shop/e",
    {"hosts": ["ext.example.com"], "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}], "resolution": "DNS"},
)
ITSELF = {"backendRefs": [{"group": "networking.istio.io", "kind": "Hostname", "name": "ext.example.com", "port": 80}]}


@pytest.mark.parametrize(
    ("made", "host", "verdict"),
    [
        (outside(ITSELF), "ext.example.com", Verdict.ALLOWED),
        (outside(NEXT), "ext.example.com", Verdict.UNKNOWN),
        (outside({"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]}), "ext.example.com", Verdict.DENIED),
        (outside({"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]}), "b.example", Verdict.ALLOWED),
        (outside({**path("/a"), "backendRefs": []}, ITSELF), "ext.example.com", Verdict.ALLOWED),
        (outside(NEXT, port=81), "ext.example.com", Verdict.ALLOWED),
        (outside(NEXT, home="third/r"), "ext.example.com", Verdict.ALLOWED),
        (outside({"filters": [{"type": "ExtensionRef"}], **NEXT}), "ext.example.com", Verdict.UNKNOWN),
    ],
)
def test_a_service_entry_as_parent(made: str, host: str, verdict: Verdict) -> None:
    request = ringfence.request("GET", "/", host)
    assert world(ENTRY, made).can("shop/web", "203.0.113.7", 80, request=request).verdict is verdict


SAME = service("shop/two", HTTP, {"name": "http-too", "port": 81, "targetPort": 8080}, app="api")


def test_two_ports_that_lead_to_one_have_routes_of_their_own() -> None:
    """The port that is dialled says which of them counts; lists dial the first."""
    asked = world(
        SAME, route(NEXT, name="shop/of-two", port=81).replace("name: api\n    namespace", "name: two\n    namespace")
    )
    found = {port: asked.can("shop/web", "shop/service/two", port).verdict for port in (80, 81)}
    assert found == {80: Verdict.ALLOWED, 81: Verdict.DENIED}
    by_host = ringfence.request("GET", "/", "two.shop:81")
    assert asked.can("shop/web", "shop/service/two", 81, request=by_host).verdict is Verdict.DENIED
    assert asked.can("shop/web", "shop/api", 8080).verdict is Verdict.ALLOWED
