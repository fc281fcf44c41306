"""What a pod, or the template of one, shows of the meshes that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProxyContainer:
    """A container of a pod that is a mesh's proxy. ``image`` as written."""

    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What a pod, or the template of one, shows of meshes: annotations under a mesh's keys, and containers that are
    proxies. Equal marks are one value.

    ``users``: containers that run as the user or the group of the proxy, by name. ``others``: there are further ones,
    which run as others or of which the pod does not say it. ``early``: init containers that end before the proxy is
    there.
    """

    annotations: Mapping[str, str] = field(default_factory=dict)
    proxies: tuple[ProxyContainer, ...] = ()
    users: tuple[str, ...] = ()
    others: bool = True
    early: tuple[str, ...] = ()


NO_MARKS = Marks()
