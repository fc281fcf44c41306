"""The assumptions of np-guard's netpol-analyzer, to compare with its lists. No network plugin behaves like this."""

from __future__ import annotations

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.layers.profiles.generic import SPECIFICATION
from ringfence.layers.profiles.profile import Reading, Remark, make

NOT_MODELLED = Reading(True, "netpol-analyzer: a pod and itself are always connected")
NOT_TRANSLATED = Reading(True, "netpol-analyzer: translation of addresses is not modelled")
NO_PACKETS = Remark("a static analysis: there is no traffic", "netpol-analyzer 2.x")

NETPOL_ANALYZER = make(
    name="netpol-analyzer",
    title="the assumptions of netpol-analyzer",
    versions="2.x",
    newest=(2,),
    since=(2,),
    answers={
        **SPECIFICATION,
        Fact.IPBLOCK_MATCHES_PODS: Reading(False, "netpol-analyzer: a pod cannot be selected by an ipBlock"),
        Fact.IPBLOCK_MATCHES_NODES: Reading(False, "netpol-analyzer: nodes are not modelled"),
        Fact.NETWORKS_MATCH_PODS: Reading(False, "netpol-analyzer: networks select addresses outside only"),
        Fact.NETWORKS_MATCH_NODES: Reading(False, "netpol-analyzer: nodes are not modelled"),
        Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(True, "netpol-analyzer: spec.hostNetwork is not read"),
        Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS: Reading(True, "netpol-analyzer: spec.hostNetwork is not read"),
        Fact.OWN_NODE_INGRESS_EXEMPT: Reading(True, "nodes are not modelled there; the specification's answer"),
        Fact.OWN_NODE_EGRESS_EXEMPT: Reading(False, "nodes are not modelled there"),
        Fact.HAIRPIN_EGRESS_EXEMPT: NOT_MODELLED,
        Fact.HAIRPIN_INGRESS_EXEMPT: NOT_MODELLED,
        Fact.BASELINE_PER_DIRECTION: Reading(True, "netpol-analyzer evaluates each direction by itself"),
        Fact.CLUSTER_POLICY_KEEPS_CLIENT: NOT_TRANSLATED,
        Fact.OWN_NODE_KEEPS_CLIENT: NOT_TRANSLATED,
        Fact.NODE_ADDRESS_IS_STATED: NOT_TRANSLATED,
        Fact.REJECTED_OBJECTS_COUNT: Reading(True, "netpol-analyzer: objects are not validated as the API server does"),
    },
    traits={
        Trait.ESTABLISHED_CONNECTIONS: NO_PACKETS,
        Trait.STARTING_PODS: NO_PACKETS,
        Trait.DENIED_PACKETS: NO_PACKETS,
    },
)
