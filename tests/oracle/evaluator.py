"""One concrete flow, decided by the clauses of the specification."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tests.oracle.labels import Lookup, mentions, selects
from tests.oracle.objects import NAME_LABEL, Address, Cluster, End, Node, Outside, Pod
from tests.oracle.places import ELSEWHERE, LIMITED_ZERO, ZERO, address_of, families_of, node_of, within
from tests.oracle.policies import DIRECTIONS, Network, Peer, Policy, Port, Rule
from tests.oracle.profiles import PROFILES
from tests.oracle.search import Facts, outcomes

FRESH = "a value that no policy names"
ANOTHER = "a namespace that the input does not have"

ADMIN_FACTS = {
    "ClusterNetworkPolicy": "clusternetworkpolicy",
    "AdminNetworkPolicy": "adminnetworkpolicy",
    "BaselineAdminNetworkPolicy": "baselineadminnetworkpolicy",
}


@dataclass(frozen=True)
class Part:
    """One concrete flow: its verdict, and for each outcome a joint completion of the open facts that gives it."""

    source: End
    destination: End
    families: tuple[int, ...]
    verdict: str
    completions: Mapping[bool, Mapping[Hashable, Any]] = field(default_factory=dict)


@lru_cache(maxsize=64)
def mentioned(cluster: Cluster, kind: str) -> Mapping[str, list[str]]:
    """The values that selectors of this kind (namespace, pod, node) name, by key."""
    found: dict[str, list[str]] = {}
    for policy in cluster.policies:
        peers = [peer for rules in policy.rules.values() for rule in rules for peer in rule.peers]
        selectors = {
            "namespace": [policy.namespaces, *(peer.namespaces for peer in peers)],
            "pod": [policy.pods, *(peer.pods for peer in peers)],
            "node": [peer.nodes for peer in peers],
        }
        for key, value in (entry for selector in selectors[kind] for entry in mentions(selector)):
            if value not in found.setdefault(key, []):
                found[key].append(value)
    return found


@lru_cache(maxsize=64)
def numbers_apart(cluster: Cluster, protocol: str) -> list[int]:
    """Port numbers of which every other is like one, to the rules."""
    found = {1}
    for policy in cluster.policies:
        for rule in (rule for rules in policy.rules.values() for rule in rules):
            for port in rule.ports or ():
                if port.name is None and port.protocol == protocol:
                    found |= {port.first, port.last + 1}
    return sorted(number for number in found if number <= 65535)


class Walk:
    """The walk of one flow in one possible world."""

    def __init__(self, cluster: Cluster, protocol: str, port: int | str, family: int, facts: Facts) -> None:
        """``port``: a number, or the name that a pod with open ports has it under, the number being a fact."""
        self.cluster, self.protocol, self.family, self.facts = cluster, protocol, family, facts
        self.named = port if isinstance(port, str) else ""
        self.port = facts.choose("number", numbers_apart(cluster, protocol)) if isinstance(port, str) else port

    # what the profile or the facts say

    def setting(self, name: str) -> bool:
        """Design 3, 4: decided by the profile, else one open fact shared by everything that asks for it."""
        decided = self.decided(name)
        return self.facts.choose(name, (True, False)) if decided is None else decided

    def decided(self, name: str) -> bool | None:
        """What the profile says; None where it leaves it open."""
        pinned = dict(self.cluster.options.answers)
        return pinned[name] if name in pinned else PROFILES[self.cluster.options.profile].get(name)

    def label(self, kind: str, owner: Hashable, key: str, absent: bool = True) -> str | None:
        """An open label: absent, one of the values that policies name for the key, or one that none names."""
        named = mentioned(self.cluster, kind).get(key, [])
        values: list[str | None] = [*([None] if absent else []), *named, FRESH]
        return self.facts.choose((kind, owner, key), values)

    def namespace(self, pod: Pod) -> str:
        """The pod's namespace; that of a pod that the input does not have is open."""
        if pod.namespace is not None:
            return pod.namespace
        return self.facts.choose((pod.identity, "namespace"), (*self.cluster.namespaces, ANOTHER))

    def namespace_labels(self, name: str) -> Lookup:
        """Design 11: without a Namespace object only the name label is known."""
        known = self.cluster.namespaces.get(name)
        if known is not None:
            return known.get
        if name == ANOTHER:
            return lambda key: self.name_elsewhere() if key == NAME_LABEL else self.open_namespace_label(name, key)
        return lambda key: name if key == NAME_LABEL else self.open_namespace_label(name, key)

    def open_namespace_label(self, name: str, key: str) -> str | None:
        """``--assume-no-labels`` closes these."""
        return None if self.cluster.options.assume_no_labels else self.label("namespace", name, key)

    def name_elsewhere(self) -> str:
        """The name of a namespace that the input does not have: none of those that it has."""
        named = mentioned(self.cluster, "namespace").get(NAME_LABEL, [])
        return self.facts.choose(ANOTHER, (*(n for n in named if n not in self.cluster.namespaces), FRESH))

    def pod_labels(self, pod: Pod) -> Lookup:
        """Known labels, those that a controller adds with an open value, or (labels None) any."""
        labels = pod.labels
        if labels is None:
            return lambda key: self.label("pod", pod.identity, key)
        return lambda key: self.label("pod", pod.identity, key, False) if key in pod.open_labels else labels.get(key)

    def node_labels(self, name: str) -> Lookup:
        """Labels of a Node object; open without one."""
        node = self.cluster.nodes.get(name)
        if node is not None and node.labels is not None:
            return node.labels.get
        return lambda key: self.label("node", name, key)

    def has_port(self, pod: Pod, name: str, protocol: str | None) -> bool:
        """Design 5: whether the pod has a port of this name that is the port of the flow."""
        if protocol not in (None, self.protocol):
            return False
        if pod.ports is None:
            if name == self.named:
                return True
            return self.facts.choose((pod.identity, "named port", name, self.protocol, self.port), (True, False))
        return (name, self.protocol, self.port) in pod.ports

    # the flow

    def allowed(self, source: End, destination: End, translated: bool = False) -> bool:
        """Egress at the source and ingress at the destination; a pod always reaches itself (NP 1.10), but through a
        Service (``translated``) only where the plugin exempts that (CNP 2.8)."""
        if source.identity != destination.identity:
            return self.sends(source, destination, translated) and self.may(destination, source, "ingress")
        if not translated:
            return True
        out = self.setting("hairpin-egress-exempt") or self.sends(source, destination, translated)
        return out and (self.setting("hairpin-ingress-exempt") or self.may(destination, source, "ingress"))

    def sends(self, source: End, destination: End, translated: bool) -> bool:
        """Egress. A plugin that judges before translation (NP 1.13) sees the address of the Service, of which nothing
        is known: open, but for what no policy selects and for what one opens to everybody at every port."""
        if not isinstance(source, Pod) or not translated or self.decided("services-seen-as-pods"):
            return self.may(source, destination, "egress")
        if self.unfiltered():
            return True
        if any(self.governing("admin", source, "egress")):
            return self.facts.choose("what a Service's address is to the policies", (True, False))
        isolating = self.isolating(source, "egress")
        rules = [rule for policy in isolating for rule in policy.rules["egress"] if not self.is_open(policy)]
        if any(rule.ports is None and any(peer.anything for peer in rule.peers) for rule in rules):
            return True
        if isolating or any(self.governing("baseline", source, "egress")):
            return self.facts.choose("what a Service's address is to the policies", (True, False))
        return True

    def unfiltered(self) -> bool:
        """Gaps of 4.1: what a plugin does not look at passes."""
        if self.protocol == "SCTP" and not self.setting("sctp-filtered"):
            return True
        return self.family == 6 and not self.setting("ipv6-filtered")

    def covered(self, pod: Pod) -> bool:
        """Verdict rule (a) of 4.1: whether policy is enforced for a pod, by its node and its owner."""
        options = self.cluster.options
        if options.nodes or options.elsewhere is not True:
            name = node_of(self.cluster, pod, self.facts)
            there = dict(options.nodes).get(name, options.elsewhere)
            if there is None:
                there = self.facts.choose(("enforced at", name), (True, False))
            if not there:
                return False
        if self.decided("standalone-pods"):
            return True
        known = any(own.identity == pod.identity for own in self.cluster.pods)
        alone = pod.workload[0] == "Pod" if known else self.facts.choose((pod.identity, "alone"), (True, False))
        return not alone or self.setting("standalone-pods")

    def enforced(self, policy: Policy, direction: str) -> bool:
        """Verdict rule (c) of 4.1: a kind that nobody enforces is dead."""
        if policy.tier == "np":
            return self.setting(f"networkpolicy-{direction}")
        kind = policy.name.partition("/")[0]
        if not self.setting(ADMIN_FACTS[kind]):
            return False
        high = kind == "AdminNetworkPolicy" and (policy.priority or 0) > 99
        return not high or self.setting("admin-priority-above-99")

    def is_open(self, policy: Policy) -> bool:
        """What the policy does is open: the API server rejects it, or the plugin is not known to understand it."""
        if policy.broken:
            return True
        rules = [rule for each in policy.rules.values() for rule in each]
        peers = [peer for rule in rules for peer in rule.peers]
        named = any(port.name for rule in rules for port in rule.ports or ())
        if policy.tier == "np":
            if named and not self.decided("named-ports"):
                return True
            blocks = [peer for peer in peers if peer.block is not None]
            several = len(rules) > 1 or len(blocks) > 1
            return self.decided("except-is-local") is None and several and any(peer.excepts for peer in blocks)
        if named and not self.decided("admin-named-ports"):
            return True
        if any(peer.nodes is not None for peer in peers) and not self.decided("admin-node-peers"):
            return True
        return any(peer.domains for peer in peers) and not self.decided("admin-domain-peers")

    def host_of(self, end: End) -> Callable[[], str] | None:
        """The node whose address the end has."""
        if isinstance(end, Node):
            return lambda: self.node_behind(end)
        return (lambda: node_of(self.cluster, end, self.facts)) if isinstance(end, Pod) and end.host else None

    def node_behind(self, end: Node) -> str:
        """Design 10: an address of a node range is that of a node elsewhere, or of one whose address is not known."""
        if end.name not in ELSEWHERE:
            return end.name
        quiet = [name for name, node in self.cluster.nodes.items() if self.family not in node.addresses]
        return self.facts.choose((end.identity, "node"), (end.name, *quiet))

    def on_own_node(self, pod: Pod, other: End) -> bool:
        """The other end is the pod's own node (or, where those are not pods, a hostNetwork pod on it)."""
        host = self.host_of(other)
        if host is None or (isinstance(other, Pod) and self.setting("host-network-pods-are-pods")):
            return False
        return node_of(self.cluster, pod, self.facts) == host()

    def may(self, subject: End, other: End, direction: str) -> bool:
        """CNP 2.3: Admin, then NetworkPolicy where the pod is isolated, else Baseline, else allowed."""
        if not isinstance(subject, Pod):
            return True
        if direction == "ingress" and self.on_own_node(subject, other) and self.setting("own-node-ingress-exempt"):
            return True
        if self.unfiltered():
            return True
        verdict = self.admin("admin", subject, other, direction)
        if verdict is None:
            verdict = self.network_policy(subject, other, direction)
        if verdict is None and not self.baseline_skipped(subject, direction):
            verdict = self.admin("baseline", subject, other, direction)
        return verdict is not False

    # admin tiers

    def selected(self, policy: Policy, pod: Pod) -> bool:
        """Whether the policy's subject has the pod."""
        name = self.namespace(pod)
        if policy.tier == "np":
            return policy.namespace == name and selects(policy.pods, self.pod_labels(pod))
        inside = policy.namespaces is None or selects(policy.namespaces, self.namespace_labels(name))
        return inside and selects(policy.pods, self.pod_labels(pod))

    def governing(self, tier: str, subject: Pod, direction: str) -> list[Policy]:
        """The policies of an admin tier that select a pod and are enforced for it."""
        if not self.is_admin_pod(subject):
            return []
        mine = [p for p in self.cluster.policies if p.tier == tier and direction in p.rules]
        mine = [p for p in mine if (p.rules[direction] or p.broken) and self.selected(p, subject)]
        return [p for p in mine if self.enforced(p, direction) and self.covered(subject)]

    def admin(self, tier: str, subject: Pod, other: End, direction: str) -> bool | None:
        """CNP 2.3, 2.4: by priority; the first match decides, Pass leaves the tier; equal priorities: any of them."""
        mine = self.governing(tier, subject, direction)
        old = [p for p in mine if p.name.startswith("BaselineAdminNetworkPolicy/")]
        sides = [side for side in (old, [p for p in mine if p not in old]) if side]
        found = {self.in_order(tier, side, subject, other, direction) for side in sides} - {None}
        if not found:
            return None
        action = self.one_of(("sides", tier, direction), sorted(action for action in found if action))
        return None if action == "pass" else action == "allow"

    def one_of(self, fact: tuple[Any, ...], actions: list[str]) -> str:
        """One of several actions of which no text says which applies."""
        return actions[0] if len(actions) == 1 else self.facts.choose(fact, actions)

    def in_order(self, tier: str, mine: list[Policy], subject: Pod, other: End, direction: str) -> str | None:
        """The action of the first priority at which one of these policies matches. The two generations of Baseline
        policies have no order between them: the old kind has no priority (2.2)."""
        for priority in sorted({-1 if p.priority is None else p.priority for p in mine}):
            rivals = [p for p in mine if (-1 if p.priority is None else p.priority) == priority]
            actions = {self.first_match(p, subject, other, direction) for p in rivals}
            found = sorted(action for action in actions if action is not None)
            if found:
                return self.one_of(("tie", tier, direction, priority, mine[0].name), found)
        return None

    def is_admin_pod(self, end: End) -> bool:
        """CNP 2.7: hostNetwork pods are neither subjects nor pod peers of the admin tiers."""
        return isinstance(end, Pod) and (not end.host or self.setting("admin-host-network-pods-are-pods"))

    def first_match(self, policy: Policy, subject: Pod, other: End, direction: str) -> str | None:
        """The action of the first rule that matches; that of a broken policy is open (design 7).

        CNP 2.7: whatever a broken policy was to say, ingress rules have pods as peers only.
        """
        if self.is_open(policy):
            if direction == "ingress" and not self.is_admin_pod(other):
                return None
            return self.facts.choose((policy.name, direction), (None, "allow", "deny", "pass"))
        for rule in policy.rules[direction]:
            if self.rule_matches(policy, rule, subject, other, direction):
                return rule.action
        return None

    # NetworkPolicy

    def np_subject(self, pod: Pod) -> bool:
        """NP 1.8: the two models of host network pods."""
        return not pod.host or self.setting("host-network-pods-are-pods")

    def isolating(self, pod: Pod, direction: str) -> list[Policy]:
        """NP 1.2: the policies that select the pod and govern the direction; a broken one may be absent (design 7)."""
        if not self.np_subject(pod):
            return []
        found = [p for p in self.cluster.policies if p.tier == "np" and direction in p.rules and self.selected(p, pod)]
        found = [policy for policy in found if self.enforced(policy, direction) and self.covered(pod)]
        return [policy for policy in found if not self.is_open(policy) or self.broken(policy, direction) != "absent"]

    def broken(self, policy: Policy, direction: str) -> str:
        """Design 7: a rejected NetworkPolicy is absent, isolates only, or isolates and allows everything."""
        fact = (policy.namespace, policy.name, direction)
        return self.facts.choose(fact, ("absent", "isolates", "allows"))

    def network_policy(self, subject: Pod, other: End, direction: str) -> bool | None:
        """NP 1.2: None where the pod is not isolated; else whether some rule allows. The verdict is final."""
        isolating = self.isolating(subject, direction)
        if not isolating:
            return None
        if direction == "egress" and self.on_own_node(subject, other) and self.setting("own-node-egress-exempt"):
            return True
        for policy in isolating:
            if self.is_open(policy):
                if self.broken(policy, direction) == "allows":
                    return True
                continue
            if any(self.rule_matches(policy, rule, subject, other, direction) for rule in policy.rules[direction]):
                return True
        return False

    def baseline_skipped(self, pod: Pod, direction: str) -> bool:
        """CNP 2.5: whether a pod that is isolated in the other direction only is beyond Baseline in this one too."""
        other = DIRECTIONS[1 - DIRECTIONS.index(direction)]
        if not any(policy.tier == "baseline" and direction in policy.rules for policy in self.cluster.policies):
            return False
        return bool(self.isolating(pod, other)) and not self.setting("baseline-per-direction")

    # rules

    def rule_matches(self, policy: Policy, rule: Rule, subject: Pod, other: End, direction: str) -> bool:
        """Any peer, and any port (resolved on the destination pod)."""
        destination = subject if direction == "ingress" else other
        if rule.ports is not None and not any(self.port_matches(policy, port, destination) for port in rule.ports):
            return False
        if policy.tier == "np" and self.decided("except-is-local") is False and self.in_one_set(rule, other):
            return True
        return any(self.peer_matches(policy, peer, other) for peer in rule.peers)

    def port_matches(self, policy: Policy, port: Port, destination: End) -> bool:
        """NP 1.5, 1.6: a name never matches on a node or outside; hostNetwork pods are nodes in one of the models."""
        if self.protocol == "SCTP" and port.protocol in (None, "SCTP") and not self.setting("sctp-ports"):
            return False
        if port.name is None:
            last = port.last if not port.ranged or self.setting("end-port") else port.first
            return port.protocol == self.protocol and port.first <= self.port <= last
        if not isinstance(destination, Pod) or not self.has_port(destination, port.name, port.protocol):
            return False
        return self.np_subject(destination) if policy.tier == "np" else True

    def peer_matches(self, policy: Policy, peer: Peer, other: End) -> bool:
        """One peer against the other end."""
        if peer.anything:
            return True
        if peer.pods is not None:
            return isinstance(other, Pod) and self.pod_matches(policy, peer, other)
        if peer.block is not None:
            return self.decided("except-is-local") is not False and self.block_matches(peer, other)
        if peer.networks:
            inside = isinstance(other, Outside) or self.setting(f"networks-match-{self.at(other)}")
            return inside and within(self.address(other), peer.networks)
        if peer.nodes is not None:
            return self.nodes_match(peer, other)
        return isinstance(other, Outside) and any(
            self.facts.choose((name, other.identity, "domain"), (True, False)) for name in peer.domains
        )

    def address(self, end: End) -> Address:
        """Of the flow's family."""
        return address_of(self.cluster, end, self.family, self.facts)

    def pod_matches(self, policy: Policy, peer: Peer, pod: Pod) -> bool:
        """NP 1.4, 1.8; CNP 2.7: selectors of pods, never hostNetwork ones in the admin tiers."""
        name = self.namespace(pod)
        if peer.namespaces is None and name != policy.namespace:
            return False
        if peer.namespaces is not None and not selects(peer.namespaces, self.namespace_labels(name)):
            return False
        if not selects(peer.pods or (), self.pod_labels(pod)):
            return False
        return self.np_subject(pod) if policy.tier == "np" else self.is_admin_pod(pod)

    def block_matches(self, peer: Peer, other: End) -> bool:
        """NP 1.7: cidr less except; whether it applies to the addresses of pods and nodes is the CNI's answer."""
        address = self.address(other)
        if peer.block is None or not within(address, self.prefixes(peer.block)) or within(address, peer.excepts):
            return False
        return self.block_applies(other)

    def prefixes(self, block: Network) -> tuple[Network, ...]:
        """kube-router's ::/0."""
        return LIMITED_ZERO if block == ZERO and not self.setting("ipv6-zero-is-everything") else (block,)

    def block_applies(self, other: End) -> bool:
        """Whether any ipBlock can match this end."""
        if self.family == 6 and not self.setting("ipv6-ipblocks"):
            return False
        return isinstance(other, Outside) or self.setting(f"ipblock-matches-{self.at(other)}")

    def at(self, end: Pod | Node) -> str:
        """Whose address an end of the cluster has."""
        return "nodes" if isinstance(end, Node) or end.host else "pods"

    def in_one_set(self, rule: Rule, other: End) -> bool:
        """kube-router's ipset: all blocks of a rule and all their excepts; the longest prefix that holds the address
        decides, and of two equal ones it is open which."""
        entries: list[tuple[Network, bool]] = []
        for peer in rule.peers:
            if peer.block is not None:
                halves = peer.block.subnets() if str(peer.block) == "0.0.0.0/0" else self.prefixes(peer.block)
                entries += [(network, True) for network in halves] + [(network, False) for network in peer.excepts]
        if not entries:
            return False
        address = self.address(other)
        holding = [(network.prefixlen, value) for network, value in entries if within(address, (network,))]
        values = {value for length, value in holding if length == max(length for length, _ in holding)}
        if not values or values == {False}:
            return False
        if len(values) == 2 and not self.facts.choose("of two equal prefixes", (True, False)):
            return False
        return self.block_applies(other)

    def nodes_match(self, peer: Peer, other: End) -> bool:
        """CNP 2.7: addresses of nodes by label, so also the hostNetwork pods on them."""
        host = self.host_of(other)
        if host is None or (isinstance(other, Pod) and self.setting("admin-host-network-pods-are-pods")):
            return False
        return selects(peer.nodes or (), self.node_labels(host()))


# one flow


def decide(
    cluster: Cluster,
    source: End,
    destination: End,
    protocol: str,
    port: int | str,
    families: tuple[int, ...],
    translated: bool = False,
) -> Part:
    """One flow over every joint completion; its family is one of these, which one is a fact."""

    def question(facts: Facts) -> bool:
        walk = Walk(cluster, protocol, port, facts.choose("family", families), facts)
        return walk.allowed(source, destination, translated)

    found = outcomes(question)
    verdict = "unknown" if len(found) == 2 else "allowed" if True in found else "denied"
    return Part(source, destination, families, verdict, found)


def flow(
    cluster: Cluster,
    source: End,
    destination: End,
    protocol: str,
    port: int | str,
    only: Collection[int] = (4, 6),
    translated: bool = False,
) -> list[Part]:
    """Design 1, 8, 10: where both ends have known families, one part for each that they share. No flow can exist
    without one in common. An open end has one of the families that the cluster shows to use (none shown: any).
    ``only``: the families of the Service that is asked; ``translated``: it goes to an address of its own."""
    if source.identity == destination.identity and not translated:
        return [Part(source, destination, (), "allowed")]
    one, other = families_of(cluster, source), families_of(cluster, destination)
    shown = cluster.families or (4, 6)
    common = tuple(
        family for family in (4, 6) if family in only and family in (one or shown) and family in (other or shown)
    )
    if not common:
        return [Part(source, destination, (), "denied")]
    if is_opaque(cluster, source, destination) or any(in_service_range(cluster, end) for end in (source, destination)):
        return [Part(source, destination, (), "unknown")]
    each = [(family,) for family in common] if one and other else [common]
    return [decide(cluster, source, destination, protocol, port, families, translated) for families in each]


def is_opaque(cluster: Cluster, source: End, destination: End) -> bool:
    """Design 8: a cluster-scoped policy that is not modelled, or one in a namespace where an end is, or may be."""
    touched = {end.namespace for end in (source, destination) if isinstance(end, Pod)}
    return None in cluster.opaque or bool(touched & cluster.opaque) or (None in touched and bool(cluster.opaque))


def in_service_range(cluster: Cluster, end: End) -> bool:
    """Design 10: an address of a Service that is not in the input."""
    return isinstance(end, Outside) and within(end.address, cluster.service_ranges)
