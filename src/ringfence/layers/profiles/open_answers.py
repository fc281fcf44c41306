"""Answers that stand the same way in several profiles: what nobody has verified, and what a plugin has nothing of."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact
from ringfence.layers.profiles.generic import NOT_STORED, SOURCE_ADDRESSES, SPECIFICATION
from ringfence.layers.profiles.profile import Reading

NOT_VERIFIED = Reading(None, "nothing that was read says so", "not verified for this plugin")

UNVERIFIED: dict[Fact, Reading] = {
    **dict.fromkeys(Fact, NOT_VERIFIED),
    Fact.STANDALONE_PODS: SPECIFICATION[Fact.STANDALONE_PODS],
    Fact.LOCAL_POLICY_KEEPS_CLIENT: SPECIFICATION[Fact.LOCAL_POLICY_KEEPS_CLIENT],
    Fact.REJECTED_OBJECTS_COUNT: NOT_STORED,
}
"""What a plugin's profile begins with: only what its own sources say takes the place of these."""


BEHIND_KUBE_PROXY = Reading(
    False,
    f"{SOURCE_ADDRESSES}: kube-proxy, which handles Services there, puts an address of the node in the client's place",
)
"""For ``CLUSTER_POLICY_KEEPS_CLIENT`` of a plugin that leaves Services to kube-proxy."""


def before_masquerading(source: str) -> Reading:
    """For ``OWN_NODE_KEEPS_CLIENT`` of a plugin that judges packets before kube-proxy's rules rewrite their source."""
    return Reading(True, f"{source}; kube-proxy rewrites the source at the end of POSTROUTING")


def does_not_matter(why: str) -> Reading:
    """For a fact about something that the plugin has nothing of. Open, should anybody pin that it has."""
    return Reading(None, f"does not matter: {why}", f"not verified: {why}")


def not_enforced(source: str) -> dict[Fact, Reading]:
    """For a plugin that has no admin policies of either version: what they would mean does not matter."""
    no = Reading(False, source)
    return {
        Fact.CLUSTER_NETWORK_POLICY: no,
        Fact.ADMIN_NETWORK_POLICY: no,
        Fact.BASELINE_ADMIN_NETWORK_POLICY: no,
        **dict.fromkeys(ONLY_ADMIN, does_not_matter("admin policies are not enforced")),
    }


def the_whole_api(source: str) -> dict[Fact, Reading]:
    """For a plugin of which it was read that it handles port ranges, SCTP, IPv6 and named ports as the API means
    them."""
    yes = Reading(True, source)
    return dict.fromkeys(
        (
            Fact.IPV6_ZERO_IS_EVERYTHING,
            Fact.IPV6_FILTERED,
            Fact.IPV6_BLOCKS,
            Fact.SCTP_FILTERED,
            Fact.SCTP_PORTS,
            Fact.END_PORT,
            Fact.NAMED_PORTS,
        ),
        yes,
    )


ONLY_ADMIN = (
    Fact.HIGH_ADMIN_PRIORITIES,
    Fact.NETWORKS_MATCH_PODS,
    Fact.NETWORKS_MATCH_NODES,
    Fact.ADMIN_NAMED_PORTS,
    Fact.ADMIN_NODE_PEERS,
    Fact.ADMIN_DOMAIN_PEERS,
    Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS,
    Fact.BASELINE_PER_DIRECTION,
)
"""Facts that only matter to admin policies."""
