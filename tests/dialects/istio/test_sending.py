"""What clients' proxies send."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.model.mesh import RequestRules, Sending
from tests.dialects.istio.meshes import Lab, an, mesh_config, namespace, service, workload

PORT = {"port": 80, "targetPort": 8080, "name": "http"}
BASE = (
    namespace("car", **{"istio-injection": "enabled"})
    + namespace("shop", **{"istio-injection": "enabled"})
    + namespace("amb", **{"istio.io/dataplane-mode": "ambient"})
    + namespace("bare")
    + namespace("istio-system")
    + "".join(workload(f"{space}/{name}") for space in ("car", "shop", "amb", "bare") for name in ("web", "api"))
    + "".join(service(f"{space}/api", PORT) for space in ("shop", "amb", "bare"))
)
PLAIN, MESH, TUNNEL, OTHER, NOTHING = (
    [one.value] for one in (Sending.PLAIN, Sending.MESH_TLS, Sending.TUNNEL, Sending.OTHER_TLS, Sending.NOTHING)
)


def rule(full_name: str, host: str, tls: Any = None, ports: Any = None, subsets: Any = None, **more: Any) -> str:
    policy: dict[str, Any] = {"tls": tls} if tls else {}
    if ports:
        policy["portLevelSettings"] = ports
    metadata = more.pop("metadata", {})
    spec = {"host": host, **({"trafficPolicy": policy} if policy else {}), **({"subsets": subsets} if subsets else {})}
    return an("DestinationRule", full_name, {**spec, **more}, **metadata)


def to_api(lab: Lab, space: str = "shop", source: str = "car/web") -> list[str]:
    return lab.client(source, f"{space}/api", 8080, f"{space}/api")


@pytest.mark.parametrize(
    ("source", "space", "sent"),
    [
        ("car", "shop", MESH),
        ("car", "amb", TUNNEL),
        ("car", "bare", PLAIN),
        ("amb", "shop", PLAIN),
        ("amb", "amb", TUNNEL),
        ("amb", "bare", PLAIN),
    ],
)
def test_without_a_rule_what_the_destination_can_take(source: str, space: str, sent: list[str]) -> None:
    assert to_api(Lab(BASE), space, f"{source}/web") == sent


def test_an_address_that_is_no_services_is_passed_on_as_it_is_by_a_sidecar() -> None:
    lab = Lab(BASE)
    assert lab.client("car/web", "shop/api", 8080) == PLAIN
    assert lab.client("amb/web", "amb/api", 8080) == TUNNEL
    assert lab.client("car/web", None, 443) == PLAIN
    assert lab.client("amb/web", None, 443) == PLAIN


def test_ztunnel_tunnels_to_sidecars_that_take_tunnels() -> None:
    hbone = mesh_config(defaultConfig={"proxyMetadata": {"ISTIO_META_ENABLE_HBONE": "true"}})
    assert to_api(Lab(BASE, hbone), "shop", "amb/web") == TUNNEL
    assert to_api(Lab(BASE, hbone), "shop", "car/web") == MESH, "sidecars keep to mTLS among themselves"


def test_a_sidecar_that_takes_tunnels_gets_none_where_mtls_is_off_either() -> None:
    takes = workload("shop/both", {"networking.istio.io/tunnel": "http"}) + service("shop/both", PORT)
    off = an("PeerAuthentication", "shop/off", {"mtls": {"mode": "DISABLE"}})
    for more, sent in (("", MESH), (mesh_config(enableAutoMtls=False), PLAIN), (off, PLAIN)):
        lab = Lab(BASE, takes, more)
        assert lab.client("car/web", "shop/both", 8080, "shop/both") == sent
        assert lab.client("amb/web", "shop/both", 8080, "shop/both") == TUNNEL


@pytest.mark.parametrize("mode", ["SIMPLE", "MUTUAL"])
def test_tls_for_a_workload_of_ztunnel_goes_through_the_tunnel(mode: str) -> None:
    assert to_api(Lab(BASE, rule("car/r", "api.amb.svc.cluster.local", {"mode": mode})), "amb") == TUNNEL


def test_an_istiod_without_ambient_makes_no_tunnels() -> None:
    from tests.dialects.istio.test_enrolment import istiod

    off = istiod("default", "1.27.0", PILOT_ENABLE_AMBIENT="false")
    assert to_api(Lab(BASE, off), "amb") == PLAIN
    on = istiod("default", "1.27.0", PILOT_ENABLE_AMBIENT="true")
    assert to_api(Lab(BASE, on), "amb") == TUNNEL
    both = on + istiod("canary", "1.27.0", PILOT_ENABLE_AMBIENT="false")
    assert to_api(Lab(BASE, both), "amb") == sorted(PLAIN + TUNNEL)


@pytest.mark.parametrize(
    ("mode", "sent"), [("DISABLE", PLAIN), ("SIMPLE", OTHER), ("MUTUAL", OTHER), ("ISTIO_MUTUAL", MESH)]
)
def test_a_rule_decides_whatever_the_destination_is(mode: str, sent: list[str]) -> None:
    for space in ("shop", "bare"):
        lab = Lab(BASE, rule("car/r", f"api.{space}.svc.cluster.local", {"mode": mode}))
        assert to_api(lab, space) == sent
        assert to_api(lab, space, "amb/web") == PLAIN, "ztunnel knows no DestinationRule"


def test_a_rule_that_turns_tls_off_towards_ztunnel_depends_on_the_release() -> None:
    lab = Lab(BASE, rule("car/r", "api.amb.svc.cluster.local", {"mode": "DISABLE"}))
    assert to_api(lab, "amb") == sorted(PLAIN + TUNNEL)


def test_whose_rule_counts() -> None:
    host = "api.shop.svc.cluster.local"
    own, theirs, root = (
        rule(f"{space}/r", host, {"mode": mode})
        for space, mode in (("car", "DISABLE"), ("shop", "SIMPLE"), ("istio-system", "ISTIO_MUTUAL"))
    )
    assert to_api(Lab(BASE, own, theirs, root)) == PLAIN
    assert to_api(Lab(BASE, theirs, root)) == OTHER
    assert to_api(Lab(BASE, root)) == MESH
    assert to_api(Lab(BASE, rule("bare/r", host, {"mode": "DISABLE"}))) == MESH, "another namespace has no say"
    hidden = rule("shop/r", host, {"mode": "SIMPLE"}, exportTo=["."])
    assert to_api(Lab(BASE, hidden)) == MESH
    assert to_api(Lab(BASE, hidden), source="shop/web") == OTHER


def test_the_most_specific_host_counts() -> None:
    wide = rule("car/w", "*.svc.cluster.local", {"mode": "DISABLE"})
    narrow = rule("car/n", "*.shop.svc.cluster.local", {"mode": "SIMPLE"})
    exact = rule("car/e", "api.shop.svc.cluster.local", {"mode": "ISTIO_MUTUAL"})
    assert [to_api(Lab(BASE, *some)) for some in ((wide,), (wide, narrow), (wide, narrow, exact))] == [
        PLAIN,
        OTHER,
        MESH,
    ]
    short = rule("shop/s", "api", {"mode": "DISABLE"})
    assert to_api(Lab(BASE, short)) == PLAIN, "a short name is one of the rule's namespace"
    assert to_api(Lab(BASE, rule("car/s", "api", {"mode": "DISABLE"}))) == MESH


def test_settings_of_a_port_inherit_nothing() -> None:
    host = "api.shop.svc.cluster.local"
    off = {"mode": "DISABLE"}
    settings = [{"port": {"number": 80}, "tls": {"mode": "SIMPLE"}}]
    assert to_api(Lab(BASE, rule("car/r", host, off, settings))) == OTHER
    assert to_api(Lab(BASE, rule("car/r", host, off, [{"port": {"number": 80}}]))) == MESH
    assert to_api(Lab(BASE, rule("car/r", host, off, [{"port": {"number": 8080}}]))) == PLAIN, "not the pod's port"


def test_a_rule_for_some_clients() -> None:
    host = "api.shop.svc.cluster.local"
    some = rule("car/s", host, {"mode": "DISABLE"}, workloadSelector={"matchLabels": {"app": "web"}})
    everybody = rule("car/e", host, {"mode": "SIMPLE"})
    lab = Lab(BASE, some, everybody)
    assert [to_api(lab, source=f"car/{name}") for name in ("web", "api")] == [PLAIN, OTHER]


def test_two_rules_for_one_host_without_ages() -> None:
    host = "api.shop.svc.cluster.local"
    lab = Lab(BASE, rule("car/a", host, {"mode": "DISABLE"}), rule("car/b", host, {"mode": "ISTIO_MUTUAL"}))
    assert to_api(lab) == sorted(PLAIN + MESH)
    old, new = ({"creationTimestamp": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2))
    lab = Lab(
        BASE,
        rule("car/a", host, {"mode": "DISABLE"}, metadata=new),
        rule("car/b", host, {"mode": "ISTIO_MUTUAL"}, metadata=old),
    )
    assert to_api(lab) == MESH


def test_names_that_the_server_has_to_prove() -> None:
    tls = {"mode": "ISTIO_MUTUAL", "subjectAltNames": ["spiffe://cluster.local/ns/shop/sa/other"]}
    lab = Lab(BASE, rule("car/r", "api.shop.svc.cluster.local", tls))
    [option] = lab.mesh.client(lab.pod("car/web"), lab.pod("shop/api"), 8080, lab.service("shop/api"))
    assert option.value.checks == ("spiffe://cluster.local/ns/shop/sa/other",)


def pa(full_name: str, mode: str, **spec: Any) -> str:
    return an("PeerAuthentication", full_name, {"mtls": {"mode": mode}, **spec})


def test_auto_mtls_looks_at_what_the_server_takes() -> None:
    assert to_api(Lab(BASE, pa("shop/p", "DISABLE"))) == PLAIN
    selected = pa(
        "shop/p", "PERMISSIVE", selector={"matchLabels": {"app": "api"}}, portLevelMtls={"8080": {"mode": "DISABLE"}}
    )
    assert to_api(Lab(BASE, selected)) == PLAIN
    # The mode of the namespace turns auto mTLS off for all of it, whatever the workload says.
    back_on = pa("shop/q", "STRICT", selector={"matchLabels": {"app": "api"}})
    assert to_api(Lab(BASE, pa("shop/p", "DISABLE"), back_on)) == PLAIN
    assert to_api(Lab(BASE, mesh_config(enableAutoMtls=False))) == PLAIN


def test_a_pod_that_tells_it_takes_no_tls() -> None:
    lab = Lab(BASE, workload("shop/api", {"security.istio.io/tlsMode": "disabled"}))
    assert to_api(lab) == PLAIN


def test_headless_services() -> None:
    tcp = {"port": 9000, "targetPort": 9000, "name": "tcp-x"}
    http = {"port": 8080, "targetPort": 8080, "name": "http"}
    headless = service("shop/api", tcp, http, clusterIP="None")
    lab = Lab(BASE, headless)
    assert lab.client("car/web", "shop/api", 9000, "shop/api") == MESH
    assert lab.client("car/web", "shop/api", 9000) == MESH, "the addresses of its pods are known"
    assert lab.client("car/web", "shop/api", 8080) == PLAIN, "requests go by the host, which is none that is known"
    naked = workload("shop/bare", {"app": "api", "sidecar.istio.io/inject": "false"})
    assert (
        Lab(BASE, headless, naked.replace("app: bare", "app: api")).client("car/web", "shop/api", 9000, "shop/api")
        == PLAIN
    ), "one pod without a sidecar is enough"


def test_whether_a_sidecar_tunnels_to_pods_of_a_headless_service_is_open() -> None:
    tcp = {"port": 9000, "targetPort": 9000, "name": "tcp-x"}
    lab = Lab(BASE, service("amb/api", tcp, clusterIP="None"))
    assert sorted(lab.client("car/web", "amb/api", 9000, "amb/api")) == sorted([*PLAIN, *TUNNEL])


def sidecar(full_name: str, hosts: list[str] | None = None, mode: Any = None, **spec: Any) -> str:
    egress = {"egress": [{"hosts": hosts}]} if hosts is not None else {}
    outside = {"outboundTrafficPolicy": {"mode": mode}} if mode is not None else {}
    return an("Sidecar", full_name, {**egress, **outside, **spec})


@pytest.mark.parametrize(
    ("hosts", "knows"),
    [
        (None, True),
        (["*/*"], True),
        (["shop/*"], True),
        (["shop/api.shop.svc.cluster.local"], True),
        (["*/api.shop.svc.cluster.local"], True),
        (["shop/*.shop.svc.cluster.local"], True),
        (["./*"], False),
        (["~/*"], False),
        (["amb/*"], False),
        (["shop/web.shop.svc.cluster.local"], False),
    ],
)
def test_what_a_sidecar_lets_its_proxy_know(hosts: list[str] | None, knows: bool) -> None:
    assert to_api(Lab(BASE, sidecar("car/s", hosts, "ALLOW_ANY"))) == (MESH if knows else PLAIN)
    assert to_api(Lab(BASE, sidecar("car/s", hosts, "REGISTRY_ONLY"))) == (MESH if knows else NOTHING)


def test_which_sidecar_counts() -> None:
    web: dict[str, Any] = {"workloadSelector": {"labels": {"app": "web"}}}
    own, whole, root = (
        sidecar("car/own", ["~/*"], **web),
        sidecar("car/all", ["./*"]),
        sidecar("istio-system/x", ["~/*"]),
    )
    only = mesh_config(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})
    lab = Lab(BASE, only, own, sidecar("car/all", ["*/*"]), root)
    assert [to_api(lab, source=f"car/{name}") for name in ("web", "api")] == [NOTHING, MESH]
    assert to_api(Lab(BASE, only, whole)) == NOTHING
    assert to_api(Lab(BASE, only, root)) == NOTHING
    assert to_api(Lab(BASE, only, sidecar("istio-system/x", ["~/*"], **web))) == MESH, "it selects nobody elsewhere"
    assert to_api(Lab(BASE, only, whole), source="amb/web") == PLAIN, "ztunnel knows no Sidecar"


def test_an_empty_policy_for_the_outside_is_registry_only() -> None:
    lab = Lab(BASE, an("Sidecar", "car/s", {"outboundTrafficPolicy": {}}))
    assert lab.client("car/web", None, 443) == NOTHING


def test_exports_of_a_service() -> None:
    hidden = service("shop/api", PORT, metadata={"annotations": {"networking.istio.io/exportTo": "."}})
    assert to_api(Lab(BASE, hidden)) == PLAIN
    assert to_api(Lab(BASE, hidden), source="shop/web") == MESH
    assert to_api(Lab(BASE, mesh_config(defaultServiceExportTo=["."]))) == PLAIN


def test_what_only_the_registry_knows() -> None:
    only = mesh_config(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})
    entry = an(
        "ServiceEntry",
        "car/e",
        {
            "hosts": ["api.example.com"],
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
            "resolution": "DNS",
        },
    )
    lab = Lab(BASE, only, entry)
    assert lab.client("car/web", None, 443) == sorted(PLAIN + NOTHING)
    assert lab.client("car/web", None, 80) == NOTHING
    assert lab.client("shop/web", None, 443) == sorted(PLAIN + NOTHING), "it is exported to all"
    assert lab.client("car/web", "shop/api", 8080) == NOTHING, "an address that is no Service's"


def virtual(http: Any, **spec: Any) -> str:
    return an("VirtualService", "car/v", {"hosts": ["api.shop.svc.cluster.local"], "http": http, **spec})


TO_API = [{"destination": {"host": "api.shop.svc.cluster.local"}}]


def test_routes_that_only_say_how_change_nothing() -> None:
    assert to_api(Lab(BASE, virtual([{"route": TO_API, "timeout": "5s"}]))) == MESH
    assert to_api(Lab(BASE, virtual([{"fault": {}, "route": TO_API}], gateways=["edge"]))) == MESH


@pytest.mark.parametrize(
    "http",
    [
        [{"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}, "route": TO_API}],
        [{"redirect": {"uri": "/x"}}],
        [{"directResponse": {"status": 200}}],
        [{"route": [{"destination": {"host": "api.amb.svc.cluster.local"}}]}],
        [{"match": [{"uri": {"prefix": "/a"}}], "route": TO_API}],
        [{"headers": {"request": {"set": {"a": "b"}}}, "route": TO_API}],
    ],
)
def test_routes_that_do_something_else_say_which_requests_are_sent(http: Any) -> None:
    lab = Lab(BASE, virtual(http))
    assert to_api(lab) == MESH
    assert routes_to_api(lab) is not None


def routes_to_api(lab: Lab) -> RequestRules | None:
    (option,) = lab.mesh.client(lab.pod("car/web"), lab.pod("shop/api"), 8080, lab.service("shop/api"))
    return option.value.routes


def test_subsets() -> None:
    subsets = [
        {"name": "v1", "labels": {"app": "api"}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
        {"name": "v2", "labels": {"app": "nobody"}, "trafficPolicy": {"tls": {"mode": "SIMPLE"}}},
    ]
    host = "api.shop.svc.cluster.local"
    whole = rule("car/r", host, {"mode": "ISTIO_MUTUAL"}, subsets=subsets)
    assert to_api(Lab(BASE, whole)) == MESH
    routed = virtual([{"route": [{"destination": {"host": host, "subset": name}} for name in ("v1", "v2")]}])
    assert to_api(Lab(BASE, whole, routed)) == PLAIN


def test_what_is_not_modelled_at_the_client_leaves_it_open() -> None:
    patch = {"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND"}, "patch": {"operation": "MERGE"}}
    for space, sent in (("car", sorted(MESH + NOTHING)), ("shop", MESH), ("istio-system", sorted(MESH + NOTHING))):
        assert to_api(Lab(BASE, an("EnvoyFilter", f"{space}/f", {"configPatches": [patch]}))) == sent
    harmless = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "ANY"},
        "patch": {"operation": "INSERT_BEFORE", "value": {"name": "istio.stats"}},
    }
    assert to_api(Lab(BASE, an("EnvoyFilter", "car/f", {"configPatches": [harmless]}))) == MESH


def test_a_rule_that_the_api_server_rejects_may_say_anything() -> None:
    lab = Lab(BASE, rule("car/r", "api.shop.svc.cluster.local", {"mode": "OFF"}))
    assert to_api(lab) == sorted(PLAIN + MESH + OTHER)
    assert [problem.code for problem in lab.cluster.problems] == ["invalid-mode"]


def test_a_namespace_that_istiod_does_not_look_at_has_no_services() -> None:
    selectors = mesh_config(discoverySelectors=[{"matchLabels": {"istio-injection": "enabled"}}])
    assert to_api(Lab(BASE, selectors), "bare") == PLAIN
    assert to_api(Lab(BASE, selectors), "shop") == MESH


def test_a_gateway_of_other_software_is_a_member_as_others_are() -> None:
    other = workload("shop/edge", {"gateway.networking.k8s.io/gateway-name": "edge"})
    lab = Lab(BASE, other, service("shop/edge", PORT))
    assert lab.client("car/web", "shop/edge", 8080, "shop/edge") == MESH
    assert lab.server("shop/edge", 8080) == ["permissive http"]


def test_a_gateway_of_istio_is_sent_plain_bytes() -> None:
    managed = {"gateway.istio.io/managed": "istio.io-gateway-controller"}
    proxy = [{"name": "istio-proxy", "image": "istio/proxyv2:1.27.1"}]
    lab = Lab(BASE, workload("shop/edge", managed, containers=proxy), service("shop/edge", PORT))
    assert lab.client("car/web", "shop/edge", 8080, "shop/edge") == PLAIN


def route(full_name: str, rules: Any, parent: str = "api") -> str:
    spec = {"parentRefs": [{"kind": "Service", "group": "", "name": parent, "port": 80}], "rules": rules}
    return an("HTTPRoute", full_name, spec).replace("networking.istio.io/v1", "gateway.networking.k8s.io/v1")


BACKEND = {"backendRefs": [{"name": "api", "port": 80}]}


@pytest.mark.parametrize(
    ("rules", "plain"),
    [
        ([BACKEND], True),
        ([{"matches": [{"path": {"value": "/a"}}], **BACKEND}, BACKEND], True),
        ([{"matches": [{"path": {"value": "/a"}}], **BACKEND}], False),
        ([{"backendRefs": [{"name": "other", "port": 80}]}], False),
        ([{"filters": [{"type": "RequestRedirect"}]}], False),
        ([{"backendRefs": []}], False),
    ],
)
def test_routes_of_the_gateway_api_for_services(rules: Any, plain: bool) -> None:
    lab = Lab(BASE, route("shop/r", rules))
    told = routes_to_api(lab)
    assert to_api(lab) == MESH
    assert told is None if plain else told is not None and told.policies[0].kind == "HTTPRoute"
    assert routes_to_api(Lab(BASE, route("shop/r", rules, parent="other"))) is None


def test_one_answer_is_kept_for_clients_that_are_alike() -> None:
    lab = Lab(BASE)
    web, api, front = lab.pod("car/web"), lab.pod("shop/api"), lab.service("shop/api")
    assert lab.mesh.client(web, api, 8080, front) is lab.mesh.client(lab.pod("shop/web"), api, 8080, front)
    narrow = sidecar("car/s", ["~/*"], workloadSelector={"labels": {"app": "web"}})
    lab = Lab(BASE, narrow)
    assert [to_api(lab, source=f"car/{name}") for name in ("web", "api", "web")] == [PLAIN, MESH, PLAIN]


def test_a_service_without_a_selector_and_its_ports() -> None:
    listed = """---
apiVersion: v1
kind: Service
metadata: {name: listed, namespace: shop}
spec: {ports: [{name: a, port: 80}, {name: b, port: 81}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: listed, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.4}], ports: [{name: a, port: 9000}, {name: b, port: 9001}]}]
"""
    from tests.dialects.istio.meshes import running

    proxy = [{"name": "main"}, {"name": "istio-proxy", "image": "x"}]
    settings = [{"port": {"number": 81}, "tls": {"mode": "DISABLE"}}]
    off = rule("car/r", "listed.shop.svc.cluster.local", {"mode": "ISTIO_MUTUAL"}, settings)
    lab = Lab(BASE, listed, running("shop/one", containers=proxy), off)
    assert [lab.client("car/web", "shop/one", port, "shop/listed") for port in (9000, 9001)] == [MESH, PLAIN]


def test_clients_that_are_told_apart() -> None:
    def kinds(*parts: str) -> list[int]:
        lab = Lab(BASE, *parts)
        found = [
            lab.mesh.client_kind(lab.pod(name)) for name in ("car/web", "car/api", "shop/web", "amb/web", "bare/web")
        ]
        return [found.index(one) for one in found]

    some = {"workloadSelector": {"labels": {"app": "web"}}}
    patch = [{"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND"}}]
    assert kinds() == [0, 0, 0, 3, 4]
    assert kinds(sidecar("car/s", ["./*"])) == [0, 0, 2, 3, 4]
    assert kinds(sidecar("car/s", ["./*"], **some)) == [0, 1, 2, 3, 4]
    assert kinds(an("EnvoyFilter", "car/f", {"configPatches": patch, **some})) == [0, 1, 2, 3, 4]
    canary = (
        workload("car/api", {"istio.io/rev": "canary"}) + namespace("car") + workload("car/web", {"istio.io/rev": "x"})
    )
    assert kinds(canary, mesh_config("istio-canary", outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})) == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_pods_that_run_are_told_apart_from_those_that_will() -> None:
    from tests.dialects.istio.meshes import running

    written = running("shop/yy", {"app": "y"}).split("status:")[0]
    lab = Lab(BASE, running("shop/x", {"app": "y"}), written)
    one, other = lab.pod("shop/x"), lab.pod("shop/yy")
    assert (one.labels == other.labels, lab.mesh.kind(one) == lab.mesh.kind(other)) == (True, False)
    assert [lab.member(f"shop/{name}") for name in ("x", "yy")] == [["none"], ["sidecar"]]


API = "api.shop.svc.cluster.local"
OFF, SIMPLE, OTHERS = {"mode": "DISABLE"}, {"mode": "SIMPLE"}, {"workloadSelector": {"matchLabels": {"app": "other"}}}
OF_SERVICE = rule("shop/theirs", "api", OFF)
WIDE = rule("shop/wide", "*.shop.svc.cluster.local", OFF)


@pytest.mark.parametrize(
    ("rules", "sent"),
    [
        # The host has chosen the namespace: a selector that takes nobody there leaves no rule at all.
        (rule("car/own", API, SIMPLE, **OTHERS) + OF_SERVICE, MESH),
        (OF_SERVICE, PLAIN),
        # Who selects is for its own namespace.
        (rule("shop/theirs", "api", OFF, workloadSelector={"matchLabels": {"app": "web"}}), MESH),
        (rule("shop/a", "api", OFF, exportTo=["bare"]), MESH),
        (rule("shop/a", "api", OFF, exportTo=["car"]), PLAIN),
        # What is for its own namespace alone does not hide what is for others.
        (rule("shop/a", "api", SIMPLE, exportTo=["."]) + WIDE, PLAIN),
        (rule("shop/a", "api", SIMPLE, exportTo=["bare"]) + WIDE, MESH),
        # The name itself says more than any wildcard.
        (rule("car/a", "*pi.shop.svc.cluster.local", SIMPLE) + rule("car/b", API, OFF), PLAIN),
        (rule("car/a", "*" + API, OFF) + rule("car/b", API, SIMPLE), OTHER),
    ],
)
def test_selectors_and_exports_choose_after_hosts(rules: str, sent: list[str]) -> None:
    assert to_api(Lab(BASE, rules)) == sent


def test_of_rules_that_are_exported_otherwise_either_may_count() -> None:
    rules = rule("car/a", "api.shop.svc.cluster.local", {"mode": "DISABLE"}, exportTo=["."])
    rules += rule("car/b", "api.shop.svc.cluster.local", {"mode": "SIMPLE"})
    assert to_api(Lab(BASE, rules)) == sorted(PLAIN + OTHER)


@pytest.mark.parametrize(
    ("sort", "port", "sent"),
    [
        ("http", "http", PLAIN),
        ("tcp", "http", MESH),
        ("http", "tcp", MESH),
        ("tcp", "tcp", PLAIN),
        ("http", "detected", PLAIN),
    ],
)
def test_routes_of_one_sort_are_none_for_the_other(sort: str, port: str, sent: list[str]) -> None:
    host = "api.shop.svc.cluster.local"
    subset = {"name": "v1", "labels": {}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    route = {"route": [{"destination": {"host": host, "subset": "v1"}}]}
    routes = an("VirtualService", "shop/v", {"hosts": [host], sort: [route]})
    lab = Lab(BASE.replace("name: http", f"name: {port}"), rule("car/r", host, subsets=[subset]), routes)
    assert to_api(lab) == sent


def test_a_listener_of_a_sidecar_is_for_its_port() -> None:
    for number, sent in ((80, MESH), (81, NOTHING)):
        egress = [{"port": {"number": number, "name": "x", "protocol": "HTTP"}, "hosts": ["*/*"]}]
        spec = {"egress": egress, "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
        assert to_api(Lab(BASE, an("Sidecar", "car/s", spec))) == sent
