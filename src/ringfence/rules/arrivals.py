"""How connections arrive at a workload: one client for each way in which a client of the input gets there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ringfence.layers.network.columns import columns_of
from ringfence.model.cluster import SENSITIVITY
from ringfence.model.mesh import Outgoing, Proxy, Sending
from ringfence.rules.enforcement import Enforcement
from ringfence.rules.finding import Subject, Witness
from ringfence.values import Value
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.meshed.values import Layered

MOST_TRIED = 20
"""Clients that send alike, and that are asked about at one port."""


class Arrival(Value):
    """A flow that all layers let through, for some request at least: what they say of it."""

    witness: Witness
    port: int
    layered: Layered


def sensitive(enforcement: Enforcement) -> Iterator[tuple[int, Subject]]:
    """One pod of each workload that says it is sensitive, and that is no gateway."""
    from ringfence.dialects.istio.enrolment import is_gateway

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        word = pod.labels.get(SENSITIVITY) or pod.sensitivity or "none"
        if word != "none" and pod.workload not in told and not is_gateway(pod):
            told.add(pod.workload)
            yield index, Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)


def arrivals(enforcement: Enforcement, index: int) -> Iterator[Arrival]:
    """What gets through to a pod without the encryption and the identities of the mesh, or may do so: from clients as
    they are configured, at each of its ports one client for each way in which proxies of clients send."""
    situation = enforcement.situation
    relation = situation.relation
    column = relation.universe.class_of_pod[index]
    for port in enforcement.known_ports(index):
        plain = [mask for mask in _sending(enforcement).values() if _may_be_plain(enforcement, mask, index, port)]
        within = 0
        for mask in plain:
            within |= mask
        allowed = 0
        for sources, result in enforcement.clients_grid.column(column, within) if within else ():
            if relation.ports.contains(result.allowed, port):
                allowed |= sources
        for mask in plain:
            found = _first(enforcement, allowed & mask, index, port)
            if found is not None:
                yield found


def _sending(enforcement: Enforcement) -> dict[object, int]:
    """Columns of pods by how their proxies send."""
    if not enforcement.sending:
        universe = enforcement.situation.relation.universe
        for column in range(universe.pods):
            kind = enforcement.mesh.client_kind(enforcement.pod(universe.members[column][0]))
            enforcement.sending[kind] = enforcement.sending.get(kind, 0) | 1 << column
    return enforcement.sending


def _may_be_plain(enforcement: Enforcement, mask: int, index: int, port: int) -> bool:
    """Whether clients that send alike may send a pod something that is neither in TLS nor in the tunnel of the mesh."""
    mesh, pod = enforcement.mesh, enforcement.pod(index)
    first = (mask & -mask).bit_length() - 1
    client = enforcement.pod(enforcement.situation.relation.universe.members[first][0])
    if any(option.value.proxy is Proxy.NONE for option in mesh.membership(client)):
        return True
    if any(option.value.outbound != Outgoing() for option in mesh.membership(client)):
        return True
    services = [service for service, _ in mesh.services.leading_to(pod, port)]
    return any(
        option.value.sending not in (Sending.MESH_TLS, Sending.TUNNEL, Sending.NOTHING)
        for service in (None, *services)
        for option in mesh.client(client, pod, port, service)
    )


def _first(enforcement: Enforcement, sources: int, index: int, port: int) -> Arrival | None:
    """The first of some clients whose flow the engine lets through."""
    members = enforcement.situation.relation.universe.members
    for source in islice(columns_of(sources), MOST_TRIED):
        client = members[source][0]
        if enforcement.pod(client).workload == enforcement.pod(index).workload:
            continue
        one = Witness(enforcement.end(client), enforcement.end(index), port, "TCP", Verdict.ALLOWED)
        try:
            answer = enforcement.situation.answer(one)
        except EndError:
            continue
        if answer.verdict in (Verdict.ALLOWED, Verdict.MIXED) and answer.layered is not None:
            return Arrival(_as(one, answer.verdict), port, answer.layered)
    return None


def _as(witness: Witness, verdict: Verdict) -> Witness:
    return Witness(witness.source, witness.destination, witness.port, witness.protocol, verdict)
