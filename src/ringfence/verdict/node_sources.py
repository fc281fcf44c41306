"""Whose address policy sees of a packet that a node has handed on to a pod: answers of the profile, or open.

Source: Kubernetes documentation "Using Source IP", and what each profile says of its plugin.
"""

from __future__ import annotations

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.universe import Universe
from ringfence.layers.profiles import Fact, Profile
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import Value
from ringfence.verdict.answers import Reason
from ringfence.verdict.ends import Member

LOCAL_DECIDES = "externalTrafficPolicy: Local, with which most plugins keep the client's address"


class Translation(Value):
    """What a node may do to the source of a packet: leave it (``keeps``), put an address of its own in its place, one
    that its Node object states (``stated``) or one of a tunnel, a bridge or a router (``device``)."""

    keeps: bool
    stated: bool
    device: bool


def translation(profile: Profile, local: bool, own: bool) -> Translation:
    """What the profile says. ``local``: externalTrafficPolicy Local. ``own``: the packet came to the pod's own node."""
    fact = Fact.OWN_NODE_KEEPS_CLIENT if own else Fact.CLUSTER_POLICY_KEEPS_CLIENT
    keeps = profile.answer(Fact.LOCAL_POLICY_KEEPS_CLIENT if local else fact)
    stated = profile.answer(Fact.NODE_ADDRESS_IS_STATED)
    hides = keeps is not True
    # A pod's own node may be told by where a packet comes from, whatever its address is.
    return Translation(keeps is not False, hides and (own or stated is not False), hides and stated is not True)


def device_space(universe: Universe) -> Intervals:
    """Where an address of a tunnel, a bridge or a router may lie: the internet has no such address, unless the cluster
    takes it for its pods or nodes."""
    private = ip.subtract(ip.EVERY_ADDRESS, ip.INTERNET)
    return ip.merge((private, universe.pod_space, universe.node_space))


def devices(universe: Universe) -> tuple[Member, ...]:
    """An address of a node that its object does not state, in each family."""
    space = device_space(universe)
    return tuple(
        Member(EndClass("node", space=own, families=(ip.family(own[0][0]),)), "a tunnel or bridge of a node")
        for own in (ip.intersect(space, line) for line in (ip.EVERY_IPV4, ip.EVERY_IPV6))
        if own
    )


def unsure(profile: Profile, local: bool) -> Reason:
    """Why it is not known whose address policy sees."""
    facts = [Fact.LOCAL_POLICY_KEEPS_CLIENT] if local else [Fact.CLUSTER_POLICY_KEEPS_CLIENT]
    facts += [] if local else [Fact.OWN_NODE_KEEPS_CLIENT]
    readings = [profile.facts[fact] for fact in (*facts, Fact.NODE_ADDRESS_IS_STATED)]
    unsaid = next((reading for reading in readings if reading.value is None), None)
    hidden = profile.answer(facts[0]) is False
    if hidden and not local and profile.answer(facts[1]) is True:
        message = (
            "policy sees the client's address where the packet comes to the pod's own node, and an address of another"
            " node where it comes to that one"
        )
    elif hidden:
        message = "policy sees an address of the node that the packet comes to, and which one is not said"
    else:
        message = "whether policy sees the client's address or one of a node is up to the network plugin"
    if unsaid is not None:
        message += f" ({profile.name}: {unsaid.why})"
    decide = unsaid.decide if unsaid is not None and unsaid.decide else "" if local else LOCAL_DECIDES
    return Reason("source-address", message, decide)
