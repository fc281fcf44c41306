"""The cheapest steps to take away so that no way leads to a target, exactly: a minimum cut; and the edits for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.sets.ports import PortTable
from ringfence.verdict.answers import LAYERS, Edit
from ringfence.verdict.beyond_policies import BeyondPolicies
from ringfence.verdict.blast_radius import RELAY_NAME, Cut, CutStep, Tracer
from ringfence.verdict.edits import Editor
from ringfence.verdict.ends import EndError, Target
from ringfence.verdict.flow import asked
from ringfence.verdict.max_flow import minimum_cut
from ringfence.verdict.spreading import RELAY, START, Somewhere, Spreader, closed

if TYPE_CHECKING:
    from ringfence.verdict.meshed.editing import MeshEditor

MOST_STEPS = 200_000
"""Steps between kinds of pods that a cut is looked for in."""

NO_CUT = "there is none: no policy can cut every way"

SOURCE, SINK = 0, 1

CutEdge = tuple[int, int, int, bool]
"""Source, destination, ports, not decided."""


class Cutter:
    """Cuts the ways of one tracer to some columns. ``editor`` None: no edits are looked for."""

    def __init__(self, tracer: Tracer, goal: int, editor: Editor | None) -> None:
        mesh = tracer.spreader.grid.mesh
        self.meshed: MeshEditor | None = None
        if mesh is not None and editor is not None:
            from ringfence.verdict.meshed.editing import MeshEditor

            self.meshed = MeshEditor(tracer.spreader, mesh, tracer.start, tracer.name, editor.written)
        self.tracer = tracer
        self.goal = goal
        self.editor = editor
        self.spreader = tracer.spreader
        self.table: PortTable = self.spreader.relation.ports

    def cut(self) -> Cut | None:
        """The cut; None where no way leads there."""
        tracer = self.tracer
        begun = tracer.start if isinstance(tracer.start, int) else 0
        if begun & self.goal:
            return Cut((), 0, None, "the start is itself a target")
        goals = [column for column in columns_of(self.goal) if column in tracer.found]
        if not goals:
            return None
        steps = self._steps(begun, goals)
        if steps is None:
            return Cut((), 0, None, f"not looked for: there are more than {MOST_STEPS} steps on the ways")
        numbers: dict[int, int] = {}
        firm = self._firm(steps)
        most = 1 + sum(0 if number in firm else self.flows(*step[:3]) for number, step in enumerate(steps))
        edges = [
            (
                self._node(numbers, left, begun),
                self._node(numbers, right, begun),
                most if number in firm else self.flows(left, right, ports),
            )
            for number, (left, right, ports, _) in enumerate(steps)
        ]
        weight, chosen = minimum_cut(len(numbers) + 2, edges, SOURCE, SINK)
        if weight >= most:
            way = [steps[number] for number in _way([(number, *edges[number][:2]) for number in sorted(firm)])]
            return Cut((), 0, None, NO_CUT, tuple(tracer.hop(*step) for step in way))
        cut = [steps[number] for number in chosen]
        cut.sort(key=lambda step: [RELAY_NAME if column == RELAY else tracer.name(column) for column in step[:2]])
        edits = [self._edit(*step) for step in cut]
        listed = tuple(
            CutStep(tracer.hop(*step), self.flows(*step[:3]), edit) for step, edit in zip(cut, edits, strict=True)
        )
        return Cut(listed, weight, self._verified(edits))

    def _firm(self, steps: list[CutEdge]) -> set[int]:
        """The numbers of the steps that no policy can cut."""
        beyond = BeyondPolicies(self.spreader, self.tracer.start)
        sources: dict[int, int] = {}
        for left, right, _, _ in steps:
            if left >= 0 <= right:
                sources[right] = sources.get(right, 0) | 1 << left
        return {
            number
            for number, (left, right, ports, _) in enumerate(steps)
            if right == RELAY or (left != RELAY and beyond.passes(left, right, ports, sources.get(right, 0)))
        }

    def _node(self, numbers: dict[int, int], column: int, begun: int) -> int:
        if column == START or (column >= 0 and begun >> column & 1):
            return SOURCE
        if column >= 0 and self.goal >> column & 1:
            return SINK
        return numbers.setdefault(column, len(numbers) + 2)

    def _steps(self, begun: int, goals: list[int]) -> list[CutEdge] | None:
        """Every step on a way from the start to a goal, also those that are not decided."""
        spreader = self.spreader
        reached = begun
        for column in self.tracer.found:
            if spreader.workloads >> column & 1:
                reached |= 1 << column
        start = self.tracer.start
        first = spreader.first_steps(start)
        steps: list[CutEdge] = []
        seen: set[int] = set()
        relayed = told = 0
        pending = list(goals)
        while pending or relayed & ~told:
            if not pending:
                # Through controllers that the input lacks: one step to them for each who may send to them.
                new, told = relayed & ~told, told | relayed
                steps += [(parent, RELAY, PortTable.ALL, True) for parent in columns_of(new)]
                pending.extend(columns_of(new & ~begun))
                continue
            column = pending.pop()
            if column in seen:
                continue
            seen.add(column)
            own = first.get(column)
            if own is not None:
                steps.append((START, column, self.table.union(own.sure, own.perhaps), not own.sure))
            there = tuple(start.flows_into(column)) if isinstance(start, Somewhere) else ()
            for step in spreader.steps_into(column, reached & ~(1 << column) & ~self.goal):
                ports = self.table.union(step.sure, step.perhaps)
                if step.relayed:
                    steps.append((RELAY, column, ports, True))
                    relayed |= step.sources
                    continue
                for parent in columns_of(step.sources):
                    more = ports
                    for mask, sure, perhaps in there:
                        if mask >> parent & 1:
                            # Flows of the first step already: whoever starts may be in this pod.
                            more = self.table.difference(more, self.table.union(sure, perhaps))
                    if more != PortTable.NONE:
                        steps.append((parent, column, more, not step.sure))
                    if not begun >> parent & 1:
                        pending.append(parent)
            if len(steps) > MOST_STEPS:
                return None
        return steps

    def flows(self, source: int, destination: int, ports: int) -> int:
        """How many single flows a step is: pairs of pods (another end counts once) times ports."""
        start = self.tracer.start
        if source == START and isinstance(start, Somewhere):
            return start.size(destination, ports)
        return self._count(source) * self._count(destination) * self.table.size(ports)

    def _count(self, column: int) -> int:
        universe = self.spreader.universe
        return universe.count(column) if 0 <= column < universe.pods else 1

    def _edit(self, source: int, destination: int, ports: int, unsure: bool) -> Edit | None:
        """The edit after which none of these ports passes that takes the fewest other flows with it."""
        if self.editor is None or unsure or RELAY in (source, destination):
            return None
        edit = self._network_edit(self.editor, source, destination, ports, unsure)
        if self.meshed is None:
            return edit
        after = None if edit is None else self._after([edit])
        return self.meshed.cheapest(edit, None if after is None else after.relation, (source, destination, ports))

    def _network_edit(self, editor: Editor, source: int, destination: int, ports: int, unsure: bool) -> Edit | None:
        """The smallest edit of policies of the network. Two kinds of pods only have one where all their pairs are one
        kind of flow."""
        if source == START and isinstance(self.tracer.start, Somewhere):
            # It is a step from every pod: no edit closes one flow only.
            return None
        tracer = self.tracer
        left = Target(tracer.name(source), (tracer.member(source),))
        right = Target(tracer.name(destination), (tracer.member(destination),))
        try:
            flows = [flow for flow in tracer.asker.flows.between(left, right, asked(None, None)) if not flow.itself]
        except EndError:
            return None
        if len(flows) != 1:
            return None
        wires = self._wires(source, destination, ports)
        edit = editor.closing(flows[0], self.table.intervals(wires)) if wires != PortTable.NONE else None
        if edit is None:
            return None
        meshed = self.spreader.grid.layers != LAYERS
        if not meshed and (source == START or self.spreader.passage(source, destination, ports, unsure) is None):
            return edit
        # The packet may come from another end than the client, or by another form of the mesh: only what closes the
        # whole step counts.
        after = self._after([edit])
        if after is None:
            return None
        if source == START:
            return edit if closed(after, tracer.start, (source, destination, ports)) else None
        return None if any(step.sure or step.perhaps for step in after.steps_into(destination, 1 << source)) else edit

    def _wires(self, source: int, destination: int, ports: int) -> int:
        """The ports on the wire that a step takes."""
        start, makers = self.tracer.start, self.spreader.grid.makers()
        if source != START:
            return self.spreader.grid.wires(source, destination, ports)
        held = self.spreader.workloads >> destination & 1
        if makers is None or not isinstance(start, EndClass) or not held:
            return ports
        return makers.wires(makers.distinct(start.namespace, destination)[0], destination, ports)

    def _verified(self, edits: list[Edit | None]) -> bool | None:
        """Whether no way is left once all edits are made; None where they cannot be made together."""
        made = [edit for edit in edits if edit is not None]
        after = self._after(made) if made and len(made) == len(edits) else None
        if after is None:
            return None
        found = after.spread(self.tracer.start)
        return not any(self.goal >> column & 1 for column in found)

    def _after(self, edits: list[Edit]) -> Spreader | None:
        """The steps once these edits are made; None where they cannot be made together."""
        manifests: list[Mapping[str, Any]] = []
        of_mesh: list[Mapping[str, Any]] = []
        gone: list[int] = []
        made: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        if self.editor is None:
            return None
        for edit in edits:
            if edit.manifest is None:
                return None
            items = (
                edit.manifest.get("items", [edit.manifest]) if edit.manifest.get("kind") == "List" else [edit.manifest]
            )
            for item in items:
                metadata = item["metadata"]
                space, name = metadata.get("namespace") or "", metadata["name"]
                key = (item["kind"], space, name)
                if key in made:
                    if edit.layers != LAYERS and made[key] == item:
                        continue
                    return None
                made[key] = item
                if edit.layers != LAYERS:
                    of_mesh.append(item)
                    continue
                manifests.append({**item, "metadata": dict(metadata)})
                index = self.spreader.relation.index_of(item["kind"], f"{space}/{name}" if space else name)
                if index is not None:
                    gone.append(index)
        relation: Relation | None = self.spreader.relation
        if manifests:
            relation = self.editor.apply(tuple(gone), manifests)
        mesh = None
        if of_mesh and self.spreader.grid.mesh is not None:
            mesh = self.spreader.grid.mesh.edited(of_mesh)
            if mesh is None:
                return None
        return None if relation is None else self.spreader.under(relation, mesh)


def _way(edges: list[tuple[int, int, int]]) -> list[int]:
    """The numbers of the edges of a shortest way from source to sink; each edge is its number, tail and head."""
    out: dict[int, list[tuple[int, int]]] = {}
    for number, tail, head in edges:
        out.setdefault(tail, []).append((number, head))
    came: dict[int, tuple[int, int]] = {}
    waiting = deque([SOURCE])
    while waiting and SINK not in came:
        node = waiting.popleft()
        for number, head in out.get(node, ()):
            if head not in came and head != SOURCE:
                came[head] = (number, node)
                waiting.append(head)
    found: list[int] = []
    node = SINK
    while node != SOURCE:
        number, node = came[node]
        found.insert(0, number)
    return found
