"""Azure Network Policy Manager (azure-npm) on Linux nodes of AKS."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, before_masquerading, does_not_matter, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "Azure/azure-container-networking npm, as of 2026-08"

AZURE = make(
    name="azure",
    title="Azure Network Policy Manager (Linux nodes)",
    versions="as of 2026-08",
    answers={
        **UNVERIFIED,
        **not_enforced(f"{READ}: only NetworkPolicy is watched"),
        Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{READ}: translatePolicy"),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{READ}: translatePolicy"),
        Fact.IPBLOCK_MATCHES_PODS: Reading(True, f"{READ}: an ipset of CIDRs is matched against any address"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(True, f"{READ}: an ipset of CIDRs is matched against any address"),
        Fact.EXCEPT_IS_LOCAL: Reading(True, f"{READ}: each ipBlock has an ipset of its own"),
        Fact.IPV6_ZERO_IS_EVERYTHING: does_not_matter("IPv6 ipBlocks are not supported"),
        Fact.IPV6_BLOCKS: Reading(False, f"{READ}: ipBlocks are IPv4 only"),
        Fact.END_PORT: Reading(True, f"{READ}: numericPortRule"),
        Fact.NAMED_PORTS: Reading(True, f"{READ}: namedPortRule, an ipset of addresses and ports"),
        Fact.SERVICES_SEEN_AS_PODS: Reading(True, f"{READ}: filtered in FORWARD, after DNAT"),
        Fact.OWN_NODE_KEEPS_CLIENT: before_masquerading(f"{READ}: filtered in FORWARD"),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("not verified", "nothing that was read says so"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", f"{READ}: defaultDropACL"),
    },
)
