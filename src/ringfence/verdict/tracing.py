"""Blast radius and shortest ways, put together from steps, ways and cuts."""

from __future__ import annotations

from collections.abc import Sequence

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.model.mesh import Mesh
from ringfence.verdict.asking import Asker
from ringfence.verdict.blast_radius import (
    BlastRadius,
    Cut,
    ShortestWay,
    ShortestWays,
    Tracer,
    columns_of_target,
    sensitive_mask,
    start_of,
)
from ringfence.verdict.cutting import Cutter
from ringfence.verdict.edits import Editor
from ringfence.verdict.ends import Target
from ringfence.verdict.grid import Grid
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.spreading import Passage, Spreader
from ringfence.verdict.ways_in.passages import passages
from ringfence.verdict.workloads import Workloads

WAYS_TO_A_TARGET = 3

OUTSIDE_NOTE = (
    "from outside: what the policies let in. Whether a way leads there (a load balancer, a route) is not looked at,"
    " nor is translation of addresses"
)


def spreader_of(
    asker: Asker, grid: Grid, source: Target, controller: Target | None, mesh: Mesh | None = None
) -> Spreader:
    """The steps from a source. From the internet they go by the ways in of the input, if it has any; from elsewhere by
    policy, and through controllers that the input lacks."""
    internet = source.text == "internet"

    def ways_under(relation: Relation) -> tuple[Passage, ...]:
        same = relation is asker.relation
        asked = asker if same else Asker(relation, asker.directory, asker.partial)
        meshed = None if mesh is None else MeshedAsker(asked, mesh)
        return passages(asked, controller, internet, meshed)

    ways = ways_under(asker.relation)
    by_ways = start_of(source) if internet and ways else 0
    assert isinstance(by_ways, int)
    return Spreader(asker.relation, grid, ways, ways_under, by_ways)


class Tracing:
    """Everything that one source reaches."""

    def __init__(self, asker: Asker, workloads: Workloads, spreader: Spreader, source: Target, partial: bool) -> None:
        self.tracer = Tracer(asker, workloads, spreader, source)
        self.workloads = workloads
        self.partial = partial

    def blast_radius(self, targets: Sequence[tuple[str, int]], limit: int | None, editor: Editor | None) -> BlastRadius:
        """The answer. ``targets``: names and columns. ``editor`` None: no edits are looked for."""
        tracer = self.tracer
        begun = tracer.start if isinstance(tracer.start, int) else 0
        goal = sensitive_mask(targets)
        entries, left_out = tracer.fallen(limit, goal)
        ways: list[ShortestWay] = []
        for name, columns in targets:
            ways.extend(tracer.ways(name, columns & ~begun, WAYS_TO_A_TARGET)[0])
        cut: Cut | None = None
        if goal & ~begun:
            cut = Cutter(tracer, goal & ~begun, editor).cut()
        notes = list(tracer.source.notes)
        if tracer.spreader.by_ways:
            notes += self._unled(begun)
        elif begun >> tracer.universe.outside:
            notes.append(OUTSIDE_NOTE)
        own = 0 if isinstance(tracer.start, EndClass) else len(self.workloads.of(begun & tracer.spreader.grid.pods))
        return BlastRadius(
            tracer.source.text,
            tuple(entries),
            left_out,
            tuple(name for name, _ in targets),
            tuple(ways),
            cut,
            tracer.counts(),
            len(self.workloads.refs) - own,
            tuple(notes),
            self.partial,
        )

    def _unled(self, begun: int) -> list[str]:
        """What policies would let the internet in to, and no way leads to."""
        tracer = self.tracer
        reached = sum(1 << column for column in tracer.found)
        more = len(self.workloads.of(tracer.spreader.admitted(begun) & ~reached))
        if not more:
            return []
        noun = "workload" if more == 1 else "workloads"
        return [
            f"policies would let the internet in to {more} more {noun}, to which no way of the input leads"
            " (that their addresses are routed from outside is not assumed)"
        ]

    def paths(self, target: Target, limit: int) -> ShortestWays:
        """The shortest ways to one end."""
        ways, left_out = self.tracer.ways(target.text, columns_of_target(target), limit)
        return ShortestWays(self.tracer.source.text, target.text, tuple(ways), left_out, self.partial)
