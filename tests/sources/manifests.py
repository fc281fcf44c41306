"""Small inputs written as YAML, and the cluster that is built from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ringfence.model.cluster import Cluster, Pod
from ringfence.model.problems import Problem
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.sources.building import build
from ringfence.sources.field_checks import path_text
from ringfence.sources.pods import PodFacts


@dataclass(frozen=True)
class NamedPlaces:
    """Says the path itself, so that a test can ask which field was blamed. The line is the document's number."""

    document: int

    def place(self, path: FieldPath = ()) -> Place:
        return Place(path_text(path) or "start", self.document)


@dataclass
class Given:
    """An input as building takes it."""

    manifests: Sequence[Manifest] = ()
    dump_pods: Sequence[PodFacts] = ()
    problems: Sequence[Problem] = field(default_factory=list)

    @property
    def objects(self) -> int:
        return len(self.manifests) + len(self.dump_pods)


def manifests_of(text: str) -> list[Manifest]:
    """The documents of a YAML text."""
    found = []
    for number, data in enumerate(yaml.safe_load_all(text), 1):
        metadata = data.get("metadata") or {}
        name, namespace = metadata.get("name") or "", metadata.get("namespace")
        found.append(Manifest(data["apiVersion"], data["kind"], namespace, name, data, NamedPlaces(number)))
    return found


def cluster_of(text: str, **options: Any) -> Cluster:
    """The cluster of a YAML text."""
    return build(Given(manifests_of(text)), **options)


def pods_of(cluster: Cluster) -> dict[str, Pod]:
    """Pods by ``namespace/name``."""
    return {f"{pod.namespace}/{pod.name}": pod for pod in cluster.pods}


def blamed(cluster: Cluster) -> dict[str, set[str]]:
    """The fields that problems name, by code."""
    found: dict[str, set[str]] = {}
    for problem in cluster.problems:
        found.setdefault(problem.code, set()).add(problem.place.file)
    return found
