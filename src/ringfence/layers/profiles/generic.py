"""The default profile: only what the specifications themselves decide."""

from __future__ import annotations

from ringfence.layers.profiles.profile import Fact, Profile, Reading

NETWORK_POLICY_DOCS = "kubernetes.io/docs/concepts/services-networking/network-policies"
NETWORK_POLICY_API = "network-policy-api.sigs.k8s.io/api-overview, apis/v1alpha2 and the conformance suite"

GENERIC = Profile(
    name="generic",
    title="any conforming network plugin",
    versions="NetworkPolicy v1; ClusterNetworkPolicy v1alpha2; AdminNetworkPolicy v1alpha1",
    facts={
        Fact.IPBLOCK_MATCHES_PODS: Reading(
            None,
            f"{NETWORK_POLICY_DOCS}#behavior-of-to-and-from-selectors",
            "ipBlock is meant for addresses outside the cluster; plugins differ in whether it also matches pods",
        ),
        Fact.IPBLOCK_MATCHES_NODES: Reading(
            None,
            f"{NETWORK_POLICY_DOCS}#networkpolicy-and-hostnetwork-pods",
            "plugins differ in whether an ipBlock matches node addresses",
        ),
        Fact.NETWORKS_MATCH_PODS: Reading(
            True,
            f"{NETWORK_POLICY_API}: networks are checked against traffic inside the cluster too",
        ),
        Fact.NETWORKS_MATCH_NODES: Reading(
            True,
            f"{NETWORK_POLICY_API}: networks are checked against traffic inside the cluster too",
        ),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(
            None,
            f"{NETWORK_POLICY_DOCS}#networkpolicy-and-hostnetwork-pods",
            "two models are permitted: hostNetwork pods are pods to the policies, or they are their node",
        ),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            f"{NETWORK_POLICY_API}: hostNetwork pods are neither subject nor pod or namespace peer",
        ),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(
            True,
            f"{NETWORK_POLICY_DOCS}#the-two-sorts-of-pod-isolation: the local node always reaches its pods",
        ),
        Fact.OWN_NODE_EGRESS_EXEMPT: Reading(
            None,
            f"{NETWORK_POLICY_DOCS}: the introduction exempts both directions, the isolation section ingress only",
            "plugins differ in whether a pod's traffic to its own node is filtered",
        ),
        Fact.BASELINE_PER_DIRECTION: Reading(
            None,
            f"{NETWORK_POLICY_API}: NetworkPolicy is final for the pods that it selects; the direction is not said",
            "plugins differ in whether Baseline applies to the direction that no NetworkPolicy isolates",
        ),
        Fact.REJECTED_OBJECTS_COUNT: Reading(False, "an object that the API server rejects is not stored"),
    },
)
