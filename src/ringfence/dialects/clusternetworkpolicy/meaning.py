"""What an accepted ClusterNetworkPolicy means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.clusternetworkpolicy.schema import NAMED_PORT, PROTOCOLS
from ringfence.dialects.fields.report import Accepted
from ringfence.dialects.tiers import meaning as tiers
from ringfence.model.policy import NetworkPolicyRules, PortMatch, Tier
from ringfence.model.provenance import Place

TIERS = {"Admin": Tier.ADMIN, "Baseline": Tier.BASELINE}


def meaning(accepted: Accepted) -> NetworkPolicyRules:
    """Its rules. A faulty tier is taken as Admin and first of all, where a policy can do most."""
    spec = accepted.spec if isinstance(accepted.spec, dict) else {}
    report = accepted.report
    tier = None if report.faulty("spec", "tier") else TIERS.get(spec.get("tier", ""))
    known = tier is not None and "priority" in spec and not report.faulty("spec", "priority")
    return tiers.meaning(
        accepted,
        tier=Tier.ADMIN if tier is None else tier,
        priority=spec["priority"] if known else None,
        accept_action="Accept",
        ports_field="protocols",
        read_port=_port,
    )


def _port(kept: Mapping[str, Any], place: Place) -> PortMatch:
    if NAMED_PORT in kept:
        return PortMatch(None, name=kept[NAMED_PORT], place=place)
    ((field, attributes),) = kept.items()
    protocol = PROTOCOLS[field]
    port = attributes.get("destinationPort")
    if port is None:
        return PortMatch(protocol, place=place)
    if "number" in port:
        return PortMatch(protocol, port["number"], port["number"], place=place)
    return PortMatch(protocol, port["range"]["start"], port["range"]["end"], place=place)
