"""Which workloads are sensitive: those that say so themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import SENSITIVITY
from ringfence.model.provenance import Manifest
from ringfence.verdict.workloads import Workloads


def sensitive(workloads: Workloads, manifests: Iterable[Manifest] = ()) -> dict[str, int]:
    """Workloads that say that they are sensitive, or pods of them that do: by name, with their classes as columns.

    They say it with a label or annotation of a pod, of a workload, or of the template of its pods.
    """
    relation = workloads.relation
    universe = relation.universe
    found: dict[str, int] = {}
    # Classes know all labels of their pods, but in crowds only those that policies mention.
    crowded = universe.label_keys is not None
    for column in range(universe.pods):
        if not crowded and SENSITIVITY not in universe.ends[column].labels:
            continue
        for index in universe.members[column]:
            if _says_so(relation.cluster.pods[index].labels):
                text = workloads.texts[workloads.numbers[index]]
                found[text] = found.get(text, 0) | 1 << column
    for index, pod in enumerate(relation.cluster.pods):
        if pod.sensitivity and pod.sensitivity != "none":
            text = workloads.texts[workloads.numbers[index]]
            found[text] = found.get(text, 0) | 1 << universe.class_of_pod[index]
    kinds = {ref.kind for ref in workloads.refs}
    said = {
        (manifest.kind, manifest.namespace or "default", manifest.name)
        for manifest in manifests
        if manifest.kind in kinds and _annotated(manifest.data)
    }
    if said:
        for number, ref in enumerate(workloads.refs):
            if (ref.kind, ref.namespace, ref.name) in said:
                found[workloads.texts[number]] = workloads.masks[number]
    return found


def any_sensitive(relation: Relation, manifests: Iterable[Manifest]) -> bool:
    """Whether anything says so at all, of whatever kind."""
    return any(SENSITIVITY in pod.labels or pod.sensitivity for pod in relation.cluster.pods) or any(
        _annotated(manifest.data) for manifest in manifests
    )


def names_of(workloads: Workloads, sensitive: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Every name that these workloads, and their pods in these classes, may have in a list of ends: one that compares
    two states tells homonyms of either by their kinds."""
    relation = workloads.relation
    numbers = {text: number for number, text in enumerate(workloads.texts)}
    names: set[str] = set()
    for text, columns in sensitive:
        ref = workloads.refs[numbers[text]]
        names |= {text, f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"}
        for column in columns_of(columns):
            for index in relation.universe.members[column]:
                if workloads.numbers[index] == numbers[text]:
                    pod = relation.cluster.pods[index]
                    names.add(f"{pod.namespace}/{pod.name}")
    return frozenset(names)


def _annotated(data: Mapping[str, Any]) -> bool:
    """Whether an object, or the template of its pods, says so."""
    while isinstance(data, Mapping):
        metadata = data.get("metadata")
        if isinstance(metadata, Mapping):
            for kind in ("annotations", "labels"):
                if _says_so(metadata.get(kind)):
                    return True
        spec = data.get("spec")
        if not isinstance(spec, Mapping):
            return False
        data = spec.get("template") or spec.get("jobTemplate") or {}
        if not data:
            return False
    return False


def _says_so(labels: Any) -> bool:
    return isinstance(labels, Mapping) and labels.get(SENSITIVITY, "none") not in ("none", None)
