"""The ends of one cluster, grouped into classes that no policy can tell apart, and numbered.

Columns of the relation are, in this order: classes of pods (sorted by namespace, so that a namespace is a range),
nodes, and atoms of the address space outside. A set of columns is one Python integer, a bit a column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from ringfence.layers.network.ends import EndClass, node_end, present
from ringfence.layers.network.facts import Taken
from ringfence.layers.network.machines import ends_of_their_own, name_of
from ringfence.layers.profiles import Fact, Profile
from ringfence.model.cluster import PER_POD_LABELS, Cluster, Pod
from ringfence.model.policy import AddressPeer, Direction, NetworkPolicyRules, PodPeer
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import Value, field, replace

CROWD = 2000
"""Above this many classes, and where most pods are a class of their own, labels that no policy mentions are left
out."""


class Atoms(Value):
    """The address line cut at every boundary of every CIDR: between two cuts all addresses are in the same CIDRs.

    ``membership[i]`` numbers the set of CIDRs that hold the addresses from ``cuts[i]`` up to the next cut;
    ``sets[n]`` is that set as a bit mask over ``blocks``.
    """

    blocks: tuple[Intervals, ...]
    cuts: tuple[int, ...]
    membership: tuple[int, ...]
    sets: tuple[int, ...]

    def of(self, address: int) -> int:
        """The membership number of one address."""
        return self.membership[bisect_right(self.cuts, address) - 1]


def cut(blocks: Iterable[Intervals]) -> Atoms:
    """Atoms of these address sets."""
    distinct = tuple(dict.fromkeys(blocks))
    changes: dict[int, int] = {0: 0, ip.V6: 0}
    for index, block in enumerate(distinct):
        bit = 1 << index
        for first, last in block:
            changes[first] = changes.get(first, 0) ^ bit
            changes[last + 1] = changes.get(last + 1, 0) ^ bit
    cuts: list[int] = []
    membership: list[int] = []
    numbers: dict[int, int] = {}
    current = 0
    for at in sorted(changes):
        current ^= changes[at]
        cuts.append(at)
        membership.append(numbers.setdefault(current, len(numbers)))
    return Atoms(distinct, tuple(cuts), tuple(membership), tuple(numbers))


def outside_spaces(atoms: Atoms, inside: Intervals) -> list[Intervals]:
    """The addresses outside the cluster, one set for each family and membership, in order of their first address."""
    pieces: dict[tuple[int, int], list[tuple[int, int]]] = {}
    ends = (*atoms.cuts[1:], ip.EVERY_IPV6[0][1] + 1)
    for first, after, member in zip(atoms.cuts, ends, atoms.membership, strict=True):
        for low, high in ip.intersect(((first, after - 1),), ip.EVERY_ADDRESS):
            for piece in ip.subtract(((low, high),), inside):
                pieces.setdefault((ip.family(low), member), []).append(piece)
    return sorted((ip.canonical(intervals) for intervals in pieces.values()), key=lambda space: space[0])


def mentioned_label_keys(policies: Iterable[NetworkPolicyRules]) -> frozenset[str]:
    """Keys of pod labels that any policy mentions."""
    keys: set[str] = set()
    for policy in policies:
        keys |= policy.subject.pods.keys()
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                for peer in rule.peers:
                    if isinstance(peer, PodPeer):
                        keys |= peer.selection.pods.keys()
    return frozenset(keys)


def address_blocks(policies: Iterable[NetworkPolicyRules]) -> list[Intervals]:
    """The address sets that any policy mentions."""
    return [
        peer.addresses
        for policy in policies
        for direction in Direction
        for rule in policy.rules(direction) or ()
        for peer in rule.peers
        if isinstance(peer, AddressPeer)
    ]


class Coverage(Value):
    """What of a pod matters to whether the plugin enforces policy for it: its node (where not all of them do), and
    whether a controller owns it."""

    nodes: Mapping[str, bool | None] | None = None
    elsewhere: bool | None = True
    owners: bool = False

    def of(self, pod: Pod) -> tuple[bool | str | None, bool | None]:
        """``(where, standalone)`` as an end has them."""
        where: bool | str | None = None
        if self.nodes is not None and pod.node is not None:
            where = self.nodes.get(pod.node, self.elsewhere)
            if where is None:
                where = pod.node
        return where, pod.workload.kind == "Pod" if self.owners else None


EVERYWHERE = Coverage()


def coverage_of(profile: Profile) -> Coverage:
    """What matters under a profile."""
    return Coverage(
        profile.nodes if profile.partial_nodes else None,
        profile.elsewhere,
        profile.answer(Fact.STANDALONE_PODS) is not True,
    )


class Universe(Value):
    """Classes, nodes and outside atoms, and who is in which."""

    cluster: Cluster
    ends: tuple[EndClass, ...]
    members: tuple[tuple[int, ...], ...]
    """For each pod class the indexes of its pods in ``cluster.pods``."""
    class_of_pod: Sequence[int]
    namespaces: Mapping[str, tuple[int, int]]
    """Namespace → first class and one past the last."""
    pods: int
    """How many columns are pod classes; nodes follow."""
    nodes: Mapping[str, int]
    """Node name → column."""
    outside: int
    """First column outside."""
    taken: Taken
    pod_space: Intervals
    node_space: Intervals
    atoms: Atoms
    family_bits: tuple[int, ...] = ()
    """For each column the address families that it has or may have: 1 for IPv4, 2 for IPv6, 3 for both."""
    label_keys: frozenset[str] | None = None
    """Label keys that tell classes apart; None: all but ``coarse_keys``."""
    coarse_keys: frozenset[str] = frozenset()
    """Labels of single replicas that no policy mentions: classes do not tell them apart."""
    coverage: Coverage = EVERYWHERE
    apart: Callable[[Pod], Hashable] | None = None
    """What else tells pods apart."""
    mentioned: frozenset[str] = frozenset()
    """Label keys that policies mention."""
    blocks: Sequence[Intervals] = ()
    """Other address sets than those of its policies that tell ends apart."""
    machines: Mapping[int, Pod] = field(default_factory=dict)
    """The columns outside that are a machine of a mesh."""

    def fits(self, cluster: Cluster, mentioned: frozenset[str], atoms: Atoms, coverage: Coverage) -> bool:
        """Whether it is that of another cluster too: of the same one, with policies that see as much of it."""
        own = self.cluster
        return (
            own.pods is cluster.pods
            and own.nodes is cluster.nodes
            and own.services is cluster.services
            and (own.ranges, own.families) == (cluster.ranges, cluster.families)
            and (self.mentioned, self.atoms, self.coverage) == (mentioned, atoms, coverage)
        )

    @property
    def everything(self) -> int:
        """All columns."""
        return (1 << len(self.ends)) - 1

    @property
    def workloads(self) -> int:
        """The columns that somebody can hold, and go on from: pods and machines."""
        found = (1 << self.pods) - 1
        for column in self.machines:
            found |= 1 << column
        return found

    def of_namespace(self, namespace: str) -> int:
        """The columns of a namespace: its pods and its machines."""
        start, stop = self.namespaces.get(namespace, (0, 0))
        found = ((1 << (stop - start)) - 1) << start
        for column, machine in self.machines.items():
            if machine.namespace == namespace:
                found |= 1 << column
        return found

    def count(self, column: int) -> int:
        """How many pods a pod class stands for: real ones counted, a template as often as it asks for."""
        pods = self.cluster.pods
        return sum(pods[index].replicas for index in self.members[column])


def spaces(cluster: Cluster) -> tuple[Intervals, Intervals]:
    """Where the unknown address of a pod, and of a node, may lie."""
    families: Intervals = ip.EVERY_ADDRESS
    if cluster.families == {4}:
        families = ip.EVERY_IPV4
    elif cluster.families == {6}:
        families = ip.EVERY_IPV6
    ranges = cluster.ranges
    anywhere = ip.subtract(ip.intersect(ip.ASSIGNABLE, families), ranges.services)
    pods = ip.subtract(anywhere, ranges.nodes)
    nodes = ip.subtract(anywhere, ranges.pods)
    given_pods, given_nodes = ip.intersect(ranges.pods, families), ip.intersect(ranges.nodes, families)
    return (
        _given_or(given_pods, pods),
        _given_or(given_nodes, nodes),
    )


def _given_or(given: Intervals, otherwise: Intervals) -> Intervals:
    """Family by family: the range that is given, else the rest of the line."""
    result: Intervals = ()
    for whole in (ip.EVERY_IPV4, ip.EVERY_IPV6):
        own = ip.intersect(given, whole)
        result += own or ip.intersect(otherwise, whole)
    return result


def taken_addresses(cluster: Cluster) -> Taken:
    """Addresses that the input gives to objects."""
    return Taken(
        address
        for thing in (cluster.pods, cluster.nodes.values(), cluster.services)
        for one in thing
        for address in one.addresses
    )


def pod_end(pod: Pod, labels: Mapping[str, str], space: Intervals, coverage: Coverage = EVERYWHERE) -> EndClass:
    """The class of a pod, of whose labels only ``labels`` matter."""
    families = tuple(sorted({ip.family(address) for address in pod.addresses}))
    return EndClass(
        "pod",
        pod.namespace,
        labels,
        present(pod.open_labels),
        False,
        pod.ports,
        False,
        pod.addresses,
        () if pod.addresses else space,
        families,
        pod.host_network,
        pod.node if pod.host_network else None,
        "",
        *coverage.of(pod),
    )


def family_bits(end: EndClass) -> int:
    """1 for IPv4, 2 for IPv6, 3 for both: what the end has, or may have where that is not known."""
    if end.families:
        return sum(1 if number == 4 else 2 for number in end.families)
    bits = 0
    for first, last in end.space:
        bits |= (1 if first < ip.V6 else 2) | (1 if last < ip.V6 else 2)
    return bits


def build(
    cluster: Cluster,
    coverage: Coverage = EVERYWHERE,
    made: Iterable[Universe] = (),
    apart: Callable[[Pod], Hashable] | None = None,
    blocks: Sequence[Intervals] = (),
) -> Universe:
    """Group the pods of a cluster by what its policies can see. One of those that were made is taken if it fits.
    ``apart``: what else tells pods apart; then none of them does. ``blocks``: other addresses that are mentioned."""
    mentioned = mentioned_label_keys(cluster.policies)
    taken = taken_addresses(cluster)
    machines = ends_of_their_own(cluster, taken)
    own = (((number, number),) for number in machines)
    atoms = cut((*address_blocks(cluster.policies), *blocks, *own))
    for universe in made if apart is None else ():
        if universe.fits(cluster, mentioned, atoms, coverage):
            return replace(universe, cluster=cluster)
    dropped = PER_POD_LABELS - mentioned
    classes = _group(cluster, atoms, dropped, None, coverage, apart)
    keys: frozenset[str] | None = None
    if len(classes) > CROWD and len(classes) * 3 > len(cluster.pods):
        fewer = _group(cluster, atoms, frozenset(), mentioned, coverage, apart)
        if len(fewer) * 2 < len(classes):
            classes, keys = fewer, mentioned
    pod_space, node_space = spaces(cluster)
    ends: list[EndClass] = []
    members: list[tuple[int, ...]] = []
    class_of_pod = [0] * len(cluster.pods)
    namespaces: dict[str, tuple[int, int]] = {}
    by_namespace: dict[str, list[tuple[int, ...]]] = {}
    for group in classes:
        by_namespace.setdefault(cluster.pods[group[0]].namespace, []).append(tuple(group))
    restricted: dict[int, Mapping[str, str]] = {}
    for namespace in sorted(by_namespace):
        start = len(ends)
        for indexes in sorted(by_namespace[namespace]):
            pod = cluster.pods[indexes[0]]
            labels = restricted.get(id(pod.labels))
            if labels is None:
                labels = restricted[id(pod.labels)] = {
                    key: value
                    for key, value in pod.labels.items()
                    if (key in keys if keys is not None else key not in dropped)
                }
            for index in indexes:
                class_of_pod[index] = len(ends)
            ends.append(pod_end(pod, labels, node_space if pod.host_network else pod_space, coverage))
            members.append(indexes)
        namespaces[namespace] = (start, len(ends))
    pods = len(ends)
    nodes: dict[str, int] = {}
    for name in sorted(cluster.nodes):
        node = cluster.nodes[name]
        nodes[name] = len(ends)
        ends.append(node_end(node, node_space))
    outside = len(ends)
    inside = ip.merge((cluster.ranges.pods, cluster.ranges.services, cluster.ranges.nodes))
    placed: dict[int, Pod] = {}
    for space in outside_spaces(atoms, inside):
        machine = machines.get(space[0][0])
        name = ""
        if machine is not None:
            placed[len(ends)], name = machine, name_of(cluster, machine)
        ends.append(EndClass("outside", space=space, families=(ip.family(space[0][0]),), name=name))
    return Universe(
        cluster,
        tuple(ends),
        tuple(members),
        class_of_pod,
        namespaces,
        pods,
        nodes,
        outside,
        taken,
        pod_space,
        node_space,
        atoms,
        tuple(map(family_bits, ends)),
        keys,
        dropped if keys is None else frozenset(),
        coverage,
        apart,
        mentioned,
        blocks,
        placed,
    )


def _group(
    cluster: Cluster,
    atoms: Atoms,
    dropped: frozenset[str],
    kept: frozenset[str] | None,
    coverage: Coverage,
    apart: Callable[[Pod], Hashable] | None,
) -> list[list[int]]:
    """Indexes of pods, grouped by everything that a policy can see of them."""
    by_address = len(atoms.blocks) > 0
    membership_of = atoms.of
    v6 = ip.V6
    label_numbers = _Numbers(lambda labels: _restricted_items(labels, dropped, kept))
    port_numbers = _Numbers(lambda ports: ports)
    number_labels, number_ports = label_numbers.number, port_numbers.number
    covered = coverage != EVERYWHERE
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, pod in enumerate(cluster.pods):
        addresses = pod.addresses
        where: object = addresses
        if addresses and not pod.host_network:
            if len(addresses) == 1:
                first = addresses[0]
                where = (first >= v6, membership_of(first) if by_address else 0)
            else:
                where = tuple((address >= v6, membership_of(address) if by_address else 0) for address in addresses)
        key: tuple[object, ...] = (
            pod.namespace,
            number_labels(pod.labels),
            number_ports(pod.ports) if pod.ports else -1,
            where,
        )
        if pod.host_network or pod.open_labels:
            key = (*key, pod.host_network, pod.node if pod.host_network else None, pod.open_labels)
        if covered:
            key = (*key, coverage.of(pod))
        if apart is not None:
            key = (*key, apart(pod))
        group = groups.get(key)
        if group is None:
            groups[key] = [index]
        else:
            group.append(index)
    return list(groups.values())


def _restricted_items(
    labels: Mapping[str, str], dropped: frozenset[str], kept: frozenset[str] | None
) -> tuple[tuple[str, str], ...]:
    if kept is not None:
        return tuple(sorted(item for item in labels.items() if item[0] in kept))
    if dropped.isdisjoint(labels):
        return tuple(sorted(labels.items()))
    return tuple(sorted(item for item in labels.items() if item[0] not in dropped))


class _Numbers:
    """Small numbers for values that many pods share, by identity first: hashing a whole value once is enough."""

    def __init__(self, canonical: Callable[[Any], Hashable]) -> None:
        self._canonical = canonical
        self._by_identity: dict[int, int] = {}
        self._by_value: dict[Hashable, int] = {}

    def number(self, value: object) -> int:
        """The number of a value; ``value`` must stay alive as long as this table."""
        found = self._by_identity.get(id(value))
        if found is None:
            found = self._by_value.setdefault(self._canonical(value), len(self._by_value))
            self._by_identity[id(value)] = found
        return found
