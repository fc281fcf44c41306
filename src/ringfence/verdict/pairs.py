"""Pairs of members, as kinds of flows: a pod and itself, pods on one node or on two, the address family of the flow."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.layers.network.cells import CLOSED_CELL, FAMILY_KINDS, OPEN_CELL, Meeting
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation, own_families
from ringfence.model.policy import Direction
from ringfence.sets.addresses import Intervals, family
from ringfence.values import replace
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Flow
from ringfence.verdict.places import Place, answers


class Pairs:
    """Kinds of flows between two members, in one relation."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.cluster = relation.cluster

    def between(
        self,
        source: Member,
        destination: Member,
        ports: Intervals,
        left: Target,
        right: Target,
        asked_port: str = "",
        translated: bool = False,
        admission: bool = False,
    ) -> Iterator[Flow]:
        """Every kind of flow from one member to some ports of the other.

        ``left`` and ``right``: the targets that they are of. ``asked_port``: what was asked for, where that is another
        one. ``translated``: the connection goes to the address of a Service, which becomes that of the end behind it.
        ``admission``: what the source may send is not asked.
        """
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
        same = nowhere and source.witness == destination.witness and source.name == destination.name
        if same or (source.machine is not None and source.machine is destination.machine):
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
            for flow in self._meetings(source, destination, end, other, ports, asked_port, translated, admission)
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
        admission: bool,
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
        egress = 0 if admission else relation.program(end, other, Direction.EGRESS)
        ingress = relation.program(other, end, Direction.INGRESS)
        programs = egress, ingress
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


def _stranger(end: EndClass) -> bool:
    """A node that is not in the input."""
    return end.sort == "node" and not end.name


def _with_end(member: Member, end: int | EndClass) -> Member:
    if member.end is end or member.end == end:
        return member
    return replace(member, end=end)
