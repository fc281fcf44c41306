"""The smallest edit that flips a verdict: proposed, applied as a what-if, verified, measured, compared.

Smallest means: fewest other flows changed, then fewest objects, then fewest fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice, product
from typing import Any

from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.mesh_edits import Written
from ringfence.model.policy import Direction, NetworkPolicyRules, Tier
from ringfence.sets.ports import Intervals, intersect, subtract
from ringfence.values import Value
from ringfence.verdict.answers import Edit, FlowChange, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.candidates import Change, Wanted, closings, deny_ports, openings
from ringfence.verdict.difference import PolicyChange
from ringfence.verdict.flow import Flow
from ringfence.verdict.judging import Judgement

LISTED = 20
"""So many of the other flows that an edit changes are listed; the rest is counted."""
TRIED = 200
"""So many candidates are tried at most."""

Apply = Callable[[tuple[int, ...], list[Mapping[str, Any]]], ChangedRelation | None]
"""Removes policies by index and adds manifests; None where an object is not accepted."""


class Tried(Value):
    """A candidate that flips the verdict."""

    rank: tuple[int, int, int]
    changes: tuple[Change, ...]
    relation: ChangedRelation


class Editor:
    """Looks for the smallest edit in one relation."""

    def __init__(
        self, asker: Asker, manifests: Mapping[int, Mapping[str, Any]], apply: Apply, written: Written
    ) -> None:
        """``written`` gives the data of any other object."""
        self.written = written
        self.asker = asker
        self.relation: Relation = asker.relation
        self.manifests = manifests
        self.apply = apply

    def smallest(self, flow: Flow, verdict: Verdict, port: int) -> Edit | None:
        """The smallest edit after which this flow is denied (if it is allowed) or allowed (if it is denied)."""
        if (
            flow.closed
            or flow.itself
            or flow.special
            or flow.opaque
            or flow.mystery
            or verdict not in (Verdict.ALLOWED, Verdict.DENIED)
        ):
            return None
        best: Tried | None = None
        for changes in islice(self._proposals(flow, verdict, port), TRIED):
            tried = self._try(flow, verdict, port, changes)
            if tried is not None and (best is None or tried.rank < best.rank):
                best = tried
        return None if best is None else self._edit(best, flow, ((port, port),))

    def closing(self, flow: Flow, ports: Intervals) -> Edit | None:
        """The smallest edit after which a flow is denied on all these ports, of which some are allowed now."""
        if flow.closed or flow.itself or flow.opaque or flow.mystery:
            return None
        port = ports[0][0]
        best: Tried | None = None
        proposals = chain(self._denials(flow, ports), self._proposals(flow, Verdict.ALLOWED, port))
        for changes in islice(proposals, TRIED):
            relation = self._applied(changes)
            if relation is None:
                continue
            cell = relation.cell(flow.source.end, flow.destination.end, flow.meeting)
            if intersect(relation.ports.intervals(cell.possible), ports):
                continue
            others = self._others(relation, flow, ports)
            rank = (others, len(changes), sum(change.fields for change in changes))
            if best is None or rank < best.rank:
                best = Tried(rank, changes, relation)
        return None if best is None else self._edit(best, flow, ports)

    def _denials(self, flow: Flow, ports: Intervals) -> Iterator[tuple[Change, ...]]:
        """New admin policies that deny just these ports, where the cluster uses that kind."""
        wanted = self._wanted(flow, ports[0][0])
        egress, ingress = self.asker.judgements(flow, ports[0][0])
        for direction, judgement in ((Direction.INGRESS, ingress), (Direction.EGRESS, egress)):
            priority = self._first_priority(judgement)
            if wanted[direction].subject.sort == "pod" and priority is not None:
                yield from ((change,) for change in deny_ports(wanted[direction], priority, ports))

    def _wanted(self, flow: Flow, port: int) -> dict[Direction, Wanted]:
        source, destination = self.relation.end_class(flow.source.end), self.relation.end_class(flow.destination.end)
        return {
            Direction.EGRESS: Wanted(Direction.EGRESS, source, destination, port),
            Direction.INGRESS: Wanted(Direction.INGRESS, destination, source, port),
        }

    def _proposals(self, flow: Flow, verdict: Verdict, port: int) -> Iterator[tuple[Change, ...]]:
        egress, ingress = self.asker.judgements(flow, port)
        wanted = self._wanted(flow, port)
        judgements = {Direction.EGRESS: egress, Direction.INGRESS: ingress}
        if verdict is Verdict.ALLOWED:
            for direction in (Direction.INGRESS, Direction.EGRESS):
                if wanted[direction].subject.sort == "pod":
                    first = self._first_priority(judgements[direction])
                    for group in closings(wanted[direction], judgements[direction], self.manifests, first):
                        yield tuple(group)
            return
        needed = [direction for direction in judgements if self._closed(flow, direction, port)]
        choices = [list(openings(wanted[one], judgements[one], self.manifests)) for one in needed]
        for combination in product(*choices):
            objects = [change.policy.index for change in combination if change.policy is not None]
            if len(objects) == len(set(objects)):
                yield combination

    def _first_priority(self, judgement: Judgement) -> int | None:
        """A free priority before the rule that decides, where the cluster uses ClusterNetworkPolicy."""
        policies = [compiled.policy for compiled in self.relation.active()]
        if not any(policy.kind == "ClusterNetworkPolicy" for policy in policies):
            return None
        used = {policy.priority for policy in policies if policy.tier is Tier.ADMIN}
        before = min((hit.compiled.policy.priority or 0 for hit in judgement.admin), default=1001)
        return next((number for number in range(before) if number not in used), None)

    def _closed(self, flow: Flow, direction: Direction, port: int) -> bool:
        egress, ingress = self.relation.programs_of(flow.source.end, flow.destination.end)
        pair = (egress, 0) if direction is Direction.EGRESS else (0, ingress)
        return not self.relation.ports.contains(self.relation.cells.cell(*pair, flow.meeting).possible, port)

    def _try(self, flow: Flow, verdict: Verdict, port: int, changes: tuple[Change, ...]) -> Tried | None:
        relation = self._applied(changes)
        if relation is None:
            return None
        cell = relation.cell(flow.source.end, flow.destination.end, flow.meeting)
        contains = relation.ports.contains
        flipped = not contains(cell.possible, port) if verdict is Verdict.ALLOWED else contains(cell.sure, port)
        if not flipped:
            return None
        others = self._others(relation, flow, ((port, port),))
        return Tried((others, len(changes), sum(change.fields for change in changes)), changes, relation)

    def _applied(self, changes: tuple[Change, ...]) -> ChangedRelation | None:
        return self.apply(
            tuple(change.policy.index for change in changes if change.policy is not None),
            [change.manifest for change in changes if change.manifest is not None],
        )

    def _others(self, relation: ChangedRelation, flow: Flow, meant: Intervals) -> int:
        """How many other single flows change than those on the ports that are meant."""
        difference = PolicyChange(self.relation, relation)
        total = 0
        for change in difference.pairs():
            asked = (change.source, change.destination) == (flow.source.end, flow.destination.end)
            for _, _, ports in difference.transitions(change):
                total += difference.weight(change, ports)
                if asked:
                    total -= difference.weight(change, intersect(ports, meant))
        return total

    def _edit(self, tried: Tried, flow: Flow, meant: Intervals) -> Edit:
        difference = PolicyChange(self.relation, tried.relation)
        listed: list[FlowChange] = []
        left_out = 0
        for change in difference.pairs():
            asked = (change.source, change.destination) == (flow.source.end, flow.destination.end)
            for before, after, ports in difference.transitions(change):
                if (asked and not subtract(ports, meant)) or not difference.weight(change, ports):
                    continue
                if len(listed) < LISTED:
                    listed.append(
                        FlowChange(self._name(change.source), self._name(change.destination), ports, before, after)
                    )
                else:
                    left_out += 1
        manifests = [change.manifest for change in tried.changes if change.manifest is not None]
        first = tried.changes[0]
        return Edit(
            "; and ".join(change.description for change in tried.changes),
            first.place,
            tried.rank[1],
            tried.rank[2],
            manifests[0] if len(manifests) == 1 else {"apiVersion": "v1", "kind": "List", "items": manifests},
            tuple(listed),
            left_out,
        )

    def _name(self, column: int) -> str:
        universe = self.relation.universe
        if column < universe.pods:
            pods = self.relation.cluster.pods
            members = universe.members[column]
            pod = pods[members[0]]
            own = [index for index in members if pods[index].workload == pod.workload]
            if len(own) == len(members) == self.asker.directory.workload_size(members[0]):
                return f"{pod.namespace}/{pod.workload.name}"
            more = f" and {len(members) - 1} more" if len(members) > 1 else ""
            return f"{pod.namespace}/{pod.name}{more}"
        return self.asker.directory.other_name(column)


def policies_of(
    read: Callable[[Mapping[str, Any]], NetworkPolicyRules | None], manifests: list[Mapping[str, Any]]
) -> list[NetworkPolicyRules] | None:
    """The manifests as policies; None where one is not accepted as it stands."""
    found = []
    for manifest in manifests:
        policy = read(manifest)
        if policy is None or policy.broken:
            return None
        found.append(policy)
    return found
