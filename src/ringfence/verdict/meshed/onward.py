"""What becomes of a request that its client's proxy sends to a gateway of the cluster, though it is meant for somebody
outside: over the gateway, where its routes lead there, as two hops.

The client's own proxy chooses this way. Who controls its pod may dial the address itself, so that whatever denies here
binds nobody whom the network does not bind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.layers.mesh.courses import Course
from ringfence.model.mesh import RequestRule, RequestRules
from ringfence.model.provenance import Place
from ringfence.values import replace
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.meshed.gateways import SEVERAL, Over, alike, has_port, takes, unknown
from ringfence.verdict.meshed.judging import Judged
from ringfence.verdict.meshed.request import Among, Request
from ringfence.verdict.meshed.values import LayerVerdict

if TYPE_CHECKING:
    from ringfence.verdict.meshed.asking import Question


def over_gateways(question: Question, course: Course) -> Judged | None:
    """What becomes of the request of a question that the client's proxy sends to gateways, or of all requests together;
    None: it sends it to none."""
    request = question.request
    if not isinstance(request, Request):
        return _of_all(question, course) if request is None else None
    host = request.host
    told = [(way, takes(question, way.requests, request, course.dialled)) for way in course.onward]
    meant = [(way, verdict) for way, verdict in told if verdict is not Verdict.DENIED]
    if not meant:
        return None
    for way, verdict in meant:
        if not host:
            return unknown(question, way, "the client's proxy sends requests on by their host, which is not given")
        if way.unsure or verdict is not Verdict.ALLOWED:
            return unknown(question, way, way.unsure or "which requests it sends there is not known")
    direct = Verdict.DENIED
    if course.routes is not None:
        ruled = question.asker.rulings.of_client(course.routes, request, course.dialled, host)
        direct = Verdict.DENIED if ruled.reason.code == "sent-on" else ruled.verdict
    if direct is not Verdict.DENIED or len({way.source for way, _ in meant}) > 1:
        return unknown(question, meant[0][0], SEVERAL)
    name = host.rpartition(":")[0] if has_port(host) else host
    found = [Over(question, course, way, request, name).judged() for way, _ in meant]
    return alike(question, meant[0][0], found, "weighted destinations of the route differ")


def _of_all(question: Question, course: Course) -> Judged:
    """What becomes of all requests: those that are sent to the address itself, those that go over gateways, and those
    that the client's proxy does neither with."""
    direct = question.judge(replace(course, onward=(), routes=None))
    found: list[tuple[str, Judged]] = []
    rest = Verdict.ALLOWED
    if course.routes is not None:
        if course.routes.unsettled:
            return question.judge(replace(course, onward=()))
        ruled = question.asker.rulings.of_client(course.routes, None, course.dialled, "")
        if ruled.reason.code != "sent-on" and ruled.verdict is not Verdict.DENIED:
            found.append(("to the address itself", direct))
        kept = tuple(rule for one in course.routes.policies for rule in one.rules)
        sent = tuple(RequestRule(0, way.requests, Place("")) for way in course.onward)
        either = replace(course.routes.policies[0], rules=(*kept, *sent), onward=False)
        rest = question.asker.rulings.of_client(RequestRules((either,)), None, course.dialled, "").verdict
    else:
        found.append(("to the address itself", direct))
    for way in course.onward:
        text = f"to Service {way.namespace}/{way.service}"
        if way.unsure or not way.host:
            found.append((text, unknown(question, way, way.unsure or "for which of several hosts is not given")))
        else:
            found.append((text, Over(question, course, way, Among(way.requests), way.host).judged()))
    said = {one.verdict for _, one in found} | ({Verdict.DENIED} if rest is Verdict.MIXED else set())
    if rest is Verdict.UNKNOWN:
        said.add(Verdict.UNKNOWN)
    first = found[0][1]
    if said == {Verdict.ALLOWED} or said == {Verdict.DENIED}:
        told = [(text, replace(one, by_client=all(other.by_client for _, other in found))) for text, one in found]
        return _folded(told, told[0][1].verdict, first.reason, first.decided_by)
    some, others = said & {Verdict.ALLOWED, Verdict.MIXED}, said & {Verdict.DENIED, Verdict.MIXED}
    verdict = Verdict.MIXED if some and others else Verdict.UNKNOWN
    words = list(dict.fromkeys(f"{one.verdict.value} if sent {text}" for text, one in found))
    if rest is Verdict.MIXED:
        words.append("denied if for none of these")
    given = next((one.reason.decide for _, one in found if one.verdict is Verdict.UNKNOWN), "")
    decided = tuple(dict.fromkeys(decision for _, one in found for decision in one.decided_by))
    hosts = ", ".join(dict.fromkeys(way.host or "some hosts" for way in course.onward))
    reason = Reason(
        "sent-on" if verdict is Verdict.UNKNOWN else "routed-elsewhere",
        f"the client's proxy sends requests for {hosts} another way than others: {', '.join(words)}",
        given if verdict is Verdict.UNKNOWN else "",
    )
    return _folded(found, verdict, reason, decided)


def _folded(told: list[tuple[str, Judged]], verdict: Verdict, reason: Reason, decided: tuple[Decision, ...]) -> Judged:
    """Several ways as one answer: what they differ in is mixed, or not known."""
    found = [one for _, one in told]
    shown = next((one for one in found if one.verdict in (Verdict.ALLOWED, Verdict.MIXED)), found[0])
    layered = shown.layered
    layers = []
    for layer in layered.layers:
        each = [(text, one) for text, judged in told for one in judged.layered.layers if one.layer == layer.layer]
        own = [one for _, one in each]
        said = {one.verdict for one in own}
        if len(said) > 1:
            between = Verdict.UNKNOWN if Verdict.UNKNOWN in said else Verdict.MIXED
            by = tuple(dict.fromkeys(decision for one in own for decision in one.decided_by))
            words = ", ".join(dict.fromkeys(f"{one.verdict.value} if sent {text}" for text, one in each))
            decide = next((one.reason.decide for one in own if one.verdict is Verdict.UNKNOWN), "")
            code = "sent-on" if between is Verdict.UNKNOWN else "routed-elsewhere"
            layer = LayerVerdict(layer.layer, between, Reason(code, f"by the way that it is sent: {words}", decide), by)
        layers.append(layer)
    layered = replace(layered, layers=tuple(layers), passing=None)
    if verdict is not Verdict.DENIED:
        layered = replace(layered, symptom="none", failure="")
    if len({one.layered.encryption for one in found}) > 1:
        layered = replace(layered, encryption="unknown", encryption_reason="it hangs on the host that is asked for")
    if len({one.layered.identity for one in found}) > 1:
        layered = replace(layered, identity=None)
    return Judged(verdict, reason, decided, layered, verdict is Verdict.DENIED and found[0].by_client)


__all__ = ["over_gateways"]
