"""GKE Dataplane V2: Google's managed build of Cilium."""

from __future__ import annotations

from ringfence.layers.profiles.cilium import CILIUM
from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import UNVERIFIED, not_enforced
from ringfence.layers.profiles.profile import Reading, Remark, make
from ringfence.values import replace

DOCS = "cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2"

AS_CILIUM = (
    Fact.IPBLOCK_MATCHES_PODS,
    Fact.EXCEPT_IS_LOCAL,
    Fact.IPV6_ZERO_IS_EVERYTHING,
    Fact.IPV6_FILTERED,
    Fact.IPV6_BLOCKS,
    Fact.NAMED_PORTS,
    Fact.HOST_NETWORK_PODS_ARE_PODS,
)
"""What is the same in every release of Cilium that was read."""


def _as_cilium(reading: Reading) -> Reading:
    return replace(reading, source=f"{DOCS}: implemented with Cilium; {reading.source}")


GKE_DATAPLANE_V2 = make(
    name="gke-dataplane-v2",
    title="GKE Dataplane V2 (anetd)",
    versions="GKE releases of 2026; the build of Cilium in it is not the user's to choose",
    answers={
        **UNVERIFIED,
        **not_enforced(f"{DOCS}: NetworkPolicy only"),
        **{fact: _as_cilium(CILIUM.facts[fact]) for fact in AS_CILIUM},
        Fact.NETWORK_POLICY_INGRESS: Reading(True, f"{DOCS}: NetworkPolicy is always on"),
        Fact.NETWORK_POLICY_EGRESS: Reading(True, f"{DOCS}: NetworkPolicy is always on"),
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
