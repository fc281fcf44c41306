"""What no policy can cut, asked of the engine: the same cluster under one policy that denies everything, and no other,
and, where there is a mesh, with proxies that refuse everything.

What is surely allowed even then passes whatever policies say: from a node to its own pods, to pods that are their node,
where nothing is enforced, as far as no proxy of a mesh takes it.
"""

from __future__ import annotations

from ringfence.layers.network.relation import Relation
from ringfence.model.policy import NetworkPolicyRules, PodSelection, Tier
from ringfence.model.provenance import Place
from ringfence.sets.labels import EVERYTHING
from ringfence.verdict.meshed.views import refusing
from ringfence.verdict.spreading import START, Spreader, Start

DENY_ALL = NetworkPolicyRules(
    "networking.k8s.io/v1",
    "NetworkPolicy",
    None,
    "deny-everything",
    Tier.NETWORK_POLICY,
    PodSelection(namespaces=EVERYTHING),
    (),
    (),
    Place(""),
)
"""The strictest of all: every pod, in both directions."""


def under_denial(relation: Relation) -> Relation:
    """The relation under ``DENY_ALL`` alone."""
    return relation.change([one.index for one in relation.active()], [DENY_ALL], relation.cluster)


class BeyondPolicies:
    """Steps of one spreader that no policy can cut. ``start``: where it starts, if that is no column."""

    def __init__(self, spreader: Spreader, start: Start) -> None:
        self.table = spreader.relation.ports
        mesh = spreader.grid.mesh
        self._denied = spreader.under(under_denial(spreader.relation), None if mesh is None else refusing(mesh))
        self._first = self._denied.first_steps(start)
        self._into: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}

    def passes(self, source: int, destination: int, ports: int, sources: int) -> bool:
        """Whether any of these ports of a step passes whatever policies say. ``sources``: all columns that steps to
        this destination are asked of."""
        if source == START:
            step = self._first.get(destination)
            return step is not None and bool(self.table.intersection(step.sure, ports))
        known = self._into.get((destination, sources))
        if known is None:
            steps = self._denied.steps_into(destination, sources)
            known = self._into[destination, sources] = tuple((one.sources, one.sure) for one in steps if one.sure)
        return any(mask >> source & 1 and self.table.intersection(sure, ports) for mask, sure in known)
