"""What a policy does to every peer at once, on every port: the rules that decide what is not decided otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.model.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    NetworkPolicyRules,
    Peer,
    PodPeer,
    Rule,
)
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import Value


class Sweep(Value):
    """What the first rules do that hold for every pod, and for every address outside; None: there are none. Rules
    before them are exceptions that somebody meant. ``by_networks``: what they do to pods if networks match the
    addresses of pods."""

    pods: Action | None = None
    addresses: Action | None = None
    by_networks: Action | None = None


def sweep(policy: NetworkPolicyRules, direction: Direction, families: frozenset[int] = frozenset()) -> Sweep:
    """What a policy does to everything. ``families``: the address families of the cluster; empty: not known."""
    pods: Action | None = None
    addresses: Action | None = None
    by_networks: Action | None = None
    covered: dict[Action, Intervals] = {}
    for rule in policy.rules(direction) or ():
        if rule.ports is not None:
            continue
        if pods is None and holds_every_pod(rule):
            pods = rule.action
        blocks = [peer.addresses for peer in rule.peers if isinstance(peer, AddressPeer)]
        covered[rule.action] = ip.merge([covered.get(rule.action, ()), *blocks])
        whole = _everywhere(covered[rule.action], families)
        if addresses is None and (whole or any(isinstance(peer, AnyPeer) for peer in rule.peers)):
            addresses = rule.action
        if pods is None and by_networks is None and whole:
            by_networks = rule.action
    return Sweep(pods, addresses, by_networks)


def holds_every_pod(rule: Rule) -> bool:
    """Whether a rule holds for all pods of all namespaces by what it says of pods."""
    return any(isinstance(peer, AnyPeer) or _is_every_pod(peer) for peer in rule.peers)


def holds_every_address(peers: Iterable[Peer]) -> bool:
    """Whether peers hold all addresses outside."""
    listed = list(peers)
    blocks = ip.merge(peer.addresses for peer in listed if isinstance(peer, AddressPeer))
    return any(isinstance(peer, AnyPeer) for peer in listed) or _everywhere(blocks, frozenset())


def _everywhere(blocks: Intervals, families: frozenset[int]) -> bool:
    wanted = {frozenset((4,)): ip.EVERY_IPV4, frozenset((6,)): ip.EVERY_IPV6}.get(families, ip.EVERY_ADDRESS)
    return not ip.subtract(wanted, blocks)


def _is_every_pod(peer: Peer) -> bool:
    if not isinstance(peer, PodPeer):
        return False
    selection = peer.selection
    everywhere = selection.namespaces is not None and not selection.namespaces.requirements
    return everywhere and not selection.pods.requirements


def opens_everything(policy: NetworkPolicyRules, direction: Direction) -> Rule | None:
    """The rule with which a NetworkPolicy lets every pod, or simply everything, pass on every port."""
    for rule in policy.rules(direction) or ():
        if rule.ports is None and rule.action is Action.ALLOW and holds_every_pod(rule):
            return rule
    return None
