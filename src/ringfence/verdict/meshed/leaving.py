"""What a mesh leaves of ports that the network lets through, where the source is no column of the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ringfence.sets.ports import PortTable, protocol_range
from ringfence.verdict.meshed.reach import Reach, Term, Wire

NONE, ALL = PortTable.NONE, PortTable.ALL

Bounds = tuple[int, int]
"""Ports that surely and that possibly get through (the sure ones are among them), as port set numbers."""

Over = Callable[[Term, int], Bounds]
"""What the network says of a way over a waypoint, of some ports."""


class Leaving:
    """Applies reaches to bounds of the network. ``tunnel``: the port at which tunnels arrive."""

    def __init__(self, table: PortTable, tunnel: int) -> None:
        self.table = table
        self.tunnel = tunnel
        self.tcp = table.number((protocol_range("TCP"),))

    def within(self, reach: Reach, bounds: Bounds, over: Over) -> Bounds:
        """What is left of bounds of the network."""
        table = self.table
        sure, possible = (table.difference(one, self.tcp) for one in bounds)
        for region in reach:
            ports = table.number(region.ports)
            told = [self._of_forms(forms, ports, bounds, over) for forms in region.worlds]
            common = ports
            for one, perhaps in told:
                common, possible = table.intersection(common, one), table.union(possible, perhaps)
            sure = table.union(sure, common if told else NONE)
        return sure, table.union(sure, possible)

    def _of_forms(self, forms: Iterable[Term], ports: int, bounds: Bounds, over: Over) -> Bounds:
        table = self.table
        sure = possible = NONE
        for term in forms:
            if term.wire is Wire.PORT:
                one, perhaps = (table.intersection(ports, number) for number in bounds)
            elif term.wire is Wire.TUNNEL:
                one, perhaps = (self.tunnelled(number, ports) for number in bounds)
            else:
                one, perhaps = over(term, ports)
            sure = table.union(sure, one if term.sure else NONE)
            possible = table.union(possible, perhaps)
        return sure, possible

    def tunnelled(self, admitted: int, ports: int) -> int:
        """The ports, if the network admits tunnels."""
        return ports if self.table.contains(admitted, self.tunnel) else NONE

    def over(
        self, columns: Iterable[int], ports: int, first: Callable[[int], Bounds], last: Callable[[int], Bounds]
    ) -> Bounds:
        """Ports over a waypoint, whose pods are of these columns, any of which may be on the way: ``first`` gives what
        the network admits to one of them, ``last`` what it lets through behind it."""
        table = self.table
        sure, possible = ports, NONE
        for way in columns:
            there = [self.tunnelled(number, ports) for number in first(way)]
            behind = last(way)
            sure = table.intersection(sure, table.intersection(there[0], behind[0]))
            possible = table.union(possible, table.intersection(there[1], behind[1]))
        return sure, table.union(sure, possible)

    def either(self, found: Iterable[Bounds]) -> Bounds:
        """Any of several is enough."""
        sure = possible = NONE
        for one, perhaps in found:
            sure, possible = self.table.union(sure, one), self.table.union(possible, perhaps)
        return sure, possible

    def both(self, found: Iterable[Bounds]) -> Bounds:
        """All of several are needed."""
        sure = possible = ALL
        for one, perhaps in found:
            sure, possible = self.table.intersection(sure, one), self.table.intersection(possible, perhaps)
        return sure, possible


__all__ = ["Bounds", "Leaving", "Over"]
