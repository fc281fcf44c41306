"""What the proxies of Istio write where a policy refuses something: the words to look for in their logs.

Sources: Envoy's RBAC filters, measured on 1.40; ztunnel ``src/proxy`` (read, not run).
"""

from __future__ import annotations

from ringfence.model.mesh import PointSort, Source

BODY = "RBAC: access denied"
"""The body of the 403 that a client gets from a sidecar, a waypoint or a gateway."""


def logged(sort: PointSort, rule: Source | None, *, http: bool) -> str:
    """The words in the log of the point's proxy. ``rule``: the one that denies; None: no policy allows."""
    if sort is PointSort.NODE:
        if rule is None:
            return "allow policies exist, but none allowed"
        return f"explicitly denied by: {rule.namespace}/{rule.name}"
    name = "none" if rule is None else f"ns[{rule.namespace}]-policy[{rule.name}]-rule[{rule.rule or 0}]"
    field = "RESPONSE_CODE_DETAILS" if http else "CONNECTION_TERMINATION_DETAILS"
    return f"{field}=rbac_access_denied_matched_policy[{name}]"
