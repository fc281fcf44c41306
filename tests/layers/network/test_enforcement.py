"""What a plugin makes of a policy: no effect, another meaning, or an open one."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.layers.network.enforcement import unenforced
from ringfence.layers.profiles import Fact, Profile, Reading, find
from ringfence.loading import load_objects
from ringfence.model.policy import AddressPeer, Direction
from ringfence.sets.addresses import cidr_texts
from tests.properties.corner_cases import cluster_policy, network_policy
from tests.properties.profile_cases import old_policy

DENY: dict[str, Any] = {"action": "Deny", "from": [{"namespaces": {}}]}


def policies(objects: list[dict[str, Any]], profile: Profile) -> Any:
    return load_objects(objects, cni=profile).cluster.policies


@pytest.mark.parametrize(
    ("profile", "policy", "directions"),
    [
        ("flannel", network_policy({"policyTypes": ["Ingress", "Egress"]}), 2),
        ("flannel", network_policy({}), 1),
        ("generic", network_policy({}), 0),
        ("calico@3.31", cluster_policy(ingress=[DENY]), 1),
        ("calico@3.32", cluster_policy(ingress=[DENY]), 0),
        ("calico", cluster_policy(ingress=[DENY]), 0),  # open: not surely without effect
        ("calico@3.32", old_policy(5, ingress=[DENY]), 1),
        ("ovn-kubernetes", old_policy(100, ingress=[DENY]), 1),
        ("ovn-kubernetes", old_policy(99, ingress=[DENY]), 0),
        ("cilium", old_policy(None, ingress=[DENY]), 1),
    ],
)
def test_what_surely_has_no_effect_is_told(profile: str, policy: dict[str, Any], directions: int) -> None:
    world = load_objects([policy], cni=profile)
    found = world.unenforced
    assert found == unenforced(world.cluster.policies, world.profile)
    assert sum(len(one.directions) for one in found) == directions
    assert all(one.why and one.policy.name == policy["metadata"]["name"] for one in found)


def test_a_direction_alone_can_be_without_effect() -> None:
    profile = find("calico").with_answers({Fact.NETWORK_POLICY_EGRESS: Reading(False, "test", "no egress here")})
    world = load_objects([network_policy({"policyTypes": ["Ingress", "Egress"]})], cni=profile)
    assert [(one.directions, one.why) for one in world.unenforced] == [((Direction.EGRESS,), "no egress here")]


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        ([{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}], ["10.0.0.0/16 10.2.0.0/15"]),
        # the except is more specific than its sibling, which loses the addresses
        ([{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, {"cidr": "10.0.0.0/15"}], ["10.0.0.0/16"]),
        # the sibling is more specific than the except, and keeps its own
        ([{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9"]}, {"cidr": "10.0.1.0/24"}], ["10.0.1.0/24"]),
        ([{"cidr": "::/0"}], ["2000::/3 fd00::/8"]),
    ],
)
def test_excepts_in_one_ipset(peers: list[dict[str, Any]], expected: list[str]) -> None:
    rule = {"from": [{"ipBlock": block} for block in peers]}
    (policy,) = policies([network_policy({"ingress": [rule]})], find("k3s"))
    last = [peer for peer in policy.ingress[0].peers if isinstance(peer, AddressPeer)][-1]
    texts = " ".join(cidr_texts(last.addresses))
    assert all(text.split() == texts.split()[: len(text.split())] for text in expected)
    assert not last.readings


def test_of_two_equal_prefixes_it_is_open_which_counts() -> None:
    rule = {
        "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, {"ipBlock": {"cidr": "10.1.0.0/16"}}]
    }
    (policy,) = policies([network_policy({"ingress": [rule]})], find("k3s"))
    assert [tuple(cidr_texts(peer.addresses)) for peer in policy.ingress[0].peers if peer.readings] == [
        ("10.1.0.0/16",),
        ("10.1.0.0/16",),
    ]


def test_a_policy_that_the_plugin_may_not_understand_is_open() -> None:
    rule = {"ports": [{"port": "web"}]}
    (policy,) = policies([network_policy({"ingress": [rule], "egress": [{}]})], find("weave"))
    assert policy.broken == {Direction.INGRESS, Direction.EGRESS}
    assert "Weave rejects a policy with named ports" in policy.unclear
