"""Requests in documents, with the keys of ``can --flows``."""

from __future__ import annotations

from typing import Any

from ringfence.reports.documents import Document
from ringfence.verdict.meshed.request import Request


class RequestDocument(Document, frozen=True):
    """A request; ``path`` with its query; ``jwt`` null: it has no token."""

    method: str
    path: str
    host: str
    headers: dict[str, str]
    jwt: dict[str, Any] | None


def request_document(request: Request) -> RequestDocument:
    """The document of a request."""
    return RequestDocument(
        method=request.method,
        path=request.target,
        host=request.host,
        headers=dict(request.headers),
        jwt=nested_claims(request),
    )


def nested_claims(request: Request) -> dict[str, Any] | None:
    """The claims of a request's token, as ``can --flows`` takes them."""
    if request.claims is None:
        return None
    found: dict[str, Any] = {}
    for path, value in request.claims.items():
        where = found
        for name in path[:-1]:
            inner = where.setdefault(name, {})
            where = inner if isinstance(inner, dict) else where
        where[path[-1]] = value if isinstance(value, str) else list(value)
    return found
