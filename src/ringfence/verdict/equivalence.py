"""``equivalent``: whether two states allow the same flows, or one of them only what the other allows too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.sets.ports import PROTOCOLS
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.behaviours import Behaviour
from ringfence.verdict.changes import OF_PROTECTION, NotCompared
from ringfence.verdict.comparing import Changed, Comparison
from ringfence.verdict.end_names import EndNames
from ringfence.verdict.pairing import NOWHERE, Pair

if TYPE_CHECKING:
    from ringfence.verdict.meshed.causes import LayeredAttribution
    from ringfence.verdict.meshed.differing import Differing
    from ringfence.verdict.meshed.request import Request


class Order(StrEnum):
    """How what one state allows lies in what the other allows. ``WITHIN``: everything that the first allows the second
    allows too, and more. ``DIFFERENT``: they are not equal, and whether one is within the other is not decided."""

    EQUAL = "equal"
    WITHIN = "within"
    CONTAINS = "contains"
    NEITHER = "neither"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


class Witness(Value):
    """One flow that tells two states apart. None: the state lacks an end of it. ``request``: it is this one over the
    flow that does; ``unbound``: for clients who control their pods."""

    source: str
    destination: str
    port: str
    before: Verdict | None
    after: Verdict | None
    request: Request | None = None
    unbound: bool = False


class Equivalence(Value):
    """``more`` is a flow that only the first allows, ``less`` one that only the second does, ``unclear`` one on which
    the answer hangs. ``universal``: of every possible cluster, not only of these. ``why``: what stands in the way of a
    decision. ``layered``: all layers were compared, as either state has a mesh."""

    order: Order
    more: Witness | None = None
    less: Witness | None = None
    unclear: Witness | None = None
    universal: bool = False
    why: tuple[NotCompared, ...] = ()
    partial: bool = False
    layered: bool = False


Within = bool | None
"""Whether everything that one side allows the other allows too; None: not decided."""

_RANKS = {Verdict.DENIED: 0, Verdict.MIXED: 1, Verdict.ALLOWED: 2}


def within(left: Verdict, right: Verdict) -> Within:
    """Whether a verdict allows no more than another one, whatever the open facts are."""
    if left is right is not Verdict.UNKNOWN or left is Verdict.DENIED or right is Verdict.ALLOWED:
        return True
    if Verdict.UNKNOWN in (left, right):
        return None
    return _RANKS[left] <= _RANKS[right]


def both(one: Within, other: Within) -> Within:
    """False where either is; True only where both are."""
    if one is False or other is False:
        return False
    return True if one and other else None


def order_of(forth: Within, back: Within) -> Order:
    """The order of two sets, from whether each is within the other."""
    if forth is None or back is None:
        return Order.UNDECIDED
    if forth:
        return Order.EQUAL if back else Order.WITHIN
    return Order.CONTAINS if back else Order.NEITHER


class Ordering:
    """Compares what two relations allow. ``destinations``: the kinds of these only (-1: all); ``possible``: the sources
    that can meet a destination, where not all can; ``layered`` finds requests as witnesses, where there is a mesh."""

    def __init__(
        self,
        comparison: Comparison,
        destinations: int = -1,
        possible: Callable[[int, int], int] | None = None,
        layered: LayeredAttribution | None = None,
    ) -> None:
        self.comparison = comparison
        self.layered = layered
        self.destinations = destinations
        self.possible = possible
        self.names = EndNames(comparison, "pod")

    def compare(self) -> Equivalence:
        """The order, with a flow for each side."""
        forth: Within = True
        back: Within = True
        more: Witness | None = None
        less: Witness | None = None
        unclear: Witness | None = None
        for changed in self.comparison.cells(destinations=self.destinations):
            if self.possible is not None:
                mask = self.possible(changed.mask, changed.destination)
                if not mask:
                    continue
                changed = replace(changed, mask=mask)
            for before, after, port, differing in self._verdicts(changed):
                one, other = within(before, after), within(after, before)
                if differing is not None and not differing.plain:
                    one, other = differing.within, differing.contains
                if one is other is True:
                    continue
                found = self._witness(changed, before, after, port)
                if found is None:
                    continue
                forth, back = both(forth, one), both(back, other)
                if one is False and more is None:
                    more = self._asked(found, differing, port, False)
                if other is False and less is None:
                    less = self._asked(found, differing, port, True)
                unclear = unclear or (found if one is None or other is None else None)
            if forth is False and back is False:
                break
        order = order_of(forth, back)
        unclear = unclear if order is Order.UNDECIDED else None
        return Equivalence(order, more, less, unclear, layered=self.comparison.layered)

    def _asked(self, witness: Witness, differing: Differing | None, port: int, gained: bool) -> Witness:
        """The witness with a request, where one is needed to tell the states apart."""
        if differing is None or self.layered is None:
            return witness
        unbound = differing.aspect.value == "unbound"
        names = witness.source, witness.destination
        telling = self.layered.telling((names, names), port, differing)
        request = telling.gained if gained else telling.lost
        if request is None:
            return replace(witness, unbound=unbound)
        before, after = (
            self.layered.verdict(asker, names, port, request, differing.aspect) for asker in self.layered.askers
        )
        return replace(witness, before=before, after=after, request=request, unbound=unbound)

    def _verdicts(self, changed: Changed) -> Iterator[tuple[Verdict, Verdict, int, Differing | None]]:
        table = self.comparison.table
        if changed.before is None or changed.after is None:
            number = changed.after if changed.before is None else changed.before
            assert number is not None
            for verdict, port in _allowing(table.values[number]):
                old, new = (Verdict.DENIED, verdict) if changed.before is None else (verdict, Verdict.DENIED)
                yield old, new, port, None
            return
        for one in table.transitions(changed.before, changed.after):
            # What protects a flow is no matter of what is allowed.
            if one.differing is None or one.differing.change not in OF_PROTECTION:
                yield one.before, one.after, one.ports[0][0], one.differing
        unsaid = table.undecided(changed.before, changed.after)
        if unsaid:
            yield Verdict.UNKNOWN, Verdict.UNKNOWN, unsaid[0][0], None

    def _witness(self, changed: Changed, before: Verdict, after: Verdict, port: int) -> Witness | None:
        """A flow between two ends, if there are two."""
        kinds = self.comparison.kinds
        nobody: tuple[Pair, ...] = ((NOWHERE, NOWHERE),)
        rights = changed.destinations or kinds[changed.destination].pairs or nobody
        for source in columns_of(changed.mask):
            lefts = changed.sources or kinds[source].pairs or nobody
            if source == changed.destination and not (len(lefts) > 1 or self.comparison.several(source)):
                continue
            second = rights[-1] if source == changed.destination else rights[0]
            return Witness(
                self.names.pod_or_other(source, lefts[0]),
                self.names.pod_or_other(changed.destination, second),
                f"{port & 0xFFFF}/{PROTOCOLS[port >> 16]}",
                None if changed.before is None else before,
                None if changed.after is None else after,
            )
        return None


def _allowing(behaviour: Behaviour) -> Iterator[tuple[Verdict, int]]:
    for verdict, ports in behaviour.whole.by_verdict().items():
        if ports and verdict is not Verdict.DENIED:
            yield verdict, ports[0][0]
