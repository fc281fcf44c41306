"""Blast radius and shortest ways, put together from steps, ways and cuts."""

from __future__ import annotations

from collections.abc import Sequence

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.model.mesh import Mesh
from ringfence.model.text import printable
from ringfence.verdict.answers import Answer
from ringfence.verdict.asking import Asker
from ringfence.verdict.blast_radius import (
    BlastRadius,
    Bought,
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
from ringfence.verdict.flow import Asked
from ringfence.verdict.grid import Grid
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.stolen import looks_like_account, stolen_account
from ringfence.verdict.spreading import Passage, Somewhere, Spreader
from ringfence.verdict.ways_in.passages import passages
from ringfence.verdict.workloads import Workloads

WAYS_TO_A_TARGET = 3
THIEF_NOTE = (
    "whoever has a certificate of {} is taken to be in any pod of the cluster, and to show it or none there: what"
    " policies let any pod reach is counted, too"
)

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

    def ways_under(relation: Relation, mesh: Mesh | None) -> tuple[Passage, ...]:
        same = relation is asker.relation
        asked = asker if same else Asker(relation, asker.directory, asker.partial)
        meshed = None if mesh is None else MeshedAsker(asked, mesh)
        return passages(asked, controller, internet, meshed)

    ways = ways_under(asker.relation, mesh)
    # Ways that the mesh closes are ways of the input nevertheless.
    shown = internet and (bool(ways) or (mesh is not None and bool(passages(asker, controller, internet))))
    by_ways = start_of(source) if shown else 0
    assert isinstance(by_ways, int)
    return Spreader(asker.relation, grid, ways, ways_under, by_ways)


def tracing_of(
    asker: Asker,
    workloads: Workloads,
    grid: Grid,
    mesh: Mesh | None,
    source: str,
    namespace: str | None,
    controller: Target | None,
) -> Tracing:
    """What is reached from what a text names: an end, or a stolen service account. ``grid`` is that of clients who
    control their pods. Raises EndError."""
    if mesh is None:
        if looks_like_account(source):
            stolen_account(source, namespace, asker.relation.cluster, None)
        start = asker.directory.find(source, namespace)
        return Tracing(Tracer(asker, workloads, spreader_of(asker, grid, start, controller, mesh), start))
    from ringfence.verdict.meshed.attacking import Attackers
    from ringfence.verdict.meshed.grid import MeshedGrid
    from ringfence.verdict.meshed.reach import Holder

    assert isinstance(grid, MeshedGrid)
    cluster = asker.relation.cluster
    stolen = stolen_account(source, namespace, cluster, mesh)
    if stolen is None:
        start = asker.directory.find(source, namespace)
        spreader = spreader_of(asker, grid, start, controller, mesh)
        later = Attackers(asker, mesh, cluster)

        def opened(left: Target, right: Target, question: Asked, begins: bool) -> Answer:
            kind, column = left.members[0].end, right.members[0].end
            if not begins or not isinstance(kind, EndClass) or not isinstance(column, int):
                return later.opening(left, right, question)
            held = grid.universe.workloads >> column & 1
            made = grid.makers().distinct(kind.namespace, column)[0] if held else ()
            return Attackers(asker, mesh, cluster, Holder(False, made)).opening(left, right, question)

        return Tracing(Tracer(asker, workloads, spreader, start, None, opened))
    start = Target(source, (), notes=(THIEF_NOTE.format(printable(stolen.text)),))
    alone = Holder(False, (stolen,))
    somewhere = Somewhere(grid.holding(alone), grid.holding(Holder(False)))
    # What he gets with the stolen certificate from a pod that he reached, he gets in his first step: he may be there.
    spreader = spreader_of(asker, grid, start, controller, mesh)
    first, later = Attackers(asker, mesh, cluster, alone), Attackers(asker, mesh, cluster)

    def opening(left: Target, right: Target, question: Asked, begins: bool) -> Answer:
        return (first if begins else later).opening(left, right, question)

    return Tracing(Tracer(asker, workloads, spreader, start, somewhere, opening))


class Tracing:
    """Everything that one source reaches."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.workloads = tracer.workloads
        self.partial = tracer.asker.partial

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
        elif (begun & ~tracer.universe.workloads) >> tracer.universe.outside:
            notes.append(OUTSIDE_NOTE)
        own = len(self.workloads.of(begun & tracer.spreader.grid.pods))
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
            tracer.spreader.grid.layers,
            self._bought(),
        )

    def _bought(self) -> tuple[Bought, ...]:
        """What the stolen identity opens that no pod reaches without a proof."""
        tracer, start = self.tracer, self.tracer.start
        if not isinstance(start, Somewhere):
            return ()
        table = tracer.spreader.relation.ports
        columns = columns_of(tracer.universe.workloads)
        found = {tracer.name(column): ports for column in columns if (ports := start.proof_for(column))}
        return tuple(Bought(name, table.intervals(found[name])) for name in sorted(found))

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
        layers = self.tracer.spreader.grid.layers
        return ShortestWays(self.tracer.source.text, target.text, tuple(ways), left_out, self.partial, layers)
