"""From pods to rows of a matrix: ends by name, and units of ends that share all their cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ringfence.layers.network.universe import Universe
from ringfence.model.cluster import MACHINE, Cluster, Pod, WorkloadRef
from ringfence.values import Draft, field
from ringfence.verdict.ends import Directory

NodeSet = frozenset[str | None]


def pod_kind(pod: Pod) -> str:
    """What a pod is called that is an end of its own."""
    return f"{pod.workload.kind} template" if pod.template and pod.name == pod.workload.name else "Pod"


class NamedEnd(Draft):
    """An end before its units are numbered. ``groups``: (base unit, indexes of its pods; none for other ends)."""

    name: str
    namespace: str
    sort: str
    kind: str
    groups: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)


class Units:
    """Base units are classes; a class is cut further where two of its ends run on different nodes, as a pod's own node
    may reach it where others do not."""

    def __init__(self, universe: Universe, directory: Directory, by_pod: bool) -> None:
        self.universe = universe
        self.cluster: Cluster = universe.cluster
        self.column_of: list[int] = []
        """The class of each base unit."""
        self.nodes_of: list[NodeSet] = []
        """The nodes of its pods."""
        self.of_column: list[list[int]] = [[] for _ in universe.ends]
        self.ends = self._pods(by_pod)
        for column in range(universe.pods, len(universe.ends)):
            end = universe.ends[column]
            nodes: NodeSet = frozenset((end.name,)) if end.sort == "node" else frozenset()
            unit = self._unit(column, nodes)
            kind = "Node" if end.sort == "node" else MACHINE if column in universe.machines else "Addresses"
            self.ends.append(NamedEnd(directory.other_name(column), "", end.sort, kind, [(unit, ())]))

    @property
    def cut(self) -> int:
        """The classes that are more than one unit, as a mask."""
        return sum(1 << column for column, units in enumerate(self.of_column) if len(units) > 1)

    def pods_in(self, indexes: Iterable[int]) -> int:
        """How many pods, a template as often as it asks for."""
        return sum(self.cluster.pods[index].replicas for index in indexes)

    def _unit(self, column: int, nodes: NodeSet) -> int:
        for unit in self.of_column[column]:
            if self.nodes_of[unit] == nodes:
                return unit
        self.column_of.append(column)
        self.nodes_of.append(nodes)
        self.of_column[column].append(len(self.column_of) - 1)
        return len(self.column_of) - 1

    def _pods(self, by_pod: bool) -> list[NamedEnd]:
        found = list(self._named(by_pod))
        found.sort(key=lambda pair: (pair[0].namespace, pair[0].name, pair[0].kind))
        pods = self.cluster.pods
        class_of = self.universe.class_of_pod
        grouped: list[tuple[NamedEnd, int, tuple[int, ...], NodeSet]] = []
        for end, indexes in found:
            by_column: dict[int, list[int]] = {}
            for index in indexes:
                by_column.setdefault(class_of[index], []).append(index)
            for column, group in sorted(by_column.items()):
                grouped.append((end, column, tuple(group), frozenset(pods[index].node for index in group)))
        for end, column, own, nodes in sorted(grouped, key=lambda item: item[1]):
            end.groups.append((self._unit(column, nodes), own))
        return [end for end, _ in found]

    def _named(self, by_pod: bool) -> Iterator[tuple[NamedEnd, Sequence[int]]]:
        pods = self.cluster.pods
        if by_pod:
            for index, pod in enumerate(pods):
                yield NamedEnd(f"{pod.namespace}/{pod.name}", pod.namespace, "pod", pod_kind(pod)), (index,)
            return
        by_ref: dict[WorkloadRef, list[int]] = {}
        for index, pod in enumerate(pods):
            by_ref.setdefault(pod.workload, []).append(index)
        homonyms: dict[tuple[str, str], int] = {}
        for ref in by_ref:
            homonyms[ref.namespace, ref.name] = homonyms.get((ref.namespace, ref.name), 0) + 1
        for ref, indexes in by_ref.items():
            alone = homonyms[ref.namespace, ref.name] == 1
            text = f"{ref.namespace}/{ref.name}" if alone else f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"
            yield NamedEnd(text, ref.namespace, "pod", ref.kind), indexes
