"""Changes of a mesh's own objects that refuse connections: what should be refused, and what a mesh proposes.

Whoever asks tries each proposal on the whole cluster: a mesh only has to know how its objects are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ringfence.model.cluster import Pod
from ringfence.model.mesh import Identity, Numbers, Source
from ringfence.model.provenance import Place
from ringfence.values import Value

Written = Callable[[Source], Mapping[str, Any] | None]
"""The data that an object was read from; None: the input has no such object, or not whole enough to be edited."""

TRANSPORT, REQUESTS = "transport", "requests"
"""The layers that such a change is of."""


class Breach(Value):
    """Connections that should be refused: to some TCP ports of a server, from somebody who can prove to be any of
    ``identities``, or nobody (empty: nobody only). ``namespace``: he makes pods there, and may be any account of it;
    empty: he is known."""

    server: Pod
    ports: Numbers
    identities: tuple[Identity, ...] = ()
    namespace: str = ""


class Allowance(Value):
    """Who comes to a server today: some identities, to some TCP ports."""

    server: Pod
    ports: Numbers
    identities: tuple[Identity, ...]


class Remedy(Value):
    """A change that might do it. ``manifests``: the objects that it adds or changes, as they are afterwards; ``place``:
    what is changed, None for new ones. ``fields``: how many are added or changed. ``layers``: those that refuse then.
    ``namespaces``: of the proxies that it speaks to; None: of any."""

    description: str
    place: Place | None
    manifests: tuple[Mapping[str, Any], ...]
    fields: int
    layers: tuple[str, ...]
    namespaces: frozenset[str] | None


def both(one: Remedy, other: Remedy) -> Remedy:
    """Two changes of objects that differ, as one."""
    spaces = None if one.namespaces is None or other.namespaces is None else one.namespaces | other.namespaces
    return Remedy(
        f"{one.description}; and {other.description}",
        one.place or other.place,
        (*one.manifests, *other.manifests),
        one.fields + other.fields,
        tuple(dict.fromkeys((*one.layers, *other.layers))),
        spaces,
    )
