"""What reaches the workloads, and what they reach, beyond their own namespace: the internet and other addresses, nodes,
other namespaces, the metadata service of clouds, and pods that do not exist yet with labels that somebody chooses.

A row says that some end behind each peer and some pod of each workload can: that is what counts for an attacker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals as Addresses
from ringfence.sets.ports import Intervals
from ringfence.values import Value, field
from ringfence.verdict.answers import LAYERS, Reason, Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.grid import Grid, Result
from ringfence.verdict.label_prices import Labels, Prices
from ringfence.verdict.new_pods import IN_A_NEW_NAMESPACE, NewPods, homes
from ringfence.verdict.workloads import Workloads

METADATA: Addresses = ip.canonical(((ip.address("169.254.169.254"),) * 2, (ip.address("fd00:ec2::254"),) * 2))
"""Where clouds answer questions of a machine about itself, with its credentials: AWS, GCP, Azure; AWS over IPv6."""


class Origin(StrEnum):
    """What a peer is."""

    INTERNET = "internet"
    ADDRESSES = "other addresses"
    METADATA = "metadata service"
    MACHINES = "machines"
    NODES = "nodes"
    NAMESPACES = "other namespaces"
    NEW_PODS = "new pods"


class Exposed(Value):
    """Some end of each peer may open these ports to some pod of each workload (ingress), or the other way round
    (egress). ``verdict`` unknown: possibly. A workload's own namespace is no peer of it, but where ``origin`` is new
    pods: then ``peers`` are the namespaces in which such a pod could be made with labels that let it."""

    direction: Direction
    origin: Origin
    peers: tuple[str, ...]
    workloads: tuple[str, ...]
    ports: Intervals
    verdict: Verdict
    reason: Reason | None = None


class Price(Value):
    """A smallest set of labels with which a new pod in these namespaces reaches a workload on these ports. ``verdict``
    unknown: possibly. ``labels`` None: there is a set, and the search ended before it was found. ``identity``: in a
    mesh, one that the pod has to prove, by its service account; empty: none; ``ANY_OWN``: whichever it has."""

    target: str
    namespaces: tuple[str, ...]
    labels: tuple[tuple[str, str], ...] | None
    ports: Intervals
    verdict: Verdict
    identity: str = ""


class Exposure(Value):
    """All rows; ``left_out``: rows that a limit cut off. ``prices`` are those of the targets. ``new_pods_in``: the
    namespaces in which new pods were looked at: all, or only a new one where that would be too many."""

    rows: tuple[Exposed, ...]
    left_out: int
    targets: tuple[str, ...]
    prices: tuple[Price, ...]
    workloads: tuple[str, ...]
    new_pods_in: tuple[str, ...] = ()
    whole: Mapping[Origin, tuple[str, ...]] = field(default_factory=dict)
    """All peers outside the cluster, by what they are: a row with all of them speaks of the whole internet."""
    partial: bool = False
    layers: tuple[str, ...] = LAYERS


Ports = tuple[int, int, Reason | None]
"""Ports that are allowed and those that may be, as port set numbers, and why these are not known."""

Flat = dict[tuple[Direction, Origin, object, Ports], int]
"""(direction, origin, peers, ports) → workloads' classes."""


class Exposer:
    """Finds what one relation exposes. ``why`` gives the reason of an unknown result."""

    def __init__(
        self,
        relation: Relation,
        grid: Grid,
        workloads: Workloads,
        why: Callable[[int, Result, int], Reason],
    ) -> None:
        self.relation = relation
        self.universe = relation.universe
        self.grid = grid
        self.workloads = workloads
        self._why = why
        self._homes: dict[int, int] = {}
        self._apart: dict[tuple[Direction, Origin, object, Ports], set[int]] = {}
        """As ``Flat``, for some of the pods of a class only: to workloads by number."""
        self._peer_names: dict[tuple[Origin, int], tuple[str, ...]] = {}
        self._workload_names: dict[int, tuple[str, ...]] = {}

    @cached_property
    def spaces(self) -> list[tuple[int, int, int]]:
        """The namespaces that have pods: (first class, one past the last, bit)."""
        return [(start, stop, 1 << number) for number, (start, stop) in enumerate(self.universe.namespaces.values())]

    @cached_property
    def _home_of(self) -> list[int]:
        """For each class the number of its namespace."""
        numbers: list[int] = []
        for number, (start, stop) in enumerate(self.universe.namespaces.values()):
            numbers.extend([number] * (stop - start))
        return numbers

    @cached_property
    def outside(self) -> dict[Origin, int]:
        """The columns outside by what they are; one may be several, but for machines of a mesh: they are known."""
        ranges = self.relation.cluster.ranges
        internet = ip.subtract(ip.INTERNET, ip.merge((ranges.pods, ranges.services, ranges.nodes)))
        found = dict.fromkeys((Origin.INTERNET, Origin.ADDRESSES, Origin.METADATA, Origin.MACHINES), 0)
        for column in range(self.universe.outside, len(self.universe.ends)):
            if column in self.universe.machines:
                found[Origin.MACHINES] |= 1 << column
                continue
            space = self.universe.ends[column].space
            for origin, part in _parts(space, internet).items():
                if part:
                    found[origin] |= 1 << column
        self.internet = internet
        return found

    def homes(self, mask: int) -> int:
        """The namespaces with a class among these, as a mask over namespaces."""
        found = self._homes.get(mask)
        if found is None:
            found, rest, spaces, home_of = 0, mask, self.spaces, self._home_of
            while rest:
                _, stop, bit = spaces[home_of[(rest & -rest).bit_length() - 1]]
                found |= bit
                rest = rest >> stop << stop
            self._homes[mask] = found
        return found

    def flat(self) -> Flat:
        """Everything but new pods, folded by peers."""
        rectangles: dict[tuple[int, Ports], int] = {}
        pods = self.grid.pods
        for destination in range(len(self.universe.ends)):
            bit = 1 << destination
            within = pods if destination >= self.universe.pods else None
            lines: dict[Ports, int] = {}
            for mask, result in self.grid.column(destination, within):
                if result.split:
                    self._taken_apart(mask, destination)
                    continue
                ports = self._ports(mask, result, destination)
                if ports is not None:
                    lines[ports] = lines.get(ports, 0) | mask
            for ports, mask in lines.items():
                key = (mask, ports)
                rectangles[key] = rectangles.get(key, 0) | bit
        found: Flat = {}
        for (sources, ports), destinations in rectangles.items():
            into, out_of = destinations & pods, sources & pods
            if into:
                self._add(found, Direction.INGRESS, sources, into, ports)
            if out_of and destinations:
                self._add(found, Direction.EGRESS, destinations, out_of, ports)
        return found

    def _taken_apart(self, sources: int, destination: int) -> None:
        """Pairs of classes whose pods must be told apart by their nodes."""
        numbers = self.workloads.numbers
        for source in columns_of(sources):
            for left, right, result in self.grid.taken_apart(source, destination):
                ports = self._ports(1 << source, result, destination)
                if ports is None:
                    continue
                for direction, peer, column, group in (
                    (Direction.INGRESS, source, destination, right),
                    (Direction.EGRESS, destination, source, left),
                ):
                    if column < self.universe.pods:
                        keys: Flat = {}
                        self._add(keys, direction, 1 << peer, 1 << column, ports)
                        for key in keys:
                            self._apart.setdefault(key, set()).update(numbers[index] for index in group)

    def _ports(self, mask: int, result: Result, destination: int) -> Ports | None:
        table = self.relation.ports
        unknown = result.unknown
        if result.some:
            unknown = table.difference(unknown, result.some)
        if unknown:
            return result.some, unknown, self._why(mask, result, destination)
        return (result.some, 0, None) if result.some else None

    def _add(self, found: Flat, direction: Direction, peers: int, classes: int, ports: Ports) -> None:
        nodes = peers & ~self.grid.pods & ((1 << self.universe.outside) - 1)
        if nodes:
            key = (direction, Origin.NODES, nodes, ports)
            found[key] = found.get(key, 0) | classes
        if peers >> self.universe.outside:
            for origin, columns in self.outside.items():
                if peers & columns and (origin is not Origin.METADATA or direction is Direction.EGRESS):
                    key = (direction, origin, peers & columns, ports)
                    found[key] = found.get(key, 0) | classes
        pods = peers & self.grid.pods
        if pods:
            homes = self.homes(pods)
            if homes & (homes - 1) or homes != self.homes(classes):
                key = (direction, Origin.NAMESPACES, homes, ports)
                found[key] = found.get(key, 0) | classes

    def rows(self, more: Flat | None = None) -> Iterator[Exposed]:
        """The rows, allowed ones and those that may be apart; folded by workloads too."""
        flat = self.flat()
        if more:
            flat.update(more)
        merged: dict[tuple[Direction, Origin, tuple[str, ...], Verdict, int, Reason | None], int] = {}
        everyone = [(key, self._names(classes)) for key, classes in flat.items()]
        texts = self.workloads.texts
        everyone += [(key, tuple(sorted(texts[number] for number in own))) for key, own in self._apart.items()]
        for (direction, origin, peers, (allowed, unknown, reason)), names in everyone:
            assert isinstance(peers, int)
            for verdict, ports, why in ((Verdict.ALLOWED, allowed, None), (Verdict.UNKNOWN, unknown, reason)):
                if ports:
                    key = (direction, origin, names, verdict, ports, why)
                    merged[key] = merged.get(key, 0) | peers
        for (direction, origin, names, verdict, ports, why), peers in merged.items():
            yield Exposed(
                direction,
                origin,
                self.peer_names(origin, peers),
                names,
                self.relation.ports.intervals(ports),
                verdict,
                why,
            )

    def _names(self, classes: int) -> tuple[str, ...]:
        found = self._workload_names.get(classes)
        if found is None:
            found = self._workload_names[classes] = self.workloads.names(classes)
        return found

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Where new pods are looked at."""
        every = homes(self.relation)
        return every if len(every) * self.universe.pods <= MOST_PAIRS else (IN_A_NEW_NAMESPACE,)

    def new_pods(self, places: tuple[str, ...], classes: int) -> Flat:
        """What pods that do not exist yet reach of some classes, and are reached by."""
        found: Flat = {}
        for direction in Direction:
            looker = self._looker(direction, places)
            for column in columns_of(classes):
                bit = 1 << column
                for mask, sure, perhaps in looker.reached(column):
                    ports = (sure, perhaps, NEW_POD_OPEN if perhaps else None)
                    key = (direction, Origin.NEW_PODS, mask, ports)
                    found[key] = found.get(key, 0) | bit
        return found

    def _looker(self, direction: Direction, places: tuple[str, ...]) -> NewPods:
        makers = self.grid.makers()
        if makers is None:
            return NewPods(self.relation, direction, places)
        from ringfence.verdict.meshed.new_pods import MeshedNewPods

        return MeshedNewPods(makers, direction, places)

    def prices(self, targets: Sequence[tuple[str, int]]) -> Iterator[Price]:
        """The prices of targets, each a name and its classes."""
        if not targets:
            return
        names = homes(self.relation)
        searcher = Prices(self._looker(Direction.INGRESS, names), self.grid.makers())
        for target, classes in targets:
            merged: dict[tuple[Labels | None, int, Verdict, str], int] = {}
            for place in range(len(names)):
                for bought in searcher.of(classes, place):
                    for verdict, ports in ((Verdict.ALLOWED, bought.sure), (Verdict.UNKNOWN, bought.perhaps)):
                        if ports:
                            key = (bought.labels, ports, verdict, bought.identity)
                            merged[key] = merged.get(key, 0) | 1 << place
            for (labels, ports, verdict, identity), mask in merged.items():
                where = tuple(names[place] for place in columns_of(mask))
                yield Price(target, where, labels, self.relation.ports.intervals(ports), verdict, identity)

    def exposure(
        self, targets: Sequence[tuple[str, int]] = (), limit: int | None = None, partial: bool = False
    ) -> Exposure:
        """All of it. ``limit``: at most so many rows. Raises EndError for a target that is no pod."""
        for name, columns in targets:
            if columns & ~self.grid.pods:
                raise EndError(
                    f"{name} is no pod: what labels reach it is not looked for",
                    "name a workload or a pod, or ask: blast-radius key=value@NAMESPACE",
                )
        rows = sorted(self.rows(self.new_pods(self.places, self.grid.pods)), key=order)
        left_out = max(0, len(rows) - limit) if limit is not None else 0
        prices = sorted(self.prices(targets), key=_price_order)
        return Exposure(
            tuple(rows[: len(rows) - left_out]),
            left_out,
            tuple(name for name, _ in targets),
            tuple(prices),
            tuple(sorted(self.workloads.texts)),
            self.places,
            {origin: self.peer_names(origin, columns) for origin, columns in self.outside.items()},
            partial,
            self.grid.layers,
        )

    def peer_names(self, origin: Origin, peers: int) -> tuple[str, ...]:
        """The names of peers."""
        key = (origin, peers)
        found = self._peer_names.get(key)
        if found is None:
            found = self._peer_names[key] = tuple(self._named(origin, peers))
        return found

    def _named(self, origin: Origin, peers: int) -> Iterable[str]:
        if origin is Origin.NAMESPACES:
            names = list(self.universe.namespaces)
            return [names[number] for number in columns_of(peers)]
        if origin is Origin.NEW_PODS:
            return [self.places[number] for number in columns_of(peers)]
        ends = self.universe.ends
        if origin is Origin.MACHINES:
            return [ends[column].name for column in columns_of(peers)]
        if origin is Origin.NODES:
            return [f"node/{ends[column].name}" for column in columns_of(peers)]
        parts = (_parts(ends[column].space, self.internet)[origin] for column in columns_of(peers))
        return [ip.describe(part) for part in parts]


def _parts(space: Addresses, internet: Addresses) -> dict[Origin, Addresses]:
    """The addresses of a column, by what they are."""
    beyond = ip.subtract(space, internet)
    return {
        Origin.INTERNET: ip.intersect(space, internet),
        Origin.ADDRESSES: ip.subtract(beyond, METADATA),
        Origin.METADATA: ip.intersect(space, METADATA),
    }


MOST_PAIRS = 20_000
"""Of namespaces and kinds of pods: beyond, new pods are looked at in a new namespace only, and in all of them for the
targets."""

NEW_POD_OPEN = Reason(
    "new-pod",
    "it hangs on what is open besides the labels of the new pod: its address, labels of namespaces, the plugin, or"
    " which of two policies of one priority comes first",
    "--pod-cidr, --cni, or the Namespace objects",
)


def _price_order(price: Price) -> tuple[object, ...]:
    return (
        price.target,
        price.verdict is not Verdict.ALLOWED,
        len(price.labels or ()),
        price.labels or (),
        price.identity,
        price.namespaces,
    )


ORIGINS = {origin: number for number, origin in enumerate(Origin)}


def order(row: Exposed) -> tuple[object, ...]:
    """Ingress first, then by origin, the rows with most workloads first."""
    return (
        row.direction is Direction.EGRESS,
        ORIGINS[row.origin],
        row.verdict is not Verdict.ALLOWED,
        -len(row.workloads),
        row.workloads,
        row.peers,
        row.ports,
    )
