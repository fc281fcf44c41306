"""Cilium, as its agent enforces Kubernetes policies."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make

DOCS = "docs.cilium.io network/kubernetes/policy"
CONVERSION = "cilium/cilium pkg/k8s/network_policy.go"
WITHOUT_KUBE_PROXY = "docs.cilium.io network/kubernetes/kubeproxy-free"
SCTP = Reading(
    None,
    "docs.cilium.io configuration/sctp: a beta feature behind sctp.enabled",
    "without sctp.enabled Cilium does not handle SCTP; what then passes is not verified",
    "enable-sctp in ConfigMap cilium-config",
)
HAIRPIN = Reading(
    None,
    "cilium/cilium pull requests 15709 and 27798",
    "policy is skipped for a Service's loopback on some data paths only; which is set up is not known",
    "enable-endpoint-routes in ConfigMap cilium-config",
)

CILIUM = make(
    name="cilium",
    title="Cilium",
    versions="1.14 to 1.19",
    since=(1, 14),
    newest=(1, 19),
    answers={
        **UNVERIFIED,
        **not_enforced("cilium/cilium: a tracking issue only; network-policy-api implementations"),
        Fact.CLUSTER_NETWORK_POLICY: (
            Reading(
                False, "v1alpha2 is younger than these releases", "Cilium before 1.19 does not know it", before=(1, 19)
            ),
            Reading(
                None,
                "cilium/cilium main has a reader of policy.networking.k8s.io/v1alpha2",
                "from which release on Cilium enforces it was not verified",
                since=(1, 19),
            ),
        ),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, DOCS),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, DOCS),
        Fact.STANDALONE_PODS: Reading(True, f"{DOCS}: endpoints are selected by labels"),
        Fact.IPBLOCK_MATCHES_PODS: Reading(
            False,
            f"{DOCS}: ipBlock does not select pods",
            "an identity of the cluster comes before its address",
        ),
        Fact.IPBLOCK_MATCHES_NODES: (
            Reading(False, f"{DOCS}: nodes were excluded before 1.15", before=(1, 15)),
            Reading(
                None,
                f"{DOCS}: from 1.15 on ipBlock can optionally select node addresses",
                "depends on policy-cidr-match-mode",
                "policy-cidr-match-mode in ConfigMap cilium-config",
                since=(1, 15),
            ),
        ),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{CONVERSION}: a CIDRRule with its own excepts for each ipBlock"),
        Fact.IPV6_ZERO_IS_EVERYTHING: Reading(True, f"{CONVERSION}: the CIDR is taken as it is written"),
        Fact.IPV6_FILTERED: Reading(True, f"{DOCS}: not among the known missing features"),
        Fact.IPV6_BLOCKS: Reading(True, f"{DOCS}: not among the known missing features"),
        Fact.NAMED_PORTS: Reading(True, f"{DOCS}: not among the known missing features"),
        Fact.SCTP_FILTERED: SCTP,
        Fact.SCTP_PORTS: SCTP,
        Fact.END_PORT: (
            Reading(False, "cilium/cilium issue 28684: accepted and ignored", before=(1, 16)),
            Reading(True, "cilium/cilium issue 16622: port ranges, 1.16", since=(1, 16)),
        ),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(
            False,
            "docs.cilium.io: hostNetwork pods have the identity of their node",
        ),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(
            None,
            "docs.cilium.io: allow-localhost, auto by default",
            "traffic of the own node is allowed unless allow-localhost=policy",
            "allow-localhost in ConfigMap cilium-config",
        ),
        Fact.HAIRPIN_EGRESS_EXEMPT: HAIRPIN,
        Fact.HAIRPIN_INGRESS_EXEMPT: HAIRPIN,
        Fact.SERVICES_SEEN_AS_PODS: Reading(
            True, "docs.cilium.io: Services are translated at the socket or before policy is looked up"
        ),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: Reading(
            None,
            f"{WITHOUT_KUBE_PROXY}: DSR preserves the client's address, SNAT, the default, does not",
            "depends on bpf-lb-mode where Cilium stands in for kube-proxy, else the node hides the client",
            "kube-proxy-replacement and bpf-lb-mode in ConfigMap cilium-config",
        ),
        Fact.OWN_NODE_KEEPS_CLIENT: Reading(
            None,
            f"{WITHOUT_KUBE_PROXY}: only what goes on to another node is given its address",
            "depends on whether Cilium stands in for kube-proxy",
            "kube-proxy-replacement in ConfigMap cilium-config",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("not verified", "nothing that was read says so"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", "docs.cilium.io: policy verdicts"),
    },
)
