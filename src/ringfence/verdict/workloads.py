"""The workloads of a relation by number: their names, and the classes and pods that each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import WorkloadRef


class Workloads:
    """Numbered in the order in which the cluster has their pods: by namespace."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        universe = relation.universe
        by_ref: dict[WorkloadRef, int] = {}
        self.numbers: list[int] = []
        """For each pod of the cluster its workload."""
        self.refs: list[WorkloadRef] = []
        self.masks: list[int] = []
        """For each workload its classes, as columns."""
        for index, pod in enumerate(relation.cluster.pods):
            number = by_ref.get(pod.workload)
            if number is None:
                number = by_ref[pod.workload] = len(self.refs)
                self.refs.append(pod.workload)
                self.masks.append(0)
            self.numbers.append(number)
            self.masks[number] |= 1 << universe.class_of_pod[index]

    @cached_property
    def sizes(self) -> Counter[int]:
        """How many pods of the cluster each workload has."""
        return Counter(self.numbers)

    @cached_property
    def texts(self) -> list[str]:
        """``namespace/name``; with its kind where its namespace has two of that name."""
        homonyms = Counter((ref.namespace, ref.name) for ref in self.refs)
        return [
            f"{ref.namespace}/{ref.name}"
            if homonyms[ref.namespace, ref.name] == 1
            else f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"
            for ref in self.refs
        ]

    @cached_property
    def by_column(self) -> list[tuple[int, ...]]:
        """For each class the workloads that have pods in it."""
        found: list[tuple[int, ...]] = []
        for members in self.relation.universe.members:
            numbers = self.numbers
            found.append(
                (numbers[members[0]],) if len(members) == 1 else tuple(sorted({numbers[index] for index in members}))
            )
        return found

    def of(self, mask: int) -> list[int]:
        """The workloads with pods in any of these classes, in order."""
        table = self.by_column
        return sorted({number for column in columns_of(mask) for number in table[column]})

    def names(self, mask: int) -> tuple[str, ...]:
        """Their names."""
        texts = self.texts
        return tuple(sorted(texts[number] for number in self.of(mask)))

    def columns(self, numbers: Iterable[int]) -> int:
        """The classes of some workloads."""
        mask = 0
        for number in numbers:
            mask |= self.masks[number]
        return mask
