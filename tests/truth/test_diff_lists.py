"""netpol-analyzer's semantic differences: reading them, and ``diff`` under that tool's profile."""

from __future__ import annotations

from pathlib import Path

import pytest

import ringfence
from ringfence.sets.ports import EVERYTHING, describe
from tests.truth import connection_lists as lists
from tests.truth import diff_lists

PAIRS = [pair for pair in diff_lists.pairs() if not pair.beyond]
A, B = "shop/a[Pod]", "shop/b[Deployment]"
ROW = f"diff-type: %s, source: {A}, destination: {B}, ref1: %s, ref2: %s"
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: %s}]}]}
"""
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec: {containers: [{name: main, image: example.com/main:1}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: shop}
spec:
  selector: {matchLabels: {app: b}}
  template: {metadata: {labels: {app: b}}, spec: {containers: [{name: main, image: example.com/main:1}]}}
---
"""


def test_a_row_says_what_was_lost_and_what_was_gained() -> None:
    found = diff_lists.read("Connectivity diff:\n" + ROW % ("changed", "TCP 80-81", "TCP 81,UDP 53"))
    assert {pair: describe(ports) for pair, ports in found.lost.items()} == {(A, B): "TCP 80"}
    assert {pair: describe(ports) for pair, ports in found.gained.items()} == {(A, B): "UDP 53"}
    assert len(found) == 1


def test_a_row_of_a_workload_that_is_new_is_one_too() -> None:
    line = ROW % ("added", "No Connections", "All Connections")
    found = diff_lists.read(line + f", workloads-diff-info: workload {A} added, workload {B} added")
    assert (found.lost, found.gained) == ({}, {(A, B): EVERYTHING})
    assert (found.new, found.gone) == ({A, B}, set())


def test_rows_of_the_ingress_controller_are_kept_apart() -> None:
    found = diff_lists.read((ROW % ("changed", "TCP 8050,8090", "TCP 8000,8090")).replace(A, lists.INGRESS_CONTROLLER))
    assert (found.lost, found.gained) == ({}, {})
    assert (found.routes_lost, found.routes_gained) == ({("shop/b", "8050")}, {("shop/b", "8000")})


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Connectivity analyzed in Pod network:", "no row"),
        (ROW % ("added", "TCP 80", "TCP 81"), "added is not"),
        (ROW % ("removed", "TCP 80", "TCP 81"), "removed is not"),
    ],
)
def test_a_strange_line_is_an_error(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        diff_lists.read(line)


def test_a_difference_that_is_not_expected_is_found(tmp_path: Path) -> None:
    for name, port in (("old", 80), ("new", 81)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "all.yaml").write_text(PODS + POLICY % port)
    (tmp_path / "none.txt").write_text("Connectivity diff:\n")
    pair = diff_lists.Pair("old to new", tmp_path / "old", tmp_path / "new", tmp_path / "none.txt", "")
    asked, wrong = diff_lists.judge(pair)
    assert asked == 0
    assert f"lost: {A} => {B}: expected none, got TCP 80" in wrong
    assert f"gained: {B} => {A}: expected none, got TCP 81" in wrong


@pytest.mark.skipif(not PAIRS, reason="the differences are absent")
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_diff_tells_the_same(pair: diff_lists.Pair) -> None:
    _, wrong = diff_lists.judge(pair)
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(not PAIRS, reason="the differences are absent")
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_equivalent_agrees_with_the_expected_difference(pair: diff_lists.Pair) -> None:
    before, after = (
        ringfence.load(str(folder), cni="netpol-analyzer", assume_no_labels=True)
        for folder in (pair.before, pair.after)
    )
    expected = diff_lists.read(pair.expected.read_text(encoding="utf-8"))
    words = {(False, False): "equal", (False, True): "within", (True, False): "contains", (True, True): "neither"}
    assert before.equivalent(after).order == words[bool(expected.lost), bool(expected.gained)]
