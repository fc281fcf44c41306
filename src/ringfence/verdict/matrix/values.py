"""The matrix as values.

Ends (workloads or pods, nodes, ranges of addresses) that no policy can tell apart share a *unit*; the matrix is one of
units. Units up to ``Matrix.base`` are of one class each; a later unit belongs to a workload whose replicas differ, and
its cells are those of its parts, folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ringfence.sets.ports import Intervals, intersect
from ringfence.values import Value, field
from ringfence.verdict.answers import LAYERS, Decision, Reason, Verdict

if TYPE_CHECKING:
    from ringfence.verdict.meshed.apart import Told


class Line(Value):
    """Some ports of a cell and their verdict. Ports in no line are denied."""

    ports: Intervals
    verdict: Verdict
    reason: Reason | None = None
    told: Told | None = None
    """What each layer says, where a mesh has a say: then the lines of a cell have all ports, also those denied."""


Lines = tuple[Line, ...]


class Cell(Value):
    """All ports between two units. ``apart``: where it matters whether two pods share a node, the lines of each answer
    that occurs, after words that name it. ``closed``: no policy is asked, and why."""

    lines: Lines = ()
    apart: tuple[tuple[str, Lines], ...] = ()
    closed: str = ""


DENIED = Cell()
NO_FLOW = Cell(closed="no pod is at either end")
NO_FAMILY = Cell(closed="the two ends have no address family in common")
ITSELF = Cell(closed="a pod always reaches its own address")
FIRST_CELLS = (DENIED, NO_FLOW, NO_FAMILY, ITSELF)
"""The cells that every matrix begins with."""


class Part(Value):
    """Pods of a workload that share a unit. ``count`` counts a template as often as it asks for."""

    unit: int
    pods: tuple[str, ...]
    count: int


class MatrixEnd(Value):
    """One row and column. ``sort``: pod, node or outside. ``itself`` numbers the cell of the end towards itself.
    ``parts`` is empty where all its pods share the unit. ``space``: the addresses that an end outside is."""

    name: str
    namespace: str
    sort: str
    kind: str
    pods: int
    unit: int
    itself: int
    parts: tuple[Part, ...] = ()
    space: Intervals = ()


class Segment(Value):
    """Some ports of one direction. ``outcome`` is what it says, whatever the other direction does; mixed: in one
    address family only. ``decisions``: who decides it, or, where it is not known or mixed, who has a say. ``passed``:
    nothing after a Pass rule denied. ``unseen``: the plugin does not filter such traffic, and why."""

    ports: Intervals
    outcome: Verdict
    decisions: tuple[Decision, ...] = ()
    passed: bool = False
    unseen: str = ""


class Side(Value):
    """One direction of some cells: egress of the source, or ingress of the destination. ``own_node``: the pod's own
    node is exempt from what the segments say, and surely so (True), or only with some plugins (None)."""

    segments: tuple[Segment, ...]
    own_node: bool | None = False


class SideRow(Value):
    """The sides of one subject towards every base unit: ``numbers`` holds an index into ``sides`` for each of them."""

    sides: tuple[int, ...]
    numbers: Numbers


class Numbers(Value):
    """Small numbers in byte planes, lowest first: as text of bytes they compress well and are made at C speed."""

    planes: tuple[bytes, ...]

    def values(self) -> Sequence[int]:
        """All numbers."""
        if len(self.planes) == 1:
            return self.planes[0]
        return [sum(parts) for parts in zip(*self._weighed(), strict=True)]

    def _weighed(self) -> Iterable[Iterable[int]]:
        for number, plane in enumerate(self.planes):
            yield [value << 8 * number for value in plane] if number else plane

    def __getitem__(self, index: int) -> int:
        return sum(plane[index] << 8 * number for number, plane in enumerate(self.planes))


class Matrix(Value):
    """``rows[row_of[d]]`` numbers the cells towards unit ``d``, by source. ``egress[u]`` and ``ingress[u]`` index
    ``side_rows``; -1 for units without policies (nodes, addresses) and for those that have parts. Direction "egress" is
    from the unit to each base unit, "ingress" from each to the unit."""

    ends: tuple[MatrixEnd, ...]
    base: int
    units: int
    cells: tuple[Cell, ...]
    rows: tuple[Numbers, ...]
    row_of: tuple[int, ...]
    sides: tuple[Side, ...]
    side_rows: tuple[SideRow, ...]
    egress: tuple[int, ...]
    ingress: tuple[int, ...]
    partial: bool = False
    layers: tuple[str, ...] = LAYERS
    identities: tuple[str | None, ...] = ()
    """Of each base unit its identity in a mesh."""
    waypoints: Mapping[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)
    """The base units of the pods of each waypoint that a cell's stories name."""

    def cell(self, source: int, destination: int) -> Cell:
        """The cell of two ends, by number."""
        if source == destination:
            return self.cells[self.ends[source].itself]
        return self.cells[self.number(self.ends[source].unit, self.ends[destination].unit)]

    def number(self, source: int, destination: int) -> int:
        """The number of the cell of two units."""
        return self.rows[self.row_of[destination]][source]

    def side(self, source: int, destination: int, egress: bool) -> Side | None:
        """One direction between two base units; None where policies do not govern it."""
        row = (self.egress if egress else self.ingress)[source if egress else destination]
        if row < 0:
            return None
        found = self.side_rows[row]
        return self.sides[found.sides[found.numbers[destination if egress else source]]]


def verdict_at(lines: Lines, key: int) -> Verdict:
    """The verdict of one port."""
    one = ((key, key),)
    return next((line.verdict for line in lines if intersect(line.ports, one)), Verdict.DENIED)
