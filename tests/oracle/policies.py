"""Policies read from plain objects, as the API server admits or rejects them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.labels import Rejected, Selector, mapping, read_selector, sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROTOCOLS = ("TCP", "UDP", "SCTP")
DIRECTIONS = ("ingress", "egress")
PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
DOMAIN = re.compile(r"(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True)
class Peer:
    """Exactly one of: selectors of pods, ipBlock, networks, nodes, domainNames, or ``anything``.

    ``namespaces`` None and ``pods`` given: pods of the policy's own namespace.
    """

    anything: bool = False
    pods: Selector | None = None
    namespaces: Selector | None = None
    block: Network | None = None
    excepts: tuple[Network, ...] = ()
    networks: tuple[Network, ...] = ()
    nodes: Selector | None = None
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Port:
    """``name`` (with ``protocol`` None: of any protocol), or the numbers ``first`` to ``last`` of ``protocol``."""

    protocol: str | None
    first: int = 1
    last: int = 65535
    name: str | None = None
    ranged: bool = False


@dataclass(frozen=True)
class Rule:
    """``ports`` None: any port of any protocol."""

    action: str
    peers: tuple[Peer, ...]
    ports: tuple[Port, ...] | None


@dataclass(frozen=True)
class Policy:
    """``tier`` is admin, np or baseline. ``rules`` maps the directions that it governs. ``broken``: rejected by the
    API server, its rules are empty and what it does is open. ``priority`` None: broken, not known."""

    name: str
    tier: str
    namespace: str | None
    pods: Selector
    namespaces: Selector | None
    rules: Mapping[str, tuple[Rule, ...]]
    priority: int | None = 0
    broken: bool = False


def exactly_one(data: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The only one of ``keys`` that is set."""
    found = [key for key in keys if data.get(key) is not None]
    if len(found) != 1:
        raise Rejected("exactly one must be set")
    return found[0]


def whole(value: Any, low: int, high: int) -> int:
    """An integer within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Rejected("out of range")
    return value


def network(text: Any) -> Network:
    """A CIDR. NP 1.7: host bits of old objects are masked away."""
    if not isinstance(text, str) or "/" not in text:
        raise Rejected("not a CIDR")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise Rejected("not a CIDR") from error


def port_name(value: Any) -> str:
    """IANA_SVC_NAME."""
    if not isinstance(value, str) or len(value) > 15 or not PORT_NAME.fullmatch(value):
        raise Rejected("bad port name")
    return value


def inside(small: Network, big: Network) -> bool:
    """A strict subset."""
    return small.version == big.version and small != big and small.subnet_of(big)  # type: ignore[arg-type]


# networking.k8s.io/v1 NetworkPolicy


def policy_directions(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """NP 1.1: without policyTypes Ingress, and Egress only if there is an egress rule."""
    types = sequence(spec.get("policyTypes"))
    if not types:
        types = ["Ingress", "Egress"] if sequence(spec.get("egress")) else ["Ingress"]
    if any(kind not in ("Ingress", "Egress") for kind in types) or len(types) > 2:
        raise Rejected("bad policyTypes")
    return tuple(direction for direction in DIRECTIONS if direction.capitalize() in types)


def np_peer(data: Any) -> Peer:
    """NP 1.4, 1.7: ipBlock, or selectors; an empty peer is rejected."""
    fields = mapping(data)
    block, pods, namespaces = (fields.get(key) for key in ("ipBlock", "podSelector", "namespaceSelector"))
    if block is not None:
        if pods is not None or namespaces is not None:
            raise Rejected("ipBlock with a selector")
        cidr = network(mapping(block).get("cidr"))
        excepts = tuple(network(text) for text in sequence(mapping(block).get("except")))
        if not all(inside(small, cidr) for small in excepts):
            raise Rejected("except is not within cidr")
        return Peer(block=cidr, excepts=excepts)
    if pods is None and namespaces is None:
        raise Rejected("must specify a peer")
    return Peer(pods=read_selector(pods), namespaces=None if namespaces is None else read_selector(namespaces))


def np_port(data: Any) -> Port:
    """NP 1.5: protocol defaults to TCP; without port all of the protocol's; endPort needs a number not above it."""
    fields = mapping(data)
    protocol = "TCP" if fields.get("protocol") is None else fields["protocol"]
    if protocol not in PROTOCOLS:
        raise Rejected("bad protocol")
    port, end = fields.get("port"), fields.get("endPort")
    if port is None or isinstance(port, str):
        if end is not None:
            raise Rejected("endPort without a number")
        return Port(protocol) if port is None else Port(protocol, name=port_name(port))
    first = whole(port, 1, 65535)
    return Port(protocol, first, first if end is None else whole(end, first, 65535), ranged=end is not None)


def np_rule(data: Any, side: str) -> Rule:
    """NP 1.3: without from or to anyone; without ports any port; a rule only allows."""
    fields = mapping(data)
    peers = tuple(np_peer(peer) for peer in sequence(fields.get(side))) or (Peer(anything=True),)
    ports = tuple(np_port(port) for port in sequence(fields.get("ports")))
    return Rule("allow", peers, ports or None)


def network_policy(item: Mapping[str, Any]) -> Policy:
    """One NetworkPolicy; everything of a rejected one is open (design 7): in both directions if those are unclear."""
    metadata = item["metadata"]
    blank = Policy(metadata["name"], "np", metadata.get("namespace") or "default", (), None, {}, broken=True)
    spec = item["spec"] if isinstance(item.get("spec"), dict) else {}
    directions: tuple[str, ...] = DIRECTIONS
    try:
        directions = policy_directions(mapping(item.get("spec")))
        sides = {"ingress": "from", "egress": "to"}
        every = {d: tuple(np_rule(rule, sides[d]) for rule in sequence(spec.get(d))) for d in DIRECTIONS}
        rules = {direction: every[direction] for direction in directions}
        return replace(blank, pods=read_selector(spec.get("podSelector")), rules=rules, broken=False)
    except Rejected:
        return np_broken(blank, spec, directions)


def np_broken(blank: Policy, spec: Mapping[str, Any], directions: tuple[str, ...]) -> Policy:
    """Design 7: the pods of its podSelector, all of the namespace if that is broken too."""
    try:
        pods = read_selector(spec.get("podSelector"))
    except Rejected:
        pods = ()
    return replace(blank, pods=pods, rules=dict.fromkeys(directions, ()))


# policy.networking.k8s.io


def pods_of(data: Any, required: Collection[str]) -> tuple[Selector, Selector]:
    """A NamespacedPod: (namespaceSelector, podSelector). One that need not be there selects all where it is not."""
    fields = mapping(data)
    if any(fields.get(name) is None for name in required):
        raise Rejected("a selector is required")
    found = [{} if fields.get(name) is None else fields[name] for name in ("namespaceSelector", "podSelector")]
    return read_selector(found[0]), read_selector(found[1])


def subject_of(data: Any, required: Collection[str]) -> tuple[Selector, Selector]:
    """CNP 2.1: exactly one of namespaces and pods."""
    fields = mapping(data)
    if exactly_one(fields, ("namespaces", "pods")) == "namespaces":
        return read_selector(fields["namespaces"]), ()
    return pods_of(fields["pods"], required)


def admin_peer(data: Any, direction: str, required: Collection[str]) -> Peer:
    """CNP 2.1: ingress namespaces or pods; egress also networks, nodes and domainNames."""
    fields = mapping(data)
    kinds: tuple[str, ...] = ("namespaces", "pods")
    kind = exactly_one(fields, kinds if direction == "ingress" else (*kinds, "networks", "nodes", "domainNames"))
    if kind == "namespaces":
        return Peer(namespaces=read_selector(fields["namespaces"]), pods=())
    if kind == "pods":
        namespaces, pods = pods_of(fields["pods"], required)
        return Peer(namespaces=namespaces, pods=pods)
    if kind == "nodes":
        return Peer(nodes=read_selector(fields["nodes"]))
    values = sequence(fields[kind])
    if not 1 <= len(values) <= 25:
        raise Rejected("1 to 25 values")
    if kind == "networks":
        return Peer(networks=tuple(network(text) for text in values))
    if not all(isinstance(name, str) and DOMAIN.fullmatch(name) for name in values):
        raise Rejected("bad domain name")
    return Peer(domains=tuple(values))


def cluster_port(data: Any) -> Port:
    """CNP 2.1: one of tcp, udp, sctp {destinationPort: number or range} and destinationNamedPort (any protocol)."""
    fields = mapping(data)
    kind = exactly_one(fields, ("tcp", "udp", "sctp", "destinationNamedPort"))
    if kind == "destinationNamedPort":
        return Port(None, name=port_name(fields[kind]))
    destination = mapping(mapping(fields[kind]).get("destinationPort"))
    if exactly_one(destination, ("number", "range")) == "number":
        number = whole(destination["number"], 1, 65535)
        return Port(kind.upper(), number, number)
    ends = mapping(destination["range"])
    first = whole(ends.get("start"), 1, 65535)
    return Port(kind.upper(), first, whole(ends.get("end"), first + 1, 65535))


def admin_port(data: Any) -> Port:
    """ANP 2.2: one of portNumber, portRange {protocol default TCP} and namedPort (any protocol)."""
    fields = mapping(data)
    kind = exactly_one(fields, ("portNumber", "portRange", "namedPort"))
    if kind == "namedPort":
        return Port(None, name=port_name(fields[kind]))
    entry = mapping(fields[kind])
    protocol = entry.get("protocol") or "TCP"
    if protocol not in PROTOCOLS:
        raise Rejected("bad protocol")
    if kind == "portNumber":
        number = whole(entry.get("port"), 1, 65535)
        return Port(protocol, number, number)
    first = whole(entry.get("start"), 1, 65535)
    return Port(protocol, first, whole(entry.get("end"), first + 1, 65535))


@dataclass(frozen=True)
class AdminKind:
    """How the three admin kinds differ."""

    tier: str | None
    actions: Mapping[str, str]
    ports: str
    read_port: Callable[[Any], Port]
    most: int
    selectors: tuple[str, ...] = ("namespaceSelector", "podSelector")
    """Of a NamespacedPod, those that must be there."""


ADMIN_KINDS = {
    "ClusterNetworkPolicy": AdminKind(
        None, {"Accept": "allow", "Deny": "deny", "Pass": "pass"}, "protocols", cluster_port, 25, ("podSelector",)
    ),
    "AdminNetworkPolicy": AdminKind(
        "admin", {"Allow": "allow", "Deny": "deny", "Pass": "pass"}, "ports", admin_port, 100
    ),
    "BaselineAdminNetworkPolicy": AdminKind("baseline", {"Allow": "allow", "Deny": "deny"}, "ports", admin_port, 100),
}


def admin_rule(data: Any, direction: str, kind: AdminKind) -> Rule:
    """CNP 2.1, ANP 2.2. Named ports cannot stand with networks, nodes or domainNames; domainNames only with accept."""
    fields = mapping(data)
    if fields.get("action") not in kind.actions:
        raise Rejected("bad action")
    side = sequence(fields.get("from" if direction == "ingress" else "to"))
    peers = tuple(admin_peer(peer, direction, kind.selectors) for peer in side)
    ports = tuple(kind.read_port(port) for port in sequence(fields.get(kind.ports)))
    if not 1 <= len(peers) <= 25 or (fields.get(kind.ports) is not None and not 1 <= len(ports) <= kind.most):
        raise Rejected("too few or too many")
    beyond = [peer for peer in peers if peer.networks or peer.nodes is not None or peer.domains]
    if beyond and any(port.name for port in ports):
        raise Rejected("named port with addresses")
    if any(peer.domains for peer in peers) and kind.actions[fields["action"]] != "allow":
        raise Rejected("domainNames can only be accepted")
    return Rule(kind.actions[fields["action"]], peers, ports or None)


def admin_place(spec: Mapping[str, Any], kind: AdminKind) -> tuple[str, int | None]:
    """Tier and priority; (tier, None) where the priority is broken. A broken tier is read as Admin."""
    tier = kind.tier or {"Admin": "admin", "Baseline": "baseline"}.get(spec.get("tier"), "")  # type: ignore[arg-type]
    if kind.tier == "baseline":
        return tier, 0
    try:
        return tier or "admin", whole(spec.get("priority"), 0, 1000) if tier else None
    except Rejected:
        return tier, None


def admin_policy(item: Mapping[str, Any]) -> Policy:
    """One ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy (design 7 for a rejected one)."""
    kind, name = ADMIN_KINDS[item["kind"]], item["metadata"]["name"]
    spec = item["spec"] if isinstance(item.get("spec"), dict) else {}
    tier, priority = admin_place(spec, kind)
    broken = priority is None or (kind.tier == "baseline" and name != "default")
    namespaces: Selector
    pods: Selector
    try:
        namespaces, pods = subject_of(spec.get("subject"), kind.selectors)
    except Rejected:
        broken, namespaces, pods = True, (), ()
    try:
        rules = {d: tuple(admin_rule(rule, d, kind) for rule in sequence(spec.get(d))) for d in DIRECTIONS}
        broken = broken or any(len(found) > kind.most for found in rules.values())
    except Rejected:
        broken, rules = True, {}
    if broken:
        rules = {direction: () for direction in DIRECTIONS if spec.get(direction) or not spec}
    return Policy(f"{item['kind']}/{name}", tier, None, pods, namespaces, rules, priority, broken)
