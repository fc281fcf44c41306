"""What an accepted AdminNetworkPolicy or BaselineAdminNetworkPolicy means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.adminnetworkpolicy.schema import BASELINE_KIND, NAMED_PORT
from ringfence.dialects.fields.report import Accepted
from ringfence.dialects.tiers import meaning as tiers
from ringfence.model.policy import NetworkPolicyRules, PortMatch, Tier
from ringfence.model.provenance import Place


def meaning(accepted: Accepted) -> NetworkPolicyRules:
    """Its rules: in the Admin tier by its priority, or the one policy of the Baseline tier."""
    priority: int | None = 0
    tier = Tier.BASELINE
    if accepted.report.manifest.kind != BASELINE_KIND:
        tier = Tier.ADMIN
        spec = accepted.spec if isinstance(accepted.spec, dict) else {}
        priority = None if accepted.report.faulty("spec", "priority") else spec.get("priority")
    return tiers.meaning(
        accepted, tier=tier, priority=priority, accept_action="Allow", ports_field="ports", read_port=_port
    )


def _port(kept: Mapping[str, Any], place: Place) -> PortMatch:
    if NAMED_PORT in kept:
        return PortMatch(None, name=kept[NAMED_PORT], place=place)
    if "portNumber" in kept:
        port = kept["portNumber"]
        return PortMatch(port.get("protocol", "TCP"), port["port"], port["port"], place=place)
    span = kept["portRange"]
    return PortMatch(span.get("protocol", "TCP"), span["start"], span["end"], place=place)
