"""Antrea, as its agents enforce Kubernetes policies."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, the_whole_api
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "antrea-io/antrea pkg/controller/networkpolicy and pkg/agent, 2.7"
GATEWAY = Reading(
    False,
    "antrea-io/antrea release 0.12.2, pull request 1816: SNAT comes before policy, to the address of antrea-gw0",
    "with externalTrafficPolicy Cluster policy sees the address of the node's gateway interface, from the pods' range",
)
GATES = "antrea.io/docs: feature gates of antrea-controller.conf in ConfigMap antrea-config"

ANTREA = make(
    name="antrea",
    title="Antrea",
    versions="1.13 to 2.7",
    since=(1, 13),
    newest=(2, 7),
    answers={
        **UNVERIFIED,
        **the_whole_api(READ),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, READ),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, READ),
        Fact.CLUSTER_NETWORK_POLICY: (
            Reading(False, "network-policy-api implementations", "Antrea knows it from 2.7 on", before=(2, 7)),
            Reading(
                None,
                GATES,
                "depends on the feature gate ClusterNetworkPolicy (alpha, off by default)",
                "ConfigMap antrea-config",
                since=(2, 7),
            ),
        ),
        Fact.ADMIN_NETWORK_POLICY: Reading(
            None, GATES, "depends on the feature gate AdminNetworkPolicy (off by default)", "ConfigMap antrea-config"
        ),
        Fact.BASELINE_ADMIN_NETWORK_POLICY: Reading(
            None, GATES, "depends on the feature gate AdminNetworkPolicy (off by default)", "ConfigMap antrea-config"
        ),
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.NETWORKS_MATCH_PODS: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.NETWORKS_MATCH_NODES: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{READ}: an ipBlock is cut into CIDRs without its excepts"),
        Fact.NAMED_PORTS: Reading(True, f"{READ}: resolved on the containers of each pod"),
        Fact.ADMIN_NODE_PEERS: (
            Reading(None, "nothing that was read says so", "not verified before 2.7", before=(2, 7)),
            Reading(True, "network-policy-api implementations: all peers", since=(2, 7)),
        ),
        Fact.ADMIN_NAMED_PORTS: (
            Reading(None, "nothing that was read says so", "not verified before 2.7", before=(2, 7)),
            Reading(True, f"{READ}: resolved on the containers of each pod, of any protocol", since=(2, 7)),
        ),
        Fact.ADMIN_DOMAIN_PEERS: (
            Reading(None, "nothing that was read says so", "not verified before 2.7", before=(2, 7)),
            Reading(True, "network-policy-api implementations: all peers", since=(2, 7)),
        ),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods are skipped"),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods are skipped"),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(True, f"{READ}: traffic of the gateway interface passes"),
        Fact.HAIRPIN_INGRESS_EXEMPT: Reading(
            None,
            "antrea.io/docs/antrea-proxy: with AntreaProxy a hairpin connection is always admitted on ingress",
            "depends on AntreaProxy (on by default)",
            "ConfigMap antrea-config",
        ),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: GATEWAY,
        Fact.OWN_NODE_KEEPS_CLIENT: Reading(
            None,
            f"{GATEWAY.source}; with proxyAll AntreaProxy handles it, of which this was not read",
            "kube-proxy's traffic is rewritten before policy; not verified for AntreaProxy with proxyAll",
        ),
        Fact.NODE_ADDRESS_IS_STATED: GATEWAY,
        Fact.SERVICES_SEEN_AS_PODS: Reading(
            None,
            "antrea.io/docs: without AntreaProxy policy does not see Service traffic on Windows as pod traffic",
            "depends on AntreaProxy (on by default)",
            "ConfigMap antrea-config",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("survive a change", f"{READ}: established traffic bypasses policy"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", READ),
    },
)
