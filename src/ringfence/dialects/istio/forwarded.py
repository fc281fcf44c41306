"""Where a request comes from, as a proxy has it from ``X-Forwarded-For`` (``remoteIpBlocks``, ``remote.ip``).

A sidecar takes the last address of the header, whoever wrote it. A gateway believes what it saw itself, and what as
many proxies before it as ``gatewayTopology.numTrustedProxies`` says have added. On connections there is no header.
Source: Envoy's ``use_remote_address`` and ``xff_num_trusted_hops``, which istiod sets for gateways alone.
"""

from __future__ import annotations

from ringfence.dialects.istio import capture
from ringfence.dialects.istio.attachment import GATEWAY_NAME
from ringfence.dialects.istio.enrolment import exists, is_gateway
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.model.mesh import PEER_ADDRESS, REMOTE_ADDRESS, Point, PointSort, RequestRules
from ringfence.sets.requests.formulas import Formula, Not, Predicate
from ringfence.values import replace

NOBODY = -1
LAST = 0


def with_sources(rules: RequestRules, point: Point, config: MeshConfig) -> RequestRules:
    """The rules with what the point takes for the source of a request. Where it is who opened the connection, they ask
    for that one."""
    counts = forwarded(point, config)
    if point.sort is PointSort.SIDECAR and (counts == NOBODY or not point.http):
        policies = tuple(
            replace(policy, rules=tuple(replace(rule, formula=_of_peer(rule.formula)) for rule in policy.rules))
            for policy in rules.policies
        )
        return replace(rules, policies=policies, forwarded=NOBODY)
    return replace(rules, forwarded=counts)


def _of_peer(formula: Formula) -> Formula:
    if isinstance(formula, Predicate):
        return Predicate(PEER_ADDRESS, formula.pattern) if formula.attribute == REMOTE_ADDRESS else formula
    if isinstance(formula, Not):
        return Not(_of_peer(formula.part))
    return type(formula)(tuple(_of_peer(part) for part in formula.parts))


def forwarded(point: Point, config: MeshConfig) -> int | None:
    """Which address of the header counts, from the last one; ``NOBODY``: none; None: not known."""
    if point.sort is not PointSort.SIDECAR:
        return None
    if not is_gateway(point.pod):
        return LAST
    if GATEWAY_NAME in point.pod.labels and not exists(point.pod):
        return None  # What its Gateway has istiod put into the pods is not read.
    trusted = config.trusted_proxies
    for line in point.pod.marks.annotations.get(capture.PROXY_CONFIG, "").splitlines():
        key, _, value = line.partition(":")
        if key == capture.PROXY_PROTOCOL:
            return None
        if key == capture.TRUSTED_PROXIES:
            trusted = int(value)
    return None if trusted is None else trusted - 1
