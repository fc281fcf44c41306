"""GKE Dataplane V2: Google's managed build of Cilium."""

from __future__ import annotations

from ringfence.layers.profiles.cilium import CILIUM
from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.generic import SPECIFICATION
from ringfence.layers.profiles.open_answers import NOT_VERIFIED, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make

DOCS = "cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2"

GKE_DATAPLANE_V2 = make(
    name="gke-dataplane-v2",
    title="GKE Dataplane V2 (anetd)",
    versions="GKE releases of 2026; the build of Cilium in it is not the user's to choose",
    answers={
        **SPECIFICATION,
        **not_enforced(f"{DOCS}: NetworkPolicy only"),
        **{fact: CILIUM.facts[fact] for fact in (Fact.IPBLOCK_MATCHES_PODS, Fact.HOST_NETWORK_PODS_ARE_PODS)},
        Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{DOCS}: NetworkPolicy is always on"),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{DOCS}: NetworkPolicy is always on"),
        Fact.IPBLOCK_MATCHES_NODES: NOT_VERIFIED,
        Fact.EXCEPT_IS_LOCAL: NOT_VERIFIED,
        Fact.IPV6_ZERO_IS_EVERYTHING: NOT_VERIFIED,
        Fact.SCTP_FILTERED: NOT_VERIFIED,
        Fact.SCTP_PORTS: NOT_VERIFIED,
        Fact.END_PORT: NOT_VERIFIED,
        Fact.OWN_NODE_INGRESS_EXEMPT: NOT_VERIFIED,
        Fact.OWN_NODE_EGRESS_EXEMPT: NOT_VERIFIED,
        Fact.HAIRPIN_EGRESS_EXEMPT: NOT_VERIFIED,
        Fact.HAIRPIN_INGRESS_EXEMPT: NOT_VERIFIED,
        Fact.SERVICES_SEEN_AS_PODS: Reading(
            True, f"{DOCS}: Services are handled by the same eBPF programs, before policy"
        ),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("not verified", "nothing that was read says so"),
        Trait.STARTING_PODS: Remark("not verified", "nothing that was read says so"),
        Trait.DENIED_PACKETS: Remark("dropped", f"{DOCS}: network policy logging"),
    },
)
