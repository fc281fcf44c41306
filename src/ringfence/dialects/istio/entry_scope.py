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
        self._entries = [(one, addresses_of(one)) for one in entries]

    @property
    def by_address(self) -> bool:
        """Whether some entry names addresses."""
        return any(addresses for _, addresses in self._entries)

    def taking(
        self, destination: Pod, port: int, sidecar: Sidecar | None, client: str
    ) -> Iterator[tuple[ServiceEntry, bool]]:
        """The entries for which a client's sidecar takes a connection to a pod's own address, surely or perhaps."""
        for entry, addresses in self._entries:
            ports = [one for one in entry.ports if one.number == port]
            if not ports or not visible(entry.exports, entry.named.namespace, client):
                continue
            if not any(imports(sidecar, entry.named.namespace, host, port, client) for host in entry.hosts):
                continue
            if not addresses:
                if any(one.protocol.upper() in _BYTES for one in ports):
                    yield entry, False
                continue
            known = destination.addresses
            inside = [any(first <= one <= last for first, last in addresses) for one in known]
            if not known or any(inside):
                yield entry, bool(known) and all(inside)


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
