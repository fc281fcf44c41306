"""Names for the ends of a comparison, as ``map`` names them: a workload where all of it is meant, else its pods.

What both states have is called as the state after calls it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import Taken
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.sets.addresses import INTERNET, address_text, describe, intersect
from ringfence.verdict.comparing import Comparison
from ringfence.verdict.connections import name_order
from ringfence.verdict.pairing import Kind, Pair


class EndNames:
    """Names kinds, and pods of kinds."""

    def __init__(self, comparison: Comparison, level: str) -> None:
        self.comparison = comparison
        self.kinds = comparison.kinds
        self.level = level
        self._pods = comparison.before.relation.cluster.pods, comparison.after.relation.cluster.pods
        self._extra = comparison.refinement.pairing.extra
        self._memo: dict[int, tuple[str, ...]] = {}
        self._texts: dict[WorkloadRef, str] | None = None
        self._numbers: dict[WorkloadRef, list[Pair]] = {}
        self._masks: dict[WorkloadRef, int] = {}
        self._homes: list[tuple[WorkloadRef, ...]] = []

    def pod(self, pair: Pair) -> Pod:
        """The pod of a pair: after, or before where it is gone."""
        after = pair[1] >= 0 and pair not in self._extra
        return self._pods[1][pair[1]] if after else self._pods[0][pair[0]]

    def workload(self, ref: WorkloadRef) -> str:
        """The name of a workload, with its kind where its namespace has two of that name."""
        return self._table()[ref]

    def _table(self) -> dict[WorkloadRef, str]:
        if self._texts is None:
            members: dict[int, tuple[WorkloadRef, list[Pair], set[int]]] = {}
            by_ref: dict[WorkloadRef, int] = {}
            for number, kind in enumerate(self.kinds):
                homes: dict[int, WorkloadRef] = {}
                for pair in kind.pairs:
                    ref = self.pod(pair).workload
                    homes[id(ref)] = ref
                    found = members.get(id(ref))
                    if found is None:
                        first = by_ref.setdefault(ref, id(ref))
                        found = members[id(ref)] = members.get(first, (ref, [], set()))
                    found[1].append(pair)
                    found[2].add(number)
                self._homes.append(tuple(dict.fromkeys(homes.values())))
            homonyms = Counter((ref.namespace, ref.name) for ref in by_ref)
            self._texts = {
                ref: f"{ref.namespace}/{ref.name}"
                if homonyms[ref.namespace, ref.name] == 1
                else f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"
                for ref in by_ref
            }
            for ref, first in by_ref.items():
                self._numbers[ref] = members[first][1]
                self._masks[ref] = sum(1 << number for number in members[first][2])
        return self._texts

    def of(self, mask: int) -> tuple[str, ...]:
        """The ends of some kinds."""
        found = self._memo.get(mask)
        if found is None:
            found = self._memo[mask] = self._of(mask)
        return found

    def _of(self, mask: int) -> tuple[str, ...]:
        table = self._table()
        names: set[str] = set()
        for number in columns_of(mask):
            kind = self.kinds[number]
            if not kind.pairs:
                names.add(self.other(number))
                continue
            whole = {ref for ref in self._homes[number] if self.level == "workload" and not self._masks[ref] & ~mask}
            names.update(table[ref] for ref in whole)
            if len(whole) < len(self._homes[number]):
                for pod in map(self.pod, kind.pairs):
                    if pod.workload not in whole:
                        names.add(f"{pod.namespace}/{pod.name}")
        return tuple(sorted(names, key=name_order))

    def of_pods(self, mask: int, pairs: Iterable[Pair]) -> tuple[str, ...]:
        """The ends of some kinds, of whose pods only these are meant."""
        table = self._table()
        left = set(pairs)
        names = {self.other(number) for number in columns_of(mask) if not self.kinds[number].pairs}
        if self.level == "workload":
            for ref in {self.pod(pair).workload for pair in left}:
                own = self._numbers[ref]
                if left.issuperset(own):
                    names.add(table[ref])
                    left.difference_update(own)
        for pair in left:
            pod = self.pod(pair)
            names.add(f"{pod.namespace}/{pod.name}")
        return tuple(sorted(names, key=name_order))

    def other(self, number: int) -> str:
        """A node, or addresses outside."""
        kind = self.kinds[number]
        if kind.space:
            return self._machine(kind) or describe(kind.space)
        side, column = (self.comparison.after, kind.after) if kind.after >= 0 else (self.comparison.before, kind.before)
        return f"node/{side.relation.universe.ends[column].name}"

    def _machine(self, kind: Kind) -> str:
        """The name of the machine that addresses outside are, after or before; empty: they are none."""
        sides = ((self.comparison.after, kind.after), (self.comparison.before, kind.before))
        found = (side.relation.universe.ends[column].name for side, column in sides if column >= 0)
        return next(filter(None, found), "")

    def others(self, mask: int) -> list[str]:
        """The nodes and addresses among some kinds."""
        return [self.other(number) for number in columns_of(mask) if not self.kinds[number].pairs]

    def every(self) -> tuple[str, ...]:
        """All ends of the level."""
        everyone = (1 << len(self.kinds)) - 1
        if self.level != "workload":
            return self.of(everyone)
        return tuple(sorted((*self._table().values(), *self.others(everyone)), key=name_order))

    @cached_property
    def _taken(self) -> Taken:
        """Addresses that objects of either state have."""
        sides = (self.comparison.before, self.comparison.after)
        return Taken(address for side in sides for address in side.relation.universe.taken.addresses)

    def pod_or_other(self, number: int, pair: Pair) -> str:
        """One pod by its name, or a node or addresses."""
        if not self.kinds[number].pairs:
            return self.other(number)
        pod = self.pod(pair)
        return f"{pod.namespace}/{pod.name}"

    def one(self, number: int, pair: Pair, after: bool) -> str:
        """One end, as ``can`` takes it, in one of the states."""
        kind = self.kinds[number]
        if not kind.pairs:
            if not kind.space:
                return self.other(number)
            side, column = (self.comparison.after, kind.after) if after else (self.comparison.before, kind.before)
            if column in side.relation.universe.machines:
                return side.relation.universe.ends[column].name
            public = self._taken.first_free(intersect(kind.space, INTERNET))
            free = self._taken.first_free(kind.space) if public is None else public
            return address_text(kind.space[0][0] if free is None else free)
        index = pair[1] if after else pair[0]
        if index < 0:
            return ""
        pod = self._pods[after][index]
        return f"{pod.namespace}/{pod.name}"
