"""A canonical fingerprint of the relation: equal if and only if every flow between the same ends has the same verdict.

It depends on names of pods, nodes and on addresses, on verdicts and ports, and on nothing else: not on how policies are
written, on their order, or on the classes that the engine happens to make. With a mesh it depends on which requests
pass, for clients as they are configured and for those who control their pods; not on what encrypts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.sets.ports import Intervals, canonical
from ringfence.verdict.grid import Grid, Result
from ringfence.verdict.places import Group

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh

Behaviour = tuple[object, ...]
"""Allowed, unknown and mixed ports; with a mesh also what passes at the others, where that is more or less."""
WRAP = (1 << 256) - 1


def _number(text: str) -> int:
    """A number for a text, so that sets of texts can be summed."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest(), "big")


class Fingerprint:
    """Computes the fingerprint of one relation."""

    def __init__(self, relation: Relation, mesh: Mesh | None = None) -> None:
        self.relation = relation
        self.universe = relation.universe
        if mesh is None:
            self.grid, self.unbound = Grid(relation), None
        else:
            from ringfence.verdict.meshed.telling import readings

            self.grid, self.unbound = readings(relation, mesh)
        pods = relation.cluster.pods
        self.pod_numbers = [
            _number(f"{pod.namespace}/{pod.name}/{pod.workload.kind}/{pod.replicas > 1}") for pod in pods
        ]
        self.weights = [
            sum(self.pod_numbers[index] for index in members) & WRAP for members in self.universe.members
        ] + [_number(f"node/{name}") for name in self.universe.nodes]
        self.total = sum(self.weights) & WRAP
        self._sums: dict[int, int] = {}

    def text(self) -> str:
        """64 hexadecimal digits."""
        total = 0
        for destination in range(self.universe.outside):
            groups, split = self._groups(destination)
            apart = self._taken_apart(split, destination)
            if destination >= self.universe.pods:
                name = f"node/{self.universe.ends[destination].name}"
                total += self._digest(name, _added(groups, apart.get(-1)), None, 0)
                continue
            own = self._behaviour_at(destination)
            for index in self.universe.members[destination]:
                pod = self.relation.cluster.pods[index]
                alone = pod.replicas == 1
                total += self._digest(
                    f"{pod.namespace}/{pod.name}",
                    _added(groups, apart.get(index)),
                    own if alone else None,
                    self.pod_numbers[index],
                )
        total += self._outside()
        return f"{total & WRAP:064x}"

    def _behaviour(self, result: Result, unbound: Result | None) -> Behaviour:
        intervals = self.relation.ports.intervals
        found: Behaviour = (intervals(result.allowed), intervals(result.unknown), intervals(result.mixed))
        if unbound is None:
            return found
        from ringfence.verdict.meshed.telling import requests_of

        other = (intervals(unbound.allowed), intervals(unbound.unknown), intervals(unbound.mixed))
        own, others = requests_of(self.grid, result), requests_of(self.grid, unbound)
        found = (*found, own) if own else found
        return found if (*other, *((others,) if others else ())) == found else (*found, "unbound", *other, others)

    def _column(self, destination: int) -> Iterator[tuple[int, Result, Result | None]]:
        """(sources, result, that for clients who control their pods), disjoint."""
        if self.unbound is None:
            for mask, result in self.grid.column(destination):
                yield mask, result, None
            return
        others = list(self.unbound.column(destination))
        for mask, result in self.grid.column(destination):
            for sources, other in others:
                if mask & sources:
                    yield mask & sources, result, other

    def _pairs(self, source: int, destination: int) -> Iterator[tuple[Group, Group, Result, Result | None]]:
        if self.unbound is None:
            for left, right, result in self.grid.taken_apart(source, destination):
                yield left, right, result, None
            return
        both = zip(
            self.grid.taken_apart(source, destination), self.unbound.taken_apart(source, destination), strict=True
        )
        for (left, right, result), (_, _, other) in both:
            yield left, right, result, other

    def _taken_apart(self, split: int, destination: int) -> dict[int, dict[Behaviour, int]]:
        """For each destination pod (-1: the node) the sums over sources that must be told apart by their nodes."""
        found: dict[int, dict[Behaviour, int]] = {}
        for source in columns_of(split):
            weight = self.weights[source] if source >= self.universe.pods else 0
            for left, right, result, unbound in self._pairs(source, destination):
                behaviour = self._behaviour(result, unbound)
                for index in right:
                    amount = weight or sum(self.pod_numbers[one] for one in left if one != index)
                    sums = found.setdefault(index, {})
                    sums[behaviour] = (sums.get(behaviour, 0) + amount) & WRAP
        return found

    def _groups(self, destination: int) -> tuple[dict[Behaviour, tuple[int, Intervals]], int]:
        """Behaviour → (sum over the inside sources, outside addresses) of those that have it towards a destination; and
        the sources that must be told apart by their nodes."""
        masks: dict[Behaviour, int] = {}
        split = 0
        for mask, result, unbound in self._column(destination):
            if result.split:
                split |= mask
                continue
            behaviour = self._behaviour(result, unbound)
            masks[behaviour] = masks.get(behaviour, 0) | mask
        if destination >= self.universe.pods:
            masks = {behaviour: mask & self.grid.pods for behaviour, mask in masks.items()}
            split &= self.grid.pods
        whole = 0
        for mask in masks.values():
            whole |= mask
        inside = (1 << self.universe.outside) - 1
        groups: dict[Behaviour, tuple[int, Intervals]] = {}
        rest = self._sum(whole & inside)
        ordered = sorted(masks.items(), key=lambda item: (item[1] & inside).bit_count())
        for number, (behaviour, mask) in enumerate(ordered):
            if number == len(ordered) - 1:
                amount = rest
            else:
                amount = self._sum(mask & inside)
                rest = (rest - amount) & WRAP
            groups[behaviour] = (amount, self._space(mask >> self.universe.outside))
        return groups, split

    def _sum(self, mask: int) -> int:
        found = self._sums.get(mask)
        if found is None:
            everyone = (1 << self.universe.outside) - 1
            if mask == everyone:
                found = self.total
            else:
                weights = self.weights
                found = sum(weights[column] for column in columns_of(mask)) & WRAP
            self._sums[mask] = found
        return found

    def _space(self, mask: int) -> Intervals:
        first = self.universe.outside
        return canonical(
            interval for column in columns_of(mask) for interval in self.universe.ends[first + column].space
        )

    def _behaviour_at(self, destination: int) -> Behaviour | None:
        for mask, result, unbound in self._column(destination):
            if mask >> destination & 1:
                return None if result.split else self._behaviour(result, unbound)
        return None

    def _digest(
        self, name: str, groups: dict[Behaviour, tuple[int, Intervals]], own: Behaviour | None, number: int
    ) -> int:
        """One destination: who reaches it how. A real pod is taken out of its own sources."""
        lines = []
        for behaviour, (amount, space) in groups.items():
            if behaviour == own:
                amount = (amount - number) & WRAP
            if behaviour != NOTHING and (amount or space):
                lines.append(f"{behaviour} {amount:x} {space}")
        return _number("\n".join([name, *sorted(lines)]))

    def _outside(self) -> int:
        """Destinations outside: for each behaviour and set of sources, the addresses."""
        spaces: dict[tuple[Behaviour, int], list[tuple[int, int]]] = {}
        for destination in range(self.universe.outside, len(self.universe.ends)):
            for behaviour, (amount, _) in self._groups(destination)[0].items():
                if behaviour != NOTHING and amount:
                    spaces.setdefault((behaviour, amount), []).extend(self.universe.ends[destination].space)
        return sum(
            _number(f"{behaviour} {amount:x} {canonical(space)}") for (behaviour, amount), space in spaces.items()
        )


def _added(
    groups: dict[Behaviour, tuple[int, Intervals]], more: dict[Behaviour, int] | None
) -> dict[Behaviour, tuple[int, Intervals]]:
    if not more:
        return groups
    result = dict(groups)
    for behaviour, amount in more.items():
        old, space = result.get(behaviour, (0, ()))
        result[behaviour] = ((old + amount) & WRAP, space)
    return result


NOTHING: Behaviour = ((), (), ())


def fingerprint(relation: Relation, mesh: Mesh | None = None) -> str:
    """The canonical fingerprint, 64 hexadecimal digits. ``mesh``: where all layers count."""
    return Fingerprint(relation, mesh).text()
