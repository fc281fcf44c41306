"""Where open pods and nodes may be: which node, which address. Every answer is one fact, shared by all who ask."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from tests.oracle.objects import Address, Cluster, End, Node, Outside, Pod, every
from tests.oracle.policies import Network
from tests.oracle.search import Facts

NOT_ASSIGNABLE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
    )
)
"""What neither a pod nor a node can have: this-network, loopback, link-local, multicast, reserved, unspecified."""

ZERO = ipaddress.ip_network("::/0")
LIMITED_ZERO = (ipaddress.ip_network("2000::/3"), ipaddress.ip_network("fd00::/8"))
"""What kube-router makes of ::/0."""

ELSEWHERE = ("?1", "?2")
"""Two nodes that the input does not have: two pods can be on the same one or not."""

REPRESENTATIVES = 4
"""Addresses tried of each region: more than the open addresses of any one flow (two pods on two nodes)."""


def policy_networks(cluster: Cluster) -> Iterator[Network]:
    """Every CIDR and except that a policy names."""
    for policy in cluster.policies:
        for rule in (rule for rules in policy.rules.values() for rule in rules):
            for peer in rule.peers:
                yield from peer.networks
                if peer.block is not None:
                    yield from (peer.block, *peer.excepts)
                    if peer.block == ZERO:
                        yield from LIMITED_ZERO


def regions(cluster: Cluster, family: int, more: tuple[Network, ...] = ()) -> list[tuple[int, int]]:
    """The line of addresses of one family, cut wherever any CIDR of the input begins or ends."""
    given = (*more, *cluster.pod_ranges, *cluster.service_ranges, *cluster.node_ranges, *NOT_ASSIGNABLE)
    cuts = {0, 1 << (32 if family == 4 else 128)}
    for network in (*policy_networks(cluster), *given):
        if network.version == family:
            cuts |= {int(network.network_address), int(network.broadcast_address) + 1}
    line = sorted(cuts)
    return [(first, after - 1) for first, after in pairwise(line)]


def within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether any network of the address's family holds it."""
    return any(address.version == network.version and address in network for network in networks)


@lru_cache(maxsize=64)
def assignable(cluster: Cluster, kind: str, family: int) -> tuple[Address, ...]:
    """Design 2: representatives of the addresses that an open pod or node may have.

    In the given ranges of its kind if there are any; else anywhere but in Service ranges and the ranges of the other
    kind; never an address that the input gives to another object.
    """
    own = cluster.pod_ranges if kind == "pod" else cluster.node_ranges
    other = cluster.node_ranges if kind == "pod" else cluster.pod_ranges
    own = tuple(network for network in own if network.version == family)
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    found: list[Address] = []
    for first, last in regions(cluster, family):
        here: list[Address] = []
        for number in range(first, min(last, first + 200) + 1):
            address = make(number)
            allowed = within(address, own) if own else not within(address, (*other, *cluster.service_ranges))
            if not allowed or within(address, NOT_ASSIGNABLE) or len(here) == REPRESENTATIVES:
                break
            if address not in cluster.given:
                here.append(address)
        found += here
    return tuple(found)


def node_of(cluster: Cluster, pod: Pod, facts: Facts) -> str:
    """The node of a pod; any, if the input does not say."""
    if pod.node is not None:
        return pod.node
    named = [name for name, _ in cluster.options.nodes if name not in cluster.nodes]
    names = [*cluster.nodes, *named, *ELSEWHERE]
    if pod.host and pod.addresses:
        same = [name for name, node in cluster.nodes.items() if set(every(pod)) & set(every(node))]
        names = same or [name for name in names if name not in cluster.nodes or not cluster.nodes[name].addresses]
    return facts.choose((pod.identity, "node"), names)


def node_address(cluster: Cluster, name: str, family: int, facts: Facts) -> Address:
    """The address of a node, or one that it may have."""
    node = cluster.nodes.get(name)
    if node is not None and family in node.addresses:
        return facts.choose((name, family, "one of its addresses"), node.addresses[family])
    return choose_address(cluster, ("node", name), "node", family, facts)


def choose_address(cluster: Cluster, who: tuple[object, ...], kind: str, family: int, facts: Facts) -> Address:
    """An open address: no two objects share one."""
    taken = {value for fact, value in facts.known.items() if isinstance(fact, tuple) and fact[-1] == "address"}
    free = [address for address in assignable(cluster, kind, family) if address not in taken]
    return facts.choose((who, family, "address"), free)


def address_of(cluster: Cluster, end: End, family: int, facts: Facts) -> Address:
    """The address of one end in one family. A hostNetwork pod has its node's (NP 1.8)."""
    if isinstance(end, Outside):
        return end.address
    if family in end.addresses:
        return facts.choose((end.identity, family, "one of its addresses"), end.addresses[family])
    if isinstance(end, Node):
        return node_address(cluster, end.name, family, facts)
    if end.host:
        return node_address(cluster, node_of(cluster, end, facts), family, facts)
    return choose_address(cluster, end.identity, "pod", family, facts)


def families_of(cluster: Cluster, end: End) -> tuple[int, ...] | None:
    """Design 1: the known families of an end; None where they are open."""
    if isinstance(end, Outside):
        return (end.address.version,)
    addresses = end.addresses
    if isinstance(end, Pod) and end.host and not addresses and end.node is not None:
        addresses = cluster.nodes[end.node].addresses
    return tuple(sorted(addresses)) or None
