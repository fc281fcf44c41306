"""Pods that do not exist yet, in a mesh: what they reach with the labels and the account that somebody chooses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from ringfence import load_objects
from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.model.mesh import Identity
from ringfence.model.policy import Direction
from ringfence.sets.ports import describe, port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory
from ringfence.verdict.exposure import Exposure, Origin
from ringfence.verdict.label_prices import ANY_OWN, Prices
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.new_pods import MeshedNewPods
from ringfence.verdict.meshed.reach import Holder, Reading
from ringfence.verdict.spreading import Spreader, Step
from ringfence.world import World
from tests.layers.mesh.fake_mesh import FakeMesh
from tests.verdict.meshed.test_closing import _judged
from tests.verdict.meshed.test_grid import NAMES, PORTS, worlds
from tests.verdict.meshed.test_stolen import AMBIENT, EVERYWHERE, SPACE, network, only
from tests.verdict.meshed.test_what_if import istio, pod

REST = {"proxy": "none", "acceptance": "permissive", "speech": "http"}


def as_itself(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every pod under an account of its own name."""
    return [
        {**one, "spec": {**one["spec"], "serviceAccountName": one["metadata"]["name"]}} if one["kind"] == "Pod" else one
        for one in objects
    ]


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_new_pods_get_what_pods_of_their_labels_get(made: tuple[list[dict[str, Any]], FakeMesh]) -> None:
    objects, mesh = made
    choices = [f"app={name}" for name in NAMES] + ["app=other"]
    # The same labels in the flesh, to ask single questions about.
    real = []
    for words in choices:
        name = words.replace("=", "-")
        metadata = {"name": name, "namespace": "shop", "labels": {**REST, "app": words.partition("=")[2]}}
        real.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"serviceAccountName": "a"}})
    world = load_objects([*as_itself(objects), *real], cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    if mesh.way is not None:
        index = next(number for number, one in enumerate(cluster.pods) if one.name == "way")
        mesh.way = type(mesh.way)("shop", "way", (index,), mesh.way.source)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
    grid = MeshedGrid(relation, mesh, Reading.UNBOUND)
    spreader = Spreader(relation, grid)
    holder = Holder(False, tuple(Identity(f"spiffe://fake/{name}", "", "") for name in (*NAMES, "default")))
    new = MeshedNewPods(grid.makers(), Direction.INGRESS, ("shop",))
    prices = Prices(new, grid.makers())
    rest = ",".join(f"{key}={value}" for key, value in REST.items())
    steps = {
        words: spreader.first_steps(asker.asker.directory.find(f"{words},{rest}@shop").members[0].end)
        for words in choices
    }
    for name in NAMES:
        column = universe.class_of_pod[next(number for number, one in enumerate(cluster.pods) if one.name == name)]
        sure = possible = 0
        for mask, some, perhaps in new.reached(column):
            assert mask == 1
            sure, possible = some, relation.ports.union(some, perhaps)
        bought = prices.of(1 << column, 0)
        for port in PORTS:
            key = port_key("TCP", port)
            found = set()
            for words in choices:
                wanted = _judged(asker, world, f"shop/{words.replace('=', '-')}", f"shop/{name}", port, holder)
                told = _said(relation, steps[words].get(column), key)
                assert told is wanted, (words, name, port, told, wanted)
                found.add(wanted)
            assert relation.ports.contains(sure, key) is (Verdict.ALLOWED in found), (name, port)
            assert relation.ports.contains(possible, key) is (found != {Verdict.DENIED}), (name, port)
            paid = [one for one in bought if relation.ports.contains(one.sure, key)]
            assert bool(paid) is (Verdict.ALLOWED in found), (name, port)


def _said(relation: Relation, step: Step | None, key: int) -> Verdict:
    if step is not None and relation.ports.contains(step.sure, key):
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if step is not None and relation.ports.contains(step.perhaps, key) else Verdict.DENIED


# With Istio.


def cluster(*more: dict[str, Any]) -> World:
    return load_objects([SPACE, AMBIENT, EVERYWHERE, *more], cni="calico", istio_version="1.29")


def where(found: Exposure, workload: str) -> dict[str, str]:
    """The places of new pods that reach a workload, with the ports."""
    return {
        peer: describe(row.ports)
        for row in found.rows
        if row.origin is Origin.NEW_PODS and row.direction is Direction.INGRESS and workload in row.workloads
        for peer in row.peers
    }


def prices(found: Exposure) -> set[tuple[str, tuple[tuple[str, str], ...] | None, str, str]]:
    return {(place, one.labels, describe(one.ports), one.identity) for one in found.prices for place in one.namespaces}


def test_a_maker_of_pods_takes_any_account_of_the_namespace() -> None:
    world = cluster(pod("web"), pod("orders"), pod("other", "calm"), only("orders", "web"), network("orders", 8080))
    found = world.exposure(["shop/orders"])
    assert where(found, "shop/orders") == {"shop": "TCP 8080"}
    assert prices(found) == {("shop", (), "TCP 8080", "spiffe://cluster.local/ns/shop/sa/web")}


def test_labels_and_account_are_both_needed() -> None:
    closed = network("orders", 8080, source="web")
    found = cluster(pod("web"), pod("orders"), only("orders", "web"), closed).exposure(["shop/orders"])
    assert prices(found) == {
        ("shop", (("app", "web"),), "TCP 8080", "spiffe://cluster.local/ns/shop/sa/web"),
    }


def test_any_account_is_one_price_in_every_namespace() -> None:
    found = cluster(pod("web"), pod("other", "calm"), network("web", 8080)).exposure(["shop/web"])
    assert {one[0] for one in prices(found)} == {"calm", "istio-system", "shop", "a new namespace"}
    assert {one[1:] for one in prices(found)} == {((), "TCP 8080", ANY_OWN)}


def test_what_asks_for_nobody_takes_no_account() -> None:
    permissive = istio("PeerAuthentication", "open", {"mtls": {"mode": "PERMISSIVE"}})
    found = cluster(pod("web"), permissive, network("web", 8080)).exposure(["shop/web"])
    assert {one[3] for one in prices(found)} == {""}


def rule(**source: list[str]) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "rules": [{"from": [{"source": source}]}]}
    return istio("AuthorizationPolicy", "web", spec)


@pytest.mark.parametrize(
    ("source", "places"),
    [
        # Who makes a namespace names its accounts, and the namespace.
        ({"principals": ["*/sa/admin"]}, {"a new namespace"}),
        ({"namespaces": ["prod-*"]}, {"a new namespace"}),
        ({"principals": ["cluster.local/ns/elsewhere/sa/x"]}, {"a new namespace"}),
        # What is there already is not made again.
        ({"principals": ["cluster.local/ns/calm/sa/gone"]}, set()),
        ({"namespaces": ["calm"]}, {"calm"}),
        ({"notNamespaces": ["calm"]}, {"shop", "istio-system", "a new namespace"}),
        ({"principals": ["other.example/ns/a/sa/b"]}, set()),
    ],
)
def test_new_namespaces_are_named_by_their_maker(source: dict[str, list[str]], places: set[str]) -> None:
    world = cluster(pod("web"), rule(**source), network("web", 8080))
    assert where(world.exposure(), "shop/web").keys() == places


def test_ztunnel_is_reached_through_its_tunnel() -> None:
    for port, reached in ((8080, False), (15008, True)):
        world = cluster(pod("vault", "calm"), network("vault", port, namespace="calm"))
        assert bool(where(world.exposure(), "calm/vault")) is reached


def test_a_start_that_does_not_exist_shows_the_accounts_of_its_namespace() -> None:
    world = cluster(pod("web"), pod("orders"), only("orders", "web"), network("orders", 8080), network("web"))
    found = world.blast_radius("app=any@shop")
    (entry,) = (one for one in found.fallen if one.name == "shop/orders")
    assert (entry.depth, describe(entry.hop.ports)) == (1, "TCP 8080")
    assert entry.hop.because is not None
    assert entry.hop.because.layered is not None
    assert entry.hop.because.layered.identity == "spiffe://cluster.local/ns/shop/sa/web"
    assert "shop/orders" not in {one.name for one in world.blast_radius("app=any@calm").fallen}


def test_what_is_sent_to_a_new_pod_is_the_networks_alone() -> None:
    found = cluster(pod("web")).exposure()
    rows = [row for row in found.rows if row.origin is Origin.NEW_PODS and row.direction is Direction.EGRESS]
    assert {describe(row.ports) for row in rows if "shop/web" in row.workloads} == {"any port"}
