"""A gateway on the way out: the hop to it, what its routes make of what comes, and the hop from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.layers.mesh.courses import Course, Hop
from ringfence.layers.mesh.transport import meet
from ringfence.layers.requests.deciding import decide
from ringfence.layers.requests.facts import Facts
from ringfence.model.cluster import Pod, Service
from ringfence.model.entries import HOSTNAME, NO_HOST, Carried, Gateway, Listener, ListenerTls, Route, RouteRule
from ringfence.model.mesh import (
    OF_MESH,
    SNI,
    Encryption,
    Leaving,
    PointSort,
    Proxy,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Sending,
    SentOn,
    Source,
    within,
)
from ringfence.model.provenance import Place
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import intersect, port_key
from ringfence.sets.requests.attributes import PORT, Attribute
from ringfence.sets.requests.formulas import ALWAYS, Formula
from ringfence.sets.requests.request import Value as Told
from ringfence.values import Value, replace
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed import symptoms
from ringfence.verdict.meshed.agreeing import folded_courses
from ringfence.verdict.meshed.encryption import Encrypted, of_mesh
from ringfence.verdict.meshed.judging import (
    NOT_ENCRYPTED,
    NOTHING_JUDGED,
    Judged,
    decisions,
    weakest,
)
from ringfence.verdict.meshed.request import Among, Request
from ringfence.verdict.meshed.ruling import VERDICTS
from ringfence.verdict.meshed.values import NETWORK, TRANSPORT, HopVerdict, Layered, LayerVerdict, joined

if TYPE_CHECKING:
    from ringfence.verdict.meshed.asking import Question

TCP = ((1, 65535),)
BY_CLIENT = Encrypted("tls", "the client speaks TLS with the host itself")
_ENDING = (ListenerTls.ENDS, ListenerTls.CERTIFICATE, ListenerTls.OPTIONAL, ListenerTls.AUTOMATIC)
SEVERAL = "several routes of the client's proxy are for the request, and which one counts is not followed"


class Out(Value):
    """Where a gateway sends something, or that it does not (``leaving`` None). ``verdict`` and ``reason`` say what the
    gateway's routes make of it; ``symptom``: what the client sees where nothing is sent."""

    verdict: Verdict
    reason: Reason
    sources: tuple[Source, ...] = ()
    symptom: str = "none"
    leaving: Leaving | None = None


def unknown(question: Question, way: SentOn, why: str, found: Judged | None = None) -> Judged:
    """It is not known what becomes of what the client's proxy sends to a gateway. ``found``: what would, perhaps."""
    named = f"{way.source.kind} {way.source.namespace}/{way.source.name}"
    text = f"the client's proxy sends it to Service {way.namespace}/{way.service}, as {named} says: {why}"
    reason = Reason("sent-on", text, f"the same questions to {way.namespace}/{way.service}, and from there")
    decided = decisions((way.source,), TRANSPORT, "egress")
    if found is not None:
        layered = replace(found.layered, symptom="none", failure="")
        layers = tuple(
            LayerVerdict(TRANSPORT, joined([one.verdict, Verdict.UNKNOWN]), reason, decided)
            if one.layer == TRANSPORT
            else one
            for one in layered.layers
        )
        return Judged(Verdict.UNKNOWN, reason, decided, replace(layered, layers=layers))
    network = LayerVerdict(
        NETWORK, question.verdict, *question.asker.asker.why(question.flow, question.verdict, question.port)
    )
    layers = (network, LayerVerdict(TRANSPORT, Verdict.UNKNOWN, reason, decided), NOTHING_JUDGED)
    layered = Layered(layers, (), None, "unknown", encryption_reason=why)
    return Judged(Verdict.UNKNOWN, reason, decided, layered)


def sent_on(ways: Sequence[SentOn]) -> LayerVerdict:
    """What lists say of ways over gateways, which they do not follow."""
    to = ", ".join(dict.fromkeys(f"Service {one.namespace}/{one.service}" for one in ways))
    hosts = ", ".join(dict.fromkeys(one.host or "some hosts" for one in ways))
    reason = Reason("sent-on", f"the client's proxy sends requests for {hosts} to {to}", "can, with --http and --host")
    sources = tuple(one.source for one in ways)
    return LayerVerdict(TRANSPORT, Verdict.UNKNOWN, reason, decisions(sources, TRANSPORT, "egress"))


def alike(question: Question, way: SentOn, found: list[Judged], why: str) -> Judged:
    """One of several outcomes that may all come about; where they differ, it is not known."""
    if len({one.verdict for one in found}) > 1:
        return unknown(question, way, why, found[0])
    first = found[0]
    words = {one.layered.encryption for one in found}
    if len(words) > 1:
        layered = replace(first.layered, encryption="unknown", encryption_reason=why)
        first = replace(first, layered=layered)
    return first


def takes(
    question: Question,
    formula: Formula,
    request: Request | Among,
    port: int,
    more: dict[Attribute, Told | None] | None = None,
) -> Verdict:
    """Whether a formula is true of a request, or of all that are asked about."""
    rulings = question.asker.rulings
    if isinstance(request, Request) and rulings.mesh is not None:
        paths = rulings.mesh.spellings(request.path)
        if len(paths) > 1:
            ways = [dataclasses.replace(request, path=path) for path in paths]
            told = {_takes(question, formula, one, port, more) for one in ways}
            return told.pop() if len(told) == 1 else Verdict.UNKNOWN
    return _takes(question, formula, request, port, more)


def _takes(
    question: Question,
    formula: Formula,
    request: Request | Among,
    port: int,
    more: dict[Attribute, Told | None] | None,
) -> Verdict:
    rulings = question.asker.rulings
    values: dict[Attribute, Told | None] = {PORT: port}
    unsaid: set[Attribute] = set()
    among: Formula = ALWAYS
    if isinstance(request, Among):
        among = request.formula
    else:
        values, unsaid = rulings.written(request, port)
    rule = RequestRule(0, formula, Place(""))
    policy = RequestPolicy("", "", "", RequestAction.ALLOW, (rule,), Place(""))
    facts = Facts({**values, **(more or {})}, frozenset(unsaid), isinstance(request, Request))
    rules = RequestRules((policy,))
    found = decide(rules, facts, PointSort.GATEWAY, http=True, spaces=rulings.spaces, among=among)
    return VERDICTS[found.outcome]


class Over:
    """One way of a request over the pods behind a Service."""

    def __init__(self, question: Question, course: Course, way: SentOn, request: Request | Among, name: str) -> None:
        """``name``: the host that is asked for, without a port."""
        self.question = question
        self.asker = question.asker
        self.course = course
        self.way = way
        self.request = request
        self.name = name
        self.http = way.carries is Carried.REQUESTS

    def judged(self) -> Judged:
        """What becomes of it at whichever pod it comes to."""
        way = self.way
        service = self.asker.asker.directory.service(way.namespace, way.service)
        assert service is not None
        number = way.number
        source = Target(self.question.flow.source.name, (self.question.flow.source,))
        asked = Asked(number, "TCP", port_key("TCP", number))
        found: list[Judged] = []
        missing = ""
        for flow in self.asker.asker.flows.services.between(source, service, asked):
            if flow.closed == "service":
                missing = flow.why_closed
                continue
            if flow.mystery or flow.perhaps or flow.port_name:
                return self._unsure(flow.mystery or flow.perhaps or "the port of the gateway is not known")
            taken = intersect(flow.ports, TCP)
            for one in self.asker.alike(replace(flow, ports=taken)):
                for verdict, ports in self.asker.asker.regions(one):
                    found += self._at(replace(one, ports=ports), verdict, service)
        if not found:
            return self._nowhere(missing or f"no pod of Service {way.namespace}/{way.service} is meant")
        return alike(self.question, way, found, "the gateway's pods differ")

    def _unsure(self, why: str, found: Judged | None = None) -> Judged:
        return unknown(self.question, self.way, why, found)

    def _nowhere(self, why: str) -> Judged:
        """No pod to send it to."""
        text = f"{self._says()}: {why}"
        decided = decisions((self.way.source,), TRANSPORT, "egress")
        reason = Reason("no-endpoint", text)
        flow = self.question.flow
        network = LayerVerdict(
            NETWORK, self.question.verdict, *self.asker.asker.why(flow, self.question.verdict, self.question.port)
        )
        symptom = symptoms.of_network(Proxy.SIDECAR, self.http)
        layers = (network, LayerVerdict(TRANSPORT, Verdict.DENIED, reason, decided), NOTHING_JUDGED)
        none = weakest(())
        layered = Layered(layers, (), None, none.word, symptom, symptoms.text_of(symptom), encryption_reason=none.why)
        return Judged(Verdict.DENIED, reason, decided, layered, True)

    def _says(self) -> str:
        way = self.way
        named = f"{way.source.kind} {way.source.namespace}/{way.source.name}"
        return f"the client's proxy sends it to Service {way.namespace}/{way.service}, as {named} says"

    # The first hop.

    def _at(self, flow: Flow, verdict: Verdict, service: Service) -> Iterator[Judged]:
        """What becomes of it at some pods that nobody can tell apart."""
        from ringfence.verdict.meshed.asking import Question

        first = Question(self.asker, flow, verdict, service, self.way.number, self.request)
        call, client = first.call(), self.course.client
        assert call is not None
        assert client is not None
        if not flow.destination.pods:
            yield self._unsure("it is no pod of the input")
            return
        courses = [self._as_sent(one) for one in call.sent_on(client, self.way) if _of_one_server(one)]
        found = [self._beyond(first, one) for one in courses]
        if found:
            yield folded_courses(courses, found)

    def _as_sent(self, course: Course) -> Course:
        """The course, where it is known what is spoken: not what the gateway's ports are for all together."""
        last = course.hops[-1]
        if last.point is not None and last.transport.http is not self.http:
            point, transport = replace(last.point, http=self.http), replace(last.transport, http=self.http)
            last = replace(last, point=point, transport=transport)
        return replace(course, hops=(*course.hops[:-1], last), as_http=self.http, lost=course.unreached is not None)

    def _beyond(self, first: Question, course: Course) -> Judged:
        """The first hop, and what the gateway makes of what it gets."""
        found = replace(first.judge(course), by_client=True)
        if self.way.carries is Carried.TLS and course.unreached is None:
            found = _in_tls(found)
        note = f"{self._says()}, a gateway on the way out"
        found = replace(found, layered=replace(found.layered, notes=(*found.layered.notes, note)))
        if found.verdict is Verdict.DENIED:
            return found
        pod = self.asker.pod(first.flow.destination)
        assert pod is not None
        assert self.asker.mesh is not None
        if not self.asker.mesh.relays(pod):
            return self._unsure("what becomes of it there is not followed, as it is no gateway", found)
        outs = list(self._outs(first, course.hops[-1], course.asks, pod))
        ended = [self._joined(first, found, out) for out in outs]
        return alike(self.question, self.way, ended, "the gateway's routes send it to hosts that differ")

    # What the gateway does.

    def _outs(self, first: Question, hop: Hop, asks: str, pod: Pod) -> Iterator[Out]:
        """What the gateway's routes do with it."""
        matched = self._matched(first, hop, asks)
        if isinstance(matched, Out):
            yield matched
            return
        route, rule, listener = matched
        source = Source(route.kind, route.namespace, route.name, rule.place)
        if not rule.backends:
            text = f"the gateway answers it itself, as {route.kind} {route.namespace}/{route.name} says"
            yield Out(Verdict.DENIED, Reason("routed-elsewhere", text), (source,))
            return
        assert self.asker.mesh is not None
        for backend in rule.backends:
            sends = f"the gateway sends it to {backend.name}"
            if backend.kind == "Service":
                where = f"Service {backend.namespace}/{backend.name}"
                yield self._open(f"the gateway sends it to {where}, and no further way is followed", source)
                continue
            if backend.kind not in (HOSTNAME, NO_HOST, "ServiceEntry"):
                yield self._open(
                    f"the gateway sends it to {backend.kind} {backend.name}, which is not modelled", source
                )
                continue
            port = backend.port if isinstance(backend.port, int) else None
            for option in self.asker.mesh.leaving(pod, backend.name, port, listener.port):
                leaving = option.value
                if leaving.unsure or option.fact:
                    yield self._open(f"{sends}, and it is not known {leaving.unsure or option.fact}", source)
                elif leaving.sending is Sending.NOTHING:
                    symptom = symptoms.of_network(Proxy.SIDECAR, self.http)
                    sources = (source, *leaving.sources)
                    yield Out(Verdict.DENIED, Reason("no-endpoint", f"{sends}: {leaving.why}"), sources, symptom)
                elif leaving.addresses is not None and not self._ends_there(leaving.addresses):
                    text = f"{sends}, which has endpoints of its own"
                    yield Out(Verdict.DENIED, Reason("routed-elsewhere", text), (source, *leaving.sources))
                elif leaving.addresses is None and backend.name.lower() != self.name.lower():
                    yield self._open(f"{sends}, and whether that has this address is not known", source)
                else:
                    text = f"{route.kind} {route.namespace}/{route.name} sends it from the gateway to {backend.name}"
                    yield Out(Verdict.ALLOWED, Reason("routed", text), (source, *leaving.sources), "none", leaving)

    def _ends_there(self, addresses: Intervals) -> bool:
        call = self.question.call()
        return call is not None and call.address is not None and within(addresses, call.address)

    @staticmethod
    def _open(why: str, *sources: Source) -> Out:
        return Out(Verdict.UNKNOWN, Reason("sent-on", why), sources)

    def _matched(self, first: Question, hop: Hop, asks: str) -> tuple[Route, RouteRule, Listener] | Out:
        """The one rule of a route that takes it at the gateway."""
        routing, requests = self.asker.ways_out
        (index, *_) = first.flow.destination.pods
        entries = self.asker.cluster.entries
        mine = [one for one in entries.gateways if index in routing.serving(one)]
        for gateway in mine:
            if gateway.broken:
                return self._open(
                    f"what Gateway {gateway.namespace}/{gateway.name} does is not known: {gateway.broken}"
                )
        at_port = [(one, at) for one in mine for at in one.listeners if _listens(at, first)]
        fitting = [(one, at) for one, at in at_port if self._fits(at, hop, asks)]
        foreign = hop.transport.encryption is Encryption.TLS
        if at_port and (foreign or any(at.tls in _ENDING and not self.http for _, at in at_port)):
            return self._open("the gateway ends TLS of its own, and what it then takes is not followed")
        if any(at.redirects for _, at in fitting):
            return Out(Verdict.DENIED, Reason("redirected", "the gateway answers it with a redirect"), (), "http-301")
        sure: list[tuple[Route, RouteRule, Listener]] = []
        from ringfence.verdict.ways_in.values import Opening

        for route in entries.routes:
            opening = Opening("route", route.kind, route.namespace, route.name, route.name, route.place)
            keys = {(one.namespace, one.name) for one in mine}
            if route.broken and any((one.namespace, one.gateway) in keys for one in route.parents):
                return self._open(f"what {route.kind} {route.namespace}/{route.name} does is not known: {route.broken}")
            for server in routing.servers(route, opening):
                gateway_of = getattr(server, "gateway", None)
                if not isinstance(gateway_of, Gateway) or index not in getattr(server, "pods", ()):
                    continue
                for rule, listener in self._rules(route, gateway_of, fitting):
                    taken = requests.taken(route, rule, gateway_of, listener)
                    known = taken is not None and (
                        self._at_gateway(taken.surely, listener),
                        self._at_gateway(taken.possibly, listener),
                    )
                    if not known or Verdict.UNKNOWN in known or known[0] is not known[1]:
                        return self._open(f"whether {route.kind} {route.namespace}/{route.name} takes it is not known")
                    if known[0] is Verdict.ALLOWED and (route, rule) not in [one[:2] for one in sure]:
                        sure.append((route, rule, listener))
        if len({(one.namespace, one.name) for one, _, _ in sure}) > 1:
            return self._open("several routes take it there, and which one counts is not known")
        return sure[0] if sure else self._no_route(at_port, fitting)

    def _fits(self, listener: Listener, hop: Hop, asks: str) -> bool:
        """Whether what is sent comes to a listener, by its form and the name that its TLS asks for."""
        if hop.transport.encryption is Encryption.MTLS:
            carried = Carried.REQUESTS if self.http else Carried.BYTES
            return listener.tls is ListenerTls.MESH and listener.takes is carried and _covers(listener.hostname, asks)
        if self.http:
            return listener.tls is ListenerTls.NONE and listener.takes is Carried.REQUESTS
        if listener.tls is ListenerTls.PASSES:
            return _covers(listener.hostname, self.name)
        return listener.tls is ListenerTls.NONE and listener.takes is Carried.BYTES

    @staticmethod
    def _rules(
        route: Route, gateway: Gateway, fitting: Iterable[tuple[Gateway, Listener]]
    ) -> Iterator[tuple[RouteRule, Listener]]:
        from ringfence.verdict.ways_in.requests import takes_some

        for rule in route.rules:
            for one, listener in fitting:
                carries = one is gateway and rule.carries in (None, listener.takes)
                if carries and takes_some(route, rule, gateway, listener):
                    yield rule, listener

    def _at_gateway(self, formula: Formula, listener: Listener) -> Verdict:
        more: dict[Attribute, Told | None] = {} if self.http else {SNI: self.name}
        return takes(self.question, formula, self.request, listener.port, more)

    def _no_route(self, at_port: list[tuple[Gateway, Listener]], fitting: list[tuple[Gateway, Listener]]) -> Out:
        name = f"{self.way.namespace}/{self.way.service}"
        if not at_port:
            text = f"no Gateway has the pods of Service {name} listen at port {self.way.number}"
            return Out(Verdict.DENIED, Reason("no-listener", text), (), symptoms.of_network(Proxy.SIDECAR, self.http))
        sources = tuple(Source("Gateway", one.namespace, one.name, at.place) for one, at in fitting or at_port)
        if not fitting:
            text = f"no server of the gateway at port {self.way.number} takes it in the form in which it is sent"
            symptom = symptoms.of_transport("reset", Proxy.SIDECAR, self.http)
            return Out(Verdict.DENIED, Reason("no-listener", text), sources, symptom)
        text = f"the gateway has no route for {self.name}"
        return Out(Verdict.DENIED, Reason("no-route", text), sources, "http-404" if self.http else "eof")

    # The second hop.

    def _joined(self, first: Question, found: Judged, out: Out) -> Judged:
        """Both hops as one."""
        decided = decisions(out.sources, TRANSPORT, "egress")
        told = LayerVerdict(TRANSPORT, out.verdict, out.reason, decided)
        if out.leaving is None:
            layered = _with_layer(found.layered, told)
            if out.verdict is Verdict.DENIED and found.verdict is not Verdict.DENIED:
                failure = symptoms.text_of(out.symptom, out.reason.code)
                layered = replace(layered, symptom=out.symptom, failure=failure, passing=None)
                return Judged(Verdict.DENIED, out.reason, decided, layered, True)
            return self._unsure(out.reason.message, replace(found, layered=layered))
        hop, deciding = self._last(first, out.leaving, told)
        layered = found.layered
        for one in hop.layers[:2]:
            layered = _with_layer(layered, one)
        hops = (*layered.hops, hop)
        encryption = weakest(hops)
        layered = replace(layered, hops=hops, encryption=encryption.word, encryption_reason=encryption.why)
        verdict = joined([found.verdict, hop.verdict])
        if verdict is Verdict.ALLOWED:
            both = dict.fromkeys((*found.decided_by, *decided, *hop.layers[0].decided_by))
            return Judged(verdict, found.reason, tuple(both), layered)
        if found.verdict is verdict:
            return replace(found, layered=layered)
        if verdict is Verdict.DENIED:
            symptom = symptoms.of_network(Proxy.SIDECAR, self.http)
            layered = replace(layered, symptom=symptom, failure=symptoms.text_of(symptom), passing=None)
        return Judged(verdict, deciding.reason, deciding.decided_by, layered, True)

    def _last(self, first: Question, leaving: Leaving, told: LayerVerdict) -> tuple[HopVerdict, LayerVerdict]:
        """From the gateway to where the request is meant for, and the layer that decides."""
        flow, asker = self.question.flow, self.asker.asker
        gateway = first.flow.destination
        name = asker.names(first.flow)[1]
        end = asker.names(flow)[1]
        ends = Target(name, (gateway,)), Target(end, (flow.destination,))
        differing = Reason("mixed", "the network treats the flows differently")
        network = self.asker.network(*ends, leaving.port, differing)
        transport = meet(leaving.sending, Proxy.SIDECAR, None, Proxy.NONE)
        if not transport.accepted:
            reason = Reason("transport", f"{transport.why} ({leaving.why})")
            told = LayerVerdict(TRANSPORT, Verdict.DENIED, reason, told.decided_by)
        encrypted = of_mesh(str(transport.encryption), leaving.why)
        if transport.encryption is Encryption.NONE:
            encrypted = BY_CLIENT if self.way.carries is Carried.TLS else self._plugin(gateway, flow)
        layers = (network, told, NOTHING_JUDGED)
        verdict = joined([one.verdict for one in layers])
        hop = HopVerdict(name, end, f"{leaving.port}/TCP", None, encrypted.word, verdict, layers, encrypted.why)
        return hop, next(one for one in layers if one.verdict is verdict)

    def _plugin(self, gateway: Member, flow: Flow) -> Encrypted:
        return self.asker.wire((gateway,), (flow.destination,), flow)


def _with_layer(layered: Layered, layer: LayerVerdict) -> Layered:
    """What all layers say, with what one says of another hop."""
    found = []
    for one in layered.layers:
        if one.layer != layer.layer:
            found.append(one)
            continue
        verdict = joined([one.verdict, layer.verdict])
        telling = one if one.verdict is verdict and one.reason != NOT_ENCRYPTED else layer
        if layer.verdict is not verdict:
            telling = one
        decided: Iterable[Decision] = telling.decided_by
        if verdict is Verdict.ALLOWED:
            decided = dict.fromkeys((*one.decided_by, *layer.decided_by))
        found.append(LayerVerdict(one.layer, verdict, telling.reason, tuple(decided)))
    return replace(layered, layers=tuple(found))


def _in_tls(found: Judged) -> Judged:
    """What is sent is TLS of the client's own with the host outside."""
    hops = tuple(
        replace(hop, encryption=BY_CLIENT.word, encryption_reason=BY_CLIENT.why)
        if hop.encryption not in ("mtls", "hbone")
        else hop
        for hop in found.layered.hops
    )
    told = weakest(hops)
    layered = replace(found.layered, hops=hops, encryption=told.word, encryption_reason=told.why)
    return replace(found, layered=layered)


def _of_one_server(course: Course) -> bool:
    """Of several servers at a gateway's port that one is meant which takes what is sent."""
    of_mesh = course.hops[-1].transport.encryption is Encryption.MTLS
    facts = [fact for fact, _ in course.facts]
    return (f"not: {OF_MESH}" if of_mesh else OF_MESH) not in facts


def _listens(listener: Listener, first: Question) -> bool:
    """Whether a listener listens where the first hop ends: at the port of the pods to which its own of the Service
    leads, or at its own where the Service has none of this number."""
    service, number = first.service, first.service_port
    if listener.port == number:
        return True
    if service is not None and any(one.port == listener.port for one in service.ports):
        return False
    return listener.port == first.port


def _covers(hostname: str, name: str) -> bool:
    """Whether a listener is for a server of a name; without one of its own it is for all."""
    one, other = hostname.lower(), name.lower()
    if not one or one == "*":
        return True
    return other.endswith(one[1:]) and len(other) >= len(one) if one.startswith("*") else one == other


def has_port(host: str) -> bool:
    """Whether a host is written with a port."""
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or host.startswith("["))


__all__ = ["SEVERAL", "Over", "alike", "has_port", "sent_on", "takes", "unknown"]
