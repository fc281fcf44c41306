"""Calico, as Felix enforces Kubernetes policies."""

from __future__ import annotations

from ringfence.layers.profiles.profile import Fact, Profile, Reading

CALICO = Profile(
    name="calico",
    title="Calico (Felix)",
    versions="3.29 and later; read at 3.32",
    since=(3, 29),
    facts={
        Fact.IPBLOCK_MATCHES_PODS: Reading(
            True,
            "libcalico-go conversion: ipBlock becomes nets of a rule, matched against any packet's address",
        ),
        Fact.IPBLOCK_MATCHES_NODES: Reading(
            True,
            "libcalico-go conversion: ipBlock becomes nets of a rule, matched against any packet's address",
        ),
        Fact.NETWORKS_MATCH_PODS: Reading(True, "libcalico-go clusternetworkpolicy conversion: networks become nets"),
        Fact.NETWORKS_MATCH_NODES: Reading(True, "libcalico-go clusternetworkpolicy conversion: networks become nets"),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            "libcalico-go conversion: a hostNetwork pod is no workload endpoint",
        ),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            "libcalico-go conversion: a hostNetwork pod is no workload endpoint",
        ),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(
            True,
            "felix/rules: traffic from the host to its own workloads is accepted before policy",
        ),
        Fact.OWN_NODE_EGRESS_EXEMPT: Reading(
            False,
            "felix/rules: a workload's egress policy comes before DefaultEndpointToHostAction",
            "what egress policy allows is then left to DefaultEndpointToHostAction, which installers set to ACCEPT",
        ),
        Fact.BASELINE_PER_DIRECTION: Reading(
            True,
            "felix/rules/endpoints: a tier only counts policies that have the direction",
        ),
        Fact.REJECTED_OBJECTS_COUNT: Reading(False, "an object that the API server rejects is not stored"),
    },
)
