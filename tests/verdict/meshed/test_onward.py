"""Requests for a host outside that the client's proxy sends over a gateway of the cluster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.equivalence import Order
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload

HOST = "api.example.com"
WEB = "spiffe://cluster.local/ns/shop/sa/web"
ADDRESS = "203.0.113.7"
PORTS = ({"name": "http2", "port": 80, "targetPort": 8080}, {"name": "https", "port": 443, "targetPort": 8443})
BASE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("edge"),
    namespace("bare"),
    workload("shop/web"),
    workload("bare/web"),
    workload(
        "edge/egress",
        {"istio": "egressgateway", "sidecar.istio.io/inject": "true"},
        {"inject.istio.io/templates": "gateway"},
    ),
    service("edge/egress", *PORTS),
)
TLS_ON_443 = {"port": {"number": 443}, "tls": {"mode": "SIMPLE"}}
ORIGINATES = an("DestinationRule", "edge/ext", {"host": HOST, "trafficPolicy": {"portLevelSettings": [TLS_ON_443]}})
LOCKED = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]
"""


def entry(*ports: dict[str, Any], **spec: Any) -> str:
    said = ports or (
        {"number": 80, "name": "http", "protocol": "HTTP"},
        {"number": 443, "name": "t", "protocol": "TLS"},
    )
    return an("ServiceEntry", "edge/ext", {"hosts": [HOST], "ports": list(said), "resolution": "DNS", **spec})


def gateway(port: int = 80, protocol: str = "HTTP", mode: str | None = None, host: str = HOST, **spec: Any) -> str:
    server: dict[str, Any] = {"port": {"number": port, "name": "s", "protocol": protocol}, "hosts": [host]}
    if mode is not None:
        server["tls"] = {"mode": mode}
    return of_istio(an("Gateway", "edge/out", {"selector": {"istio": "egressgateway"}, "servers": [server], **spec}))


def of_istio(made: str) -> str:
    return made.replace("gateway.networking.k8s.io/v1", "networking.istio.io/v1")


def routes(number: int = 80, out: int = 443, at: int | None = None, subset: str | None = None, **onward: Any) -> str:
    to = {"host": "egress.edge.svc.cluster.local", "port": {"number": at or number}}
    if subset:
        to["subset"] = subset
    inside = {"match": [{"gateways": ["mesh"], "port": number}], "route": [{"destination": to}]}
    rest = {"match": [{"gateways": ["edge/out"], "port": at or number, **onward}]}
    rest["route"] = [{"destination": {"host": HOST, "port": {"number": out}}}]
    return an("VirtualService", "edge/ext", {"hosts": [HOST], "gateways": ["mesh", "edge/out"], "http": [inside, rest]})


THERE = entry(endpoints=[{"address": "{}"}], resolution="STATIC").replace("'{}'", "{}")


def world(*parts: str) -> World:
    text = "".join((*BASE, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def ask(asked: World, host: str = HOST, line: str = "GET /", source: str = "shop/web", port: int = 80) -> Answer:
    method, _, path = line.partition(" ")
    return asked.can(source, ADDRESS, port, request=ringfence.request(method, path, host))


def hops(answer: Answer) -> list[tuple[str, str, str, str]]:
    assert answer.layered is not None
    return [(one.source, one.destination, one.port, one.encryption) for one in answer.layered.hops]


def test_the_gateway_makes_two_hops_of_it() -> None:
    answer = ask(world(entry(), gateway(), routes(), ORIGINATES, LOCKED))
    assert answer.verdict is Verdict.ALLOWED
    assert hops(answer) == [
        ("shop/web", "edge/egress", "8080/TCP", "none"),
        ("edge/egress", ADDRESS, "443/TCP", "tls"),
    ]
    assert answer.layered is not None
    assert (answer.layered.identity, answer.layered.encryption) == (None, "none")


def test_endpoints_of_an_entry_are_where_its_hosts_are() -> None:
    assert ask(world(THERE.format(ADDRESS), gateway(), routes())).verdict is Verdict.ALLOWED


def test_other_hosts_and_other_clients_go_directly() -> None:
    asked = world(entry(), gateway(), routes(), ORIGINATES, LOCKED)
    assert ask(asked, "other.example.com").verdict is Verdict.DENIED
    assert ask(asked, source="bare/web").verdict is Verdict.ALLOWED
    assert len(hops(ask(asked, source="bare/web"))) == 1


@pytest.mark.parametrize(
    ("parts", "code", "symptom"),
    [
        ((gateway(host="other.example.com"), routes()), "no-route", "http-404"),
        ((gateway(), routes(uri={"prefix": "/v1"})), "no-route", "http-404"),
        ((gateway(443), routes()), "no-listener", "http-503"),
        ((gateway(selector={"istio": "other"}), routes()), "no-listener", "http-503"),
        ((gateway(), routes(out=8443)), "no-endpoint", "http-503"),
        ((gateway(80, "TCP"), routes()), "no-listener", "http-503"),
        ((gateway(), routes(), THERE.format("198.51.100.1")), "routed-elsewhere", "none"),
    ],
)
def test_a_gateway_that_does_not_lead_there_denies_and_binds_nobody(
    parts: tuple[str, ...], code: str, symptom: str
) -> None:
    parts = parts if "endpoints" in parts[-1] else (entry(), *parts)
    answer = ask(world(*parts))
    assert answer.layered is not None
    assert (answer.verdict, answer.reason.code, answer.layered.symptom) == (Verdict.DENIED, code, symptom)
    assert answer.layered.holds is False
    locked = ask(world(*parts, LOCKED))
    assert locked.layered is not None
    assert (locked.verdict, locked.layered.holds) == (Verdict.DENIED, True)


def mutual(**tls: str) -> str:
    return an(
        "DestinationRule", "edge/gw", {"host": "egress", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL", **tls}}}
    )


def only_for(account: str) -> str:
    rules = [{"from": [{"source": {"principals": [f"cluster.local/ns/shop/sa/{account}"]}}]}]
    spec = {"selector": {"matchLabels": {"istio": "egressgateway"}}, "rules": rules}
    made = an("AuthorizationPolicy", "edge/egress", spec)
    return made.replace("networking.istio.io/v1", "security.istio.io/v1")


@pytest.mark.parametrize(("account", "verdict"), [("web", Verdict.ALLOWED), ("other", Verdict.DENIED)])
def test_policies_at_the_gateway_ask_for_the_client(account: str, verdict: Verdict) -> None:
    parts = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL"), routes(at=443), mutual(sni=HOST), only_for(account)
    answer = ask(world(*parts, LOCKED))
    assert answer.verdict is verdict
    assert answer.layered is not None
    assert answer.layered.identity == WEB
    assert hops(answer)[0] == ("shop/web", "edge/egress", "8443/TCP", "mtls")
    assert answer.layered.symptom == ("none" if verdict is Verdict.ALLOWED else "http-403")


def test_tls_of_the_mesh_has_to_ask_for_the_name_of_the_server() -> None:
    parts = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL"), routes(at=443)
    assert ask(world(*parts, mutual())).reason.code == "no-listener"
    wide = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL", "*"), routes(at=443)
    assert ask(world(*wide, mutual())).verdict is Verdict.ALLOWED


def test_the_subset_that_the_route_names_says_what_is_sent() -> None:
    subset = {"name": "ext", "trafficPolicy": {"portLevelSettings": [TLS_ON_443 | {"tls": {"mode": "ISTIO_MUTUAL"}}]}}
    rule = an("DestinationRule", "edge/gw", {"host": "egress", "subsets": [subset]})
    parts = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL", "*"), rule
    assert hops(ask(world(*parts, routes(at=443, subset="ext"))))[0][3] == "mtls"
    assert ask(world(*parts, routes(at=443))).verdict is Verdict.DENIED
    none = ask(world(*parts, routes(at=443, subset="none"))).layered
    assert none is not None
    assert (none.symptom, none.holds) == ("http-503", False)


def test_the_gateway_s_own_policies_of_the_network_count() -> None:
    closed = LOCKED.replace("namespace: shop", "namespace: edge").replace("egress: [{to: ", "egress: [] #")
    answer = ask(world(entry(), gateway(), routes(), closed))
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom, answer.layered.holds) == (Verdict.DENIED, "http-503", False)
    assert [hop.verdict for hop in answer.layered.hops] == [Verdict.ALLOWED, Verdict.DENIED]
    assert answer.decided_by[0].layer == "network"


@pytest.mark.parametrize(
    "parts",
    [
        (entry(resolution="NONE"), gateway(), routes()),
        (entry(hosts=["*.example.com"]), gateway(), routes()),
        (entry(endpoints=[{"address": ADDRESS, "ports": {"t": 9}}], resolution="STATIC"), gateway(), routes()),
        (entry({"number": 80, "name": "tcp", "protocol": "TCP"}), gateway(), routes()),
        (entry(), gateway(), routes(), of_istio(an("Gateway", "edge/any", {"servers": []}))),
        (entry(), gateway(), routes(), routes().replace("name: ext", "name: too")),
        (entry(), gateway(), routes().replace("egress.edge.svc", "web.shop.svc"), service("shop/web", *PORTS)),
        (entry(), gateway(), routes().replace("  - match", "  - headers: {request: {set: {a: b}}}\n    match")),
    ],
)
def test_what_is_not_followed_is_unknown(parts: tuple[str, ...]) -> None:
    answer = ask(world(*parts))
    assert (answer.verdict, answer.reason.code) == (Verdict.UNKNOWN, "sent-on")


def test_routes_say_nothing_of_a_port_that_nothing_of_the_mesh_has() -> None:
    parts = entry({"number": 80, "name": "http", "protocol": "HTTP"}), gateway(), routes(82, 80, 80)
    answer = ask(world(*parts), port=82)
    assert (answer.verdict, len(hops(answer))) == (Verdict.ALLOWED, 1)


def test_routes_of_requests_say_nothing_of_tls() -> None:
    asked = world(entry(), gateway(), routes().replace("      port: 80\n", ""))
    assert hops(ask(asked, port=443))[0][1:3] == (ADDRESS, "443/TCP")


def test_all_requests_together_and_lists() -> None:
    parts = entry(), gateway(), routes(), ORIGINATES
    verdicts = [
        world(*one).can("shop/web", ADDRESS, 80).verdict
        for one in (
            parts,
            (*parts, LOCKED),
            (entry(), gateway(443), routes()),
            (entry(), gateway(443), routes(), LOCKED),
        )
    ]
    assert verdicts == [Verdict.ALLOWED, Verdict.MIXED, Verdict.MIXED, Verdict.DENIED]
    for one in (parts, (*parts, LOCKED)):
        rows = world(*one).connections(source="shop/web", destination="203.0.113.0/24", denied=True).rows
        (row,) = (row for row in rows if any(first <= 80 <= last for first, last in row.ports))
        assert (row.verdict, row.reason and row.reason.code) == (Verdict.UNKNOWN, "sent-on")


def test_tls_that_is_passed_on_by_the_name_of_its_server() -> None:
    to = {"host": "egress.edge.svc.cluster.local", "port": {"number": 443}}
    tls = [
        {"match": [{"gateways": ["mesh"], "port": 443, "sniHosts": [HOST]}], "route": [{"destination": to}]},
        {
            "match": [{"gateways": ["edge/out"], "port": 443, "sniHosts": [HOST]}],
            "route": [{"destination": {"host": HOST, "port": {"number": 443}}}],
        },
    ]
    way = an("VirtualService", "edge/ext", {"hosts": [HOST], "gateways": ["mesh", "edge/out"], "tls": tls})
    answer = ask(world(entry(), gateway(443, "TLS", "PASSTHROUGH"), way, LOCKED), port=443)
    assert answer.verdict is Verdict.ALLOWED
    assert [(port, word) for _, _, port, word in hops(answer)] == [("8443/TCP", "tls"), ("443/TCP", "tls")]
    other = world(entry(), gateway(443, "TLS", "PASSTHROUGH", "other.example.com"), way)
    denied = ask(other, port=443)
    assert denied.layered is not None
    assert (denied.verdict, denied.layered.symptom) == (Verdict.DENIED, "eof")


def test_who_controls_the_pod_dials_the_address_itself() -> None:
    asked = world(entry(), gateway(443), routes())
    (way, *_) = asked.paths("shop/web", ADDRESS).ways
    assert any(first <= 80 <= last for first, last in way.hops[0].ports)


def test_the_gateway_needs_the_port_that_its_route_names() -> None:
    rule = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}"
    only = LOCKED.replace("namespace: shop", "namespace: edge").replace(rule, "{ports: [{port: 443}]}")
    assert ask(world(entry(), gateway(), routes(), only)).verdict is Verdict.ALLOWED
    assert ask(world(entry(), gateway(), routes(out=80), only)).verdict is Verdict.DENIED


def test_a_policy_at_the_gateway_binds_nobody_who_goes_past_it() -> None:
    parts = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL"), routes(at=443), mutual(sni=HOST), only_for("other")
    for more, holds in (((), False), ((LOCKED,), True)):
        answer = ask(world(*parts, *more))
        assert answer.layered is not None
        assert (answer.verdict, answer.layered.symptom, answer.layered.holds) == (Verdict.DENIED, "http-403", holds)


def test_what_a_gateway_makes_of_it_is_not_compared_and_not_equal() -> None:
    before = world(entry(), gateway(), routes(), LOCKED)
    after = world(entry(), gateway(host="b.example"), routes(), LOCKED)
    found = before.diff(after)
    assert [one.what for one in found.not_compared if one.blocking] == ["Gateway edge/out"]
    assert found.decided is False
    assert before.equivalent(after).order is Order.UNDECIDED
    assert before.equivalent(world(entry(), gateway(), routes(), LOCKED)).order is Order.EQUAL


def test_each_layer_says_where_it_denies() -> None:
    """Where one way is closed by the network and the other by the gateway's policy, neither speaks for the other."""
    parts = entry(), gateway(443, "HTTPS", "ISTIO_MUTUAL"), routes(at=443), mutual(sni=HOST), only_for("other")
    answer = world(*parts, LOCKED).can("shop/web", ADDRESS, 80)
    assert answer.verdict is Verdict.DENIED
    assert answer.layered is not None
    said = {one.layer: one.reason.message for one in answer.layered.layers if one.verdict is Verdict.MIXED}
    directly, over = "if sent to the address itself", "if sent to Service edge/egress"
    assert said["network"] == f"by the way that it is sent: denied {directly}, allowed {over}"
    assert said["requests"] == f"by the way that it is sent: allowed {directly}, denied {over}"


# By the Gateway API: a route of the ServiceEntry leads to the gateway, and one of the gateway to the host.

MANAGED = """---
apiVersion: v1
kind: Pod
metadata:
  name: out-istio
  namespace: edge
  labels:
    gateway.networking.k8s.io/gateway-name: out
    gateway.networking.k8s.io/gateway-class-name: istio
    gateway.istio.io/managed: istio.io-gateway-controller
    sidecar.istio.io/inject: "false"
    app: out-istio
spec:
  serviceAccountName: out-istio
  containers: [{name: istio-proxy, image: docker.io/istio/proxyv2, args: [proxy, router]}]
status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}]}
"""
MADE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("edge"),
    workload("shop/web"),
    MANAGED,
    service("edge/out-istio", {"name": "http", "port": 80, "targetPort": 80}),
    entry(),
)
TO_GATEWAY = an(
    "HTTPRoute",
    "edge/direct",
    {
        "parentRefs": [{"group": "networking.istio.io", "kind": "ServiceEntry", "name": "ext"}],
        "rules": [{"backendRefs": [{"name": "out-istio", "port": 80}]}],
    },
)
LISTENS = an(
    "Gateway",
    "edge/out",
    {
        "gatewayClassName": "istio",
        "listeners": [{"name": "http", "hostname": HOST, "port": 80, "protocol": "HTTP"}],
    },
)


def forward(kind: str = "Hostname", **match: Any) -> str:
    backend = {"group": "networking.istio.io", "kind": kind, "name": HOST, "port": 443}
    rule = {"matches": [match] if match else [{}], "backendRefs": [backend]}
    return an("HTTPRoute", "edge/forward", {"parentRefs": [{"name": "out"}], "hostnames": [HOST], "rules": [rule]})


def over_made(*more: str, path: str = "/v1") -> Answer:
    text = "".join((*MADE, TO_GATEWAY, LISTENS, ORIGINATES, *more))
    world = ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)
    return world.can("shop/web", ADDRESS, 80, request=ringfence.request("GET", path, HOST))


def test_a_gateway_of_the_gateway_api_is_a_way_out() -> None:
    answer = over_made(forward())
    assert answer.layered is not None
    assert answer.verdict is Verdict.ALLOWED
    assert [(hop.destination, hop.port, hop.encryption) for hop in answer.layered.hops] == [
        ("edge/out-istio", "80/TCP", "none"),
        (ADDRESS, "443/TCP", "tls"),
    ]


def test_what_no_route_of_such_a_gateway_takes_ends_there() -> None:
    only = forward(path={"type": "PathPrefix", "value": "/v1"})
    assert over_made(only).verdict is Verdict.ALLOWED
    for answer in (over_made(only, path="/v2"), over_made()):
        assert answer.layered is not None
        told = answer.verdict, answer.reason.code, answer.layered.symptom, answer.layered.holds
        assert told == (Verdict.DENIED, "no-route", "http-404", False)


def test_policies_of_such_a_gateway_judge_the_request() -> None:
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "out"}
    rules = [{"to": [{"operation": {"paths": ["/v1"]}}]}]
    policy = an("AuthorizationPolicy", "edge/out", {"targetRefs": [target], "rules": rules})
    policy = policy.replace("networking.istio.io", "security.istio.io")
    assert over_made(forward(), policy).verdict is Verdict.ALLOWED
    answer = over_made(forward(), policy, path="/v2")
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom) == (Verdict.DENIED, "http-403")


def test_a_backend_of_another_kind_is_not_followed() -> None:
    answer = over_made(forward(kind="Something"))
    assert (answer.verdict, answer.reason.code) == (Verdict.UNKNOWN, "sent-on")
