"""Calico, as Felix enforces Kubernetes policies."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, the_whole_api
from ringfence.layers.profiles.profile import Reading, Remark, make

CONVERSION = "libcalico-go conversion"
CNP_CONVERSION = "libcalico-go clusternetworkpolicy conversion"
IMPLEMENTATIONS = "network-policy-api implementations; libcalico-go backend/k8s/conversion at 3.32"

CALICO = make(
    name="calico",
    title="Calico (Felix)",
    versions="3.29 to 3.32",
    since=(3, 29),
    newest=(3, 32),
    answers={
        **UNVERIFIED,
        **the_whole_api(f"{CONVERSION} and felix/rules: endPort, SCTP, IPv6, named ports"),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{CONVERSION}: NetworkPolicy is a policy of the default tier"),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{CONVERSION}: NetworkPolicy is a policy of the default tier"),
        Fact.CLUSTER_NETWORK_POLICY: (
            Reading(False, IMPLEMENTATIONS, "Calico knows ClusterNetworkPolicy from 3.32 on", before=(3, 32)),
            Reading(
                True, f"{IMPLEMENTATIONS}: a GlobalNetworkPolicy of tier kube-admin or kube-baseline", since=(3, 32)
            ),
        ),
        Fact.ADMIN_NETWORK_POLICY: (
            Reading(True, f"{IMPLEMENTATIONS}: tier adminnetworkpolicy", before=(3, 32)),
            Reading(
                False,
                f"{IMPLEMENTATIONS}: removed",
                "Calico dropped it in 3.32 for ClusterNetworkPolicy",
                since=(3, 32),
            ),
        ),
        Fact.BASELINE_ADMIN_NETWORK_POLICY: (
            Reading(
                None, "nothing that was read says so", "not verified for 3.29", "--cni calico@3.30", before=(3, 30)
            ),
            Reading(True, f"{IMPLEMENTATIONS}: tier baselineadminnetworkpolicy", since=(3, 30), before=(3, 32)),
            Reading(
                False,
                f"{IMPLEMENTATIONS}: removed",
                "Calico dropped it in 3.32 for ClusterNetworkPolicy",
                since=(3, 32),
            ),
        ),
        Fact.HIGH_ADMIN_PRIORITIES: Reading(True, f"{CNP_CONVERSION}: the priority becomes the order"),
        Fact.IPBLOCK_MATCHES_PODS: Reading(
            True,
            f"{CONVERSION}: ipBlock becomes nets of a rule, matched against any packet's address",
        ),
        Fact.IPBLOCK_MATCHES_NODES: Reading(
            True,
            f"{CONVERSION}: ipBlock becomes nets of a rule, matched against any packet's address",
        ),
        Fact.NETWORKS_MATCH_PODS: Reading(True, f"{CNP_CONVERSION}: networks become nets"),
        Fact.NETWORKS_MATCH_NODES: Reading(True, f"{CNP_CONVERSION}: networks become nets"),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{CONVERSION}: each ipBlock is a rule of its own with nets and notNets"),
        Fact.NAMED_PORTS: Reading(True, f"{CONVERSION}: resolved by Felix on each endpoint"),
        Fact.ADMIN_NAMED_PORTS: Reading(
            False,
            f"{CNP_CONVERSION}: destinationNamedPort is an error",
            "Calico does not support named ports in admin policies",
        ),
        Fact.ADMIN_NODE_PEERS: Reading(
            None,
            f"{IMPLEMENTATIONS}: standard channel only",
            "Calico does not support nodes peers: the API server refuses them, or the rule fails closed",
            "the CustomResourceDefinition, and the object as it is stored",
        ),
        Fact.ADMIN_DOMAIN_PEERS: Reading(
            None,
            f"{IMPLEMENTATIONS}: standard channel only",
            "Calico does not support domainNames peers: the API server refuses them, or the rule fails closed",
            "the CustomResourceDefinition, and the object as it is stored",
        ),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            f"{CONVERSION}: a hostNetwork pod is no workload endpoint",
        ),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            f"{CONVERSION}: a hostNetwork pod is no workload endpoint",
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
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, "felix/rules: workload policy is matched after DNAT"),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: Reading(
            None,
            "docs.tigera.io operations/ebpf: the eBPF data plane preserves the client's address; else kube-proxy's"
            " masquerading",
            "the eBPF data plane keeps the client's address, with the others kube-proxy puts a node's in its place",
        ),
        Fact.OWN_NODE_KEEPS_CLIENT: Reading(
            True, "felix/rules: workload policy is matched in FORWARD, before POSTROUTING; eBPF preserves the address"
        ),
        Fact.NODE_ADDRESS_IS_STATED: Reading(
            None,
            "docs.tigera.io networking/configuring/vxlan-ipip: with an overlay nodes send through a tunnel device",
            "with IPIP or VXLAN it may be the address of the node's tunnel, from the pods' range",
        ),
        Fact.BASELINE_PER_DIRECTION: Reading(
            True,
            "felix/rules/endpoints: a tier only counts policies that have the direction",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark(
            "survive a change: established traffic is accepted before policy", "felix/rules: conntrack first"
        ),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", "felix/rules: the end of a tier drops"),
    },
)
