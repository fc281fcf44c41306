"""Which policy counts at a port. The tables are upstream's, transcribed: istio (Apache-2.0)
``pilot/pkg/security/authn/policy_applier_test.go`` TestComposePeerAuthentication at 16535b135cc8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.istio.meshes import Lab, an, mesh_config, namespace, service, workload

BASE = (
    mesh_config(rootNamespace="root-namespace")
    + namespace("my-ns", **{"istio-injection": "enabled"})
    + namespace("root-namespace")
    + workload("my-ns/foo", {"stage": "prod"})
)
STRICT, PERMISSIVE, DISABLE, UNSET = ({"mode": word} for word in ("STRICT", "PERMISSIVE", "DISABLE", "UNSET"))
FOO = {"matchLabels": {"app": "foo"}}
NOW, BEFORE = {"creationTimestamp": "2026-01-01T00:00:01Z"}, {"creationTimestamp": "2026-01-01T00:00:00Z"}


def pa(full_name: str, mtls: Any = None, age: Any = None, **spec: Any) -> str:
    return an("PeerAuthentication", full_name, {**({"mtls": mtls} if mtls else {}), **spec}, **(age or {}))


COMPOSED = {
    "no config": ([], "permissive"),
    "mesh only": ([pa("root-namespace/default", STRICT)], "strict"),
    "mesh vs namespace": (
        [pa("root-namespace/default", STRICT, selector={"matchLabels": {}}), pa("my-ns/default", PERMISSIVE)],
        "permissive",
    ),
    "a selector in the root namespace": ([pa("root-namespace/default", STRICT, selector=FOO)], "permissive"),
    "workload vs namespace": ([pa("my-ns/default"), pa("my-ns/foo", selector=FOO)], "permissive"),
    "workload vs mesh": ([pa("my-ns/default", PERMISSIVE), pa("root-namespace/default", DISABLE)], "permissive"),
    "several of the mesh": (
        [
            pa("root-namespace/now", DISABLE, NOW),
            pa("root-namespace/second-ago", PERMISSIVE, BEFORE),
            pa("root-namespace/second-later", STRICT, BEFORE),
        ],
        "permissive",
    ),
    "several of a namespace": (
        [
            pa("my-ns/now", DISABLE, NOW),
            pa("my-ns/second-ago", PERMISSIVE, BEFORE),
            pa("my-ns/second-later", STRICT, BEFORE),
        ],
        "permissive",
    ),
    "several of a workload": (
        [
            pa("my-ns/now", DISABLE, NOW, selector=FOO),
            pa("my-ns/second-ago", PERMISSIVE, BEFORE, selector=FOO),
            pa("my-ns/second-later", STRICT, BEFORE, selector={"matchLabels": {"stage": "prod"}}),
        ],
        "permissive",
    ),
    "the default of the mesh": ([pa("root-namespace/default", UNSET)], "permissive"),
    "mesh to workload": ([pa("root-namespace/default", STRICT), pa("my-ns/foo", selector=FOO)], "strict"),
    "namespace to workload": ([pa("my-ns/default", STRICT), pa("my-ns/foo", selector=FOO)], "strict"),
    "mesh to namespace to workload": (
        [pa("root-namespace/default", STRICT), pa("my-ns/default", UNSET), pa("my-ns/foo", selector=FOO)],
        "strict",
    ),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_policies_of_mesh_namespace_and_workload(name: str) -> None:
    policies, acceptance = COMPOSED[name]
    assert Lab(BASE, *policies).server("my-ns/foo", 8080) == [f"{acceptance} detected"]


def test_ports_of_a_workload() -> None:
    ports = {"80": DISABLE, "90": UNSET, "100": {}}
    lab = Lab(BASE, pa("root-namespace/default", STRICT), pa("my-ns/foo", selector=FOO, portLevelMtls=ports))
    assert lab.server("my-ns/foo", 80) == ["plain detected"]
    assert [lab.server("my-ns/foo", port) for port in (90, 100, 110)] == [["strict detected"]] * 3


def test_ports_are_those_of_the_pod_and_not_of_the_service() -> None:
    web = service("my-ns/web", {"port": 80, "targetPort": 8080, "name": "http"}, app="foo")
    lab = Lab(BASE, web, pa("my-ns/foo", selector=FOO, portLevelMtls={"80": STRICT}))
    assert lab.server("my-ns/foo", 8080) == ["permissive http"]


def test_ports_without_a_selector_are_ignored_and_told() -> None:
    lab = Lab(BASE, pa("my-ns/default", PERMISSIVE, portLevelMtls={"8080": STRICT}))
    assert lab.server("my-ns/foo", 8080) == ["permissive detected"]
    assert [problem.code for problem in lab.cluster.problems] == ["ports-without-selector"]


@pytest.mark.parametrize("place", ["root-namespace", "my-ns"])
def test_without_ages_each_may_be_the_oldest(place: str) -> None:
    lab = Lab(BASE, pa(f"{place}/a", STRICT), pa(f"{place}/b", PERMISSIVE))
    options = lab.mesh.server(lab.pod("my-ns/foo"), 8080)
    assert {option.value.acceptance.value for option in options} == {"strict", "permissive"}
    assert {option.fact for option in options} == {
        f"PeerAuthentication {place}/{name} is the oldest of its kind there" for name in "ab"
    }
    assert {option.decide for option in options} == {"creationTimestamps"}


def test_ages_do_not_matter_where_all_say_the_same() -> None:
    lab = Lab(BASE, pa("my-ns/a", STRICT), pa("my-ns/b", STRICT))
    assert lab.server("my-ns/foo", 8080) == ["strict detected"]


def test_one_that_the_api_server_rejects_may_say_anything() -> None:
    lab = Lab(BASE, pa("my-ns/a", {"mode": "STRIKT"}))
    assert lab.server("my-ns/foo", 8080) == ["permissive detected", "plain detected", "strict detected"]
    assert [problem.code for problem in lab.cluster.problems] == ["invalid-mode"]


def test_a_namespace_that_istiod_does_not_look_at_has_no_say() -> None:
    config = mesh_config(rootNamespace="root-namespace", discoverySelectors=[{"matchLabels": {"mesh": "yes"}}])
    spaces = namespace("my-ns", **{"istio-injection": "enabled"}) + namespace("root-namespace", mesh="yes")
    lab = Lab(config, spaces, workload("my-ns/foo"), pa("my-ns/a", STRICT))
    assert lab.server("my-ns/foo", 8080) == ["permissive detected"]


AMBIENT = BASE.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")


def test_ztunnel_takes_disable_for_permissive() -> None:
    assert Lab(AMBIENT, pa("my-ns/a", DISABLE)).server("my-ns/foo", 80) == ["permissive detected"]
    assert Lab(AMBIENT, pa("my-ns/a", STRICT)).server("my-ns/foo", 80) == ["strict detected"]


def test_ztunnel_and_a_port_that_is_off_under_a_strict_parent() -> None:
    """convertedSelectorPeerAuthentications only looks for PERMISSIVE where the workload says nothing."""
    ports = {"9090": DISABLE}
    lab = Lab(AMBIENT, pa("my-ns/a", STRICT), pa("my-ns/b", selector=FOO, portLevelMtls=ports))
    assert lab.server("my-ns/foo", 9090) == ["strict detected"]
    lab = Lab(AMBIENT, pa("my-ns/a", STRICT), pa("my-ns/b", selector=FOO, portLevelMtls={"9090": PERMISSIVE}))
    assert lab.server("my-ns/foo", 9090) == ["permissive detected"]
    assert lab.server("my-ns/foo", 9091) == ["strict detected"]


def test_ztunnel_is_told_to_use_a_policy_that_it_does_not_get() -> None:
    """A namespace policy that is UNSET hides the mesh's STRICT from convertPeerAuthentication only."""
    parts = (
        pa("root-namespace/default", STRICT),
        pa("my-ns/a", UNSET),
        pa("my-ns/b", selector=FOO, portLevelMtls={"9090": PERMISSIVE}),
    )
    lab = Lab(AMBIENT, *parts)
    assert lab.server("my-ns/foo", 9091) == ["permissive detected"]
    assert "istiod sends nothing to ztunnel" in lab.mesh.server(lab.pod("my-ns/foo"), 9091)[0].value.why
    assert Lab(BASE, *parts).server("my-ns/foo", 9091) == ["strict detected"]


def test_a_selector_in_the_root_namespace_has_no_effect_on_its_own_pods() -> None:
    root = workload("root-namespace/foo", {"sidecar.istio.io/inject": "true"})
    lab = Lab(BASE, root, pa("root-namespace/p", STRICT, selector=FOO))
    assert lab.server("root-namespace/foo", 80) == ["permissive detected"]
