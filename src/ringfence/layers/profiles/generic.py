"""The default profile: only what the specifications themselves decide."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.profile import Reading, Remark, make

NETWORK_POLICY_DOCS = "kubernetes.io/docs/concepts/services-networking/network-policies"
NETWORK_POLICY_API = "network-policy-api.sigs.k8s.io/api-overview, apis/v1alpha2 and the conformance suite"
ADMIN_API = "network-policy-api.sigs.k8s.io, apis/v1alpha1"
NETWORK_POLICY_TYPES = "k8s.io/api networking/v1 types"
SOURCE_ADDRESSES = "kubernetes.io/docs/tutorials/services/source-ip"
NOT_STORED = Reading(False, "an object that the API server rejects is not stored")

SPECIFICATION = {
    Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{NETWORK_POLICY_DOCS}: what a conforming plugin enforces"),
    Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{NETWORK_POLICY_DOCS}: what a conforming plugin enforces"),
    Fact.CLUSTER_NETWORK_POLICY: Reading(True, f"{NETWORK_POLICY_API}: taken as enforced where the object stands"),
    Fact.ADMIN_NETWORK_POLICY: Reading(True, f"{ADMIN_API}: taken as enforced where the object stands"),
    Fact.BASELINE_ADMIN_NETWORK_POLICY: Reading(True, f"{ADMIN_API}: taken as enforced where the object stands"),
    Fact.HIGH_ADMIN_PRIORITIES: Reading(True, f"{ADMIN_API}: priorities are 0 to 1000"),
    Fact.STANDALONE_PODS: Reading(True, f"{NETWORK_POLICY_DOCS}: pods are selected by their labels alone"),
    Fact.EXCEPT_IS_LOCAL: Reading(True, f"{NETWORK_POLICY_TYPES}: except belongs to its own ipBlock"),
    Fact.IPV6_ZERO_IS_EVERYTHING: Reading(True, f"{NETWORK_POLICY_TYPES}: cidr is an IP block"),
    Fact.IPV6_FILTERED: Reading(True, f"{NETWORK_POLICY_TYPES}: nothing is said of families"),
    Fact.IPV6_BLOCKS: Reading(True, f"{NETWORK_POLICY_TYPES}: cidr may be IPv4 or IPv6"),
    Fact.SCTP_FILTERED: Reading(True, f"{NETWORK_POLICY_DOCS}: isolation is of every connection"),
    Fact.SCTP_PORTS: Reading(True, f"{NETWORK_POLICY_TYPES}: protocol TCP, UDP or SCTP"),
    Fact.END_PORT: Reading(True, f"{NETWORK_POLICY_DOCS}#targeting-a-range-of-ports"),
    Fact.NAMED_PORTS: Reading(True, f"{NETWORK_POLICY_TYPES}: port is a number or a name on a pod"),
    Fact.ADMIN_NAMED_PORTS: Reading(True, f"{NETWORK_POLICY_API}: destinationNamedPort"),
    Fact.ADMIN_NODE_PEERS: Reading(True, f"{NETWORK_POLICY_API}: nodes, experimental channel"),
    Fact.ADMIN_DOMAIN_PEERS: Reading(True, f"{NETWORK_POLICY_API}: domainNames, experimental channel"),
    Fact.SERVICES_SEEN_AS_PODS: Reading(
        True, "the readings of conforming data planes agree: policy is matched after the Service's address is rewritten"
    ),
    Fact.LOCAL_POLICY_KEEPS_CLIENT: Reading(
        True, "k8s.io/api core/v1 Service: with externalTrafficPolicy Local the client's address is not masqueraded"
    ),
    Fact.REJECTED_OBJECTS_COUNT: NOT_STORED,
}
"""Answers that the specifications give, for what a conforming plugin does."""

GENERIC = make(
    name="generic",
    title="any conforming network plugin",
    versions="NetworkPolicy v1; ClusterNetworkPolicy v1alpha2; AdminNetworkPolicy v1alpha1",
    answers={
        **SPECIFICATION,
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
        Fact.HAIRPIN_EGRESS_EXEMPT: Reading(
            None,
            "kubernetes/kubernetes issue 95879; network-policy-api site-src/api-overview.md",
            "plugins differ in whether they filter what a pod sends to itself through a Service",
        ),
        Fact.HAIRPIN_INGRESS_EXEMPT: Reading(
            None,
            "kubernetes/kubernetes issue 95879; network-policy-api site-src/api-overview.md",
            "plugins differ in whether they filter what a pod sends to itself through a Service",
        ),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: Reading(
            None,
            f"{SOURCE_ADDRESSES}: kube-proxy puts the node's address in the client's place",
            "kube-proxy hides the client behind a node; plugins that do its work may keep the client's address",
        ),
        Fact.OWN_NODE_KEEPS_CLIENT: Reading(
            None,
            f"{NETWORK_POLICY_DOCS}: whether policy is applied before or after the address is rewritten is not said",
            "plugins differ in whether they judge before or after the node's address is put in the client's place",
        ),
        Fact.NODE_ADDRESS_IS_STATED: Reading(
            None,
            f"{SOURCE_ADDRESSES}: an address of the node that took the packet; which one is not said",
            "depends on the way to the pod: through a tunnel or a bridge it is that one's address",
        ),
        Fact.BASELINE_PER_DIRECTION: Reading(
            None,
            f"{NETWORK_POLICY_API}: NetworkPolicy is final for the pods that it selects; the direction is not said",
            "plugins differ in whether Baseline applies to the direction that no NetworkPolicy isolates",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("implementation defined", f"{NETWORK_POLICY_DOCS}#pod-lifecycle"),
        Trait.STARTING_PODS: Remark(
            "a pod may start unprotected until the plugin has handled its policies",
            f"{NETWORK_POLICY_DOCS}#pod-lifecycle",
        ),
        Trait.DENIED_PACKETS: Remark("not said for NetworkPolicy; dropped for admin policies", NETWORK_POLICY_API),
    },
)
