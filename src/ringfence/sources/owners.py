"""Which workload a pod belongs to: its topmost controller."""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.model.cluster import WorkloadRef
from ringfence.sets.labels import Selector
from ringfence.sources.field_checks import Fields
from ringfence.values import Value

HASH_LABEL = "pod-template-hash"
MIDDLE_KINDS = frozenset({"ReplicaSet", "Job", "ReplicationController"})
"""Controllers that mostly have a controller of their own."""


class Owner(Value):
    """The controller that an object's ``metadata.ownerReferences`` name."""

    kind: str
    name: str


def controller_of(metadata: Fields) -> Owner | None:
    """The one reference that says ``controller: true``.

    A Node "owns" the mirror of a static pod; it is no workload.
    """
    for reference in metadata.children("ownerReferences"):
        if reference.flag("controller"):
            owner = Owner(reference.text("kind"), reference.text("name"))
            return owner if owner.kind and owner.name and owner.kind != "Node" else None
    return None


class Owners:
    """Finds topmost controllers, through the ReplicaSets, Jobs and ReplicationControllers of the input."""

    def __init__(self) -> None:
        self._above: dict[tuple[str, str, str], Owner | None] = {}
        self._deployments: dict[tuple[str, str], Selector | None] = {}
        self._references: dict[tuple[str, str, str], WorkloadRef] = {}
        self._found: dict[tuple[str, Owner, str | None], WorkloadRef] = {}

    def add(self, kind: str, namespace: str, name: str, owner: Owner | None) -> None:
        """A controller of the input and its own controller."""
        self._above[kind, namespace, name] = owner

    def add_deployment(self, namespace: str, name: str, selector: Selector | None) -> None:
        """A Deployment of the input."""
        self._deployments[namespace, name] = selector

    def reference(self, kind: str, namespace: str, name: str) -> WorkloadRef:
        """The one shared value of a workload's name."""
        key = (kind, namespace, name)
        found = self._references.get(key)
        if found is None:
            found = self._references[key] = WorkloadRef(kind, namespace, name)
        return found

    def workload_of(self, owner: Owner | None, namespace: str, labels: Mapping[str, str]) -> WorkloadRef | None:
        """The topmost controller of an object with this owner; None without one.

        Goes up only through the kinds that are made by other controllers; what owns a Deployment is not a workload.
        """
        if owner is None:
            return None
        key = (namespace, owner, labels.get(HASH_LABEL))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._topmost(owner, namespace, labels)
        return found

    def _topmost(self, owner: Owner, namespace: str, labels: Mapping[str, str]) -> WorkloadRef:
        seen = {owner}
        while owner.kind in MIDDLE_KINDS:
            key = (owner.kind, namespace, owner.name)
            above = self._above.get(key)
            if above is None and key not in self._above:
                above = self._deployment_of(owner, namespace, labels)
            if above is None or above in seen:
                break
            owner = above
            seen.add(owner)
        return self.reference(owner.kind, namespace, owner.name)

    def _deployment_of(self, owner: Owner, namespace: str, labels: Mapping[str, str]) -> Owner | None:
        """The Deployment of a ReplicaSet that the input lacks.

        The deployment controller names a ReplicaSet ``<deployment>-<hash>`` and gives its pods that hash as a label;
        with a Deployment of this name in the input that selects the pod, no other reading is left.
        """
        word = labels.get(HASH_LABEL)
        if owner.kind != "ReplicaSet" or not word or not owner.name.endswith(f"-{word}"):
            return None
        name = owner.name[: -len(word) - 1]
        selector = self._deployments.get((namespace, name))
        if selector is None or not selector.matches(labels):
            return None
        return Owner("Deployment", name)
