"""Ways in as steps of an attacker: from the internet to the pods behind each, and through controllers that the input
lacks from pods too.

A controller that is in the input is a pod like any other: who reaches it goes on from there by policy.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.ends import EndClass
from ringfence.model.policy import Direction
from ringfence.sets.ports import Intervals, canonical, subtract
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Target
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.spreading import Passage
from ringfence.verdict.ways_in.finder import WaysInFinder
from ringfence.verdict.ways_in.values import WayIn


def passages(
    asker: Asker, controller: Target | None = None, from_internet: bool = True, meshed: MeshedAsker | None = None
) -> tuple[Passage, ...]:
    """The steps that ways in are; those between the same ends on the same ports are one. ``from_internet`` False: only
    those that pods may take too. ``meshed``: all layers are asked."""
    merged: dict[tuple[int, int, int, bool], list[WayIn]] = {}
    for sources, destinations, ports, perhaps, way in _Steps(asker, controller, meshed).found(from_internet):
        merged.setdefault((sources, destinations, asker.relation.ports.number(ports), perhaps), []).append(way)
    return tuple(Passage(*key, tuple(ways)) for key, ways in merged.items())


class _Steps:
    def __init__(self, asker: Asker, controller: Target | None, meshed: MeshedAsker | None) -> None:
        self.relation = asker.relation
        self.universe = asker.relation.universe
        self.finder = WaysInFinder(asker, controller, apart=True, meshed=meshed)
        self.controller = controller or self.finder.sources.some_pod
        self.internet = sum(
            1 << member.end for member in asker.directory.find("internet").members if isinstance(member.end, int)
        )
        self._inside: int | None = None

    def found(self, from_internet: bool) -> Iterator[tuple[int, int, Intervals, bool, WayIn]]:
        """(source columns, destination columns, ports, not decided, the way)."""
        for way in self.finder.found().ways if from_internet else self.finder.relayed():
            if way.verdict is Verdict.DENIED or len(way.hops) > 1:
                continue
            columns = 0
            for index in way.pods:
                columns |= 1 << self.universe.class_of_pod[index]
            sure, perhaps = _ports(way)
            if sure and from_internet:
                yield self.internet, columns, sure, False, way
            if perhaps and from_internet:
                yield self.internet, columns, perhaps, True, way
            if way.relayed and (sure or perhaps) and self.inside:
                yield self.inside, columns, canonical(sure + perhaps), True, way

    @property
    def inside(self) -> int:
        """The pods that may send to a controller that the input lacks."""
        if self._inside is None:
            by_key: dict[int, bool] = {}
            found = 0
            for column in range(self.universe.pods):
                key = id(self.relation.row(column, Direction.EGRESS))
                if key not in by_key:
                    by_key[key] = self._may_send(column)
                found |= by_key[key] << column
            self._inside = found
        return self._inside

    def _may_send(self, column: int) -> bool:
        end = self.universe.ends[column]
        for member in self.controller.members:
            for other in member.alternatives or (member.end,):
                known = self.relation.end_class(other)
                families = self.relation.families(end, known)[0]
                if not families:
                    continue
                program = self.relation.program(column, other, Direction.EGRESS)
                meeting = Meeting(families, _same(end, known), None)
                if self.relation.cells.cell(program, 0, meeting).possible:
                    return True
        return False


def _same(end: EndClass, other: EndClass) -> bool:
    return end.namespace is not None and end.namespace == other.namespace


def _ports(way: WayIn) -> tuple[Intervals, Intervals]:
    """The ports that are surely let through, for some client at least, and those that perhaps are."""
    (hop,) = way.hops
    parts = [part for answer in hop.answers for part in answer.parts]
    # Of a mixed part some requests pass: an attacker sends those.
    surely = (Verdict.ALLOWED, Verdict.MIXED)
    sure = canonical(one for part in parts if part.verdict in surely for one in part.ports)
    perhaps = canonical(one for part in parts if part.verdict is not Verdict.DENIED for one in part.ports)
    if len(hop.answers) > 1 and hop.verdict is not Verdict.ALLOWED and hop.passing is None:
        # Which of the sources it is, is not known.
        return (), perhaps
    return sure, subtract(perhaps, sure)
