"""Facts that are open, in words, and whether they can hold together.

What hangs on the labels of one namespace is open for both ends of a connection, and for what the client's proxy knows
of its destination; but a namespace has one set of labels. Every fact that speaks of a namespace says all the cases in
which it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ringfence.model.mesh import Membership, Proxy

NO_LABEL, LABELLED = "namespace {} has no label of Istio", "namespace {} is labelled {}={}"
CLIENT = "the client's proxy is {}"
NAMES = {Proxy.NODE: "ztunnel", Proxy.SIDECAR: "a sidecar"}
"""What a client's proxy is called in facts."""
_CASE = re.compile(r"namespace (\S+) (has no label of Istio|is labelled [^\s,]+)")
_PROXIES = {CLIENT.format(name): proxy for proxy, name in NAMES.items()}


def cases(fact: str) -> dict[str, set[str]]:
    """The namespaces that a fact speaks of, each with the labels under which it holds."""
    found: dict[str, set[str]] = {}
    for namespace, case in _CASE.findall(fact):
        found.setdefault(namespace, set()).add(case)
    return found


def together(facts: Iterable[str], client: Membership | None) -> bool:
    """Whether these facts can all hold, with this client."""
    left: dict[str, set[str]] = {}
    for fact in facts:
        for namespace, said in cases(fact).items():
            left[namespace] = left[namespace] & said if namespace in left else said
            if not left[namespace]:
                return False
        if client is not None and any(text in fact and proxy is not client.proxy for text, proxy in _PROXIES.items()):
            return False
    return True


def either(one: str, other: str) -> str | None:
    """The fact that one of two holds; None where they do not speak of the same namespaces, so that it has no words."""
    if one == other:
        return one
    if cases(one).keys() != cases(other).keys():
        return None
    return f"{one}, or {other}" if one and other else one or other


__all__ = ["CLIENT", "LABELLED", "NAMES", "NO_LABEL", "cases", "either", "together"]
