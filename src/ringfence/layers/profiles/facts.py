"""The questions that a profile answers: facts, on which verdicts hang, and traits, which people want to know."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Fact(StrEnum):
    """The questions. Every profile answers each of them with yes or no, or leaves it open.

    Wherever it can be said so, *yes* is what the specifications ask for, and *no* the gap.
    """

    NETWORK_POLICY_INGRESS = "networkpolicy-ingress"
    """Is the ingress of a NetworkPolicy enforced?"""
    NETWORK_POLICY_EGRESS = "networkpolicy-egress"
    """Is the egress of a NetworkPolicy enforced?"""
    CLUSTER_NETWORK_POLICY = "clusternetworkpolicy"
    """Is ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) enforced?"""
    ADMIN_NETWORK_POLICY = "adminnetworkpolicy"
    """Is AdminNetworkPolicy (policy.networking.k8s.io/v1alpha1) enforced?"""
    BASELINE_ADMIN_NETWORK_POLICY = "baselineadminnetworkpolicy"
    """Is BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1) enforced?"""
    HIGH_ADMIN_PRIORITIES = "admin-priority-above-99"
    """Is an AdminNetworkPolicy with a priority above 99 enforced?"""
    STANDALONE_PODS = "standalone-pods"
    """Do policies apply to pods that no controller owns (without ownerReferences)?"""
    IPBLOCK_MATCHES_PODS = "ipblock-matches-pods"
    """Does an ipBlock of a NetworkPolicy apply to the addresses of pods?"""
    IPBLOCK_MATCHES_NODES = "ipblock-matches-nodes"
    """Does an ipBlock of a NetworkPolicy apply to the addresses of nodes, and so of hostNetwork pods?"""
    NETWORKS_MATCH_PODS = "networks-match-pods"
    """Do the networks of an admin policy apply to the addresses of pods?"""
    NETWORKS_MATCH_NODES = "networks-match-nodes"
    """Do the networks of an admin policy apply to the addresses of nodes?"""
    EXCEPT_IS_LOCAL = "except-is-local"
    """Does the except of an ipBlock leave the other ipBlocks of its rule alone? If not, it takes its addresses away
    from all of them that are not more specific than it."""
    IPV6_ZERO_IS_EVERYTHING = "ipv6-zero-is-everything"
    """Does an ipBlock of ::/0 mean every IPv6 address? If not, only 2000::/3 and fd00::/8."""
    IPV6_FILTERED = "ipv6-filtered"
    """Do policies filter IPv6? If not, IPv6 traffic passes whatever they say."""
    IPV6_BLOCKS = "ipv6-ipblocks"
    """Does an IPv6 ipBlock of a NetworkPolicy match? If not, it matches nothing."""
    SCTP_FILTERED = "sctp-filtered"
    """Do policies filter SCTP? If not, SCTP passes whatever they say."""
    SCTP_PORTS = "sctp-ports"
    """Does a port of protocol SCTP match? If not, it matches nothing."""
    END_PORT = "end-port"
    """Does endPort of a NetworkPolicy count? If not, only the port that the range begins with is meant."""
    NAMED_PORTS = "named-ports"
    """Are named ports of a NetworkPolicy understood? If not, what the policy does is open."""
    ADMIN_NAMED_PORTS = "admin-named-ports"
    """Are named ports of an admin policy understood? If not, what the policy does is open."""
    ADMIN_NODE_PEERS = "admin-node-peers"
    """Are nodes peers of an admin policy supported? If not, what the policy does is open: the API server may reject it,
    and a plugin that meets one may close or pass."""
    ADMIN_DOMAIN_PEERS = "admin-domain-peers"
    """Are domainNames peers of an admin policy supported? If not, what the policy does is open, as with nodes peers."""
    HOST_NETWORK_PODS_ARE_PODS = "host-network-pods-are-pods"
    """Does NetworkPolicy treat hostNetwork pods like any pod (as subject and as peer)? If not, they are their node."""
    ADMIN_HOST_NETWORK_PODS_ARE_PODS = "admin-host-network-pods-are-pods"
    """The same question for admin policies."""
    OWN_NODE_INGRESS_EXEMPT = "own-node-ingress-exempt"
    """Is traffic from a pod's own node to the pod always allowed?"""
    OWN_NODE_EGRESS_EXEMPT = "own-node-egress-exempt"
    """Is traffic from a pod to its own node exempt from NetworkPolicy?"""
    HAIRPIN_EGRESS_EXEMPT = "hairpin-egress-exempt"
    """Is what a pod sends to itself through a Service exempt from the pod's egress policies?"""
    HAIRPIN_INGRESS_EXEMPT = "hairpin-ingress-exempt"
    """Is what a pod sends to itself through a Service exempt from the pod's ingress policies?"""
    SERVICES_SEEN_AS_PODS = "services-seen-as-pods"
    """Does egress policy see a connection to a Service as one to the pod and port behind it? If not, it sees the
    address and the port of the Service."""
    BASELINE_PER_DIRECTION = "baseline-per-direction"
    """Does Baseline still apply to a direction in which a pod is not isolated, when a NetworkPolicy isolates the
    other?"""
    LOCAL_POLICY_KEEPS_CLIENT = "local-policy-keeps-client"
    """Traffic from outside to a node port, an external or a load balancer's address of a Service with
    externalTrafficPolicy Local: does policy see the client's address? If not, one of a node."""
    CLUSTER_POLICY_KEEPS_CLIENT = "cluster-policy-keeps-client"
    """The same with externalTrafficPolicy Cluster, where the packet came to another node than the pod's."""
    OWN_NODE_KEEPS_CLIENT = "own-node-keeps-client"
    """The same with externalTrafficPolicy Cluster, where the packet came to the pod's own node."""
    NODE_ADDRESS_IS_STATED = "node-address-is-stated"
    """Where a node puts an address of its own in place of a client's: is it one that its Node object states? If not,
    one of a tunnel, a bridge or a router."""
    REJECTED_OBJECTS_COUNT = "rejected-objects-count"
    """Is an object that the API server rejects taken as it is written, where its meaning is plain nevertheless?"""


GROUPS: Mapping[str, tuple[Fact, ...]] = {
    "What is enforced": (
        Fact.NETWORK_POLICY_INGRESS,
        Fact.NETWORK_POLICY_EGRESS,
        Fact.CLUSTER_NETWORK_POLICY,
        Fact.ADMIN_NETWORK_POLICY,
        Fact.BASELINE_ADMIN_NETWORK_POLICY,
        Fact.HIGH_ADMIN_PRIORITIES,
        Fact.STANDALONE_PODS,
    ),
    "Addresses": (
        Fact.IPBLOCK_MATCHES_PODS,
        Fact.IPBLOCK_MATCHES_NODES,
        Fact.NETWORKS_MATCH_PODS,
        Fact.NETWORKS_MATCH_NODES,
        Fact.EXCEPT_IS_LOCAL,
        Fact.IPV6_ZERO_IS_EVERYTHING,
        Fact.IPV6_FILTERED,
        Fact.IPV6_BLOCKS,
    ),
    "Ports and peers": (
        Fact.END_PORT,
        Fact.NAMED_PORTS,
        Fact.ADMIN_NAMED_PORTS,
        Fact.SCTP_FILTERED,
        Fact.SCTP_PORTS,
        Fact.ADMIN_NODE_PEERS,
        Fact.ADMIN_DOMAIN_PEERS,
    ),
    "Nodes, hostNetwork pods, Services, order": (
        Fact.HOST_NETWORK_PODS_ARE_PODS,
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS,
        Fact.OWN_NODE_INGRESS_EXEMPT,
        Fact.OWN_NODE_EGRESS_EXEMPT,
        Fact.HAIRPIN_EGRESS_EXEMPT,
        Fact.HAIRPIN_INGRESS_EXEMPT,
        Fact.SERVICES_SEEN_AS_PODS,
        Fact.BASELINE_PER_DIRECTION,
        Fact.REJECTED_OBJECTS_COUNT,
    ),
    "Traffic from outside": (
        Fact.LOCAL_POLICY_KEEPS_CLIENT,
        Fact.CLUSTER_POLICY_KEEPS_CLIENT,
        Fact.OWN_NODE_KEEPS_CLIENT,
        Fact.NODE_ADDRESS_IS_STATED,
    ),
}
"""The facts in the order in which people read them."""


class Trait(StrEnum):
    """What no verdict hangs on, but people have to know. Answered in words."""

    ESTABLISHED_CONNECTIONS = "established-connections"
    """What happens to connections that are open when a policy changes?"""
    STARTING_PODS = "starting-pods"
    """What passes before the agent has programmed a new pod, or while it is down?"""
    DENIED_PACKETS = "denied-packets"
    """Are denied packets dropped, or answered?"""
