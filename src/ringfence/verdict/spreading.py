"""How far somebody gets from an end who takes over every workload that he reaches: which step leads where.

Steps are between kinds of pods that no policy tells apart: whoever reaches one of a kind is taken to hold the kind.
Nodes and addresses can be reached, but lead nowhere: what runs on a node is not the network's to say. A machine of a
mesh outside of the cluster is a workload, and leads on. Steps that the
input does not decide count for an attacker, and are told apart: *possibly*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction
from ringfence.sets.ports import PortTable
from ringfence.values import Draft, Value
from ringfence.verdict.grid import Grid
from ringfence.verdict.ways_in.values import WayIn

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh

NONE = PortTable.NONE

START = -1
"""As a column: the end from which it all starts, where that is no column."""
RELAY = -2
"""As a column: the controllers that the input lacks, between the pods that may send to them and what is behind them."""


class Passage(Value):
    """A step that no single flow of the relation is, such as a route through an ingress controller: from any of some
    columns to any of others. ``perhaps``: not decided. ``ways``: the ways in that it stands for."""

    sources: int
    destinations: int
    ports: int
    perhaps: bool = False
    ways: tuple[WayIn, ...] = ()


class Step(Value):
    """One step: ``sure`` and ``perhaps`` are port set numbers, apart from each other. ``relayed``: pods take it through
    a controller that the input lacks."""

    sources: int
    sure: int
    perhaps: int
    relayed: bool = False


class Somewhere(Value, eq=False):
    """A start that is a client in any pod: ``grid`` is the relation of all that it may be there. ``bare``: that of a
    client there who proves to be nobody."""

    grid: Grid
    bare: Grid

    def over(self, relation: Relation, mesh: Mesh | None = None) -> Somewhere:
        """The same in another relation of the same ends, and where objects of the mesh say something else (None: they
        do not)."""
        grid, bare = self.grid, self.bare
        if relation is not grid.relation:
            grid, bare = grid.over(relation), bare.over(relation)
        if mesh is not None and mesh is not grid.mesh:
            grid, bare = grid.under_mesh(mesh), bare.under_mesh(mesh)
        return self if grid is self.grid else Somewhere(grid, bare)

    def flows_into(self, destination: int, bare: bool = False) -> Iterator[tuple[int, int, int]]:
        """(pods, sure ports, perhaps ports) of the flows to a destination, disjoint. A pod alone of its kind is another
        end than the client."""
        universe = self.grid.universe
        sources = self.grid.pods
        if destination < universe.pods and universe.count(destination) == 1:
            sources &= ~(1 << destination)
        yield from flows_into(self.bare if bare else self.grid, destination, sources)

    def step_into(self, destination: int) -> Step:
        """All of them as one."""
        table = self.grid.relation.ports
        sure = perhaps = NONE
        for _, surely, possibly in self.flows_into(destination):
            sure, perhaps = table.union(sure, surely), table.union(perhaps, possibly)
        return Step(0, sure, table.difference(perhaps, sure))

    def place(self, destination: int, port: int) -> int:
        """The column of a pod from which a port is reached, surely if there is one; -1: there is none."""
        table = self.grid.relation.ports
        found = -1
        for sources, sure, perhaps in self.flows_into(destination):
            first = (sources & -sources).bit_length() - 1
            if table.contains(sure, port):
                return first
            if found < 0 and table.contains(perhaps, port):
                found = first
        return found

    def size(self, destination: int, ports: int) -> int:
        """How many single flows of these ports there are: pairs of pods times ports."""
        table, universe = self.grid.relation.ports, self.grid.universe
        found = 0
        for sources, sure, perhaps in self.flows_into(destination):
            pods = sum(universe.count(column) for column in columns_of(sources))
            found += pods * table.size(table.intersection(ports, table.union(sure, perhaps)))
        return found * (universe.count(destination) if destination < universe.pods else 1)

    def proof_for(self, destination: int) -> int:
        """The ports that this client surely reaches, and none who proves to be nobody."""
        table = self.grid.relation.ports
        found = self.step_into(destination).sure
        if found:
            for _, sure, _ in self.flows_into(destination, bare=True):
                found = table.difference(found, sure)
        return found


WaysUnder = Callable[[Relation, "Mesh | None"], Sequence[Passage]]
"""The steps beside those of a relation, where a mesh has a say."""

Start = int | EndClass | Somewhere
"""Where it all starts: columns, an end that is none, or a client that may be in any pod."""


def flows_into(grid: Grid, destination: int, sources: int) -> Iterator[tuple[int, int, int]]:
    """(sources, sure ports, perhaps ports) of the flows of a grid to a destination, disjoint."""
    table = grid.relation.ports
    for mask, result in grid.column(destination, sources):
        mask &= sources
        perhaps = result.unknown
        if perhaps and result.some:
            perhaps = table.difference(perhaps, result.some)
        if mask and (result.some or perhaps):
            yield mask, result.some, perhaps


class Reached(Draft):
    """How a column is reached first: from which column, on which ports, in how many steps. ``possibly``: only by steps
    of which one is not decided."""

    parent: int
    ports: int
    depth: int
    possibly: bool
    step_possibly: bool


class Spreader:
    """Steps of one relation. ``ways``: steps beside those of the relation; ``ways_under`` finds those of another
    relation of the same ends (without it they are the same). ``by_ways``: columns from which only those lead on."""

    def __init__(
        self,
        relation: Relation,
        grid: Grid,
        ways: Sequence[Passage] = (),
        ways_under: WaysUnder | None = None,
        by_ways: int = 0,
    ) -> None:
        self.relation = relation
        self.ways_under = ways_under
        self.universe = relation.universe
        self.grid = grid
        self.ways = tuple(ways)
        self.by_ways = by_ways
        self.workloads = self.universe.workloads
        """Columns from which steps lead on."""
        self._ways_into: dict[int, list[Passage]] = {}
        self._ways_from = 0
        for way in self.ways:
            self._ways_from |= way.sources
            for column in columns_of(way.destinations):
                self._ways_into.setdefault(column, []).append(way)
        self._steps: dict[int, tuple[tuple[int, int, int], ...]] = {}
        """Destination → (sources, sure ports, perhaps ports) of the steps from pods."""
        self._admitted: dict[int, int] = {}
        """Destination → all these sources."""

    def under(self, relation: Relation, mesh: Mesh | None = None) -> Spreader:
        """Steps of another relation of the same ends, and where objects of the mesh say something else (None: they do
        not)."""
        grid = self.grid if relation is self.relation else self.grid.over(relation)
        if mesh is not None:
            grid = grid.under_mesh(mesh)
        ways = self.ways if self.ways_under is None else self.ways_under(relation, grid.mesh)
        return Spreader(relation, grid, ways, self.ways_under, self.by_ways)

    def passage(self, source: int, destination: int, ports: int, perhaps: bool) -> Passage | None:
        """The passage that a step is; None for a flow of the relation."""
        for way in self._ways_into.get(destination, ()):
            begun = way.sources & self.grid.pods if source == START else way.sources >> source & 1
            if begun and (way.ports, way.perhaps) == (ports, perhaps):
                if source == START or self.by_ways >> source & 1:
                    return way
                plain = [] if source >= self.universe.pods else self._from_pods(destination)
                if not any(mask >> source & 1 and ports in (sure, possible) for mask, sure, possible in plain):
                    return way
        return None

    def steps_into(self, destination: int, sources: int) -> Iterator[Step]:
        """The steps from some columns to one, disjoint but where there are ways too."""
        pods = sources & self.grid.pods
        if pods:
            for mask, sure, perhaps in self._from_pods(destination):
                shared = mask & pods
                if shared:
                    yield Step(shared, sure, perhaps)
        others = sources & ~self.grid.pods & ~self.by_ways
        if others and destination < self.universe.pods:
            for mask, sure, perhaps in self._flows(destination, others):
                yield Step(mask, sure, perhaps)
        for way in self._ways_into.get(destination, ()):
            begun = way.sources & sources
            if begun & self.by_ways:
                # The internet is one, whichever of its addresses.
                begun &= -begun
            if begun:
                sure, perhaps = (NONE, way.ports) if way.perhaps else (way.ports, NONE)
                yield Step(begun, sure, perhaps, bool(way.sources & self.grid.pods))

    def _from_pods(self, destination: int) -> tuple[tuple[int, int, int], ...]:
        known = self._steps.get(destination)
        if known is None:
            known = self._steps[destination] = tuple(self._flows(destination, self.grid.pods))
            admitted = 0
            for mask, _, _ in known:
                admitted |= mask
            self._admitted[destination] = admitted
        return known

    def _flows(self, destination: int, sources: int) -> Iterator[tuple[int, int, int]]:
        return flows_into(self.grid, destination, sources)

    def first_steps(self, start: Start) -> dict[int, Step]:
        """The steps from a start that is no column: destination → step from ``START``. None from columns."""
        if isinstance(start, EndClass):
            return dict(self.steps_from(start))
        if isinstance(start, int):
            return {}
        there = start.over(self.relation, self.grid.mesh)
        found = {column: Step(0, NONE, ports, True) for column, ports in self._relayed().items()}
        for column in range(len(self.universe.ends)):
            step = there.step_into(column)
            if step.sure or step.perhaps:
                found[column] = step
        return found

    def _relayed(self) -> dict[int, int]:
        """Where pods get through controllers that the input lacks, with the ports."""
        return {
            column: way.ports
            for way in self.ways
            if way.sources & self.grid.pods
            for column in columns_of(way.destinations)
        }

    def steps_from(self, end: EndClass) -> Iterator[tuple[int, Step]]:
        """The steps from a pod that does not exist: (destination, step from ``START``)."""
        relayed = self._relayed()
        table = self.relation.ports
        network = {column: (sure, possible) for column, sure, possible in self._bounds_from(end)}
        for column, (sure, possible) in self._left(end, network).items():
            if possible:
                relayed.pop(column, None)
                yield column, Step(0, sure, table.difference(possible, sure))
        for column, ports in relayed.items():
            yield column, Step(0, NONE, ports, True)

    def _left(self, end: EndClass, network: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """What a mesh leaves of the ports that the network surely and possibly lets a pod that does not exist through
        to."""
        makers = self.grid.makers()
        if makers is None:
            return network
        found = dict(network)
        for column in columns_of(self.workloads):
            if column in network or makers.ways_over(column):
                found[column] = makers.left(end.namespace, column, lambda way: network.get(way, (NONE, NONE)))
        return found

    def _bounds_from(self, end: EndClass) -> Iterator[tuple[int, int, int]]:
        """(destination, ports that are surely, and possibly let through) by the network."""
        relation, universe = self.relation, self.universe
        row = relation.rows.row(relation.make_key(end, Direction.EGRESS), end)
        table = relation.ports
        for mask, egress in row.parts:
            plain = relation.programs.plain(egress)
            if plain is not None and plain[0] == NONE:
                continue
            for column in columns_of(mask):
                other = universe.ends[column]
                families = relation.families(end, other)[0]
                if not families:
                    continue
                if relation.opaque(end, other):
                    yield column, NONE, PortTable.ALL
                    continue
                ingress = relation.program(column, end, Direction.INGRESS)
                same = other.sort == "pod" and end.namespace == other.namespace
                cell = relation.cells.cell(egress, ingress, Meeting(families, same, None))
                sure, possible = cell.sure, cell.possible
                if self.grid.hands_on(column):
                    sure = table.difference(sure, self.grid.handed_on)
                    possible = table.union(possible, self.grid.handed_on)
                if possible:
                    yield column, sure, possible

    def admitted(self, sources: int) -> int:
        """The pods that flows of the relation lead to from some columns outside, whether a way leads there or not."""
        found = 0
        for column in range(self.universe.pods):
            if next(self._flows(column, sources), None) is not None:
                found |= 1 << column
        return found

    def spread(self, start: Start) -> dict[int, Reached]:
        """Every column that is reached from a set of columns, or from an end that is none, the shortest way; sure ways
        go before possible ones of any length. Columns of the start are not among them."""
        found: dict[int, Reached] = {}
        first = self.first_steps(start)
        begun = start if isinstance(start, int) else 0
        self._run(found, begun, first, certain=True)
        self._run(found, begun, first, certain=False)
        return found

    def _run(self, found: dict[int, Reached], begun: int, first: dict[int, Step], certain: bool) -> None:
        """Breadth first. ``certain``: by sure steps only; else by all, beginning at what is reached surely."""
        levels: dict[int, int] = {0: begun}
        for column, reached in found.items():
            if self.workloads >> column & 1:
                levels[reached.depth] = levels.get(reached.depth, 0) | 1 << column
        waiting = [
            column for column in range(len(self.universe.ends)) if column not in found and not begun >> column & 1
        ]
        depth = 0
        while depth <= max(levels):
            frontier = levels.get(depth, 0)
            rest: list[int] = []
            inside = not frontier & (self._ways_from | ~self.grid.pods) and not (first and depth == 0)
            for column in waiting:
                if inside:
                    self._from_pods(column)
                    if not self._admitted[column] & frontier:
                        rest.append(column)
                        continue
                step = self._best(column, frontier, first if depth == 0 else {}, certain)
                if step is None:
                    rest.append(column)
                    continue
                parent, ports, unsure = step
                possibly = unsure or (parent in found and found[parent].possibly)
                found[column] = Reached(parent, ports, depth + 1, possibly, unsure)
                if self.workloads >> column & 1:
                    levels[depth + 1] = levels.get(depth + 1, 0) | 1 << column
            waiting = rest
            depth += 1

    def _best(self, column: int, frontier: int, first: dict[int, Step], certain: bool) -> tuple[int, int, bool] | None:
        """(parent, ports, whether it is not decided) of a step into a column: a sure one if there is."""
        fallback: tuple[int, int, bool] | None = None
        if first:
            own = first.get(column)
            if own is not None:
                if own.sure:
                    return START, own.sure, False
                fallback = (START, own.perhaps, True)
        elif frontier:
            for step in self.steps_into(column, frontier):
                parent = (step.sources & -step.sources).bit_length() - 1
                if step.sure:
                    return parent, step.sure, False
                if fallback is None:
                    fallback = (parent, step.perhaps, True)
        return None if certain else fallback

    def all_shortest(
        self, found: dict[int, Reached], start: Start, goal: int
    ) -> dict[int, list[tuple[int, int, bool]]]:
        """The steps of every shortest way to one of the goal's columns: column → (parent, ports, not decided). Only
        sure ways where there is one."""
        columns = [column for column in columns_of(goal) if column in found]
        if not columns:
            return {}
        sure = [column for column in columns if not found[column].possibly]
        columns = sure or columns
        nearest = min(found[column].depth for column in columns)
        wanted = [column for column in columns if found[column].depth == nearest]
        levels: dict[int, int] = {}
        for column, reached in found.items():
            if self.workloads >> column & 1 and (not sure or not reached.possibly):
                levels[reached.depth] = levels.get(reached.depth, 0) | 1 << column
        levels[0] = start if isinstance(start, int) else 0
        first = self.first_steps(start)
        edges: dict[int, list[tuple[int, int, bool]]] = {}
        pending = list(wanted)
        while pending:
            column = pending.pop()
            if column in edges:
                continue
            own: list[tuple[int, int, bool]] = []
            depth = found[column].depth
            if depth == 1 and first:
                step = first[column]
                own.append((START, step.sure or step.perhaps, not step.sure))
            else:
                for step in self.steps_into(column, levels.get(depth - 1, 0)):
                    if step.sure or not sure:
                        for parent in columns_of(step.sources):
                            own.append((parent, step.sure or step.perhaps, not step.sure))
            edges[column] = own
            pending.extend(parent for parent, _, _ in own if depth > 1)
        return edges


def closed(after: Spreader, start: Start, step: tuple[int, int, int]) -> bool:
    """Whether no port of a step passes any more."""
    source, destination, ports = step
    table = after.relation.ports
    if source == START:
        first = after.first_steps(start).get(destination)
        return first is None or not table.intersection(table.union(first.sure, first.perhaps), ports)
    return not any(
        table.intersection(table.union(one.sure, one.perhaps), ports)
        for one in after.steps_into(destination, 1 << source)
    )
