"""A profile: what one network plugin does with what the specifications leave open.

A profile answers a fixed list of questions, the *facts*. An answer is True or False with its source, or None: the
readings that the standard permits differ and nothing says which one holds, so a verdict that hangs on it is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fact(StrEnum):
    """The questions. Every profile answers each of them."""

    IPBLOCK_MATCHES_PODS = "ipblock-matches-pods"
    """Does an ipBlock of a NetworkPolicy apply to the addresses of pods?"""
    IPBLOCK_MATCHES_NODES = "ipblock-matches-nodes"
    """Does an ipBlock of a NetworkPolicy apply to the addresses of nodes, and so of hostNetwork pods?"""
    NETWORKS_MATCH_PODS = "networks-match-pods"
    """Do the networks of an admin policy apply to the addresses of pods?"""
    NETWORKS_MATCH_NODES = "networks-match-nodes"
    """Do the networks of an admin policy apply to the addresses of nodes?"""
    HOST_NETWORK_PODS_ARE_PODS = "host-network-pods-are-pods"
    """Does NetworkPolicy treat hostNetwork pods like any pod (as subject and as peer)? If not, they are their node."""
    ADMIN_HOST_NETWORK_PODS_ARE_PODS = "admin-host-network-pods-are-pods"
    """The same question for admin policies."""
    OWN_NODE_INGRESS_EXEMPT = "own-node-ingress-exempt"
    """Is traffic from a pod's own node to the pod always allowed?"""
    OWN_NODE_EGRESS_EXEMPT = "own-node-egress-exempt"
    """Is traffic from a pod to its own node exempt from NetworkPolicy?"""
    BASELINE_PER_DIRECTION = "baseline-per-direction"
    """Does Baseline still apply to a direction in which a pod is not isolated, when a NetworkPolicy isolates the
    other?"""
    REJECTED_OBJECTS_COUNT = "rejected-objects-count"
    """Is an object that the API server rejects taken as it is written, where its meaning is plain nevertheless?"""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer. ``value`` None: open. ``source`` says where the answer stands, ``why`` what it means for a user."""

    value: bool | None
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One plugin's answers. ``versions`` says for which releases they were read."""

    name: str
    title: str
    versions: str
    facts: Mapping[Fact, Reading]
    since: tuple[int, ...] = ()
    """The first version that the answers hold for; empty: all."""

    def answer(self, fact: Fact) -> bool | None:
        """True, False, or None where it is open."""
        return self.facts[fact].value
