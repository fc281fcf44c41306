"""``map`` as a plain table in kubectl's manner: upper-case heads, columns aligned by spaces, no lines, no wrapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringfence.model.text import printable
from ringfence.reports import layers
from ringfence.reports.answer_text import reason_text
from ringfence.reports.folding import Folding
from ringfence.reports.ranges import ports_text
from ringfence.reports.style import PLAIN, Style
from ringfence.reports.unknowns import unknown_lines
from ringfence.sets.ports import Intervals
from ringfence.verdict.answers import Connections, Row

ENDS_WIDTH = 39
PORTS_WIDTH = 25
"""Characters of the cells of the narrow table: with the verdict they fill 120 columns, unless one name alone is longer.
What has no room is counted; ``-o wide`` names all."""

MESH_ENDS_WIDTH = 24
MESH_PORTS_WIDTH = 14
"""The same where a mesh adds columns."""
MESH_HEADS = ("OVER", "AS")
MESH_HEADS_WIDE = ("ENCRYPTION", "IDENTITY", "NETWORK", "TRANSPORT", "REQUESTS", "PASSING", "REASON")


def ends_cell(ends: tuple[str, ...], folding: Folding, wide: bool) -> str:
    """Ends in the width of their column, or all of them. Safe to print."""
    return printable(", ".join(folding.fold(ends)) if wide else folding.narrow(ends, ENDS_WIDTH))


def ports_cell(ports: Intervals, wide: bool, width: int = PORTS_WIDTH) -> str:
    """Ports in the width of their column, or all of them."""
    text = ports_text(ports)
    if wide or len(text) <= width:
        return text
    words = text.split(", ")
    kept = len(words) - 1
    while kept > 1 and len(", ".join(words[:kept])) + len(", +9 more") > width:
        kept -= 1
    return f"{', '.join(words[:kept])}, +{len(words) - kept} more" if kept else text


def _cells(row: Row, folding: Folding, wide: bool) -> list[str]:
    cells = [
        ends_cell(row.sources, folding, wide),
        ends_cell(row.destinations, folding, wide),
        ports_cell(row.ports, wide),
        str(row.verdict),
    ]
    if wide:
        cells.append(reason_text(row.reason) if row.reason else "")
    return cells


def _layered_cells(row: Row, folding: Folding, wide: bool, connections: Connections) -> list[str]:
    ends = [
        printable(", ".join(folding.fold(own)) if wide else folding.narrow(own, MESH_ENDS_WIDTH))
        for own in (row.sources, row.destinations)
    ]
    cells = [
        *ends,
        ports_cell(row.ports, wide, MESH_PORTS_WIDTH),
        layers.verdict_cell(row),
        layers.encryption_cell(row),
    ]
    if not wide:
        return [*cells, printable(layers.identity_cell(row, connections))]
    cells.append(printable(", ".join(layers.identities(row, connections))))
    cells += [layers.layer_cell(row, layer) for layer in layers.LAYERS]
    allows = row.layers.allows if row.layers is not None else ""
    return [*cells, printable(allows), reason_text(row.reason) if row.reason else ""]


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Head and rows, every cell but the last padded to its column."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in (heads, *rows):
        yield [*(cell.ljust(width) for cell, width in zip(cells[:-1], widths[:-1], strict=True)), cells[-1]]


def table_lines(connections: Connections, style: Style = PLAIN, wide: bool = False) -> Iterator[str]:
    """Head and rows, nothing else: what is left out or unknown is said by ``footer_lines``."""
    folding = Folding(connections.ends)
    if layers.told(connections):
        heads = ["SOURCE", "DESTINATION", "PORTS", "VERDICT", *(MESH_HEADS_WIDE if wide else MESH_HEADS)]
        rows = [_layered_cells(row, folding, wide, connections) for row in connections.rows]
    else:
        heads = ["SOURCE", "DESTINATION", "PORTS", "VERDICT", *(["REASON"] if wide else [])]
        rows = [_cells(row, folding, wide) for row in connections.rows]
    if not rows:
        return
    head, *body = aligned(heads, rows)
    yield style.strong("   ".join(head)).rstrip()
    for row, cells in zip(connections.rows, body, strict=True):
        cells[3] = style.paint(cells[3], str(row.verdict))
        yield "   ".join(cells).rstrip()


def footer_lines(connections: Connections) -> Iterator[str]:
    """How many rows there are, how many were cut off, and the unknown ones by reason."""
    if not connections.rows and not connections.left_out:
        yield f"no connections between the {len(connections.ends)} ends at {connections.level} level"
    if connections.left_out:
        noun = "row is" if connections.left_out == 1 else "rows are"
        yield f"{connections.left_out} more {noun} left out (--limit)"
    for note in connections.notes:
        yield f"note: {printable(note)}"
    yield from unknown_lines(connections.rows)
