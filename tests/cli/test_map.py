"""``map``: filters, limits, formats."""

from __future__ import annotations

import csv
import json
from itertools import product

import pytest

from ringfence.cli.rows import either, limited, selected_ends, with_either_end
from ringfence.cli.selectors import parse_selector
from ringfence.model.cluster import Cluster, Pod, WorkloadRef
from ringfence.sets.ports import EVERYTHING
from ringfence.verdict.answers import Connections, Row, Verdict
from tests.cli.conftest import HandMadeWorld, Run
from tests.reports.samples import connections, tcp


def pairs(rows: tuple[Row, ...] | list[Row]) -> list[tuple[str, str]]:
    return sorted(pair for row in rows for pair in product(row.sources, row.destinations))


def test_filters_reach_the_engine(ringfence: Run, world: HandMadeWorld) -> None:
    ringfence("map", "--from", "a", "--to", "b", "--level", "pod", "--limit", "9", "-n", "shop")
    ringfence("map", "-A", "-n", "shop")
    ringfence("map", "--layer", "transport", "--denied")
    assert world.asked == [
        ("pod", "a", "b", "shop", 9),
        ("workload", None, None, None, None),
        ("workload", None, None, None, None, "transport", True),
    ]


def test_the_exit_code_is_that_of_a_list(ringfence: Run, world: HandMadeWorld) -> None:
    assert ringfence("map").code == 0
    world.partial = True
    assert ringfence("map").code == 3


def test_unknown_rows_are_summed_up_on_stderr(ringfence: Run, world: HandMadeWorld) -> None:
    done = ringfence("map")
    assert "2 rows are unknown: plugins differ" in done.err
    assert "decide with: --cni NAME" in done.err
    assert "2 more rows are left out" in done.err
    assert "profile generic (the default)" in done.err
    assert "decide with" not in done.out


def test_a_selector_keeps_rows_with_such_an_end(ringfence: Run, world: HandMadeWorld) -> None:
    shown = list(csv.DictReader(ringfence("map", "-l", "app=web", "-o", "csv").out.splitlines()))
    web = "shop/web"
    assert sorted((row["source"], row["destination"]) for row in shown) == sorted(
        pair for pair in pairs(connections().rows) if web in pair
    )


def test_a_filter_comes_before_the_limit(ringfence: Run, world: HandMadeWorld) -> None:
    document = json.loads(ringfence("map", "-l", "app=web", "--limit", "1", "-o", "json").out)
    assert world.asked == [("workload", None, None, None, None)]
    assert len(document["rows"]) == 1
    assert document["leftOut"] == 2 + 2


def test_an_end_that_does_not_exist(ringfence: Run, world: HandMadeWorld) -> None:
    done = ringfence("map", "--to", "shop/nobody", "-q")
    assert (done.code, done.out) == (2, "")
    assert "did you mean shop/somebody?" in done.err


ROWS = (
    Row(("a", "b", "c"), ("a", "d"), tcp(1), Verdict.ALLOWED),
    Row(("d",), ("b", "c"), EVERYTHING, Verdict.ALLOWED),
    Row(("d",), ("e",), tcp(2), Verdict.ALLOWED),
)


@pytest.mark.parametrize("ends", [{"a"}, {"a", "b"}, {"d"}, {"x"}, {"a", "b", "c", "d", "e"}])
def test_either_end_keeps_each_pair_once(ends: set[str]) -> None:
    assert pairs(list(with_either_end(ROWS, ends))) == [pair for pair in pairs(ROWS) if ends & set(pair)]


def test_rows_of_both_sides_hold_each_pair_once() -> None:
    starting = Connections("pod", (Row(("a",), ("a", "b"), tcp(1), Verdict.ALLOWED),), 0, ())
    ending = Connections("pod", (Row(("a", "b"), ("a",), tcp(1), Verdict.ALLOWED),), 0, ())
    assert pairs(either(starting, ending).rows) == [("a", "a"), ("a", "b"), ("b", "a")]


def test_a_limit_counts_what_it_cuts() -> None:
    cut = limited(Connections("pod", ROWS, 4, ()), 1)
    assert (len(cut.rows), cut.left_out) == (1, 6)
    assert limited(Connections("pod", ROWS, 4, ()), 3).left_out == 4


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "everything"),
        ("app=web", "app=web"),
        ("app==web , tier != db", "app=web,tier notin (db)"),
        ("env in (b, a),!gone,there", "env in (a,b),!gone,there"),
        ("example.com/x notin (1)", "example.com/x notin (1)"),
        ("app=", "app="),
    ],
)
def test_selectors(text: str, expected: str) -> None:
    assert sorted(str(parse_selector(text)).split(",")) == sorted(expected.split(","))


@pytest.mark.parametrize("text", ["=", "app in", "app in web", "app=a b", ",", "a,,b", "!", "app=-x", "a;b"])
def test_selectors_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        parse_selector(text)


def test_selected_ends_are_named_as_lists_name_them() -> None:
    def pod(name: str, kind: str, owner: str, app: str) -> Pod:
        return Pod("shop", name, {"app": app}, WorkloadRef(kind, "shop", owner))

    pods = (
        pod("db-0", "StatefulSet", "db", "db"),
        pod("job-x", "Job", "job", "db"),
        pod("job-y", "Deployment", "job", "web"),
    )
    cluster = Cluster(pods=pods)
    selector = parse_selector("app=db")
    assert selected_ends(cluster, selector, "pod") == {"shop/db-0", "shop/job-x"}
    assert selected_ends(cluster, selector, "workload") == {"shop/db", "shop/job/job", "shop/db-0", "shop/job-x"}
    assert selected_ends(cluster, selector, "namespace") == {"shop"}
