"""Which workloads are sensitive: those that say so themselves."""

from __future__ import annotations

from ringfence.verdict.workloads import Workloads

SENSITIVITY = "ringfence.dev/sensitivity"
"""A label of pods, or of their template; any value but ``none``."""


def sensitive(workloads: Workloads) -> dict[str, int]:
    """Workloads with a pod that carries the label, by name, with the classes of these pods as columns."""
    relation = workloads.relation
    found: dict[str, int] = {}
    for pod, number, column in zip(
        relation.cluster.pods, workloads.numbers, relation.universe.class_of_pod, strict=True
    ):
        if pod.labels.get(SENSITIVITY, "none") != "none":
            text = workloads.texts[number]
            found[text] = found.get(text, 0) | 1 << column
    return found
