"""One room for each policy language: what its API server accepts, and what an accepted object means."""

from __future__ import annotations

from collections.abc import Callable

from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

__all__ = ["READERS", "Reader"]

Reader = Callable[[Manifest], tuple[NetworkPolicyRules | None, list[Problem]]]
"""Reads one object. Never raises; never returns a policy that means less than is known of the object."""


# Each room is imported with the first object of its kind: most inputs have NetworkPolicies only.


def _network_policy(manifest: Manifest) -> tuple[NetworkPolicyRules | None, list[Problem]]:
    from ringfence.dialects.networkpolicy import read

    return read(manifest)


def _cluster_network_policy(manifest: Manifest) -> tuple[NetworkPolicyRules | None, list[Problem]]:
    from ringfence.dialects.clusternetworkpolicy import read

    return read(manifest)


def _admin_network_policy(manifest: Manifest) -> tuple[NetworkPolicyRules | None, list[Problem]]:
    from ringfence.dialects.adminnetworkpolicy import read

    return read(manifest)


READERS: dict[tuple[str, str], Reader] = {
    ("networking.k8s.io/v1", "NetworkPolicy"): _network_policy,
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"): _cluster_network_policy,
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"): _admin_network_policy,
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"): _admin_network_policy,
}
"""By (apiVersion, kind): three groups define a ClusterNetworkPolicy and several a NetworkPolicy, so the kind alone says
nothing."""
