"""What a pod shows of meshes: annotations under their keys, and containers that are their proxies.

Whatever reads a pod (the long way, the short one, the types of a dump) makes the same of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from sys import intern
from typing import Any, NamedTuple

from ringfence.model.marks import NO_MARKS, Marks, ProxyContainer
from ringfence.sources.field_checks import Fields

DOMAINS = ("istio.io", "linkerd.io", "consul.hashicorp.com")
"""Annotations whose prefix is one of these, or below one, belong to a mesh."""
PROXIES = ("istio-proxy", "linkerd-proxy", "consul-dataplane")
"""Names that meshes give to the containers of their proxies."""
_CONFIG = "proxy.istio.io/config"
_READ = re.compile(r"^\s*\"?(?:interceptionMode|ISTIO_META_ENABLE_HBONE)\"?\s*:[^\n]*$", re.MULTILINE)
_TOPOLOGY = re.compile(r"[\"']?(?:(numTrustedProxies)[\"']?\s*:\s*[\"']?(\d{1,9})\b|(proxyProtocol)\b)")
"""What a gateway is told of the proxies before it, in YAML or in JSON."""
_NONE: Mapping[str, str] = {}
PROXY_ID = 1337
"""The user and group of a proxy that does not say another."""
_SET_UP = frozenset({"istio-init", "istio-validation", "linkerd-init", "linkerd-network-validator"})
"""Init containers of meshes themselves."""
_NOT_SAID = (None, None)
Ids = tuple[int | None, int | None]
"""User and group that something runs as; None: it does not say."""


class Container(NamedTuple):
    """A container as far as its identity goes. ``first``: an init container; ``stays``: that does not end."""

    name: str
    image: str
    ids: Ids
    first: bool
    stays: bool


_UNREAD = frozenset({"proxy.istio.io/overrides"})


def is_mark(key: str) -> bool:
    """Whether an annotation or label is one of a mesh."""
    prefix, slash, _ = key.partition("/")
    return bool(slash) and (prefix in DOMAINS or prefix.endswith(tuple(f".{domain}" for domain in DOMAINS)))


def kept_value(key: str, value: str) -> str:
    """The value without what nobody reads and what may be secret: settings of a proxy can hold anything."""
    if key == _CONFIG:
        lines = [line.strip() for line in _READ.findall(value)]
        for name, number, other in _TOPOLOGY.findall(value):
            lines.append(f"{name}:{number}" if name else f"{other}:")
        return "\n".join(lines)
    return "" if key in _UNREAD else value


def make_marks(annotations: Mapping[str, str], containers: Sequence[Container], pod: Ids = _NOT_SAID) -> Marks:
    """The marks of a pod with these annotations (all of them, or those of meshes) and containers (those that are no
    init containers first). ``pod``: what it says for all its containers."""
    found = {intern(key): kept_value(key, value) for key, value in annotations.items() if is_mark(key)}
    proxies = [one for one in containers if one.name in PROXIES and one.stays]
    own = proxies[0].ids if proxies else _NOT_SAID
    ids = (PROXY_ID if own[0] is None else own[0], PROXY_ID if own[1] is None else own[1])
    users, others = [], False
    for one in containers:
        if one.stays and one.name not in PROXIES:
            user, group = (said if said is not None else all_ for said, all_ in zip(one.ids, pod, strict=True))
            if user == ids[0] or group == ids[1]:
                users.append(intern(one.name))
            else:
                others = True
    early: list[str] = []
    for one in containers:
        if one.first and one.stays and one.name in PROXIES:
            break
        if one.first and not one.stays and one.name not in _SET_UP:
            early.append(intern(one.name))
    if not (found or proxies or users or early):
        return NO_MARKS
    told = tuple(ProxyContainer(intern(one.name), one.image) for one in proxies)
    return Marks(found, told, tuple(users), others or not users, tuple(early))


def ids_of(security: Any) -> Ids:
    """The user and the group of a ``securityContext``."""
    if not isinstance(security, Mapping):
        return _NOT_SAID
    user, group = security.get("runAsUser"), security.get("runAsGroup")
    return user if type(user) is int else None, group if type(group) is int else None


def containers_of(spec: Mapping[str, Any]) -> list[Container]:
    """The containers of a pod's spec. What is of a wrong type is left out: it is reported elsewhere."""
    found = []
    for key in ("containers", "initContainers"):
        written = spec.get(key)
        for one in written if isinstance(written, list) else ():
            if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                image, first = one.get("image"), key == "initContainers"
                stays = not first or one.get("restartPolicy") == "Always"
                image = image if isinstance(image, str) else ""
                found.append(Container(one["name"], image, ids_of(one.get("securityContext")), first, stays))
    return found


def read_marks(metadata: Fields, spec: Fields) -> Marks:
    """The marks of a pod; ``metadata`` is its own, or that of its template."""
    return make_marks(mesh_annotations(metadata), containers_of(spec.data), ids_of(spec.data.get("securityContext")))


def mesh_annotations(metadata: Fields) -> dict[str, str]:
    """Annotations of meshes. A value that is not a string is reported, and counts as none."""
    written = metadata.child("annotations")
    found = {}
    for key, value in written.data.items():
        if isinstance(key, str) and is_mark(key):
            if value is None or isinstance(value, str):
                found[key] = value or ""
            else:
                written.wrong(key, "a string", vital=False)
    return found


def mesh_words(metadata: Fields) -> Mapping[str, str]:
    """Labels and annotations of meshes on an object that is no pod; a label counts before an annotation."""
    if not metadata.data.get("labels") and not metadata.data.get("annotations"):
        return _NONE
    labels = metadata.data.get("labels")
    words = labels.items() if isinstance(labels, Mapping) else ()
    return {
        **mesh_annotations(metadata),
        **{key: value for key, value in words if isinstance(key, str) and is_mark(key) and isinstance(value, str)},
    }


def one_of_equal(marks: Marks, seen: dict[object, Marks]) -> Marks:
    """The first of equal marks; ``seen`` keeps them."""
    if marks is NO_MARKS:
        return NO_MARKS
    key = tuple(sorted(marks.annotations.items())), marks.proxies, marks.users, marks.others, marks.early
    return seen.setdefault(key, marks)
