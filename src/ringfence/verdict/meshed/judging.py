"""One course of one flow, judged: each hop by the network, the transport and the rules of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ringfence.layers.mesh.courses import At, Course, Hop
from ringfence.model.mesh import Client, Encryption, Proxy, Source
from ringfence.sets.requests.formulas import NEVER, Formula, conjunction
from ringfence.values import Value, replace
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.meshed import symptoms
from ringfence.verdict.meshed.encryption import Encrypted, of_mesh
from ringfence.verdict.meshed.values import (
    NETWORK,
    REQUESTS,
    TRANSPORT,
    HopVerdict,
    Layered,
    LayerVerdict,
    joined,
)

NOT_ENCRYPTED = Reason("plain", "nothing of a mesh is asked of this connection")
ACCEPTED = Reason("accepted", "the server accepts the connection")
NOT_JUDGED = Reason("no-rules", "no mesh judges what this connection carries")
NOTHING_JUDGED = LayerVerdict(REQUESTS, Verdict.ALLOWED, NOT_JUDGED)
Network = Callable[[Hop], LayerVerdict]
"""What the network says of a hop."""


class Ruling(Value):
    """What an enforcement point says of a request, or of all of them (then it may be mixed)."""

    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...] = ()
    symptom: str = "none"
    passing: Formula | None = None
    """The requests that pass, of those that it was asked about; None: not exactly known."""


Rule = Callable[[Hop], Ruling]
"""What the point of a hop says."""
Wire = Callable[[Hop], Encrypted]
"""Who encrypts a hop that the mesh does not."""


class Judged(Value):
    """A course and what became of it. ``by_client``: what denies is the client's own doing, or that denies too."""

    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...]
    layered: Layered
    by_client: bool = False


def decisions(sources: Iterable[Source], layer: str, direction: str = "ingress") -> tuple[Decision, ...]:
    """Objects of the mesh as those that decided."""
    return tuple(
        Decision(layer, direction, one.kind, one.namespace, one.name, one.rule, one.place)
        for one in dict.fromkeys(sources)
    )


def judge(
    course: Course,
    network: Network,
    rule: Rule,
    names: Callable[[At], str],
    wire: Wire,
    routed: Ruling | None = None,
) -> Judged:
    """The verdict of a course. ``routed``: what the client's proxy sends this way; None: everything."""
    found = _judged(course, network, rule, names, wire)
    if routed is None or routed.verdict is Verdict.ALLOWED:
        return found
    layer = LayerVerdict(TRANSPORT, routed.verdict, routed.reason, routed.decided_by)
    if routed.verdict is Verdict.DENIED:
        return _sent_elsewhere(found, layer)
    layers = tuple(
        replace(layer, verdict=joined([one.verdict, layer.verdict])) if one.layer == TRANSPORT else one
        for one in found.layered.layers
    )
    verdict = joined([found.verdict, routed.verdict])
    passing = None
    if found.layered.passing is not None and routed.passing is not None:
        passing = conjunction((found.layered.passing, routed.passing))
    layered = replace(found.layered, layers=layers, passing=passing)
    if found.verdict is Verdict.DENIED:
        return replace(found, layered=layered)
    reason = found.reason if found.verdict is verdict is not Verdict.MIXED else routed.reason
    return replace(found, verdict=verdict, reason=reason, layered=layered)


def _sent_elsewhere(found: Judged, layer: LayerVerdict) -> Judged:
    """Nothing of it is seen at the destination: the client's own proxy takes it elsewhere. ``found``: what would be
    said of it there; what the client sees is not known."""
    network = found.layered.layers[0]
    layers = (network, layer, NOTHING_JUDGED)
    telling = network if network.verdict is Verdict.DENIED else layer
    none = weakest(())
    notes = found.layered.notes
    layered = Layered(layers, (), None, none.word, "none", "", True, notes, none.why, NEVER)
    return Judged(Verdict.DENIED, telling.reason, telling.decided_by, layered, True)


def _judged(course: Course, network: Network, rule: Rule, names: Callable[[At], str], wire: Wire) -> Judged:
    passing: list[Formula | None] = []

    def ruled(hop: Hop) -> Ruling:
        found = rule(hop)
        passing.append(found.passing)
        return found

    client = course.client.proxy if course.client is not None and not course.past else Proxy.NONE
    if course.unreached is not None:
        return _unreached(course, network)
    hops = [_hop(hop, network, ruled, names, wire, client, course.as_http) for hop in course.hops]
    layers = tuple(_over_hops(layer, hops) for layer in (NETWORK, TRANSPORT, REQUESTS))
    verdict = joined([hop.verdict for hop, _, _ in hops])
    telling = _telling(verdict, hops)
    deciding = course.hops[0] if course.waypoint is not None and course.waypoint.pods else course.hops[-1]
    proven = deciding.identity.text if deciding.identity is not None else None
    symptom = telling[2] if verdict in (Verdict.DENIED, Verdict.MIXED) else "none"
    encryption = weakest([hop for hop, _, _ in hops])
    layered = Layered(
        layers,
        tuple(hop for hop, _, _ in hops),
        proven,
        encryption.word,
        symptom if verdict is Verdict.DENIED else "none",
        symptoms.text_of(symptom, telling[1].reason.code) if verdict is Verdict.DENIED else "",
        True,
        course.notes,
        encryption.why,
        None if None in passing else conjunction(one for one in passing if one is not None),
    )
    by_client = verdict is Verdict.DENIED and _by_client(course, hops)
    return Judged(verdict, telling[1].reason, _decided(verdict, layers, telling[1]), layered, by_client)


def nothing_sent(client: Client) -> LayerVerdict:
    """What a client's own proxy says that sends nothing."""
    reason = Reason("client-side", client.why or "the client's proxy knows no such destination")
    return LayerVerdict(TRANSPORT, Verdict.DENIED, reason, decisions(client.sources, TRANSPORT, "egress"))


def _unreached(course: Course, network: Network) -> Judged:
    """The client's own proxy sends nothing."""
    assert course.unreached is not None
    found, told = network(course.hops[0]), nothing_sent(course.unreached)
    layers = (found, told, LayerVerdict(REQUESTS, Verdict.ALLOWED, NOT_JUDGED))
    telling = found if found.verdict is Verdict.DENIED else told
    http = course.as_http is not False
    symptom = symptoms.of_network(Proxy.SIDECAR, http) if course.lost else symptoms.of_nothing(http)
    none = weakest(())
    text = symptoms.text_of(symptom)
    layered = Layered(layers, (), None, none.word, symptom, text, True, course.notes, none.why)
    return Judged(Verdict.DENIED, telling.reason, telling.decided_by, layered, True)


Told = tuple[HopVerdict, LayerVerdict, str]
"""A hop, the layer that decides it, and what the client sees of that."""


def _hop(
    hop: Hop, network: Network, rule: Rule, names: Callable[[At], str], wire: Wire, client: Proxy, as_http: bool | None
) -> Told:
    transport = hop.transport
    bare = transport.encryption is Encryption.NONE
    encrypted = wire(hop) if bare else of_mesh(str(transport.encryption), hop.sent)
    # A client's own sidecar answers in the protocol that it takes the connection for, whatever the server does.
    http = transport.http if as_http is None else as_http
    found = network(hop)
    requests, symptom = requests_of(hop, rule)
    layers = [found, transport_of(hop), requests]
    sees = [symptoms.of_network(client, http), symptoms.of_transport(transport.symptom, client, http), "none"]
    if hop.point is not None:
        sees[2] = symptom if transport.http else symptoms.of_connection(client, http)
    verdict = joined([layer.verdict for layer in layers])
    index = next((index for index, layer in enumerate(layers) if layer.verdict is verdict), 0)
    judged = HopVerdict(
        names(hop.source),
        names(hop.destination),
        f"{hop.port}/TCP",
        hop.identity.text if hop.identity is not None else None,
        encrypted.word,
        verdict,
        tuple(layers),
        encrypted.why,
    )
    return judged, layers[index], sees[index]


def transport_of(hop: Hop) -> LayerVerdict:
    """What the server's side says of a hop's connection."""
    transport = hop.transport
    if transport.accepted:
        reason = ACCEPTED if hop.point is not None else NOT_ENCRYPTED
        return LayerVerdict(TRANSPORT, Verdict.ALLOWED, reason, decisions(hop.sources, TRANSPORT))
    sent = f" ({hop.sent})" if hop.sent and transport.by_client else ""
    reason = Reason("transport", f"{transport.why}{sent}")
    return LayerVerdict(TRANSPORT, Verdict.DENIED, reason, decisions(hop.sources, TRANSPORT))


def requests_of(hop: Hop, rule: Rule) -> tuple[LayerVerdict, str]:
    """What the point of a hop says, and what the client sees of that; of a connection that is refused, what would be
    said of it if it were not."""
    if hop.point is None:
        return NOTHING_JUDGED, "none"
    ruling = rule(hop)
    return LayerVerdict(REQUESTS, ruling.verdict, ruling.reason, ruling.decided_by), ruling.symptom


def _telling(verdict: Verdict, hops: list[Told]) -> Told:
    """The first hop that has the verdict; of an allowed flow the last where an object judged requests, else the last
    where any could have."""
    with_it = [told for told in hops if told[0].verdict is verdict]
    if verdict is not Verdict.ALLOWED:
        return with_it[0]
    judged = [told for told in hops if told[0].layers[-1].reason is not NOT_JUDGED]
    named = [told for told in judged if told[0].layers[-1].decided_by]
    hop, _, symptom = (named or judged or hops)[-1]
    best = hop.layers[-1] if judged else hop.layers[0]
    return hop, best, symptom


def _over_hops(layer: str, hops: list[Told]) -> LayerVerdict:
    """What one layer says over all hops."""
    found = [one for hop, _, _ in hops for one in hop.layers if one.layer == layer]
    verdict = joined([one.verdict for one in found])
    with_it = [one for one in found if one.verdict is verdict]
    reason = next((one.reason for one in with_it if one.reason not in (NOT_JUDGED, NOT_ENCRYPTED)), with_it[0].reason)
    decided = dict.fromkeys(decision for one in with_it for decision in one.decided_by)
    return LayerVerdict(layer, verdict, reason, tuple(decided))


def _decided(verdict: Verdict, layers: tuple[LayerVerdict, ...], telling: LayerVerdict) -> tuple[Decision, ...]:
    """Of an allowed flow everybody who had a say, else who denies or leaves it open."""
    if verdict is Verdict.ALLOWED:
        return tuple(dict.fromkeys(decision for layer in layers for decision in layer.decided_by))
    return telling.decided_by


def _by_client(course: Course, hops: list[Told]) -> bool:
    """Whether what the client's proxy does denies, whatever the network says to that: a connection in a form that the
    server refuses, or one without the identity that the client has."""
    for hop, (judged, _, _) in zip(course.hops, hops, strict=True):
        if judged.verdict is not Verdict.DENIED:
            continue
        if not hop.transport.accepted:
            if not hop.transport.by_client:
                return False
            continue
        member = course.client is not None and hop.source is At.CLIENT
        if judged.layers[-1].verdict is not Verdict.DENIED or hop.transport.proven or not member:
            return False
    return True


def weakest(hops: Sequence[HopVerdict]) -> Encrypted:
    """That of the least encrypted hop."""
    return least([Encrypted(hop.encryption, hop.encryption_reason) for hop in hops])


def least(found: Sequence[Encrypted]) -> Encrypted:
    """The least that any hop has."""
    for word in ("unknown", "none"):
        for one in found:
            if one.word == word:
                return one
    return found[-1] if found else Encrypted("none", "nothing is sent")


def not_held(judged: Judged) -> Judged:
    """A denial that binds nobody who controls the client."""
    return replace(judged, layered=replace(judged.layered, holds=False))
