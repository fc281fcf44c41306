"""A Service as a destination: which ends stand behind its ports, and the flows to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.network.cells import CLOSED_CELL, OPEN_CELL, Meeting
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Backend, Service, ServicePort
from ringfence.sets.addresses import address_text, family
from ringfence.sets.ports import EVERYTHING, Intervals, port_key
from ringfence.values import replace
from ringfence.verdict.ends import Directory, Member, Target
from ringfence.verdict.flow import Asked, Flow, asked, spans
from ringfence.verdict.pairs import Pairs

_NOWHERE = EndClass("outside")


class ServiceFlows:
    """Flows to the ends behind Services."""

    def __init__(self, relation: Relation, directory: Directory, pairs: Pairs) -> None:
        self.relation = relation
        self.directory = directory
        self._pairs = pairs.between

    def between(self, source: Target, service: Service, question: Asked) -> list[Flow]:
        """Every kind of flow from a target to a Service; without a backend, one that ends there."""
        found = list(self.towards(source, service, question))
        if found:
            return found
        name = f"Service {service.namespace}/{service.name}"
        there = Member(_NOWHERE, name)
        return [self._closed(one, there, question, f"{name} has no backend") for one in source.members]

    def behind(self, service: Service, port: ServicePort) -> Iterator[tuple[Member, Intervals]]:
        """The ends behind a port of a Service, each with its own port."""
        yield from self._backends(service, port, Asked(port.port, port.protocol))

    def towards(self, source: Target, service: Service, question: Asked) -> Iterator[Flow]:
        """Flows to the ends behind a Service, in the address families that it serves."""
        return self.served(service, self._to_backends(source, service, question))

    def served(self, service: Service, flows: Iterable[Flow]) -> Iterator[Flow]:
        """Flows to ends behind a Service as it makes them: in its address families, and with two possibilities for an
        end that is perhaps behind it."""
        allowed = service.families or tuple(sorted({family(address) for address in service.addresses}))
        surely: list[Flow] = []
        for flow in flows:
            if flow.destination.maybe and not flow.closed:
                yield replace(flow, perhaps=flow.destination.maybe)
                yield self._without_it(flow, surely, service)
                continue
            surely.append(flow)
            if not allowed or flow.closed or flow.passes:
                yield flow
                continue
            left = tuple(number for number in flow.meeting.families if number in allowed)
            if left == flow.meeting.families:
                yield flow
            elif left:
                yield self._in_families(flow, left)

    @staticmethod
    def _without_it(flow: Flow, surely: list[Flow], service: Service) -> Flow:
        """What a flow to an end that is perhaps behind the Service amounts to if it is not: a flow to one that is."""
        for other in surely:
            if other.source is flow.source and other.asked == flow.asked and not other.itself:
                return (
                    replace(other, destination=flow.destination, ports=flow.ports, perhaps=flow.destination.maybe)
                    if other.ports == flow.ports
                    else replace(flow, perhaps=flow.destination.maybe, mystery="another end")
                )
        why = f"it is not behind Service {service.namespace}/{service.name}"
        return replace(flow, perhaps=flow.destination.maybe, closed="service", why_closed=why)

    def _in_families(self, flow: Flow, families: tuple[int, ...]) -> Flow:
        """The flow, where it may only use some families."""
        meeting = replace(flow.meeting, families=families)
        return replace(flow, meeting=meeting, cell=self.relation.cells.cell(*flow.programs, meeting))

    def _to_backends(self, source: Target, service: Service, question: Asked) -> Iterator[Flow]:
        name = f"{service.namespace}/{service.name}"
        there = Member(_NOWHERE, f"Service {name}")
        wanted = [
            port
            for port in service.ports
            if (question.protocol is None or port.protocol == question.protocol)
            and (question.port is None or question.port in (port.port, port.name))
        ]
        if service.kind == "ExternalName" and (wanted or not isinstance(question.port, str)):
            if isinstance(question.port, str):
                question = asked(wanted[0].port, wanted[0].protocol)
            yield from self._to_external_name(source, service, question)
            return
        if not wanted and not (service.headless and not service.ports and not isinstance(question.port, str)):
            listed = ", ".join(f"{port.port}/{port.protocol}" for port in service.ports) or "none"
            for one in source.members:
                yield self._closed(one, there, question, f"Service {name} has no such port (it has {listed})")
            return
        if not wanted:
            for backend, ports in self._backends(service, None, question):
                for one in source.members:
                    yield from self._pairs(one, backend, ports, source, Target(name, ()))
            return
        for port in wanted:
            found = False
            for member, ports in self._backends(service, port, question):
                found = True
                for one in source.members:
                    text = f"{port.port}/{port.protocol}"
                    translated = not service.headless
                    yield from self._pairs(one, member, ports, source, Target(name, ()), text, translated)
            if not found:
                for one in source.members:
                    yield self._closed(
                        one,
                        there,
                        Asked(port.port, port.protocol),
                        f"Service {name} has no backend for port {port.port}",
                    )

    @staticmethod
    def _closed(source: Member, destination: Member, question: Asked, why: str) -> Flow:
        ports = spans(question) if not isinstance(question.port, str) else ()
        return Flow(
            source,
            destination,
            Meeting((4,), False, None),
            CLOSED_CELL,
            ports or EVERYTHING,
            str(question),
            closed="service",
            why_closed=why,
        )

    def _backends(
        self, service: Service, port: ServicePort | None, question: Asked
    ) -> Iterator[tuple[Member, Intervals]]:
        """The ends behind a Service, with the ports that they are reached at. ``port`` None: a headless Service without
        ports, which only gives addresses."""
        if service.selector is not None:
            yield from self._backends_by_selector(service, port, question)
            return
        for backend in service.backends:
            ports = self._ports_behind(backend, service, port, question)
            if ports:
                for member in self.directory.find(address_text(backend.address)).members:
                    yield member, ports

    @staticmethod
    def _ports_behind(backend: Backend, service: Service, port: ServicePort | None, question: Asked) -> Intervals:
        if port is None:
            return spans(question)
        if service.headless and not isinstance(question.port, str):
            # A headless Service translates nothing: the number that is asked for is the number that is used.
            key = port_key(port.protocol, port.port)
            return ((key, key),)
        target = backend.ports.get(port.name)
        if target is None or target[0] != port.protocol:
            return ()
        key = port_key(*target)
        return ((key, key),)

    def _backends_by_selector(
        self, service: Service, port: ServicePort | None, question: Asked
    ) -> Iterator[tuple[Member, Intervals]]:
        for member in self.directory.selected(service.namespace, service.selector or {}):
            end = self.relation.end_class(member.end)
            if service.families and end.families and not set(service.families) & set(end.families):
                continue
            if port is None:
                yield member, spans(question)
            elif service.headless and not isinstance(question.port, str):
                key = port_key(port.protocol, port.port)
                yield member, ((key, key),)
            elif isinstance(port.target, int):
                key = port_key(port.protocol, port.target)
                yield member, ((key, key),)
            else:
                keys = [
                    port_key(named.protocol, named.number)
                    for named in end.ports
                    if named.name == port.target and named.protocol == port.protocol
                ]
                if keys:
                    yield member, ((keys[0], keys[0]),)

    def _to_external_name(self, source: Target, service: Service, question: Asked) -> Iterator[Flow]:
        universe = self.relation.universe
        words = service.external_name.rstrip(".").split(".")
        if len(words) > 2 and words[2] == "svc":
            # A name of the cluster's own DNS: another Service, if the input has it.
            other = self.directory.service(words[1], words[0])
            if other is not None and other.kind != "ExternalName":
                yield from self.towards(source, other, question)
                return
            for one in source.members:
                yield Flow(
                    one,
                    Member(_NOWHERE, service.external_name),
                    Meeting((4, 6), False, None),
                    OPEN_CELL,
                    spans(question),
                    mystery=f"the Service {service.external_name} is not in the input",
                )
            return
        ends = tuple(range(universe.outside, len(universe.ends)))
        member = Member(ends[0], f"{service.external_name} (outside)", alternatives=ends)
        for one in source.members:
            yield from self._pairs(one, member, spans(question), source, Target(service.external_name, ()))
