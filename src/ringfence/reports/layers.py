"""What the layers say of rows of ``map``, as cells: encryption, identity, the verdict of each."""

from __future__ import annotations

import re

from ringfence.verdict.answers import Connections, Row, Verdict

NOBODY, UNKNOWN = "-", "?"
_ACCOUNT = re.compile(r"spiffe://[^/]+/ns/([^/]+)/sa/([^/]+)")
AS_WIDTH = 18
LAYERS = ("network", "transport", "requests")


def told(connections: Connections) -> bool:
    """Whether any row tells of layers."""
    return any(row.layers is not None for row in connections.rows)


def verdict_cell(row: Row) -> str:
    """The verdict, and the first layer that has it where that is not allowed: ``mixed (requests)``."""
    asked = row.layers is not None and len(row.layers.verdicts) > 1
    limiting = row.layers.layer if row.layers is not None and asked else ""
    return f"{row.verdict} ({limiting})" if limiting and row.verdict is not Verdict.ALLOWED else str(row.verdict)


def encryption_cell(row: Row) -> str:
    """How it is encrypted; empty where that is not the same for all of the row, or not asked."""
    return (row.layers.encryption or "") if row.layers is not None else ""


def layer_cell(row: Row, layer: str) -> str:
    """What one layer says; empty where it was not asked."""
    said = row.layers.of(layer) if row.layers is not None else None
    return "" if said is None else str(said)


def identity_of(row: Row, connections: Connections, source: str) -> str | None:
    """What who decides about a source's requests authenticates; None: nobody, or it is not known."""
    proven = row.layers is not None and row.layers.proven
    return connections.identities.get(source) if proven else None


def identities(row: Row, connections: Connections) -> list[str]:
    """The identities of a row's sources, each once; ``-`` for nobody, ``?`` where it is not known."""
    if row.layers is None or (row.layers.encryption is None and row.layers.proven is None):
        return []
    if not row.layers.proven:
        return [UNKNOWN if row.layers.proven is None else NOBODY]
    return list(dict.fromkeys(connections.identities.get(source, UNKNOWN) for source in row.sources))


def identity_cell(row: Row, connections: Connections) -> str:
    """The same in few characters: ``shop/frontend``, ``4 identities``."""
    found = identities(row, connections)
    if len(found) != 1:
        return f"{len(found)} identities" if found else ""
    known = _ACCOUNT.fullmatch(found[0])
    text = f"{known[1]}/{known[2]}" if known else found[0]
    return text if len(text) <= AS_WIDTH else f"{text[: AS_WIDTH - 1]}…"
