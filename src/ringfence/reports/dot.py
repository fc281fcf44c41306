"""``map`` as a Graphviz graph: namespaces as clusters, dashed what is unknown or mixed.

A row with many sources and destinations is drawn through one small junction, which means every pair of the two sides;
so the graph stays exact and grows with the rows, not with the pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports import layers
from ringfence.reports.folding import namespace_of
from ringfence.sets.ports import describe
from ringfence.verdict.answers import Connections, Row, Verdict


def dot_string(text: str) -> str:
    """A quoted DOT string that shows the text as it is: no attribute, no line break, no escape comes of it."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def dot_lines(connections: Connections) -> Iterator[str]:
    """The graph. Nodes are named by number, so that no name can clash with another."""
    names = dict.fromkeys(end for row in connections.rows for end in (*row.sources, *row.destinations))
    numbers = {name: f"n{number}" for number, name in enumerate(names)}
    yield "digraph ringfence {"
    yield "  rankdir=LR;"
    yield "  node [shape=box, fontname=monospace];"
    yield "  edge [fontname=monospace];"
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        namespace = namespace_of(name) if connections.level != "namespace" else None
        groups[namespace or ""].append(name)
    for number, (namespace, members) in enumerate(groups.items()):
        indent = "  "
        if namespace:
            yield f"  subgraph cluster_{number} {{"
            yield f"    label={dot_string(namespace)};"
            indent = "    "
        for name in members:
            yield f"{indent}{numbers[name]} [label={dot_string(name)}];"
        if namespace:
            yield "  }"
    for number, row in enumerate(connections.rows):
        yield from _edges(row, number, numbers, connections)
    if connections.left_out:
        yield f"  rest [shape=note, label={dot_string(f'{connections.left_out} more rows are left out')}];"
    yield "}"


def _over(row: Row, connections: Connections) -> str:
    """How it is encrypted, as whom the source is known, and which requests pass."""
    if row.layers is None:
        return ""
    over = layers.encryption_cell(row)
    proven = f" as {layers.identity_cell(row, connections)}" if row.layers.proven else ""
    passing = f": {row.layers.allows}" if row.layers.allows else ""
    return (f", {'not encrypted' if over == 'none' else f'over {over}'}{proven}" if over else "") + passing


def _edges(row: Row, number: int, numbers: dict[str, str], connections: Connections) -> Iterator[str]:
    sure = row.verdict is Verdict.ALLOWED
    verdict = "" if sure else f" ({layers.verdict_cell(row).replace(' (', ': ')})".replace("))", ")")
    label = describe(row.ports) + verdict + _over(row, connections)
    dashed = "" if sure else f", style={'dotted' if row.verdict is Verdict.DENIED else 'dashed'}"
    if len(row.sources) * len(row.destinations) <= len(row.sources) + len(row.destinations):
        for source in row.sources:
            for destination in row.destinations:
                yield f"  {numbers[source]} -> {numbers[destination]} [label={dot_string(label)}{dashed}];"
        return
    junction = f"j{number}"
    yield f"  {junction} [shape=point, xlabel={dot_string(label)}];"
    for source in row.sources:
        yield f"  {numbers[source]} -> {junction} [arrowhead=none{dashed}];"
    for destination in row.destinations:
        yield f"  {junction} -> {numbers[destination]} [dir=forward{dashed}];"
