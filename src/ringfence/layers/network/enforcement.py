"""What a plugin makes of a policy: whether it has any effect, and what it means to this plugin.

Two things come out of here. ``effect`` says under which condition a policy governs a direction at all. ``as_enforced``
is the policy as the plugin reads it: without what it ignores, and with an open effect where nobody knows what it makes
of it. Everything that is merely *unknown* of a port or an address keeps its two readings, as entries that stand under
an answer of the profile (``model.policy``: ``readings``).

Source: the facts of ``layers.profiles``, each with its own source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.layers.network.facts import ALWAYS, Condition, Literal, fact_literal
from ringfence.layers.profiles import Fact, Profile, Reading
from ringfence.model.policy import (
    AddressPeer,
    Direction,
    DomainPeer,
    NetworkPolicyRules,
    NodePeer,
    Peer,
    PortMatch,
    Readings,
    Rule,
    Tier,
)
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import PROTOCOLS
from ringfence.values import Value, replace

DIRECTIONS = (Direction.INGRESS, Direction.EGRESS)
LIMITED_IPV6: Intervals = ip.canonical((ip.cidr("2000::/3"), ip.cidr("fd00::/8")))
"""What kube-router makes of ::/0."""

_BY_KIND = {
    "ClusterNetworkPolicy": Fact.CLUSTER_NETWORK_POLICY,
    "AdminNetworkPolicy": Fact.ADMIN_NETWORK_POLICY,
    "BaselineAdminNetworkPolicy": Fact.BASELINE_ADMIN_NETWORK_POLICY,
}
_BY_DIRECTION = {
    Direction.INGRESS: Fact.NETWORK_POLICY_INGRESS,
    Direction.EGRESS: Fact.NETWORK_POLICY_EGRESS,
}
DECIDING = (*_BY_DIRECTION.values(), *_BY_KIND.values(), Fact.HIGH_ADMIN_PRIORITIES)
"""The facts that say whether policies have an effect at all."""
HIGHEST_LOW_PRIORITY = 99
EQUAL_PREFIX = "except-beside-an-equal-ipblock"
"""An address that one peer of a rule names and another takes away, both with the same prefix."""


class Unenforced(Value):
    """A policy, or one direction of it, that has no effect under a profile."""

    policy: NetworkPolicyRules
    directions: tuple[Direction, ...]
    reading: Reading

    @property
    def why(self) -> str:
        """For people."""
        return self.reading.why or self.reading.source


def deciding(policy: NetworkPolicyRules, direction: Direction) -> tuple[Fact, ...]:
    """The facts that must all be true for a policy to have an effect in one direction."""
    if policy.tier is Tier.NETWORK_POLICY:
        return (_BY_DIRECTION[direction],)
    fact = _BY_KIND.get(policy.kind)
    if fact is None:
        return ()
    if fact is Fact.ADMIN_NETWORK_POLICY and policy.priority is not None and policy.priority > HIGHEST_LOW_PRIORITY:
        return (fact, Fact.HIGH_ADMIN_PRIORITIES)
    return (fact,)


def effect(policy: NetworkPolicyRules, direction: Direction, profile: Profile) -> Condition | None:
    """When a policy governs a direction; None for never."""
    literals: list[Literal] = []
    for fact in deciding(policy, direction):
        value = profile.answer(fact)
        if value is False:
            return None
        if value is None:
            literals.append(fact_literal(fact))
    return frozenset(literals) if literals else ALWAYS


def unenforced(policies: Iterable[NetworkPolicyRules], profile: Profile) -> tuple[Unenforced, ...]:
    """The policies that surely have no effect, in every direction that they govern or in one of them."""
    found = []
    for policy in policies:
        governed = governs(policy)
        idle = tuple(direction for direction in governed if effect(policy, direction, profile) is None)
        if idle:
            fact = next(fact for fact in deciding(policy, idle[0]) if profile.answer(fact) is False)
            found.append(Unenforced(policy, idle, profile.facts[fact]))
    return tuple(found)


def governs(policy: NetworkPolicyRules) -> tuple[Direction, ...]:
    """The directions of which a policy says anything."""
    return tuple(
        direction for direction in DIRECTIONS if policy.rules(direction) is not None or direction in policy.broken
    )


QUIRKS = (
    Fact.EXCEPT_IS_LOCAL,
    Fact.IPV6_ZERO_IS_EVERYTHING,
    Fact.IPV6_BLOCKS,
    Fact.SCTP_PORTS,
    Fact.END_PORT,
    Fact.NAMED_PORTS,
    Fact.ADMIN_NAMED_PORTS,
    Fact.ADMIN_NODE_PEERS,
    Fact.ADMIN_DOMAIN_PEERS,
)
"""The facts that change what a policy means."""


def in_force(policies: Iterable[NetworkPolicyRules], profile: Profile) -> tuple[NetworkPolicyRules, ...]:
    """The policies as the plugin reads them."""
    if profile.answer(Fact.REJECTED_OBJECTS_COUNT):
        policies = (policy.as_written or policy for policy in policies)
    if all(profile.answer(fact) for fact in QUIRKS):
        return tuple(policies)
    return tuple(as_enforced(policy, profile) for policy in policies)


def as_enforced(policy: NetworkPolicyRules, profile: Profile) -> NetworkPolicyRules:
    """One policy as the plugin reads it."""
    if policy.broken:
        return policy
    fact = _not_understood(policy, profile)
    if fact is not None:
        return _open(policy, profile.facts[fact])
    changed = [
        tuple(_as_read(rule, policy.tier, profile) for rule in rules)
        if (rules := policy.rules(direction)) is not None
        else None
        for direction in DIRECTIONS
    ]
    return replace(policy, ingress=changed[0], egress=changed[1])


def _open(policy: NetworkPolicyRules, reading: Reading) -> NetworkPolicyRules:
    """The policy with an open effect in all its directions."""
    return replace(
        policy,
        ingress=None if policy.ingress is None else (),
        egress=None if policy.egress is None else (),
        broken=frozenset(governs(policy)),
        unclear=reading.why or reading.source,
        would_settle=reading.decide,
    )


def _not_understood(policy: NetworkPolicyRules, profile: Profile) -> Fact | None:
    """The fact because of which nobody knows what the plugin makes of the policy; None where it is known."""
    admin = policy.tier is not Tier.NETWORK_POLICY
    rules = [rule for direction in DIRECTIONS for rule in policy.rules(direction) or ()]
    named = Fact.ADMIN_NAMED_PORTS if admin else Fact.NAMED_PORTS
    if not profile.answer(named) and any(match.name is not None for rule in rules for match in rule.ports or ()):
        return named
    peers = [peer for rule in rules for peer in rule.peers]
    for fact, kind in ((Fact.ADMIN_NODE_PEERS, NodePeer), (Fact.ADMIN_DOMAIN_PEERS, DomainPeer)):
        if not profile.answer(fact) and any(isinstance(peer, kind) for peer in peers):
            return fact
    if not admin and profile.answer(Fact.EXCEPT_IS_LOCAL) is None:
        blocks = [peer for peer in peers if isinstance(peer, AddressPeer)]
        if any(peer.excepts for peer in blocks) and (len(rules) > 1 or len(blocks) > 1):
            return Fact.EXCEPT_IS_LOCAL
    return None


def _as_read(rule: Rule, tier: Tier, profile: Profile) -> Rule:
    peers: tuple[Peer, ...] = rule.peers
    if tier is Tier.NETWORK_POLICY:
        peers = _blocks(peers, profile)
    ports = rule.ports
    if ports is not None:
        ports = tuple(entry for match in ports for entry in _entries(match, profile))
    return rule if peers == rule.peers and ports == rule.ports else replace(rule, peers=peers, ports=ports)


def _entries(match: PortMatch, profile: Profile) -> Iterable[PortMatch]:
    """A port as the plugin reads it: with the readings that are open, as entries under them."""
    sctp = profile.answer(Fact.SCTP_PORTS)
    if sctp is not True and match.protocol is None:
        for protocol in PROTOCOLS:
            yield from _entries(replace(match, protocol=protocol), profile)
        return
    if match.protocol == "SCTP" and sctp is not True:
        if sctp is False:
            return
        match = replace(match, readings=(*match.readings, (Fact.SCTP_PORTS, True)))
    whole = profile.answer(Fact.END_PORT)
    if not match.end_port or whole is True:
        yield match
        return
    yield replace(match, last=match.first)
    if whole is None and match.last > match.first:
        yield replace(match, first=match.first + 1, readings=(*match.readings, (Fact.END_PORT, True)))


def _blocks(peers: Sequence[Peer], profile: Profile) -> tuple[Peer, ...]:
    """The peers of a rule, with every ipBlock as the plugin reads it."""
    if not any(isinstance(peer, AddressPeer) for peer in peers):
        return tuple(peers)
    local, zero, six = (
        profile.answer(fact) for fact in (Fact.EXCEPT_IS_LOCAL, Fact.IPV6_ZERO_IS_EVERYTHING, Fact.IPV6_BLOCKS)
    )
    siblings = [peer for peer in peers if isinstance(peer, AddressPeer)]
    found: list[Peer] = []
    for peer in peers:
        if not isinstance(peer, AddressPeer):
            found.append(peer)
            continue
        under: Readings = ()
        if six is not True and ip.intersect(peer.cidr, ip.EVERY_IPV6):
            if six is False:
                continue
            under = ((Fact.IPV6_BLOCKS, True),)
        if zero is None and ip.EVERY_IPV6 in [one.cidr for one in siblings] and ip.intersect(peer.cidr, ip.EVERY_IPV6):
            for value in (True, False):
                part = _part(peer, siblings, local is False, value)
                found.extend(_under(one, (*under, (Fact.IPV6_ZERO_IS_EVERYTHING, value))) for one in part)
            continue
        found.extend(_under(one, under) for one in _part(peer, siblings, local is False, zero is not False))
    return tuple(found)


def _under(peer: AddressPeer, readings: Readings) -> AddressPeer:
    return replace(peer, readings=(*peer.readings, *readings)) if readings else peer


def _part(peer: AddressPeer, siblings: Sequence[AddressPeer], merged: bool, zero: bool) -> Iterable[AddressPeer]:
    """One ipBlock of a rule. ``merged``: all ipBlocks of the rule stand in one set, and the longest prefix decides."""
    own = ip.canonical(_prefixes(peer.cidr, zero))
    if not merged:
        yield peer if own == peer.cidr else replace(peer, addresses=ip.intersect(peer.addresses, own))
        return
    entries: dict[tuple[int, int], set[bool]] = {}
    for other in siblings:
        for prefix in _prefixes(other.cidr, zero):
            entries.setdefault(prefix, set()).add(True)
        for excepted in other.excepts:
            for prefix in _prefixes((excepted,), zero):
                entries.setdefault(prefix, set()).add(False)
    within: Intervals = ()
    contested: Intervals = ()
    for prefix in sorted(entries, key=lambda entry: entry[0] - entry[1]):
        space = (prefix,)
        values = entries[prefix]
        contested = ip.union(contested, space) if len(values) > 1 else ip.subtract(contested, space)
        within = ip.union(within, space) if values == {True} else ip.subtract(within, space)
    yield replace(peer, addresses=ip.intersect(within, own))
    disputed = ip.intersect(contested, own)
    if disputed:
        yield replace(peer, addresses=disputed, readings=(*peer.readings, (EQUAL_PREFIX, True)))


def _prefixes(space: Intervals, zero: bool) -> tuple[tuple[int, int], ...]:
    """The prefixes that stand for a CIDR in a set of kube-router's: all of IPv4 is two halves."""
    if space == ip.EVERY_IPV6:
        return space if zero else LIMITED_IPV6
    if space == ip.EVERY_IPV4:
        half = 1 << 31
        return (0, half - 1), (half, 2 * half - 1)
    return space


__all__ = ["Unenforced", "as_enforced", "deciding", "effect", "governs", "in_force", "unenforced"]
