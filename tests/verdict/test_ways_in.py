"""Ways in: every hop is judged, and what is not known of the packet's source stays open."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from ringfence.verdict.ways_in import sources
from ringfence.verdict.ways_in.values import WayIn
from ringfence.world import World
from tests.model.objects import (
    Object,
    block,
    controller,
    namespace,
    network_policy,
    node,
    pod,
    pods_peer,
    service,
    tcp,
    world,
)

APP = {"app": "api"}
NGINX = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
PORT = {"name": "http", "port": 80, "targetPort": 8080}
EVERYWHERE = [block("0.0.0.0/0")]


def cluster(*objects: Object, **options: Any) -> World:
    """A pod behind a Service, on a node."""
    return world(
        namespace("shop"), namespace("web"), node("n1", "192.168.0.1"), node("n2", "192.168.0.2"),
        pod("shop/api", APP, ips=("10.0.0.1",), node="n1"), *objects,
        **{"pod_cidrs": "10.0.0.0/16", "node_cidrs": "192.168.0.0/24", **options},
    )  # fmt: skip


def ingress(name: str = "web", **spec: Any) -> Object:
    backend = {"service": {"name": "api", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"rules": [{"host": "api.example.com", "http": {"paths": paths}}], **spec},
    }


def gateway(listener: Object | None = None) -> Object:
    listeners = [{"name": "web", "port": 80, "protocol": "HTTP", **(listener or {})}]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": "web"},
        "spec": {"gatewayClassName": "edge", "listeners": listeners},
    }


def http_route(home: str = "shop", **spec: Any) -> Object:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "api", "namespace": home},
        "spec": {
            "parentRefs": [{"name": "edge", "namespace": "web"}],
            "rules": [{"backendRefs": [{"name": "api", "namespace": "shop", "port": 80}]}],
            **spec,
        },
    }


def only(asked: World, how: str = "") -> WayIn:
    """The only way (of a sort)."""
    found = [way for way in asked.ways_in().ways if not how or way.openings[0].how == how]
    assert len(found) == 1, found
    return found[0]


def admitting(*peers: Object) -> Object:
    return network_policy("shop/api", APP, ingress=[{"from": list(peers), "ports": tcp(8080)}])


def test_a_service_inside_opens_no_way() -> None:
    assert cluster(service("shop/api", APP, PORT)).ways_in().ways == ()


@pytest.mark.parametrize(
    ("policy", "how", "verdict"),
    [
        ([], "Local", Verdict.ALLOWED),
        ([], "Cluster", Verdict.ALLOWED),
        ([admitting(*EVERYWHERE)], "Local", Verdict.ALLOWED),
        ([admitting(block("203.0.113.0/24"))], "Local", Verdict.MIXED),
        ([admitting(pods_peer(APP))], "Local", Verdict.DENIED),
        # Through the pod's own node Calico still sees the client, through the other one that node.
        ([admitting(pods_peer(APP))], "Cluster", Verdict.DENIED),
        ([admitting(block("192.168.0.0/24"))], "Cluster", Verdict.UNKNOWN),
        ([network_policy("shop/api", APP, ingress=[{"ports": tcp(9)}])], "Local", Verdict.DENIED),
    ],
)
def test_a_node_port_keeps_the_client_or_may_hide_it(policy: list[Object], how: str, verdict: Verdict) -> None:
    asked = cluster(service("shop/api", APP, PORT, type="NodePort", externalTrafficPolicy=how), *policy, cni="calico")
    way = only(asked)
    assert (way.verdict, way.destination, way.port) == (verdict, "shop/api", "TCP 8080")
    assert way.openings[0].how == "node-port"


PODS = [admitting(pods_peer(APP))]
INTERNET = [admitting(block("203.0.113.0/24"))]
NODES = [admitting(*EVERYWHERE, block("192.168.0.0/24"))]


@pytest.mark.parametrize(
    ("cni", "policy", "how", "verdict"),
    [
        # Nobody says whether it is judged before its source becomes the pod's own node, which is exempt.
        ("generic", PODS, "Cluster", Verdict.UNKNOWN),
        ("aws-vpc-cni", PODS, "Cluster", Verdict.UNKNOWN),
        ("kindnet", PODS, "Cluster", Verdict.DENIED),
        ("kindnet", INTERNET, "Cluster", Verdict.UNKNOWN),
        ("kindnet", NODES, "Cluster", Verdict.ALLOWED),
        # No translation there: the policy sees the clients.
        ("netpol-analyzer", PODS, "Cluster", Verdict.DENIED),
        ("netpol-analyzer", INTERNET, "Cluster", Verdict.MIXED),
        # Weave may masquerade even so.
        ("weave", INTERNET, "Local", Verdict.UNKNOWN),
        ("kindnet", INTERNET, "Local", Verdict.MIXED),
    ],
)
def test_the_profile_says_whose_address_policy_sees(cni: str, policy: list[Object], how: str, verdict: Verdict) -> None:
    asked = cluster(service("shop/api", APP, PORT, type="NodePort", externalTrafficPolicy=how), *policy, cni=cni)
    assert only(asked).verdict is verdict


def test_an_address_of_a_tunnel_is_none_that_a_node_states() -> None:
    """The client and every node are let in, but the address of a node's tunnel, from the pods' range, is not."""
    nodes = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/16"]}
    front = service("shop/api", APP, PORT, type="NodePort")
    way = only(cluster(front, admitting({"ipBlock": nodes}), cni="kindnet"))
    assert (way.verdict, way.reason.code) == (Verdict.UNKNOWN, "source-address")
    assert "tunnel" in way.hops[0].answers[-1].parts[0].sources[0]


def test_a_load_balancer_takes_only_the_clients_of_its_ranges() -> None:
    spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    closed = cluster(service("shop/api", APP, PORT, **spec, loadBalancerSourceRanges=["10.9.0.0/16"]))
    nobody = only(closed, "load-balancer")
    assert nobody.hops[0].source == "no client of the internet"
    assert (nobody.verdict, nobody.reason.code) == (Verdict.DENIED, "no-client")
    some = cluster(service("shop/api", APP, PORT, **spec, loadBalancerSourceRanges=["203.0.113.0/24"]))
    assert "203.0.113.0/24" in only(some, "load-balancer").hops[0].source


def test_ports_of_the_node_and_its_network() -> None:
    by_port = pod("shop/edge", {"app": "edge"}, ips=("10.0.0.9",), node="n1")
    by_port["spec"]["containers"][0]["ports"] = [{"containerPort": 8443, "hostPort": 443}]
    asked = cluster(by_port, pod("shop/agent", {"app": "agent"}, node="n1", host=True))
    assert [(way.openings[0].how, way.destination, way.port) for way in asked.ways_in().ways] == [
        ("host-network", "shop/agent", "any port"),
        ("host-port", "shop/edge", "TCP 8443"),
    ]


def test_a_controller_of_the_input_is_the_source_of_the_last_hop() -> None:
    nginx = pod("web/nginx", NGINX, ips=("10.0.1.1",), node="n2")
    front = service("web/nginx", NGINX, {"port": 443, "targetPort": 443}, type="LoadBalancer")
    objects = [service("shop/api", APP, PORT), ingress(ingressClassName="nginx"), nginx, front]
    allowed = cluster(*objects, admitting(pods_peer(NGINX, {})))
    way = only(allowed, "route")
    assert way.verdict is Verdict.ALLOWED
    assert [hop.destination for hop in way.hops] == ["web/nginx", "shop/api"]
    assert way.hosts == ("api.example.com",)
    denied = cluster(*objects, admitting(pods_peer(APP)))
    assert only(denied, "route").verdict is Verdict.DENIED
    assert [dead.code for dead in denied.ways_in().dead_ends] == ["blocked"]


def test_a_controller_that_nobody_reaches_is_no_way_in() -> None:
    nginx = pod("web/nginx", NGINX, ips=("10.0.1.1",))
    asked = cluster(service("shop/api", APP, PORT), ingress(ingressClassName="nginx"), nginx)
    way = only(asked)
    assert (way.verdict, way.reason.code) == (Verdict.DENIED, "no-entrance")


@pytest.mark.parametrize(
    ("peers", "verdict"),
    [([], Verdict.ALLOWED), ([pods_peer(None, {})], Verdict.ALLOWED), ([pods_peer(NGINX, {})], Verdict.UNKNOWN)],
)
def test_a_controller_that_is_not_in_the_input_may_be_any_pod(peers: list[Object], verdict: Verdict) -> None:
    asked = cluster(service("shop/api", APP, PORT), ingress(), *([admitting(*peers)] if peers else []))
    way = only(asked)
    assert way.verdict is verdict
    if verdict is Verdict.UNKNOWN:
        assert "--ingress-controller" in way.reason.decide
        text = ",".join(f"{key}={value}" for key, value in NGINX.items())
        told = asked.ways_in(controller=f"{text}@web").ways
        assert [way.verdict for way in told] == [Verdict.ALLOWED]


def test_a_controller_that_no_policy_admits_is_denied_whoever_it_is() -> None:
    policy = network_policy("shop/api", APP, ingress=[])
    assert only(cluster(service("shop/api", APP, PORT), ingress(), policy)).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ([ingress()], "no-service"),
        ([ingress(), service("shop/api", APP, {"name": "other", "port": 81})], "no-port"),
        ([ingress(), service("shop/api", {"app": "nobody"}, PORT)], "no-endpoint"),
        ([http_route(), service("shop/api", APP, PORT)], "no-gateway"),
        ([http_route(), gateway(), service("shop/api", APP, PORT)], "no-listener"),
        ([http_route("web"), gateway(), service("shop/api", APP, PORT)], "no-grant"),
    ],
)
def test_routes_that_cannot_work(objects: list[Object], code: str) -> None:
    found = cluster(*objects).ways_in()
    assert [dead.code for dead in found.dead_ends] == [code]
    assert found.ways == ()


@pytest.mark.parametrize(
    ("listener", "spec", "taken"),
    [
        ({"allowedRoutes": {"namespaces": {"from": "All"}}}, {}, True),
        ({"allowedRoutes": {"namespaces": {"from": "Same"}}}, {}, False),
        ({"allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}}}, {}, False),
        (
            {
                "allowedRoutes": {
                    "namespaces": {
                        "from": "Selector",
                        "selector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
                    }
                }
            },
            {},
            True,
        ),
        ({"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": [{"kind": "TCPRoute"}]}}, {}, False),
        (
            {"allowedRoutes": {"namespaces": {"from": "All"}}, "hostname": "*.example.com"},
            {"hostnames": ["a.b"]},
            False,
        ),
        (
            {"allowedRoutes": {"namespaces": {"from": "All"}}, "hostname": "*.example.com"},
            {"hostnames": ["x.example.com"]},
            True,
        ),
        ({"allowedRoutes": {"namespaces": {"from": "All"}}, "protocol": "TCP"}, {}, False),
    ],
)
def test_a_listener_takes_the_routes_that_it_says(listener: Object, spec: Object, taken: bool) -> None:
    found = cluster(http_route(**spec), gateway(listener), service("shop/api", APP, PORT)).ways_in()
    assert [dead.code for dead in found.dead_ends] == ([] if taken else ["no-listener"])
    assert bool(found.ways) is taken


@pytest.mark.parametrize(
    ("source", "name", "granted"), [("web", "api", True), ("web", "other", False), ("shop", "api", False)]
)
def test_a_grant_lets_a_route_name_a_service_elsewhere(source: str, name: str, granted: bool) -> None:
    grant = {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "g", "namespace": "shop"},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": source}],
            "to": [{"group": "", "kind": "Service", "name": name}],
        },
    }
    found = cluster(http_route("web"), gateway(), service("shop/api", APP, PORT), grant).ways_in()
    assert [dead.code for dead in found.dead_ends] == ([] if granted else ["no-grant"])
    assert [way.destination for way in found.ways] == (["shop/api"] if granted else [])


def test_an_openshift_route_means_the_ports_of_the_pods() -> None:
    route = {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": "r", "namespace": "shop"},
        "spec": {"host": "h", "to": {"kind": "Service", "name": "api"}, "port": {"targetPort": 8080}},
    }
    router = pod(
        "openshift-ingress/router",
        {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"},
        host=True,
        node="n1",
    )
    found = cluster(route, router, service("shop/api", APP, PORT)).ways_in()
    assert [(way.destination, way.port) for way in found.ways if way.openings[0].how == "route"] == [
        ("shop/api", "TCP 8080")
    ]


@pytest.mark.parametrize("policy", [[], [admitting(block("192.168.1.0/28"))], [admitting(pods_peer(APP))]])
@pytest.mark.parametrize("how", ["Local", "Cluster"])
def test_nodes_and_addresses_that_make_no_difference_are_asked_once(
    policy: list[Object], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grouped or one by one, the ways are the same."""
    nodes = [node(f"k{number}", f"192.168.1.{number}") for number in range(1, 30)]
    placed = [pod(f"shop/api-{number}", APP, ips=(f"10.0.2.{number}",), node=f"k{number}") for number in (3, 4)]
    front = service("shop/api", APP, PORT, type="NodePort", externalTrafficPolicy=how)

    def verdicts() -> list[tuple[str, str, Verdict, str]]:
        ways = cluster(*nodes, *placed, front, *policy, cni="calico@3.32").ways_in().ways
        return [(way.destination, way.port, way.verdict, way.reason.code) for way in ways]

    grouped = verdicts()
    monkeypatch.setattr(sources, "FEW", 1000)
    assert verdicts() == grouped


@pytest.mark.parametrize(
    "peers",
    [
        [pods_peer(NGINX)],
        [pods_peer(None, {})],
        [pods_peer(NGINX, {"team": "edge"})],
        [pods_peer(None, {"team": "edge"}), pods_peer(None, {"kubernetes.io/metadata.name": "n4"})],
        [pods_peer(None, {"kubernetes.io/metadata.name": "n4"}), pods_peer(NGINX)],
        [],
    ],
)
def test_homes_of_an_unknown_controller_that_make_no_difference_are_asked_once(
    peers: list[Object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grouped or one by one, the ways are the same."""
    homes = [namespace(f"n{number}", team="edge" if number % 2 else "shop") for number in range(6)]

    def told() -> tuple[object, ...]:
        way = only(cluster(*homes, service("shop/api", APP, PORT), ingress(), admitting(*peers) if peers else homes[0]))
        return way.verdict, way.reason, way.hops[0].decided_by

    grouped = told()
    monkeypatch.setattr(sources.Sources, "_some_homes", lambda self, destination: self.some_pod)
    assert told() == grouped


def test_a_service_leads_on_in_its_own_address_families() -> None:
    """The policy lets clients of IPv4 in, and only those of IPv6 get to the Service."""
    dual = pod("shop/dual", {"app": "dual"}, ips=("10.0.0.7", "fd00::7"), node="n1")
    opened = network_policy("shop/dual", {"app": "dual"}, ingress=[{"from": EVERYWHERE}])
    spec = {"type": "NodePort", "externalTrafficPolicy": "Local"}
    six = service("shop/dual", {"app": "dual"}, PORT, **spec, clusterIP="fd02::1", clusterIPs=["fd02::1"])
    assert only(cluster(dual, opened, six)).verdict is Verdict.DENIED
    four = service("shop/dual", {"app": "dual"}, PORT, **spec, clusterIP="10.96.0.1", clusterIPs=["10.96.0.1"])
    assert only(cluster(dual, opened, four)).verdict is Verdict.ALLOWED


def test_a_pod_that_is_perhaps_behind_the_service_is_perhaps_reached() -> None:
    front = service("shop/next", {"pod-template-hash": "abc"}, PORT, type="NodePort")
    way = only(cluster(controller("Deployment", "shop/next", {"app": "next"}), front))
    assert (way.verdict, way.destination) == (Verdict.UNKNOWN, "shop/next")


def test_of_several_ways_to_a_controller_one_is_enough() -> None:
    nginx = pod("web/nginx", NGINX, ips=("10.0.1.1",), node="n2")
    spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "loadBalancerSourceRanges": ["10.9.0.0/16"]}
    front = service("web/nginx", NGINX, {"port": 443, "targetPort": 443}, **spec)
    asked = cluster(service("shop/api", APP, PORT), ingress(ingressClassName="nginx"), nginx, front)
    assert {way.openings[0].how: way.verdict for way in asked.ways_in().ways} == {
        "load-balancer": Verdict.DENIED,
        "node-port": Verdict.ALLOWED,
        "route": Verdict.ALLOWED,
    }


def test_what_a_controller_that_is_not_in_the_input_may_send_is_not_asked() -> None:
    closed = [network_policy(f"{space}/out", egress=[]) for space in ("web", "shop")]
    assert only(cluster(service("shop/api", APP, PORT), ingress(), *closed)).verdict is Verdict.ALLOWED


def test_a_node_without_an_address_of_the_family_is_no_source() -> None:
    asked = cluster(node("n6", "fd01::6"), service("shop/api", APP, PORT, type="NodePort"), cni="generic")
    assert only(asked).verdict is Verdict.ALLOWED


def test_two_default_classes_are_none() -> None:
    classes = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": name, "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        }
        for name in ("a", "b")
    ]
    nginx = pod("web/nginx", NGINX, ips=("10.0.1.1",), node="n2")
    objects = [service("shop/api", APP, PORT), ingress(), nginx, admitting(pods_peer(NGINX, {}))]
    (way,) = cluster(*objects, *classes).ways_in().ways
    assert (way.verdict, way.hops[-1].source) == (Verdict.UNKNOWN, "an ingress controller (not in the input)")
    (way,) = cluster(*objects, classes[0]).ways_in().ways
    assert (way.verdict, way.reason.code) == (Verdict.DENIED, "no-entrance")


def test_a_controller_is_looked_for_where_it_lives() -> None:
    labels = {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"}
    route = {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": "r", "namespace": "shop"},
        "spec": {"host": "h", "to": {"kind": "Service", "name": "api"}},
    }
    for home, hops in (("openshift-ingress", 2), ("web", 1)):
        router = pod(f"{home}/router", labels, host=True, node="n1")
        assert len(only(cluster(route, router, service("shop/api", APP, PORT)), "route").hops) == hops
