"""Coverage in a mesh: what each layer closes by itself, and what all of them leave."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from ringfence import load_objects
from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.model.mesh import Identity
from ringfence.sets.ports import contains_key, describe, port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.coverage import MESH_LAYERS, REQUESTS, TOGETHER, TRANSPORT, Coverage, Side, Status, Surveyor
from ringfence.verdict.ends import Directory
from ringfence.verdict.meshed.asking import MeshedAsker, Question
from ringfence.verdict.meshed.closing import UNNAMED, closing_of
from ringfence.verdict.meshed.reach import OWN, Holder
from ringfence.verdict.openness import Peers
from ringfence.verdict.workloads import Workloads
from ringfence.world import World
from tests.layers.mesh.fake_mesh import FakeMesh
from tests.verdict.meshed.test_grid import NAMES, PORTS, worlds
from tests.verdict.meshed.test_stolen import AMBIENT, EVERYWHERE, SPACE, network, only
from tests.verdict.meshed.test_what_if import istio, pod

WIDE = (Peers.ADDRESS, Peers.NAMESPACE)


def far() -> dict[str, Any]:
    """A pod that nobody named, in a namespace that nobody named."""
    labels = {"proxy": "none", "acceptance": "permissive", "speech": "tcp"}
    metadata = {"name": "stranger", "namespace": "far", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_all_layers_leave_what_single_questions_say(made: tuple[list[dict[str, Any]], FakeMesh]) -> None:
    objects, mesh = made
    # That a pod lets itself in is no matter of others.
    itself = {f"to-{name}-from-{name}" for name in NAMES}
    objects = [one for one in objects if one["metadata"]["name"] not in itself]
    world = load_objects([*objects, far()], cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    # The waypoint is found by its index.
    if mesh.way is not None:
        index = next(number for number, one in enumerate(cluster.pods) if one.name == "way")
        mesh.way = type(mesh.way)("shop", "way", (index,), mesh.way.source)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    directory = Directory(universe, cluster)
    surveyor = Surveyor(relation, Workloads(relation), directory, closing_of(mesh))
    asker = MeshedAsker(Asker(relation, directory), mesh)
    names = [f"{one.namespace}/{one.name}" for one in cluster.pods]

    def passes(source: str, destination: str, port: int, holder: Holder) -> Verdict:
        return _judged(asker, world, source, destination, port, holder)

    fresh = [Holder(False, (Identity(f"spiffe://fake/{name}", "", ""),)) for name in UNNAMED]
    found = {one.name: one.mesh[TOGETHER] for one in surveyor.coverage().workloads}
    for destination, port in product(names, PORTS):
        if destination == "far/stranger":
            continue
        nobody = passes("far/stranger", destination, port, Holder(False))
        strangers = [nobody, *(passes("far/stranger", destination, port, one) for one in fresh)]
        anybody = Verdict.ALLOWED in strangers[:1] or strangers[1:] == [Verdict.ALLOWED] * 2
        named = [passes(one, destination, port, OWN) for one in names if one != destination]
        side, key = found[destination], port_key("TCP", port)
        assert _in(side, key, (Peers.ADDRESS,)) is (nobody is Verdict.ALLOWED), (destination, port)
        assert _in(side, key, WIDE) is anybody, (destination, port)
        everyone = anybody or Verdict.ALLOWED in named
        assert _in(side, key, tuple(Peers)) is everyone, (destination, port)
        if not everyone and Verdict.UNKNOWN in (*strangers, *named):
            assert any(scope.perhaps and contains_key(scope.ports, key) for scope in side.scopes)


def _in(side: Side, key: int, peers: tuple[Peers, ...]) -> bool:
    return any(contains_key(one.ports, key) for one in side.scopes if one.peers in peers and not one.perhaps)


def _judged(asker: MeshedAsker, world: World, source: str, destination: str, port: int, holder: Holder) -> Verdict:
    ends = (asker.asker.directory.find(one) for one in (source, destination))
    flows = asker.asker.flows.between(*ends, world.question(port, "TCP"))
    (flow,) = flows
    question = Question(asker, flow, asker.asker.regions(flow)[0][0], None, 0, None)
    call = question.call()
    assert call is not None
    verdicts: dict[bool, list[Verdict]] = {}
    for course in (course for one in holder.calls(call) for course in one.unbound()):
        says = {fact.endswith("has its proxy") for fact, _ in course.facts}
        for case in says or {True, False}:
            verdicts.setdefault(case, []).append(question.judge(course).verdict)
    if all(Verdict.ALLOWED in said or Verdict.MIXED in said for said in verdicts.values()):
        return Verdict.ALLOWED
    return Verdict.DENIED if all(set(said) == {Verdict.DENIED} for said in verdicts.values()) else Verdict.UNKNOWN


# With Istio.

PLAIN = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}


def covered(*objects: dict[str, Any]) -> Coverage:
    return load_objects([SPACE, AMBIENT, PLAIN, *objects], cni="calico", istio_version="1.29").coverage()


def layers(found: Coverage, name: str = "shop/web") -> dict[str, str]:
    (one,) = (one for one in found.workloads if one.name == name)
    return {layer: one.mesh[layer].status.value for layer in MESH_LAYERS}


def scopes(found: Coverage, layer: str, name: str = "shop/web") -> list[str]:
    (one,) = (one for one in found.workloads if one.name == name)
    return [
        f"{'perhaps ' if scope.perhaps else ''}{scope.peers}: {describe(scope.ports)}"
        for scope in one.mesh[layer].scopes
    ]


ANYBODY = istio("AuthorizationPolicy", "all", {"rules": [{"from": [{"source": {"principals": ["*"]}}]}]})
OF_SHOP = istio("AuthorizationPolicy", "own", {"rules": [{"from": [{"source": {"namespaces": ["shop"]}}]}]})
NOT_ONE = istio(
    "AuthorizationPolicy", "not", {"rules": [{"from": [{"source": {"notPrincipals": ["cluster.local/ns/a/sa/b"]}}]}]}
)
NOBODY = istio("AuthorizationPolicy", "none", {})
BY_PATH = istio("AuthorizationPolicy", "path", {"rules": [{"to": [{"operation": {"paths": ["/health"]}}]}]})


@pytest.mark.parametrize(
    ("objects", "transport", "requests", "together"),
    [
        ([], "open", "open", "open"),
        ([EVERYWHERE], "closed", "open", "open"),
        ([only("web", "db")], "open", "closed", "closed"),
        ([EVERYWHERE, only("web", "db")], "closed", "closed", "closed"),
        # Any identity of the mesh is anybody.
        ([EVERYWHERE, ANYBODY], "closed", "open", "open"),
        ([OF_SHOP], "open", "closed", "closed"),
        ([NOT_ONE], "open", "open", "open"),
        ([NOBODY], "open", "closed", "closed"),
        # Some request of anybody passes.
        ([BY_PATH], "open", "open", "open"),
        # The network closes what the mesh leaves open.
        ([network("web", 8080)], "open", "open", "closed"),
    ],
)
def test_each_layer_by_itself_and_all_of_them(
    objects: list[dict[str, Any]], transport: str, requests: str, together: str
) -> None:
    found = covered(pod("web"), pod("db"), *objects)
    assert layers(found) == {TRANSPORT: transport, REQUESTS: requests, TOGETHER: together}


@pytest.mark.parametrize("pattern", [f"*{UNNAMED[0][-3:]}", f"*{UNNAMED[1][-3:]}"])
def test_a_name_that_happens_to_match_is_not_anybody(pattern: str) -> None:
    chance = istio("AuthorizationPolicy", "chance", {"rules": [{"from": [{"source": {"principals": [pattern]}}]}]})
    assert layers(covered(pod("web"), chance))[REQUESTS] == "closed"


def test_scopes_say_how_tightly() -> None:
    found = covered(pod("web"), pod("db"), EVERYWHERE, only("web", "db"), network("web", 8080))
    # Ports that the proxy does not take are open to all.
    assert scopes(found, TRANSPORT) == [
        "no identity: TCP 15008, 15020-15021, 15090",
        "any identity: TCP 1-15007, 15009-15019, 15022-15089, 15091-65535",
    ]
    assert scopes(found, REQUESTS) == [
        "no identity: TCP 15008, 15020-15021, 15090",
        "named identities: TCP 1-15007, 15009-15019, 15022-15089, 15091-65535",
    ]
    assert scopes(found, TOGETHER) == ["named peers: TCP 8080"]
    own = covered(pod("web"), OF_SHOP)
    assert "own namespace's identities: TCP 1-15007, 15009-15019, 15022-15089, 15091-65535" in scopes(own, REQUESTS)


def test_ztunnel_closes_only_through_the_network_that_admits_its_tunnel() -> None:
    objects = [pod("vault", "calm"), EVERYWHERE]
    assert layers(covered(*objects), "calm/vault")[TOGETHER] == "open"
    closed = covered(*objects, network("vault", 8080, namespace="calm"))
    assert scopes(closed, TOGETHER, "calm/vault") == []
    through = covered(*objects, network("vault", 15008, namespace="calm"))
    assert layers(through, "calm/vault")[TOGETHER] == "open"


def test_what_no_proxy_takes_is_not_enforced_by_the_mesh() -> None:
    found = covered(pod("web", "plain"), EVERYWHERE)
    assert layers(found, "plain/web") == {TRANSPORT: "unenforced", REQUESTS: "unenforced", TOGETHER: "open"}


def test_what_the_mesh_does_not_see_is_counted() -> None:
    found = covered(pod("web"), EVERYWHERE, only("web", "db"))
    assert found.beyond_the_mesh == 1
    assert "any address: UDP any, SCTP any" in [
        one.replace("TCP 15008, 15020-15021, 15090, ", "") for one in scopes(found, TOGETHER)
    ]
    (one,) = found.workloads
    assert one.sides[next(iter(one.sides))].status is Status.OPEN


def test_without_a_mesh_there_are_no_other_layers() -> None:
    found = load_objects([pod("web")], cni="calico").coverage()
    assert not found.meshed
    assert not found.workloads[0].mesh
