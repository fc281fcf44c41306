"""``can`` in a world with a mesh: the flows of a question, parted by what the mesh can tell apart, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop, plain
from ringfence.model.cluster import Cluster, Pod, Service, WorkloadRef
from ringfence.model.mesh import OF_MESH, Identity, Mesh, Proxy
from ringfence.sets.addresses import address
from ringfence.sets.ports import Intervals, canonical, intersect, members_by_protocol, subtract
from ringfence.values import Value, replace
from ringfence.verdict.answers import Answer, Decision, Part, Reason, Verdict
from ringfence.verdict.asking import Asker, fold, port_text
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed.agreeing import folded_courses
from ringfence.verdict.meshed.encryption import NOBODY, Encrypted, Encryptions
from ringfence.verdict.meshed.fronts import Fronts
from ringfence.verdict.meshed.judging import Judged, Ruling, judge, not_held
from ringfence.verdict.meshed.request import Among, Request
from ringfence.verdict.meshed.ruling import Rulings
from ringfence.verdict.meshed.symptoms import text_of
from ringfence.verdict.meshed.values import NETWORK, HopVerdict, Layered, LayerVerdict

if TYPE_CHECKING:
    from ringfence.verdict.ways_in.requests import Requests
    from ringfence.verdict.ways_in.routing import Routing

TCP: Intervals = ((1, 65535),)
"""The keys of all TCP ports."""
_NOWHERE = WorkloadRef("Pod", "", "")


class MeshedAsker:
    """Answers questions about all layers of one world. ``mesh`` None: only the network has a say."""

    def __init__(self, asker: Asker, mesh: Mesh | None, cluster: Cluster | None = None) -> None:
        """``cluster``: where a what-if gave pods other labels than those that the relation was made from."""
        self.asker = asker
        self.mesh = mesh
        self.cluster = asker.relation.cluster if cluster is None else cluster
        self.rulings = Rulings(mesh)
        self.fronts = Fronts(self.cluster)
        self.encryptions = Encryptions(self.cluster, asker.relation)

    def can(self, source: Target, destination: Target, question: Asked, request: Request | None) -> Answer:
        """The answer. Raises EndError."""
        if question.icmp:
            return self._icmp(source, destination, question)
        parts = self._parts_of(source, destination, question, request)
        return self._folded(parts, source, destination, question)

    def _parts_of(
        self, source: Target, destination: Target, question: Asked, request: Request | None
    ) -> Iterable[Part]:
        flows = self.asker.flows.between(source, destination, question)
        service = destination.service
        if service is not None and self.cluster.machines and self.mesh is not None:
            from ringfence.verdict.meshed.backends import MachineBackends

            return MachineBackends(self, self.mesh, service).parts(flows, question, request)
        return self.parts_among(flows, service, not _is_address(destination.text), request)

    def about(
        self,
        flows: list[Flow],
        source: Target,
        destination: Target,
        question: Asked,
        front: tuple[Service | None, int],
        request: Request | Among | None,
    ) -> Answer:
        """The answer for some flows of a question. ``front``: the Service by which they are called, and its port."""
        parts = self.parts_among(flows, front[0], False, request, front[1])
        return self._folded(parts, source, destination, question)

    def _folded(self, parts: Iterable[Part], source: Target, destination: Target, question: Asked) -> Answer:
        parts = list(self._merged(parts))
        verdict = fold(part.verdict for part in parts)
        telling = [part for part in parts if part.verdict is verdict] or parts
        decided: dict[Decision, None] = {}
        for part in telling:
            decided.update(dict.fromkeys(part.decided_by))
        reason = telling[0].reason
        if verdict is Verdict.MIXED and telling[0].verdict is not Verdict.MIXED:
            reason = Reason("mixed", "the flows that the question is about differ")
        return Answer(
            verdict,
            reason,
            tuple(decided),
            tuple(parts),
            source.text,
            destination.text,
            str(question),
            tuple(
                dict.fromkeys(
                    (*source.notes, *destination.notes, *self.asker.port_notes(destination, question)),
                )
            ),
            self.asker.partial,
            telling[0].layered,
        )

    def _icmp(self, source: Target, destination: Target, question: Asked) -> Answer:
        """The network's answer: no mesh takes ICMP."""
        answer = self.asker.can(source, destination, question)
        families = {4, 6} if len(self.cluster.families) > 1 else set(self.cluster.families)
        wire = self.encryptions.on_the_wire(
            source.members, destination.members, next(iter(families)) if len(families) == 1 else None
        )
        notes = ("no mesh takes ICMP",) if self.mesh is not None else ()
        encrypted = NOBODY if destination.service is not None else wire
        parts = [replace(part, layered=replace(network_alone(part, encrypted), notes=notes)) for part in answer.parts]
        layered = next(part.layered for part in parts if part.verdict is answer.verdict or len(parts) == 1)
        return replace(answer, parts=tuple(parts), layered=layered)

    def parts_of(
        self, source: Target, destination: Target, question: Asked, request: Request | None = None
    ) -> Iterable[Part]:
        """What all layers say of each kind of flow between two ends. Raises EndError."""
        return self._merged(self._parts_of(source, destination, question, request))

    def parts_among(
        self,
        flows: list[Flow],
        service: Service | None,
        by_name: bool,
        request: Request | Among | None,
        dialled: int = 0,
    ) -> Iterator[Part]:
        """What all layers say of some flows, unfolded. ``service``: by which they are called, with the port ``dialled``
        if the flows do not tell it."""
        network: list[Flow] = []
        for flow in flows:
            taken = intersect(flow.ports, TCP)
            if flow.closed or flow.passes or flow.mystery or flow.perhaps or flow.port_name or not taken:
                network.append(flow)
                continue
            rest = subtract(flow.ports, TCP)
            if rest:
                network.append(replace(flow, ports=rest))
            for one in self.alike(replace(flow, ports=taken)):
                for verdict, ports in self.asker.regions(one):
                    for some in self._by_port(one, ports):
                        front = service
                        number = dialled
                        if service is not None and one.asked:
                            number = int(one.asked.partition("/")[0])
                        if service is None and by_name:
                            front, number = self._front(one, some[0][0])
                        yield self._ask(replace(one, ports=some), verdict, front, number, request).part()
        groups = [network]
        if self.encryptions.declared:
            # Flows of which one is the one that is asked about stay together.
            groups = [[flow for flow in network if flow.perhaps], *([flow] for flow in network if not flow.perhaps)]
        for group in filter(None, groups):
            encrypted = self._on_the_wire(group)
            for part in self.asker.parts(group):
                layered = network_alone(part, encrypted)
                yield replace(part, layered=replace(layered, notes=self._not_in_the_path(part)))

    def _not_in_the_path(self, part: Part) -> tuple[str, ...]:
        """That no mesh has a say, of protocols that none takes."""
        if self.mesh is None or not part.ports or intersect(part.ports, TCP):
            return ()
        others = dict.fromkeys(protocol for protocol, _, _ in members_by_protocol(part.ports))
        return (f"no mesh takes {' or '.join(others)}",)

    def _on_the_wire(self, flows: list[Flow]) -> Encrypted:
        """Who encrypts flows that no mesh takes."""
        if not self.encryptions.declared:
            return NOBODY
        found = {
            one.word: one
            for flow in flows
            if not (flow.closed or flow.mystery)
            for one in (self.wire((flow.sender or flow.source,), (flow.destination,), flow),)
        }
        if len(found) < 2:
            return next(iter(found.values()), NOBODY)
        return Encrypted("unknown", "; ".join(one.why for one in found.values()))

    def wire(self, sources: Iterable[Member], destinations: Iterable[Member], flow: Flow) -> Encrypted:
        """What the network plugin does with connections of a flow."""
        families = flow.meeting.families
        return self.encryptions.on_the_wire(sources, destinations, families[0] if len(families) == 1 else None)

    def _ask(
        self, flow: Flow, verdict: Verdict, service: Service | None, port: int, request: Request | Among | None
    ) -> Question:
        """The question about one kind of flow."""
        return Question(self, flow, verdict, service, port, request)

    def network(self, source: Target, destination: Target, port: int, differing: Reason) -> LayerVerdict:
        """What the network says of a connection that a proxy opens. ``differing``: why that is not known where it
        treats the pods of an end differently."""
        flows = self.asker.flows.towards(source, destination, ((port, port),))
        told = [(self.asker.regions(flow)[0][0], flow) for flow in flows]
        verdict = fold(one for one, _ in told)
        flow = next((flow for one, flow in told if one is verdict), None)
        if flow is None:
            return LayerVerdict(NETWORK, Verdict.UNKNOWN, differing)
        return LayerVerdict(NETWORK, verdict, *self.asker.why(flow, verdict, port))

    def alike(self, flow: Flow) -> Iterator[Flow]:
        """The flow, for pods that the mesh cannot tell apart."""
        for source in self.split(flow.source):
            for destination in self.split(flow.destination):
                same = set(source.pods) & set(destination.pods)
                alone = same and len(source.pods) == 1 and len(destination.pods) == 1
                if alone and self.cluster.pods[source.pods[0]].replicas == 1 and not flow.hairpin:
                    continue
                yield replace(flow, source=source, destination=destination)

    def split(self, member: Member) -> list[Member]:
        """A member, for pods that the mesh cannot tell apart."""
        if len(member.pods) < 2 or self.mesh is None:
            return [member]
        groups: dict[object, list[int]] = {}
        for index in member.pods:
            pod = self.cluster.pods[index]
            key = (
                pod.namespace,
                pod.service_account,
                tuple(sorted(pod.labels.items())),
                id(pod.marks),
                pod.host_network,
                pod.template,
            )
            groups.setdefault(key, []).append(index)
        if len(groups) == 1:
            return [member]
        return [
            replace(one, name=member.name) for group in groups.values() for one in self.asker.directory.members(group)
        ]

    @cached_property
    def ways_out(self) -> tuple[Routing, Requests]:
        """The routes of gateways, and what they take."""
        from ringfence.verdict.ways_in.requests import Requests
        from ringfence.verdict.ways_in.routing import Routing

        routing, entries = Routing(self.asker), self.cluster.entries
        return routing, Requests(entries.routes, entries.gateways, routing.ranks_by_sort)

    def _by_port(self, flow: Flow, ports: Intervals) -> Iterator[Intervals]:
        """The ports, parted by what the mesh says of them."""
        if self.mesh is None:
            yield ports
            return
        rest = ports
        for number in self.mesh.ports(self.pod(flow.source), self.pod(flow.destination)):
            one = intersect(ports, ((number, number),))
            if one:
                yield one
                rest = subtract(rest, one)
        if rest:
            yield rest

    def _front(self, flow: Flow, port: int) -> tuple[Service | None, int]:
        """Who names a workload asks for the way by which it is called: through the Service that leads to the port. It
        leads to a machine for clients of the mesh only."""
        pod = self.pod(flow.destination)
        if flow.destination.machine is not None and not self._takes_part(self.pod(flow.source)):
            return None, 0
        found = None if pod is None else self.fronts.leading_to(pod, port)
        return (None, 0) if found is None else found

    def _takes_part(self, pod: Pod | None) -> bool:
        """Whether a client may be in the mesh."""
        if pod is None or self.mesh is None:
            return False
        return any(option.value.proxy is not Proxy.NONE for option in self.mesh.membership(pod))

    def pod(self, member: Member) -> Pod | None:
        """One pod of a member; for a pod that does not exist, what is known of it; None for other ends."""
        if member.pods:
            return self.cluster.pods[member.pods[0]]
        if member.machine is not None:
            return member.machine
        end = self.asker.relation.end_class(member.end)
        if end.sort != "pod" or end.namespace is None:
            return None
        return Pod(
            end.namespace,
            "",
            end.labels,
            _NOWHERE,
            tuple(end.open_labels),
            end.ports,
            end.addresses,
            end.node,
            end.host_network,
            template=True,
            service_account="",
        )

    def _merged(self, parts: Iterable[Part]) -> Iterable[Part]:
        merged: dict[object, Part] = {}
        for part in parts:
            layered = part.layered
            told = layered and (
                layered.layers,
                layered.identity,
                layered.encryption,
                layered.encryption_reason,
                layered.symptom,
                layered.holds,
                tuple((hop.port, hop.encryption) for hop in layered.hops),
                layered.passing,
            )
            key = (part.verdict, part.reason, part.decided_by, part.sources, part.destinations, part.family, told)
            old = merged.get(key)
            merged[key] = part if old is None else replace(old, ports=canonical((*old.ports, *part.ports)))
        wide: dict[object, Part] = {}
        for known, part in merged.items():
            assert isinstance(known, tuple)
            wider = (*known[:3], *known[5:], part.ports)
            old = wide.get(wider)
            wide[wider] = (
                part
                if old is None
                else replace(
                    old,
                    sources=tuple(dict.fromkeys((*old.sources, *part.sources))),
                    destinations=tuple(dict.fromkeys((*old.destinations, *part.destinations))),
                )
            )
        return wide.values()


class Question(Value):
    """One kind of flow, of ports that all layers treat alike. ``verdict``: the network's, for the flow as it is.
    ``service``: by which the client calls, with its port."""

    asker: MeshedAsker
    flow: Flow
    verdict: Verdict
    service: Service | None
    service_port: int
    request: Request | Among | None

    @property
    def port(self) -> int:
        """One of its ports."""
        return self.flow.ports[0][0]

    def part(self) -> Part:
        """The flow, judged."""
        judged = self.judged()
        names = self.asker.asker.names(self.flow)
        flow = self.flow
        return Part(
            (flow.source.name,),
            (flow.destination.name,),
            flow.ports,
            judged.verdict,
            judged.reason,
            judged.decided_by,
            *names,
            port_text(self.port),
            flow.meeting.families[0] if len(flow.meeting.families) == 1 and self._two_families() else None,
            judged.layered,
        )

    def _two_families(self) -> bool:
        relation = self.asker.asker.relation
        first, second = relation.end_class(self.flow.source.end), relation.end_class(self.flow.destination.end)
        return len(relation.families(first, second)[0]) > 1

    def judged(self) -> Judged:
        """All courses that it may take, folded: what is not the same on all of them is not known."""
        call = self.call()
        courses = [plain(self.port)] if call is None else call.courses()
        if call is not None and call.server is None:
            from ringfence.verdict.meshed.abroad import settled

            courses = settled(self, courses, call.address)
        if isinstance(self.request, Among):
            # The requests of a listener: it is known which of a gateway's servers they come to.
            courses = [one for one in courses if all(fact != OF_MESH for fact, _ in one.facts)] or courses
        found = [self.judge(course) for course in courses]
        first = folded_courses(courses, found)
        denied = call is not None and first.verdict is Verdict.DENIED
        if denied and all(one.by_client or self._by_name(course) for one, course in zip(found, courses, strict=True)):
            assert call is not None
            others = [self.judge(course).verdict for course in call.unbound()]
            if any(verdict is not Verdict.DENIED for verdict in others):
                return not_held(first)
        return first

    def _by_name(self, course: Course) -> bool:
        """Whether it hangs on the name of a server that the client's proxy asks for, of which the client is free."""
        if not any(hop.asks and self.asker.rulings.asks_for_names(hop) for hop in course.hops):
            return False
        free = replace(course, hops=tuple(replace(hop, asks=None) for hop in course.hops))
        return self.judge(free).verdict is not Verdict.DENIED

    def call(self) -> Call | None:
        """The connection, as the mesh sees it; None: there is no mesh."""
        mesh = self.asker.mesh
        if mesh is None:
            return None
        source, server = self.asker.pod(self.flow.source), self.asker.pod(self.flow.destination)
        address = self._dialled(server)
        caller = Caller(source, source.addresses[0] if source is not None and source.addresses else None)
        request = self.request if isinstance(self.request, Request) else Request()
        presented = Identity(request.identity, "", "") if request.identity else None
        dialled = None
        if self.service is not None and not self.service.headless:
            dialled = self.service_port or None
        return Call(mesh, caller, server, address, self.port, self.service, presented, dialled, request.host)

    def _dialled(self, server: Pod | None) -> int | None:
        if self.service is not None and not self.service.headless:
            return self.service.addresses[0] if self.service.addresses else None
        if server is not None:
            return server.addresses[0] if server.addresses else None
        return self._address_of(self.flow.destination)

    def judge(self, course: Course) -> Judged:
        """One course of it, judged."""
        routed = None
        if course.onward:
            from ringfence.verdict.meshed.onward import over_gateways

            over = over_gateways(self, course)
            if over is not None:
                return over
        if course.routes is not None:
            routed = self.asker.rulings.of_client(course.routes, self.request, course.dialled, self._host())
        return judge(
            course,
            lambda hop: self._network(course, hop),
            lambda hop: self._rule(course, hop),
            lambda at: self._name(course, at),
            lambda hop: self._wire(course, hop),
            routed,
        )

    def _wire(self, course: Course, hop: Hop) -> Encrypted:
        """Who encrypts a hop that the mesh does not: the application up to the workload, else the network plugin."""
        application = self._application() if hop.destination is At.SERVER else None
        if application is not None:
            return application
        return self.asker.wire(self._ends(course, hop.source), self._ends(course, hop.destination), self.flow)

    def _application(self) -> Encrypted | None:
        """TLS of the application, as the Service declares it, or all that lead to an address which is dialled."""
        fronts: list[tuple[Service, int]] = []
        if self.service is not None:
            fronts = [(self.service, self.service_port)]
        server = self.asker.pod(self.flow.destination)
        if not fronts and server is not None:
            fronts = list(self.asker.fronts.all_leading_to(server, self.port))
        said = [self.asker.encryptions.of_application(*front) for front in fronts]
        return None if None in said else next(iter(said), None)

    def _name(self, course: Course, at: At) -> str:
        if at is At.WAYPOINT and course.waypoint is not None:
            return f"{course.waypoint.namespace}/{course.waypoint.name}"
        first, second = self.asker.asker.names(self.flow)
        return first if at is At.CLIENT else second

    def _ends(self, course: Course, at: At) -> tuple[Member, ...]:
        if at is At.WAYPOINT:
            assert course.waypoint is not None
            return tuple(self.asker.asker.directory.members(course.waypoint.pods))
        return (self.flow.source if at is At.CLIENT else self.flow.destination,)

    def _network(self, course: Course, hop: Hop) -> LayerVerdict:
        """What the network says of a hop: of the flow as it is asked, or of a connection that a proxy opens."""
        asker = self.asker.asker
        same = hop.source is At.CLIENT and hop.destination is At.SERVER and hop.port == self.port
        if same and not (hop.direct and self.flow.asked):
            reason, decided = asker.why(self.flow, self.verdict, self.port)
            return LayerVerdict(NETWORK, self.verdict, reason, decided)
        source = Target(self._name(course, hop.source), self._ends(course, hop.source))
        destination = Target(self._name(course, hop.destination), self._ends(course, hop.destination))
        # Of several pods of a waypoint, which one is picked is not known.
        differing = Reason("waypoint-pods", f"the network treats the pods of {destination.text} differently")
        return self.asker.network(source, destination, hop.port, differing)

    def _rule(self, course: Course, hop: Hop) -> Ruling:
        address = None
        ends = self._ends(course, hop.source)
        addresses = {
            address for member in ends for index in member.pods for address in self.asker.cluster.pods[index].addresses
        }
        if len(addresses) == 1:
            address = next(iter(addresses))
        elif ends[0].machine is not None:
            address = ends[0].machine.addresses[0]
        elif not ends[0].pods:
            address = self._outside_address()
        return self.asker.rulings.of_sent(course, hop, self.request, address, self._host())

    def _outside_address(self) -> int | None:
        end = self.asker.asker.relation.end_class(self.flow.source.end)
        if len(end.addresses) == 1:
            return end.addresses[0]
        found = self._address_of(self.flow.source)
        # Addresses that are one end are one to every rule: any of them will do.
        return end.space[0][0] if found is None and end.sort == "outside" else found

    def _address_of(self, member: Member) -> int | None:
        """The one address that an end outside of the cluster is: its class may have more."""
        space = self.asker.asker.relation.end_class(member.end).space
        if len(space) == 1 and space[0][0] == space[0][1]:
            return space[0][0]
        return number_of(member.name)

    def _host(self) -> str:
        """What a client writes as host that says no other: the Service's name, or the address, with the port."""
        if self.service is not None:
            source = self.asker.pod(self.flow.source)
            near = source is not None and source.namespace == self.service.namespace
            name = self.service.name if near else f"{self.service.name}.{self.service.namespace}"
            return f"{name}:{self.service_port or self.port}"
        from ringfence.sets.addresses import address_text

        server = self.asker.pod(self.flow.destination)
        if server is not None and server.addresses:
            return f"{address_text(server.addresses[0])}:{self.port}"
        return ""


def _is_address(text: str) -> bool:
    """Whether a question names an address: then it is dialled as it is."""
    return text in ("internet", "outside") or number_of(text.partition("/")[0]) is not None


def number_of(text: str) -> int | None:
    """The address that a text is; None: it is none."""
    try:
        return address(text)
    except ValueError:
        return None


def network_alone(part: Part, encrypted: Encrypted = NOBODY) -> Layered:
    """What the layers say of flows that no mesh takes."""
    layer = LayerVerdict(NETWORK, part.verdict, part.reason, part.decided_by)
    symptom = "none"
    if part.verdict is Verdict.DENIED:
        symptom = "refused" if part.reason.code == "service" else "timeout"
    hop = HopVerdict(
        part.witness_source,
        part.witness_destination,
        part.witness_port,
        None,
        encrypted.word,
        part.verdict,
        (layer,),
        encrypted.why,
    )
    return Layered((layer,), (hop,), None, encrypted.word, symptom, text_of(symptom), True, (), encrypted.why)
