"""The smallest edit: applied as a what-if it flips the verdict, and what else it changes is what it lists."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.sets.ports import members_by_protocol
from ringfence.verdict.answers import Edit, Verdict
from ringfence.world import World
from tests.model.objects import (
    Object,
    admin_pods,
    cluster_policy,
    controller,
    namespace,
    network_policy,
    pod,
    pods_peer,
    service,
    tcp,
    world,
)
from tests.properties.clusters import end_text, questions, scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=40, phases=[Phase.explicit, Phase.generate])
WEB, DB, API = {"app": "web"}, {"app": "db"}, {"app": "api"}
EVERYONE = {"namespaces": {}}
FLIPPED = {Verdict.ALLOWED: Verdict.DENIED, Verdict.DENIED: Verdict.ALLOWED}


def shop(*objects: Object) -> World:
    pods = pod("shop/web", WEB), pod("shop/db", DB), pod("shop/api", API)
    return world(namespace("shop"), *pods, *objects)


def edit(asked: World, port: int = 5432) -> Edit:
    found = asked.explain("shop/web", "shop/db", port).edit
    assert found is not None
    return found


def applied(asked: World, found: Edit) -> World:
    manifest: Any = found.manifest
    return asked.what_if(add=manifest["items"] if manifest["kind"] == "List" else [manifest])


def check(asked: World, port: int = 5432) -> Edit:
    """The edit flips the verdict, and each flow between two pods that it lists changes as it says."""
    found = edit(asked, port)
    after = applied(asked, found)
    before = asked.can("shop/web", "shop/db", port).verdict
    assert after.can("shop/web", "shop/db", port).verdict is FLIPPED[before]
    for change in found.also_changes:
        if change.source == change.destination:
            continue
        for protocol, first, last in members_by_protocol(change.ports):
            for number in {first, last}:
                if (change.source, change.destination, number, protocol) == ("shop/web", "shop/db", port, "TCP"):
                    continue
                flow = change.source, change.destination, number, protocol
                assert asked.can(*flow).verdict is change.before
                assert after.can(*flow).verdict is change.after
    return found


@pytest.mark.parametrize(
    ("policies", "description"),
    [
        ([network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}])], "port 5432/TCP"),
        ([network_policy("shop/in", DB, ingress=[{"from": [pods_peer(API)], "ports": tcp(5432)}])], "add the peer"),
        ([network_policy("shop/in", DB, ingress=[])], "add"),
        ([network_policy("shop/out", WEB, egress=[])], "add"),
        (
            [cluster_policy("deny", subject=admin_pods(DB), ingress=[{"action": "Deny", "from": [EVERYONE]}])],
            "ClusterNetworkPolicy deny",
        ),
        (
            [
                cluster_policy(
                    "b", tier="Baseline", subject=admin_pods(DB), ingress=[{"action": "Deny", "from": [EVERYONE]}]
                )
            ],
            "ClusterNetworkPolicy b",
        ),
    ],
)
def test_a_denied_flow_is_opened_and_nothing_else(policies: list[Object], description: str) -> None:
    found = check(shop(*policies))
    assert description in found.description
    assert (found.also_changes, found.also_left_out) == ((), 0)
    assert found.objects == 1


def test_both_directions_are_opened_where_both_are_closed() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[]), network_policy("shop/out", WEB, egress=[]))
    found = check(asked)
    assert found.objects == 2
    assert "; and " in found.description


@pytest.mark.parametrize(
    ("policies", "others"),
    [
        ([network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB), pods_peer(API)], "ports": tcp(5432)}])], 0),
        ([network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432, 80)}])], 0),
        ([network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432)}])], 0),
        ([network_policy("shop/in", DB, ingress=[{"ports": tcp(5432)}])], 1),
    ],
)
def test_an_allowed_flow_is_closed_with_few_others(policies: list[Object], others: int) -> None:
    found = check(shop(*policies))
    assert bool(found.also_changes) is bool(others)
    assert found.objects == 1
    if others:
        assert {change.after for change in found.also_changes} == {Verdict.DENIED}


def test_the_edit_of_a_flow_that_no_policy_governs_isolates() -> None:
    found = check(shop())
    assert found.manifest is not None
    assert found.manifest["kind"] == "NetworkPolicy"
    assert found.also_changes, "it ends every other flow of the direction too, and says so"


def test_the_smallest_edit_prefers_fewer_other_flows_to_fewer_fields() -> None:
    """Widening the rule for 80 by one port would also let api in; a rule of its own does not."""
    both = {"from": [pods_peer(WEB), pods_peer(API)], "ports": tcp(80)}
    found = check(shop(network_policy("shop/in", DB, ingress=[both])))
    assert found.also_changes == ()
    assert found.fields > 1


def test_a_rule_is_found_at_its_place() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(80)}]))
    place = edit(asked).place
    assert place is not None
    assert place.file == asked.cluster.policies[0].place.file


@pytest.mark.parametrize(
    ("destination", "port"), [("shop/web", 80), ("shop/svc", 81), ("shop/db", None)]
)  # fmt: skip
def test_no_edit_for_what_no_policy_decides(destination: str, port: int | None) -> None:
    asked = shop(service("shop/svc", DB, {"port": 80}))
    assert asked.explain("shop/web", destination, port).edit is None


def test_an_unknown_flow_has_no_edit() -> None:
    rule = {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    assert shop(network_policy("shop/in", DB, ingress=[rule])).explain("shop/web", "shop/db", 80).edit is None


def test_the_world_stays_as_it_was() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[]))
    before = asked.fingerprint()
    edit(asked)
    assert asked.fingerprint() == before
    assert asked.can("shop/web", "shop/db", 5432).verdict is Verdict.DENIED


def test_an_edit_for_a_workload_names_its_labels() -> None:
    asked = world(
        namespace("shop"), controller("Deployment", "shop/web"), controller("Deployment", "shop/db"),
        network_policy("shop/in", DB, ingress=[]),
    )  # fmt: skip
    found = asked.explain("shop/web", "shop/db", 5432).edit
    assert found is not None
    assert "pod-template-hash" not in str(found.manifest)
    assert applied(asked, found).can("shop/web", "shop/db", 5432).verdict is Verdict.ALLOWED


@SLOW
@given(st.randoms(use_true_random=False))
def test_every_edit_flips_the_verdict(random: Random) -> None:
    made = scenario(random)
    asked = load(made.objects, made.given)
    for question in questions(random, made, 4):
        flow = end_text(question.source), end_text(question.destination), question.port, question.protocol
        explanation = asked.explain(*flow)
        if explanation.edit is None:
            continue
        verdict = applied(asked, explanation.edit).can(*flow).verdict
        assert verdict is FLIPPED[explanation.answer.verdict], (flow, explanation.edit)
