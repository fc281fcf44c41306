"""Explanations: per direction and tier each policy that selects, each rule, and why it fails or holds."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.verdict.answers import DirectionTrace, PolicyTrace, Trace, Verdict
from ringfence.world import World
from tests.model.objects import (
    Object,
    admin_pods,
    block,
    cluster_policy,
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

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=25, phases=[Phase.explicit, Phase.generate])
WEB, DB = {"app": "web"}, {"app": "db"}


def shop(*objects: Object) -> World:
    return world(namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB), *objects)


def trace(asked: World, port: int | None = 5432) -> Trace:
    (found,) = asked.explain("shop/web", "shop/db", port).traces
    return found


def ingress(asked: World) -> DirectionTrace:
    return trace(asked).directions[1]


def policies(found: DirectionTrace, tier: str) -> tuple[PolicyTrace, ...]:
    (own,) = [one for one in found.tiers if one.tier == tier]
    return own.policies


def test_both_directions_are_told_in_order() -> None:
    found = trace(shop(network_policy("shop/in", DB, ingress=[])))
    assert [(one.direction, one.subject, one.verdict.value) for one in found.directions] == [
        ("egress", "shop/web", "allowed"),
        ("ingress", "shop/db", "denied"),
    ]
    assert found.directions[0].summary == "no policy governs its egress"


def test_every_policy_that_selects_is_told_and_no_other() -> None:
    asked = shop(
        network_policy("shop/one", DB, ingress=[]),
        network_policy("shop/two", ingress=[{}]),
        network_policy("shop/other", WEB, ingress=[]),
        network_policy("shop/out", DB, egress=[]),
    )
    told = policies(ingress(asked), "NetworkPolicy")
    assert {(one.name, one.outcome) for one in told} == {("one", "isolates, no rule matches"), ("two", "allow")}


@pytest.mark.parametrize(
    ("rule", "matches", "words"),
    [
        ({}, True, ["anyone", "any port"]),
        ({"from": [pods_peer(WEB)]}, True, ["pods with app=web in namespace shop"]),
        ({"from": [pods_peer(DB)]}, False, ["no peer of it is shop/web", "app=db"]),
        ({"from": [pods_peer(spaces={"team": "a"})]}, False, ["namespaces with team=a"]),
        ({"from": [pods_peer(WEB, {})]}, True, ["in any namespace"]),
        ({"ports": tcp(80)}, False, ["port 5432/TCP is not among 80/TCP"]),
        ({"ports": [{"protocol": "TCP", "port": 5000, "endPort": 6000}]}, True, ["5000-6000/TCP"]),
        ({"ports": [{"protocol": "UDP"}]}, False, ["not among any UDP port"]),
        ({"ports": tcp("pg")}, False, ["pg/TCP"]),
        ({"from": [pods_peer(DB)], "ports": tcp(80)}, False, ["no peer of it is shop/web"]),
    ],
)
def test_a_rule_says_on_which_criterion_it_fails_or_holds(rule: Object, matches: bool, words: list[str]) -> None:
    (policy,) = policies(ingress(shop(network_policy("shop/in", DB, ingress=[rule]))), "NetworkPolicy")
    (told,) = policy.rules
    assert told.matches is matches
    assert all(word in told.criterion for word in words), told.criterion


def test_a_rule_that_may_match_is_told_as_such() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.0/8", "10.9.0.0/16")]}]))
    (policy,) = policies(ingress(asked), "NetworkPolicy")
    assert policy.rules[0].matches is None
    assert "10.0.0.0/8 except 10.9.0.0/16" in policy.rules[0].criterion
    assert policy.outcome == "unknown"
    assert ingress(asked).verdict is Verdict.UNKNOWN


def test_tiers_are_told_in_order_and_what_is_not_reached_says_so() -> None:
    everyone = {"namespaces": {}}
    rules = [{"action": "Deny", "from": [admin_pods({"app": "x"})]}, {"action": "Accept", "from": [everyone]}]
    asked = shop(
        cluster_policy("admin", ingress=rules),
        cluster_policy("base", tier="Baseline", ingress=[{"action": "Deny", "from": [everyone]}]),
        network_policy("shop/in", DB, ingress=[]),
    )
    tiers = ingress(asked).tiers
    assert [(one.tier, one.outcome) for one in tiers] == [
        ("Admin", "allow by ClusterNetworkPolicy admin"),
        ("NetworkPolicy", "not reached"),
        ("Baseline", "not reached"),
    ]
    (admin,) = tiers[0].policies
    assert [(rule.action, rule.matches) for rule in admin.rules] == [("deny", False), ("allow", True)]


def test_admin_policies_are_told_by_priority() -> None:
    everyone = [{"action": "Pass", "from": [{"namespaces": {}}]}]
    asked = shop(*(cluster_policy(name, priority=number, ingress=everyone) for name, number in (("a", 9), ("b", 1))))
    assert [one.name for one in policies(ingress(asked), "Admin")] == ["b", "a"]


def test_every_policy_and_rule_has_its_place() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[{}]))
    (policy,) = policies(ingress(asked), "NetworkPolicy")
    assert policy.place == asked.cluster.policies[0].place
    assert policy.rules[0].place.file == policy.place.file


def test_an_explanation_carries_the_answer() -> None:
    asked = shop(network_policy("shop/in", DB, ingress=[]))
    explanation = asked.explain("shop/web", "shop/db", 5432)
    assert explanation.answer.verdict is Verdict.DENIED
    assert explanation.traces[0].decided_by == explanation.answer.decided_by
    assert explanation.traces[0].reason == explanation.answer.reason


def test_each_kind_of_flow_has_a_trace() -> None:
    explanation = shop(network_policy("shop/in", DB, ingress=[{"ports": tcp(80)}])).explain("shop/web", "shop/db")
    assert {one.verdict for one in explanation.traces} == {Verdict.ALLOWED, Verdict.DENIED}
    assert {one.port for one in explanation.traces} == {"80/TCP", "1/TCP"}
    assert explanation.edit is None, "an edit is for one flow"


@pytest.mark.parametrize(
    ("source", "destination", "port", "directions"),
    [("shop/web", "shop/web", 80, 0), ("shop/web", "shop/nowhere", 80, 0), ("203.0.113.7", "shop/db", 80, 2)],
)
def test_flows_that_no_policy_judges_have_no_directions(
    source: str, destination: str, port: int, directions: int
) -> None:
    asked = shop(service("shop/nowhere", {"app": "none"}, {"port": 80}))
    (found,) = asked.explain(source, destination, port).traces
    assert len(found.directions) == directions


def test_the_trace_of_a_service_names_both_ports() -> None:
    asked = shop(service("shop/svc", DB, {"port": 80, "targetPort": 5432}))
    (found,) = asked.explain("shop/web", "shop/svc", 80).traces
    assert found.port == "5432/TCP (Service port 80/TCP)"


@SLOW
@given(st.randoms(use_true_random=False))
def test_traces_agree_with_the_answer(random: Random) -> None:
    """Both directions together are the verdict, and who decided is among the policies that are told."""
    made = scenario(random)
    asked = load(made.objects, made.given)
    for question in questions(random, made, 6):
        ends = end_text(question.source), end_text(question.destination)
        explanation = asked.explain(*ends, question.port, question.protocol)
        assert explanation.answer.verdict is asked.can(*ends, question.port, question.protocol).verdict
        assert {one.verdict for one in explanation.traces} == {part.verdict for part in explanation.answer.parts} or (
            explanation.answer.reason.code == "unknown-end"
        )
        for found in explanation.traces:
            seen = {one.verdict for one in found.directions}
            if found.verdict is Verdict.ALLOWED:
                assert seen <= {Verdict.ALLOWED}
            elif found.directions and found.verdict is Verdict.DENIED:
                assert seen != {Verdict.ALLOWED}
            told = {
                (one.kind, one.namespace, one.name)
                for direction in found.directions for tier in direction.tiers for one in tier.policies
            }  # fmt: skip
            if found.directions and found.reason.code != "unmodelled-policy":
                assert {(one.kind, one.namespace, one.name) for one in found.decided_by} <= told
