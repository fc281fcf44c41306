"""Pods of a big YAML text, reduced to what matters of them while the text is still being read.

A pod's data takes ten times its text. With a cluster's pods in one file, keeping it until all are read would take
gigabytes; the outcome is the same.
"""

from __future__ import annotations

from typing import Any

from ringfence.model.problems import Problem
from ringfence.sources.documents import Harvested, Parsed, objects_of
from ringfence.sources.pods import read_pod
from ringfence.sources.telling_pods import read_as_a_whole
from ringfence.sources.yaml_positions import YamlPositions
from ringfence.values import replace


class PodHarvest:
    """Takes the pods of one text. Their problems are added to ``problems``."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems

    def __call__(self, value: dict[str, Any], position: int, marks: dict[int, list[int]]) -> Any:
        """``Harvested`` in the place of a pod; everything else as it is. Pods of the control plane stay what they are:
        their command lines tell of the cluster."""
        if value.get("kind") != "Pod" or value.get("apiVersion") != "v1":
            return value
        found = list(objects_of(Parsed(value, YamlPositions(self._file, value, position, marks)), self._problems))
        if not found:
            return Harvested(None)
        manifest = found[0]
        namespace = manifest.namespace or "default"
        if not manifest.name or read_as_a_whole(namespace, manifest.name):
            return value
        return Harvested(read_pod(replace(manifest, namespace=namespace), namespace, self._problems))
