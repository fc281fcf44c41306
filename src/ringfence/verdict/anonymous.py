"""Pods that do not exist yet and that nobody singled out: of no label, or of labels with values that no policy names.

What lets such a pod pass lets any pod pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import Direction, PodPeer, PodSelection
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.label_search import STAND_IN
from ringfence.sets.labels import Requirement
from ringfence.values import replace

NEW_NAMESPACE = "a new namespace"
"""No name that a namespace can have: no policy of the input is in it."""


def selections(relation: Relation) -> Iterable[PodSelection]:
    """Every selection of pods by a policy in force: subjects and peers."""
    for compiled in relation.active():
        yield compiled.policy.subject
        for direction in Direction:
            for rule in compiled.policy.rules(direction) or ():
                for peer in rule.peers:
                    if isinstance(peer, PodPeer):
                        yield peer.selection


class Anonymous:
    """The two anonymous pods of a namespace: without labels, and with every key that a policy mentions."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self._labels: tuple[dict[str, str], ...] | None = None
        self._home_labels: tuple[dict[str, str], ...] = ()
        self._elsewhere: tuple[EndClass, ...] | None = None

    def _label_sets(self) -> tuple[dict[str, str], ...]:
        if self._labels is None:
            pods: set[str] = set()
            homes: set[str] = set()
            for selection in set(selections(self.relation)):
                pods |= _wanted(selection.pods.requirements)
                if selection.namespaces is not None:
                    homes |= _wanted(selection.namespaces.requirements)
            self._labels = _both(pods)
            self._home_labels = tuple({**labels, NAME_LABEL: STAND_IN} for labels in _both(homes - {NAME_LABEL}))
        return self._labels

    @cached_property
    def space(self) -> Intervals:
        """Where their addresses lie: in no range that a policy names, unless ranges cover all where pods may be."""
        whole = self.relation.universe.pod_space
        rest = whole
        for block in self.relation.universe.atoms.blocks:
            if ip.subtract(whole, block):
                rest = ip.subtract(rest, block)
        return rest or whole

    def inside(self, namespace: str) -> tuple[EndClass, ...]:
        """The anonymous pods of a namespace of the input."""
        space = self.space
        return tuple(EndClass("pod", namespace, labels, open_ports=True, space=space) for labels in self._label_sets())

    def elsewhere(self) -> tuple[EndClass, ...]:
        """Those of a namespace that does not exist yet, itself without labels or with values that no policy names."""
        if self._elsewhere is None:
            pods = self.inside(NEW_NAMESPACE)
            self._elsewhere = tuple(replace(pod, namespace_labels=home) for home in self._home_labels for pod in pods)
        return self._elsewhere


def _wanted(requirements: Iterable[Requirement]) -> set[str]:
    """Keys that a selector wants present, whatever their value."""
    return {one.key for one in requirements if one.operator == "Exists"}


def _both(keys: set[str]) -> tuple[dict[str, str], ...]:
    return ({}, dict.fromkeys(sorted(keys), STAND_IN)) if keys else ({},)
