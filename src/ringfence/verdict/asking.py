"""``can``: one question, its kinds of flows, and the answer folded over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ringfence.layers.network.cells import Cell
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction
from ringfence.model.text import printable
from ringfence.sets.ports import PROTOCOLS, Intervals, PortTable, intersect, subtract
from ringfence.values import replace
from ringfence.verdict import reasons
from ringfence.verdict.answers import NODE_PORT, Answer, Decision, Part, Reason, Verdict
from ringfence.verdict.ends import Directory, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.flows import Flows
from ringfence.verdict.icmp import of_icmp
from ringfence.verdict.judging import Judge, Judgement
from ringfence.verdict.namesakes import port_notes

UNSURE = Reason("unknown-end", "the input does not say which pod, node or Service this is", "the object itself")
NOT_BLIND: frozenset[str] = frozenset()
ITSELF = Reason("own-address", "a pod always reaches its own address")


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Allowed or denied only if every part is; unknown if no two known ones differ and one is unknown; else mixed."""
    seen = set(verdicts)
    if len(seen) == 1:
        return next(iter(seen))
    if Verdict.MIXED in seen or (Verdict.ALLOWED in seen and Verdict.DENIED in seen):
        return Verdict.MIXED
    return Verdict.UNKNOWN


def port_text(key: int) -> str:
    """``5432/TCP``."""
    return f"{key & 0xFFFF}/{PROTOCOLS[key >> 16]}"


class LazyAnswer(Answer):
    """An answer whose verdict is known and whose reasons are worked out when they are first read."""

    __slots__ = ("_complete",)
    _complete: Callable[[], Answer]

    @classmethod
    def of(cls, verdict: Verdict, complete: Callable[[], Answer]) -> Answer:
        """The answer with this verdict; ``complete`` makes all of it."""
        answer = object.__new__(cls)
        object.__setattr__(answer, "verdict", verdict)
        object.__setattr__(answer, "_complete", complete)
        return answer

    def __getattr__(self, name: str) -> Any:
        if name not in Answer.__slots__:
            raise AttributeError(name)
        whole = self._complete()
        for field in Answer.__slots__:
            if field != "verdict":
                object.__setattr__(self, field, getattr(whole, field))
        return getattr(whole, name)


class Asker:
    """Answers questions about one relation."""

    def __init__(self, relation: Relation, directory: Directory, partial: bool = False) -> None:
        self.relation = relation
        self.directory = directory
        self.flows = Flows(relation, directory)
        self.judge = Judge(relation)
        self.partial = partial
        self._regions: tuple[Flow, list[tuple[Verdict, Intervals]]] | None = None
        self._judged: tuple[Flow, int, tuple[Judgement, Judgement]] | None = None
        self._why: tuple[Flow, Verdict, int, tuple[Reason, tuple[Decision, ...]]] | None = None

    def can(self, source: Target, destination: Target, question: Asked) -> Answer:
        """The answer. Raises EndError."""
        if question.icmp:
            return of_icmp(self, source, destination)
        if source.column >= 0 and destination.column >= 0 and question.key:
            known = self._single(source, destination, question.key)
            if known is not None:
                return LazyAnswer.of(
                    known,
                    lambda: self.whole(
                        source, destination, question, self.flows.between(source, destination, question)
                    ),
                )
        flows = self.flows.between(source, destination, question)
        verdict = self._quick(flows)
        if verdict is None:
            return self.whole(source, destination, question, flows)
        return LazyAnswer.of(verdict, lambda: self.whole(source, destination, question, flows))

    def _single(self, source: Target, destination: Target, key: int) -> Verdict | None:
        """The verdict of one flow between two different pods, where no fact is open and nothing is special."""
        left, right = source.column, destination.column
        relation = self.relation
        bits = relation.universe.family_bits
        if (
            source.members[0].pods == destination.members[0].pods
            or not bits[left] & bits[right]
            or (relation.blind_namespaces != NOT_BLIND)
            or self.flows.handed_on(destination.members[0], ((key, key),))
        ):
            return None
        egress, ingress = relation.programs_of(left, right)
        cell = relation.cells.plain(egress, ingress)
        if cell is None:
            return None
        if relation.ports.contains(cell.sure, key):
            return Verdict.ALLOWED
        return Verdict.UNKNOWN if relation.ports.contains(cell.possible, key) else Verdict.DENIED

    def _quick(self, flows: list[Flow]) -> Verdict | None:
        """The verdict alone, where each flow has one for all its ports."""
        if len(flows) > 64 or any(flow.perhaps for flow in flows):
            return None
        return fold(verdict for flow in flows for verdict, _ in self.regions(flow))

    def regions(self, flow: Flow) -> list[tuple[Verdict, Intervals]]:
        """The ports of a flow, by verdict. A port that is only known by its name has one verdict: unknown, where the
        numbers that it may have differ."""
        found = self.regions_by_number(flow)
        return [(Verdict.UNKNOWN, flow.ports)] if flow.port_name and len(found) > 1 else found

    def regions_by_number(self, flow: Flow) -> list[tuple[Verdict, Intervals]]:
        """The port numbers of a flow, by verdict. Those of the last flow are remembered."""
        last = self._regions
        if last is None or last[0] is not flow:
            last = self._regions = flow, self._by_verdict(flow)
        return last[1]

    def _by_verdict(self, flow: Flow) -> list[tuple[Verdict, Intervals]]:
        if flow.passes:
            return [(Verdict.ALLOWED, flow.ports)]
        if flow.closed:
            return [(Verdict.DENIED, flow.ports)]
        if flow.opaque or flow.mystery:
            return [(Verdict.UNKNOWN, flow.ports)]
        table: PortTable = self.relation.ports
        sure, possible = table.intervals(flow.cell.sure), table.intervals(flow.cell.possible)
        allowed = intersect(flow.ports, sure)
        unknown = subtract(intersect(flow.ports, possible), sure) if sure != possible else ()
        denied = subtract(flow.ports, possible)
        return [
            (verdict, ports)
            for verdict, ports in (
                (Verdict.ALLOWED, allowed),
                (Verdict.DENIED, denied),
                (Verdict.UNKNOWN, unknown),
            )
            if ports
        ]

    def whole(self, source: Target, destination: Target, question: Asked, flows: list[Flow]) -> Answer:
        """The answer with its parts, reasons and deciding objects."""
        parts = self.parts(flows)
        verdict = fold(part.verdict for part in parts)
        telling = [part for part in parts if part.verdict is verdict] or parts
        decided: dict[Decision, None] = {}
        for part in telling:
            decided.update(dict.fromkeys(part.decided_by))
        reason = telling[0].reason
        if verdict is Verdict.MIXED:
            reason = Reason("mixed", "the flows that the question is about differ")
        return Answer(
            verdict,
            reason,
            tuple(decided),
            tuple(parts),
            source.text,
            destination.text,
            str(question),
            tuple(dict.fromkeys((*source.notes, *destination.notes, *self.port_notes(destination, question)))),
            self.partial,
        )

    def port_notes(self, destination: Target, question: Asked) -> tuple[str, ...]:
        """What to say of the port where a Service of the same name means another by it."""
        return port_notes(self.directory.cluster, destination, question)

    def parts(self, flows: list[Flow]) -> list[Part]:
        """One part for each verdict, reason and port set, with all the ends that it holds for."""
        merged: dict[object, Part] = {}
        for part in self._single_parts(flows):
            key = (part.verdict, part.reason, part.decided_by, part.ports, part.family)
            old = merged.get(key)
            if old is None:
                merged[key] = part
            else:
                merged[key] = replace(
                    old,
                    sources=tuple(dict.fromkeys((*old.sources, *part.sources))),
                    destinations=tuple(dict.fromkeys((*old.destinations, *part.destinations))),
                )
        return list(merged.values())

    def _single_parts(self, flows: list[Flow]) -> Iterable[Part]:
        unsure: dict[tuple[str, str, Intervals, str], list[Flow]] = {}
        for flow in flows:
            if flow.perhaps:
                key = ((flow.sender or flow.source).name, flow.destination.name, flow.ports, flow.asked)
                unsure.setdefault(key, []).append(flow)
                continue
            for verdict, ports in self.regions(flow):
                yield self._part(flow, verdict, ports)
        for group in unsure.values():
            yield from self._unsure_parts(group)

    def _unsure_parts(self, group: list[Flow]) -> Iterable[Part]:
        """Flows of which one is the flow asked about: known only where all agree."""
        ports = group[0].ports
        by_flow = [dict(self.regions(flow)) for flow in group]
        for verdict in (Verdict.ALLOWED, Verdict.DENIED):
            common = ports
            for regions in by_flow:
                common = intersect(common, regions.get(verdict, ()))
            if common:
                yield self._part(group[0], verdict, common)
                ports = subtract(ports, common)
        if ports:
            reason = group[0].unsure or UNSURE
            yield replace(self._part(group[0], Verdict.UNKNOWN, ports), reason=reason, decided_by=())

    def _part(self, flow: Flow, verdict: Verdict, ports: Intervals) -> Part:
        key = ports[0][0]
        reason, decided = self.why(flow, verdict, key)
        family = (
            flow.meeting.families[0]
            if (
                len(flow.meeting.families) == 1
                and not flow.closed
                and len(self.relation.families(*self._classes(flow))[0]) > 1
            )
            else None
        )
        return Part(
            ((flow.sender or flow.source).name,),
            (flow.destination.name,),
            ports,
            verdict,
            reason,
            decided,
            self._one(flow, True),
            self._one(flow, False),
            port_text(key),
            family,
        )

    def _classes(self, flow: Flow) -> tuple[Any, Any]:
        return self.relation.end_class(flow.source.end), self.relation.end_class(flow.destination.end)

    def names(self, flow: Flow) -> tuple[str, str]:
        """One concrete source and destination of a flow."""
        return self._one(flow, True), self._one(flow, False)

    def _one(self, flow: Flow, source: bool) -> str:
        member = (flow.sender or flow.source) if source else flow.destination
        if member.pods:
            pod = self.relation.cluster.pods[member.pods[0]]
            return f"{pod.namespace}/{pod.name}"
        return member.witness or member.name

    def why(self, flow: Flow, verdict: Verdict, port: int) -> tuple[Reason, tuple[Decision, ...]]:
        """The reason and the deciding objects of one port of a flow."""
        last = self._why
        if last is not None and last[0] is flow and last[1] is verdict and last[2] == port:
            return last[3]
        reason, decided = self._because(flow, verdict, port)
        found = (reason, tuple(dict.fromkeys(decided)))
        self._why = (flow, verdict, port, found)
        return found

    def _because(self, flow: Flow, verdict: Verdict, port: int) -> tuple[Reason, tuple[Decision, ...]]:
        if flow.passes:
            return ITSELF, ()
        if flow.closed:
            return self._closed(flow)
        if flow.mystery:
            if flow.mystery == NODE_PORT.message:
                return NODE_PORT, ()
            return Reason("unknown-service", flow.mystery, "the Service object"), ()
        if flow.opaque:
            return self._opaque(flow)
        if flow.port_name and verdict is Verdict.UNKNOWN:
            return self._open_port(flow)
        names = self.names(flow)
        egress, ingress = self.judgements(flow, port)
        if verdict is Verdict.UNKNOWN:
            decided = (*egress.everyone(), *ingress.everyone())
            if not flow.cell.exact:
                return reasons.NOT_DECIDED, decided
            first, second = self._classes(flow)
            return reasons.unknown(self.relation, *flow.programs, flow.meeting, port, first, second, names), decided
        if verdict is Verdict.ALLOWED:
            reason = reasons.known(True, egress, ingress, names)
            if reason.message == reasons.NOT_SELECTED:
                reason = self._nothing_in_force(flow)
            return reason, (*egress.decisions(True), *ingress.decisions(True))
        closing = [
            judgement if self._denies(flow, judgement.direction, port) else None for judgement in (egress, ingress)
        ]
        if closing == [None, None]:
            closing = [egress, ingress]
        decisions = tuple(
            decision for judgement in closing if judgement is not None for decision in judgement.decisions(False)
        )
        return reasons.known(False, closing[0], closing[1], names), decisions

    def _open_port(self, flow: Flow) -> tuple[Reason, tuple[Decision, ...]]:
        """Some numbers that the named port may have are allowed, others not: everyone who has a say over either."""
        table = self.relation.ports
        possible = intersect(flow.ports, table.intervals(flow.cell.possible))
        sure = intersect(flow.ports, table.intervals(flow.cell.sure))
        decided: list[Decision] = []
        for ports in (possible, subtract(flow.ports, sure)):
            if ports:
                for judgement in self.judgements(flow, ports[0][0]):
                    decided += judgement.everyone()
        message = f"which number the port named {printable(flow.port_name)} has is not known"
        return Reason("named-port", message, "the port's number"), tuple(decided)

    def _nothing_in_force(self, flow: Flow) -> Reason:
        """Allowed because nothing forbids it; what would, but has no effect under the profile, is named."""
        idle = (
            *self.judge.without_effect(flow.source.end, Direction.EGRESS),
            *self.judge.without_effect(flow.destination.end, Direction.INGRESS),
        )
        if not idle:
            return Reason("allowed", reasons.NOT_SELECTED)
        policy, why = idle[0][0].policy, idle[0][1]
        more = f" (and {len(idle) - 1} more)" if len(idle) > 1 else ""
        called = printable(f"{policy.kind} {policy.full_name}")
        return Reason("not-enforced", f"no policy in force selects either end: {called} has no effect{more}: {why}")

    def judgements(self, flow: Flow, port: int) -> tuple[Judgement, Judgement]:
        """Both directions, judged: egress, ingress. The last ones are remembered, as an explanation asks again."""
        last = self._judged
        if last is not None and last[0] is flow and last[1] == port:
            return last[2]
        source, destination = flow.source.end, flow.destination.end
        found = (
            self.judge.direction(source, destination, Direction.EGRESS, flow.meeting, port),
            self.judge.direction(destination, source, Direction.INGRESS, flow.meeting, port),
        )
        self._judged = (flow, port, found)
        return found

    def _denies(self, flow: Flow, direction: Direction, port: int) -> bool:
        """Whether one direction by itself denies for certain."""
        return not self.relation.ports.contains(self.one_direction(flow, direction).possible, port)

    def one_direction(self, flow: Flow, direction: Direction) -> Cell:
        """The bounds of a flow if the other direction admitted everything."""
        egress, ingress = flow.programs
        pair = (egress, 0) if direction is Direction.EGRESS else (0, ingress)
        return self.relation.cells.cell(*pair, flow.meeting)

    def _closed(self, flow: Flow) -> tuple[Reason, tuple[Decision, ...]]:
        if flow.closed == "service":
            name = flow.destination.name.removeprefix("Service ")
            namespace, _, own = name.partition("/")
            place = self.directory.service_place(namespace, own)
            return Reason("service", flow.why_closed), (
                Decision("service", "ingress", "Service", namespace, own, None, place),
            )
        return Reason(flow.closed, flow.why_closed), ()

    def _opaque(self, flow: Flow) -> tuple[Reason, tuple[Decision, ...]]:
        ends = {end.namespace for end in self._classes(flow) if end.sort == "pod"}
        found = [thing for thing in self.relation.cluster.opaque if thing.namespace is None or thing.namespace in ends]
        first = found[0]
        called = f"{first.namespace}/{first.name}" if first.namespace else first.name
        message = f"{first.kind} {called} ({first.api_version}) can change reach and is not modelled yet"
        return Reason("unmodelled-policy", message), tuple(
            Decision("network", "", thing.kind, thing.namespace, thing.name, None, thing.place) for thing in found
        )


__all__ = ["Asker", "LazyAnswer", "fold", "port_text"]
