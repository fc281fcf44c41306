"""What a server's proxy takes a port to speak, by the Services that lead to it.

Sources: istio ``pkg/config/kube/conversion.go`` (ConvertProtocol), ``pkg/config/protocol/instance.go``,
``pilot/pkg/networking/core/listener_inbound.go`` (of several Services for one port the oldest counts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ringfence.dialects.istio.objects import Named, ServiceEntry, Sidecar
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.model.cluster import MACHINE, Pod, Service, ServicePort
from ringfence.model.mesh import AGES, Option, Source, Speech
from ringfence.model.provenance import Place

_HTTP = frozenset({"http", "http2", "http-proxy", "http_proxy", "grpc", "grpc-web"})
_TCP = frozenset({"tcp", "https", "tls", "mongo", "redis", "mysql"})
_KUBERNETES = {"kubernetes.io/h2c": Speech.HTTP, "kubernetes.io/ws": Speech.HTTP, "kubernetes.io/wss": Speech.TCP}
EXPORT_TO = "networking.istio.io/exportTo"
WELL_KNOWN = frozenset({25, 53, 3306, 27017})
"""Ports whose servers speak first, or look like it: TCP where nothing else is said."""
UNNAMED = "no Service leads to the port"


def parse(word: str) -> Speech | None:
    """The speech of a protocol as Istio spells it; None: it is none that it knows."""
    lower = word.lower()
    return Speech.HTTP if lower in _HTTP else Speech.TCP if lower in _TCP else None


def of_port(number: int, name: str, application: str) -> Speech:
    """The speech of a Service's TCP port."""
    if application in _KUBERNETES:
        return _KUBERNETES[application]
    word = application or name
    if word[: len("grpc-web")].lower() == "grpc-web":
        return Speech.HTTP
    found = parse(word.partition("-")[0])
    if found is not None:
        return found
    return Speech.TCP if number in WELL_KNOWN else Speech.DETECTED


def target_of(port: ServicePort, pod: Pod) -> int | None:
    """The number of the workload's port that a Service's port leads to. A machine's own map of ports, by the name of
    the Service's port, counts before a target that is a number (istio ``serviceregistry/kube/controller``,
    serviceInstanceFromWorkloadInstance)."""
    if isinstance(port.target, int):
        if pod.workload.kind == MACHINE and port.name:
            return next((one.number for one in pod.ports if one.name == port.name), port.target)
        return port.target
    for one in pod.ports:
        if one.name == port.target and one.protocol == port.protocol:
            return one.number
    return None


class Services:
    """The Services of a cluster, by the pods that they lead to."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.all = tuple(services)
        self.any_exported = False
        """Whether some Service says who may see it."""
        self._selecting: dict[str, list[Service]] = {}
        self._listed: dict[int, list[Service]] = {}
        for one in self.all:
            self.any_exported = self.any_exported or EXPORT_TO in one.marks
            if one.kind == "ExternalName":
                continue
            if one.selector is not None:
                self._selecting.setdefault(one.namespace, []).append(one)
            for backend in one.backends:
                self._listed.setdefault(backend.address, []).append(one)
        self._of: dict[tuple[object, ...], tuple[Pod, tuple[Service, ...]]] = {}

    @property
    def by_address(self) -> bool:
        """Whether some Service leads to addresses instead of labels."""
        return bool(self._listed)

    def listing(self, pod: Pod) -> tuple[int, ...]:
        """The Services that lead to an address of a pod, in whatever form; nothing where they go by labels."""
        if not self._listed:
            return ()
        return tuple(id(one) for address in pod.addresses for one in self._listed.get(address, ()))

    def of(self, pod: Pod) -> tuple[Service, ...]:
        """The Services that lead to a pod."""
        key = (pod.namespace, id(pod.labels), pod.addresses if self._listed else ())
        found = self._of.get(key)
        if found is None or found[0].open_labels != pod.open_labels:
            services = [
                one for one in self._selecting.get(pod.namespace, ()) if one.selector and selects(one.selector, pod)
            ]
            for address in pod.addresses:
                services += [one for one in self._listed.get(address, ()) if one not in services]
            found = self._of[key] = (pod, tuple(services))
        return found[1]

    def leading_to(self, pod: Pod, port: int) -> list[tuple[Service, ServicePort]]:
        """The Services, and their ports, that lead to a TCP port of a pod."""
        found = []
        for service in self.of(pod):
            for one in service.ports:
                if one.protocol == "TCP" and _leads(service, one, pod, port):
                    found.append((service, one))
        return found

    def ports(self, pod: Pod) -> frozenset[int]:
        """The TCP ports of a pod to which Services lead."""
        found: set[int] = set()
        for service in self.of(pod):
            for one in service.ports:
                if one.protocol != "TCP":
                    continue
                if service.selector is not None:
                    number = target_of(one, pod)
                    found |= {number} if number is not None else set()
                for backend in service.backends:
                    if backend.address in pod.addresses and one.name in backend.ports:
                        found.add(backend.ports[one.name][1])
        return frozenset(found)


def _leads(service: Service, port: ServicePort, pod: Pod, number: int) -> bool:
    if service.selector is not None:
        return target_of(port, pod) == number
    return any(
        backend.address in pod.addresses and backend.ports.get(port.name, ("", 0))[1] == number
        for backend in service.backends
    )


def inbound(
    services: Services,
    entries: Sequence[ServiceEntry],
    sidecars: Sequence[Option[Sidecar | None]],
    pod: Pod,
    port: int,
) -> list[Option[tuple[Speech, tuple[Source, ...], str]]]:
    """What the proxy of a pod takes a port to speak, what says so, and why. ``sidecars``: those that may
    configure it."""
    found: dict[Speech, Option[tuple[Speech, tuple[Source, ...], str]]] = {}
    for option in sidecars:
        for speech, sources, why, fact, decide in _of(services, entries, option.value, pod, port):
            facts = ", and ".join(filter(None, (option.fact, fact)))
            found.setdefault(speech, Option((speech, sources, why), facts, option.decide or decide))
    options = list(found.values())
    return [Option(options[0].value)] if len(options) == 1 else options


def _of(
    services: Services, entries: Sequence[ServiceEntry], sidecar: Sidecar | None, pod: Pod, port: int
) -> Iterable[tuple[Speech, tuple[Source, ...], str, str, str]]:
    if sidecar is not None and sidecar.ingress is not None:
        for listener in sidecar.ingress:
            if listener.port == port:
                speech = parse(listener.protocol) or Speech.DETECTED
                why = f"{sidecar.named} says {listener.protocol or 'nothing'} at port {port}"
                yield speech, (sidecar.named.source,), why, "", ""
                return
        yield Speech.DETECTED, (), f"{sidecar.named} lists other ports", "", ""
        return
    candidates = [
        (of_port(one.port, one.name, one.application), service.created, _named(service))
        for service, one in services.leading_to(pod, port)
    ]
    for entry in entries:
        if entry.named.namespace == pod.namespace and entry.selector and selects(entry.selector, pod):
            candidates += [
                (parse(one.protocol) or Speech.DETECTED, entry.named.created, entry.named)
                for one in entry.ports
                if one.target == port
            ]
    if not candidates:
        yield Speech.DETECTED, (), UNNAMED, "", ""
        return
    if len({speech for speech, _, _ in candidates}) > 1 and all(created for _, created, _ in candidates):
        candidates = [min(candidates, key=lambda one: (one[1], one[2].name, one[2].namespace))]
    differ = len({speech for speech, _, _ in candidates}) > 1
    for speech, _, named in candidates:
        fact = f"{named} is the oldest that leads to port {port}" if differ else ""
        yield speech, (), f"{named} says so by the name or appProtocol of its port", fact, AGES


def _named(service: Service) -> Named:
    return Named("Service", service.namespace, service.name, service.place or Place(""), service.created)


def words_of(mapping: Mapping[str, str], key: str) -> tuple[str, ...]:
    """The members of a list in an annotation, such as ``networking.istio.io/exportTo``."""
    return tuple(filter(None, (word.strip() for word in mapping.get(key, "").split(","))))
