"""The attributes that a condition (``when``) may ask for, by their keys.

Source: istio ``pilot/pkg/security/authz/model/model.go``. Keys are compared case by case: ``source.serviceaccount`` is
none.
"""

from __future__ import annotations

import re
from enum import Enum

HEADERS = "request.headers"
CLAIMS = "request.auth.claims"
FILTERS = "experimental.envoy.filters."


class Sort(Enum):
    """What the values of an attribute are."""

    TEXT = "text"
    ADDRESS = "address"
    PORT = "port"


_EXACT = {
    "source.ip": Sort.ADDRESS,
    "remote.ip": Sort.ADDRESS,
    "source.namespace": Sort.TEXT,
    "source.principal": Sort.TEXT,
    "source.serviceAccount": Sort.TEXT,
    "source.trustDomain": Sort.TEXT,
    "request.auth.principal": Sort.TEXT,
    "request.auth.audiences": Sort.TEXT,
    "request.auth.presenter": Sort.TEXT,
    "destination.ip": Sort.ADDRESS,
    "destination.port": Sort.PORT,
    "connection.sni": Sort.TEXT,
}
_NAMES = re.compile(r"(\[[^\[\]]*\])+")
_MAPS = (HEADERS, CLAIMS, FILTERS)
_INSTEAD = {
    "destination.labels": "the selector of the policy chooses the workload",
    "destination.namespace": "the namespace of the policy is the one of the workload",
    "destination.name": "the selector of the policy chooses the workload",
    "destination.user": "the selector of the policy chooses the workload",
    "request.method": "methods of an operation",
    "request.path": "paths of an operation",
    "request.host": "hosts of an operation",
    "source.user": "source.principal",
}


def sort_of(key: str) -> Sort | None:
    """The sort of an attribute; None: istiod knows no such key, and drops the rule."""
    found = _EXACT.get(key)
    return Sort.TEXT if found is None and key.startswith(_MAPS) else found


def names_no_claim(key: str) -> bool:
    """Whether the key asks for the claims of a token, and for none of them: no value matches then. Unlike other keys
    without a name in brackets, it drops nothing."""
    return key == CLAIMS


def malformed(key: str) -> bool:
    """Whether the key starts like one with a name in brackets, and has none: only the condition is then dropped, or
    the rule where it allows."""
    if key in _EXACT or not key.startswith(_MAPS) or names_no_claim(key):
        return False
    if key.startswith(FILTERS):
        return "[" not in key
    return not names(key)


def names(key: str) -> tuple[str, ...]:
    """The names in brackets: ``("a", "b")`` of ``request.auth.claims[a][b]``, one of a header; empty: malformed."""
    if key.startswith(FILTERS):
        name, _, inner = key.removeprefix("experimental.").removesuffix("]").partition("[")
        return (name, inner)
    if key.startswith(CLAIMS):
        rest = key.removeprefix(CLAIMS)
        if _NAMES.fullmatch(rest):
            return tuple(rest[1:-1].split("]["))
    else:
        rest = key.removeprefix(HEADERS)
    return (rest[1:-1],) if len(rest) > 1 and rest[0] == "[" and rest[-1] == "]" else ()


def hint_for(key: str) -> str:
    """What was probably meant by a key that is none."""
    from ringfence.dialects.fields.spelling import hint_for_word  # rare: the search needs difflib

    stem = key.partition("[")[0]
    if stem in _INSTEAD:
        return f"write {_INSTEAD[stem]}"
    return hint_for_word(key, (*_EXACT, f"{HEADERS}[NAME]", f"{CLAIMS}[NAME]"))
