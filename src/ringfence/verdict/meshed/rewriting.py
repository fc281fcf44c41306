"""What becomes of one request on its way: proxies that route it may change it before they send it on.

Of all requests together this is not worked out: the rules of such routes are unsettled for them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.residue import residue
from ringfence.model.mesh import RequestRules
from ringfence.model.rewriting import Rewriting
from ringfence.sets.requests.attributes import Attribute, query
from ringfence.sets.requests.formulas import ALWAYS, NEVER
from ringfence.sets.requests.request import Value as Said
from ringfence.values import Value, replace
from ringfence.verdict.meshed.request import Request


class Became(Value):
    """The ``request`` that is sent on; None: it is not known, and why (``unsure``)."""

    request: Request | None
    unsure: str = ""


def for_one(rules: RequestRules, request: object, values: Mapping[Attribute, Said | None]) -> RequestRules:
    """The rules that hold for a request: those for a single one, where what becomes of it is known."""
    if rules.alone is None or not isinstance(request, Request):
        return rules
    unsure = became(rules, request, values, "").unsure
    if not unsure:
        return rules.alone
    return replace(rules, unsettled=tuple((source, f"{why}: {unsure}") for source, why in rules.unsettled))


def became(rules: RequestRules, request: Request, values: Mapping[Attribute, Said | None], normal: str) -> Became:
    """What a proxy with these rules sends on of a request that says these values. ``normal``: its path as proxies
    compare it."""
    if rules.alone is None:
        return Became(None if rules.moved else request)
    facts = Facts(values, frozenset(query(name) for name, value in request.query.items() if value is None))
    for formula, rewriting in rules.alone.rewrites:
        taken = residue(formula, facts)
        if taken == NEVER:
            continue
        if taken != ALWAYS:
            return Became(None, "which route takes the request is not known")
        if rewriting.unsure:
            return Became(None, rewriting.unsure)
        return Became(_rewritten(request, rewriting, normal))
    return Became(request)


def _rewritten(request: Request, rewriting: Rewriting, normal: str) -> Request:
    path = rewriting.path_of(normal or request.path)
    path = path.partition("?")[0].partition("#")[0]
    headers = rewriting.headers_of(request.headers)
    return dataclasses.replace(
        request,
        path=path if path.startswith("/") else f"/{path}",
        host=rewriting.host or request.host,
        headers=headers,
        repeated={
            name: several for name, several in request.repeated.items() if headers.get(name) == request.headers[name]
        },
    )


__all__ = ["Became", "became", "for_one"]
