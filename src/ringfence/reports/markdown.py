"""``map`` as a Markdown table for pull requests and wikis; names can neither break the table nor become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports import layers
from ringfence.reports.folding import Folding
from ringfence.reports.ranges import ports_text
from ringfence.reports.unknowns import unknown_groups
from ringfence.verdict.answers import Connections, Row

MESH_HEADS = ("Encryption", "Identity", "Network", "Transport", "Requests")
_MARKUP = re.compile(r"[\\`*_{}\[\]|~$!]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"}
_ENTITY = re.compile(r"[&<>@#]")


def markdown_cell(text: str) -> str:
    """Text that renders as itself: no emphasis, link, autolink, mention, HTML or table cell comes of it."""
    escaped = _ENTITY.sub(lambda found: _ENTITIES[found.group()], printable(text))
    escaped = _MARKUP.sub(lambda found: f"\\{found.group()}", escaped)
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;").strip()


def _ends(ends: tuple[str, ...], folding: Folding) -> str:
    return "<br>".join(markdown_cell(end) for end in folding.fold(ends))


def _layer_cells(row: Row, connections: Connections) -> str:
    identities = "<br>".join(markdown_cell(one) for one in layers.identities(row, connections))
    allows = markdown_cell(row.layers.allows) if row.layers is not None else ""
    said = [layers.layer_cell(row, layer) for layer in layers.LAYERS]
    if allows:
        said[-1] = f"{said[-1]}: {allows}"
    return "".join(f" {cell} |" for cell in (layers.encryption_cell(row), identities, *said))


def markdown_lines(connections: Connections) -> Iterator[str]:
    """The table, then what it leaves out and what is unknown."""
    folding = Folding(connections.ends)
    layered = layers.told(connections)
    heads = ["Source", "Destination", "Ports", "Verdict", *(MESH_HEADS if layered else ())]
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in connections.rows:
        yield (
            f"| {_ends(row.sources, folding)} | {_ends(row.destinations, folding)} | {ports_text(row.ports)} "
            f"| {row.verdict} |{_layer_cells(row, connections) if layered else ''}"
        )
    if connections.left_out:
        yield ""
        yield f"{connections.left_out} more rows are left out."
    groups = unknown_groups(connections.rows)
    if groups:
        yield ""
        for group in groups:
            decide = f"; decide with: {markdown_cell(group.reason.decide)}" if group.reason.decide else ""
            yield f"- {group.rows} unknown: {markdown_cell(group.reason.message)}{decide}"
