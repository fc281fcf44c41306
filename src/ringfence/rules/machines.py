"""Machines outside of the cluster as the rules see them: those of WorkloadEntries, and what WorkloadGroups expect.

Policies select them by their labels and name their accounts, as they do pods; no pod needs to be like them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.cluster import MACHINE, Pod, WorkloadRef

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement


def machines_of(enforcement: Enforcement, namespace: str | None = None) -> Iterator[Pod]:
    """The machines of a namespace (None: of all), and one for each WorkloadGroup."""
    from ringfence.rules.mesh_objects import NETWORKING, mapping

    for one in enforcement.situation.cluster.machines:
        if namespace in (None, one.namespace):
            yield one
    for group in enforcement.written.of(NETWORKING, "WorkloadGroup"):
        if namespace in (None, group.namespace):
            labels = {
                **mapping(mapping(group.spec.get("template")).get("labels")),
                **mapping(mapping(group.spec.get("metadata")).get("labels")),
            }
            name, account = group.manifest.name, mapping(group.spec.get("template")).get("serviceAccount")
            yield Pod(
                group.namespace,
                name,
                {str(key): str(value) for key, value in labels.items()},
                WorkloadRef(MACHINE, group.namespace, name),
                template=True,
                place=group.manifest.place,
                service_account=str(account or ""),
            )
