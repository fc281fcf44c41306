"""Flannel, which carries traffic and enforces nothing."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.open_answers import does_not_matter
from ringfence.layers.profiles.profile import Reading, Remark, make

READ = "flannel-io/flannel: no network policy; a controller beside it is another plugin"
NO = Reading(False, READ, "Flannel enforces no policy")
WITHOUT_EFFECT = does_not_matter("nothing is enforced")

FLANNEL = make(
    name="flannel",
    title="Flannel",
    versions="all",
    answers={
        **dict.fromkeys(Fact, WITHOUT_EFFECT),
        Fact.NETWORK_POLICY_INGRESS: NO,
        Fact.NETWORK_POLICY_EGRESS: NO,
        Fact.CLUSTER_NETWORK_POLICY: NO,
        Fact.ADMIN_NETWORK_POLICY: NO,
        Fact.BASELINE_ADMIN_NETWORK_POLICY: NO,
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: Remark("nothing is filtered", READ),
        Trait.STARTING_PODS: Remark("nothing is filtered", READ),
        Trait.DENIED_PACKETS: Remark("nothing is filtered", READ),
    },
)
