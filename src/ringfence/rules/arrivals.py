"""How connections arrive at a workload: one client for each way in which a client of the input gets there."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.layers.network.columns import columns_of
from ringfence.model.cluster import SENSITIVITY
from ringfence.rules.enforcement import Enforcement
from ringfence.rules.finding import Subject, Witness
from ringfence.values import Value
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.meshed.values import Layered

MOST_KINDS = 50
"""Kinds of clients that are asked about at one port."""


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
    """What gets through to a pod from clients as they are configured: at each of its ports one client for each way in
    which proxies of clients send."""
    situation, mesh = enforcement.situation, enforcement.mesh
    relation = situation.relation
    universe = relation.universe
    column = universe.class_of_pod[index]
    parts = list(enforcement.clients_grid.column(column))
    for port in enforcement.known_ports(index):
        asked: set[object] = set()
        for sources, result in parts:
            if not relation.ports.contains(result.allowed, port):
                continue
            for source in columns_of(sources & enforcement.clients_grid.pods):
                client = universe.members[source][0]
                kind = mesh.client_kind(enforcement.pod(client))
                if enforcement.pod(client).workload == enforcement.pod(index).workload:
                    continue
                if kind in asked or len(asked) >= MOST_KINDS:
                    continue
                one = Witness(enforcement.end(client), enforcement.end(index), port, "TCP", Verdict.ALLOWED)
                try:
                    answer = situation.answer(one)
                except EndError:
                    continue
                if answer.verdict in (Verdict.ALLOWED, Verdict.MIXED) and answer.layered is not None:
                    asked.add(kind)
                    yield Arrival(_as(one, answer.verdict), port, answer.layered)


def _as(witness: Witness, verdict: Verdict) -> Witness:
    return Witness(witness.source, witness.destination, witness.port, witness.protocol, verdict)
