"""Pods: what one says of itself (``PodFacts``), from an object or a template, and the ``Pod`` that it makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from ringfence.model.cluster import SENSITIVITY, FinishedPod, HostPort, NamedPort, Node, Pod, WorkloadRef
from ringfence.model.marks import NO_MARKS, Marks
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.addresses import address, address_text, family
from ringfence.sources.duplicates import given_twice
from ringfence.sources.field_checks import ADDRESS_HINT, PORT_HINT, Fields, Findings, word_hint
from ringfence.sources.marks import one_of_equal, read_marks
from ringfence.sources.owners import Owner, Owners, controller_of
from ringfence.values import Draft, replace

FINISHED = ("Succeeded", "Failed")
PROTOCOLS = ("TCP", "UDP", "SCTP")
DEFAULT_ACCOUNT = "default"


class PodFacts(Draft):
    """What one pod of the input says of itself. Labels, ports and owner are shared between equal pods.

    ``open_labels``: keys whose value was not understood. ``host_addresses``: the addresses of its node, as its status
    tells them. ``phase`` is empty when not given.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    open_labels: tuple[str, ...]
    ports: tuple[NamedPort, ...]
    owner: Owner | None
    addresses: tuple[int, ...]
    node: str | None
    host_network: bool
    host_addresses: tuple[int, ...]
    phase: str
    place: Place
    host_ports: tuple[HostPort, ...] = ()
    service_account: str = DEFAULT_ACCOUNT
    marks: Marks = NO_MARKS
    sensitivity: str = ""
    """The annotation ``ringfence.dev/sensitivity``."""

    def says_the_same_as(self, other: PodFacts) -> bool:
        """Whether the other says the same, in whatever place."""
        return replace(self, place=other.place) == other


def service_account(spec: Fields) -> str:
    """The name of its ServiceAccount: that of the namespace's default one where none is named. ``serviceAccount`` is
    the older name of the field."""
    return spec.text("serviceAccountName") or spec.text("serviceAccount") or DEFAULT_ACCOUNT


def named_port(entry: Fields) -> NamedPort | None:
    """The port, if it has a name. What cannot be understood costs the object only if a policy could name it."""
    name = entry.text("name", vital=True)
    vital = bool(name)
    protocol = entry.text("protocol", vital=vital) or "TCP"
    number = entry.number("containerPort", vital=vital)
    if protocol not in PROTOCOLS:
        entry.invalid("protocol", "must be TCP, UDP or SCTP", word_hint(protocol, PROTOCOLS), vital=vital)
    elif "containerPort" not in entry:
        entry.invalid("containerPort", "is required", "a port number from 1 to 65535", vital=vital)
    elif number is not None and not 1 <= number <= 65535:
        entry.invalid("containerPort", "must be from 1 to 65535", PORT_HINT, vital=vital)
    elif number is not None and name:
        return NamedPort(name, protocol, number)
    return None


def named_ports(spec: Fields) -> tuple[NamedPort, ...]:
    """Ports with a name, in order: of containers, then of restartable init containers (sidecars).

    An init container that ends before the others start serves nobody for long; its ports do not count.
    """
    found = (named_port(entry) for entry in _declared(spec))
    return tuple(port for port in found if port is not None)


def _declared(spec: Fields) -> list[Fields]:
    containers = spec.children("containers", vital=True)
    for container in spec.children("initContainers", vital=True):
        if container.text("restartPolicy", vital=True) == "Always":
            containers.append(container)
    return [entry for container in containers for entry in container.children("ports", vital=True)]


def host_ports(spec: Fields) -> tuple[HostPort, ...]:
    """Ports of the node that lead to the pod. A hostNetwork pod has none: its ports are its node's anyway."""
    if spec.data.get("hostNetwork") is True:
        return ()
    found = []
    for entry in _declared(spec):
        host, container = entry.data.get("hostPort"), entry.data.get("containerPort")
        if not host:
            continue
        if type(host) is not int or not 1 <= host <= 65535:
            entry.invalid("hostPort", "must be a number from 1 to 65535", PORT_HINT)
        elif type(container) is int:
            text = entry.text("hostIP")
            try:
                only = address(text) if text and text not in ("0.0.0.0", "::") else 0
            except ValueError:
                entry.invalid("hostIP", "is not an IP address", ADDRESS_HINT)
                # Left out, a way in would be missed: it is taken to be open at every address.
                only = 0
            found.append(HostPort(entry.text("protocol") or "TCP", host, container, only))
    return tuple(found)


def one_a_family(numbers: Iterable[int]) -> tuple[int, ...]:
    """The first address of each family."""
    first: dict[int, int] = {}
    for number in numbers:
        first.setdefault(family(number), number)
    return tuple(first.values())


def read_addresses(status: Fields, many: str, one: str) -> tuple[int, ...]:
    """Addresses of ``podIPs``/``podIP`` or ``hostIPs``/``hostIP``; what is not an address is reported and not known."""
    entries = [(entry, "ip") for entry in status.children(many)] or [(status, one)]
    numbers = []
    for entry, key in entries:
        text = entry.text(key)
        if not text:
            continue
        try:
            numbers.append(address(text))
        except ValueError:
            entry.invalid(key, "is not an IP address", ADDRESS_HINT)
    return one_a_family(numbers)


def read_pod(manifest: Manifest, namespace: str, problems: list[Problem]) -> PodFacts | None:
    """What a Pod object says; None when it could not be understood (reported, and the input is partial)."""
    findings = Findings(manifest, problems)
    top = Fields(findings)
    metadata = top.child("metadata")
    labels, open_labels = metadata.labels("labels")
    spec, status = top.child("spec", vital=True), top.child("status")
    ports = named_ports(spec)
    host_network = spec.flag("hostNetwork", vital=True)
    phase = status.text("phase", vital=True)
    facts = PodFacts(
        namespace,
        manifest.name,
        labels,
        open_labels,
        ports,
        controller_of(metadata),
        read_addresses(status, "podIPs", "podIP"),
        spec.text("nodeName") or None,
        host_network,
        read_addresses(status, "hostIPs", "hostIP"),
        phase,
        manifest.place,
        host_ports(spec),
        service_account(spec),
        read_marks(metadata, spec),
        metadata.child("annotations").text(SENSITIVITY),
    )
    return None if findings.lost else facts


def distinct(pods: Iterable[PodFacts], problems: list[Problem]) -> list[PodFacts]:
    """Each pod once, in order of namespace and name: of different copies the one that stands last counts."""
    found: dict[tuple[str, str], PodFacts] = {}
    for facts in pods:
        key = (facts.namespace, facts.name)
        other = found.setdefault(key, facts)
        if other is not facts:
            first, last = sorted((other, facts), key=lambda copy: copy.place)
            found[key] = last
            if not first.says_the_same_as(last):
                problems.append(given_twice(f"Pod {facts.namespace}/{facts.name}", first.place, last.place))
    return sorted(found.values(), key=attrgetter("namespace", "name"))


_Common = tuple[Mapping[str, str], tuple[NamedPort, ...], WorkloadRef | None, Marks]
"""What replicas have in common: labels, ports, workload and marks."""


class _Shared:
    """Values that pods share, each made once: equal labels are one mapping, equal ports one tuple, equal workloads one
    object. So the engine can go by identity.

    What was seen before is recognised by identity too: the pods have to live as long as this.
    """

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._labels: dict[frozenset[tuple[str, str]], Mapping[str, str]] = {}
        self._ports: dict[tuple[NamedPort, ...], tuple[NamedPort, ...]] = {}
        self._marks: dict[object, Marks] = {}
        self._seen: dict[tuple[str, int, int, int, int], _Common] = {}

    def of(self, facts: PodFacts) -> _Common:
        """The shared values of one pod. It has no workload where no controller is named."""
        key = (facts.namespace, id(facts.labels), id(facts.ports), id(facts.owner), id(facts.marks))
        common = self._seen.get(key)
        if common is None:
            common = self._seen[key] = (
                self._labels.setdefault(frozenset(facts.labels.items()), facts.labels),
                self._ports.setdefault(facts.ports, facts.ports),
                self._owners.workload_of(facts.owner, facts.namespace, facts.labels),
                one_of_equal(facts.marks, self._marks),
            )
        return common


def build_pods(
    pods: Sequence[PodFacts], owners: Owners, nodes: Mapping[str, Node]
) -> tuple[list[Pod], list[FinishedPod]]:
    """The pods with their workloads. A hostNetwork pod without addresses of its own has those of its node."""
    live: list[Pod] = []
    finished: list[FinishedPod] = []
    shared = _Shared(owners)
    for facts in pods:
        labels, ports, workload, marks = shared.of(facts)
        if workload is None:
            workload = WorkloadRef("Pod", facts.namespace, facts.name)
        if facts.phase in FINISHED:
            finished.append(FinishedPod(facts.namespace, facts.name, facts.phase, workload, facts.place))
            continue
        addresses = facts.addresses
        if facts.host_network and not addresses:
            node = nodes.get(facts.node or "")
            addresses = one_a_family(facts.host_addresses or (node.addresses if node else ()))
        live.append(
            Pod(
                facts.namespace,
                facts.name,
                labels,
                workload,
                facts.open_labels,
                ports,
                addresses,
                facts.node,
                facts.host_network,
                False,
                1,
                facts.place,
                facts.host_ports,
                facts.service_account,
                marks,
                facts.sensitivity,
            )
        )
    return live, finished


def report_shared_addresses(pods: Iterable[Pod], problems: list[Problem]) -> None:
    """One problem for all pods of the pod network that share an address: the input is of two clusters or moments."""
    holders: dict[int, Pod] = {}
    first: tuple[Pod, Pod, int] | None = None
    sharing: set[tuple[str, str]] = set()
    for pod in pods:
        for number in () if pod.host_network else pod.addresses:
            other = holders.setdefault(number, pod)
            if other is not pod:
                first = first or (other, pod, number)
                sharing.add((pod.namespace, pod.name))
    if first is not None:
        other, pod, number = first
        more = f", and {len(sharing) - 1} more pods have an address of another" if len(sharing) > 1 else ""
        problems.append(
            Problem(
                pod.place or Place(""),
                "address-shared",
                Severity.WARNING,
                f"pods {other.namespace}/{other.name} ({other.place}) and {pod.namespace}/{pod.name} have the same"
                f" address {address_text(number)}{more}",
                "give the objects of one cluster, read at one time",
            )
        )
