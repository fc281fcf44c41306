"""policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy and BaselineAdminNetworkPolicy. Their semantics, clause by
clause: ``spec.md`` in this room.
"""

from __future__ import annotations

from ringfence.dialects.adminnetworkpolicy.meaning import meaning
from ringfence.dialects.adminnetworkpolicy.schema import ADMIN, BASELINE, BASELINE_KIND, check_singleton
from ringfence.dialects.tiers.shapes import accept
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

__all__ = ["KINDS", "read"]

KINDS: dict[tuple[str, str], str] = {
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"): "Cluster",
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"): "Cluster",
}


def read(manifest: Manifest) -> tuple[NetworkPolicyRules, list[Problem]]:
    """What the policy does, and everything that the API server would say to it."""
    baseline = manifest.kind == BASELINE_KIND
    accepted = accept(manifest, BASELINE if baseline else ADMIN)
    if baseline:
        check_singleton(manifest, accepted.report)
    return meaning(accepted), accepted.report.problems
