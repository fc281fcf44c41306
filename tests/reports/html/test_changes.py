"""A page of two states pairs the ends as diff does, and shows the rows and causes of diff, neither more nor less."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.html import changes
from ringfence.reports.html.changes import Difference
from ringfence.reports.html.data import page_data, script_json
from ringfence.verdict.changes import Diff
from ringfence.verdict.matrix.pairing import paired_ends
from ringfence.verdict.matrix.values import ITSELF
from ringfence.world import World
from tests.model.objects import controller, namespace, network_policy, pod, pods_peer, tcp, world
from tests.properties.clusters import scenario
from tests.properties.comparison import load
from tests.reports.html.reading import PageState, page_rows

CONTEXT = Context("generic", "the default")
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=30, phases=[Phase.explicit, Phase.generate])
WEB, DB = {"app": "web"}, {"app": "db"}


def made(before: World, after: World, level: str = "workload") -> tuple[Diff, dict[str, Any]]:
    found = before.diff(after, level)
    pairs = paired_ends(before.whole_relation.cluster, after.whole_relation.cluster, level == "pod")
    states = [("before", before.matrix(level)), ("after", after.matrix(level))]
    return found, json.loads(script_json(page_data(states, CONTEXT, {}, Difference(found, pairs))))


def changed(random: Random, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some objects are gone, some workloads have another namespace or kind, some pods another name."""
    kept = []
    for item in objects:
        roll = random.random()
        if roll < 0.12 and item["kind"] not in ("Namespace", "Node"):
            continue
        copy = json.loads(json.dumps(item))
        if roll < 0.35 and item["kind"] == "Pod":
            copy["metadata"]["name"] += "-again"
        elif roll < 0.5 and item["kind"] == "Deployment":
            copy["kind"] = "StatefulSet"
        kept.append(copy)
    return kept


@SLOW
@given(st.randoms(use_true_random=False), st.sampled_from(["workload", "pod"]))
def test_the_rows_of_the_page_are_those_of_diff(random: Random, level: str) -> None:
    first = scenario(random)
    found, data = made(load(first.objects, first.given), load(changed(random, first.objects), first.given), level)
    names = [end[0] for end in data["ends"]]
    rows = page_rows(data)
    assert len(rows) == len(found.rows)
    assert {printable(name) for name in found.ends} == set(names)
    for row, shown in zip(found.rows, rows, strict=True):
        assert (row.ports, str(row.change), row.before, row.after) == (
            shown.ports, shown.change, shown.before, shown.after,
        )  # fmt: skip
        assert row.explained == shown.explained
        assert len(row.causes) == len(shown.causes) + shown.more
        for own, numbers in ((row.sources, shown.sources), (row.destinations, shown.destinations)):
            whole = {printable(name) for name in own} & set(names)
            assert whole <= {names[number] for number in numbers}
            if not shown.some:
                assert {names[number] for number in numbers} == {printable(name) for name in own}


@SLOW
@given(st.randoms(use_true_random=False))
def test_cells_that_differ_are_in_a_row_and_whole_rows_differ(random: Random) -> None:
    """So what the matrix colours is what the causes explain."""
    first = scenario(random)
    _, data = made(load(first.objects, first.given), load(changed(random, first.objects), first.given))
    before, after = (PageState(raw) for raw in data["states"])
    rows = page_rows(data)

    def verdicts(state: PageState, source: int, destination: int) -> Any:
        cell = state.cell(source, destination)
        # A workload of one pod that became several has no flow to itself in both states.
        return None if cell is None or cell[1] == ITSELF.closed else sorted((line[0], line[1]) for line in cell[0])

    covered = {(source, destination) for row in rows for source in row.sources for destination in row.destinations}
    whole = {
        (source, destination)
        for row in rows
        if not row.some
        for source in row.sources
        for destination in row.destinations
        if source != destination
    }
    size = range(len(data["ends"]))
    for source in size:
        for destination in size:
            old, new = verdicts(before, source, destination), verdicts(after, source, destination)
            if old is not None and new is not None and old != new:
                assert (source, destination) in covered
            if (source, destination) in whole:
                assert old != new


def two(*more: Any, ref: str = "Deployment", space: str = "shop") -> World:
    deny = network_policy(f"{space}/db", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432)}])
    return world(
        namespace(space),
        controller(ref, f"{space}/web", WEB),
        controller("StatefulSet", f"{space}/db", DB),
        deny,
        *more,
    )


@pytest.mark.parametrize(
    "after, former",
    [({"ref": "StatefulSet"}, "Deployment shop/web"), ({"ref": "DaemonSet"}, "Deployment shop/web")],
)
def test_a_moved_workload_is_one_end(after: dict[str, str], former: str) -> None:
    found, data = made(two(), two(**after))
    assert found.moved
    named = [end for end in data["ends"] if end[0] == "shop/web"]
    assert [end[4:] for end in named] == [[former]]
    place = [end[0] for end in data["ends"]].index("shop/web")
    assert all(raw["unitOf"][place] >= 0 for raw in data["states"])


def test_a_workload_in_another_namespace_is_called_as_it_was_too() -> None:
    found, data = made(two(), two(space="store"))
    assert len(found.moved) == 2
    assert [end[4] for end in data["ends"] if len(end) > 4] == ["shop/db", "shop/web"]
    assert not [end for end in data["ends"] if end[0].startswith("shop/")]


@pytest.mark.parametrize("level", ["workload", "pod"])
def test_pods_of_a_rollout_are_the_same_ends(level: str) -> None:
    def state(revision: str) -> World:
        labels = {**WEB, "pod-template-hash": revision}
        pods = [pod(f"shop/web-{revision}-{n}", labels, owner=f"ReplicaSet/web-{revision}") for n in "ab"]
        return world(namespace("shop"), *pods, pod("shop/db", DB))

    found, data = made(state("abc"), state("def"), level)
    assert found.same
    assert all(unit >= 0 for raw in data["states"] for unit in raw["unitOf"])
    names = [end[0] for end in data["ends"] if end[1] >= 0]
    assert names == (
        ["shop/db", "shop/web-def"] if level == "workload" else ["shop/db", "shop/web-def-a", "shop/web-def-b"]
    )


def test_a_cause_has_its_object_and_its_line() -> None:
    wider = network_policy("shop/db", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432, 80)}])
    ends = [namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB)]
    narrow = network_policy("shop/db", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432)}])
    _, data = made(world(*ends, narrow), world(*ends, wider))
    (row,) = page_rows(data)
    ((text, how, place),) = row.causes
    assert (text, how) == ("NetworkPolicy shop/db rule 0", "changed")
    assert place
    assert row.witness.startswith("shop/web -> shop/db 80/TCP: denied before, allowed after")


def test_rows_without_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_ROWS", 1)
    before = world(
        namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB), network_policy("shop/db", DB, ingress=[])
    )
    after = world(
        namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB), network_policy("shop/web", WEB, ingress=[])
    )
    found, data = made(before, after)
    assert len(found.rows) > 1
    assert len(data["difference"]["rows"]) == 1
    assert data["difference"]["leftOut"] == len(found.rows) - 1
