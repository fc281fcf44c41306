"""What the input shows of meshes, and a mesh config in a file of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ringfence.dialects.istio.images import version_of_image
from ringfence.dialects.istio.mesh import IstioMesh
from ringfence.sources.building import build
from ringfence.sources.json_dump import read_dump
from ringfence.sources.meshes import mesh_config_given
from tests.dialects.istio.meshes import an, mesh_config, namespace, running, service, workload
from tests.dialects.istio.test_enrolment import WEBHOOK, injector, istiod
from tests.sources.manifests import Given, cluster_of

CONFIG = {"trustDomain": "shop.example"}
FORMS: list[Any] = [
    CONFIG,
    {"meshConfig": CONFIG},
    {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": {"meshConfig": CONFIG}},
    {"apiVersion": "sailoperator.io/v1", "kind": "Istio", "spec": {"values": {"meshConfig": CONFIG}}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"mesh": yaml.safe_dump(CONFIG)}},
]


@pytest.mark.parametrize("form", FORMS)
def test_a_mesh_config_in_a_file(form: Any) -> None:
    config, problems = mesh_config_given(yaml.safe_dump(form), "mesh.yaml")
    assert not problems
    assert config is not None
    assert (config.trust_domain, config.known) == ("shop.example", True)


def test_an_empty_file_has_the_defaults() -> None:
    config, problems = mesh_config_given("\n", "mesh.yaml")
    assert config is not None
    assert config.known
    assert not problems


@pytest.mark.parametrize(
    "text",
    ["- a\n", "a: [\n", "data: {mesh: '- a'}\n", "meshConfig: 7\n", "just words\n", "{}: x\n", "data: {mesh: 7}"],
)
def test_a_file_that_is_none_is_told(text: str) -> None:
    config, problems = mesh_config_given(text, "mesh.yaml")
    assert config is None
    assert problems
    assert all(problem.place.file == "mesh.yaml" for problem in problems)


def test_a_field_that_is_wrong_has_its_default() -> None:
    config, problems = mesh_config_given("trustDomain: 7\nrootNamespace: mesh\n", "mesh.yaml")
    assert config is not None
    assert (config.trust_domain, config.root_namespace) == ("cluster.local", "mesh")
    assert [problem.code for problem in problems] == ["wrong-type"]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/istio/proxyv2:1.27.3", "1.27.3"),
        ("registry:5000/istio/proxyv2:1.27.3-distroless@sha256:00", "1.27.3"),
        ("istio/proxyv2:v1.26", "1.26"),
        ("registry:5000/istio/proxyv2", ""),
        ("istio/proxyv2:latest", ""),
        ("istio/proxyv2@sha256:00", ""),
        (7, ""),
    ],
)
def test_the_version_of_an_image(image: object, version: str) -> None:
    assert version_of_image(image) == version


def test_a_dump_shows_the_same() -> None:
    text = "".join(
        (
            mesh_config(trustDomain="shop.example"),
            injector(policy="disabled", values={"global": {"proxy": {"excludeInboundPorts": "7"}}}),
            istiod("canary", "1.27.0", PILOT_ENABLE_AMBIENT="true"),
            WEBHOOK,
            namespace("shop", **{"istio-injection": "enabled"}),
            workload("shop/web"),
            service("shop/web", {"port": 80, "appProtocol": "http"}),
            an("PeerAuthentication", "shop/p", {"mtls": {"mode": "STRICT"}}),
            an("Telemetry", "shop/t").replace("networking.istio.io", "telemetry.istio.io"),
        )
    )
    items = [one for one in yaml.safe_load_all(text) if one]
    found = read_dump(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode(), "dump.json")
    assert found is not None
    one, other = cluster_of(text), build(Given(*found))
    meshes = [IstioMesh.of(cluster) for cluster in (one, other)]
    assert None not in meshes
    assert [mesh.config.trust_domain for mesh in meshes if mesh] == ["shop.example"] * 2
    for name in ("injections", "control_planes", "peer_authentications"):
        left, right = (getattr(mesh.objects, name) for mesh in meshes if mesh)
        assert len(left) == len(right) > 0
    flags = [mesh.objects.control_planes[0].flags for mesh in meshes if mesh]
    assert flags == [{"PILOT_ENABLE_AMBIENT": "true"}] * 2
    assert [one.kind for one in other.mesh] == ["Telemetry"], "what is not modelled stays named"


def test_an_object_of_a_mesh_that_is_given_twice_is_told() -> None:
    twice = an("PeerAuthentication", "shop/p", {"mtls": {"mode": "STRICT"}}) + an("PeerAuthentication", "shop/p", {})
    assert [problem.code for problem in cluster_of(twice).problems] == ["given-twice"]


def test_an_object_without_a_namespace_stands_in_default() -> None:
    text = an("PeerAuthentication", "x/p", {"mtls": {"mode": "STRICT"}}).replace("namespace: x", "labels: {}")
    cluster = cluster_of(namespace("default", **{"istio-injection": "enabled"}) + workload("default/web") + text)
    mesh = IstioMesh.of(cluster)
    assert mesh is not None
    assert [one.named.namespace for one in mesh.objects.peer_authentications] == ["default"]


def test_a_pod_of_a_dump_shows_its_sidecar() -> None:
    pod = yaml.safe_load(running("shop/web", containers=[{"name": "istio-proxy", "image": "istio/proxyv2:1.27.1"}])[4:])
    found = read_dump(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]}).encode(), "dump.json")
    assert found is not None
    assert IstioMesh.of(build(Given(*found))) is not None


def test_objects_without_a_mesh_config_are_told() -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"other": "1"}}
    config, problems = mesh_config_given(yaml.safe_dump(other), "mesh.yaml")
    assert config is None
    assert [(one.code, one.partial) for one in problems] == [("mesh-config-missing", True)]


def test_the_config_map_among_other_objects() -> None:
    listing = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Service", "apiVersion": "v1"}, FORMS[4]]}
    for text in (yaml.safe_dump(listing), yaml.safe_dump_all([{"kind": "Service", "apiVersion": "v1"}, FORMS[4]])):
        config, problems = mesh_config_given(text, "mesh.yaml")
        assert not problems
        assert config is not None
        assert config.trust_domain == "shop.example"


def test_of_two_the_first_counts_and_it_is_told() -> None:
    config, problems = mesh_config_given("trustDomain: a.example\n---\ntrustDomain: b.example\n", "mesh.yaml")
    assert config is not None
    assert config.trust_domain == "a.example"
    assert [problem.code for problem in problems] == ["mesh-config-twice"]
