"""The questions made of concrete flows: named ends, several flows in one question, Services as destinations."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.evaluator import Part, flow
from tests.oracle.objects import Address, Cluster, End, Node, Outside, Pod, every
from tests.oracle.places import ELSEWHERE, NOT_ASSIGNABLE, families_of, regions, within
from tests.oracle.services import Service, ServicePort

INTERNET = ("internet",)
NOT_INTERNET = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
)
"""Private and shared addresses, beside those that no host can have."""


IN_CLUSTER = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(\.cluster\.local)?\.?")
"""What DNS of the cluster answers for a Service (kubernetes/dns specification.md)."""


class Refused(Exception):
    """The question cannot be asked."""


class Unsettled(Exception):
    """The question is about every port there is, or about a port that a node hands on to a Service
    (``tests.properties.test_node_ports``): nothing here tries that."""


@dataclass(frozen=True)
class Answer:
    """The verdict over all parts."""

    verdict: str
    parts: tuple[Part, ...]


def fold(verdicts: Iterable[str]) -> str:
    """Allowed or denied only if every one is; unknown if no two known ones differ and one is unknown; else mixed."""
    seen = set(verdicts)
    if {"allowed", "denied"} <= seen or "mixed" in seen:
        return "mixed"
    return "unknown" if "unknown" in seen else seen.pop()


# ends


def address_end(cluster: Cluster, text: str) -> End:
    """Design 10: the object that has the address, else an unknown pod or node of a given range, else outside."""
    address = ipaddress.ip_address(text)
    known: list[Node | Pod] = [*cluster.nodes.values(), *cluster.pods]
    for end in known:
        if address in every(end):
            return end
    has: dict[int, tuple[Address, ...]] = {address.version: (address,)}
    if within(address, cluster.pod_ranges):
        return Pod(None, text, None, ("Pod", "", text), ports=None, addresses=has)
    if within(address, cluster.node_ranges):
        return Node(ELSEWHERE[0], None, has)
    return Outside(address)


def addresses_outside(cluster: Cluster, internet: bool) -> Iterator[End]:
    """One address of every region that the input's CIDRs cut, outside the cluster's ranges. ``internet``: every
    unicast address that is not private, shared, link-local or loopback, and that no object has."""
    ranges = (*cluster.pod_ranges, *cluster.service_ranges, *cluster.node_ranges)
    gone = (*NOT_ASSIGNABLE, *ranges, *(NOT_INTERNET if internet else ()))
    for family, make in ((4, ipaddress.IPv4Address), (6, ipaddress.IPv6Address)):
        for first, last in regions(cluster, family, NOT_INTERNET):
            for number in range(first, min(last, first + 200) + 1):
                address = make(number)
                if within(address, gone):
                    break
                if not internet or address not in cluster.given:
                    yield Outside(address)
                    break


def ends(cluster: Cluster, end: tuple[Any, ...]) -> list[End]:
    """The concrete ends that a question's end means.

    ``("pod", namespace, name)``, ``("workload", kind, namespace, name)``, ``("node", name)``, ``("address", text)``,
    ``("internet",)``, ``("labels", {key: value}, namespace)``: a pod that does not exist.
    """
    kind = end[0]
    if kind == "pod":
        return [pod for pod in cluster.pods if (pod.namespace, pod.name) == tuple(end[1:])]
    if kind == "workload":
        return [pod for pod in cluster.pods if pod.workload == tuple(end[1:])]
    if kind == "node":
        return [cluster.nodes[end[1]]]
    if kind == "internet":
        return list(addresses_outside(cluster, True))
    if kind == "address":
        return [address_end(cluster, end[1])]
    return [Pod(end[2], repr(sorted(end[1].items())), end[1], ("", end[2], "a pod that does not exist"), ports=None)]


def share_a_family(cluster: Cluster, one: End, other: End) -> bool:
    """Whether a flow between them can exist at all."""
    shown = cluster.families or (4, 6)
    return bool(set(families_of(cluster, one) or shown) & set(families_of(cluster, other) or shown))


def numbers(end: End, protocol: str, port: int | str) -> list[int]:
    """The ports of one destination that the question means: those that carry the name, or the number itself."""
    if isinstance(port, int):
        return [port]
    if not isinstance(end, Pod) or end.ports is None:
        return []
    return sorted({number for name, own, number in end.ports if (name, own) == (port, protocol)})


# questions


def ask(
    cluster: Cluster,
    source: tuple[Any, ...],
    destination: tuple[Any, ...],
    protocol: str | None,
    port: int | str | None,
) -> Answer:
    """The verdict over all concrete flows of a question. A workload to itself means two different replicas.

    No port and no protocol may be asked of a Service only. Raises Refused where no destination has the named port.
    """
    service = service_of(cluster, destination)
    if service is not None:
        parts = list(to_service(cluster, ends_towards(cluster, source), service, protocol, port))
        return Answer(fold(part.verdict for part in parts), tuple(parts))
    assert protocol is not None
    assert port is not None
    there = ends(cluster, destination)
    if isinstance(port, str) and any(isinstance(end, Pod) and end.ports is None for end in there):
        parts = [
            part for one in ends(cluster, source) for end in there for part in flow(cluster, one, end, protocol, port)
        ]
        return Answer(fold(part.verdict for part in parts), tuple(parts))
    targets = [(end, number) for end in there for number in numbers(end, protocol, port)]
    if not targets:
        raise Refused("no such port")
    flows = [(one, other, number) for one in ends(cluster, source) for other, number in targets]
    if "internet" in (source[0], destination[0]):
        flows = [each for each in flows if share_a_family(cluster, each[0], each[1])]
    if source == destination and source[0] == "labels":
        flows = [(one, other_of_the_same_labels(one), number) for one, _, number in flows if isinstance(one, Pod)]
    handed_on = node_ports(cluster, protocol)
    if any(number in handed_on and is_host(other) for _, other, number in flows):
        raise Unsettled
    parts = [
        part for one, other, number in not_to_itself(flows) for part in to_number(cluster, one, other, protocol, number)
    ]
    return Answer(fold(part.verdict for part in parts), tuple(parts))


def to_number(cluster: Cluster, one: End, other: End, protocol: str, number: int) -> list[Part]:
    """The flow to one port of one end."""
    at_node = isinstance(other, Node) or (isinstance(other, Pod) and other.host)
    if at_node and number in node_ports(cluster, protocol):
        return [Part(one, other, (), "unknown")]
    return flow(cluster, one, other, protocol, number)


Flow = tuple[End, End, int]


def not_to_itself(flows: list[Flow]) -> list[Flow]:
    """What a pod sends to itself counts only where the question has nothing else."""
    return [each for each in flows if each[0].identity != each[1].identity] or flows


def other_of_the_same_labels(pod: Pod) -> Pod:
    """Two pods that do not exist are two pods, even where they look alike."""
    return Pod(pod.namespace, pod.name, pod.labels, pod.workload, instance=1, ports=None)


# Services


def node_ports(cluster: Cluster, protocol: str) -> set[int]:
    """Ports that every node hands on to a Service."""
    return {
        own.node_port
        for service in cluster.services.values()
        for own in service.ports
        if own.node_port and own.protocol == protocol
    }


def is_host(end: End) -> bool:
    """Whether an end has the ports of a node."""
    return isinstance(end, Node) or (isinstance(end, Pod) and end.host)


def service_of(cluster: Cluster, end: tuple[Any, ...]) -> Service | None:
    """The Service that an end means: ``("service", namespace, name)``, or one of its addresses."""
    if end[0] == "service":
        return cluster.services[end[1], end[2]]
    if end[0] == "address":
        address = ipaddress.ip_address(end[1])
        for service in cluster.services.values():
            if address in [ipaddress.ip_address(text) for text in service.addresses]:
                return service
    return None


def ends_towards(cluster: Cluster, source: tuple[Any, ...]) -> list[tuple[End, bool]]:
    """The sources, each with whether it is one of many of which only those of the right family are meant."""
    return [(end, source == INTERNET) for end in ends(cluster, source)]


def to_service(
    cluster: Cluster, sources: list[tuple[End, bool]], service: Service, protocol: str | None, port: int | str | None
) -> Iterator[Part]:
    """Every flow, port by port of the Service. A port that it lacks, or no backend, is denied."""
    inside = IN_CLUSTER.fullmatch(service.external_name)
    if inside:
        alias = cluster.services.get((inside["namespace"], inside["name"]))
        if alias is None:
            yield from (replace(nothing(end), verdict="unknown") for end, _ in sources)
        else:
            yield from to_service(cluster, sources, alias, protocol, port)
        return
    if service.external:
        yield from to_external_name(cluster, [end for end, _ in sources], service, protocol, port)
        return
    wanted = [
        own
        for own in service.ports
        if protocol in (None, own.protocol) and (port is None or port in (own.number, own.name))
    ]
    if service.headless and not service.ports and not isinstance(port, str):
        if port is None or protocol is None:
            raise Unsettled
        wanted = [ServicePort("", protocol, port, port)]
    if not wanted:
        yield from (nothing(end) for end, _ in sources)
    for own in wanted:
        yield from to_port(cluster, sources, service, own, not isinstance(port, str))


def nothing(source: End) -> Part:
    """There is nothing to connect to."""
    return Part(source, source, (), "denied")


def to_port(
    cluster: Cluster, sources: list[tuple[End, bool]], service: Service, own: ServicePort, by_number: bool
) -> list[Part]:
    """The flows to the backends of one port; where it is not known which pods are backends, to any selection."""
    surely = list(backends(cluster, service, own, by_number))
    perhaps = list(possible_backends(cluster, service, own, by_number))
    selections = [surely, *([*surely, one] for one in perhaps), [*surely, *perhaps]]
    only, own_address = service.families or (4, 6), not service.headless
    found = [to_backends(cluster, sources, one, own.protocol, only, own_address) for one in selections]
    verdicts = {fold(part.verdict for part in parts) for parts in found}
    return found[0] if len(verdicts) == 1 else [replace(found[-1][0], verdict="unknown")]


Backend = tuple[End, int]


def to_backends(
    cluster: Cluster,
    sources: list[tuple[End, bool]],
    behind: list[Backend],
    protocol: str,
    only: Collection[int],
    translated: bool,
) -> list[Part]:
    """The flows to some backends; ``translated``: by way of an address that is the Service's own.

    The flow has a family of the Service: a backend without one is none."""
    shown = cluster.families or (4, 6)
    usable = [backend for backend in behind if set(families_of(cluster, backend[0]) or shown) & set(only)]
    if not usable:
        return [nothing(end) for end, _ in sources]
    flows = [
        (source, end, number)
        for source, choosy in sources
        for end, number in usable
        if not choosy or share_a_family(cluster, source, end)
    ]
    return [
        part
        for source, end, number in not_to_itself(flows)
        for part in flow(cluster, source, end, protocol, number, only, translated)
    ]


def backends(cluster: Cluster, service: Service, own: ServicePort, by_number: bool) -> Iterator[Backend]:
    """What stands behind one port. Headless: the name of a Service stands for its pods, so a number asked is theirs.
    So without a port, where each of the Service's numbers counts. A pod that lacks a named target is no backend."""
    if service.selector is not None:
        for pod in cluster.pods:
            if pod.namespace == service.namespace and service.selector.items() <= (pod.labels or {}).items():
                yield from on_pod(pod, service, own, by_number)
        return
    if service.headless and by_number:
        texts = dict.fromkeys(endpoint.address for endpoint in service.endpoints)
        yield from ((address_end(cluster, text), own.number) for text in texts)
        return
    for endpoint in service.endpoints:
        for name, protocol, number in endpoint.ports:
            if (name, protocol) == (own.name, own.protocol):
                yield address_end(cluster, endpoint.address), number


def on_pod(pod: Pod, service: Service, own: ServicePort, by_number: bool) -> Iterator[Backend]:
    """The port of a selected pod."""
    if service.headless and by_number:
        yield pod, own.number
    elif isinstance(own.target, int):
        yield pod, own.target
    else:
        named = [number for name, protocol, number in pod.ports or () if (name, protocol) == (own.target, own.protocol)]
        yield from ((pod, number) for number in named[:1])


def possible_backends(cluster: Cluster, service: Service, own: ServicePort, by_number: bool) -> Iterator[Backend]:
    """Pods of which a label that the Service asks for is there with an open value."""
    wanted = service.selector or {}
    for pod in cluster.pods:
        labels = pod.labels or {}
        open_keys = [key for key in wanted if key in pod.open_labels]
        if pod.namespace == service.namespace and open_keys:
            known = replace(pod, labels={**labels, **{key: wanted[key] for key in open_keys}}, open_labels=())
            if wanted.items() <= (known.labels or {}).items():
                yield from on_pod(known, service, own, by_number)


def to_external_name(
    cluster: Cluster, sources: list[End], service: Service, protocol: str | None, port: int | str | None
) -> Iterator[Part]:
    """The name may be that of any address outside: known only where all of them agree."""
    if port is None:
        raise Unsettled
    named = [own.number for own in service.ports if port == own.name and protocol == own.protocol]
    number = port if isinstance(port, int) else (named or [None])[0]
    for source in sources:
        if number is None or protocol is None:
            yield nothing(source)
            continue
        everywhere = [end for end in addresses_outside(cluster, False) if share_a_family(cluster, source, end)]
        parts = [part for end in everywhere for part in flow(cluster, source, end, protocol, number)]
        if len({part.verdict for part in parts}) == 1:
            yield parts[0]
        else:
            yield replace(parts[0], verdict="unknown")
