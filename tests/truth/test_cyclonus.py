"""NetworkPolicy as the generator's tables expect it, and the adapter that reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.truth import cyclonus
from tests.truth.judging import judge_cyclonus
from tests.truth.probing import Probe

CASES = cyclonus.load()

SMALL: dict[str, Any] = {
    "namespaces": {"x": {"ns": "x"}},
    "pods": [
        {"ns": "x", "name": "a", "labels": {"pod": "a"}, "ip": "10.0.0.1"},
        {"ns": "x", "name": "b", "labels": {"pod": "b"}, "ip": "10.0.0.2"},
    ],
    "policies": [{"metadata": {"name": "n", "namespace": "x"}, "spec": {"podSelector": {}}}],
    "truth": {"UDP/81": ["X.", "XX"]},
}


@pytest.mark.skipif(not CASES, reason="the tables are absent")
@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_cell_of_the_tables(number: int) -> None:
    pytest.importorskip("ringfence.world")
    asked, wrong = judge_cyclonus(CASES[number])
    assert asked
    assert not wrong, "\n".join(map(str, wrong))


def test_rows_are_sources_and_the_diagonal_is_left_out() -> None:
    (step,) = cyclonus.steps({"steps": [SMALL]})
    assert step.probes == (Probe("x/a", "x/b", 81, "UDP", "allowed"), Probe("x/b", "x/a", 81, "UDP", "denied"))


def test_pods_declare_the_named_ports_and_policies_get_their_kind() -> None:
    (step,) = cyclonus.steps({"steps": [SMALL]})
    pod = next(one for one in step.objects if one["kind"] == "Pod")
    assert pod["spec"]["containers"][0]["ports"] == [{"name": "serve-81-udp", "protocol": "UDP", "containerPort": 81}]
    assert [one["apiVersion"] for one in step.objects if one["kind"] == "NetworkPolicy"] == ["networking.k8s.io/v1"]


def test_a_table_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit 2 pods"):
        list(cyclonus.steps({"steps": [SMALL | {"truth": {"TCP/80": ["."]}}]}))
