"""kube-router's network policy controller, also the one that K3s and RKE2 have inside."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import (
    BEHIND_KUBE_PROXY,
    UNVERIFIED,
    before_masquerading,
    not_enforced,
    the_whole_api,
)
from ringfence.layers.profiles.profile import Reading, Remark, make
from ringfence.values import replace

READ = "cloudnativelabs/kube-router pkg/controllers/netpol, 2.x"
FIREWALL = Reading(
    None,
    f"{READ}: --run-firewall, true by default",
    "depends on --run-firewall (on by default)",
    "the arguments of DaemonSet kube-router",
)
IN_IPSETS = Reading(
    False,
    f"{READ}: all ipBlocks of a rule and their excepts stand in one ipset, where the longest prefix decides",
    "the except of one ipBlock also takes addresses away from the other ipBlocks of its rule",
)

KUBE_ROUTER = make(
    name="kube-router",
    title="kube-router (network policy controller)",
    versions="2.0 to 2.6; read as of 2026-08",
    since=(2,),
    newest=(2, 6),
    answers={
        **UNVERIFIED,
        **the_whole_api(READ),
        **not_enforced(f"{READ}: only NetworkPolicy is watched"),
        Fact.NETWORK_POLICY_INGRESS: FIREWALL,
        Fact.NETWORK_POLICY_EGRESS: FIREWALL,
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: an address is matched as any other"),
        Fact.EXCEPT_IS_LOCAL: Reading(
            None,
            IN_IPSETS.source,
            "an except also bears on its neighbours: in one way with ipsets, in another with --use-nftables-for-netpol",
            "the arguments of DaemonSet kube-router",
        ),
        Fact.IPV6_ZERO_IS_EVERYTHING: Reading(False, f"{READ}: ::/0 becomes 2000::/3 and fd00::/8"),
        Fact.END_PORT: Reading(True, f"{READ}: processNetworkPolicyPorts"),
        Fact.NAMED_PORTS: Reading(True, f"{READ}: resolved on spec.containers of each pod"),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: isNetPolActionable leaves hostNetwork pods out"),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(True, f"{READ}: a rule permits traffic from the local node"),
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, f"{READ}: filtered in FORWARD, after DNAT"),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: Reading(
            None,
            "kube-router.io/docs: its service proxy can answer directly (DSR), a Service at a time; else kube-proxy",
            "depends on who handles Services, and on annotation kube-router.io/service.dsr",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("survive a change", f"{READ}: ESTABLISHED,RELATED is accepted first"),
        Trait.STARTING_PODS: Remark(
            "open until the next sync, unless --netpol-default-deny", f"{READ}: pods get their chain on a sync"
        ),
        Trait.DENIED_PACKETS: Remark("answered (REJECT)", f"{READ}: the end of a pod's chain rejects"),
    },
)

K3S = replace(
    KUBE_ROUTER.with_answers(
        {
            Fact.EXCEPT_IS_LOCAL: IN_IPSETS,
            Fact.CLUSTER_POLICY_KEEPS_CLIENT: BEHIND_KUBE_PROXY,
            Fact.OWN_NODE_KEEPS_CLIENT: before_masquerading(f"{READ}: filtered in FORWARD"),
            Fact.NETWORK_POLICY_INGRESS: replace(
                FIREWALL,
                source="k3s-io/k3s: the network policy controller is embedded",
                why="depends on --disable-network-policy (not set by default) and on ipset being there",
                decide="annotation k3s.io/node-args of the nodes",
            ),
            Fact.NETWORK_POLICY_EGRESS: replace(
                FIREWALL,
                source="k3s-io/k3s: the network policy controller is embedded",
                why="depends on --disable-network-policy (not set by default) and on ipset being there",
                decide="annotation k3s.io/node-args of the nodes",
            ),
        }
    ),
    name="k3s",
    title="K3s with its embedded kube-router",
    versions="1.28 to 1.35; read as kube-router 2.x with ipsets",
    since=(1, 28),
    newest=(1, 35),
)
