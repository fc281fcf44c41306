"""A node port, asked at one node: through that node to the pods behind the Service.

The node is known here, so it is known of each pod whether the packet came to its own node. Whose address policy then
sees is the profile's to say (``node_sources``); what it leaves open must come to the same for a verdict to be known.
From inside the cluster it is open too whether egress policy sees the node and its port or the pod behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from ringfence.layers.network.cells import CLOSED_CELL, OPEN_CELL, Cell, Meeting
from ringfence.layers.network.relation import Relation, own_families
from ringfence.model.cluster import Service, ServicePort
from ringfence.sets.ports import Intervals, describe, port_key
from ringfence.values import replace
from ringfence.verdict.answers import NODE_PORT, Reason
from ringfence.verdict.ends import Directory, Member, Target
from ringfence.verdict.flow import Flow
from ringfence.verdict.node_sources import devices, translation, unsure
from ringfence.verdict.pairs import Pairs
from ringfence.verdict.services import ServiceFlows

MOST = 16
"""Node ports of one question that are followed; of more nothing is said."""
FROM_INSIDE = Reason(
    "node-port",
    "from inside the cluster, what egress policy sees (the node or the pod behind it), and whose address the pod's"
    " policies see, is up to the network plugin",
    "ask about the Service instead",
)
SEVERAL = "whose address policy sees"


class NodePorts:
    """Flows to node ports in one relation."""

    def __init__(self, relation: Relation, directory: Directory, services: ServiceFlows, pairs: Pairs) -> None:
        self.relation = relation
        self.profile = relation.profile
        self.directory = directory
        self.services = services
        self._pairs = pairs.between

    @cached_property
    def by_key(self) -> dict[int, list[tuple[Service, ServicePort]]]:
        """The Services' ports behind each node port."""
        found: dict[int, list[tuple[Service, ServicePort]]] = {}
        for service in self.relation.cluster.services:
            for port in service.ports:
                if port.node_port is not None:
                    found.setdefault(port_key(port.protocol, port.node_port), []).append((service, port))
        return found

    def towards(self, source: Member, node: Member, ports: Intervals, left: Target) -> Iterator[Flow]:
        """Every kind of flow from a member of ``left`` to node ports of a node, or of the node of a hostNetwork pod."""
        keys = [key for key in self.by_key if any(first <= key <= last for first, last in ports)]
        name = node.node or self._host(node)
        mystery = source.mystery or bool(source.alternatives) or node.alternatives or name is None
        if mystery or len(keys) > MOST or name not in self.relation.universe.nodes:
            yield _unknown(source, node, ports)
            return
        assert name is not None
        there = Member(self.relation.universe.nodes[name], f"node/{name}", node=name)
        for key in keys:
            services = self.by_key[key]
            if len(services) > 1 or services[0][0].kind == "ExternalName":
                yield _unknown(source, node, ((key, key),))
            else:
                yield from _Way(self, source, there, left, key, *services[0]).flows()

    def _host(self, member: Member) -> str | None:
        names = {self.relation.cluster.pods[index].node for index in member.pods}
        return names.pop() if len(names) == 1 else None


def _unknown(source: Member, destination: Member, ports: Intervals) -> Flow:
    return Flow(source, destination, Meeting((4,), False, None), OPEN_CELL, ports, mystery=NODE_PORT.message)


class _Way:
    """From one source through one node to one port of a Service."""

    def __init__(
        self,
        ports: NodePorts,
        source: Member,
        node: Member,
        left: Target,
        key: int,
        service: Service,
        port: ServicePort,
    ) -> None:
        self.relation = ports.relation
        self.profile, self.directory, self.services = ports.profile, ports.directory, ports.services
        self._pairs = ports._pairs
        self.source, self.node, self.left, self.key = source, node, left, key
        self.service, self.port = service, port
        self.local = service.external is not None and service.external.local
        first = self.relation.end_class(source.end)
        self.sort = first.sort
        allowed = service.families or (4, 6)
        nodes_own = own_families(self.relation.end_class(node.end))
        self.families = tuple(number for number in own_families(first) if number in nodes_own and number in allowed)
        self.asked = f"{describe(((key, key),)).partition(' ')[2]}/{port.protocol}"

    def flows(self) -> Iterator[Flow]:
        """The flows, those of one pod of which one is meant grouped. Of many addresses outside only those that can
        reach the node."""
        if not self.families and self.left.outside:
            return
        entry = self._entry()
        if isinstance(entry, Flow):
            yield entry
            return
        behind = list(self.services.behind(self.service, self.port))
        parts = [part for member, ports in behind for part in self._apart(member, ports)]
        reached = [part for part in parts if self._reached(part[2])]
        if not reached:
            name = f"Service {self.service.namespace}/{self.service.name}"
            where = f" on {self.node.name}, which externalTrafficPolicy Local asks for" if behind else ""
            yield self._closed(Member(self.node.end, name), "service", f"{name} has no backend{where}")
        for member, ports, own in reached:
            if member.maybe or not member.pods or member.alternatives or (self.local and self._not_surely(own)):
                yield _unknown(self.source, member, ((self.key, self.key),))
                continue
            yield from self._grouped(member, list(self._alternatives(member, ports, own, entry)))

    def _closed(self, destination: Member, layer: str, why: str) -> Flow:
        meeting = Meeting((4,), False, None)
        ports = ((self.key, self.key),)
        return Flow(self.source, destination, meeting, CLOSED_CELL, ports, self.asked, closed=layer, why_closed=why)

    def _entry(self) -> Flow | Cell:
        """What the source's egress policies say to the node and its port; a flow where that is all there is to say."""
        if not self.families:
            return self._closed(self.node, "address", "the two ends have no address family in common")
        if self.sort != "pod":
            return OPEN_CELL
        sure = possible = None
        table = self.relation.ports
        for flow in self._pairs(self.source, self.node, ((self.key, self.key),), self.left, Target("", ())):
            if flow.opaque or flow.mystery or flow.closed:
                return _unknown(self.source, self.node, ((self.key, self.key),))
            sure = flow.cell.sure if sure is None else table.intersection(sure, flow.cell.sure)
            possible = flow.cell.possible if possible is None else table.union(possible, flow.cell.possible)
        if sure is None or possible is None:
            return _unknown(self.source, self.node, ((self.key, self.key),))
        everything, nothing = OPEN_CELL.sure, CLOSED_CELL.sure
        return Cell(
            everything if table.contains(sure, self.key) else nothing,
            everything if table.contains(possible, self.key) else nothing,
        )

    def _apart(self, member: Member, ports: Intervals) -> Iterator[tuple[Member, Intervals, bool | None]]:
        """The pods of a member by whether they are on the node; None: not known."""
        groups: dict[bool | None, list[int]] = {}
        for index in member.pods:
            name = self.relation.cluster.pods[index].node
            groups.setdefault(None if name is None else name == self.node.node, []).append(index)
        if len(groups) < 2:
            yield member, ports, next(iter(groups), None)
            return
        for own, indexes in groups.items():
            for part in self.directory.members(indexes):
                yield replace(part, maybe=member.maybe), ports, own

    def _reached(self, own: bool | None) -> bool:
        """Whether the node hands packets on to such pods at all: with Local only to its own, but from inside the
        cluster perhaps to all."""
        return not self.local or own is not False or self.sort != "outside"

    def _not_surely(self, own: bool | None) -> bool:
        return own is None or (own is False and self.sort != "outside")

    def _alternatives(self, member: Member, ports: Intervals, own: bool | None, entry: Cell) -> Iterator[Flow]:
        """The flows to some pods of which one is the one that policy sees."""
        right = Target("", ())

        def seen_from(one: Member, target: Target) -> Iterator[Flow]:
            yield from self._in_families(self._pairs(one, member, ports, target, right, self.asked))

        direct = list(seen_from(self.source, self.left))
        nowhere = Target("", ())
        if self.sort == "outside":
            for near in (True, False) if own is None else (own,):
                told = translation(self.profile, self.local, near)
                yield from direct if told.keeps else ()
                yield from seen_from(self.node, nowhere) if told.stated else ()
                for one in devices(self.relation.universe) if told.device else ():
                    yield from seen_from(one, nowhere)
            return
        hidden = [flow for one in (self.node, *devices(self.relation.universe)) for flow in seen_from(one, nowhere)]
        if self.sort == "node":
            yield from (*direct, *hidden)
            return
        home = self._home()
        hidden += [] if home is None else list(seen_from(home, nowhere))
        for flow in direct:
            if flow.itself or flow.mystery or flow.opaque:
                yield _unknown(self.source, member, ports)
                return
            egress = self._one_side(flow, sending=True)
            sent = (entry, egress)
            received = (self._one_side(flow, sending=False), *(one.cell for one in hidden))
            yield flow
            yield from (replace(flow, cell=self._both(out, into), special=True) for out in sent for into in received)

    def _home(self) -> Member | None:
        """The node that the source runs on, if that is known."""
        names = {self.relation.cluster.pods[index].node for index in self.source.pods}
        nodes = self.relation.universe.nodes
        name = names.pop() if len(names) == 1 else None
        return None if name is None or name not in nodes else Member(nodes[name], f"node/{name}", node=name)

    def _in_families(self, flows: Iterable[Flow]) -> Iterator[Flow]:
        """The flows in the families of the way in."""
        for flow in flows:
            if flow.closed == "address":
                continue
            if flow.itself or flow.opaque or flow.mystery:
                yield flow
                continue
            families = tuple(number for number in flow.meeting.families if number in self.families)
            if families == flow.meeting.families:
                yield flow
            elif families:
                meeting = replace(flow.meeting, families=families)
                yield replace(flow, meeting=meeting, cell=self.relation.cells.cell(*flow.programs, meeting))

    def _one_side(self, flow: Flow, sending: bool) -> Cell:
        egress, ingress = flow.programs
        pair = (egress, 0) if sending else (0, ingress)
        return self.relation.cells.cell(*pair, flow.meeting)

    def _both(self, one: Cell, other: Cell) -> Cell:
        """What two sides admit, each judged by itself: their facts may hang together, so the bounds may be loose."""
        table = self.relation.ports
        return Cell(table.intersection(one.sure, other.sure), table.intersection(one.possible, other.possible))

    def _grouped(self, member: Member, flows: list[Flow]) -> Iterator[Flow]:
        """The alternatives as one kind of flow, from the end that was asked about."""
        if not flows:
            yield self._closed(member, "address", "the two ends have no address family in common")
            return
        if any(flow.mystery for flow in flows):
            yield _unknown(self.source, member, ((self.key, self.key),))
            return
        why = FROM_INSIDE if self.sort != "outside" else unsure(self.profile, self.local)
        several = SEVERAL if len(flows) > 1 else ""
        for flow in flows:
            yield replace(flow, destination=flow.destination, perhaps=several, sender=self.source, unsure=why)
