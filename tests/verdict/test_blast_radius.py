"""Blast radius: what is reached, step by step; the shortest ways; the cheapest cut and its edits."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.layers.network.columns import columns_of
from ringfence.loading import load as load_files
from ringfence.sets.ports import describe
from ringfence.verdict.answers import Verdict
from ringfence.verdict.blast_radius import BlastRadius
from ringfence.verdict.ends import EndError
from ringfence.verdict.grid import Grid
from ringfence.verdict.max_flow import minimum_cut
from ringfence.verdict.spreading import Passage, Spreader
from ringfence.world import World
from tests.model.objects import (
    Object,
    block,
    cilium_policy,
    controller,
    namespace,
    network_policy,
    node,
    pod,
    pods_peer,
    service,
    tcp,
    world,
)
from tests.properties.clusters import scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=25, phases=[Phase.explicit, Phase.generate])
RANDOMS = st.randoms(use_true_random=False)


def step(source: str, destination: str, *ports: int) -> Object:
    """Lets one pod in to another."""
    name = f"shop/{source}-{destination}"
    return network_policy(
        name, {"app": destination}, ingress=[{"from": [pods_peer({"app": source})], "ports": tcp(*ports)}]
    )


def owner(kind: str, name: str) -> Object:
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": True}


def chain(*more: Object, labels: dict[str, str] | None = None, **options: Any) -> World:
    """a → b → c → d, and a → x → c."""
    pods = [pod(f"shop/{name}", {"app": name, **((labels or {}) if name == "d" else {})}) for name in "abcdx"]
    closed = network_policy("shop/deny", ingress=[])
    steps = [step("a", "b", 1), step("b", "c", 2), step("c", "d", 3), step("a", "x", 4), step("x", "c", 5)]
    return world(namespace("shop"), *pods, closed, *steps, *more, **options)


def tree(found: BlastRadius) -> list[tuple[int, str, str]]:
    return [(entry.depth, entry.name, describe(entry.hop.ports)) for entry in found.fallen]


def workloads(found: BlastRadius) -> dict[str, tuple[int, bool]]:
    return {entry.name: (entry.depth, entry.possibly) for entry in found.fallen if entry.name.startswith("shop/")}


def test_everything_is_reached_once_the_shortest_way() -> None:
    found = chain().blast_radius("shop/a")
    assert [line for line in tree(found) if line[1].startswith("shop/")] == [
        (1, "shop/b", "TCP 1"), (2, "shop/c", "TCP 2"), (3, "shop/d", "TCP 3"), (1, "shop/x", "TCP 4"),
    ]  # fmt: skip
    assert [entry.parent for entry in found.fallen][:3] == [None, 0, 1]
    assert (found.counts["direct"], found.counts["reached"], found.total) == (2, 4, 4)


def test_a_step_says_what_allows_it() -> None:
    first = chain().blast_radius("shop/a").fallen[0]
    assert first.hop.because is not None
    assert [one.name for one in first.hop.because.decided_by] == ["a-b"]


def test_steps_that_are_not_decided_count_and_are_told_apart() -> None:
    blind = chain(namespace("far"), pod("far/y"), cilium_policy("far/p"))
    found = blind.blast_radius("shop/a")
    entry = next(one for one in found.fallen if one.name == "far/y")
    assert (entry.depth, entry.possibly, entry.hop.verdict) == (1, True, Verdict.UNKNOWN)
    assert found.counts["possibly"] == 1
    assert not workloads(found)["shop/d"][1]


def test_a_sure_way_goes_before_a_shorter_one_that_is_only_possible() -> None:
    rule = {"from": [block("10.0.0.0/8")], "ports": tcp(9)}
    maybe = network_policy("shop/maybe", {"app": "d"}, ingress=[rule])
    found = chain(maybe, pod_cidrs="10.0.0.0/8").blast_radius("shop/a", ["shop/d"])
    assert workloads(found)["shop/d"] == (3, False)
    assert [len(way.hops) for way in found.ways] == [3, 3]


def test_starts_outside_and_from_a_pod_that_does_not_exist() -> None:
    opened = network_policy("shop/front", {"app": "a"}, ingress=[{"ports": tcp(443)}])
    made = chain(opened)
    internet = made.blast_radius("internet")
    assert workloads(internet) == {
        f"shop/{name}": (depth, False) for name, depth in zip("abxcd", (1, 2, 2, 3, 4), strict=True)
    }
    assert internet.notes
    stranger = made.blast_radius("app=c@shop")
    assert workloads(stranger)["shop/d"] == (1, False)
    assert made.blast_radius("app=c@shop").fallen[0].hop.because is not None


def test_what_cannot_start_is_an_error() -> None:
    with pytest.raises(EndError):
        chain().blast_radius("shop/nobody")


@pytest.mark.parametrize("value", ["high", "none"])
def test_what_is_sensitive_says_so_itself(value: str) -> None:
    found = chain(labels={"ringfence.dev/sensitivity": value}).blast_radius("shop/a")
    assert found.targets == (("shop/d",) if value == "high" else ())
    assert found.path_to_target is (value == "high")


@pytest.mark.parametrize("place", ["object", "template", "pod"])
@pytest.mark.parametrize("kind", ["annotations", "labels"])
def test_an_annotation_says_it_too(place: str, kind: str, tmp_path: Path) -> None:
    said = {kind: {"ringfence.dev/sensitivity": "high"}}
    deployment = controller("Deployment", "shop/vault")
    lone = pod("shop/lone")
    owner = {"object": deployment, "template": deployment["spec"]["template"], "pod": lone}[place]
    owner["metadata"] = {**owner["metadata"], **said}
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump_all([deployment, lone, pod("shop/a")]))
    found = load_files(str(file)).blast_radius("shop/a", edits=False)
    assert found.targets == (("shop/lone",) if place == "pod" else ("shop/vault",))


@pytest.mark.parametrize("value", ["high", "none", 7])
@pytest.mark.parametrize("how", ["json", "yaml", "objects", "snapshot"])
def test_pods_of_a_dump_are_asked_for_that_annotation(how: str, value: Any, tmp_path: Path) -> None:
    vault = pod("shop/vault-1", {"app": "vault"})
    annotations = {"ringfence.dev/sensitivity": value, "other": "x"}
    vault["metadata"] |= {"annotations": annotations, "ownerReferences": [owner("ReplicaSet", "vault")]}
    objects = [vault, pod("shop/a")]
    file = tmp_path / f"dump.{'yaml' if how == 'yaml' else 'json'}"
    listing = {"apiVersion": "v1", "kind": "List", "items": objects}
    file.write_text(yaml.safe_dump(listing) if how == "yaml" else json.dumps(listing))
    read = world(*objects) if how == "objects" else load_files(str(file))
    if how == "snapshot":
        file = tmp_path / "world.json.gz"
        file.write_bytes(read.snapshot())
        read = load_files(str(file))
    found = read.blast_radius("shop/a", edits=False)
    assert found.targets == (("shop/vault",) if value == "high" else ())


def test_the_shortest_ways_are_all_there_and_counted() -> None:
    found = chain().paths("shop/a", "shop/c")
    assert [[hop.source for hop in way.hops] + [way.hops[-1].destination] for way in found.ways] == [
        ["shop/a", "shop/b", "shop/c"], ["shop/a", "shop/x", "shop/c"],
    ]  # fmt: skip
    limited = chain().paths("shop/a", "shop/c", limit=1)
    assert (len(limited.ways), limited.left_out) == (1, 1)
    assert chain().paths("shop/d", "shop/a").ways == ()


def test_the_cut_is_the_cheapest_and_its_edits_leave_no_way() -> None:
    made = chain()
    cut = made.blast_radius("shop/a", ["shop/d"]).cut
    assert cut is not None
    assert [(one.hop.source, one.hop.destination, one.flows) for one in cut.steps] == [("shop/c", "shop/d", 1)]
    assert (cut.weight, cut.verified) == (1, True)
    edit = cut.steps[0].edit
    assert edit is not None
    assert edit.also_changes == ()
    assert made.what_if(add=[edit.manifest]).paths("shop/a", "shop/d").ways == ()  # type: ignore[list-item]


def test_an_edit_of_the_cut_closes_every_port_of_its_step() -> None:
    more = network_policy("shop/more", {"app": "b"}, ingress=[{"from": [pods_peer({"app": "a"})], "ports": tcp(9)}])
    made = chain(more)
    cut = made.blast_radius("shop/a", ["shop/b"]).cut
    assert cut is not None
    (one,) = cut.steps
    assert (describe(one.hop.ports), one.flows, cut.verified) == ("TCP 1, 9", 2, True)
    assert one.edit is not None
    assert made.what_if(add=[one.edit.manifest]).can("shop/a", "shop/b").verdict == "denied"  # type: ignore[list-item]


def test_a_step_weighs_what_would_be_lost() -> None:
    wide = {"from": [pods_peer({"app": "b"})], "ports": [{"protocol": "TCP", "port": 1, "endPort": 5}]}
    made = world(
        namespace("shop"), *(pod(f"shop/{name}", {"app": name}) for name in "abd"),
        network_policy("shop/deny", ingress=[]), step("a", "b", 7),
        network_policy("shop/wide", {"app": "d"}, ingress=[wide]),
    )  # fmt: skip
    cut = made.blast_radius("shop/a", ["shop/d"]).cut
    assert cut is not None
    assert [(one.hop.source, one.hop.destination) for one in cut.steps] == [("shop/a", "shop/b")]
    assert cut.weight == 1


def test_a_step_that_no_policy_can_cut_is_not_in_the_cut() -> None:
    """The node of a pod always reaches it; so the step that leads to the node is cut, though it weighs more."""
    made = world(
        namespace("shop"), node("n1", "192.168.0.1"), node("n2", "192.168.0.2"),
        pod("shop/a", {"app": "a"}, node="n2"), pod("shop/d", {"app": "d"}, node="n1"),
        pod("shop/agent", {"app": "agent"}, node="n1", host=True),
        network_policy("shop/deny", ingress=[]), cni="calico",
    )  # fmt: skip
    cut = made.blast_radius("shop/a", ["shop/d"]).cut
    assert cut is not None
    assert [(one.hop.source, one.hop.destination) for one in cut.steps] == [("shop/a", "shop/agent")]
    # From the node itself there is none to cut.
    none = made.blast_radius("node/n1", ["shop/d"]).cut
    assert none is not None
    assert (none.steps, [(hop.source, hop.destination) for hop in none.uncuttable]) == ((), [("node/n1", "shop/d")])


def test_a_plugin_that_enforces_nothing_has_no_cut() -> None:
    cut = chain(cni="flannel").blast_radius("shop/a", ["shop/d"]).cut
    assert cut is not None
    assert not cut.steps
    assert [hop.destination for hop in cut.uncuttable] == ["shop/d"]


def test_a_limit_says_what_it_cuts_off() -> None:
    whole = chain().blast_radius("shop/a")
    cut = chain().blast_radius("shop/a", limit=2)
    assert (len(cut.fallen), cut.left_out) == (2, len(whole.fallen) - 2)


def test_a_way_through_something_else_is_a_step() -> None:
    made = world(namespace("shop"), pod("shop/a"), pod("shop/b"), network_policy("shop/deny", ingress=[]))
    universe = made.relation.universe
    classes = 1 << universe.class_of_pod[0]
    outside = universe.everything >> universe.outside << universe.outside
    spreader = Spreader(made.relation, made.grid, [Passage(outside, classes, made.relation.ports.number([(80, 80)]))])
    found = spreader.spread(outside)
    assert found[universe.class_of_pod[0]].depth == 1


NGINX = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
BEHIND = [network_policy("shop/api", {"app": "api"}, ingress=[{"from": [pods_peer(NGINX, {})], "ports": tcp(80)}])]


def edge(*objects: Object, **options: Any) -> World:
    """An Ingress to shop/api, which lets in pods of ingress-nginx only; shop/lone has no policy and no way in."""
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "site", "namespace": "shop"},
        "spec": {"ingressClassName": "nginx", "defaultBackend": backend},
    }
    return world(
        namespace("shop"), namespace("web"), pod("shop/api", {"app": "api"}), pod("shop/lone", {"app": "lone"}),
        service("shop/api", {"app": "api"}, {"port": 80}), ingress, *BEHIND, *objects, **options,
    )  # fmt: skip


def test_from_the_internet_the_steps_go_by_the_ways_in() -> None:
    nginx = pod("web/nginx", NGINX)
    front = service("web/nginx", NGINX, {"port": 443}, type="LoadBalancer")
    found = edge(nginx, front).blast_radius("internet", ["shop/api"])
    assert workloads(found) == {"shop/api": (2, False), "shop/lone": (2, False)}
    first = next(entry.hop for entry in found.fallen if entry.name == "web/nginx")
    assert [way.openings[0].how for way in first.ways] == ["load-balancer", "node-port"]
    assert [(hop.source, hop.destination) for hop in found.ways[0].hops] == [
        ("internet", "web/nginx"), ("web/nginx", "shop/api"),
    ]  # fmt: skip
    assert found.notes == ()
    assert found.cut is not None
    assert [(one.hop.source, one.hop.destination) for one in found.cut.steps] == [("internet", "web/nginx")]


def test_what_policy_lets_in_and_no_way_leads_to_is_counted() -> None:
    front = service("shop/api", {"app": "api"}, {"port": 80}, type="NodePort")
    opened = network_policy("shop/open", {"app": "api"}, ingress=[{}])
    found = edge(front, opened, pod("web/far"), network_policy("shop/shut", {"app": "api"}, egress=[])).blast_radius(
        "internet"
    )
    assert workloads(found) == {"shop/api": (1, False)}
    assert len(found.notes) == 1
    assert "to 2 more workloads, to which no way of the input leads" in found.notes[0]


def test_a_controller_that_the_input_lacks_is_a_step_too() -> None:
    """Whoever reaches it reaches what is behind it: the internet, and pods that may send to it."""
    shut = network_policy("shop/shut", {"app": "lone"}, egress=[])
    made = edge(pod("web/open"), shut)
    assert workloads(made.blast_radius("internet"))["shop/api"] == (1, True)
    assert workloads(made.blast_radius("web/open"))["shop/api"] == (1, True)
    assert workloads(made.blast_radius("shop/lone")) == {}
    text = ",".join(f"{key}={value}" for key, value in NGINX.items())
    told = made.blast_radius("internet", controller=f"{text}@web")
    assert workloads(told)["shop/api"] == (1, False)
    hop = made.paths("web/open", "shop/api").ways[0].hops[0]
    assert [way.openings[0].text for way in hop.ways] == ["Ingress shop/site"]
    assert hop.because is None


def test_a_pod_that_does_not_exist_may_send_to_it_too_and_the_cut_is_behind_it() -> None:
    made = edge(pod("web/open"))
    stranger = made.blast_radius("app=x@web", ["shop/api"])
    assert workloads(stranger)["shop/api"] == (1, True)
    assert [way.openings[0].name for way in stranger.ways[0].hops[0].ways] == ["site"]
    cut = made.blast_radius("web/open", ["shop/api"]).cut
    assert cut is not None
    assert [(one.hop.source, one.hop.destination) for one in cut.steps] == [
        ("an ingress controller (not in the input)", "shop/api")
    ]


def test_an_edit_of_a_way_in_closes_the_way_in() -> None:
    front = service("shop/api", {"app": "api"}, {"port": 80}, type="NodePort", externalTrafficPolicy="Local")
    opened = network_policy("shop/open", {"app": "api"}, ingress=[{"from": [block("0.0.0.0/0")], "ports": tcp(80)}])
    made = edge(front, opened, pod_cidrs="10.0.0.0/8", cni="kindnet")
    found = made.blast_radius("internet", ["shop/api"], controller="app=nobody@web")
    assert found.cut is not None
    (step,) = found.cut.steps
    assert (step.hop.source, step.hop.destination, found.cut.verified) == ("internet", "shop/api", True)
    assert step.edit is not None
    after = made.what_if(add=[step.edit.manifest])  # type: ignore[list-item]
    assert after.blast_radius("internet", ["shop/api"], controller="app=nobody@web").ways == ()


def naive(engine: World, start: str) -> dict[str, int]:
    """Distances of classes, over every step that is not denied."""
    grid = Grid(engine.relation)
    table = engine.relation.ports
    universe = engine.relation.universe
    edges: dict[int, int] = {}
    for destination in range(universe.pods):
        for mask, result in grid.column(destination, grid.pods):
            if table.union(result.some, result.unknown):
                for source in columns_of(mask):
                    edges[source] = edges.get(source, 0) | 1 << destination
    begin = engine.lister.workloads.masks[engine.lister.workloads.texts.index(start)]
    found = dict.fromkeys(columns_of(begin), 0)
    frontier = list(found)
    while frontier:
        coming = [column for source in frontier for column in columns_of(edges.get(source, 0)) if column not in found]
        depth = found[frontier[0]] + 1
        frontier = list(dict.fromkeys(coming))
        found.update(dict.fromkeys(frontier, depth))
    return {str(column): depth for column, depth in found.items() if depth}


@SLOW
@given(RANDOMS)
def test_what_is_reached_is_the_closure_of_the_steps(random: Random) -> None:
    made = scenario(random)
    engine: World = load(made.objects, made.given)
    if not engine.cluster.pods:
        return
    start = random.choice(engine.lister.workloads.texts)
    spreader = Spreader(engine.relation, engine.grid)
    begin = engine.lister.workloads.masks[engine.lister.workloads.texts.index(start)]
    found = spreader.spread(begin)
    pods = {str(column): one.depth for column, one in found.items() if column < engine.relation.universe.pods}
    expected = naive(engine, start)
    assert set(pods) == set(expected)
    assert all(pods[name] >= depth for name, depth in expected.items())


@SLOW
@given(RANDOMS)
def test_a_reached_pod_is_one_step_from_its_parent(random: Random) -> None:
    made = scenario(random)
    engine: World = load(made.objects, made.given)
    if not engine.cluster.pods:
        return
    text = random.choice(engine.lister.workloads.texts)
    for entry in engine.blast_radius(text).fallen:
        if entry.hop.because is not None and entry.hop.verdict is Verdict.ALLOWED:
            assert entry.hop.because.verdict in (Verdict.ALLOWED, Verdict.MIXED)


def test_addresses_of_pods_are_not_outside() -> None:
    out = network_policy(
        "shop/out", {"app": "a"}, egress=[{"to": [block("10.0.0.2/32")]}, {"to": [block("10.9.0.0/16")]}]
    )
    made = world(
        namespace("shop"), pod("shop/a", {"app": "a"}, ips=("10.0.0.1",)), pod("shop/b", ips=("10.0.0.2",)), out
    )
    found = made.blast_radius("shop/a")
    assert [one.name for one in found.fallen if not one.possibly] == ["10.9.0.0/16"]
    assert "shop/b" in [one.name for one in found.fallen]
    assert found.counts["outside"] == sum(one.name[0].isdigit() for one in found.fallen)


@given(st.randoms(use_true_random=False))
def test_a_minimum_cut_is_the_cheapest_of_all_cuts(random: Random) -> None:
    nodes = random.randint(2, 6)
    edges = [
        (left, right, random.randint(0, 9))
        for left in range(nodes)
        for right in range(nodes)
        if left != right and random.random() < 0.5
    ]
    weight, chosen = minimum_cut(nodes, edges, 0, 1)
    sides = ({0, *side} for size in range(nodes - 1) for side in combinations(range(2, nodes), size))
    cheapest = min(sum(edge[2] for edge in edges if edge[0] in side and edge[1] not in side) for side in sides)
    assert weight == cheapest == sum(edges[number][2] for number in chosen)
    rest = [edge for number, edge in enumerate(edges) if number not in chosen and edge[2]]
    reached, grown = {0}, True
    while grown:
        more = {edge[1] for edge in rest if edge[0] in reached} - reached
        reached |= more
        grown = bool(more)
    assert 1 not in reached
