"""NetworkPolicies with plain selectors, blocks and ports: whether packets of one hop pass."""

from __future__ import annotations

import ipaddress
from itertools import product

from tests.oracle_mesh.objects import Json, World, has_labels, labels, space


def passes(world: World, source: Json, destination: Json, port: int, protocol: str = "TCP") -> bool | None:
    """Whether a connection may be opened, by both ends' policies; None: open, as it hangs on what plugins make of
    pods that share the network of their node."""
    answers = {
        _direction(world, source, destination, destination, port, protocol, "Egress", readings[:2])
        and _direction(world, destination, source, destination, port, protocol, "Ingress", readings[2:])
        for readings in product((False, True), repeat=4)
    }
    return answers.pop() if len(answers) == 1 else None


def _on_host(pod: Json) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def _direction(
    world: World,
    subject: Json,
    peer: Json,
    destination: Json,
    port: int,
    protocol: str,
    direction: str,
    readings: tuple[bool, ...],
) -> bool:
    """``readings``: whether pods of the host's network are let alone by policies, and matched by selectors."""
    alone, matched = readings
    if subject["kind"] in ("Outside", "Machine") or (alone and (_on_host(subject) or _on_host(peer))):
        return True
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
            if (not peers or any(_peer(world, policy, one, peer, matched) for one in peers)) and (
                not ports or any(_port(one, destination, port, protocol, matched) for one in ports)
            ):
                return True
    return not isolated


def _port(said: Json, destination: Json, port: int, protocol: str, matched: bool) -> bool:
    if said.get("protocol", "TCP") != protocol:
        return False
    wanted = said.get("port")
    if isinstance(wanted, str):
        return (matched or not _on_host(destination)) and any(
            one.get("name") == wanted and one["containerPort"] == port and one.get("protocol", "TCP") == protocol
            for container in destination["spec"].get("containers", ())
            for one in container.get("ports", ())
        )
    return wanted is None or wanted <= port <= said.get("endPort", wanted)


def _peer(world: World, policy: Json, said: Json, peer: Json, matched: bool) -> bool:
    if "ipBlock" in said:
        address = ipaddress.ip_address((peer.get("status") or {})["podIP"])
        return address in ipaddress.ip_network(said["ipBlock"]["cidr"]) and not any(
            address in ipaddress.ip_network(one) for one in said["ipBlock"].get("except", ())
        )
    if peer["kind"] in ("Outside", "Machine") or (_on_host(peer) and not matched):
        return False
    if "namespaceSelector" in said:
        wanted = said["namespaceSelector"].get("matchLabels")
        given = {"kubernetes.io/metadata.name": space(peer), **world.space_labels(space(peer))}
        if not has_labels(wanted, given):
            return False
    elif space(policy) != space(peer):
        return False
    return has_labels((said.get("podSelector") or {}).get("matchLabels"), labels(peer))
