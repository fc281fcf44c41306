"""kube-network-policies, the reference controller, and kindnet, which has its NetworkPolicy part inside."""

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

READ = "kubernetes-sigs/kube-network-policies pkg/networkpolicy and pkg/dataplane, as of 2026-08"


def _variant(which: str) -> Reading:
    return Reading(
        None,
        f"{READ}: image variants",
        f"depends on the image: only the variant npa-{which} enforces it",
        "the image of DaemonSet kube-network-policies",
    )


KUBE_NETWORK_POLICIES = make(
    name="kube-network-policies",
    title="kube-network-policies",
    versions="0.8 to 1.0; read as of 2026-08",
    since=(0, 8),
    newest=(1, 0),
    answers={
        **UNVERIFIED,
        **the_whole_api(READ),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, READ),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, READ),
        Fact.CLUSTER_NETWORK_POLICY: _variant("v1alpha2"),
        Fact.ADMIN_NETWORK_POLICY: _variant("v1alpha1"),
        Fact.BASELINE_ADMIN_NETWORK_POLICY: _variant("v1alpha1"),
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: a packet's address is compared"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: a packet's address is compared"),
        Fact.NETWORKS_MATCH_PODS: Reading(True, f"{READ}: a packet's address is compared"),
        Fact.NETWORKS_MATCH_NODES: Reading(True, f"{READ}: a packet's address is compared"),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{READ}: each ipBlock is evaluated with its own excepts"),
        Fact.NAMED_PORTS: Reading(True, f"{READ}: resolved on spec.containers"),
        Fact.HIGH_ADMIN_PRIORITIES: Reading(True, f"{READ}: policies are sorted by priority"),
        Fact.ADMIN_NODE_PEERS: Reading(True, f"{READ}: by the InternalIP and ExternalIP of nodes"),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods are skipped"),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(False, f"{READ}: hostNetwork pods are skipped"),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(
            None,
            f"{READ}: only sockets of root on the host are exempt",
            "exempt for what root sends from the node, as the kubelet does; other users are filtered",
        ),
        Fact.OWN_NODE_EGRESS_EXEMPT: Reading(False, f"{READ}: pod to host is judged on the input hook"),
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, f"{READ}: judged in POSTROUTING, after DNAT"),
        Fact.OWN_NODE_KEEPS_CLIENT: before_masquerading(f"{READ}: judged in POSTROUTING before srcnat"),
        Fact.BASELINE_PER_DIRECTION: Reading(
            False,
            f"{READ}: EvaluateIngress and EvaluateEgress",
            "Baseline is skipped in both directions for every pod that a NetworkPolicy selects",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark(
            "cut off when they are no longer allowed (--strict-mode, on by default)", f"{READ}: conntrack is flushed"
        ),
        Trait.STARTING_PODS: Remark("open while the controller is down (--fail-open, on by default)", READ),
        Trait.DENIED_PACKETS: Remark("dropped", READ),
    },
)

KINDNET = replace(
    KUBE_NETWORK_POLICIES.with_answers(
        {
            **not_enforced("kubernetes-sigs/kind images/kindnetd: NetworkPolicy only"),
            Fact.CLUSTER_POLICY_KEEPS_CLIENT: BEHIND_KUBE_PROXY,
        }
    ),
    name="kindnet",
    title="kindnet, the network of kind",
    versions="kind 0.24 to 0.31 (earlier ones enforce nothing)",
    since=(0, 24),
    newest=(0, 31),
)
