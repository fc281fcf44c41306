"""The relation of all layers is what single questions say, pair by pair and port by port."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.loading import load_objects
from ringfence.model.mesh import (
    PATH,
    PEER_ADDRESS,
    PEER_IDENTITY,
    PORT,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Waypoint,
)
from ringfence.sets.addresses import address
from ringfence.sets.languages.patterns import Exact, Numbers, Prefix, Present
from ringfence.sets.ports import port_key
from ringfence.sets.requests.formulas import AllOf, Formula, Not, Predicate
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory
from ringfence.verdict.meshed.asking import MeshedAsker, Question
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Reading
from tests.layers.mesh.fake_mesh import PLACE, FakeMesh, object_of
from tests.verdict.meshed.test_asking import only_from, pod, service

NAMES = ("a", "b", "c", "way")
PORTS = (8080, 9090, 15008, 1234)

predicates = st.one_of(
    st.sampled_from(NAMES).map(lambda name: Predicate(PEER_IDENTITY, Exact(f"spiffe://fake/{name}"))),
    st.just(Predicate(PEER_IDENTITY, Present())),
    st.sampled_from(("/a", "/b")).map(lambda text: Predicate(PATH, Prefix(text))),
    st.sampled_from(PORTS[:2]).map(lambda port: Predicate(PORT, Numbers.of(port))),
)
formulas: st.SearchStrategy[Formula] = st.lists(predicates | predicates.map(Not), max_size=2).map(
    lambda parts: AllOf(tuple(parts))
)
policies = st.builds(
    lambda action, rules: RequestPolicy(
        "Policy", "shop", "one", action, tuple(RequestRule(n, rule, PLACE) for n, rule in enumerate(rules)), PLACE
    ),
    st.sampled_from((RequestAction.ALLOW, RequestAction.DENY)),
    st.lists(formulas, max_size=2),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], FakeMesh]:
    kinds = {name: draw(st.sampled_from(("none", "sidecar", "node"))) if name != "way" else "node" for name in NAMES}
    objects = [
        pod(
            name,
            kinds[name],
            draw(st.sampled_from(("strict", "permissive"))),
            draw(st.sampled_from(("http", "tcp"))),
        )
        for name in NAMES
    ]
    for source, destination in draw(
        st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=3, unique=True)
    ):
        objects.append(
            only_from(destination, source, *draw(st.lists(st.sampled_from(PORTS[:3]), min_size=1, unique=True)))
        )
    objects += [service(name) for name in draw(st.lists(st.sampled_from(NAMES[:3]), max_size=2, unique=True))]
    mesh = FakeMesh(
        rules_of=RequestRules(tuple(draw(st.lists(policies, max_size=2)))),
        open_proxy=frozenset(draw(st.sampled_from(((), ("a",))))),
        excluded=draw(st.sampled_from(((), ((9090, 9090),), ((80, 80),)))),
        special_ports=(8080, 9090, 15008),
    )
    if draw(st.booleans()):
        mesh.way = Waypoint("shop", "way", (3,), object_of("Gateway", "way"))
    return objects, mesh


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_the_grid_says_what_questions_say(made: tuple[list[dict[str, Any]], FakeMesh]) -> None:
    objects, mesh = made
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
    grid = MeshedGrid(relation, mesh, Reading.CONFIGURED)
    for destination in range(universe.pods):
        found = dict.fromkeys(product(range(universe.pods), PORTS), Verdict.DENIED)
        for sources, result in grid.column(destination):
            for source, port in product(range(universe.pods), PORTS):
                if sources >> source & 1:
                    found[source, port] = _verdict(relation, result, port)
        for (source, port), verdict in found.items():
            left, right = (f"shop/{cluster.pods[universe.members[column][0]].name}" for column in (source, destination))
            if left == right:
                continue
            asked = asker.can(world.target(left), world.target(right), world.question(port, "TCP"), None).verdict
            # Some requests that pass are enough for a list of connections.
            wanted = Verdict.ALLOWED if asked is Verdict.MIXED else asked
            assert verdict is wanted, (left, right, port)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_who_controls_a_pod_gets_what_any_form_of_a_connection_gets(
    made: tuple[list[dict[str, Any]], FakeMesh],
) -> None:
    objects, mesh = made
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
    grid = MeshedGrid(relation, mesh, Reading.UNBOUND)
    for destination, source in product(range(universe.pods), repeat=2):
        if source == destination:
            continue
        (result,) = (one for sources, one in grid.column(destination) if sources >> source & 1)
        left, right = (f"shop/{cluster.pods[universe.members[column][0]].name}" for column in (source, destination))
        for port in PORTS:
            (flow,) = asker.asker.flows.between(world.target(left), world.target(right), world.question(port, "TCP"))
            question = Question(asker, flow, asker.asker.regions(flow)[0][0], None, 0, None)
            call = question.call()
            assert call is not None
            verdicts: dict[bool, list[Verdict]] = {}
            for course in call.unbound():
                says = {fact.endswith("has its proxy") for fact, _ in course.facts}
                assert len(says) < 2
                for case in says or {True, False}:
                    verdicts.setdefault(case, []).append(question.judge(course).verdict)
            sure = all(_passes(found) for found in verdicts.values())
            denied = all(set(found) == {Verdict.DENIED} for found in verdicts.values())
            wanted = Verdict.ALLOWED if sure else Verdict.DENIED if denied else Verdict.UNKNOWN
            assert _verdict(relation, result, port) is wanted, (left, right, port)


def test_sources_of_unknown_addresses_are_not_taken_for_others() -> None:
    formula = Predicate(PEER_ADDRESS, Numbers(((address("10.0.0.1"), address("10.0.0.1")),)))
    rule = RequestRule(0, Not(formula), PLACE)
    policy = RequestPolicy("Policy", "shop", "one", RequestAction.ALLOW, (rule,), PLACE)
    objects = [pod("a", ip="10.0.0.1"), pod("b", ip="10.0.0.2"), pod("c"), pod("way", "sidecar")]
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh = FakeMesh(pods=list(cluster.pods), rules_of=RequestRules((policy,)))
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    grid = MeshedGrid(relation, mesh, Reading.CONFIGURED)
    column = universe.class_of_pod[3]
    found = {}
    for index, name in enumerate(("a", "b", "c")):
        bit = 1 << universe.class_of_pod[index]
        (result,) = (one for sources, one in grid.column(column) if sources & bit)
        found[name] = _verdict(relation, result, 8080)
    assert found == {"a": Verdict.DENIED, "b": Verdict.ALLOWED, "c": Verdict.UNKNOWN}


def _passes(verdicts: list[Verdict]) -> bool:
    return Verdict.ALLOWED in verdicts or Verdict.MIXED in verdicts


def _verdict(relation: Relation, result: Any, port: int) -> Verdict:
    key = port_key("TCP", port)
    if relation.ports.contains(result.allowed, key):
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if relation.ports.contains(result.unknown, key) else Verdict.DENIED
