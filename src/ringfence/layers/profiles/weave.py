"""Weave Net with weave-npc (archived in 2022)."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import BEHIND_KUBE_PROXY, UNVERIFIED, before_masquerading, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "weaveworks/weave npc, 2.8.1"
CONTROLLER = Reading(
    None,
    f"{READ}: EXPECT_NPC",
    "depends on EXPECT_NPC (1 by default)",
    "the environment of container weave in DaemonSet weave-net",
)

WEAVE = make(
    name="weave",
    title="Weave Net (weave-npc)",
    versions="2.6 to 2.8, the last (archived)",
    since=(2, 6),
    newest=(2, 8),
    answers={
        **UNVERIFIED,
        **not_enforced(f"{READ}: only NetworkPolicy is watched"),
        Fact.NETWORK_POLICY_INGRESS: CONTROLLER,
        Fact.NETWORK_POLICY_EGRESS: CONTROLLER,
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{READ}: ipblock.go, an ipset for each list of excepts"),
        Fact.IPV6_FILTERED: Reading(None, f"{READ}: IPv4 only", "Weave has no IPv6; what else carries it is not known"),
        Fact.IPV6_BLOCKS: Reading(None, f"{READ}: IPv4 only", "Weave has no IPv6; what it makes of the block is open"),
        Fact.END_PORT: Reading(False, f"{READ}: analyser.go reads port alone"),
        Fact.NAMED_PORTS: Reading(
            False, f"{READ}: analyser.go rejects the whole policy", "Weave rejects a policy with named ports"
        ),
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, f"{READ}: filtered in FORWARD, after DNAT"),
        Fact.LOCAL_POLICY_KEEPS_CLIENT: Reading(
            None,
            "weaveworks/weave pull request 3298 and issue 3389: Weave masquerades too, unless NO_MASQ_LOCAL is set",
            "depends on NO_MASQ_LOCAL (1 by default since 2.7)",
        ),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: BEHIND_KUBE_PROXY,
        Fact.OWN_NODE_KEEPS_CLIENT: before_masquerading(f"{READ}: filtered in FORWARD"),
        Fact.NODE_ADDRESS_IS_STATED: Reading(
            False,
            "weaveworks/weave docs/k8s-src-ip: it is the address of the node's weave bridge",
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("not verified", "nothing that was read says so"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped; multicast is always allowed", READ),
    },
)
