"""What rows of ``diff`` say of requests, encryption and identity, in words. Safe to print."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.verdict.changes import AskedRequest, DiffRow, Edge
from ringfence.verdict.meshed.request import Request

WHOLE = {"all", "none", "perhaps all"}
"""Sets of requests that a verdict says already."""
LONGEST = 160
"""Characters of a set of requests that a cell holds; -o json has all."""


def layers_text(row: DiffRow, wide: bool = False) -> str:
    """``requests: all -> method GET``, ``mtls -> not encrypted``: what of a row its verdicts do not say."""
    layers = row.layers
    if layers is None:
        return ""
    words: list[str] = []
    if row.joined:
        words.append("where allowed in both")
    if layers.aspect == "unbound":
        words.append("for who controls the client's pod")
    before, after = layers.before, layers.after
    if before is not None and after is not None:
        if layers.aspect == "wire":
            words.append(f"between nodes: {_encrypted(before)} -> {_encrypted(after)}")
        elif layers.aspect == "protection":
            words.extend(_protection(before, after))
        elif {before.requests, after.requests} - WHOLE:
            words.append(f"requests: {_short(before.requests, wide)} -> {_short(after.requests, wide)}")
    elif (edge := before or after) is not None and edge.requests not in WHOLE:
        words.append(f"requests: {_short(edge.requests, wide)}")
    if layers.aspect == "configured" and any(edge is not None and not edge.holds for edge in (before, after)):
        words.append("the witness is denied by its own configuration alone")
    return printable("; ".join(words))


def _protection(before: Edge, after: Edge) -> Iterator[str]:
    if before.encryption != after.encryption:
        yield f"{_encrypted(before)} -> {_encrypted(after)}"
    if before.identity != after.identity:
        yield f"{_known(before)} -> {_known(after)}"


def _encrypted(edge: Edge) -> str:
    return {"none": "not encrypted", "unknown": "not known"}.get(edge.encryption, edge.encryption)


def _known(edge: Edge) -> str:
    return f"as {edge.identity}" if edge.identity else "as nobody"


def _short(text: str, wide: bool) -> str:
    return text if wide or len(text) <= LONGEST else f"{text[:LONGEST]}..."


def request_text(request: Request) -> str:
    """``GET /orders, host a, header x-user: me, jwt iss=b``. Safe to print."""
    words = [f"{request.method} {request.target}"]
    words += [f"host {request.host}"] if request.host else []
    words += [f"header {name}: {value}" for name, value in request.headers.items()]
    for path, value in (request.claims or {}).items():
        texts = value if isinstance(value, str) else ", ".join(value)
        words.append(f"jwt {'.'.join(path)}={texts}")
    if request.claims is not None and not request.claims:
        words.append("an empty jwt")
    return printable(", ".join(words))


def asked_texts(row: DiffRow) -> Iterator[str]:
    """The requests that tell the states apart, each with what both say. Safe to print."""
    for asked in (row.witness.gained, row.witness.lost):
        if asked is not None:
            yield f"{request_text(asked.request)}: {_verdicts(asked)}"


def _verdicts(asked: AskedRequest) -> str:
    """Of the states that have the ends."""
    every = ((asked.before, "before"), (asked.after, "after"))
    return ", ".join(f"{verdict} {word}" for verdict, word in every if verdict is not None)
