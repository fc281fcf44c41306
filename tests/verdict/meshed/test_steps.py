"""Steps through a mesh: from outside, and cut by policies of the network."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects
from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.model.mesh import Identity
from ringfence.sets.ports import describe
from ringfence.verdict.blast_radius import BlastRadius
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Reading
from ringfence.world import World
from tests.layers.mesh.fake_mesh import FakeMesh
from tests.verdict.meshed.test_asking import only_from
from tests.verdict.meshed.test_asking import pod as fake_pod
from tests.verdict.meshed.test_stolen import AMBIENT, EVERYWHERE, SPACE, network, only
from tests.verdict.meshed.test_what_if import istio, pod

BALANCED = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    },
}
PERMISSIVE = istio("PeerAuthentication", "open", {"mtls": {"mode": "PERMISSIVE"}})


def cluster(*more: dict[str, Any]) -> World:
    objects = [SPACE, AMBIENT, EVERYWHERE, *more]
    return load_objects(objects, cni="calico", istio_version="1.29")


def reached(found: BlastRadius) -> dict[str, tuple[int, str, bool]]:
    return {
        one.name: (one.depth, describe(one.hop.ports), one.possibly)
        for one in found.fallen
        if one.name.startswith(("shop/", "calm/"))
    }


def test_the_internet_proves_nothing_to_a_strict_server() -> None:
    assert reached(cluster(pod("web"), BALANCED).blast_radius("internet")) == {}
    found = cluster(pod("web"), BALANCED, PERMISSIVE).blast_radius("internet")
    assert reached(found) == {"shop/web": (1, "TCP 8080", False)}
    assert reached(cluster(pod("web"), BALANCED, PERMISSIVE, only("web", "db")).blast_radius("internet")) == {}


@pytest.mark.parametrize("start", ["calm/first", "app=first@calm"])
def test_a_cut_closes_the_tunnel_and_the_port(start: str) -> None:
    """Permissive ambient pods are reached at their ports, and through the tunnel at 15008."""
    permissive = istio("PeerAuthentication", "open", {"mtls": {"mode": "PERMISSIVE"}}, "calm")
    opened = [network(name, 8080, 15008, namespace="calm", source="first") for name in ("vault",)]
    world = cluster(
        pod("first", "calm"),
        pod("vault", "calm"),
        pod("other", "calm"),
        permissive,
        *opened,
        network("first", namespace="calm"),
    )
    found = world.blast_radius(start, ["calm/vault"])
    assert found.cut is not None
    (step,) = (one for one in found.cut.steps if one.hop.source in ("calm/first", start))
    assert step.edit is not None
    assert step.edit.manifest is not None
    made = step.edit.manifest
    after = world.what_if(add=[*made["items"]] if made["kind"] == "List" else [made])
    assert "calm/vault" not in {one.name for one in after.blast_radius(start).fallen}
    assert found.cut.verified is True


@pytest.mark.parametrize("start", ["calm/first", "app=first@calm"])
def test_a_cut_closes_the_wire_and_not_the_port_behind_the_tunnel(start: str) -> None:
    at_port = istio("AuthorizationPolicy", "at", {"rules": [{"to": [{"operation": {"ports": ["5432"]}}]}]}, "calm")
    opened = network("vault", 15008, 9999, namespace="calm", source="first")
    objects = [pod(name, "calm") for name in ("first", "vault", "other")]
    world = cluster(*objects, at_port, opened, network("first", namespace="calm"))
    found = world.blast_radius(start, ["calm/vault"])
    assert reached(found)["calm/vault"] == (1, "TCP 5432", False)
    assert found.cut is not None
    (step,) = found.cut.steps
    assert (step.hop.destination, step.flows) == ("calm/vault", 1)
    assert step.edit is not None
    assert found.cut.verified is True


def test_a_step_over_a_waypoint_has_no_edit_that_does_not_cut_it() -> None:
    """What is closed at the port and the tunnel is still reached over the waypoint: no such edit is told."""
    way = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "way", "namespace": "calm", "labels": {"istio.io/waypoint-for": "all"}},
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
        },
    }
    proxy = pod("way", "calm")
    proxy["metadata"]["labels"] |= {
        "gateway.networking.k8s.io/gateway-name": "way",
        "istio.io/dataplane-mode": "none",
        "gateway.istio.io/managed": "istio.io-mesh-controller",
    }
    proxy["spec"]["containers"] = [{"name": "istio-proxy", "image": "istio/proxyv2:1.29.0"}]
    vault = pod("vault", "calm")
    vault["metadata"]["labels"]["istio.io/use-waypoint"] = "way"
    world = cluster(way, proxy, vault, pod("first", "calm"))
    found = world.blast_radius("calm/first", ["calm/vault"])
    assert found.cut is not None
    for step in found.cut.steps:
        if step.edit is not None and step.hop.destination == "calm/vault":
            made = step.edit.manifest
            assert made is not None
            after = world.what_if(add=[*made["items"]] if made["kind"] == "List" else [made])
            assert not any(
                one.name == "calm/vault" and one.depth == 1 for one in after.blast_radius(step.hop.source).fallen
            )


@pytest.mark.parametrize(
    ("acceptance", "admitted", "wires"),
    [
        ("strict", (8080, 15008), "TCP 15008"),
        ("permissive", (8080, 15008), "TCP 8080, 15008"),
        ("permissive", (8080,), "TCP 8080"),
    ],
)
def test_the_wires_of_a_step_are_those_that_its_forms_take(
    acceptance: str, admitted: tuple[int, ...], wires: str
) -> None:
    objects = [fake_pod("a", "node"), fake_pod("b", "node", acceptance), only_from("b", "a", *admitted)]
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh = FakeMesh(pods=list(cluster.pods))
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    grid = MeshedGrid(relation, mesh, Reading.UNBOUND)
    number = relation.ports.number(((8080, 8080),))
    left, right = universe.class_of_pod[:2]
    assert describe(relation.ports.intervals(grid.wires(left, right, number))) == wires
    shown = (Identity("spiffe://fake/x", "", ""),)
    assert describe(relation.ports.intervals(grid.makers().wires(shown, right, number))) == (
        "TCP 15008" if acceptance == "strict" else "TCP 8080, 15008"
    )
