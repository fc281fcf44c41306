"""Who encrypts what travels between two ends, beside the mesh: the application, the network plugin, nobody.

The application is end to end, so it counts before the plugin, which encrypts between nodes only. Only what is declared
counts: TLS in the name or appProtocol of a Service's port, encryption in the settings of a plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Cluster, Service
from ringfence.model.encryption import WireEncryption
from ringfence.model.mesh import Encryption
from ringfence.verdict.ends import Member

_TLS = ("https", "tls", "wss")
"""What a port that speaks TLS may be called, before its first hyphen, and its appProtocol (``kubernetes.io/wss``)."""
MESH = {
    "mtls": "mutual TLS of the mesh",
    "hbone": "the tunnel of the mesh",
    "tls": "TLS that the client's proxy makes",
}


@dataclass(frozen=True, slots=True)
class Encrypted:
    """``word`` as answers have it; ``why`` names who does it, or why nobody does."""

    word: str
    why: str


NOBODY = Encrypted("none", "nothing of the input encrypts it")
OUTSIDE = Encrypted("none", "an end outside of the cluster: the network plugin encrypts within it")


@dataclass(frozen=True, slots=True)
class _Part:
    """How a node stands to one declaration: whether it takes part, and whether it does so for its own traffic too.
    None: not known."""

    takes: bool | None
    own: bool | None


Group = tuple[bool, bool, tuple[_Part, ...]]
"""Ends that are outside, or of the network of a node, with how their nodes stand to each declaration."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where some ends are. ``node`` None: not known; ``outside``: no end of the cluster."""

    node: str | None
    host: bool
    outside: bool = False


class Encryptions:
    """Asks what the input of one cluster declares."""

    def __init__(self, cluster: Cluster, relation: Relation) -> None:
        self._cluster = cluster
        self._relation = relation
        self.declared = cluster.encryption

    @staticmethod
    def of_application(service: Service, number: int) -> Encrypted | None:
        """By TLS of the application, at a port of a Service."""
        for one in service.ports:
            if one.port != number or one.protocol != "TCP":
                continue
            said = one.application.lower().removeprefix("kubernetes.io/") or one.name.lower().partition("-")[0]
            if said in _TLS:
                word = f"appProtocol {one.application}" if one.application else f"name {one.name}"
                name = f"Service {service.namespace}/{service.name}"
                return Encrypted("tls", f"TLS of the application: port {number} of {name} has the {word}")
        return None

    def on_the_wire(self, sources: Iterable[Member], destinations: Iterable[Member], family: int | None) -> Encrypted:
        """By the network plugin, for all of some sources and all of some destinations. ``family`` None: both, or not
        known which."""
        if not self.declared:
            return NOBODY
        first, second = list(sources), list(destinations)
        found = {one.word: one for one in self._between(first, second, family)}
        if len(found) == 1:
            return next(iter(found.values()))
        unknown = found.get("unknown")
        if unknown is not None:
            return unknown
        return Encrypted("unknown", f"{self._names()} encrypts some of these connections, and others not")

    def groups(self, members: Iterable[Member]) -> frozenset[Group]:
        """What of some ends decides about encryption on the wire, but for whether they share a node."""
        return frozenset(self._groups(list(members)))

    def between_nodes(self, sources: Iterable[Group], destinations: Iterable[Group], family: int | None) -> Encrypted:
        """By the network plugin, where connections of these leave a node: for all of them."""
        if not self.declared:
            return NOBODY
        found: dict[str, Encrypted] = {}
        for first, second in product(sources, destinations):
            one = OUTSIDE if first[0] or second[0] else self._judged(first, second, False, family)
            found.setdefault(one.word, one)
        if len(found) == 1:
            return next(iter(found.values()))
        return found.get("unknown") or Encrypted("unknown", f"{self._names()} encrypts some of these, and others not")

    def _between(self, sources: list[Member], destinations: list[Member], family: int | None) -> Iterator[Encrypted]:
        if self._one_pod(sources, destinations):
            yield Encrypted("none", "a pod and itself: it stays on its node")
            return
        left, right = self._groups(sources), self._groups(destinations)
        for first, some in left.items():
            for second, others in right.items():
                if first[0] or second[0]:
                    yield OUTSIDE
                    continue
                known = None not in some and None not in others
                if not known:
                    yield self._judged(first, second, None, family)
                    continue
                if some & others:
                    node = min(one for one in some & others if one is not None)
                    yield Encrypted("none", f"both are on node {node}, within which nothing is encrypted")
                if len(some | others) > 1:
                    yield self._judged(first, second, False, family)

    def _judged(self, first: Group, second: Group, same: bool | None, family: int | None) -> Encrypted:
        """Ends on nodes of which it is known (or not) whether they are two."""
        found = [self._by(index, first, second, same, family) for index in range(len(self.declared))]
        positive = {one.word: one for one in found if one.word != "none"}
        if not positive:
            return found[0]
        if len(positive) == 1:
            return next(iter(positive.values()))
        return Encrypted("unknown", f"{self._names()}: which of them is in effect is not known")

    def _by(self, index: int, first: Group, second: Group, same: bool | None, family: int | None) -> Encrypted:
        """By one declaration."""
        one, source, destination = self.declared[index], first[2][index], second[2][index]
        hosts = first[1] or second[1]
        does = one.between(first[1], second[1])
        if does is False:
            return Encrypted("none", f"{one} encrypts connections of pods, and not these of nodes and hostNetwork pods")
        for part, host, whose in ((source, first[1], "source"), (destination, second[1], "destination")):
            if part.takes is False or (host and part.own is False):
                return Encrypted("none", f"{one} does not hold for the node of the {whose}")
        if family is not None and family not in one.families:
            return Encrypted("none", f"{one} is not about IPv{family}")
        if family is None and len(one.families) < 2 and set(self._cluster.families) != set(one.families):
            return Encrypted("unknown", f"{one} is about one address family, and which one is used is open")
        if same is None:
            why = (
                "encrypts between nodes, and whether these are on two of them is open: the nodes of the pods would tell"
            )
            return Encrypted("unknown", f"{one} {why}")
        if None in (source.takes, destination.takes, does) or (hosts and not (source.own and destination.own)):
            return Encrypted("unknown", f"whether {one} holds here is not known")
        if not one.sure:
            return Encrypted("unknown", f"whether {one} is in effect is not known")
        return Encrypted(one.how, str(one))

    def _groups(self, members: list[Member]) -> dict[Group, set[str | None]]:
        """The nodes of some ends, by what else of them decides."""
        groups: dict[Group, set[str | None]] = {}
        for place in dict.fromkeys(place for member in members for place in self._places(member)):
            parts = tuple(self._part(one, place) for one in self.declared)
            groups.setdefault((place.outside, place.host, parts), set()).add(place.node)
        return groups

    def _part(self, one: WireEncryption, place: _Place) -> _Part:
        if place.outside:
            return _Part(False, False)
        if place.node is None:
            takes = None if one.nodes else one.on
            return _Part(takes, None if one.exempt else takes)
        takes = one.takes_part(place.node)
        node = self._cluster.nodes.get(place.node)
        if not one.exempt or not takes:
            return _Part(takes, takes)
        if node is None or (node.open_labels and one.exempt not in node.labels):
            return _Part(takes, None)
        return _Part(takes, one.exempt not in node.labels)

    def _names(self) -> str:
        return " and ".join(dict.fromkeys(str(one) for one in self.declared))

    def _places(self, member: Member) -> Iterator[_Place]:
        if member.pods:
            for index in member.pods:
                pod = self._cluster.pods[index]
                yield _Place(pod.node, pod.host_network)
            return
        end = self._relation.end_class(member.end)
        if end.sort == "node":
            yield _Place(end.name or member.node, True)
        elif end.sort == "pod":
            yield _Place(end.node, end.host_network)
        else:
            yield _Place(None, False, True)

    def _one_pod(self, sources: list[Member], destinations: list[Member]) -> bool:
        pods = {index for one in sources for index in one.pods}
        if len(pods) != 1 or any(not one.pods for one in (*sources, *destinations)):
            return False
        index = next(iter(pods))
        return {index} == {one for end in destinations for one in end.pods} and self._cluster.pods[index].replicas == 1


def of_mesh(word: str, sent: str) -> Encrypted:
    """By the mesh, or its proxy at the client."""
    return Encrypted(word, sent if word == Encryption.TLS and sent else MESH.get(word, word))
