"""What ringfence does with an object, by apiVersion *and* kind: several groups define a NetworkPolicy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from ringfence.model.provenance import Manifest
from ringfence.sources.foreign_kinds import (
    CLUSTER_SCOPED,
    HARMLESS,
    MESH_GROUPS,
    MESH_KINDS,
    MESH_NAMESPACED,
    NAMESPACED,
)
from ringfence.values import Value


class Treatment(Enum):
    """What becomes of an object."""

    READ = "read"
    """Part of the cluster: pods, workloads, Namespaces, Nodes, Services and what gives their backends and ranges."""
    ENTRY = "entry"
    """A way into the cluster: an Ingress, a route, a Gateway. It changes no verdict between two ends."""
    POLICY = "policy"
    """A policy that has a dialect."""
    OPAQUE = "opaque"
    """Can change reach and is not modelled."""
    MESH = "mesh"
    """Belongs to a service mesh, a later layer."""
    UNMODELLED = "unmodelled"
    """Cannot change reach at the network layer."""
    MISPLACED = "misplaced"
    """No API server has this kind in this version, though it has a kind of this name, or of nearly this name."""


class Classification(Value):
    """``namespaced`` None: by whether the object names a namespace. ``proper`` (READ, MISPLACED): the apiVersion and
    kind that API servers have today, where that is another one. ``reason`` says why a kind does not change reach."""

    treatment: Treatment
    namespaced: bool | None = None
    proper: tuple[str, str] | None = None
    reason: str = ""


_READ: Mapping[tuple[str, str], bool] = {
    ("v1", "Namespace"): False,
    ("v1", "Node"): False,
    ("v1", "Pod"): True,
    ("v1", "Service"): True,
    ("v1", "Endpoints"): True,
    ("v1", "ReplicationController"): True,
    ("apps/v1", "Deployment"): True,
    ("apps/v1", "StatefulSet"): True,
    ("apps/v1", "DaemonSet"): True,
    ("apps/v1", "ReplicaSet"): True,
    ("batch/v1", "Job"): True,
    ("batch/v1", "CronJob"): True,
    ("discovery.k8s.io/v1", "EndpointSlice"): True,
    ("networking.k8s.io/v1", "ServiceCIDR"): False,
}
"""What the cluster is built from → whether it is namespaced."""

_POLICIES: Mapping[tuple[str, str], bool] = {
    ("networking.k8s.io/v1", "NetworkPolicy"): True,
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"): False,
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"): False,
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"): False,
}

_ENTRIES: Mapping[tuple[str, str], bool] = {
    **{(f"networking.k8s.io/{version}", "Ingress"): True for version in ("v1", "v1beta1")},
    **{(f"networking.k8s.io/{version}", "IngressClass"): False for version in ("v1", "v1beta1")},
    ("extensions/v1beta1", "Ingress"): True,
    ("route.openshift.io/v1", "Route"): True,
    **{
        (f"gateway.networking.k8s.io/{version}", kind): kind != "GatewayClass"
        for version in ("v1", "v1beta1", "v1alpha3", "v1alpha2")
        for kind in (
            *("Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
            "ReferenceGrant",
        )
    },
}
"""Ways into the cluster, in every version that some API server serves or served; the fields are the same, or both
forms are read."""

_EARLIER: Mapping[tuple[str, str], str] = {
    **{("extensions/v1beta1", kind): "apps/v1" for kind in ("Deployment", "DaemonSet", "ReplicaSet")},
    **{("apps/v1beta1", kind): "apps/v1" for kind in ("Deployment", "StatefulSet")},
    **{("apps/v1beta2", kind): "apps/v1" for kind in ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet")},
    ("batch/v1beta1", "CronJob"): "batch/v1",
    ("batch/v2alpha1", "CronJob"): "batch/v1",
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): "discovery.k8s.io/v1",
    ("networking.k8s.io/v1beta1", "ServiceCIDR"): "networking.k8s.io/v1",
    ("networking.k8s.io/v1alpha1", "ServiceCIDR"): "networking.k8s.io/v1",
}
"""Versions with the same fields (those that we use) that API servers of today no longer serve, or that are younger."""

_STILL_SERVED: frozenset[tuple[str, str]] = frozenset(
    {
        ("networking.k8s.io/v1beta1", "ServiceCIDR"),
        ("networking.k8s.io/v1alpha1", "ServiceCIDR"),
    }
)

_CORE = (
    "Binding ComponentStatus ConfigMap Event LimitRange PersistentVolume PersistentVolumeClaim PodTemplate "
    "ResourceQuota Secret ServiceAccount List Status"
)

_BUILT_IN: Mapping[str, frozenset[str]] = {
    "": frozenset(_CORE.split()),
    "apps": frozenset({"ControllerRevision"}),
    "batch": frozenset(),
    "extensions": frozenset({"PodSecurityPolicy"}),
    "discovery.k8s.io": frozenset(),
    "networking.k8s.io": frozenset({"IPAddress", "ClusterCIDR"}),
    "policy.networking.k8s.io": frozenset(),
}
"""Groups that ringfence reads, with their other kinds: none of those changes reach at the network layer."""


def group_of(api_version: str) -> str:
    """``apps`` of ``apps/v1``; empty for the core group."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


_SERVED_ENTRIES = (("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1", "IngressClass"))
_PROPER: Mapping[str, str] = {kind: api_version for api_version, kind in (*_READ, *_POLICIES, *_SERVED_ENTRIES)}
_POLICY_GROUPS = frozenset(group_of(api_version) for api_version, _ in _POLICIES)
_POLICY_KINDS = frozenset(kind for _, kind in _POLICIES)


@lru_cache(maxsize=4096)
def classify(api_version: str, kind: str) -> Classification:
    """What to do with the objects of one kind."""
    key = (api_version, kind)
    if key in _READ:
        return Classification(Treatment.READ, _READ[key])
    if key in _POLICIES:
        return Classification(Treatment.POLICY, _POLICIES[key])
    if key in _ENTRIES:
        return Classification(Treatment.ENTRY, _ENTRIES[key])
    if key in _EARLIER:
        proper = (_EARLIER[key], kind)
        return Classification(Treatment.READ, _READ[proper], None if key in _STILL_SERVED else proper)
    group = group_of(api_version)
    if group in _BUILT_IN:
        return _classify_built_in(group, api_version, kind)
    if group in MESH_GROUPS or (group, kind) in MESH_KINDS:
        return Classification(Treatment.MESH, True if (group, kind) in MESH_NAMESPACED else None)
    if group in HARMLESS:
        reason = HARMLESS[group].get(kind)
        if reason is not None:
            return Classification(Treatment.UNMODELLED, None, None, reason)
        namespaced = True if kind in NAMESPACED else False if kind in CLUSTER_SCOPED else None
        return Classification(Treatment.OPAQUE, namespaced)
    return Classification(Treatment.UNMODELLED)


def _classify_built_in(group: str, api_version: str, kind: str) -> Classification:
    if kind in _BUILT_IN[group]:
        return Classification(Treatment.UNMODELLED)
    if kind in _PROPER:
        return _misplaced((_PROPER[kind], kind))
    mine = [other for other, version in _PROPER.items() if group_of(version) == group]
    near = difflib.get_close_matches(kind, [*mine, *_BUILT_IN[group]], 1, 0.8) or difflib.get_close_matches(
        kind, [*_PROPER], 1, 0.8
    )
    if near:
        return _misplaced((_PROPER.get(near[0], api_version), near[0]))
    if group in _POLICY_GROUPS:
        return Classification(Treatment.MISPLACED, None)
    return Classification(Treatment.UNMODELLED)


def _misplaced(proper: tuple[str, str]) -> Classification:
    namespaced = _READ.get(proper, _POLICIES.get(proper, _ENTRIES.get(proper)))
    return Classification(Treatment.MISPLACED, namespaced, proper)


def misplaced_changes_reach(api_version: str, kind: str) -> bool:
    """Whether a MISPLACED object was perhaps meant as a policy: then what it could touch is UNKNOWN."""
    proper = classify(api_version, kind).proper
    if proper is not None:
        return proper[1] in _POLICY_KINDS
    return group_of(api_version) in _POLICY_GROUPS


def acts_after_all(manifest: Manifest) -> bool:
    """Whether an object of a kind that mostly leaves reach alone does change it, by what it says."""
    if manifest.kind == "NetworkAttachmentDefinition":
        # A layer 2 or 3 network of OVN-Kubernetes with this role takes the cluster network's place.
        spec = manifest.data.get("spec")
        config = spec.get("config") if isinstance(spec, Mapping) else None
        return isinstance(config, str) and '"primary"' in config
    return False


def leaves_reach_alone(manifest: Manifest) -> bool:
    """Whether an object of an opaque kind allows and denies nothing, by what it says.

    Every Kube-OVN cluster has plain Subnets and the Vpc ``ovn-cluster``; a KubeArmor policy matters here only if it
    speaks of network protocols.
    """
    group = group_of(manifest.api_version)
    spec = manifest.data.get("spec")
    said: Mapping[str, object] = spec if isinstance(spec, Mapping) else {}
    if group == "kubeovn.io" and manifest.kind == "Subnet":
        return not said.get("private") and not said.get("acls") and said.get("vpc") in (None, "", "ovn-cluster")
    if group == "kubeovn.io" and manifest.kind == "Vpc":
        return manifest.name == "ovn-cluster"
    return group == "security.kubearmor.com" and isinstance(spec, Mapping) and not said.get("network")
