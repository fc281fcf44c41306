"""What clients in the mesh get where a VirtualService routes what they ask for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload

PORT = {"name": "http", "port": 80, "targetPort": 8080}
BASE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("bare"),
    workload("shop/web"),
    workload("shop/job", {"team": "a"}),
    workload("shop/api", {"version": "v1"}),
    service("shop/api", PORT),
    workload("shop/next"),
    service("shop/next", PORT),
    workload("shop/egress", {"istio": "egressgateway"}, {"inject.istio.io/templates": "gateway"}),
    service("shop/egress", {"name": "tls", "port": 443, "targetPort": 8443}),
    workload("bare/web"),
)
API = [{"destination": {"host": "api"}}]
NEXT = [{"destination": {"host": "next.shop.svc.cluster.local"}}]


def virtual_service(*routes: dict[str, Any], name: str = "shop/v", **spec: Any) -> str:
    created = spec.pop("created", None)
    given = {"hosts": ["api"], "http": list(routes), **spec}
    return an("VirtualService", name, given, **({"creationTimestamp": created} if created else {}))


def world(*parts: str) -> World:
    text = "".join((*BASE, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def ask(asked: World, line: str = "", source: str = "shop/web", host: str | None = None, **more: Any) -> Answer:
    method, _, path = line.partition(" ")
    request = ringfence.request(method, path, host) if line else None
    return asked.can(source, "shop/api", 8080, request=request, **more)


@pytest.mark.parametrize(
    ("routes", "line", "verdict"),
    [
        ([{"route": API}], "", Verdict.ALLOWED),
        ([{"route": NEXT}], "", Verdict.DENIED),
        ([{"match": [{"uri": {"prefix": "/v2"}}], "route": NEXT}, {"route": API}], "GET /v2/a", Verdict.DENIED),
        ([{"match": [{"uri": {"prefix": "/v2"}}], "route": NEXT}, {"route": API}], "GET /v1", Verdict.ALLOWED),
        ([{"match": [{"uri": {"prefix": "/v2"}}], "route": NEXT}, {"route": API}], "", Verdict.MIXED),
        ([{"match": [{"uri": {"prefix": "/v1"}}], "route": API}], "GET /v2", Verdict.DENIED),
        ([{"match": [{"sourceLabels": {"app": "job"}}], "route": NEXT}, {"route": API}], "", Verdict.ALLOWED),
        ([{"match": [{"port": 81}], "route": NEXT}, {"route": API}], "", Verdict.ALLOWED),
        ([{"match": [{"gateways": ["edge"]}], "route": NEXT}, {"route": API}], "", Verdict.ALLOWED),
        ([{"route": [{**API[0], "weight": 90}, {**NEXT[0], "weight": 10}]}], "", Verdict.ALLOWED),
        ([{"route": [{**API[0], "weight": 0}, {**NEXT[0], "weight": 100}]}], "", Verdict.DENIED),
        ([{"redirect": {"uri": "/"}}], "", Verdict.DENIED),
        ([{"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}, "route": API}], "", Verdict.DENIED),
        ([{"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 50}}}, "route": API}], "", Verdict.ALLOWED),
        ([{"rewrite": {"uri": "/b"}, "route": API}], "", Verdict.UNKNOWN),
        ([{"route": [{"destination": {"host": "api", "port": {"number": 81}}}]}], "", Verdict.DENIED),
    ],
)
def test_what_a_client_s_proxy_sends(routes: list[dict[str, Any]], line: str, verdict: Verdict) -> None:
    answer = ask(world(virtual_service(*routes)), line)
    assert answer.verdict is verdict
    if verdict is Verdict.DENIED:
        assert answer.layered is not None
        assert not answer.layered.holds, "who controls the pod dials past it"
        assert "VirtualService shop/v" in str(answer.reason)


def test_it_binds_only_clients_with_a_sidecar_and_those_it_is_for() -> None:
    elsewhere = virtual_service({"route": NEXT})
    assert ask(world(elsewhere), source="bare/web").verdict is Verdict.ALLOWED
    hidden = virtual_service({"route": NEXT}, exportTo=["bare"])
    assert ask(world(hidden)).verdict is Verdict.ALLOWED
    bound = virtual_service({"route": NEXT}, gateways=["edge"])
    assert ask(world(bound)).verdict is Verdict.ALLOWED
    labels = virtual_service({"match": [{"sourceLabels": {"team": "a"}}], "route": NEXT}, {"route": API})
    assert ask(world(labels), source="shop/job").verdict is Verdict.DENIED


def test_it_does_not_bind_gateways() -> None:
    asked = world(virtual_service({"route": NEXT}))
    assert ask(asked, source="shop/egress").verdict is Verdict.ALLOWED


def test_of_several_the_oldest_counts() -> None:
    def two(first: str | None, second: str | None) -> Verdict:
        one = virtual_service({"route": NEXT}, created=first)
        other = virtual_service({"route": API}, name="shop/w", created=second)
        return ask(world(one, other)).verdict

    assert two("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z") is Verdict.DENIED
    assert two("2025-01-01T00:00:00Z", "2024-01-01T00:00:00Z") is Verdict.ALLOWED
    assert two(None, None) is Verdict.UNKNOWN


def test_the_narrowest_host_counts() -> None:
    wide = virtual_service({"route": NEXT}, name="shop/w", hosts=["*.shop.svc.cluster.local"])
    assert ask(world(wide)).verdict is Verdict.DENIED
    assert ask(world(wide, virtual_service({"route": API}))).verdict is Verdict.ALLOWED


def test_subsets_are_other_pods() -> None:
    rule = an("DestinationRule", "shop/r", {"host": "api", "subsets": [{"name": "v2", "labels": {"version": "v2"}}]})
    to_v2 = virtual_service({"route": [{"destination": {"host": "api", "subset": "v2"}}]})
    assert ask(world(rule, to_v2)).verdict is Verdict.DENIED
    ours = rule.replace("version: v2", "version: v1")
    assert ask(world(ours, to_v2)).verdict is Verdict.ALLOWED


def test_delegates() -> None:
    root = virtual_service({"match": [{"uri": {"prefix": "/v2"}}], "delegate": {"name": "leaf"}}, {"route": API})
    leaf = virtual_service({"route": NEXT}, name="shop/leaf", hosts=[])
    asked = world(root, leaf)
    assert ask(asked, "GET /v2").verdict is Verdict.DENIED
    assert ask(asked, "GET /v1").verdict is Verdict.ALLOWED


def test_lists_see_it_as_clients_are_configured_and_attackers_do_not() -> None:
    asked = world(virtual_service({"route": NEXT}))
    rows = asked.connections(source="shop/web", destination="shop/api").rows
    assert not any(first <= 8080 <= last for row in rows for first, last in row.ports)
    (way, *_) = asked.paths("shop/web", "shop/api").ways
    assert any(first <= 8080 <= last for first, last in way.hops[0].ports)


OUTSIDE = an(
    "ServiceEntry",
    "shop/e",
    {
        "hosts": ["ext.example.com"],
        "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
        "resolution": "DNS",
    },
)
TO_EGRESS = {"match": [{"gateways": ["mesh"], "port": 443, "sniHosts": ["ext.example.com"]}]}
THROUGH = an(
    "VirtualService",
    "shop/v",
    {
        "hosts": ["ext.example.com"],
        "gateways": ["mesh", "egress"],
        "tls": [{**TO_EGRESS, "route": [{"destination": {"host": "egress", "port": {"number": 443}}}]}],
    },
)


@pytest.mark.parametrize(
    ("source", "host", "verdict"),
    [
        ("shop/web", "ext.example.com", Verdict.DENIED),
        ("shop/web", "other.example.com", Verdict.ALLOWED),
        ("shop/web", None, Verdict.MIXED),
        ("bare/web", "ext.example.com", Verdict.ALLOWED),
        ("shop/egress", "ext.example.com", Verdict.ALLOWED),
    ],
)
def test_an_egress_gateway_takes_what_is_meant_for_a_host_outside(
    source: str, host: str | None, verdict: Verdict
) -> None:
    asked = world(OUTSIDE, THROUGH)
    request = None if host is None else ringfence.request(None, None, host)
    answer = asked.can(source, "203.0.113.7", 443, request=request)
    assert answer.verdict is verdict
    assert asked.can("shop/web", "203.0.113.7", 80).verdict is Verdict.ALLOWED


def test_an_egress_gateway_that_takes_the_mesh_s_identity() -> None:
    """The DestinationRule says what the client sends, the Gateway what it takes."""
    server = {
        "port": {"number": 443, "name": "tls", "protocol": "HTTPS"},
        "hosts": ["ext.example.com"],
        "tls": {"mode": "ISTIO_MUTUAL"},
    }
    made = an("ServiceEntry", "shop/egress", {"selector": {"istio": "egressgateway"}, "servers": [server]})
    made = made.replace("kind: ServiceEntry", "kind: Gateway")
    rule = an("DestinationRule", "shop/r", {"host": "egress", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}})
    asked = world(OUTSIDE, THROUGH, made, rule)
    first = asked.can("shop/web", "shop/egress", 8443)
    assert first.verdict is Verdict.ALLOWED
    assert first.layered is not None
    assert (first.layered.encryption, first.layered.identity) == ("mtls", "spiffe://cluster.local/ns/shop/sa/web")
    assert asked.can("bare/web", "shop/egress", 8443).verdict is Verdict.DENIED
    away = asked.can("shop/web", "203.0.113.7", 443, request=ringfence.request(None, None, "ext.example.com"))
    assert away.verdict is Verdict.DENIED
    assert "sends it to Service shop/egress" in str(away.layered)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"http": "all"}, "spec.http must be a list"),
        ({"http": [{"route": "api"}]}, "spec.http[0].route must be a list"),
        ({"http": [{"match": "/", "route": API}]}, "spec.http[0].match must be a list"),
        ({"http": [{"route": [{"destination": "api"}]}]}, "spec.http[0].route[0].destination must be a mapping"),
        (
            {"tls": [{"route": [{"destination": {"host": 5}}]}]},
            "spec.tls[0].route[0].destination.host must be a string",
        ),
        ({"tcp": ["api"]}, "spec.tcp[0] must be a mapping"),
    ],
)
def test_routes_of_another_type_are_rejected_and_open(spec: dict[str, Any], said: str) -> None:
    asked = world(an("VirtualService", "shop/v", {"hosts": ["api"], **spec}))
    assert [problem.message for problem in asked.problems if said in problem.message]
    assert (
        asked.can("shop/web", "shop/api", 8080, "TCP", request=ringfence.request("GET", "/")).verdict is Verdict.UNKNOWN
    )
