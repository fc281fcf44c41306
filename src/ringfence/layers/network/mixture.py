"""The relation of two ends under a choice of policies: what a part of a change would do to one flow.

It shares the numbering of ports and programs with a base, and reads neither columns nor rows: every end is an
``EndClass`` of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from ringfence.layers.network.cells import Cell, Meeting
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.rows import Rows
from ringfence.model.policy import NetworkPolicyRules, Tier


class Mixture(Relation):
    """A few policies over the facts of a base. ``conditions`` know the namespaces and nodes that are meant."""

    def __init__(self, base: Relation, policies: Sequence[NetworkPolicyRules], conditions: Conditions) -> None:
        self.cluster, self.profile, self.universe = base.cluster, base.profile, base.universe
        self.ports, self.programs, self.cells, self.form = base.ports, base.programs, base.cells, base.form
        self.blind_namespaces = base.blind_namespaces
        self.conditions, self.columns = conditions, base.columns
        if conditions is not base.conditions:
            # Nothing here asks for columns; what asks for conditions finds the right ones.
            self.columns = copy(base.columns)
            self.columns.conditions = conditions
        self.policies = [CompiledPolicy(index, policy, self.columns) for index, policy in enumerate(policies)]
        self.rows = Rows(self.columns, self.policies, base.programs)
        self._has_baseline, self._indexes = None, None

    @property
    def has_baseline(self) -> bool:
        """Whether any of the policies is of the Baseline tier."""
        return any(one.policy.tier is Tier.BASELINE for one in self.policies)

    def active(self) -> Sequence[CompiledPolicy]:
        """All of them."""
        return self.policies

    def candidates(self, namespace: str | None) -> list[CompiledPolicy]:
        """All of them: they are few."""
        return self.policies

    def bounds(self, egress: int, ingress: int, meeting: Meeting) -> Cell:
        """The bounds of two programs."""
        plain = self.cells.plain(egress, ingress)
        return plain if plain is not None else self.cells.cell(egress, ingress, meeting)
