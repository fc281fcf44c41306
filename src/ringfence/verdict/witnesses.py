"""A cluster with an end of every kind that policies can tell apart; ``universal`` says why these are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import combinations, product

from ringfence.layers.network.universe import address_blocks, cut, outside_spaces
from ringfence.model.cluster import NAME_LABEL, Cluster, NamedPort, Namespace, Node, Pod, WorkloadRef
from ringfence.model.policy import (
    Direction,
    NetworkPolicyRules,
    NodePeer,
    Peer,
    PodPeer,
    PodSelection,
    Rule,
    Tier,
)
from ringfence.sets.addresses import ASSIGNABLE, Intervals, intersect, size
from ringfence.sets.labels import Selector
from ringfence.sets.ports import LAST_PORT, PROTOCOLS
from ringfence.values import Draft, field, replace
from ringfence.verdict.comparing import Comparison

MOST_ENDS = 20_000
"""Kinds of witnesses; more are not decided."""
MOST_PODS = 120_000
"""Witnesses, of which many are of one kind: one on each node."""
MOST_PORT_NAMES = 8
ABSENT = None


class TooManyError(Exception):
    """There are too many kinds of ends to try."""


def choices(selectors: Sequence[Selector], limit: int, fixed: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """Labels for each set of selectors that an object can match, one example a set. ``fixed``: labels that are given.
    Raises TooManyError."""
    known = dict(fixed or {})
    values: dict[str, set[str]] = {}
    for selector in selectors:
        for requirement in selector.requirements:
            if requirement.key not in known:
                values.setdefault(requirement.key, set()).update(requirement.values)
    alive = frozenset(
        number
        for number, selector in enumerate(selectors)
        if all(one.matches(known) for one in selector.requirements if one.key in known)
    )
    states: dict[frozenset[int], dict[str, str]] = {alive: known}
    for key in sorted(values):
        after: dict[frozenset[int], dict[str, str]] = {}
        options: list[str | None] = [ABSENT, _other(values[key]), *sorted(values[key])]
        for state, labels in states.items():
            for value in options:
                here = {} if value is None else {key: value}
                left = frozenset(
                    number
                    for number in state
                    if all(one.matches(here) for one in selectors[number].requirements if one.key == key)
                )
                if left not in after:
                    after[left] = labels | here
                    if len(after) > limit:
                        raise TooManyError
        states = after
    return list(states.values())


def _other(values: Iterable[str]) -> str:
    """A value that nobody mentions."""
    known = set(values)
    number = 0
    while f"other-{number}" in known:
        number += 1
    return f"other-{number}"


def rules_of(policy: NetworkPolicyRules) -> Iterator[Rule]:
    """The rules of both directions."""
    for direction in Direction:
        yield from policy.rules(direction) or ()


def _selections(policies: Iterable[NetworkPolicyRules], role: Role | None = None) -> Iterator[PodSelection]:
    """What policies say of pods; ``role``: of the sources of flows, or of their destinations, only."""
    own = None if role is None else Direction.EGRESS if role is Role.SOURCE else Direction.INGRESS
    for policy in policies:
        if own is None or policy.rules(own) is not None:
            yield policy.subject
        for direction in Direction:
            if direction is own:
                continue
            for rule in policy.rules(direction) or ():
                for peer in rule.peers:
                    if isinstance(peer, PodPeer):
                        yield peer.selection


class Role(Enum):
    """What a pod is in the flows that are looked at."""

    SOURCE = "source"
    DESTINATION = "destination"


ROLES = tuple(Role)


@dataclass(frozen=True, slots=True)
class Homes:
    """Namespaces by name: these, or all but these. The empty name is every namespace that no policy mentions, and what
    is in no namespace: nodes, and addresses outside."""

    names: frozenset[str] = frozenset()
    all_but: bool = True

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.all_but


ALL = Homes()


class Witnesses(Draft, dict=True):
    """The cluster of witnesses for some policies, and who cannot be in one cluster with whom."""

    policies: Sequence[NetworkPolicyRules]
    owners: bool = False
    """Whether pods that no controller owns may be treated otherwise."""
    sources: Homes = ALL
    destinations: Homes = ALL
    """Where the ends of the flows are that are looked at."""
    by_role: bool = False
    """Whether sources and destinations are pods of their own: a source is only seen by what policies say of sources.
    Not where the policies that select a destination as a source could matter to it."""
    roles: dict[tuple[str, str], Role] = field(default_factory=dict)
    """The role of each pod, where pods have one."""
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Namespace → the name that it stands for; empty for one that no policy mentions."""
    nodes: dict[str, Node] = field(default_factory=dict)
    pods: list[Pod] = field(default_factory=list)

    def make(self) -> Cluster:
        """The cluster, without policies. Raises TooManyError."""
        self._make_namespaces()
        addresses = self._addresses()
        self._make_nodes(addresses)
        for name, namespace in self.namespaces.items():
            self._make_pods(name, namespace, addresses)
        self.pods.sort(key=lambda pod: (pod.namespace, pod.name))
        return Cluster(namespaces=self.namespaces, nodes=self.nodes, pods=tuple(self.pods), families=frozenset((4, 6)))

    def _make_namespaces(self) -> None:
        selectors = list(
            dict.fromkeys(one.namespaces for one in _selections(self.policies) if one.namespaces is not None)
        )
        mentioned = {one.namespace for one in _selections(self.policies) if one.namespace is not None}
        mentioned.update(policy.namespace for policy in self.policies if policy.namespace is not None)
        for selector in selectors:
            for requirement in selector.requirements:
                if requirement.key == NAME_LABEL:
                    mentioned.update(requirement.values)
        fresh = _other(mentioned)
        for name in (*sorted(mentioned), fresh):
            known = "" if name == fresh else name
            if known not in self.sources and known not in self.destinations:
                continue
            for number, labels in enumerate(choices(selectors, MOST_ENDS, {NAME_LABEL: name})):
                own = f"{name}#{number}"
                self.namespaces[own] = Namespace(own, labels)
                self.names[own] = known
                if len(self.namespaces) > MOST_ENDS:
                    raise TooManyError

    def _addresses(self) -> list[Intervals]:
        """Where a pod or a node can be: the assignable part of each piece of the address line."""
        blocks = address_blocks(self.policies)
        pieces = outside_spaces(cut(blocks), ())
        found = [inside for piece in pieces if (inside := intersect(piece, ASSIGNABLE))]
        # Without CIDRs the families are alike.
        return found if blocks else found[:1]

    def _make_nodes(self, addresses: Sequence[Intervals]) -> None:
        selectors = list(
            dict.fromkeys(
                peer.nodes
                for policy in self.policies
                for rule in rules_of(policy)
                for peer in rule.peers
                if isinstance(peer, NodePeer)
            )
        )
        for labels, space in product(choices(selectors, MOST_ENDS), addresses):
            self._node(labels, space)
        if len(self.nodes) == 1:
            # Another one of the kind, so that pods can also be elsewhere.
            only = next(iter(self.nodes.values()))
            self._node(only.labels, tuple((address + 1, address + 1) for address in only.addresses))

    def _node(self, labels: Mapping[str, str], space: Intervals) -> None:
        name = f"node-{len(self.nodes)}"
        self.nodes[name] = Node(name, labels, (space[0][0],))
        if len(self.nodes) > MOST_ENDS:
            raise TooManyError

    def _make_pods(self, home: str, namespace: Namespace, addresses: Sequence[Intervals]) -> None:
        if not self.by_role:
            self._make_pods_of(home, namespace, addresses, None)
            return
        for role, homes in zip(ROLES, (self.sources, self.destinations), strict=True):
            if self.names[home] in homes:
                self._make_pods_of(home, namespace, addresses, role)

    def _make_pods_of(self, home: str, namespace: Namespace, addresses: Sequence[Intervals], role: Role | None) -> None:
        first = len(self.pods)
        selectors = list(
            dict.fromkeys(
                one.pods
                for one in _selections(self.policies, role)
                if (
                    one.namespace == self.names[home]
                    if one.namespaces is None
                    else one.namespaces.matches(namespace.labels)
                )
            )
        )
        for labels in choices(selectors, MOST_ENDS):
            # A flow asks for the ports of its destination by name.
            choice = ((),) if role is Role.SOURCE else self._port_choices(self.names[home], namespace, labels)
            for ports in choice:
                for space in addresses:
                    # Two pods, so that flows between two that are alike are flows; one address has one pod only.
                    for node in self.nodes:
                        self._pod(home, labels, ports, (space[0][0],), node, 2 if size(space) > 1 else 1)
                for name, own in self.nodes.items():
                    self._pod(home, labels, ports, own.addresses, name, 2, host=True)
        if role is not None:
            self.roles.update(((pod.namespace, pod.name), role) for pod in self.pods[first:])

    def _pod(
        self,
        home: str,
        labels: Mapping[str, str],
        ports: tuple[NamedPort, ...],
        addresses: tuple[int, ...],
        node: str,
        replicas: int,
        host: bool = False,
    ) -> None:
        for kind in ("Deployment", "Pod") if self.owners else ("Deployment",):
            self._one_pod(home, labels, ports, addresses, node, replicas, host, kind)

    def _one_pod(
        self,
        home: str,
        labels: Mapping[str, str],
        ports: tuple[NamedPort, ...],
        addresses: tuple[int, ...],
        node: str,
        replicas: int,
        host: bool,
        kind: str,
    ) -> None:
        if len(self.pods) >= MOST_PODS:
            raise TooManyError
        name = f"pod-{len(self.pods)}"
        self.pods.append(
            Pod(
                home,
                name,
                labels,
                WorkloadRef(kind, home, name),
                (),
                ports,
                addresses,
                node,
                host_network=host,
                template=replicas > 1,
                replicas=replicas,
            )
        )

    def _port_choices(
        self, name: str, namespace: Namespace, labels: Mapping[str, str]
    ) -> Iterator[tuple[NamedPort, ...]]:
        """Every subset of the port names that a rule may ask for at such a pod, each bound to a port of every piece
        into which the rules cut the ports: flows to different ports do not depend on each other."""

        def selects(one: PodSelection) -> bool:
            if one.namespaces is None:
                return one.namespace == name and one.pods.matches(labels)
            return one.namespaces.matches(namespace.labels) and one.pods.matches(labels)

        names: dict[str, None] = {}
        for policy, rule, own in self._named_rules:
            at_subject = selects(policy.subject) and any(rule is one for one in policy.ingress or ())
            if (
                at_subject
                or any(isinstance(peer, PodPeer) and selects(peer.selection) for peer in rule.peers)
                or any(not isinstance(peer, PodPeer) for peer in rule.peers)
            ):
                names.update(dict.fromkeys(own))
        if len(names) > MOST_PORT_NAMES:
            raise TooManyError
        # Where rules only add to each other, what two names admit at one port is what either admits, and what one
        # direction admits by one name and the other by another: pairs are enough.
        most = 2 if all(policy.tier is Tier.NETWORK_POLICY for policy in self.policies) else len(names)
        for bound in (one for count in range(most + 1) for one in combinations(names, count)):
            yield tuple(
                NamedPort(one, protocol, number)
                for one in bound
                for protocol in PROTOCOLS
                for number in self._port_pieces
            )

    @cached_property
    def _named_rules(self) -> list[tuple[NetworkPolicyRules, Rule, tuple[str, ...]]]:
        """Rules that ask for ports by their names."""
        return [
            (policy, rule, names)
            for policy in self.policies
            for rule in rules_of(policy)
            if (names := tuple(match.name for match in rule.ports or () if match.name is not None))
        ]

    @cached_property
    def _port_pieces(self) -> list[int]:
        """The first port of every piece into which the rules cut the ports."""
        cuts = {1}
        for policy in self.policies:
            for rule in rules_of(policy):
                for match in rule.ports or ():
                    if match.name is None:
                        cuts.update((match.first, match.last + 1))
        return sorted(number for number in cuts if number <= LAST_PORT)

    def copies(self, policies: Iterable[NetworkPolicyRules]) -> tuple[NetworkPolicyRules, ...]:
        """The policies, those of a namespace once for every namespace that stands for its name."""
        found: list[NetworkPolicyRules] = []
        for policy in policies:
            if policy.namespace is None:
                found.append(policy)
                continue
            for own, name in self.names.items():
                if name == policy.namespace:
                    found.append(_at_home(policy, own))
        return tuple(found)

    def looked_at(self, comparison: Comparison) -> tuple[int, Callable[[int, int], int]]:
        """The destinations that are looked at, and which of some sources can have a flow to one of them."""
        apart = self.meeting(comparison)
        masks = dict.fromkeys(Role, 0)
        pods = comparison.before.relation.cluster.pods
        for number, kind in enumerate(comparison.kinds):
            members = {(pods[first].namespace, pods[first].name) for first, _ in kind.pairs}
            for role, homes in zip(ROLES, (self.sources, self.destinations), strict=True):
                fits = any(
                    self.names[home] in homes and self.roles.get((home, name), role) is role for home, name in members
                )
                if fits or (not members and "" in homes):
                    masks[role] |= 1 << number

        def possible(mask: int, destination: int) -> int:
            return mask & masks[Role.SOURCE] & ~apart.get(destination, 0)

        return masks[Role.DESTINATION], possible

    def meeting(self, comparison: Comparison) -> Mapping[int, int]:
        """For each kind the kinds that cannot be in one cluster with it."""
        by_name: dict[str, int] = {}
        by_home: dict[str, int] = {}
        by_owner: dict[tuple[Intervals, str], int] = {}
        homes: dict[int, tuple[str, str]] = {}
        owners: dict[int, tuple[Intervals, str]] = {}
        single = {space for space in self._addresses() if size(space) == 1}
        universe = comparison.before.relation.universe
        for number, kind in enumerate(comparison.kinds):
            bit = 1 << number
            word, addresses = "outside", kind.space
            if kind.pairs:
                pod = comparison.before.relation.cluster.pods[kind.pairs[0][0]]
                name = self.names[pod.namespace]
                if name:
                    homes[number] = name, pod.namespace
                    by_name[name] = by_name.get(name, 0) | bit
                    by_home[pod.namespace] = by_home.get(pod.namespace, 0) | bit
                word = "node" if pod.host_network else "pod"
                addresses = tuple((address, address) for address in pod.addresses)
            elif not kind.space:
                word = "node"
                addresses = tuple((address, address) for address in universe.ends[kind.before].addresses)
            space = addresses
            if space in single:
                owners[number] = space, word
                by_owner[space, word] = by_owner.get((space, word), 0) | bit
        found: dict[int, int] = {}
        for number in range(len(comparison.kinds)):
            mask = 0
            if number in homes:
                name, home = homes[number]
                mask |= by_name[name] & ~by_home[home]
            if number in owners:
                space, word = owners[number]
                for (other, kind_word), members in by_owner.items():
                    if other == space and (kind_word != word or word != "node"):
                        mask |= members
            if mask:
                found[number] = mask
        return found


def _at_home(policy: NetworkPolicyRules, home: str) -> NetworkPolicyRules:
    """A policy of a namespace as if it were in another one."""

    def selection(one: PodSelection) -> PodSelection:
        return replace(one, namespace=home) if one.namespace is not None else one

    def peer(one: Peer) -> Peer:
        return replace(one, selection=selection(one.selection)) if isinstance(one, PodPeer) else one

    def rules(every: tuple[Rule, ...] | None) -> tuple[Rule, ...] | None:
        return None if every is None else tuple(replace(rule, peers=tuple(map(peer, rule.peers))) for rule in every)

    return replace(
        policy,
        namespace=home,
        subject=selection(policy.subject),
        ingress=rules(policy.ingress),
        egress=rules(policy.egress),
    )
