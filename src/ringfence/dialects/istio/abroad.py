"""What a client's proxy makes of addresses outside that it is told of, by the hosts and addresses of ServiceEntries.

A sidecar takes requests by the host that they are for, TLS by the name of the server, and bytes by the address that is
dialled. ztunnel takes connections by addresses, and sends those to the hosts of an entry over its waypoint.

Sources: istio ``pilot/pkg/networking/core/listener.go``, ``httproute.go``, ``cluster_tls.go``,
``pilot/pkg/serviceregistry/kube/controller/ambient/waypoints.go``, ztunnel ``src/proxy/outbound.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.dialects.istio.egress import Egress, carried_at
from ringfence.dialects.istio.entry_scope import addresses_of
from ringfence.dialects.istio.hosts import covers, full_name, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import IstioObjects, Named, ServiceEntry, Sidecar
from ringfence.dialects.istio.waypoint import Waypoints
from ringfence.model.cluster import Pod
from ringfence.model.entries import Carried
from ringfence.model.mesh import Abroad, Client, Leaving, Sending
from ringfence.sets.addresses import Intervals
from ringfence.sets.requests.formulas import ALWAYS, conjunction, negation
from ringfence.sets.requests.hosts import in_hosts, of_host
from ringfence.values import replace


def of_sidecar(
    egress: Egress, source: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig
) -> tuple[Abroad, ...]:
    """What a sidecar knows of what is dialled at a port of addresses outside, in the order in which it counts."""
    said = list(egress.said(source.namespace, port, sidecar))
    found: list[Abroad] = []
    plainly: list[Abroad] = []
    for entry, one in said:
        if carried_at(one.protocol) is not Carried.BYTES:
            continue
        addresses = addresses_of(entry)
        for leaving in _leavings(egress, source, entry.hosts[:1], port, config):
            if leaving.addresses is None and entry.resolution != "NONE" and not leaving.unsure:
                # Whoever dials an address does not say that it is one of the host's.
                leaving = replace(leaving, unsure=f"whether the hosts of {entry.named} have the address")
            (found if addresses else plainly).append(Abroad(ALWAYS, leaving, addresses or None))
    carried = egress.looked_for(source, port, sidecar, config)
    for requests, host, number in egress.routes.directly(source, port, carried):
        for option in egress.leaving(source, host, number, port, config, own=True):
            unsure = option.value.unsure or option.fact
            found.append(Abroad(requests, replace(option.value, unsure=unsure)))
    by_host = [(entry, one) for entry, one in said if carried_at(one.protocol) is not Carried.BYTES]
    hosts = {host for entry, _ in by_host for host in entry.hosts}
    for entry, one in by_host:
        for host in entry.hosts:
            narrower = sorted(other for other in hosts if other != host and covers(host, other))
            requests = conjunction((of_host(host), negation(in_hosts(narrower)))) if narrower else of_host(host)
            for leaving in _leavings(egress, source, (host,), port, config):
                if carried_at(one.protocol) is Carried.TLS and leaving.sending is Sending.PLAIN:
                    leaving = replace(leaving, sending=Sending.OTHER_TLS, why=f"{entry.named} says that it is TLS")
                found.append(Abroad(requests, leaving))
    if plainly and by_host:
        why = f"whether {plainly[0].leaving.sources[0].name} takes it, which has the port for all addresses"
        plainly = [replace(one, leaving=replace(one.leaving, unsure=why)) for one in plainly]
        return (*plainly, *found)
    return (*found, *plainly)


def _leavings(egress: Egress, source: Pod, hosts: Iterable[str], port: int, config: MeshConfig) -> Iterator[Leaving]:
    """What is sent to hosts of an entry as if they were dialled themselves; what hangs on something is unsure."""
    for host in hosts:
        for option in egress.leaving(source, host, port, port, config, own=True):
            yield replace(option.value, unsure=option.value.unsure or option.fact)


def of_node(entries: Iterable[ServiceEntry], waypoints: Waypoints, source: Pod, port: int) -> tuple[Abroad, ...]:
    """What ztunnel knows of them: hosts whose entries ask for a waypoint. A host is dialled by an address that istiod
    gives to it, or by one of the entry."""
    found: list[Abroad] = []
    for entry in entries:
        if not visible(entry.exports, entry.named.namespace, source.namespace):
            continue
        ways = waypoints.asked_for(entry.labels, entry.named.namespace, "service")
        over = [one.value for one in ways if one.value is not None and one.value.pods]
        if not over or not any(one.number == port for one in entry.ports):
            continue
        names = f"{over[0].namespace}/{over[0].name}"
        why = f"what becomes of it at the waypoint {names}, over which {entry.named} has it sent"
        leaving = Leaving(port, Sending.PLAIN, (entry.named.source,), unsure=why)
        addresses: Intervals = addresses_of(entry)
        if addresses:
            found.insert(0, Abroad(ALWAYS, leaving, addresses))
        found += [Abroad(of_host(host), leaving) for host in entry.hosts]
    return tuple(found)


def outward(objects: IstioObjects, egress: Egress) -> Iterator[tuple[str, str | None, str]]:
    """The objects that say what becomes of requests for hosts outside: entries, routes and rules for such hosts, and
    where routes lead over gateways, these and the rules for their Services."""
    named: list[Named] = [one.named for one in objects.service_entries]
    over_gateways = egress.routes.leads_on(egress.hosts)
    for route in objects.virtual_services:
        names = [full_name(host, route.named.namespace) for host in route.hosts]
        if not names or any(name not in egress.hosts for name in names):
            named.append(route.named)
    for rule in objects.destination_rules:
        if over_gateways or full_name(rule.host, rule.named.namespace) not in egress.hosts:
            named.append(rule.named)
    if over_gateways:
        named += [one.named for one in objects.gateways]
    yield from ((one.kind, one.namespace, one.name) for one in named)


def stranger(passes: bool, sidecar: Sidecar | None) -> Client | None:
    """What a sidecar does with what it does not know; None: another proxy decides."""
    if sidecar is not None and (sidecar.egress_proxy or sidecar.broken):
        return None
    if passes:
        return Client(Sending.PLAIN, why="the client's proxy passes on what it does not know as it is")
    return Client(Sending.NOTHING, why="the client's proxy passes nothing on that it does not know (REGISTRY_ONLY)")


__all__ = ["of_node", "of_sidecar", "outward", "stranger"]
