"""Istio's gateways as ways into the cluster: who gets in where, with which requests, as whom."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ways_in.values import WayIn, WaysIn
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload

GATEWAY_POD = {"istio": "ingressgateway", "sidecar.istio.io/inject": "true"}
PORTS = (
    {"name": "http2", "port": 80, "targetPort": 8080},
    {"name": "https", "port": 443, "targetPort": 8443},
    {"name": "tcp", "port": 9000, "targetPort": 9000},
)
BASE = (
    namespace("istio-system"),
    namespace("shop", **{"istio-injection": "enabled"}),
    workload("istio-system/gw", GATEWAY_POD, {"inject.istio.io/templates": "gateway"}),
    service("istio-system/gw", *PORTS, app="gw", type="LoadBalancer"),
    workload("shop/api"),
    service("shop/api", {"name": "http", "port": 80, "targetPort": 8080}),
    workload("shop/admin"),
    service("shop/admin", {"name": "http", "port": 80, "targetPort": 8080}),
    an("PeerAuthentication", "istio-system/default", {"mtls": {"mode": "STRICT"}}),
)
HTTP = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
HTTPS = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": ["*"], "tls": {"mode": "SIMPLE"}}
TO_API = [{"destination": {"host": "api"}}]
TO_ADMIN = [{"destination": {"host": "admin"}}]
AS_GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/gw"


def gateway(*servers: dict[str, Any], name: str = "istio-system/edge", **spec: Any) -> str:
    made = yaml.safe_load(an("ServiceEntry", name, {"selector": {"istio": "ingressgateway"}, **spec}).lstrip("-\n"))
    made["kind"], made["spec"]["servers"] = "Gateway", list(servers or (HTTP,))
    return f"---\n{yaml.safe_dump(made)}"


def virtual_service(*routes: dict[str, Any], name: str = "shop/api", **spec: Any) -> str:
    given = {"hosts": ["api.example.com"], "gateways": ["istio-system/edge"], "http": list(routes), **spec}
    created = given.pop("created", None)
    return an("VirtualService", name, given, **({"creationTimestamp": created} if created else {}))


def policy(name: str, *rules: dict[str, Any], **spec: Any) -> str:
    made = yaml.safe_load(an("PeerAuthentication", name, {"rules": list(rules), **spec}).lstrip("-\n"))
    made["kind"] = "AuthorizationPolicy"
    return f"---\n{yaml.safe_dump(made)}"


def world(*parts: str) -> World:
    text = "".join((*BASE, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def routed(*parts: str) -> dict[str, list[WayIn]]:
    """The ways of routes, by where they lead."""
    found: dict[str, list[WayIn]] = {}
    for way in world(*parts).ways_in().ways:
        if way.openings[0].how == "route":
            found.setdefault(way.destination, []).append(way)
    return found


def only(*parts: str) -> WayIn:
    (ways,) = routed(*parts).values()
    assert len(ways) == 1, ways
    return ways[0]


def dead(*parts: str) -> list[str]:
    ways: WaysIn = world(*parts).ways_in()
    return [one.code for one in ways.dead_ends]


def test_a_virtual_service_is_a_way_in_hop_by_hop() -> None:
    way = only(gateway(HTTPS), virtual_service({"match": [{"uri": {"prefix": "/v1"}}], "route": TO_API}))
    assert (way.verdict, way.destination, way.port) == (Verdict.ALLOWED, "shop/api", "TCP 8080")
    assert [opening.name for opening in way.openings] == ["api", "gw", "gw"]
    assert [(hop.port, hop.identity, hop.encryption) for hop in way.hops] == [
        ("TCP 8443", None, "tls"),
        ("TCP 8080", AS_GATEWAY, "mtls"),
    ]
    assert (way.hosts, way.requests, way.notes) == (("api.example.com",), ("path /v1*",), ("the gateway ends TLS",))


def test_the_first_route_that_matches_counts() -> None:
    ways = routed(
        gateway(),
        virtual_service(
            {"match": [{"uri": {"prefix": "/admin"}}], "route": TO_ADMIN},
            {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}},
            {"route": TO_API},
        ),
    )
    assert [way.requests for way in ways["shop/admin"]] == [("path /admin*",)]
    assert [way.requests for way in ways["shop/api"]] == [("path any except /old, /admin*",)]


def test_a_route_behind_one_that_takes_everything_takes_nothing() -> None:
    ways = routed(gateway(), virtual_service({"route": TO_API}, {"route": TO_ADMIN}))
    assert [way.verdict for way in ways["shop/api"]] == [Verdict.ALLOWED]
    assert [(way.verdict, way.reason.code) for way in ways["shop/admin"]] == [(Verdict.DENIED, "no-request")]


@pytest.mark.parametrize(
    ("match", "lines"),
    [
        ({"method": {"exact": "GET"}}, ("method GET",)),
        ({"uri": {"exact": "/A"}, "ignoreUriCase": True}, ("path /A",)),
        ({"uri": {"regex": "/a[0-9]"}}, ("path ~/a[0-9]",)),
        ({"headers": {"X-Team": {"exact": "a"}}}, ("header[x-team] a",)),
        ({"withoutHeaders": {"x-team": {}}}, ("header[x-team] absent",)),
        ({"queryParams": {"q": {"exact": "a"}}}, ("query[q] a",)),
        ({"port": 80}, ("any request",)),
    ],
)
def test_conditions(match: dict[str, Any], lines: tuple[str, ...]) -> None:
    way = only(gateway(), virtual_service({"match": [match], "route": TO_API}))
    assert (way.verdict, way.requests) == (Verdict.ALLOWED, lines)


def test_a_condition_that_is_not_modelled_is_not_decided() -> None:
    claims = {"headers": {"@request.auth.claims.group": {"exact": "a"}}}
    way = only(gateway(), virtual_service({"match": [claims], "route": TO_API}))
    assert way.verdict is Verdict.ALLOWED, "whoever has such a token gets in"
    ways = routed(gateway(), virtual_service({"match": [claims], "route": TO_ADMIN}, {"route": TO_API}))
    assert [way.verdict for way in ways["shop/api"]] == [Verdict.ALLOWED]


@pytest.mark.parametrize(
    ("match", "ways"),
    [({"port": 8080}, 0), ({"port": 443}, 0), ({"gateways": ["mesh"]}, 0), ({"gateways": ["istio-system/edge"]}, 1)],
)
def test_routes_of_other_ports_and_gateways(match: dict[str, Any], ways: int) -> None:
    assert len(routed(gateway(), virtual_service({"match": [match], "route": TO_API}))) == ways


@pytest.mark.parametrize(
    ("servers", "hosts", "found"),
    [
        (["*.example.com"], ["api.example.com"], ("api.example.com",)),
        (["api.example.com"], ["*.example.com"], ("api.example.com",)),
        (["shop/*"], ["api.example.com"], ("api.example.com",)),
        (["*/api.example.com", "b.example.com"], ["*"], ("api.example.com", "b.example.com")),
        (["*"], ["*"], ()),
    ],
)
def test_hosts_that_a_server_and_a_route_share(servers: list[str], hosts: list[str], found: tuple[str, ...]) -> None:
    way = only(gateway({**HTTP, "hosts": servers}), virtual_service({"route": TO_API}, hosts=hosts))
    assert (way.verdict, way.hosts) == (Verdict.ALLOWED, found)


@pytest.mark.parametrize("servers", [["other.example.com"], ["./*"], ["other/*"]])
def test_hosts_that_they_do_not_share(servers: list[str]) -> None:
    assert dead(gateway({**HTTP, "hosts": servers}), virtual_service({"route": TO_API})) == ["no-listener"]


@pytest.mark.parametrize(
    ("mode", "verdict", "code"),
    [
        ("SIMPLE", Verdict.ALLOWED, "nothing-asked"),
        ("OPTIONAL_MUTUAL", Verdict.ALLOWED, "nothing-asked"),
        ("MUTUAL", Verdict.MIXED, "client-certificate"),
        ("ISTIO_MUTUAL", Verdict.DENIED, "mesh-identity"),
    ],
)
def test_tls_of_a_server(mode: str, verdict: Verdict, code: str) -> None:
    way = only(gateway({**HTTPS, "tls": {"mode": mode}}), virtual_service({"route": TO_API}))
    assert (way.verdict, way.reason.code) == (verdict, code)


def test_plain_requests_are_redirected() -> None:
    way = only(gateway({**HTTP, "tls": {"httpsRedirect": True}}), virtual_service({"route": TO_API}))
    assert (way.verdict, way.reason.code) == (Verdict.DENIED, "redirected")


@pytest.mark.parametrize("tls", [{"mode": "PASSTHROUGH"}, {"credentialName": "a"}])
def test_tls_that_is_passed_on_by_the_name_of_the_server(tls: dict[str, str]) -> None:
    routes = [{"match": [{"sniHosts": ["api.example.com"]}], "route": [{"destination": {"host": "api"}}]}]
    way = only(gateway({**HTTPS, "tls": tls}), virtual_service(http=[], tls=routes))
    assert (way.verdict, way.requests) == (Verdict.ALLOWED, ("sni api.example.com",))
    assert [hop.encryption for hop in way.hops] == ["tls", "mtls"]
    assert dead(gateway(HTTPS), virtual_service(http=[], tls=routes)) == ["no-listener"]


def test_bytes() -> None:
    server = {"port": {"number": 9000, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]}
    routes = [{"match": [{"port": 9000}], "route": [{"destination": {"host": "api", "port": {"number": 80}}}]}]
    way = only(gateway(server), virtual_service(http=[], tcp=routes))
    assert (way.verdict, way.requests, way.hops[0].port) == (Verdict.ALLOWED, (), "TCP 9000")


@pytest.mark.parametrize("ages", [("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"), (None, None)])
def test_of_two_routes_for_one_host_the_older_counts(ages: tuple[str | None, str | None]) -> None:
    match = [{"uri": {"prefix": "/a"}}]
    ways = routed(
        gateway(),
        virtual_service({"match": match, "route": TO_API}, created=ages[0]),
        virtual_service({"match": match, "route": TO_ADMIN}, name="shop/other", created=ages[1]),
    )
    told = [(way.verdict, way.reason.code) for way in (*ways["shop/api"], *ways["shop/admin"])]
    if ages[0]:
        assert told == [(Verdict.ALLOWED, "nothing-asked"), (Verdict.DENIED, "no-request")]
    else:
        assert told == [(Verdict.UNKNOWN, "route-order")] * 2


def test_the_narrower_host_takes_its_requests() -> None:
    ways = routed(
        gateway(),
        virtual_service({"match": [{"uri": {"prefix": "/a"}}], "route": TO_API}),
        virtual_service({"route": TO_ADMIN}, name="shop/all", hosts=["api.example.com"], gateways=["istio-system/x"]),
        virtual_service({"route": TO_ADMIN}, name="shop/wide", hosts=["*.example.com"]),
    )
    assert {name: [way.verdict for way in found] for name, found in ways.items()} == {
        "shop/api": [Verdict.ALLOWED],
        "shop/admin": [Verdict.ALLOWED],
    }


def test_policies_at_the_gateway_judge_first_and_then_those_at_the_workload() -> None:
    at_gateway = policy(
        "istio-system/gw",
        {"to": [{"operation": {"methods": ["GET", "POST"], "paths": ["/v1/*"]}}]},
        selector={"matchLabels": {"istio": "ingressgateway"}},
    )
    principal = {"source": {"principals": [AS_GATEWAY.removeprefix("spiffe://")]}}
    at_api = policy("shop/api", {"from": [principal], "to": [{"operation": {"methods": ["GET"]}}]})
    way = only(gateway(), virtual_service({"route": TO_API}), at_gateway, at_api)
    assert (way.verdict, way.requests) == (Verdict.MIXED, ("method GET, path /v1/*",))
    assert [hop.verdict for hop in way.hops] == [Verdict.MIXED, Verdict.MIXED]


def test_requests_that_pass_each_hop_and_not_all() -> None:
    """The gateway takes GET alone, the workload POST alone."""
    selector = {"matchLabels": {"istio": "ingressgateway"}}
    at_gateway = policy("istio-system/gw", {"to": [{"operation": {"methods": ["GET"]}}]}, selector=selector)
    at_api = policy("shop/api", {"to": [{"operation": {"methods": ["POST"]}}]})
    way = only(gateway(), virtual_service({"route": TO_API}), at_gateway, at_api)
    assert way.verdict is Verdict.DENIED
    assert "blocked" in dead(gateway(), virtual_service({"route": TO_API}), at_gateway, at_api)


def test_a_policy_of_another_client_closes_the_way() -> None:
    at_api = policy("shop/api", {"from": [{"source": {"namespaces": ["shop"]}}]})
    way = only(gateway(), virtual_service({"route": TO_API}), at_api)
    assert (way.verdict, way.reason.code) == (Verdict.DENIED, "not-allowed")


def test_what_is_rewritten_is_not_what_the_client_wrote() -> None:
    at_api = policy("shop/api", {"to": [{"operation": {"paths": ["/v2/*"], "hosts": ["inside"]}}]})
    route = {"match": [{"uri": {"prefix": "/v1/"}}], "route": TO_API}
    assert only(gateway(), virtual_service(route), at_api).verdict is Verdict.DENIED
    path = {**route, "rewrite": {"uri": "/v2/", "authority": "inside"}}
    assert only(gateway(), virtual_service(path), at_api).verdict is Verdict.UNKNOWN
    host = policy("shop/api", {"to": [{"operation": {"hosts": ["inside"]}}]})
    assert only(gateway(), virtual_service(path), host).verdict is Verdict.ALLOWED
    assert only(gateway(), virtual_service({**path, "rewrite": {"authority": "other"}}), host).verdict is Verdict.DENIED


def test_mirrors_are_ways_too_and_faults_are_none() -> None:
    mirrored = {"route": TO_API, "mirror": {"host": "admin"}}
    assert set(routed(gateway(), virtual_service(mirrored))) == {"shop/api", "shop/admin"}
    unmirrored = {**mirrored, "mirrorPercentage": {"value": 0}}
    assert set(routed(gateway(), virtual_service(unmirrored))) == {"shop/api"}
    aborted = {"route": TO_API, "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}}
    assert not routed(gateway(), virtual_service(aborted))
    assert routed(gateway(), virtual_service({**aborted, "fault": {"abort": {"httpStatus": 503}}}))


def test_weights_of_nothing() -> None:
    both = [{**TO_API[0], "weight": 100}, {**TO_ADMIN[0], "weight": 0}]
    assert set(routed(gateway(), virtual_service({"route": both}))) == {"shop/api"}


def test_delegates() -> None:
    root = virtual_service({"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "leaf"}})
    leaf = {"match": [{"uri": {"prefix": "/a/b"}, "method": {"exact": "GET"}}], "route": TO_API}
    other = {"match": [{"uri": {"prefix": "/c"}}], "route": TO_ADMIN}
    made = virtual_service(leaf, other, name="shop/leaf", hosts=[], gateways=[])
    assert only(gateway(), root, made).requests == ("method GET, path /a/b*",)
    assert not routed(gateway(), root), "without the delegate nothing is sent on"
    hidden = virtual_service(leaf, name="shop/leaf", hosts=[], gateways=[], exportTo=["other"])
    assert not routed(gateway(), root, hidden)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((virtual_service({"route": TO_API}),), "no-gateway"),
        ((gateway(), virtual_service({"route": [{"destination": {"host": "nobody"}}]})), "no-service"),
        ((gateway(), virtual_service({"route": [{"destination": {"host": "a.example"}}]})), "no-service"),
        (
            (gateway(), virtual_service({"route": [{"destination": {"host": "api", "port": {"number": 81}}}]})),
            "no-port",
        ),
        ((gateway(selector={"istio": "nobody"}), virtual_service({"route": TO_API})), "no-gateway-pods"),
        ((gateway(selector={}), virtual_service({"route": TO_API})), "not-modelled"),
        ((gateway(), virtual_service({"route": TO_API}, exportTo=["shop"])), "no-gateway"),
    ],
)
def test_what_leads_nowhere(parts: tuple[str, ...], code: str) -> None:
    assert dead(*parts) == [code]


def test_a_gateway_that_is_not_in_the_input_may_be_anybody() -> None:
    """Its pods are elsewhere: whether the mesh takes it is not known, and what policies deny to everybody is denied."""
    absent = gateway(selector={"istio": "nobody"})
    way = only(absent, virtual_service({"route": TO_API}))
    assert (way.verdict, way.reason.code) == (Verdict.UNKNOWN, "ingress-controller")


def test_the_gateway_s_own_namespace_where_istiod_is_told_so() -> None:
    flags = [{"name": "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "value": "true"}]
    istiod = workload("istio-system/istiod", {"app": "istiod"}, containers=[{"name": "discovery", "env": flags}])
    elsewhere = gateway(name="shop/edge")
    bound = virtual_service({"route": TO_API}, gateways=["edge"])
    assert only(elsewhere, bound).verdict is Verdict.ALLOWED
    assert dead(elsewhere, bound, istiod) == ["no-gateway-pods"]


def test_the_gateway_api() -> None:
    """The most specific match counts, and policies attached to the Gateway judge."""
    made = an(
        "Gateway",
        "shop/web",
        {
            "gatewayClassName": "istio",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {}}],
        },
    )
    marks = {
        "gateway.networking.k8s.io/gateway-name": "web",
        "gateway.networking.k8s.io/gateway-class-name": "istio",
        "gateway.istio.io/managed": "istio.io-gateway-controller",
    }
    pods = workload("shop/web-istio", marks, containers=[{"name": "istio-proxy", "image": "proxyv2"}])
    front = service("shop/web-istio", {"name": "http", "port": 80}, type="LoadBalancer")
    rules = [
        {"backendRefs": [{"name": "api", "port": 80}]},
        {"matches": [{"path": {"value": "/admin"}}], "backendRefs": [{"name": "admin", "port": 80}]},
    ]
    route = yaml.safe_load(an("Gateway", "shop/web", {"parentRefs": [{"name": "web"}], "rules": rules}).lstrip("-\n"))
    route["kind"] = "HTTPRoute"
    attached = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "web"}
    judged = policy("shop/web", {"to": [{"operation": {"methods": ["GET"]}}]}, targetRefs=[attached])
    ways = routed(made, pods, front, f"---\n{yaml.safe_dump(route)}", judged)
    assert [way.requests for way in ways["shop/admin"]] == [("method GET, path /admin/* or /admin",)]
    assert [way.verdict for way in ways["shop/api"]] == [Verdict.MIXED]
    assert ways["shop/api"][0].hops[1].identity == "spiffe://cluster.local/ns/shop/sa/web-istio"


@pytest.mark.parametrize(
    ("class_name", "expression", "prefix", "found"),
    [
        # istiod puts every regular expression behind every prefix, however short that is.
        ("istio", "/v[0-9]+/admin.*", "/v2", "allowed: path ~/v[0-9]+/admin.* except /v2/*"),
        ("istio", "/v2/admin.*", "/v2", "denied: "),
        ("istio", "/v2/admin.*", "/", "denied: "),
        # Others do as they like; where no other match takes the same requests it does not matter.
        ("somebody", "/v2/admin.*", "/v2", "unknown: path ~/v2/admin.*"),
        ("somebody", "/v[0-9]+/admin.*", "/w", "allowed: path ~/v[0-9]+/admin.*"),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_regular_expressions_among_prefixes(
    class_name: str, expression: str, prefix: str, found: str, apart: bool
) -> None:
    """In one route, and in two."""
    made = an(
        "Gateway",
        "shop/web",
        {"gatewayClassName": class_name, "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    )
    regular = {"path": {"type": "RegularExpression", "value": expression}}
    rules = [
        {"matches": [regular], "backendRefs": [{"name": "admin", "port": 80}]},
        {"matches": [{"path": {"value": prefix}}], "backendRefs": [{"name": "api", "port": 80}]},
    ]
    made = made.replace("networking.istio.io/v1", "gateway.networking.k8s.io/v1")
    parts = [made]
    for number, some in enumerate(([one] for one in rules) if apart else [rules]):
        parts.append(
            an("Gateway", f"shop/route{number}", {"parentRefs": [{"name": "web"}], "rules": some})
            .replace("networking.istio.io/v1", "gateway.networking.k8s.io/v1")
            .replace("kind: Gateway", "kind: HTTPRoute")
        )
    text = "".join((*BASE, *parts)).replace("mode: STRICT", "mode: PERMISSIVE")
    asked = ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)
    ways = {way.destination: way for way in asked.ways_in().ways}
    # What other routes take first is said of the verdict only.
    found = found.partition(" except ")[0] if apart else found
    assert f"{ways['shop/admin'].verdict}: {', '.join(ways['shop/admin'].requests)}" == found
    assert ways["shop/api"].verdict is Verdict.ALLOWED
    assert any("regular" in note for note in ways["shop/api"].notes) is found.startswith("unknown")


def test_a_blast_radius_from_the_internet_goes_by_the_gateway() -> None:
    asked = world(gateway(), virtual_service({"route": TO_API}))
    ways = asked.paths("internet", "shop/api").ways
    assert {tuple(hop.destination for hop in way.hops) for way in ways} == {("istio-system/gw", "shop/api")}
    closed = policy("istio-system/gw", selector={"matchLabels": {"istio": "ingressgateway"}})
    bare = (namespace("bare"), workload("bare/web"), service("bare/web", {"port": 80}, type="LoadBalancer"))
    left = world(gateway(), virtual_service({"route": TO_API}), closed, *bare).paths("internet", "shop/api").ways
    assert {way.hops[0].destination for way in left} == {"bare/web"}


def test_a_service_that_a_load_balancer_leads_to_is_asked_of_all_layers() -> None:
    """Without an identity nobody gets past STRICT."""
    direct = service("shop/direct", {"name": "http", "port": 80, "targetPort": 8080}, app="api", type="LoadBalancer")
    ways = [way for way in world(direct).ways_in().ways if way.destination == "shop/api"]
    assert ways
    assert {(way.verdict, way.reason.code) for way in ways} == {(Verdict.DENIED, "transport")}


def test_what_is_passed_on_by_the_name_of_any_service_is_not_known() -> None:
    east_west = gateway({**HTTPS, "hosts": ["*.local"], "tls": {"mode": "AUTO_PASSTHROUGH"}})
    (way,) = routed(east_west)["the Services of the mesh"]
    assert (way.verdict, way.reason.code, way.hosts) == (Verdict.UNKNOWN, "not-modelled", ("*.local",))


def test_a_route_that_changes_is_why_a_way_does() -> None:
    before = world(gateway(), virtual_service({"route": TO_API}))
    after = world(gateway(), virtual_service({"match": [{"uri": {"exact": "/"}}], "redirect": {"uri": "/a"}}))
    (change,) = before.diff(after).ways
    assert [(cause.altered.kind, cause.altered.name) for cause in change.causes] == [("VirtualService", "api")]


def test_a_gateway_of_the_gateway_api_is_made_with_its_service() -> None:
    """The input has no pods of it: istiod makes them, and a load balancer in front."""
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP"}]
    made = an("Gateway", "shop/web", {"gatewayClassName": "istio", "listeners": listeners})
    rules = [{"backendRefs": [{"name": "api", "port": 80}]}]
    route = an("Gateway", "shop/web", {"parentRefs": [{"name": "web"}], "rules": rules})
    route = route.replace("kind: Gateway", "kind: HTTPRoute")
    way = only(made, route)
    assert (way.verdict, [hop.destination for hop in way.hops]) == (Verdict.ALLOWED, ["shop/web-istio", "shop/api"])
    assert way.hops[1].identity == "spiffe://cluster.local/ns/shop/sa/web-istio"
    named = [{"type": "Hostname", "value": "gw.istio-system.svc.cluster.local"}]
    by_hand = an("Gateway", "shop/web", {"gatewayClassName": "istio", "listeners": listeners, "addresses": named})
    assert only(by_hand, route).verdict is Verdict.UNKNOWN


def test_routes_name_services_by_the_domain_of_the_cluster() -> None:
    discovery = [{"name": "discovery", "args": ["discovery", "--domain", "corp.example"]}]
    istiod = workload("istio-system/istiod", {"app": "istiod"}, containers=discovery)
    named = virtual_service({"route": [{"destination": {"host": "api.shop.svc.corp.example"}}]})
    assert only(gateway(), named, istiod).verdict is Verdict.ALLOWED
    assert dead(gateway(), named) == ["no-service"]
