"""networking.k8s.io/v1 NetworkPolicy. Its semantics, clause by clause: ``spec.md`` in this room."""

from __future__ import annotations

from ringfence.dialects.networkpolicy.meaning import meaning
from ringfence.dialects.networkpolicy.schema import accept
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

__all__ = ["KINDS", "read"]

KINDS: dict[tuple[str, str], str] = {("networking.k8s.io/v1", "NetworkPolicy"): "Namespaced"}


def read(manifest: Manifest) -> tuple[NetworkPolicyRules, list[Problem]]:
    """What the policy does, and everything that the API server would say to it."""
    accepted = accept(manifest)
    return meaning(accepted), accepted.report.problems
