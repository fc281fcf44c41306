"""OVN-Kubernetes, also the network of OpenShift."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, the_whole_api
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "ovn-org/ovn-kubernetes go-controller, as of 2026-08"
TRAFFIC_POLICY = "ovn-kubernetes docs/design/service-traffic-policy"
HIDDEN = Reading(
    False, f"{TRAFFIC_POLICY}: with Cluster the client's address is lost", "the gateway router rewrites the source"
)
ADMIN = Reading(
    None,
    f"{READ}: admin network policy is a feature that is switched on",
    "depends on --enable-admin-network-policy",
    "the arguments of ovnkube-control-plane and ovnkube-node",
)

OVN_KUBERNETES = make(
    name="ovn-kubernetes",
    title="OVN-Kubernetes",
    versions="as of 2026-08 (OpenShift 4.14 and later)",
    answers={
        **UNVERIFIED,
        **the_whole_api(READ),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{READ}: ACL tier 2"),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{READ}: ACL tier 2"),
        Fact.CLUSTER_NETWORK_POLICY: Reading(
            False, f"{READ}: depends on network-policy-api 0.1.5, which lacks the kind"
        ),
        Fact.ADMIN_NETWORK_POLICY: ADMIN,
        Fact.BASELINE_ADMIN_NETWORK_POLICY: ADMIN,
        Fact.HIGH_ADMIN_PRIORITIES: Reading(
            False,
            f"{READ}: event ANPWithUnsupportedPriority",
            "OVN-Kubernetes enforces AdminNetworkPolicy with priorities 0 to 99 only",
        ),
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: ACLs match addresses"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: ACLs match addresses"),
        Fact.NETWORKS_MATCH_PODS: Reading(True, f"{READ}: ACLs match addresses"),
        Fact.NETWORKS_MATCH_NODES: Reading(True, f"{READ}: ACLs match addresses"),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{READ}: each ipBlock is a match of its own, with its excepts"),
        Fact.ADMIN_NODE_PEERS: Reading(True, "ovn-kubernetes issue 4214 and docs/features admin-network-policy"),
        Fact.ADMIN_NAMED_PORTS: Reading(True, "ovn-kubernetes docs/features: all but beside networks"),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods have no logical port"),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods have no logical port"),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(True, f"{READ}: an ACL allows the management port's address"),
        Fact.HAIRPIN_INGRESS_EXEMPT: Reading(True, f"{READ}: the ACL allow-hairpinning"),
        Fact.LOCAL_POLICY_KEEPS_CLIENT: Reading(True, f"{TRAFFIC_POLICY}: the client's address is preserved"),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: HIDDEN,
        Fact.OWN_NODE_KEEPS_CLIENT: HIDDEN,
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, f"{READ}: egress ACLs are applied after load balancing"),
        Fact.BASELINE_PER_DIRECTION: Reading(True, f"{READ}: ACLs are per direction"),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("not verified", "nothing that was read says so"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", f"{READ}: the default deny ACL"),
    },
)
