"""The joined relation of a world: of the network alone, or of all layers."""

from __future__ import annotations

from ringfence.layers.network.relation import Relation
from ringfence.model.mesh import Mesh
from ringfence.verdict.grid import Grid


def grid_of(relation: Relation, mesh: Mesh | None, unbound: bool = False) -> Grid:
    """All rows, joined. ``unbound``: for clients who control their pods; else as they are configured."""
    if mesh is None:
        return Grid(relation)
    from ringfence.verdict.meshed.grid import MeshedGrid
    from ringfence.verdict.meshed.reach import Reading

    return MeshedGrid(relation, mesh, Reading.UNBOUND if unbound else Reading.CONFIGURED)
