"""``map`` as CSV, one line a pair of ends, so that spreadsheets and grep can filter it (RFC 4180).

A cell that a spreadsheet would run as a formula gets an apostrophe in front; other control characters are escaped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports import layers
from ringfence.sets.ports import describe
from ringfence.verdict.answers import Connections

HEADS = (
    *("source", "destination", "ports", "verdict", "reason", "decide_with"),
    *("encryption", "identity", "network", "transport", "requests", "passing", "limited_by"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_cell(text: str) -> str:
    """One cell, inert."""
    shown = printable(text)
    return f"'{shown}" if text.lstrip(" ").startswith(_FORMULA) or shown.startswith("'") else shown


def csv_lines(connections: Connections) -> Iterator[str]:
    """Head and lines without line ends. The product of sources and destinations is written as it is made."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")

    def line(cells: tuple[str, ...]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue()

    yield line(HEADS)
    for row in connections.rows:
        tail = (
            csv_cell(describe(row.ports)),
            str(row.verdict),
            csv_cell(row.reason.message if row.reason else ""),
            csv_cell(row.reason.decide if row.reason else ""),
            layers.encryption_cell(row),
        )
        said = (
            *(layers.layer_cell(row, layer) for layer in layers.LAYERS),
            csv_cell(row.layers.allows if row.layers is not None else ""),
            row.layers.layer if row.layers is not None else "",
        )
        for source in row.sources:
            identity = csv_cell(layers.identity_of(row, connections, source) or "")
            for destination in row.destinations:
                yield line((csv_cell(source), csv_cell(destination), *tail, identity, *said))
