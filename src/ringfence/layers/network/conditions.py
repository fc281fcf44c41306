"""Does this peer match this end? The one place that says so: under which facts, by which profile.

Every other part of the network layer is an index over these functions. A result is a tuple of conditions of which one
must hold: empty for never, ``(ALWAYS,)`` for surely.

Sources: networking/v1 NetworkPolicyPeer, network-policy-api v1alpha2 peers, and the profile's facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ringfence.layers.network.ends import EndClass, node_end
from ringfence.layers.network.enforcement import DECIDING
from ringfence.layers.network.facts import (
    ALWAYS,
    BOOLEAN,
    HOST_ADDRESS,
    NONE_TAKEN,
    OWN_ADDRESS,
    TRUE,
    Condition,
    Kind,
    Literal,
    Role,
    Taken,
    Variable,
    both,
    empty,
    fact_literal,
    readings_condition,
    without,
)
from ringfence.layers.profiles import Fact, Profile
from ringfence.model.cluster import NAME_LABEL, Namespace, Node
from ringfence.model.policy import AddressPeer, AnyPeer, DomainPeer, NodePeer, Peer, PodPeer, PodSelection, PortMatch
from ringfence.sets.addresses import Intervals, family
from ringfence.sets.labels import ANY_VALUE, Selector, ValueSet
from ringfence.sets.ports import PROTOCOLS, PortTable, port_key, protocol_range

FAMILY = Variable("family", None, "", frozenset(("4", "6")))
SAME_NODE = Variable("same-node", None, "", BOOLEAN)
ON_SAME_NODE = Literal(SAME_NODE, TRUE)

SOME_NODE, SOME_OWNER = "node", "owner"
"""Why it is open whether the plugin enforces policy for a pod: its node is not known; its owner is not."""

ELSEWHERE = ""
"""Among the nodes that a pod may run on: one that the input does not have."""

SURELY: tuple[Condition, ...] = (ALWAYS,)


def named_port(name: str) -> Variable:
    """Whether the port of the flow is the destination's port called ``name/PROTOCOL``, where its ports are open."""
    return Variable("named-port", "dst", name, BOOLEAN)


class Conditions:
    """Peers and subjects against ends, for one cluster and one profile."""

    def __init__(
        self,
        profile: Profile,
        namespaces: Mapping[str, Namespace],
        nodes: Mapping[str, Node],
        taken: Taken = NONE_TAKEN,
        assume_no_labels: bool = False,
        node_space: Intervals = (),
    ) -> None:
        self.profile = profile
        self.all_kinds = all(profile.answer(fact) for fact in DECIDING)
        """Whether the plugin enforces every kind of policy."""
        self.nowhere = profile.elsewhere is False and not any(value is not False for value in profile.nodes.values())
        """Whether no node enforces policy."""
        self.everywhere = not profile.partial_nodes and profile.answer(Fact.STANDALONE_PODS) is True
        """Whether it enforces policy for every pod."""
        self._open = not assume_no_labels
        self.namespaces = namespaces
        self.nodes = nodes
        self.taken = taken
        self._node_ends = {name: node_end(node, node_space) for name, node in nodes.items()}
        self._strange_name = ValueSet(frozenset(namespaces), True, False)

    def labels(
        self,
        selector: Selector,
        labels: Mapping[str, str],
        domains: Mapping[str, ValueSet],
        any_label: bool,
        kind: Kind,
        role: Role,
    ) -> Condition | None:
        """When an object of which these labels are known matches; None for never."""
        literals: list[Literal] = []
        for requirement in selector.requirements:
            key = requirement.key
            if key in labels:
                if not requirement.matches(labels):
                    return None
                continue
            domain = domains.get(key)
            if domain is None:
                if not any_label:
                    if not requirement.matches({}):
                        return None
                    continue
                domain = ANY_VALUE
            allowed = requirement.allowed()
            if domain.intersection(allowed).empty():
                return None
            if not domain.intersection(allowed.complement()).empty():
                literals.append(Literal(Variable(kind, role, key, domain), allowed))
        return frozenset(literals) if literals else ALWAYS

    def namespace(self, selector: Selector, name: str | None, role: Role) -> Condition | None:
        """When a namespace matches a selector of namespaces."""
        if not selector.requirements:
            return ALWAYS
        if name is None:
            return self.labels(selector, {}, {NAME_LABEL: self._strange_name}, True, "namespace-label", role)
        known = self.namespaces.get(name)
        if known is None:
            return self.labels(selector, {NAME_LABEL: name}, {}, self._open, "namespace-label", role)
        return self.labels(selector, known.labels, {}, known.open_labels, "namespace-label", role)

    def _home(self, selector: Selector, end: EndClass, role: Role) -> Condition | None:
        """When the namespace of an end matches a selector of namespaces."""
        if end.namespace_labels is not None:
            return self.labels(selector, end.namespace_labels, {}, False, "namespace-label", role)
        return self.namespace(selector, end.namespace, role)

    def host_network(self, admin: bool) -> Condition | None:
        """When hostNetwork pods are pods to the policies."""
        fact = Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS if admin else Fact.HOST_NETWORK_PODS_ARE_PODS
        value = self.profile.answer(fact)
        if value is None:
            return frozenset((fact_literal(fact),))
        return ALWAYS if value else None

    def selects(self, selection: PodSelection, end: EndClass, role: Role, admin: bool) -> Condition | None:
        """When a selection of pods includes this end; None for never."""
        if end.sort != "pod":
            return None
        if selection.namespaces is None:
            if end.namespace != selection.namespace:
                return None
            condition = ALWAYS
        else:
            by_namespace = self._home(selection.namespaces, end, role)
            if by_namespace is None:
                return None
            condition = by_namespace
        own = self.labels(selection.pods, end.labels, end.open_labels, end.any_label, "pod-label", role)
        if own is None:
            return None
        if end.host_network:
            host = self.host_network(admin)
            if host is None:
                return None
            own = own | host
        return condition | own if own else condition

    def enforced(self, end: EndClass, role: Role) -> Condition | None:
        """When the plugin enforces policy for this pod: on its node, and for pods of its kind. None for never."""
        profile = self.profile
        literals: list[Literal] = []
        if profile.partial_nodes:
            if end.where is None:
                if self.nowhere:
                    return None
                literals.append(Literal(Variable("enforced", role, SOME_NODE, BOOLEAN), TRUE))
            elif end.where is False:
                return None
            elif isinstance(end.where, str):
                literals.append(Literal(Variable("enforced", None, f"node {end.where}", BOOLEAN), TRUE))
        value = profile.answer(Fact.STANDALONE_PODS)
        if value is not True and end.standalone is not False:
            if end.standalone is None:
                literals.append(Literal(Variable("enforced", role, SOME_OWNER, BOOLEAN), TRUE))
            elif value is False:
                return None
            else:
                literals.append(fact_literal(Fact.STANDALONE_PODS))
        return frozenset(literals) if literals else ALWAYS

    def peer(self, peer: Peer, end: EndClass, role: Role, admin: bool) -> tuple[Condition, ...]:
        """When a peer of a rule matches this end."""
        if isinstance(peer, AnyPeer):
            return SURELY
        if isinstance(peer, PodPeer):
            condition = self.selects(peer.selection, end, role, admin)
            return () if condition is None else (condition,)
        if isinstance(peer, AddressPeer):
            return self.address(peer, end, role)
        if isinstance(peer, NodePeer):
            return self.node(peer, end, role)
        return self.domain(peer, end, role)

    def address(self, peer: AddressPeer, end: EndClass, role: Role) -> tuple[Condition, ...]:
        """When a CIDR applies to this end: by the plugin's answer, and by the end's address of the flow's family."""
        plugin: Condition = ALWAYS
        if end.sort != "outside":
            on_node = end.sort == "node" or end.host_network
            fact = (
                (Fact.NETWORKS_MATCH_NODES if on_node else Fact.NETWORKS_MATCH_PODS)
                if peer.admin
                else (Fact.IPBLOCK_MATCHES_NODES if on_node else Fact.IPBLOCK_MATCHES_PODS)
            )
            value = self.profile.answer(fact)
            if value is False:
                return ()
            if value is None:
                plugin = frozenset((fact_literal(fact),))
        if peer.readings:
            plugin |= readings_condition(peer.readings)
        if end.host_network and end.node is None and not end.addresses and self._node_ends:
            within = self._on_some_node(
                end,
                role,
                lambda node: self.address_within(peer.addresses, node, role),
                self.address_within(peer.addresses, EndClass("node", space=end.space), role),
            )
        else:
            within = self.address_within(peer.addresses, end, role)
        return tuple(plugin | condition for condition in within)

    def _on_some_node(
        self,
        end: EndClass,
        role: Role,
        ask: Callable[[EndClass], tuple[Condition, ...]],
        elsewhere: tuple[Condition, ...],
    ) -> tuple[Condition, ...]:
        """What holds for a hostNetwork pod of which the node is not known: for each node of the input what holds there,
        and ``elsewhere`` for a node that the input lacks."""
        domain = frozenset((*self._node_ends, ELSEWHERE))
        variable = Variable("node", role, "", domain)
        by_condition: dict[Condition, set[str]] = {}
        for name, node in self._node_ends.items():
            for condition in ask(node):
                by_condition.setdefault(condition, set()).add(name)
        for condition in elsewhere:
            by_condition.setdefault(condition, set()).add(ELSEWHERE)
        return tuple(
            condition if names == domain else condition | {Literal(variable, frozenset(names))}
            for condition, names in by_condition.items()
        )

    def address_within(self, addresses: Intervals, end: EndClass, role: Role) -> tuple[Condition, ...]:
        """When the address that the flow uses for this end lies in the set."""
        if not end.addresses:
            if end.sort == "outside":
                return SURELY if both(end.space, addresses) else ()
            kind: str = end.sort
            if end.host_network:
                kind = HOST_ADDRESS if end.node is None else "node"
            variable = Variable("address", role, kind, end.space)
            inside = both(end.space, addresses)
            if empty(variable, inside, self.taken):
                return ()
            if empty(variable, without(end.space, addresses), self.taken):
                return SURELY
            return (frozenset((Literal(variable, addresses),)),)
        by_family: dict[int, Condition | None] = {}
        for number in (4, 6):
            own = [address for address in end.addresses if family(address) == number]
            if not own:
                continue
            inside_count = sum(any(first <= address <= last for first, last in addresses) for address in own)
            if inside_count == len(own):
                by_family[number] = ALWAYS
            elif inside_count:
                domain: Intervals = tuple(sorted((address, address) for address in own))
                by_family[number] = frozenset((Literal(Variable("address", role, OWN_ADDRESS, domain), addresses),))
            else:
                by_family[number] = None
        if len(by_family) == 1 or len(set(by_family.values())) == 1:
            only = next(iter(by_family.values()))
            return () if only is None else (only,)
        return tuple(
            condition | {Literal(FAMILY, frozenset((str(number),)))}
            for number, condition in by_family.items()
            if condition is not None
        )

    def node(self, peer: NodePeer, end: EndClass, role: Role) -> tuple[Condition, ...]:
        """When a nodes peer matches: a node by its labels, a hostNetwork pod by those of its node."""
        if end.sort == "node":
            return self._node_labels(peer.nodes, end.name or None, role)
        if end.sort == "pod" and end.host_network:
            if self.profile.answer(Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS):
                return ()
            if end.node is None and self._node_ends:
                return self._on_some_node(
                    end,
                    role,
                    lambda node: self._node_labels(peer.nodes, node.name, role),
                    self._node_labels(peer.nodes, None, role),
                )
            return self._node_labels(peer.nodes, end.node, role)
        return ()

    def _node_labels(self, selector: Selector, name: str | None, role: Role) -> tuple[Condition, ...]:
        node = self.nodes.get(name) if name else None
        labels: Mapping[str, str] = node.labels if node else {}
        condition = self.labels(selector, labels, {}, node is None or node.open_labels, "node-label", role)
        return () if condition is None else (condition,)

    def domain(self, peer: DomainPeer, end: EndClass, role: Role) -> tuple[Condition, ...]:
        """When a domain name stands for this end: never for what is in the cluster, an open fact outside."""
        if end.sort != "outside":
            return ()
        return tuple(frozenset((Literal(Variable("domain", role, name, BOOLEAN), TRUE),)) for name in peer.names)

    def ports(
        self, table: PortTable, matches: tuple[PortMatch, ...] | None, destination: EndClass, admin: bool
    ) -> tuple[tuple[Condition, int], ...]:
        """The destination ports of a rule, named ones resolved on the destination, as (condition, port set number)."""
        if matches is None:
            return ((ALWAYS, PortTable.ALL),)
        fixed: list[tuple[int, int]] = []
        found: list[tuple[Condition, int]] = []
        for match in matches:
            if match.name is None:
                assert match.protocol is not None
                span = (port_key(match.protocol, match.first), port_key(match.protocol, match.last))
                if match.readings:
                    found.append((readings_condition(match.readings), table.number((span,))))
                else:
                    fixed.append(span)
            elif destination.sort == "pod":
                under = readings_condition(match.readings)
                for condition, numbers in self._named(table, match, destination, admin):
                    found.append((condition | under, numbers))
        if fixed:
            found.append((ALWAYS, table.number(fixed)))
        return tuple(found)

    def _named(
        self, table: PortTable, match: PortMatch, destination: EndClass, admin: bool
    ) -> list[tuple[Condition, int]]:
        base: Condition = ALWAYS
        if destination.host_network:
            host = self.host_network(admin)
            if host is None:
                return []
            base = host
        if destination.open_ports:
            return [
                (
                    base | {Literal(named_port(f"{match.name}/{protocol}"), TRUE)},
                    table.number((protocol_range(protocol),)),
                )
                for protocol in ((match.protocol,) if match.protocol is not None else PROTOCOLS)
            ]
        numbers = [
            (port_key(port.protocol, port.number),) * 2
            for port in destination.ports
            if port.name == match.name and match.protocol in (None, port.protocol)
        ]
        return [(base, table.number(numbers))] if numbers else []
