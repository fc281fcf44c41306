"""Two sets of policies in every possible cluster, namespace by namespace."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bench import clusters
from ringfence.loading import load_objects
from ringfence.verdict import witnesses
from tests.model.objects import Object, network_policy, pods_peer, tcp

WEB, DB = {"app": "web"}, {"app": "db"}
SILENT = network_policy("shop/silent", {}, egress=[])
INTO = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}])
WIDER = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80, 81)}])
ELSEWHERE = network_policy("farm/in", DB, ingress=[{"from": [pods_peer(WEB)]}])


def asked(before: list[Object], after: list[Object]) -> Any:
    left, right = load_objects(before, cni="generic"), load_objects(after, cni="generic")
    found = left.equivalent(right, universal=True)
    mirrored = right.equivalent(left, universal=True).order
    assert mirrored == {"within": "contains", "contains": "within"}.get(str(found.order), found.order)
    return found


def split(policies: list[Object]) -> list[Object]:
    """Each rule's peers in policies of their own."""
    found: list[Object] = []
    for policy in policies:
        for direction, word in (("ingress", "from"), ("egress", "to")):
            kind = direction.capitalize()
            if kind not in policy["spec"]["policyTypes"]:
                continue
            rules = policy["spec"].get(direction) or []
            pieces = [[]] if not rules else [[rule | {word: [peer]}] for rule in rules for peer in rule[word]]
            for piece in pieces:
                other = copy.deepcopy(policy)
                other["metadata"]["name"] += f"-{len(found)}"
                other["spec"] = {"podSelector": policy["spec"]["podSelector"], "policyTypes": [kind], direction: piece}
                found.append(other)
    return found


def test_a_difference_that_the_other_side_hides_is_none_there() -> None:
    """Nobody in shop may send anything, so that who may send to whom within shop does not matter. From other
    namespaces it does."""
    peer = pods_peer(WEB)
    narrow, wide = (network_policy("shop/in", DB, ingress=[{"from": [peer], "ports": tcp(*p)}]) for p in ((80,), (81,)))
    assert asked([SILENT, narrow], [SILENT, wide]).order == "equal"
    found = asked([narrow], [wide])
    assert found.order == "neither"
    assert found.more.port == "80/TCP"


@pytest.mark.parametrize("others", [[], [ELSEWHERE], [SILENT | {"metadata": {"name": "x", "namespace": "farm"}}]])
def test_more_in_one_namespace_is_more_in_all(others: list[Object]) -> None:
    found = asked([INTO, *others], [WIDER, *others])
    assert found.order == "within"
    assert (found.more, found.less.port) == (None, "81/TCP")
    assert found.less.destination == "a pod app=db in namespace shop"


def test_more_here_and_less_there_is_neither() -> None:
    less = network_policy("farm/in", DB, ingress=[])
    assert asked([INTO, ELSEWHERE], [WIDER, less]).order == "neither"


def test_a_large_set_is_decided_though_every_policy_is_written_otherwise() -> None:
    policies = list(clusters.comparable_policies(clusters.MIDDLE))
    rewritten = split(policies)
    assert len(rewritten) > len(policies)
    assert asked(policies, rewritten).order == "equal"
    found = asked(policies, rewritten[1:])
    assert found.order in ("within", "contains")


def test_what_is_over_the_cap_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "MOST_PODS", 2)
    found = asked([INTO], [WIDER])
    assert found.order == "undecided"
    assert "kinds of ends" in found.why[0].why
