"""New pods in a mesh: what they reach with labels and a service account that somebody chooses, through all layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ringfence.layers.network.columns import columns_of
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import Direction
from ringfence.sets.ports import PortTable
from ringfence.verdict.meshed.leaving import Bounds
from ringfence.verdict.meshed.makers import Makers
from ringfence.verdict.new_pods import NewPods

NOTHING: Bounds = (PortTable.NONE, PortTable.NONE)


class MeshedNewPods(NewPods):
    """Ingress from new pods, less what the mesh refuses. What is sent to them is judged by nobody: they control
    their side."""

    def __init__(self, makers: Makers, direction: Direction, places: Sequence[str]) -> None:
        super().__init__(makers.relation, direction, places)
        self.makers = makers
        self._by_place: dict[int, dict[int, Bounds]] = {}

    def network(self, column: int) -> dict[int, Bounds]:
        """What the network lets new pods reach of a class, by where they would be."""
        found = self._by_place.get(column)
        if found is None:
            table = self.relation.ports
            found = self._by_place[column] = {
                place: (sure, table.union(sure, perhaps))
                for mask, sure, perhaps in self.reached_by_network(column)
                for place in columns_of(mask)
            }
        return found

    def reached(self, column: int) -> Iterator[tuple[int, int, int]]:
        """As without a mesh."""
        if self.direction is Direction.EGRESS:
            yield from super().reached(column)
            return
        places: Sequence[int] = list(self.network(column))
        if self.makers.ways_over(column):
            places = range(len(self.ends))
        table = self.relation.ports
        merged: dict[Bounds, int] = {}
        for place in places:
            named = bool(self.new >> place & 1) and self._asks_for_the_name(column, place)
            sure, possible = self.makers.left(self.ends[place].namespace, column, self._first(place), named)
            if possible:
                key = (sure, table.difference(possible, sure))
                merged[key] = merged.get(key, 0) | 1 << place
        for bounds, mask in merged.items():
            yield mask, *bounds

    def _asks_for_the_name(self, column: int, place: int) -> bool:
        """Whether the network asks what a new namespace is called."""
        own = self.program_at(column, place)
        other = self.relation.program(column, self.ends[place], self.direction)
        return any(
            one.kind == "namespace-label" and one.name == NAME_LABEL
            for one in self.variables(own) | self.variables(other)
        )

    def _first(self, place: int) -> Callable[[int], Bounds]:
        return lambda column: self.network(column).get(place, NOTHING)


__all__ = ["MeshedNewPods"]
