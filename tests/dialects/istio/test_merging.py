"""Several DestinationRules for one host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.istio.meshes import Lab
from tests.dialects.istio.test_sending import BASE, MESH, NOTHING, OTHER, PLAIN, rule, to_api, virtual

HOST = "api.shop.svc.cluster.local"
OLD, NEW = ({"metadata": {"creationTimestamp": f"2026-01-0{day}T00:00:00Z"}} for day in (1, 2))


def subset(name: str, mode: str = "") -> list[dict[str, Any]]:
    policy = {"trafficPolicy": {"tls": {"mode": mode}}} if mode else {}
    return [{"name": name, "labels": {"app": "api"}, **policy}]


def sent_to(name: str, *rules: str) -> list[str]:
    routes = virtual([{"route": [{"destination": {"host": HOST, "subset": name}}]}])
    return to_api(Lab(BASE, routes, *rules))


@pytest.mark.parametrize("ages", [({}, {}), (OLD, NEW), (NEW, OLD)])
def test_the_subsets_are_those_of_all(ages: Any) -> None:
    rules = [
        rule("car/a", HOST, subsets=subset("v1", "DISABLE"), **ages[0]),
        rule("car/b", HOST, subsets=subset("v2", "SIMPLE"), **ages[1]),
    ]
    assert sent_to("v1", *rules) == PLAIN
    assert sent_to("v2", *rules) == OTHER


def test_the_policy_is_that_of_the_oldest_that_has_one() -> None:
    subsets = rule("car/a", HOST, subsets=subset("v1"), **OLD)
    policy = rule("car/b", HOST, {"mode": "DISABLE"}, **NEW)
    assert sent_to("v1", subsets, policy) == PLAIN
    assert to_api(Lab(BASE, subsets, policy)) == PLAIN


def test_of_two_subsets_of_one_name_that_of_the_older_rule_counts() -> None:
    first, second = subset("v1", "DISABLE"), subset("v1", "SIMPLE")
    assert sent_to("v1", rule("car/a", HOST, subsets=first, **NEW), rule("car/b", HOST, subsets=second, **OLD)) == OTHER
    assert sent_to("v1", rule("car/a", HOST, subsets=first), rule("car/b", HOST, subsets=second)) == sorted(
        PLAIN + OTHER
    )


def test_rules_for_different_clients_are_not_merged() -> None:
    chosen = rule("car/a", HOST, subsets=subset("v1", "DISABLE"), workloadSelector={"matchLabels": {"app": "web"}})
    assert sent_to("v2", chosen, rule("car/b", HOST, subsets=subset("v2", "SIMPLE"))) != OTHER


def test_too_many_subsets_of_one_name_leave_it_open() -> None:
    names = [f"v{number}" for number in range(9)]
    rules = [
        rule(f"car/{name}", HOST, subsets=[one for each in names for one in subset(each, mode)])
        for name, mode in (("a", "DISABLE"), ("b", "SIMPLE"))
    ]
    assert sent_to("v1", *rules) == sorted(PLAIN + MESH + OTHER)


def test_one_rule_alone_knows_no_other_subsets() -> None:
    assert sent_to("v2", rule("car/a", HOST, subsets=subset("v1", "DISABLE"))) in (MESH, NOTHING)
