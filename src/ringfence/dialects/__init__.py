"""One room for each policy language: what its API server accepts, and what an accepted object means."""

from __future__ import annotations

from collections.abc import Callable

from ringfence.dialects import adminnetworkpolicy, clusternetworkpolicy, networkpolicy
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

__all__ = ["READERS", "Reader"]

Reader = Callable[[Manifest], tuple[NetworkPolicyRules | None, list[Problem]]]
"""Reads one object. Never raises; never returns a policy that means less than is known of the object."""

READERS: dict[tuple[str, str], Reader] = {
    ("networking.k8s.io/v1", "NetworkPolicy"): networkpolicy.read,
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"): clusternetworkpolicy.read,
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"): adminnetworkpolicy.read,
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"): adminnetworkpolicy.read,
}
"""By (apiVersion, kind): three groups define a ClusterNetworkPolicy and several a NetworkPolicy, so the kind alone says
nothing."""
