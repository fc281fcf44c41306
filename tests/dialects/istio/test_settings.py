"""The mesh config, releases and flags; and what is not modelled."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence.dialects.istio.authorization_config import Provider
from ringfence.dialects.istio.mesh import Settings
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.paths import normalized
from ringfence.model.mesh import Point, PointSort
from tests.dialects.istio.meshes import Lab, an, mesh_config, namespace, running, service, workload
from tests.dialects.istio.test_enrolment import istiod

BASE = namespace("shop", **{"istio-injection": "enabled"}) + workload("shop/api")


def test_without_a_mesh_config_upstreams_defaults_are_assumed_and_said() -> None:
    lab = Lab(BASE)
    assert lab.mesh.config == MeshConfig()
    [first, second] = lab.mesh.assumptions
    assert "no mesh config" in first
    assert "release" in second
    assert Lab(BASE, mesh_config(), istiod("default", "1.27.3")).mesh.assumptions == ()


def test_what_a_mesh_config_says() -> None:
    lab = Lab(
        BASE,
        mesh_config(
            trustDomain="shop.example",
            trustDomainAliases=["old.example", "shop.example"],
            rootNamespace="mesh",
            enableAutoMtls=False,
            outboundTrafficPolicy={"mode": "REGISTRY_ONLY"},
            pathNormalization={"normalization": "MERGE_SLASHES"},
            extensionProviders=[
                {"name": "grpc", "envoyExtAuthzGrpc": {"service": "s.ns.svc.cluster.local", "port": 9000}},
                {"name": "http", "envoyExtAuthzHttp": {"service": "s", "port": "9000"}},
                {"name": "log", "envoyFileAccessLog": {"path": "/dev/stdout"}},
            ],
            accessLogFile="/dev/stdout",
        ),
    )
    config = lab.mesh.config
    assert not lab.cluster.problems
    assert (config.trust_domain, config.aliases, config.root_namespace) == ("shop.example", ("old.example",), "mesh")
    assert (config.auto_mtls, config.any_outside, config.path_normalization) == (False, False, "MERGE_SLASHES")
    assert [(one.name, one.port) for one in config.providers] == [("grpc", 9000), ("http", 9000), ("log", 0)]
    authorization = lab.mesh.release.authorization(config)
    assert authorization.providers == {"grpc": Provider.GRPC, "http": Provider.HTTP}
    assert authorization.trust_domains == ("shop.example", "old.example")


def test_names_of_fields_as_in_protobuf() -> None:
    assert Lab(BASE, mesh_config(trust_domain="shop.example")).mesh.config.trust_domain == "shop.example"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"trustDomian": "x"}, "unknown-field", "did you mean trustDomain?"),
        ({"enableAutoMtls": "no"}, "wrong-type", "enableAutoMtls"),
        ({"trustDomain": 7}, "wrong-type", "trustDomain"),
        ({"outboundTrafficPolicy": {"mode": "REGISTRY"}}, "invalid-value", "mode"),
        ({"extensionProviders": [{"envoyExtAuthzGrpc": {}}]}, "missing-field", "name"),
    ],
)
def test_what_istiod_does_not_take_is_told_and_has_its_default(given: dict[str, Any], code: str, field: str) -> None:
    lab = Lab(BASE, mesh_config(**given))
    [problem] = lab.cluster.problems
    assert problem.code == code
    assert field in f"{problem.message} {problem.hint}"
    assert problem.place.file == "data.mesh"
    found = lab.mesh.config
    assert (found.trust_domain, found.auto_mtls, found.any_outside) == ("cluster.local", True, True)


def test_a_text_that_is_no_config() -> None:
    text = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": "- a"},
        }
    )
    lab = Lab(BASE, f"---\n{text}")
    assert [(problem.code, problem.partial) for problem in lab.cluster.problems] == [("mesh-config-unreadable", True)]
    assert not lab.mesh.config.known


def test_the_config_of_a_revision_and_of_the_home_of_istio() -> None:
    old, canary = mesh_config(trustDomain="old"), mesh_config("istio-canary", trustDomain="canary")
    assert Lab(BASE, old, canary).mesh.config.trust_domain == "old"
    assert Lab(BASE, canary).mesh.config.trust_domain == "canary", "there is no other"
    elsewhere = mesh_config(space="somewhere", trustDomain="copy")
    for parts in ((old, elsewhere), (elsewhere, old)):
        assert Lab(BASE, *parts).mesh.config.trust_domain == "old"


def test_what_the_user_says_counts_instead() -> None:
    lab = Lab(BASE, mesh_config(trustDomain="old"), settings=Settings(MeshConfig(True, trust_domain="new"), "1.26.1"))
    assert lab.mesh.config.trust_domain == "new"
    assert lab.mesh.release.versions == {(1, 26, 1)}


@pytest.mark.parametrize(
    ("image", "literal"),
    [
        ("1.27.8", False),
        ("1.27.9", True),
        ("1.26.9", False),
        ("1.28.5", False),
        ("1.28.6", True),
        ("1.29.1", False),
        ("1.29.2-distroless", True),
        ("1.30.0", True),
        ("latest", None),
    ],
)
def test_what_hangs_on_the_release(image: str, literal: bool | None) -> None:
    lab = Lab(BASE, istiod("default", image))
    assert lab.mesh.release.authorization(lab.mesh.config).names_are_literal is literal


@pytest.mark.parametrize(
    ("image", "patterns", "headers"),
    [
        ("1.27.7", False, False),
        ("1.27.8", False, True),
        ("1.28.4", False, False),
        ("1.28.6", False, True),
        ("1.28.7", True, True),
        ("1.29.0", False, False),
        ("1.29.2", False, True),
        ("1.29.3", True, True),
        ("1.30.0", True, True),
        ("latest", None, None),
    ],
)
def test_what_else_hangs_on_the_release(image: str, patterns: bool | None, headers: bool | None) -> None:
    lab = Lab(BASE, istiod("default", image))
    found = lab.mesh.release.authorization(lab.mesh.config)
    assert (found.patterns_are_literal, found.headers_apart) == (patterns, headers)


def test_releases_that_differ() -> None:
    lab = Lab(BASE, istiod("default", "1.28.5"), istiod("canary", "1.30.0"))
    assert lab.mesh.release.authorization(lab.mesh.config).names_are_literal is None


def test_without_an_istiod_the_images_of_proxies_tell_the_release() -> None:
    proxy = [{"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.28.1"}]
    lab = Lab(BASE, running("shop/x", containers=proxy))
    assert lab.mesh.release.versions == {(1, 28, 1)}
    lab = Lab(BASE, running("shop/x", containers=proxy), istiod("default", "1.29.3"))
    assert lab.mesh.release.versions == {(1, 29, 3)}


def test_flags_of_istiod() -> None:
    several = "PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS"
    lab = Lab(BASE, istiod("default", "1.27.0", **{several: "true", "ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY": "0"}))
    found = lab.mesh.release.authorization(lab.mesh.config)
    assert (found.several_providers, found.selectors_reach_gateways) == (True, False)


@pytest.mark.parametrize(
    ("path", "how", "found"),
    [
        ("/a/../b", "NONE", "/a/../b"),
        ("/a/../b", "DEFAULT", "/b"),
        ("/a/%2e%2E/b", "BASE", "/b"),
        ("/../a", "BASE", "/a"),
        ("/a/.", "BASE", "/a/"),
        ("/a/..", "BASE", "/"),
        ("\\a\\b", "BASE", "/a/b"),
        ("/%61%2F%7e", "BASE", "/a%2F~"),
        ("/a//b", "BASE", "/a//b"),
        ("/a/b/..;x=1/c", "BASE", "/a/c"),
        ("/a/%2e.;x/c", "BASE", "/a/..;x/c"),
        ("/a//b", "MERGE_SLASHES", "/a/b"),
        ("///", "MERGE_SLASHES", "//"),
        ("/a%2fb", "MERGE_SLASHES", "/a%2fb"),
        ("/a%2f%5Cb", "DECODE_AND_MERGE_SLASHES", "/a/b"),
        ("/a%2f..%2fb", "DECODE_AND_MERGE_SLASHES", "/b"),
        ("*", "BASE", "*"),
    ],
)
def test_paths_as_proxies_compare_them(path: str, how: str, found: str) -> None:
    assert normalized(path, how) == found


@pytest.mark.parametrize(
    ("release", "found", "spellings"),
    [
        ("1.30.4", "/b", 1),
        ("1.30.3", "/a/..;x/b", 1),
        ("1.29.7", "/b", 1),
        ("1.28.9", "/a/..;x/b", 1),
        ("1.31.0", "/b", 1),
        ("", "/a/..;x/b", 2),
    ],
)
def test_segments_of_dots_with_parameters_hang_on_the_release(release: str, found: str, spellings: int) -> None:
    lab = Lab(BASE, istiod("default", release)) if release else Lab(BASE)
    assert lab.mesh.normalized("/a/..;x/b") == found
    several = lab.mesh.spellings("/a/..;x/b")
    assert (len(several), lab.mesh.normalized(several[-1])) == (spellings, "/b" if spellings > 1 else found)
    assert lab.mesh.spellings("/a/../b;x") == ("/a/../b;x",)


def rules(lab: Lab, sort: PointSort = PointSort.SIDECAR) -> Any:
    return lab.mesh.rules(Point(sort, lab.pod("shop/api"), True), 8080)


def test_policies_reach_their_points() -> None:
    policy = an("AuthorizationPolicy", "shop/p", {"rules": [{}]}).replace("networking.istio.io", "security.istio.io")
    lab = Lab(BASE, policy)
    assert [one.name for one in rules(lab).policies] == ["p"]
    hidden = mesh_config(discoverySelectors=[{"matchLabels": {"a": "b"}}])
    assert not rules(Lab(BASE, policy, hidden)).policies


INBOUND = {"applyTo": "HTTP_FILTER", "match": {"context": "SIDECAR_INBOUND"}, "patch": {"operation": "MERGE"}}
API = {"labels": {"app": "api"}}


@pytest.mark.parametrize(
    ("extension", "unsettled"),
    [
        (an("EnvoyFilter", "shop/f", {"configPatches": [INBOUND]}), True),
        (an("EnvoyFilter", "istio-system/f", {"configPatches": [INBOUND]}), True),
        (an("EnvoyFilter", "other/f", {"configPatches": [INBOUND]}), False),
        (an("EnvoyFilter", "shop/f", {"configPatches": [INBOUND], "workloadSelector": API}), True),
        (
            an("EnvoyFilter", "shop/f", {"configPatches": [INBOUND], "workloadSelector": {"labels": {"app": "x"}}}),
            False,
        ),
        (
            an("EnvoyFilter", "shop/f", {"configPatches": [{**INBOUND, "match": {"context": "SIDECAR_OUTBOUND"}}]}),
            False,
        ),
        (an("EnvoyFilter", "shop/f", {"configPatches": [{**INBOUND, "match": {}}]}), True),
        (an("WasmPlugin", "shop/f", {"url": "oci://x"}), True),
        (an("WasmPlugin", "shop/f", {"url": "oci://x", "match": [{"mode": "CLIENT"}]}), False),
        (an("WasmPlugin", "shop/f", {"url": "oci://x", "targetRefs": [{"kind": "Gateway", "name": "w"}]}), False),
    ],
)
def test_what_is_not_modelled_leaves_requests_open(extension: str, unsettled: bool) -> None:
    lab = Lab(BASE, extension)
    assert bool(rules(lab).unsettled) is unsettled
    assert not lab.cluster.mesh, "it is read, and no longer counted as something that is not"


def test_ztunnel_takes_no_extensions() -> None:
    ambient = namespace("shop", **{"istio.io/dataplane-mode": "ambient"}) + workload("shop/api")
    lab = Lab(ambient, an("EnvoyFilter", "shop/f", {"configPatches": [INBOUND]}))
    assert not rules(lab, PointSort.NODE).unsettled


def test_ports_that_the_mesh_speaks_of() -> None:
    policy = an(
        "AuthorizationPolicy",
        "shop/p",
        {
            "rules": [
                {
                    "to": [{"operation": {"ports": ["8443"], "notPorts": ["7"]}}],
                    "when": [{"key": "destination.port", "values": ["9"]}],
                }
            ]
        },
    ).replace("networking.istio.io", "security.istio.io")
    peer = an(
        "PeerAuthentication",
        "shop/p",
        {"selector": {"matchLabels": {"app": "api"}}, "portLevelMtls": {"5": {"mode": "STRICT"}}},
    )
    client = workload("shop/web", annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "3306"})
    lab = Lab(BASE, policy, peer, client, service("shop/api", {"port": 80, "targetPort": 8080}))
    assert lab.mesh.ports(lab.pod("shop/web"), lab.pod("shop/api")) == (
        *(5, 7, 9, 3306, 8080, 8443),
        *(15008, 15020, 15021, 15090),
    )


def test_few_ports_of_many_and_many_of_few() -> None:
    some = workload("shop/some", annotations={"traffic.sidecar.istio.io/includeInboundPorts": "80,443"})
    assert Lab(BASE, some).mesh.ports(None, Lab(BASE, some).pod("shop/some")) == (80, 443)


def test_a_cluster_without_an_istio_has_no_mesh() -> None:
    from ringfence.dialects.istio.mesh import IstioMesh
    from tests.sources.manifests import cluster_of

    assert IstioMesh.of(cluster_of(namespace("shop") + workload("shop/api"))) is None
    for sign in (
        namespace("shop", **{"istio-injection": "disabled"}),
        workload("shop/api", {"istio.io/rev": "x"}),
        workload("shop/api", annotations={"sidecar.istio.io/inject": "false"}),
        an("VirtualService", "shop/v", {"hosts": ["x"]}),
        mesh_config(),
    ):
        assert IstioMesh.of(cluster_of(sign)) is not None


@pytest.mark.parametrize(
    ("identity", "sidecar", "node"),
    [
        ("spiffe://shop.example/ns/a/sa/b", True, True),
        ("spiffe://old.example/ns/a/sa/b", True, False),
        ("spiffe://partner.example/ns/a/sa/b", True, False),
        ("spiffe://other.example/ns/a/sa/b", False, False),
    ],
)
def test_trust_domains_that_servers_take(identity: str, sidecar: bool, node: bool) -> None:
    config = mesh_config(
        trustDomain="shop.example",
        trustDomainAliases=["old.example"],
        caCertificates=[{"pem": "x", "trustDomains": ["partner.example"]}],
    )
    lab = Lab(BASE, config)
    assert [lab.mesh.trusts(identity, node_proxy) for node_proxy in (False, True)] == [sidecar, node]
    skips = istiod("default", "1.27.0", PILOT_SKIP_VALIDATE_TRUST_DOMAIN="true")
    assert Lab(BASE, config, skips).mesh.trusts(identity, False)


def test_objects_that_are_not_modelled_stay_named() -> None:
    assert [one.kind for one in Lab(BASE, an("ProxyConfig", "shop/p", {})).cluster.mesh] == []


@pytest.mark.parametrize(("value", "found"), [("true", True), ("0", False), ("maybe", True), ("", True), ("?", None)])
def test_values_of_flags(value: str, found: bool | None) -> None:
    lab = Lab(BASE, istiod("default", "1.27.0", ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY=value))
    assert lab.mesh.release.flag("ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY", True) is found
