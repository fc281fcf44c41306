"""NetworkPolicies with plain selectors and ports: whether packets of one hop pass."""

from __future__ import annotations

from tests.oracle_mesh.objects import Json, World, has_labels, labels, space


def passes(world: World, source: Json, destination: Json, port: int) -> bool:
    """Whether a connection may be opened, by both ends' policies."""
    return _direction(world, source, destination, port, "Egress") and _direction(
        world, destination, source, port, "Ingress"
    )


def _direction(world: World, subject: Json, peer: Json, port: int, direction: str) -> bool:
    isolated = False
    for policy in world.of("NetworkPolicy"):
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if "egress" in spec else ["Ingress"])
        chosen = has_labels(spec["podSelector"].get("matchLabels"), labels(subject))
        if space(policy) != space(subject) or direction not in types or not chosen:
            continue
        isolated = True
        for rule in spec.get(direction.lower()) or ():
            peers = rule.get("from" if direction == "Ingress" else "to")
            ports = rule.get("ports")
            if (not peers or any(_peer(world, policy, one, peer) for one in peers)) and (
                not ports or any(one.get("port") in (None, port) for one in ports)
            ):
                return True
    return not isolated


def _peer(world: World, policy: Json, said: Json, pod: Json) -> bool:
    if "namespaceSelector" in said:
        wanted = said["namespaceSelector"].get("matchLabels")
        given = {"kubernetes.io/metadata.name": space(pod), **world.space_labels(space(pod))}
        if not has_labels(wanted, given):
            return False
    elif space(policy) != space(pod):
        return False
    return has_labels((said.get("podSelector") or {}).get("matchLabels"), labels(pod))
