"""The fewest labels with which a pod that does not exist yet reaches a workload: by trying all sets of so few labels.

Only keys and values that the policies mention can matter, and one more value that stands for all others, so the sets of
a size are finitely many. Each is put to the engine as a pod of exactly these labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, product
from typing import TYPE_CHECKING

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import Direction
from ringfence.sets.label_search import STAND_IN
from ringfence.sets.labels import ValueSet
from ringfence.sets.ports import PortTable
from ringfence.values import Value, replace
from ringfence.verdict.new_pods import IN_A_NEW_NAMESPACE, NewPods

if TYPE_CHECKING:
    from ringfence.verdict.meshed.makers import Makers

MOST_TRIES = 5_000
"""Sets that are tried for one workload and place; real policies need a few dozen."""

NONE = PortTable.NONE

ANY_OWN = "any account of its namespace"
"""Who a pod has to prove to be, where any account of its namespace will do."""

NAMESPACE_LABEL = "namespace "
"""Before the key of a label that the new namespace must have."""

Labels = tuple[tuple[str, str], ...]


class Bought(Value):
    """Labels, and the ports that they buy surely and perhaps, as port set numbers. ``labels`` None: the search ended
    before all sets of its size were tried; these ports have a price that is not known."""

    labels: Labels | None
    sure: int
    perhaps: int
    identity: str = ""
    """That the pod has to prove; empty: none; ``ANY_OWN``: that of any account of its namespace."""


class Prices:
    """Prices of the workloads of one relation, ingress from new pods."""

    def __init__(self, new_pods: NewPods, makers: Makers | None = None) -> None:
        assert new_pods.direction is Direction.INGRESS
        self.makers = makers
        self.new_pods = new_pods
        self.relation = new_pods.relation
        self.table = self.relation.ports

    def of(self, columns: int, place: int) -> list[Bought]:
        """The cheapest sets for the classes of a workload, for new pods in one place (a number of ``names``)."""
        classes = list(columns_of(columns))
        pending_sure = pending_perhaps = NONE
        values: dict[tuple[bool, str], set[str]] = {}
        for column in classes:
            for mask, sure, perhaps in self.new_pods.reached(column):
                if mask >> place & 1:
                    pending_sure = self.table.union(pending_sure, sure)
                    pending_perhaps = self.table.union(pending_perhaps, perhaps)
            for one in (column, *(() if self.makers is None else self.makers.ways_over(column))):
                self._mentioned(one, place, values)
        pending_perhaps = self.table.difference(pending_perhaps, pending_sure)
        found: list[Bought] = []
        tries = 0
        keys = sorted(values)
        for size in range(len(keys) + 1):
            if pending_sure == pending_perhaps == NONE:
                return found
            gained_sure = gained_perhaps = NONE
            for labels in self._sets(keys, values, size):
                tries += 1
                if tries > MOST_TRIES:
                    return [*found, Bought(None, pending_sure, pending_perhaps)]
                sure, perhaps = self._buys(classes, place, labels)
                own_sure = self.table.intersection(sure, pending_sure)
                own_perhaps = self.table.intersection(self.table.union(sure, perhaps), pending_perhaps)
                if own_sure or own_perhaps:
                    found += self._proving(classes, place, labels, Bought(_shown(labels), own_sure, own_perhaps))
                    gained_sure = self.table.union(gained_sure, own_sure)
                    gained_perhaps = self.table.union(gained_perhaps, own_perhaps)
            pending_sure = self.table.difference(pending_sure, gained_sure)
            pending_perhaps = self.table.difference(pending_perhaps, gained_perhaps)
        return found

    def _mentioned(self, column: int, place: int, values: dict[tuple[bool, str], set[str]]) -> None:
        """Keys (of the pod, or of its new namespace) and values that the programs of both ends mention."""
        end = self.new_pods.ends[place]
        own = self.new_pods.program_at(column, place)
        other = self.relation.program(column, end, Direction.INGRESS)
        for number in (own, other):
            for condition in self.relation.programs.programs[number].conditions():
                for literal in condition:
                    variable = literal.variable
                    if variable.kind in ("pod-label", "namespace-label") and self.new_pods.chosen(
                        variable, end.namespace is None
                    ):
                        assert isinstance(literal.within, ValueSet)
                        found = values.setdefault((variable.kind == "namespace-label", variable.name), {STAND_IN})
                        found |= literal.within.values

    @staticmethod
    def _sets(
        keys: list[tuple[bool, str]], values: dict[tuple[bool, str], set[str]], size: int
    ) -> Iterator[dict[tuple[bool, str], str]]:
        for chosen in combinations(keys, size):
            for picked in product(*(sorted(values[key]) for key in chosen)):
                yield dict(zip(chosen, picked, strict=True))

    def _proving(
        self, classes: Iterable[int], place: int, labels: dict[tuple[bool, str], str], bought: Bought
    ) -> Iterator[Bought]:
        """The same, by who the pod has to prove to be: nobody, as far as that is enough."""
        makers = self.makers
        if makers is None:
            yield bought
            return
        pod, home = self._pod(place, labels), self.new_pods.ends[place].namespace
        table, sure, perhaps = self.table, bought.sure, bought.perhaps
        identities = dict.fromkeys(one for column in classes for one in makers.distinct(home, column)[0])
        by_identity = {
            one: makers.leaving.either(
                makers.left_to((one,) if one else (), column, lambda way: self._bounds(pod, way)) for column in classes
            )
            for one in (None, *identities)
        }
        told = [("", by_identity.pop(None))]
        if by_identity:
            told.append((ANY_OWN, makers.leaving.both(by_identity.values())))
            told += [(one.text, bounds) for one, bounds in by_identity.items() if one is not None]
        for text, (gained, possible) in told:
            gained, possible = table.intersection(gained, sure), table.intersection(possible, perhaps)
            if gained or possible:
                yield replace(bought, sure=gained, perhaps=possible, identity=text)
                sure, perhaps = table.difference(sure, gained), table.difference(perhaps, possible)
        if sure or perhaps:
            yield replace(bought, sure=sure, perhaps=perhaps)

    def _buys(self, classes: Iterable[int], place: int, labels: dict[tuple[bool, str], str]) -> tuple[int, int]:
        """Ports that a pod of exactly these labels surely and perhaps gets, of one class at least."""
        pod, home = self._pod(place, labels), self.new_pods.ends[place].namespace
        sure = possible = NONE
        for column in classes:
            if self.makers is None:
                bounds = self._bounds(pod, column)
            else:
                named = (True, NAME_LABEL) in labels
                bounds = self.makers.left(home, column, lambda way: self._bounds(pod, way), named)
            sure, possible = self.table.union(sure, bounds[0]), self.table.union(possible, bounds[1])
        return sure, self.table.difference(possible, sure)

    def _bounds(self, pod: EndClass, column: int) -> tuple[int, int]:
        """Ports that the network surely and possibly lets a pod through to."""
        end = self.relation.universe.ends[column]
        families = self.relation.families(pod, end)[0]
        if not families:
            return NONE, NONE
        cell = self.relation.cell(pod, column, Meeting(families, pod.namespace == end.namespace, None))
        return cell.sure, cell.possible

    def _pod(self, place: int, labels: dict[tuple[bool, str], str]) -> EndClass:
        """A pod of exactly these labels."""
        kind = self.new_pods.ends[place]
        return EndClass(
            "pod",
            kind.namespace or IN_A_NEW_NAMESPACE,
            {key: value for (home, key), value in labels.items() if not home},
            open_ports=True,
            space=kind.space,
            namespace_labels=None
            if kind.namespace is not None
            else {NAME_LABEL: STAND_IN, **{key: value for (home, key), value in labels.items() if home}},
        )


def _shown(labels: dict[tuple[bool, str], str]) -> Labels:
    return tuple((f"{NAMESPACE_LABEL}{key}" if home else key, value) for (home, key), value in sorted(labels.items()))
