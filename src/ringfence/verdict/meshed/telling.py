"""What passes in one state alone, in texts that are equal for equal sets of requests."""

from __future__ import annotations

from ringfence.layers.network.relation import Relation
from ringfence.model.mesh import Mesh
from ringfence.sets.ports import Intervals, PortTable, canonical
from ringfence.verdict.behaviours import Facts
from ringfence.verdict.grid import Grid, Result
from ringfence.verdict.meshed.compared import ComparedGrid
from ringfence.verdict.meshed.contents import Contents
from ringfence.verdict.meshed.differing import WHOLE
from ringfence.verdict.meshed.reach import Reading


def readings(relation: Relation, mesh: Mesh) -> tuple[Grid, Grid]:
    """Everything that passes: for clients as they are configured, and for those who control their pods."""
    contents, nothing = Contents(), Facts(None, (), PortTable())
    grids = [
        ComparedGrid(relation, mesh, reading, contents, lambda _: nothing)
        for reading in (Reading.CONFIGURED, Reading.UNBOUND)
    ]
    return grids[0], grids[1]


def requests_of(grid: Grid, result: Result) -> tuple[tuple[str, Intervals], ...]:
    """The requests of a result of such a grid, where the verdicts do not say them."""
    assert isinstance(grid, ComparedGrid)
    found: dict[str, Intervals] = {}
    for ports, content in result.passed:
        text = grid.contents.identity(content)
        if text not in WHOLE:
            found[text] = canonical(found.get(text, ()) + grid.relation.ports.intervals(ports))
    return tuple(sorted(found.items()))
