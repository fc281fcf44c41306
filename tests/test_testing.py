"""The assertions of ``ringfence.testing``: they fail where the world says otherwise, and say why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from ringfence.model.cluster import Cluster, Pod, WorkloadRef
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.sets.ports import EVERYTHING
from ringfence.testing import (
    assert_allowed,
    assert_complete,
    assert_denied,
    assert_isolated,
    assert_only_reachable_from,
    assert_unknown,
)
from ringfence.verdict.answers import Answer, Connections, Row, Verdict
from ringfence.verdict.ends import EndError
from ringfence.world import World
from tests.reports.samples import UNKNOWN, answer, mixed, part, tcp

DB, API, WEB = "shop/db", "shop/api", "shop/web"
ROWS = (
    Row((API,), (DB,), tcp(5432), Verdict.ALLOWED),
    Row((WEB,), (DB,), tcp(80), Verdict.ALLOWED),
    Row(("node/n1",), (DB,), EVERYTHING, Verdict.ALLOWED),
)


PODS = (
    Pod("infra", "agent", {}, WorkloadRef("DaemonSet", "infra", "agent"), host_network=True, template=True),
    Pod("infra", "seen", {}, WorkloadRef("DaemonSet", "infra", "seen"), host_network=True, node="n1"),
    Pod("infra", "plain", {}, WorkloadRef("DaemonSet", "infra", "plain"), template=True),
)


class HandMadeWorld:
    """Answers from a table; everything else is denied."""

    def __init__(self, verdicts: dict[str, Verdict], rows: tuple[Row, ...] = ROWS) -> None:
        self.verdicts, self.rows = verdicts, rows
        self.partial, self.problems = False, ()
        self.cluster = Cluster(pods=PODS)

    def can(self, src: str, dst: str, port: int | str | None = None, protocol: str | None = None) -> Answer:
        if src == "1.0.0.0-2.0.0.0":
            raise EndError("no such end")
        return answer(self.verdicts.get(src, Verdict.DENIED), name=src)

    def connections(self, level: str, source: str | None = None, destination: str | None = None) -> Connections:
        names = {"shop/api": API, "shop/web": WEB, "shop/db": DB}
        rows = tuple(
            row
            for row in self.rows
            if (source is None or names[source] in row.sources)
            and (destination is None or names[destination] in row.destinations)
        )
        return Connections(level, rows, 0, ())


def world(rows: tuple[Row, ...] = ROWS, **verdicts: Verdict) -> World:
    named = {name.replace("_", "/"): verdict for name, verdict in verdicts.items()}
    return cast(World, HandMadeWorld(named, rows))


CASES = [(assert_allowed, Verdict.ALLOWED), (assert_denied, Verdict.DENIED), (assert_unknown, Verdict.UNKNOWN)]


@pytest.mark.parametrize("assertion, wanted", CASES)
@pytest.mark.parametrize("verdict", [Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN])
def test_a_verdict(assertion: Any, wanted: Verdict, verdict: Verdict) -> None:
    made = world(shop_api=verdict)
    if verdict is wanted:
        assertion(made, "shop/api", "shop/db", 5432)
        return
    with pytest.raises(AssertionError) as caught:
        assertion(made, "shop/api", "shop/db", 5432)
    message = str(caught.value)
    assert f"shop/api -> shop/db on TCP 5432 is {verdict}, not {wanted}" in message
    assert "by NetworkPolicy shop/db-ingress (ingress, rule 0) base/netpol.yaml:12" in message


def test_mixed_is_neither_and_every_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made = world()
    monkeypatch.setattr(made, "can", lambda *asked: mixed())
    with pytest.raises(AssertionError, match=r"(?s)allowed on TCP 5432: .*denied on TCP 1-5431: "):
        assert_allowed(made, "a", "b")


def test_only_reachable_from() -> None:
    elsewhere = Row(("1.0.0.0-2.0.0.0",), (DB,), tcp(80), Verdict.ALLOWED)
    made = world((*ROWS, elsewhere), shop_api=Verdict.ALLOWED)
    assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"])


def test_a_source_that_does_not_reach_it_fails() -> None:
    with pytest.raises(AssertionError, match="is denied, not allowed"):
        assert_only_reachable_from(world(), "shop/db", 5432, ["shop/api"])


@pytest.mark.parametrize("verdict", [Verdict.ALLOWED, Verdict.UNKNOWN])
def test_another_source_fails(verdict: Verdict) -> None:
    made = world(
        (*ROWS, Row((WEB,), (DB,), tcp(5000, 6000), verdict)),
        shop_api=Verdict.ALLOWED, shop_web=verdict,
    )  # fmt: skip
    with pytest.raises(AssertionError, match=rf"(?s)reached by others too:.*shop/web \({verdict}\)"):
        assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"])


def test_addresses_outside_count() -> None:
    outside = Row(("1.0.0.0-2.0.0.0",), (DB,), tcp(5432), Verdict.UNKNOWN, UNKNOWN)
    made = world((*ROWS, outside), shop_api=Verdict.ALLOWED)
    with pytest.raises(AssertionError, match=r"1\.0\.0\.0-2\.0\.0\.0 on TCP 5432 \(unknown\): plugins differ"):
        assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"])


def test_nodes_count_when_asked() -> None:
    made = world(shop_api=Verdict.ALLOWED, node_n1=Verdict.ALLOWED)
    with pytest.raises(AssertionError, match="node/n1"):
        assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"], nodes=True)


@pytest.mark.parametrize("name, left_out", [("infra/agent", True), ("infra/seen", False), ("infra/plain", False)])
def test_agents_on_an_unknown_node_are_left_out_with_the_nodes(name: str, left_out: bool) -> None:
    made = world(
        (ROWS[0], Row((name,), (DB,), EVERYTHING, Verdict.UNKNOWN, UNKNOWN)),
        shop_api=Verdict.ALLOWED, **{name: Verdict.UNKNOWN},
    )  # fmt: skip
    for nodes in (True, False):
        if left_out and not nodes:
            assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"], nodes=nodes)
            continue
        with pytest.raises(AssertionError, match=name):
            assert_only_reachable_from(made, "shop/db", 5432, ["shop/api"], nodes=nodes)
    alone = world((Row((name,), (DB,), EVERYTHING, Verdict.UNKNOWN, UNKNOWN),))
    if left_out:
        assert_isolated(alone, "shop/db")
    else:
        with pytest.raises(AssertionError, match="is not isolated"):
            assert_isolated(alone, "shop/db")


def test_isolated() -> None:
    assert_isolated(world((ROWS[2],)), "shop/db")
    with pytest.raises(AssertionError, match="is not isolated"):
        assert_isolated(world((ROWS[2],)), "shop/db", nodes=True)
    with pytest.raises(AssertionError, match=r"shop/api -> shop/db on TCP 5432 \(allowed\)"):
        assert_isolated(world(), "shop/db")


def test_complete() -> None:
    made = world()
    assert_complete(made)
    cast(Any, made).partial = True
    cast(Any, made).problems = (Problem(Place("a.yaml", 3), "yaml-syntax", Severity.ERROR, "not YAML", "", True),)
    with pytest.raises(AssertionError, match=r"a\.yaml:3: error: not YAML"):
        assert_complete(made)


def test_messages_are_safe_to_print() -> None:
    made = world()
    cast(Any, made).can = lambda *asked: replace(
        answer(Verdict.DENIED, part(Verdict.DENIED, tcp(1), UNKNOWN)), source="a\x1b[2J"
    )
    with pytest.raises(AssertionError) as caught:
        assert_allowed(made, "a", "b")
    assert "\x1b" not in str(caught.value)
