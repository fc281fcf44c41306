"""What a policy of the network layer says, whatever language it was written in.

Every dialect translates its objects into ``NetworkPolicyRules``; the engine reads only these. Peers and ports keep the
place of the line that wrote them, so that a verdict can name it.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from ringfence.model.provenance import Place
from ringfence.sets.labels import EVERYTHING, Selector
from ringfence.sets.ports import Intervals
from ringfence.values import Value


class Direction(Enum):
    """Seen from the pod that the policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"

    # Members are singletons, and keys of many look-ups: their identity hashes faster than their name.
    __hash__ = object.__hash__


class Action(Enum):
    """What a matching rule does. A NetworkPolicy rule only ever allows."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"

    __hash__ = object.__hash__


class Tier(IntEnum):
    """Order of evaluation: Admin, then NetworkPolicy where a pod is isolated, else Baseline."""

    ADMIN = 0
    NETWORK_POLICY = 1
    BASELINE = 2

    __hash__ = int.__hash__


Readings = tuple[tuple[str, bool], ...]
"""Answers of a profile (fact, value) under which something holds; empty: always."""


class PodSelection(Value):
    """Pods by namespace and by their own labels. ``namespace`` (one name) or ``namespaces`` (a selector), not both."""

    pods: Selector = EVERYTHING
    namespace: str | None = None
    namespaces: Selector | None = None


class AnyPeer(Value):
    """Every other end: pods, nodes and addresses outside (a NetworkPolicy rule without from or to)."""

    place: Place


class PodPeer(Value):
    """Pods only, never addresses or nodes."""

    selection: PodSelection
    place: Place


class AddressPeer(Value):
    """Addresses: an ipBlock less its excepts (``admin`` False) or the networks of an admin policy (``admin`` True).

    ``cidr`` and ``excepts`` are an ipBlock as it was written, ``addresses`` what it means. ``readings``: what a plugin
    reads only under some of its open answers.
    """

    addresses: Intervals
    admin: bool
    text: str
    """As written, for people: ``10.0.0.0/8 except 10.1.0.0/16``."""
    place: Place
    cidr: Intervals = ()
    excepts: Intervals = ()
    readings: Readings = ()


class NodePeer(Value):
    """Addresses of the nodes with these labels."""

    nodes: Selector
    place: Place


class DomainPeer(Value):
    """Addresses that DNS gave for these names (``example.com`` or ``*.example.com``)."""

    names: tuple[str, ...]
    place: Place


Peer = AnyPeer | PodPeer | AddressPeer | NodePeer | DomainPeer


class PortMatch(Value):
    """Destination ports. ``name`` is resolved on the destination pod: (name, protocol), any protocol when None.

    Without a name: ports ``first``..``last`` of ``protocol``; ``protocol`` is then never None. ``end_port``: the range
    was written with endPort. ``readings``: what a plugin reads only under some of its open answers.
    """

    protocol: str | None
    first: int = 1
    last: int = 65535
    name: str | None = None
    place: Place | None = None
    end_port: bool = False
    readings: Readings = ()


class Rule(Value):
    """One rule of one direction. ``ports`` None: any port and protocol. ``index`` counts from 0 as written."""

    index: int
    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[PortMatch, ...] | None
    place: Place
    name: str = ""


class NetworkPolicyRules(Value):
    """One policy object. ``ingress`` or ``egress`` None: the policy does not govern that direction; an empty tuple in
    the NetworkPolicy tier isolates and allows nothing.

    ``broken`` names the directions in which the API server would reject what was written: there the rules are empty
    and what the object would do to the pods of ``subject`` is an open fact. ``priority`` None (broken only): not known.
    ``unclear`` (broken only): the API server takes the object, but what the plugin makes of it is open, and why;
    ``would_settle`` says what would decide it.
    ``as_written`` (broken only): what it says when its faults are overlooked, where that has one plain meaning (an
    invalid name, a selector that is missing). Only a profile that stands for a tool without validation may use it.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    tier: Tier
    subject: PodSelection
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None
    place: Place
    priority: int | None = 0
    broken: frozenset[Direction] = frozenset()
    subject_place: Place | None = None
    as_written: NetworkPolicyRules | None = None
    unclear: str = ""
    would_settle: str = ""

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """The rules of one direction; None where the policy does not govern it."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    @property
    def full_name(self) -> str:
        """``namespace/name`` or ``name``."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
