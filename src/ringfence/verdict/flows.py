"""From a question to kinds of flows: pairs of members, meetings and ports, each with the bounds of its cell.

A question names targets; each target has members that the policies cannot tell apart. What remains to be told apart
between two members is here: a pod and itself, pods on one node or on two, the flow's address family, and where a
Service sends a port.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ringfence.layers.network.cells import CLOSED_CELL, FAMILY_KINDS, OPEN_CELL, Cell, Meeting
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation, own_families
from ringfence.model.cluster import Backend, Service, ServicePort
from ringfence.sets.addresses import Intervals, address_text, family
from ringfence.sets.ports import EVERYTHING, PROTOCOL_NUMBER, intersect, port_key, subtract
from ringfence.verdict.answers import NODE_PORT
from ringfence.verdict.ends import Directory, EndError, Member, Target
from ringfence.verdict.grid import node_ports
from ringfence.verdict.places import Place, answers


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """One kind of flow: its bounds at all ports, and which destination ports the question asks of it.

    ``closed`` names the layer that ends the flow before any policy ("service", "address"), ``itself`` marks a pod and
    its own address, ``opaque`` flows that a policy of a kind that is not modelled may decide.
    """

    source: Member
    destination: Member
    meeting: Meeting
    cell: Cell
    ports: Intervals
    asked: str = ""
    closed: str = ""
    why_closed: str = ""
    itself: bool = False
    opaque: bool = False
    mystery: str = ""
    """Not empty: an end of which nothing is known, and why."""
    programs: tuple[int, int] = (0, 0)
    """What the policies do to it: the programs of the source's egress and the destination's ingress, as the plugin sees
    the flow (through a Service that may be others than those of the two ends)."""
    port_name: str = ""
    """Not empty: the port is asked for by this name, and which of ``ports`` has it is not known."""
    perhaps: str = ""
    """Not empty: it is not known whether the flow is part of the question at all, and why."""
    hairpin: bool = False
    """A pod to itself, through a Service."""
    special: bool = False
    """``programs`` are not those of the two ends alone."""

    @property
    def passes(self) -> bool:
        """A pod and its own address, which no policy judges."""
        return self.itself and not self.hairpin


@dataclass(frozen=True, slots=True)
class Asked:
    """Destination ports of a question: a number, a name, or all (None), of one protocol (None: of each)."""

    port: int | str | None
    protocol: str | None
    key: int = 0
    """The port key, where a number is asked for; else 0."""

    def __str__(self) -> str:
        if self.port is None:
            return "any port" if self.protocol is None else f"any {self.protocol} port"
        return f"{self.port}/{self.protocol or 'TCP'}"


def asked(port: int | str | None, protocol: str | None) -> Asked:
    """A checked question of ports. Digits in a string are a number. Raises EndError."""
    if protocol is not None:
        protocol = protocol.upper()
        if protocol not in PROTOCOL_NUMBER:
            raise EndError(f"{protocol!r} is no protocol that policies know", "use TCP, UDP or SCTP")
    if isinstance(port, str):
        if port.isascii() and port.isdigit():
            port = int(port)
        elif not port:
            raise EndError("the port is empty", "write a number 1-65535 or a port's name")
    if isinstance(port, bool) or not isinstance(port, int | str | None):
        raise EndError(f"{port!r} is no port", "give a whole number 1-65535 or a port's name")
    if isinstance(port, int) and not 1 <= port <= 65535:
        raise EndError(f"{port} is no port", "ports are 1-65535")
    if port is not None and protocol is None:
        protocol = "TCP"
    key = port_key(protocol, port) if isinstance(port, int) and protocol is not None else 0
    return Asked(port, protocol, key)


def spans(question: Asked) -> Intervals:
    """The port keys that a number, or the absence of one, asks for."""
    if question.port is None:
        if question.protocol is None:
            return EVERYTHING
        base = PROTOCOL_NUMBER[question.protocol] << 16
        return ((base | 1, base | 65535),)
    assert isinstance(question.port, int)
    assert question.protocol is not None
    key = port_key(question.protocol, question.port)
    return ((key, key),)


class Flows:
    """Kinds of flows between targets."""

    def __init__(self, relation: Relation, directory: Directory) -> None:
        self.relation = relation
        self.directory = directory
        self._handed_on: Intervals | None = None
        self.cluster = relation.cluster

    def between(self, source: Target, destination: Target, question: Asked) -> list[Flow]:
        """Every kind of flow that the question is about. Raises EndError."""
        if source.service is not None:
            raise EndError(f"{source.text} is a Service: it only receives", "name the pods behind it as the source")
        if destination.service is not None:
            found = list(self._to_service(source, destination.service, question))
            if not found:
                name = f"{destination.service.namespace}/{destination.service.name}"
                there = Member(_NOWHERE, f"Service {name}")
                return [self._closed(one, there, question, f"Service {name} has no backend") for one in source.members]
            return self._without_itself(found)
        found = [flow for service in destination.services for flow in self._to_service(source, service, question)]
        unnamed = 0
        for member in destination.members:
            ports = self._ports_of(member, question)
            if ports is None:
                unnamed += 1
                continue
            behind = self._node_ports(member, ports)
            for one in source.members:
                if behind:
                    found.extend(self._to_node_ports(one, member, behind))
                rest = subtract(ports, behind)
                if rest:
                    pairs = self._pairs(one, member, rest, source, destination)
                    found.extend(self._by_name(flow, question) for flow in pairs)
        if unnamed and unnamed == len(destination.members):
            raise EndError(
                f"{destination.text} has no {question.protocol} port named {question.port!r}",
                self._named_ports(destination),
            )
        found = self._without_itself(found)
        if not found:
            raise EndError(f"{source.text} and {destination.text} share no flow to ask about", "")
        if not any(self._inside(flow) for flow in found):
            raise EndError(
                f"neither {source.text} nor {destination.text} is in the cluster", "name a pod, a workload or a node"
            )
        return found

    def towards(self, source: Target, destination: Target, ports: Intervals) -> list[Flow]:
        """Every kind of flow to some ports of pods, as they are after all translation."""
        found = [
            flow
            for member in destination.members
            for one in source.members
            for flow in self._pairs(one, member, ports, source, destination)
        ]
        return self._without_itself(found)

    def behind(self, service: Service, port: ServicePort) -> Iterator[tuple[Member, Intervals]]:
        """The ends behind a port of a Service, each with its own port."""
        yield from self._backends(service, port, Asked(port.port, port.protocol))

    @staticmethod
    def _without_itself(found: list[Flow]) -> list[Flow]:
        """A pod and itself only count where there is no other pod to ask about, at each port of a Service."""
        others = {flow.asked for flow in found if not flow.itself and flow.closed != "service"}
        return [flow for flow in found if not flow.itself or flow.asked not in others]

    def _inside(self, flow: Flow) -> bool:
        """Whether an end of a flow is a pod or a node."""
        return any(self.relation.end_class(member.end).sort != "outside" for member in (flow.source, flow.destination))

    def _node_ports(self, member: Member, ports: Intervals) -> Intervals:
        """The ports among these that nodes hand on to Services."""
        end = self.relation.end_class(member.end)
        if end.sort != "node" and not end.host_network:
            return ()
        if self._handed_on is None:
            self._handed_on = node_ports(self.cluster)
        return intersect(ports, self._handed_on)

    @staticmethod
    def _to_node_ports(source: Member, destination: Member, ports: Intervals) -> Iterator[Flow]:
        """Which backend a node picks, and from which address it then comes, is not modelled."""
        yield Flow(
            source,
            destination,
            Meeting((4,), False, None),
            OPEN_CELL,
            ports,
            mystery=NODE_PORT.message,
        )

    def _named_ports(self, target: Target) -> str:
        names = {
            f"{port.name} ({port.protocol} {port.number})"
            for member in target.members
            for index in member.pods
            for port in self.cluster.pods[index].ports
        }
        return f"it has: {', '.join(sorted(names))}" if names else "it names no ports; ask by number"

    def _ports_of(self, member: Member, question: Asked) -> Intervals | None:
        if not isinstance(question.port, str):
            return spans(question)
        end = self.relation.end_class(member.end)
        numbers = [
            (port_key(port.protocol, port.number),) * 2
            for port in end.ports
            if port.name == question.port and port.protocol == question.protocol
        ]
        if not numbers and end.open_ports:
            return spans(Asked(None, question.protocol))
        return tuple(sorted(numbers)) or None

    def _by_name(self, flow: Flow, question: Asked) -> Flow:
        """The flow to a port that is asked for by name: where the destination's ports are open, to any number."""
        destination = self.relation.end_class(flow.destination.end)
        if not isinstance(question.port, str) or not destination.open_ports or flow.itself:
            return flow
        flow = replace(flow, port_name=question.port)
        if flow.closed or flow.opaque or flow.mystery:
            return flow
        meeting = replace(flow.meeting, named=f"{question.port}/{question.protocol}")
        return replace(flow, meeting=meeting, cell=self.relation.cells.cell(*flow.programs, meeting))

    def _pairs(
        self,
        source: Member,
        destination: Member,
        ports: Intervals,
        left: Target,
        right: Target,
        asked_port: str = "",
        translated: bool = False,
    ) -> Iterator[Flow]:
        """``translated``: the connection goes to the address of a Service, which becomes that of the end behind it."""
        first, second = self.relation.end_class(source.end), self.relation.end_class(destination.end)
        if left.outside and not self._family_fits(first, second):
            return
        if right.outside and not self._family_fits(second, first):
            return
        shared = set(source.pods) & set(destination.pods) if source.pods and destination.pods else set()
        real = {index for index in shared if self.cluster.pods[index].replicas == 1}
        if real and translated:
            yield from self._hairpins(source, destination, source.end, ports, asked_port)
        elif real:
            yield Flow(
                source,
                destination,
                Meeting((4,), True, True),
                OPEN_CELL,
                ports,
                asked_port,
                itself=True,
            )
        if real and len(source.pods) == 1 and len(destination.pods) == 1:
            return
        nowhere = bool(source.alternatives) or (first.sort == "outside" and source.name == source.witness)
        if nowhere and source.witness == destination.witness and source.name == destination.name:
            if translated:
                for end in source.alternatives or (source.end,):
                    yield from self._hairpins(source, destination, end, ports, asked_port)
                return
            yield Flow(source, destination, Meeting((4,), True, True), OPEN_CELL, ports, asked_port, itself=True)
            return
        found = [
            flow
            for end in source.alternatives or (source.end,)
            for other in destination.alternatives or (destination.end,)
            for flow in self._meetings(source, destination, end, other, ports, asked_port, translated)
        ]
        # Of several ends that it may be, those without a common address family are none of them.
        possible = [flow for flow in found if flow.closed != "address"]
        yield from possible or found[:1]

    @staticmethod
    def _family_fits(outside: EndClass, other: EndClass) -> bool:
        return family(outside.space[0][0]) in own_families(other)

    def _meetings(
        self,
        source: Member,
        destination: Member,
        end: int | EndClass,
        other: int | EndClass,
        ports: Intervals,
        asked_port: str,
        translated: bool,
    ) -> Iterator[Flow]:
        relation = self.relation
        first, second = relation.end_class(end), relation.end_class(other)
        families, known = relation.families(first, second)
        same_namespace = (
            first.namespace == second.namespace
            and first.sort == "pod"
            and second.sort == "pod"
            and (first.namespace is not None)
        )
        opaque = relation.opaque(first, second)
        unsure = "which of several ends it is" if source.alternatives or destination.alternatives else ""
        if not families:
            yield Flow(
                source,
                destination,
                Meeting((4,), same_namespace, None),
                CLOSED_CELL,
                ports,
                asked_port,
                closed="address",
                why_closed="the two ends have no address family in common",
            )
            return
        mystery = source.mystery or destination.mystery
        if mystery:
            meeting = Meeting(families, False, None)
            yield Flow(source, destination, meeting, OPEN_CELL, ports, asked_port, mystery=mystery)
            return
        programs = egress, ingress = relation.programs_of(end, other)
        special = False
        if translated:
            programs = relation.towards_service(end, egress), ingress
            special = programs[0] != egress
            egress = programs[0]
        plain = relation.cells.plain(egress, ingress)
        if plain is not None:
            meeting = Meeting(families, same_namespace, None)
            yield Flow(
                _with_end(source, end),
                _with_end(destination, other),
                meeting,
                plain,
                ports,
                asked_port,
                opaque=opaque,
                programs=programs,
                special=special,
                perhaps=unsure,
            )
            return
        needs = relation.cells.needs(egress, ingress)
        places: tuple[Place, ...] = (None,)
        if "same-node" in needs:
            places = self._same_node(source, destination, first, second, "node" in needs)
        by_family = [(number,) for number in families] if known and needs & FAMILY_KINDS else [families]
        for same_node in places:
            for group in by_family:
                meeting = Meeting(group, same_namespace, same_node)
                cell = relation.cells.cell(egress, ingress, meeting)
                yield Flow(
                    _with_end(source, end),
                    _with_end(destination, other),
                    meeting,
                    cell,
                    ports,
                    asked_port,
                    opaque=opaque,
                    programs=programs,
                    special=special,
                    perhaps=unsure,
                )

    def _hairpins(
        self, source: Member, destination: Member, end: int | EndClass, ports: Intervals, asked_port: str
    ) -> Iterator[Flow]:
        """A pod to itself through a Service: each address family that it has."""
        relation = self.relation
        known = relation.end_class(end)
        egress, ingress = relation.programs_of(end, end)
        programs = relation.exempt_itself(relation.towards_service(end, egress), ingress)
        families = own_families(known)
        split = len(families) > 1 and known.families and relation.cells.needs(*programs) & FAMILY_KINDS
        for group in [(number,) for number in families] if split else [families]:
            meeting = Meeting(group, True, True, True)
            cell = relation.cells.cell(*programs, meeting)
            opaque = relation.opaque(known, known)
            yield Flow(
                _with_end(source, end),
                _with_end(destination, end),
                meeting,
                cell,
                ports,
                asked_port,
                itself=True,
                opaque=opaque,
                perhaps="which of several ends it is" if source.alternatives else "",
                programs=programs,
                hairpin=True,
                special=True,
            )

    def _same_node(
        self, source: Member, destination: Member, first: EndClass, second: EndClass, linked: bool
    ) -> tuple[Place, ...]:
        """Whether pairs of these members share a node: each answer that occurs."""
        left, right = self._nodes(source, first), self._nodes(destination, second)
        if _stranger(first) or _stranger(second):
            others = right if _stranger(first) else left
            number = (first if _stranger(first) else second).families[0]
            return tuple(sorted({self._not_on(name, number) for name in others}, key=str))
        return answers(left, right, linked) or (None,)

    def _not_on(self, name: str | None, number: int) -> bool | None:
        """Whether a node that is not in the input may be this one: not where this one's addresses are known."""
        node = self.cluster.nodes.get(name) if name else None
        known = node is not None and any(family(address) == number for address in node.addresses)
        return False if known else None

    def _nodes(self, member: Member, end: EndClass) -> set[str | None]:
        if member.node is not None:
            return {member.node}
        if member.pods:
            return {self.cluster.pods[index].node for index in member.pods}
        return {end.node}

    def _to_service(self, source: Target, service: Service, question: Asked) -> Iterator[Flow]:
        """Flows to the ends behind a Service, in the address families that it serves."""
        allowed = service.families or tuple(sorted({family(address) for address in service.addresses}))
        surely: list[Flow] = []
        for flow in self._to_backends(source, service, question):
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
                yield from self._to_service(source, other, question)
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


_NOWHERE = EndClass("outside")


def _stranger(end: EndClass) -> bool:
    """A node that is not in the input."""
    return end.sort == "node" and not end.name


def _with_end(member: Member, end: int | EndClass) -> Member:
    if member.end is end or member.end == end:
        return member
    return replace(member, end=end)
