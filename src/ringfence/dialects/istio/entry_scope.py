"""Which ServiceEntry a sidecar takes a connection for that it opens to an address which is no Service's.

Source: istio ``pilot/pkg/networking/core/listener_builder.go``, ``pilot/pkg/model/service.go``: a listener is made for
each address and port; a TCP port of an entry without addresses is taken at every address that has no listener of its
own, unless istiod gives the hosts addresses of its own choice. Requests, and TLS, go by the name of the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.dialects.istio.hosts import visible
from ringfence.dialects.istio.objects import ServiceEntry, Sidecar
from ringfence.dialects.istio.sidecar_scope import imports
from ringfence.model.cluster import Pod
from ringfence.sets.addresses import Intervals, address, canonical, cidr

_BYTES = ("TCP", "MONGO", "REDIS", "MYSQL", "")


class Entries:
    """The ServiceEntries of one cluster, by what they take."""

    def __init__(self, entries: Iterable[ServiceEntry]) -> None:
        listed = [(one, addresses_of(one)) for one in entries]
        self.by_address = any(addresses for _, addresses in listed)
        """Whether some entry names addresses."""
        self.ports = frozenset(one.number for entry, _ in listed for one in entry.ports)
        """Of all entries."""
        self.all_ports = self.ports.union(one.target for entry, _ in listed for one in entry.ports)
        """These, and those of the entries' ends."""
        self._everywhere: list[tuple[int, ServiceEntry]] = []
        self._listening: dict[int, list[tuple[ServiceEntry, Intervals]]] = {}
        self._speaking: dict[int, list[tuple[int, ServiceEntry]]] = {}
        for number, (entry, addresses) in enumerate(listed):
            for port in dict.fromkeys(one.number for one in entry.ports):
                self._listening.setdefault(port, []).append((entry, addresses))
            for port in dict.fromkeys(port for one in entry.ports for port in (one.number, one.target)):
                self._speaking.setdefault(port, []).append((number, entry))
            if not entry.ports:
                self._everywhere.append((number, entry))
        self._covering: dict[tuple[int, int, str], list[ServiceEntry]] = {}
        self._taken: dict[tuple[int, int, str], list[tuple[ServiceEntry, Intervals]]] = {}

    def covering(self, port: int, sidecar: Sidecar | None, client: str) -> list[ServiceEntry]:
        """The entries that a client's sidecar knows, and that may be about what listens at a port."""
        key = (port, id(sidecar), client)
        found = self._covering.get(key)
        if found is None:
            listed = sorted((*self._speaking.get(port, ()), *self._everywhere), key=lambda one: one[0])
            found = self._covering[key] = [one for _, one in listed if _known(one, port, sidecar, client)]
        return found

    def taking(
        self, destination: Pod, port: int, sidecar: Sidecar | None, client: str
    ) -> Iterator[tuple[ServiceEntry, bool]]:
        """The entries for which a client's sidecar takes a connection to a pod's own address, surely or perhaps."""
        key = (port, id(sidecar), client)
        kept = self._taken.get(key)
        if kept is None:
            listed = self._listening.get(port, ())
            kept = self._taken[key] = [
                (entry, addresses)
                for entry, addresses in listed
                if (addresses or _takes_bytes(entry, port)) and _known(entry, port, sidecar, client)
            ]
        for entry, addresses in kept:
            if not addresses:
                yield entry, False
                continue
            known = destination.addresses
            inside = [any(first <= one <= last for first, last in addresses) for one in known]
            if not known or any(inside):
                yield entry, bool(known) and all(inside)


def _takes_bytes(entry: ServiceEntry, port: int) -> bool:
    return any(one.protocol.upper() in _BYTES for one in entry.ports if one.number == port)


def _known(entry: ServiceEntry, port: int, sidecar: Sidecar | None, client: str) -> bool:
    """Whether a client's sidecar knows an entry, at a port."""
    space = entry.named.namespace
    return visible(entry.exports, space, client) and any(
        imports(sidecar, space, host, port, client) for host in entry.hosts
    )


def addresses_of(entry: ServiceEntry) -> Intervals:
    """The addresses that an entry names."""
    found = []
    for text in entry.addresses:
        try:
            found.append(cidr(text) if "/" in text else (address(text), address(text)))
        except ValueError:
            continue
    return canonical(found)


def ends_of(entry: ServiceEntry) -> Intervals | None:
    """The addresses of an entry's own endpoints; None: they are not all addresses, or have ports of their own."""
    try:
        found = [(address(text), address(text)) for text in entry.endpoints]
    except ValueError:
        return None
    return None if entry.own_ports or entry.resolution == "NONE" else canonical(found)
