"""Lists of connections: levels, filters, limits, and the count of all flows."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.model.cluster import Pod
from ringfence.sets.ports import EVERYTHING, canonical, describe, size, subtract
from ringfence.verdict.answers import Connections, Verdict
from ringfence.verdict.grid import node_ports
from ringfence.world import EndError, World
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

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=30, phases=[Phase.explicit, Phase.generate])
WEB, DB, API = {"app": "web"}, {"app": "db"}, {"app": "api"}
CLOSED = [network_policy(f"{space}/deny", ingress=[], egress=[]) for space in ("shop", "home")]

Line = tuple[str, str, str]


def shop(*objects: Object, **options: Any) -> World:
    """Two namespaces, all closed but what is added."""
    replicas = [pod(f"shop/api-{number}", API, owner="ReplicaSet/api") for number in range(2)]
    return world(
        namespace("shop"), namespace("home"), pod("shop/web", WEB), pod("shop/db", DB), *replicas,
        pod("home/web", WEB), *CLOSED, *objects, **options,
    )  # fmt: skip


def opened(source: Object, subject: Object, *ports: int, peer: Object | None = None) -> list[Object]:
    """Policies that open one pair."""
    into = {"from": [peer or pods_peer(source)], "ports": tcp(*ports)}
    name = f"{source['app']}-{subject['app']}"
    return [
        network_policy(f"shop/in-{name}", subject, ingress=[into]),
        network_policy(f"shop/out-{name}", source, egress=[{"to": [pods_peer(subject)], "ports": tcp(*ports)}]),
    ]


def lines(found: Connections) -> set[Line]:
    """Rows taken apart."""
    return {
        (source, destination, describe(row.ports))
        for row in found.rows
        for source in row.sources
        for destination in row.destinations
        if source != destination
    }


def test_nothing_is_listed_where_nothing_is_open() -> None:
    assert shop().connections().rows == ()


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("workload", {("shop/web", "shop/api", "TCP 80")}),
        ("pod", {("shop/web", "shop/api-0", "TCP 80"), ("shop/web", "shop/api-1", "TCP 80")}),
    ],
)
def test_levels(level: str, expected: set[Line]) -> None:
    found = shop(*opened(WEB, API, 80)).connections(level)
    assert found.level == level
    assert lines(found) == expected


def test_a_workload_whose_replicas_differ_is_listed_by_its_pods() -> None:
    policies = opened(WEB, {"app": "db"}, 80)
    replicas = [pod(f"shop/store-{n}", {**DB, "n": str(n)}, owner="StatefulSet/store") for n in range(2)]
    only = network_policy("shop/only", {"n": "1"}, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(81)}])
    out = network_policy("shop/out", WEB, egress=[{"ports": tcp(81)}])
    found = lines(shop(*policies, *replicas, only, out).connections())
    assert ("shop/web", "shop/store-0", "TCP 80") in found
    assert ("shop/web", "shop/store-1", "TCP 80-81") in found


def test_namespaces_tell_every_pair_from_some() -> None:
    everyone = network_policy("home/open", ingress=[{"ports": tcp(1)}], egress=[{"ports": tcp(1)}])
    asked = shop(everyone, pod("home/db"), *opened(WEB, API, 80))
    rows = {
        (source, destination, describe(row.ports)): row.verdict.value
        for row in asked.connections("namespace").rows
        for source in row.sources
        for destination in row.destinations
    }
    assert rows["home", "home", "TCP 1"] == "allowed"
    assert rows["shop", "shop", "TCP 80"] == "mixed"
    assert ("shop", "home", "TCP 1") not in rows


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"source": "shop/web"}, {("shop/web", "shop/api", "TCP 80")}),
        ({"source": "shop/api"}, {("shop/api", "shop/db", "TCP 5432")}),
        ({"destination": "shop/db"}, {("shop/api", "shop/db", "TCP 5432")}),
        ({"source": "shop/web", "destination": "shop/db"}, set()),
        ({"source": "api", "namespace": "shop"}, {("shop/api", "shop/db", "TCP 5432")}),
        ({"source": "home/web"}, set()),
        ({}, {("shop/web", "shop/api", "TCP 80"), ("shop/api", "shop/db", "TCP 5432")}),
        ({"namespace": "shop"}, {("shop/web", "shop/api", "TCP 80"), ("shop/api", "shop/db", "TCP 5432")}),
        ({"namespace": "home"}, set()),
        ({"source": "app=web@shop"}, {("app=web@shop", "shop/api", "TCP 80")}),
        ({"source": "app=none@shop"}, set()),
    ],
)
def test_filters_keep_what_has_that_end(filters: dict[str, str], expected: set[Line]) -> None:
    found = shop(*opened(WEB, API, 80), *opened(API, DB, 5432)).connections(**filters)
    assert {line for line in lines(found) if "/" in line[0] or "@" in line[0]} == expected


@pytest.mark.parametrize(
    "bad", [{"source": "shop/none"}, {"destination": "x/y"}, {"source": "shop/svc"}, {"level": "x"}]
)
def test_filters_and_levels_that_cannot_be_are_errors(bad: dict[str, Any]) -> None:
    with pytest.raises(EndError):
        shop(service("shop/svc", DB, {"port": 80})).connections(**bad)


@pytest.mark.parametrize("limit", [0, 1, 2, 100])
def test_a_list_that_is_cut_off_says_how_many_rows_are_left(limit: int) -> None:
    asked = shop(*opened(WEB, API, 80), *opened(API, DB, 5432), *opened(WEB, DB, 81))
    every = asked.connections()
    assert every.left_out == 0
    cut = asked.connections(limit=limit)
    assert cut.rows == every.rows[:limit]
    assert cut.left_out + len(cut.rows) == len(every.rows)


def test_the_ends_of_a_list_are_all_ends_of_its_level() -> None:
    asked = shop(node("k1"), network_policy("shop/b", ingress=[{"from": [block("203.0.113.0/24")]}]))
    inside = {"shop/web", "shop/db", "home/web"}
    assert inside | {"shop/api", "node/k1", "203.0.113.0/24"} <= set(asked.connections().ends)
    assert inside | {"shop/api-0", "shop/api-1", "node/k1"} <= set(asked.connections("pod").ends)
    assert {"shop", "home", "node/k1"} <= set(asked.connections("namespace").ends)


def test_homonymous_workloads_are_told_apart_by_kind() -> None:
    asked = world(controller("Deployment", "shop/x"), controller("DaemonSet", "shop/x"), pod("shop/web"))
    assert {"shop/deployment/x", "shop/daemonset/x"} <= set(asked.connections().ends)


def test_unknown_rows_say_why() -> None:
    into = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(spaces={"team": "a"})]}])
    asked = world(pod("away/web", WEB), pod("shop/db", DB), namespace("shop"), into)
    (row,) = [row for row in asked.connections(source="away/web").rows if "shop/db" in row.destinations]
    assert row.verdict is Verdict.UNKNOWN
    assert row.reason is not None
    assert row.reason.code == "namespace-labels"


def test_a_blind_namespace_is_listed_as_unknown_with_the_object_that_blinds() -> None:
    rows = shop(cilium_policy("shop/blind")).connections(source="shop/web").rows
    assert {row.verdict for row in rows} == {Verdict.UNKNOWN}
    assert {row.reason.code for row in rows if row.reason} == {"unmodelled-policy"}


def test_rows_are_full_rectangles() -> None:
    asked = shop(*opened(WEB, DB, 80), *opened(API, DB, 80))
    for row in asked.connections("pod").rows:
        for source in row.sources:
            for destination in row.destinations:
                if source != destination:
                    assert asked.can(source, destination, 80).verdict is row.verdict


def name(one: Pod) -> str:
    """As a question names it, whatever else has the name."""
    if one.template and one.name == one.workload.name:
        return f"{one.namespace}/{one.workload.kind.lower()}/{one.name}"
    return f"{one.namespace}/pod/{one.name}"


@SLOW
@given(st.randoms(use_true_random=False))
def test_the_count_is_that_of_asking_for_every_pair(random: Random) -> None:
    made = scenario(random)
    asked = load(made.objects, made.given)
    pods = asked.cluster.pods
    if len({name(one) for one in pods}) < len(pods):
        return
    if node_ports(asked.cluster) and any(one.host_network for one in pods):
        return  # asked one by one, what a node hands on leads to other ports of other pods
    total = 0
    for source in pods:
        for destination in pods:
            pairs = source.replicas * destination.replicas - (source.replicas if source is destination else 0)
            if pairs:
                parts = asked.can(name(source), name(destination)).parts
                other = canonical(one for part in parts if part.verdict is not Verdict.ALLOWED for one in part.ports)
                total += pairs * size(subtract(EVERYTHING, other))
    assert asked.count() == total


def test_the_count_of_an_open_cluster_is_every_pair_at_every_port() -> None:
    asked = world(pod("shop/web"), pod("shop/db"), controller("Deployment", "shop/api", replicas=3))
    assert asked.count() == 5 * 4 * 3 * 65535
    assert shop().count() == 0
    assert shop(*opened(WEB, API, 80, 81)).count() == 1 * 2 * 2
