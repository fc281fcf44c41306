"""A canonical fingerprint of the relation: equal if and only if every flow between the same ends has the same verdict.

It depends on names of pods, nodes and on addresses, on verdicts and ports, and on nothing else: not on how policies are
written, on their order, or on the classes that the engine happens to make.
"""

from __future__ import annotations

from hashlib import blake2b

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.sets.ports import Intervals, canonical
from ringfence.verdict.grid import Grid, Result

Behaviour = tuple[Intervals, Intervals, Intervals]
WRAP = (1 << 256) - 1


def _number(text: str) -> int:
    """A number for a text, so that sets of texts can be summed."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest(), "big")


class Fingerprint:
    """Computes the fingerprint of one relation."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.universe = relation.universe
        self.grid = Grid(relation)
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

    def _behaviour(self, result: Result) -> Behaviour:
        intervals = self.relation.ports.intervals
        return intervals(result.allowed), intervals(result.unknown), intervals(result.mixed)

    def _taken_apart(self, split: int, destination: int) -> dict[int, dict[Behaviour, int]]:
        """For each destination pod (-1: the node) the sums over sources that must be told apart by their nodes."""
        found: dict[int, dict[Behaviour, int]] = {}
        for source in columns_of(split):
            weight = self.weights[source] if source >= self.universe.pods else 0
            for left, right, result in self.grid.taken_apart(source, destination):
                behaviour = self._behaviour(result)
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
        for mask, result in self.grid.column(destination):
            if result.split:
                split |= mask
                continue
            behaviour = self._behaviour(result)
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
        for mask, result in self.grid.column(destination):
            if mask >> destination & 1:
                return None if result.split else self._behaviour(result)
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


def fingerprint(relation: Relation) -> str:
    """The canonical fingerprint, 64 hexadecimal digits."""
    return Fingerprint(relation).text()
