"""The network policy agent of the Amazon VPC CNI."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import BEHIND_KUBE_PROXY, UNVERIFIED, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "aws/amazon-network-policy-controller-k8s and aws/aws-network-policy-agent, as of 2026-08"
DOCS = "docs.aws.amazon.com/eks/latest/userguide/cni-network-policy"


def _switch(source: str) -> tuple[Reading, ...]:
    return (
        Reading(False, f"{DOCS}: from 1.14 on", "the VPC CNI enforces policies from 1.14 on", before=(1, 14)),
        Reading(
            None,
            source,
            "depends on enable-network-policy (off by default)",
            "the arguments of container aws-eks-nodeagent in DaemonSet aws-node",
            since=(1, 14),
        ),
    )


AWS_VPC_CNI = make(
    name="aws-vpc-cni",
    title="Amazon VPC CNI with its network policy agent",
    versions="1.12 to 1.21; read as of 2026-08",
    since=(1, 12),
    newest=(1, 21),
    answers={
        **UNVERIFIED,
        **not_enforced(f"{READ}: only NetworkPolicy and kinds of networking.k8s.aws"),
        Fact.NETWORK_POLICY_INGRESS: _switch(f"{DOCS}-configure; aws/amazon-vpc-cni-k8s manifest: false by default"),
        Fact.NETWORK_POLICY_EGRESS: _switch(f"{DOCS}-configure; aws/amazon-vpc-cni-k8s manifest: false by default"),
        Fact.STANDALONE_PODS: Reading(
            None,
            f"{DOCS}: policies do not apply to pods without metadata.ownerReferences",
            "the documentation says that pods without ownerReferences are not covered; the code was not verified",
        ),
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: a longest prefix map of addresses"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: a longest prefix map of addresses"),
        Fact.IPV6_FILTERED: Reading(
            None,
            f"{DOCS}: policies apply to the family of the cluster, not to both",
            "in an IPv4 cluster IPv6 is not filtered, in an IPv6 cluster it is",
            "the ipFamily of the cluster",
        ),
        Fact.IPV6_BLOCKS: Reading(
            None,
            f"{DOCS}: rules of the other family are ignored",
            "in an IPv4 cluster an IPv6 ipBlock is ignored",
            "the ipFamily of the cluster",
        ),
        Fact.END_PORT: Reading(True, f"{READ}: a range of ports in each map entry"),
        Fact.SCTP_PORTS: Reading(True, f"{READ}: TCP, UDP and SCTP"),
        Fact.SCTP_FILTERED: Reading(True, f"{READ}: TCP, UDP and SCTP"),
        Fact.NAMED_PORTS: Reading(True, f"{READ}: resolvers/endpoints"),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: BEHIND_KUBE_PROXY,
        Fact.OWN_NODE_KEEPS_CLIENT: Reading(
            False, f"{READ}: the program sits at the pod's interface, where kube-proxy has rewritten the source already"
        ),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods are skipped"),
        Fact.SERVICES_SEEN_AS_PODS: Reading(
            False,
            f"{READ}: the program sits at the pod's interface, before DNAT; resolvers/endpoints adds cluster addresses",
            "egress policy sees the address and port of the Service; the documentation asks for equal ports",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("judged again with the next packet", f"{READ}: standard mode"),
        Trait.STARTING_PODS: Remark(
            "open in standard mode, closed in strict mode (NETWORK_POLICY_ENFORCING_MODE)", f"{DOCS}-configure"
        ),
        Trait.DENIED_PACKETS: Remark("dropped", READ),
    },
)
