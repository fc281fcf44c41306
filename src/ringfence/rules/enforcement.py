"""What the profile says of features and kinds of policies: the facts that this version of the profiles has.

A profile that does not answer a fact is taken to say nothing of it. Facts are named by their words, as
``ringfence profile`` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ringfence.layers.profiles import Profile, Reading
from ringfence.model.policy import Direction, NetworkPolicyRules, Tier

_BY_KIND = {
    "ClusterNetworkPolicy": "clusternetworkpolicy",
    "AdminNetworkPolicy": "adminnetworkpolicy",
    "BaselineAdminNetworkPolicy": "baselineadminnetworkpolicy",
}
_BY_DIRECTION = {Direction.INGRESS: "networkpolicy-ingress", Direction.EGRESS: "networkpolicy-egress"}


def reading(profile: Profile, fact: str) -> Reading | None:
    """The answer to a fact, by its word; None: the profile does not know the question."""
    # A fact is a string enumeration: its word is an equal key.
    return cast(Mapping[str, Reading], profile.facts).get(fact)


def answer(profile: Profile, fact: str) -> bool | None:
    """True, False, or None where it is open or not asked."""
    found = reading(profile, fact)
    return None if found is None else found.value


def deciding(policy: NetworkPolicyRules, direction: Direction) -> str:
    """The fact that says whether a policy has any effect in a direction."""
    if policy.tier is Tier.NETWORK_POLICY:
        return _BY_DIRECTION[direction]
    return _BY_KIND.get(policy.kind, "")


def without_effect(policy: NetworkPolicyRules, profile: Profile) -> tuple[Direction, ...]:
    """The directions that a policy governs and in which the profile surely does not enforce it."""
    return tuple(
        direction
        for direction in Direction
        if (policy.rules(direction) is not None or direction in policy.broken)
        and answer(profile, deciding(policy, direction)) is False
    )
