"""Which AuthorizationPolicies and RequestAuthentications apply at a proxy, and what they say."""

from __future__ import annotations

from tests.oracle import authorization
from tests.oracle_mesh.objects import ROOT, Json, World, has_labels, labels, name, space


def decide(
    world: World, at: Json, service: Json | None, behind: Json | None, chain: str, asked: authorization.Asked
) -> str:
    """``pass``, ``refuse``, ``refuse somehow``, ``ask``, or ``token`` (it is not valid). ``behind``: the pod behind a
    waypoint."""
    policies = [one for one in world.of("AuthorizationPolicy") if _applies(one, at, service, behind)]
    issuers = [
        rule
        for one in world.of("RequestAuthentication")
        if chain == "http" and _applies(one, at, service, behind)
        for rule in (one.get("spec") or {}).get("jwtRules") or ()
    ]
    providers = {}
    for one in world.config.get("extensionProviders", ()):
        providers[one["name"]] = "grpc" if "envoyExtAuthzGrpc" in one else "http"
    where = authorization.Where(chain, space(at), labels(at), ROOT, world.domains, providers)
    found = authorization.by(policies, issuers, asked, where)
    if found == "refuse" and any((one.get("spec") or {}).get("action") == "CUSTOM" for one in policies):
        # External services are asked before tokens are looked at.
        return "refuse somehow"
    known = asked.claims is None or not issuers or asked.claims.get("iss") in [one["issuer"] for one in issuers]
    # A token of an issuer that is known, for somebody else, is refused with 403, as policies refuse.
    return "token" if found == "refuse" and not known else found


def _applies(policy: Json, at: Json, service: Json | None, behind: Json | None) -> bool:
    spec = policy.get("spec") or {}
    refs = spec.get("targetRefs") or ([spec["targetRef"]] if "targetRef" in spec else [])
    if behind is None:
        # A sidecar, or ztunnel: policies with targets are no business of theirs.
        wanted = (spec.get("selector") or {}).get("matchLabels")
        return not refs and space(policy) in (space(at), ROOT) and has_labels(wanted, labels(at))
    gateway = labels(at)["gateway.networking.k8s.io/gateway-name"]
    for one in refs:
        if one["kind"] == "Gateway" and one["name"] == gateway and space(policy) == space(at):
            return True
        if one["kind"] == "GatewayClass" and one["name"] == "istio-waypoint" and space(policy) == ROOT:
            return True
        own = service is not None and space(policy) == space(service) and one["name"] == name(service)
        if own and one["kind"] == "Service":
            return True
    return False
