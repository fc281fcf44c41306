"""Ways out over gateways: what a client's sidecar sends to a Service of the cluster though it is meant for a host
outside, and what a gateway makes of what its routes send to such a host.

Sources: istio ``pilot/pkg/networking/core/listener.go`` (which ports sidecars read requests or server names at),
``httproute.go``, ``tls.go``; ``route/route.go`` (GetDestinationCluster: which port of a host is meant);
``cluster_tls.go`` (TLS to hosts outside, the server's name in TLS of the mesh); ``serviceentry/conversion.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ringfence.dialects.istio.client_routes import ClientRoutes
from ringfence.dialects.istio.destination_rule import DestinationRules, Told, by_whom, tls_at
from ringfence.dialects.istio.entry_scope import ends_of
from ringfence.dialects.istio.hosts import covers, of_service, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import ClientTls, DestinationRule, EntryPort, Named, ServiceEntry, Sidecar, Tls
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.server_names import asked_name
from ringfence.dialects.istio.sidecar_scope import imports, knows
from ringfence.dialects.istio.speech import of_port, parse
from ringfence.model.cluster import Pod, Service
from ringfence.model.entries import Carried
from ringfence.model.mesh import Client, Leaving, Option, Sending, SentOn, Speech
from ringfence.sets.addresses import Intervals
from ringfence.values import replace

if TYPE_CHECKING:
    OfTls = Callable[
        [Tls | None, Named | None, Pod | None, int, Service, MeshConfig], Iterator[tuple[Client, str, str]]
    ]
"""What is sent to a workload, under which fact, and what would tell (``Senders``)."""

_BY_NAME = ("DNS", "DNS_ROUND_ROBIN")
_OF_SERVERS = ("TLS", "HTTPS")
_SENDING = {
    ClientTls.DISABLE: Sending.PLAIN,
    ClientTls.SIMPLE: Sending.OTHER_TLS,
    ClientTls.MUTUAL: Sending.OTHER_TLS,
    ClientTls.ISTIO_MUTUAL: Sending.MESH_TLS,
}
_BYTES = "connections of which nothing but bytes is seen are told apart by addresses, which is not followed"


class Egress:
    """The ways out of one cluster. ``hosts``: its Services by their hosts; ``of_tls`` what sidecars send to them."""

    def __init__(
        self,
        routes: ClientRoutes,
        entries: Iterable[ServiceEntry],
        rules: DestinationRules,
        hosts: Mapping[str, Service],
        of_tls: OfTls,
        domain: str,
    ) -> None:
        self.routes = routes
        self._entries = tuple(entries)
        self._rules = rules
        self.hosts = hosts
        self._of_tls = of_tls
        self._domain = domain

    def onward(self, source: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig) -> tuple[SentOn, ...]:
        """What a sidecar sends to Services of the cluster, of what is dialled at a port of addresses outside."""
        found = []
        for way, hosts in self.routes.onward(source, port, self.hosts):
            if way.carries not in self.looked_for(source, port, sidecar, config):
                continue
            unsure = way.unsure or self._unread(way, hosts, source, port, sidecar, config)
            alone = hosts[0] if len(hosts) == 1 and "*" not in hosts[0] else ""
            found.append(replace(way, unsure=unsure, host=alone))
        return tuple(found)

    def _unread(
        self, way: SentOn, hosts: Sequence[str], source: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig
    ) -> str:
        """Why it is not known whether the sidecar looks at what is dialled at a port; empty: it surely does."""
        if way.carries is Carried.BYTES:
            return _BYTES
        client, home = source.namespace, way.source.namespace or ""
        if not any(imports(sidecar, home, host, port, client) for host in hosts):
            return "the client's Sidecar may not let it know the routes"
        said = list(self.said(client, port, sidecar))
        bytes_only = [one for _, one in said if parse(one.protocol) is Speech.TCP]
        by_name = [
            entry
            for entry, one in said
            if one.protocol.upper() in _OF_SERVERS
            and any(covers(first, other) or covers(other, first) for first in entry.hosts for other in hosts)
        ]
        if way.carries is Carried.TLS:
            plainly = [one for one in bytes_only if one.protocol.upper() not in _OF_SERVERS]
            return "" if by_name and not plainly else f"it is not known to look for server names at port {port}"
        reads = any(parse(one.protocol) is not Speech.TCP for _, one in said) or self._reads(
            client, port, sidecar, config
        )
        return "" if reads and not bytes_only else f"it is not known to read requests at port {port}"

    def looked_for(self, source: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig) -> frozenset[Carried]:
        """What a sidecar may look for in what is dialled at a port of addresses outside: what anything that it knows
        has at that port."""
        client = source.namespace
        if sidecar is not None and any(one.port == port for one in sidecar.egress or ()):
            return frozenset(Carried)
        found = {carried_at(one.protocol) for _, one in self.said(client, port, sidecar)}
        if self._reads(client, port, sidecar, config):
            found.add(Carried.REQUESTS)
        return frozenset(found)

    def said(self, client: str, port: int, sidecar: Sidecar | None) -> Iterator[tuple[ServiceEntry, EntryPort]]:
        """The entries that a client knows at a port."""
        for entry in self._entries:
            if visible(entry.exports, entry.named.namespace, client) and any(
                imports(sidecar, entry.named.namespace, host, port, client) for host in entry.hosts
            ):
                yield from ((entry, one) for one in entry.ports if one.number == port)

    def _reads(self, client: str, port: int, sidecar: Sidecar | None, config: MeshConfig) -> bool:
        """Whether some Service has the client's proxy read requests at a port, whatever the address."""
        return any(
            one.port == port
            and one.protocol == "TCP"
            and of_port(one.port, one.name, one.application) is not Speech.TCP
            and knows(sidecar, service, port, client, config)
            for service in self.hosts.values()
            for one in service.ports
        )

    @cached_property
    def asked_ports(self) -> frozenset[int]:
        """The ports at which it matters which one is dialled."""
        if not self.routes.leads_on(self.hosts):
            return frozenset()
        numbers = {one.port for service in self.hosts.values() for one in service.ports if one.protocol == "TCP"}
        return frozenset(numbers) | self.routes.asked_ports

    def sent_on(
        self, source: Pod, destination: Pod, port: int, way: SentOn, config: MeshConfig
    ) -> Iterator[Option[Client]]:
        """What a sidecar sends to a pod that it sends requests on to; nothing at all comes where the pod is not in the
        subset that is meant."""
        host = of_service(way.namespace, way.service)
        service = self.hosts[host]
        for option in self._rules.for_service(source, service, config):
            rule, base = option.value, option.fact
            if rule is not None and rule.broken:
                for sending in (Sending.PLAIN, Sending.MESH_TLS, Sending.OTHER_TLS):
                    fact = ", and ".join(filter(None, (base, f"{rule.named} makes the client send {sending.value}")))
                    why = f"{rule.named} cannot be read: {rule.broken}"
                    yield Option(Client(sending, (rule.named.source,), why), fact, "a rule that the API server accepts")
                continue
            found = _of_subset(rule, way, destination)
            if found is None:
                continue
            if isinstance(found, Client):
                yield Option(found, base, option.decide)
                continue
            tls, named = found
            for client, fact, decides in self._of_tls(tls, named, destination, port, service, config):
                asks = asked_name(tls, way.number, way.subset, service, self._domain)
                facts = ", and ".join(filter(None, (base, fact)))
                yield Option(replace(client, asks=asks), facts, option.decide or decides)

    def leaving(
        self, source: Pod, host: str, port: int | None, listener: int, config: MeshConfig, own: bool = False
    ) -> Iterator[Option[Leaving]]:
        """How a gateway leaves the cluster to a host, or (``own``) a client's own sidecar, which was dialled at an
        address outside."""
        seen = [one for one in self._entries if visible(one.exports, one.named.namespace, source.namespace)]
        having = [one for one in seen if host in one.hosts]
        if not having:
            why = f"the proxy knows no host {host}: no ServiceEntry that it sees has it"
            wide = any(covers(name, host) for one in seen for name in one.hosts)
            unsure = f"whether a ServiceEntry with a wildcard for {host} makes it a host of its own" if wide else ""
            yield Option(Leaving(port or listener, Sending.NOTHING, (), why, None, unsure))
            return
        if len(having) > 1:
            names = ", ".join(str(one.named) for one in having)
            yield Option(Leaving(port or listener, Sending.PLAIN, unsure=f"which of {names} counts for {host}"))
            return
        entry = having[0]
        number = port or (entry.ports[0].number if len(entry.ports) == 1 else listener)
        ports = [one for one in entry.ports if one.number == number]
        if not ports:
            why = f"{entry.named} has no port {number}"
            yield Option(Leaving(number, Sending.NOTHING, (entry.named.source,), why))
            return
        ends, unsure = _where(entry, own)
        kept = own and entry.resolution == "NONE"
        wire = listener if kept else ports[0].target or number
        for option in self._rules.for_host(source, host, entry.named.namespace, config):
            rule = option.value
            sources = [entry.named.source] + ([rule.named.source] if rule is not None else [])
            why, sending = "", Sending.PLAIN
            tls = None if rule is None else tls_at(rule.policy, number)
            said = unsure
            if rule is not None and (rule.broken or any(one.policy is not None for one in rule.subsets)):
                said = said or f"what {rule.named} has the gateway send"
            if tls is not None and rule is not None:
                sending, why = _SENDING[tls.mode], f"{rule.named} says tls.mode {tls.mode.value}"
            yield Option(Leaving(wire, sending, tuple(sources), why, ends, said), option.fact, option.decide)


def carried_at(protocol: str) -> Carried:
    """What a sidecar looks for at a port of an entry."""
    if protocol.upper() in _OF_SERVERS:
        return Carried.TLS
    return Carried.BYTES if parse(protocol) is Speech.TCP else Carried.REQUESTS


def _where(entry: ServiceEntry, own: bool) -> tuple[Intervals | None, str]:
    """Where the hosts of an entry are (None: where their names lead, or at the address that is dialled), and why that
    is not known; empty: it is."""
    if entry.broken:
        return None, f"what {entry.named} says ({entry.broken})"
    if not entry.outside or entry.selector:
        return None, f"which workloads of the mesh serve the hosts of {entry.named}"
    if entry.endpoints:
        ends = ends_of(entry)
        unsure = f"which of the endpoints of {entry.named} is taken, and at which port" if ends is None else ""
        return ends, unsure
    if entry.resolution in _BY_NAME or (own and entry.resolution == "NONE"):
        return None, ""
    return None, f"where the hosts of {entry.named} are found, whose resolution is {entry.resolution or 'NONE'}"


def _of_subset(rule: DestinationRule | None, way: SentOn, destination: Pod) -> Told | Client | None:
    """What a rule tells of TLS for the subset of a way; None: the pod is not in it; a Client: there is no such."""
    whole = None if rule is None else tls_at(rule.policy, way.number)
    if not way.subset:
        return whole, rule.named if rule is not None and whole is not None else None
    subset = next((one for one in rule.subsets if one.name == way.subset), None) if rule is not None else None
    if rule is None or subset is None:
        why = f"no DestinationRule has the subset {way.subset} of Service {way.namespace}/{way.service}"
        return Client(Sending.NOTHING, (way.source,), why)
    if selects(subset.labels, destination) is False:
        return None
    if subset.policy is None:
        return whole, rule.named if whole is not None else None
    tls = subset.policy.ports.get(way.number, subset.policy.tls or whole)
    return tls, by_whom(rule, subset) if tls is not None else None


__all__ = ["Egress", "carried_at"]
