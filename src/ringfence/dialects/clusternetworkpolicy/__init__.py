"""policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy. Its semantics, clause by clause: ``spec.md`` in this room."""

from __future__ import annotations

from ringfence.dialects.clusternetworkpolicy.meaning import meaning
from ringfence.dialects.clusternetworkpolicy.schema import OBJECT
from ringfence.dialects.tiers.shapes import accept
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

__all__ = ["KINDS", "read"]

KINDS: dict[tuple[str, str], str] = {("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"): "Cluster"}


def read(manifest: Manifest) -> tuple[NetworkPolicyRules, list[Problem]]:
    """What the policy does, and everything that the API server would say to it."""
    accepted = accept(manifest, OBJECT)
    return meaning(accepted), accepted.report.problems
