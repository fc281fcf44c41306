"""What a difference names: rows, causes, and ends that only one state has."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict import diffing
from ringfence.verdict.answers import Verdict
from ringfence.verdict.attribution import Attribution
from ringfence.verdict.changes import Change, change_of
from ringfence.world import EndError, World
from tests.model.objects import Object, block, namespace, network_policy, node, pod, pods_peer, tcp, world

WEB, DB = {"app": "web"}, {"app": "db"}
INTO = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}])
OUT = network_policy("shop/out", WEB, egress=[{"to": [pods_peer(DB)]}])
TEAM = network_policy("shop/in", DB, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}])
BLOCK = network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.0/24")]}])
NAMED = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": [{"port": "sql"}]}])


def web(labels: dict[str, str] = WEB, **more: Any) -> Object:
    return pod("shop/web", labels, **more)


def db(labels: dict[str, str] = DB, **more: Any) -> Object:
    return pod("shop/db", labels, **more)


def state(*objects: Object, **options: Any) -> World:
    spaces = {item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"}
    return world(*([] if "shop" in spaces else [namespace("shop")]), *objects, **options)


def told(before: World, after: World) -> set[tuple[str, str, str, str]]:
    """(change, source, destination, the kinds and names of the causes) of every pair of pods."""
    return {
        (str(row.change), source, destination, ",".join(f"{one.altered.kind} {one.altered.name}" for one in row.causes))
        for row in before.diff(after, level="pod").rows
        for source in row.sources
        for destination in row.destinations
        if source != destination and "/" in source + destination and ":" not in source + destination
    }


@pytest.mark.parametrize(
    "before, after, expected, options",
    [
        ([web(), db(), INTO], [web({"app": "x"}), db(), INTO], ("narrowed", "shop/web", "shop/db", "Pod web"), {}),
        ([web(), db(), OUT], [web(), db({"app": "x"}), OUT], ("narrowed", "shop/web", "shop/db", "Pod db"), {}),
        ([web(), db(), INTO], [web(), db({"app": "x"}), INTO], ("widened", "shop/web", "shop/db", "Pod db"), {}),
        (
            [namespace("shop", team="a"), web(), db(), TEAM],
            [namespace("shop", team="b"), web(), db(), TEAM],
            ("narrowed", "shop/web", "shop/db", "Namespace shop"),
            {},
        ),
        (
            [web(ips=("10.0.0.5",)), db(ips=("10.9.0.1",)), BLOCK],
            [web(ips=("10.1.0.5",)), db(ips=("10.9.0.1",)), BLOCK],
            ("narrowed", "shop/web", "shop/db", "Pod web"),
            {"cni": "calico"},
        ),
        (
            [web(), db(ports={"sql": "5432/TCP"}), NAMED],
            [web(), db(ports={"sql": "5433/TCP"}), NAMED],
            ("widened", "shop/web", "shop/db", "Pod db"),
            {},
        ),
        ([web(), db(), INTO], [web(), db()], ("widened", "shop/web", "shop/db", "NetworkPolicy in"), {}),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True])
def test_the_cause_of_a_change_is_named(
    before: list[Object],
    after: list[Object],
    expected: tuple[str, str, str, str],
    options: dict[str, Any],
    everywhere: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if everywhere:
        monkeypatch.setattr(Attribution, "focus", lambda self: None)
    assert expected in told(state(*before, **options), state(*after, **options))


def test_two_policies_that_both_have_to_go_are_both_the_cause() -> None:
    again = network_policy("shop/again", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}])
    closed = network_policy("shop/closed", DB, ingress=[])
    found = told(state(web(), db(), INTO, again, closed), state(web(), db(), closed))
    assert found == {("narrowed", "shop/web", "shop/db", "NetworkPolicy again,NetworkPolicy in")}


def test_a_policy_whose_change_another_covers_is_no_cause() -> None:
    wider = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80, 443)}])
    other = network_policy("shop/other", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}])
    diff = state(web(), db(), INTO).diff(state(web(), db(), wider, other))
    assert [cause.altered.name for row in diff.rows for cause in row.causes] == ["in"]
    assert [one.name for one in diff.without_effect] == ["other"]


def test_new_and_gone_ends_are_neither_widened_nor_narrowed() -> None:
    diff = state(web(), db()).diff(state(db(), pod("shop/fresh", {"app": "fresh"})))
    assert (diff.new, diff.gone) == (("shop/fresh",), ("shop/web",))
    assert {row.change for row in diff.rows} == {Change.NEW, Change.GONE}
    for row in diff.rows:
        assert (row.before is None) == (row.change is Change.NEW)
        assert row.causes[0].altered.how == ("added" if row.change is Change.NEW else "removed")


def test_a_moved_workload_is_compared_as_the_same_one() -> None:
    def deployed(home: str) -> Object:
        template = {"metadata": {"labels": DB}, "spec": {"containers": [{"name": "main"}]}}
        spec = {"selector": {"matchLabels": DB}, "template": template}
        return {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "db", "namespace": home}, "spec": spec,
        }  # fmt: skip

    diff = state(web(), deployed("shop"), INTO).diff(state(web(), namespace("far"), deployed("far"), INTO))
    assert diff.moved == (("shop/db[Deployment]", "far/db[Deployment]"),)
    assert (diff.new, diff.gone) == ((), ())
    (row, *_) = [row for row in diff.rows if "shop/web" in row.sources]
    assert (row.change, row.destinations) == (Change.WIDENED, ("far/db",))
    assert row.witness.destination_before.startswith("shop/")
    assert row.causes[0].altered.how == "moved"


def test_rows_are_folded_and_a_limit_counts_the_rest() -> None:
    pods = [pod(f"shop/web-{number}", WEB) for number in range(5)]
    before, after = state(*pods, db()), state(*pods, db(), network_policy("shop/closed", DB, ingress=[]))
    diff = before.diff(after)
    (row,) = [row for row in diff.rows if "shop/web-0" in row.sources]
    assert {f"shop/web-{number}" for number in range(5)} <= set(row.sources)
    assert before.diff(after, limit=0).left_out == len(diff.rows)
    assert before.diff(after, limit=0).counts == diff.counts


@pytest.mark.parametrize(
    "before, after, change",
    [
        (Verdict.DENIED, Verdict.UNKNOWN, Change.WIDENED),
        (Verdict.UNKNOWN, Verdict.ALLOWED, Change.WIDENED),
        (Verdict.ALLOWED, Verdict.UNKNOWN, Change.NARROWED),
        (Verdict.UNKNOWN, Verdict.DENIED, Change.NARROWED),
        (Verdict.UNKNOWN, Verdict.MIXED, Change.CHANGED),
        (None, Verdict.ALLOWED, Change.NEW),
        (Verdict.ALLOWED, None, Change.GONE),
    ],
)
def test_widened_is_what_possibly_or_surely_grew(before: Verdict | None, after: Verdict | None, change: Change) -> None:
    assert change_of(before, after) is change


def test_where_too_much_changed_causes_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = state(web(), db(), INTO, OUT), state(web(), db())
    exact = before.diff(after, level="pod")
    monkeypatch.setattr(diffing, "MOST_GROUPS", 0)
    found = before.diff(after, level="pod")
    assert all(row.attributed and row.causes for row in exact.rows)
    assert found.rows
    assert not any(row.attributed or row.explained or row.causes for row in found.rows)
    assert not any(one.what == "causes" for one in exact.not_compared)
    (note,) = [one for one in found.not_compared if one.what == "causes"]
    assert note.why.startswith("2 objects changed: too many")
    assert (found.decided, found.without_effect) == (True, ())
    assert len(found.rows) <= len(exact.rows)


def test_a_what_if_is_compared_like_any_state() -> None:
    base = state(web(), db(), INTO)
    relabelled = base.what_if(relabel={"shop/web": {"app": "x"}})
    assert ("narrowed", "shop/web", "shop/db", "Pod web") in told(base, relabelled)
    assert base.diff(base).same


def test_levels_are_workload_and_pod() -> None:
    with pytest.raises(EndError, match="'namespace' is no level"):
        state(web()).diff(state(web()), level="namespace")


def test_a_pod_that_moves_to_another_node_lets_that_one_in() -> None:
    """The plugin lets a pod's own node in, whatever policies say."""
    nodes = [node("k1", "192.168.0.1"), node("k2", "192.168.0.2")]
    closed = network_policy("shop/in", DB, ingress=[])
    before, after = (
        state(*nodes, closed, db(ips=("10.0.0.5",), node=name), cni="calico@3.31") for name in ("k1", "k2")
    )
    found = {(str(row.change), row.sources, row.destinations) for row in before.diff(after, level="pod").rows}
    assert found == {("narrowed", ("node/k1",), ("shop/db",)), ("widened", ("node/k2",), ("shop/db",))}
