"""Fingerprints and differences: equal relations are equal however they are written, and others have a witness."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.sets.ports import PROTOCOLS, describe
from ringfence.world import EndError, World
from tests.model.objects import (
    Object,
    block,
    cluster_policy,
    namespace,
    network_policy,
    node,
    pod,
    pods_peer,
    tcp,
    world,
)
from tests.properties.clusters import scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=25, phases=[Phase.explicit, Phase.generate])
WEB, DB = {"app": "web"}, {"app": "db"}
POLICIES = ("NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")


def shop(*objects: Object, **options: Any) -> World:
    return world(namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB), *objects, **options)


def rule(*ports: int, **peer: Any) -> Object:
    return {"from": [pods_peer(WEB)], "ports": tcp(*ports), **peer}


IN = network_policy("shop/in", DB, ingress=[rule(80, 443)])


@pytest.mark.parametrize(
    "other",
    [
        [network_policy("shop/other-name", DB, ingress=[rule(443, 80)])],
        [network_policy("shop/in", DB, ingress=[rule(80), rule(443)])],
        [network_policy("shop/a", DB, ingress=[rule(80)]), network_policy("shop/b", DB, ingress=[rule(443)])],
        [IN, network_policy("shop/nobody", {"app": "none"}, ingress=[])],
        [IN, network_policy("shop/sub", DB, ingress=[rule(80)])],
    ],
)
def test_equal_relations_have_equal_fingerprints_and_no_difference(other: list[Object]) -> None:
    one, two = shop(IN), shop(*other)
    assert one.fingerprint() == two.fingerprint()
    assert one.difference(two) == two.difference(one) == []


@pytest.mark.parametrize(
    "other",
    [
        [],
        [network_policy("shop/in", DB, ingress=[rule(80)])],
        [network_policy("shop/in", DB, ingress=[rule(80, 443, 444)])],
        [network_policy("shop/in", DB, ingress=[rule(80, 443, **{"from": [pods_peer(WEB), block("203.0.113.0/32")]})])],
        [IN, network_policy("shop/out", WEB, egress=[{"to": [block("203.0.113.0/24")]}])],
        [IN, network_policy("shop/self", WEB, ingress=[])],
        [IN, cluster_policy("deny", ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}])],
        [
            network_policy(
                "shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": [{"protocol": "UDP", "port": 80}]}]
            )
        ],
    ],
)
def test_relations_that_differ_have_other_fingerprints_and_a_witness(other: list[Object]) -> None:
    one, two = shop(IN), shop(*other)
    assert one.fingerprint() != two.fingerprint()
    assert one.difference(two)
    assert {(c.source, c.destination, c.ports, c.before, c.after) for c in one.difference(two)} == {
        (c.source, c.destination, c.ports, c.after, c.before) for c in two.difference(one)
    }


@pytest.mark.parametrize(
    "objects",
    [
        [pod("shop/other", WEB), pod("shop/db", DB)],
        [pod("shop/web", WEB), pod("home/db", DB)],
        [pod("shop/web", WEB), pod("shop/db", DB), node("k1")],
    ],
)
def test_other_ends_are_another_relation(objects: list[Object]) -> None:
    plain = world(pod("shop/web", WEB), pod("shop/db", DB)).fingerprint()
    assert world(*objects).fingerprint() != plain


def test_a_fingerprint_is_64_hexadecimal_digits_and_the_same_on_every_run() -> None:
    assert shop(IN).fingerprint() == shop(IN).fingerprint()
    assert len(shop().fingerprint()) == 64
    assert set(shop().fingerprint()) <= set("0123456789abcdef")


def test_profiles_differ_where_a_policy_leaves_room() -> None:
    policy = network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.0/8")]}])
    pods = pod("shop/web", WEB, ips=("10.0.0.1",)), pod("shop/db", DB, ips=("10.0.0.2",))
    found = {cni: world(namespace("shop"), *pods, policy, cni=cni) for cni in ("generic", "calico", "netpol-analyzer")}
    assert len({one.fingerprint() for one in found.values()}) == 3
    (change,) = found["generic"].difference(found["calico"])
    assert (change.source, change.destination) == ("shop/web", "shop/db")
    assert (change.before.value, change.after.value) == ("unknown", "allowed")


def test_a_change_names_ends_ports_and_both_verdicts() -> None:
    (change,) = shop(IN).difference(shop(network_policy("shop/in", DB, ingress=[rule(443, 444)])), limit=1)
    assert (change.source, change.destination) == ("shop/web", "shop/db")
    assert (describe(change.ports), change.before.value, change.after.value) == ("TCP 80", "allowed", "denied")


@pytest.mark.parametrize("limit", [0, 1, 2, None])
def test_a_limit_cuts_the_list(limit: int | None) -> None:
    every = shop(IN).difference(shop())
    assert len(every) > 2
    assert shop(IN).difference(shop(), limit) == every[:limit]


def ask(asked: World, source: str, destination: str, key: int) -> str:
    return asked.can(source, destination, key & 0xFFFF, PROTOCOLS[key >> 16]).verdict.value


@SLOW
@given(st.randoms(use_true_random=False))
def test_every_difference_is_one_and_none_is_missing(random: Random) -> None:
    made = scenario(random)
    policies = [one for one in made.objects if one["kind"] in POLICIES]
    kept = [one for one in made.objects if one not in policies or random.random() < 0.6]
    before, after = load(made.objects, made.given), load(kept, made.given)
    changes = before.difference(after)
    pods = [f"{one.namespace}/{one.name}" for one in before.cluster.pods if not one.template]
    assert bool(changes) == (before.fingerprint() != after.fingerprint())
    for change in changes[:20]:
        if {change.source, change.destination} <= set(pods) and change.source != change.destination:
            key = change.ports[0][0]
            flow = change.source, change.destination, key
            assert (ask(before, *flow), ask(after, *flow)) == (change.before.value, change.after.value)


@SLOW
@given(st.randoms(use_true_random=False))
def test_equal_fingerprints_answer_alike(random: Random) -> None:
    """Under a change that may or may not matter."""
    made = scenario(random)
    base = load(made.objects, made.given)
    policies = [one for one in base.cluster.policies if one.namespace]
    pods = [f"{one.namespace}/{one.name}" for one in base.cluster.pods if not one.template]
    if not policies or len(pods) < 2:
        return
    gone = random.choice(policies)
    try:
        other = base.what_if(remove=[f"{gone.namespace}/networkpolicy/{gone.name}"])
    except EndError:
        return
    flows = [(random.choice(pods), random.choice(pods), random.choice([1, 80, 81, 8080])) for _ in range(12)]
    answers = [(base.can(*flow).verdict, other.can(*flow).verdict) for flow in flows]
    if base.fingerprint() == other.fingerprint():
        assert all(one is two for one, two in answers)
