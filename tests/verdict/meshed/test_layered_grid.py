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
from ringfence.model.cluster import Pod
from ringfence.model.mesh import (
    METHOD,
    PATH,
    PEER_ADDRESS,
    PEER_IDENTITY,
    Client,
    Identity,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Sending,
)
from ringfence.sets.addresses import address, address_text
from ringfence.sets.languages.patterns import Exact, Numbers, Prefix
from ringfence.sets.ports import EVERYTHING, port_key, subtract
from ringfence.sets.requests.formulas import AllOf, Predicate
from ringfence.verdict.answers import Answer, Part, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory
from ringfence.verdict.grid import Band, Result
from ringfence.verdict.matrix.folding import fold
from ringfence.verdict.matrix.values import Line, Lines
from ringfence.verdict.meshed.apart import Together, Told
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.layered_grid import LayeredGrid
from ringfence.world import World
from tests.layers.mesh.fake_mesh import PLACE, FakeMesh
from tests.verdict.meshed.test_asking import pod
from tests.verdict.meshed.test_grid import PORTS, worlds


def band_at(relation: Relation, result: Result, port: int) -> Band:
    """The one band that has a port."""
    (band,) = (one for one in result.bands if relation.ports.contains(one.ports, port_key("TCP", port)))
    return band


def check(band: Band, part: Part | Answer, identity: str | None) -> None:
    found, layered = band.told, part.layered
    assert layered is not None
    assert found.verdict is part.verdict
    for layer in layered.layers:
        assert found.of(layer.layer) is layer.verdict, layer.layer
    assert found.encryption == layered.encryption
    assert (identity if found.proven else None) == layered.identity
    if part.verdict is Verdict.DENIED:
        denying = [layer.layer for layer in layered.layers if layer.verdict is Verdict.DENIED]
        assert found.layer in (denying or [""])
        assert found.reason is None or found.reason == part.reason


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


def test_addresses_outside_are_asked_of_the_clients_own_side() -> None:
    """A proxy that sends nothing to what it does not know."""
    source = pod("a", "sidecar")
    world = load_objects([source, pod("b")], cni="calico")
    cluster = world.cluster
    for sending in (Client(Sending.NOTHING), Client(Sending.OTHER_TLS), None):
        mesh = FakeMesh(pods=list(cluster.pods), sending=sending)
        universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
        relation = Relation(cluster, world.profile, universe)
        asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
        grid = LayeredGrid(relation, mesh)
        for name, column in ((one.name, universe.class_of_pod[number]) for number, one in enumerate(cluster.pods)):
            (result,) = (one for sources, one in grid.column(len(universe.ends) - 1) if sources >> column & 1)
            answer = asker.can(world.target(f"shop/{name}"), world.target("8.8.8.8"), world.question(443, "TCP"), None)
            check(band_at(relation, result, 443), answer, f"spiffe://fake/{name}")


def grid_over(mesh: FakeMesh, *objects: dict[str, Any]) -> tuple[LayeredGrid, Relation]:
    world = load_objects(objects, cni="calico")
    mesh.pods = list(world.cluster.pods)
    universe = universes.build(world.cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(world.cluster, world.profile, universe)
    return LayeredGrid(relation, mesh), relation


def told(grid: LayeredGrid, relation: Relation, source: int, destination: int, port: int = 8080) -> Told:
    """What is told of two pods by their numbers."""
    left, right = (relation.universe.class_of_pod[number] for number in (source, destination))
    (result,) = (one for sources, one in grid.column(right) if sources >> left & 1)
    return band_at(relation, result, port).told


def allowing(*predicates: Predicate) -> RequestRules:
    rule = RequestRule(0, AllOf(predicates), PLACE)
    return RequestRules((RequestPolicy("Policy", "shop", "one", RequestAction.ALLOW, (rule,), PLACE),))


def test_sources_that_send_alike_keep_their_own_identity() -> None:
    mesh = FakeMesh(rules_of=allowing(Predicate(PEER_IDENTITY, Exact("spiffe://fake/a"))))
    grid, relation = grid_over(mesh, pod("a", "sidecar"), pod("b", "sidecar"), pod("c", "sidecar"))
    assert [told(grid, relation, source, 2).requests.verdict for source in (0, 1)] == [Verdict.ALLOWED, Verdict.DENIED]


def test_an_identity_that_is_not_known_is_not_nobodys() -> None:
    class Nameless(FakeMesh):
        def identity(self, pod: Pod) -> Identity | None:
            return None if pod.name == "a" else super().identity(pod)

    grid, relation = grid_over(Nameless(), pod("a", "sidecar"), pod("b", "sidecar"), pod("c", "none"))
    assert told(grid, relation, 0, 1).proven is None
    assert told(grid, relation, 2, 1).proven is False


def test_of_a_refused_connection_each_source_is_judged_by_itself() -> None:
    near = Predicate(PEER_ADDRESS, Numbers(((address("10.0.0.1"), address("10.0.0.1")),)))
    mesh = FakeMesh(rules_of=allowing(near))
    ends = pod("a", ip="10.0.0.1"), pod("b", ip="10.0.0.2"), pod("c", "sidecar", "strict")
    grid, relation = grid_over(mesh, *ends)
    said = [told(grid, relation, source, 2) for source in (0, 1)]
    assert {one.transport.verdict for one in said} == {Verdict.DENIED}
    assert [one.requests.verdict for one in said] == [Verdict.ALLOWED, Verdict.DENIED]
    assert {one.layer for one in said} == {"transport"}


def test_what_passes_is_said_in_short() -> None:
    mesh = FakeMesh(rules_of=allowing(Predicate(METHOD, Exact("GET")), Predicate(PATH, Prefix("/orders"))))
    grid, relation = grid_over(mesh, pod("a", "sidecar"), pod("b", "sidecar"))
    found = told(grid, relation, 0, 1)
    assert (found.verdict, found.layer, found.allows) == (Verdict.MIXED, "requests", "GET /orders*")


def test_what_several_kinds_of_flows_say_together() -> None:
    mesh = FakeMesh()
    ends = pod("a", "sidecar"), pod("b", "none"), pod("c", "sidecar", "strict"), pod("d", "sidecar")
    grid, relation = grid_over(mesh, *ends)
    known, nobody, refused = (told(grid, relation, *pair) for pair in ((0, 2), (1, 3), (1, 2)))
    together = Together()
    both = together.of([known, nobody])
    assert (both.verdict, both.encryption, both.proven) == (Verdict.ALLOWED, "", None)
    some = together.of([known, refused])
    assert (some.verdict, some.transport.verdict, some.network) == (Verdict.MIXED, Verdict.MIXED, Verdict.ALLOWED)
    assert together.of([known, known]) is known
    assert together.of([nobody, known]) is both


def test_lines_of_layers_are_folded_port_by_port() -> None:
    mesh = FakeMesh()
    grid, relation = grid_over(mesh, pod("a", "sidecar"), pod("b"), pod("c", "sidecar", "strict"))
    known, refused = told(grid, relation, 0, 2), told(grid, relation, 1, 2)
    first: Lines = (Line(EVERYTHING, Verdict.ALLOWED, None, known),)
    second: Lines = (
        Line(((1, 80),), Verdict.DENIED, None, refused),
        Line(subtract(EVERYTHING, ((1, 80),)), Verdict.ALLOWED, None, known),
    )
    found = {line.verdict: line for line in fold([second, first], Together())}
    assert set(found) == {Verdict.MIXED, Verdict.ALLOWED}
    assert found[Verdict.MIXED].ports == ((1, 80),)
    assert found[Verdict.ALLOWED].told is known
