"""What a pod shows of meshes: annotations under their keys, and containers that are their proxies.

Whatever reads a pod (the long way, the short one, the types of a dump) makes the same of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from sys import intern

from ringfence.model.marks import NO_MARKS, Marks, ProxyContainer
from ringfence.sources.field_checks import Fields

DOMAINS = ("istio.io", "linkerd.io", "consul.hashicorp.com")
"""Annotations whose prefix is one of these, or below one, belong to a mesh."""
PROXIES = ("istio-proxy", "linkerd-proxy", "consul-dataplane")
"""Names that meshes give to the containers of their proxies."""
_CONFIG = "proxy.istio.io/config"
_READ = re.compile(r"^\s*\"?(?:interceptionMode|ISTIO_META_ENABLE_HBONE)\"?\s*:[^\n]*$", re.MULTILINE)
_NONE: Mapping[str, str] = {}
_UNREAD = frozenset({"proxy.istio.io/overrides"})


def is_mark(key: str) -> bool:
    """Whether an annotation or label is one of a mesh."""
    prefix, slash, _ = key.partition("/")
    return bool(slash) and (prefix in DOMAINS or prefix.endswith(tuple(f".{domain}" for domain in DOMAINS)))


def kept_value(key: str, value: str) -> str:
    """The value without what nobody reads and what may be secret: settings of a proxy can hold anything."""
    if key == _CONFIG:
        return "\n".join(line.strip() for line in _READ.findall(value))
    return "" if key in _UNREAD else value


def make_marks(annotations: Mapping[str, str], proxies: Iterable[tuple[str, str]]) -> Marks:
    """The marks of a pod with these annotations (all of them, or those of meshes) and proxies (name and image)."""
    found = {intern(key): kept_value(key, value) for key, value in annotations.items() if is_mark(key)}
    containers = tuple(ProxyContainer(intern(name), image) for name, image in proxies)
    return Marks(found, containers) if found or containers else NO_MARKS


def read_marks(metadata: Fields, spec: Fields) -> Marks:
    """The marks of a pod; ``metadata`` is its own, or that of its template."""
    return make_marks(mesh_annotations(metadata), _proxies(spec))


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


def _proxies(spec: Fields) -> Iterable[tuple[str, str]]:
    """Proxies among the containers, then among the init containers that stay. Wrong fields are reported elsewhere."""
    for key in ("containers", "initContainers"):
        containers = spec.data.get(key)
        for container in containers if isinstance(containers, list) else ():
            if not isinstance(container, Mapping) or container.get("name") not in PROXIES:
                continue
            if key == "containers" or container.get("restartPolicy") == "Always":
                image = container.get("image")
                yield container["name"], image if isinstance(image, str) else ""


def one_of_equal(marks: Marks, seen: dict[object, Marks]) -> Marks:
    """The first of equal marks; ``seen`` keeps them."""
    if not marks.annotations and not marks.proxies:
        return NO_MARKS
    return seen.setdefault((tuple(sorted(marks.annotations.items())), marks.proxies), marks)
