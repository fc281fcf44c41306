"""The library: load a cluster's manifests, ask questions of them.

    world = ringfence.load("manifests/", cni="generic")
    world.can("shop/web", "shop/db", 5432).verdict
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import Profile, find
from ringfence.model.cluster import Cluster
from ringfence.model.problems import Problem
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.verdict.answers import Answer
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory, EndError, Target
from ringfence.verdict.flows import Asked, asked

__all__ = ["EndError", "World", "load", "load_objects"]


class World:
    """One cluster under one profile. Immutable: what-ifs are new worlds that share what did not change."""

    def __init__(self, cluster: Cluster, profile: Profile, relation: Relation | None = None) -> None:
        self.cluster = cluster
        self.profile = profile
        self.relation = relation if relation is not None else Relation(cluster, profile)
        self._targets: dict[tuple[str, str | None], Target] = {}
        self._asked: dict[tuple[int | str | None, str | None], Asked] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the input."""
        return self.cluster.problems

    @property
    def partial(self) -> bool:
        """Whether some of the input could not be read."""
        return self.cluster.partial

    @cached_property
    def directory(self) -> Directory:
        """Finds ends by name."""
        return Directory(self.relation.universe, self.cluster)

    @cached_property
    def asker(self) -> Asker:
        """Answers single questions."""
        return Asker(self.relation, self.directory, self.partial)

    def target(self, text: str, namespace: str | None = None) -> Target:
        """What a text names. Raises EndError."""
        key = (text, namespace)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self.directory.find(text, namespace)
        return found

    def question(self, port: int | str | None, protocol: str | None) -> Asked:
        """A checked port. Raises EndError."""
        key = (port, protocol)
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = asked(port, protocol)
        return found

    def can(
        self, src: str, dst: str, port: int | str | None = None, protocol: str | None = None,
        namespace: str | None = None,
    ) -> Answer:
        """May ``src`` open a connection to ``dst``? ``port``: a number, a name, or None for every port; ``protocol``
        defaults to TCP where a port is given. Raises EndError (a ValueError) for ends or ports that cannot be."""
        return self.asker.can(
            self.target(src, namespace), self.target(dst, namespace), self.question(port, protocol)
        )


def _ranges(texts: str | Iterable[str]) -> Intervals:
    if isinstance(texts, str):
        texts = [texts]
    return ip.canonical(ip.cidr(part.strip()) for text in texts for part in text.split(",") if part.strip())


def load(
    *paths: str, cni: str = "generic", assume_no_labels: bool = False, pod_cidrs: str | Iterable[str] = (),
    service_cidrs: str | Iterable[str] = (), node_cidrs: str | Iterable[str] = (),
) -> World:
    """Read manifests (files, directories, "-" for stdin) and make a world of them. Problems of the input are in
    ``world.problems``. Raises ProfileError for an unknown ``cni`` and ValueError for a bad CIDR."""
    import sys

    from ringfence.sources.reading import read

    profile = find(cni)
    reading = read([str(path) for path in paths], sys.stdin.buffer if "-" in paths else None)
    return _world(reading, profile, assume_no_labels, pod_cidrs, service_cidrs, node_cidrs)


def load_objects(
    objects: Iterable[Mapping[str, Any]], *, cni: str = "generic", assume_no_labels: bool = False,
    pod_cidrs: str | Iterable[str] = (), service_cidrs: str | Iterable[str] = (), node_cidrs: str | Iterable[str] = (),
) -> World:
    """Like ``load``, for objects in memory: plain dicts, as a YAML or JSON parser gives them."""
    from ringfence.sources.reading import from_objects

    return _world(from_objects(objects), find(cni), assume_no_labels, pod_cidrs, service_cidrs, node_cidrs)


def _world(
    reading: Any, profile: Profile, assume_no_labels: bool, pod_cidrs: str | Iterable[str],
    service_cidrs: str | Iterable[str], node_cidrs: str | Iterable[str],
) -> World:
    from ringfence.sources.building import build

    cluster = build(
        reading, pod_ranges=_ranges(pod_cidrs), service_ranges=_ranges(service_cidrs),
        node_ranges=_ranges(node_cidrs), assume_no_labels=assume_no_labels,
    )
    return World(cluster, profile)


