"""The joined relation of a world: of the network alone, or of all layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ringfence.layers.network.relation import Relation
from ringfence.model.mesh import Mesh
from ringfence.model.mesh_edits import Written
from ringfence.verdict.ends import EndError
from ringfence.verdict.grid import Grid

if TYPE_CHECKING:
    from ringfence.verdict.connections import Lister
    from ringfence.verdict.coverage import Surveyor
    from ringfence.verdict.meshed.asking import MeshedAsker


def surveyor_of(relation: Relation, lister: Lister, mesh: Mesh | None, written: Written) -> Surveyor:
    """What measures coverage, in every layer. ``written`` gives the data of objects of the mesh."""
    from ringfence.verdict.coverage import Surveyor

    closing = next_steps = None
    if mesh is not None:
        from ringfence.verdict.meshed.closing import closing_of
        from ringfence.verdict.meshed.next_steps import next_steps_of

        closing, next_steps = closing_of(mesh), next_steps_of(mesh, written)
    return Surveyor(relation, lister.workloads, lister.asker.directory, closing, next_steps)


def grid_of(relation: Relation, mesh: Mesh | None, unbound: bool = False) -> Grid:
    """All rows, joined. ``unbound``: for clients who control their pods; else as they are configured."""
    if mesh is None:
        return Grid(relation)
    from ringfence.verdict.meshed.grid import MeshedGrid
    from ringfence.verdict.meshed.reach import Reading

    return MeshedGrid(relation, mesh, Reading.UNBOUND if unbound else Reading.CONFIGURED)


def lister_of(lister: Lister, mesh: Mesh | None, meshed: Callable[[], MeshedAsker], layer: str, denied: bool) -> Lister:
    """A lister of what all layers say, or of one alone (``layer``). Raises EndError where there is no such layer."""
    from ringfence.verdict.connections import Lister
    from ringfence.verdict.meshed.values import LAYERS, NETWORK

    if layer and layer not in LAYERS:
        raise EndError(f"{layer!r} is no layer", f"layers: {', '.join(LAYERS)}")
    if mesh is None:
        if layer not in ("", NETWORK):
            raise EndError(f"the input shows no mesh, so there is no layer {layer!r}", "ask without a layer")
        return Lister(lister.asker, lambda: lister.grid, denied) if denied else lister
    from ringfence.verdict.meshed.layered_grid import LayeredGrid
    from ringfence.verdict.meshed.listing import LayeredLister

    if lister.layers is None:
        lister.layers = LayeredGrid(lister.relation, mesh)
    grid = lister.layers
    return LayeredLister(lister.asker, lambda: grid, mesh, meshed, layer, denied)
