"""What lists say of each layer, of encryption and of identity is what single questions say."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

from hypothesis import given, settings

from ringfence.demo.files import CLUSTER, MESH
from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.loading import load, load_objects
from ringfence.sets.addresses import address_text
from ringfence.sets.ports import port_key
from ringfence.verdict.answers import Answer, Part, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory
from ringfence.verdict.grid import Band, Result
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.layered_grid import LayeredGrid
from ringfence.world import World
from tests.layers.mesh.fake_mesh import FakeMesh
from tests.verdict.meshed.test_grid import PORTS, worlds


def band_at(relation: Relation, result: Result, port: int) -> Band:
    """The one band that has a port."""
    (band,) = (one for one in result.bands if relation.ports.contains(one.ports, port_key("TCP", port)))
    return band


def check(band: Band, part: Part | Answer, identity: str | None) -> None:
    told, layered = band.told, part.layered
    assert layered is not None
    assert told.verdict is part.verdict
    for layer in layered.layers:
        assert told.of(layer.layer) is layer.verdict, layer.layer
    assert told.encryption == layered.encryption
    assert (identity if told.proven else None) == layered.identity
    if part.verdict is Verdict.DENIED:
        denying = [layer.layer for layer in layered.layers if layer.verdict is Verdict.DENIED]
        assert told.layer in (denying or [""])
        assert told.reason is None or told.reason == part.reason


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_each_layer_says_what_questions_say(made: tuple[list[dict[str, Any]], FakeMesh]) -> None:
    objects, mesh = made
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
    grid = LayeredGrid(relation, mesh)
    for destination, source in product(range(universe.pods), repeat=2):
        if source == destination:
            continue
        (result,) = (one for sources, one in grid.column(destination) if sources >> source & 1)
        left, right = (f"shop/{cluster.pods[universe.members[column][0]].name}" for column in (source, destination))
        for port in PORTS:
            answer = asker.can(world.target(left), world.target(right), world.question(port, "TCP"), None)
            pod = cluster.pods[universe.members[source][0]]
            identity = mesh.identity(pod)
            check(band_at(relation, result, port), answer, None if identity is None else identity.text)


def test_the_demo_says_in_lists_what_it_says_when_asked() -> None:
    world = load(CLUSTER, MESH, cni="calico")
    assert world.mesh is not None
    relation, universe, pods = world.relation, world.relation.universe, world.cluster.pods
    grid = LayeredGrid(relation, world.mesh)
    random = Random(6)
    seen: set[tuple[Verdict, str]] = set()
    ends = range(len(universe.ends))
    for source, destination in random.sample(list(product(ends, ends)), 500):
        if source == destination or min(source, destination) >= universe.pods:
            continue
        names = [
            f"{pods[universe.members[one][0]].namespace}/{pods[universe.members[one][0]].name}"
            if one < universe.pods
            else _other(world, one)
            for one in (source, destination)
        ]
        found = [result for sources, result in grid.column(destination) if sources >> source & 1]
        for port in (80, 5432, 8080, 8081, 9090, 9102, 15008):
            answer = world.can(names[0], names[1], port)
            if len(answer.parts) != 1 or not found or found[0].split or answer.parts[0].reason.code == "node-port":
                continue
            identity = world.mesh.identity(pods[universe.members[source][0]]) if source < universe.pods else None
            band = band_at(relation, found[0], port)
            check(band, answer.parts[0], None if identity is None else identity.text)
            seen.add((band.told.verdict, band.told.layer))
    assert {(Verdict.DENIED, layer) for layer in ("network", "transport", "requests")} <= seen
    assert (Verdict.MIXED, "requests") in seen or (Verdict.UNKNOWN, "network") in seen


def _other(world: World, column: int) -> str:
    """A name of an end without pods: of addresses one of them."""
    end = world.relation.universe.ends[column]
    return f"node/{end.name}" if end.sort == "node" else address_text(end.space[0][0] or 1)
