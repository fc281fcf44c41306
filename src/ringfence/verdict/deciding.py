"""A row of a difference with its witness, and who decides the witness in each of the states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.layers.network.cells import FAMILY_KINDS, Meeting
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction
from ringfence.sets.ports import PROTOCOLS
from ringfence.verdict import reasons
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import NODE_PORT, Decision, Reason, Verdict
from ringfence.verdict.attribution import Attribution, FlowEnd
from ringfence.verdict.changes import Cause, DiffRow, Witness
from ringfence.verdict.comparing import Comparison, Side
from ringfence.verdict.end_names import EndNames
from ringfence.verdict.judging import Judge
from ringfence.verdict.places import answer

if TYPE_CHECKING:
    from ringfence.verdict.diffing import Label
    from ringfence.verdict.meshed.causes import LayeredAttribution

NO_FAMILY = Reason("no-common-family", "the two ends have no address family in common")
OPAQUE = Reason("unmodelled-policy", "a policy of a kind that is not modelled may decide")


class Decider:
    """Completes rows."""

    def __init__(
        self,
        comparison: Comparison,
        attribution: Attribution,
        names: EndNames,
        layered: LayeredAttribution | None = None,
    ) -> None:
        self.comparison = comparison
        self.attribution = attribution
        self.names = names
        self.layered = layered
        self._judges = Judge(comparison.before.relation), Judge(comparison.after.relation)

    def row(
        self,
        sources: tuple[str, ...],
        destinations: tuple[str, ...],
        label: Label,
        ends: tuple[FlowEnd, FlowEnd],
        port: int,
    ) -> DiffRow:
        """The row of flows with a label."""
        if self.layered is not None:
            return self._layered_row(self.layered, sources, destinations, label, ends, port)
        old, new = self._decided(False, label, ends, port), self._decided(True, label, ends, port)
        names = [self.names.one(end.kind, end.pods, after) for after in (False, True) for end in ends]
        causes = tuple(
            self._cause(self.attribution.changes[number], old[1], new[1]) for number in sorted(label.causes)
        ) or tuple(self._ends_themselves(ends))
        return DiffRow(
            label.change,
            sources,
            destinations,
            label.ports,
            label.before,
            label.after,
            causes,
            Witness(names[0], names[1], names[2], names[3], f"{port & 0xFFFF}/{PROTOCOLS[port >> 16]}"),
            old[1],
            new[1],
            old[0],
            new[0],
            label.family,
            label.explained,
            label.attributed,
        )

    def _layered_row(
        self,
        layered: LayeredAttribution,
        sources: tuple[str, ...],
        destinations: tuple[str, ...],
        label: Label,
        ends: tuple[FlowEnd, FlowEnd],
        port: int,
    ) -> DiffRow:
        from ringfence.verdict.meshed.rows import told

        names = [self.names.one(end.kind, end.pods, after) for after in (False, True) for end in ends]
        pairs = (names[0], names[1]), (names[2], names[3])
        witness = Witness(names[0], names[1], names[2], names[3], f"{port & 0xFFFF}/{PROTOCOLS[port >> 16]}")
        found = told(layered, label, pairs, port, witness)
        # What decides is said of clients as they are configured.
        by_answer = found.layers is None or found.layers.aspect != "unbound"
        causes = tuple(
            self._cause(layered.changes[number], *found.decided, whole=True) for number in sorted(label.causes)
        ) or tuple(self._ends_themselves(ends))
        return DiffRow(
            label.change,
            sources,
            destinations,
            label.ports,
            label.before,
            label.after,
            causes,
            found.witness,
            *(found.decided if by_answer else ((), ())),
            *(found.reasons if by_answer else (None, None)),
            label.family,
            label.explained,
            label.attributed,
            found.layers,
        )

    @staticmethod
    def _cause(altered: Altered, old: tuple[Decision, ...], new: tuple[Decision, ...], whole: bool = False) -> Cause:
        """The change with the rule of it that decides now, or decided. ``whole``: where no rule does, where the object
        stands."""
        for decisions, there in ((new, altered.after), (old, altered.before)):
            for decision in decisions:
                named = (decision.kind, decision.namespace or None, decision.name)
                if there is not None and named == (altered.kind, altered.namespace or None, altered.name):
                    place = altered.place if whole and decision.rule is None else decision.place
                    return Cause(altered, decision.rule, decision.direction, place)
        return Cause(altered, None, "", altered.place)

    def _ends_themselves(self, ends: tuple[FlowEnd, FlowEnd]) -> list[Cause]:
        """For flows of new and gone ends: the workloads."""
        found: list[Cause] = []
        for end in ends:
            first, second = end.pods
            if (first >= 0) != (second >= 0):
                pod = self.names.pod(end.pods)
                ref = pod.workload
                places = (None, pod.place) if first < 0 else (pod.place, None)
                altered = Altered("added" if first < 0 else "removed", ref.kind, ref.namespace, ref.name, *places)
                found.append(Cause(altered, None, "", pod.place))
        return found

    def _decided(
        self, after: bool, label: Label, ends: tuple[FlowEnd, FlowEnd], port: int
    ) -> tuple[Reason | None, tuple[Decision, ...]]:
        verdict = label.after if after else label.before
        if verdict is None:
            return None, ()
        side = self.comparison.after if after else self.comparison.before
        relation = side.relation
        columns = [side.columns[end.kind] for end in ends]
        source, destination = (relation.universe.ends[column] for column in columns)
        if relation.opaque(source, destination):
            return OPAQUE, self._opaque(relation, {source.namespace, destination.namespace})
        meeting = self._meeting(side, after, label, ends)
        if meeting is None:
            return NO_FAMILY, ()
        names = (self.names.one(ends[0].kind, ends[0].pods, after), self.names.one(ends[1].kind, ends[1].pods, after))
        judge = self._judges[after]
        egress = judge.direction(columns[0], columns[1], Direction.EGRESS, meeting, port)
        ingress = judge.direction(columns[1], columns[0], Direction.INGRESS, meeting, port)
        programs = relation.programs_of(*columns)
        if verdict in (Verdict.UNKNOWN, Verdict.MIXED):
            decided = (*egress.everyone(), *ingress.everyone())
            if verdict is Verdict.MIXED:
                return Reason("mixed", "allowed for some of the flows, or in one address family, only"), decided
            if relation.ports.contains(side.grid.handed_on, port) and (
                destination.sort == "node" or destination.host_network
            ):
                return NODE_PORT, decided
            return reasons.unknown(relation, *programs, meeting, port, source, destination, names), _unique(decided)
        if verdict is Verdict.ALLOWED:
            return reasons.known(True, egress, ingress, names), _unique(
                (*egress.decisions(True), *ingress.decisions(True))
            )
        cells = relation.cells
        closing = [
            judgement if not relation.ports.contains(cells.cell(*pair, meeting).possible, port) else None
            for judgement, pair in ((egress, (programs[0], 0)), (ingress, (0, programs[1])))
        ]
        if closing == [None, None]:
            closing = [egress, ingress]
        found = tuple(one for judgement in closing if judgement is not None for one in judgement.decisions(False))
        return reasons.known(False, closing[0], closing[1], names), _unique(found)

    @staticmethod
    def _opaque(relation: Relation, spaces: set[str | None]) -> tuple[Decision, ...]:
        return tuple(
            Decision("network", "", thing.kind, thing.namespace, thing.name, None, thing.place)
            for thing in relation.cluster.opaque
            if thing.namespace is None or thing.namespace in spaces
        )

    def _meeting(self, side: Side, after: bool, label: Label, ends: tuple[FlowEnd, FlowEnd]) -> Meeting | None:
        relation = side.relation
        columns = [side.columns[end.kind] for end in ends]
        source, destination = (relation.universe.ends[column] for column in columns)
        families, known = relation.families(source, destination)
        if not families:
            return None
        needs = relation.cells.needs(*relation.programs_of(*columns))
        if label.family is not None and label.family in families:
            families = (label.family,)
        elif known and needs & FAMILY_KINDS:
            families = families[:1]
        same = source.sort == destination.sort == "pod" and source.namespace == destination.namespace
        nodes = [self._node(side, after, end) for end in ends]
        return Meeting(families, same, answer(nodes[0], nodes[1], "node" in needs))

    def _node(self, side: Side, after: bool, end: FlowEnd) -> str | None:
        index = end.pods[1] if after else end.pods[0]
        if index >= 0:
            return side.relation.cluster.pods[index].node
        known = side.relation.universe.ends[side.columns[end.kind]]
        return known.name if known.sort == "node" else None


def _unique(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    return tuple(dict.fromkeys(decisions))
