"""The name of a server that a connection asks for in TLS, as the server's proxy sees it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle_mesh.membership import GATEWAY, proxy
from tests.oracle_mesh.objects import Json, World, labels, leads_to, name, space
from tests.oracle_mesh.transport import destination_rules


def server_names(
    world: World,
    client: Json,
    server: Json,
    port: int,
    service: Json | None,
    sent: str,
    chain: str,
    shown: bool,
) -> list[str]:
    """The names that it may be, of those that policies tell apart; empty: none. ``shown``: the client shows an identity
    of its own choice. Routes are not looked at."""
    words = [word.partition("*") for word in _asked(world)]
    # Each by itself, and the beginning of one with the end of another.
    ends = [first + "x" + last for first, _, _ in words for _, star, last in words if star]
    anything = ["", "zz.example", *dict.fromkeys([first for first, star, _ in words if not star] + ends)]
    if sent in ("plain", "hbone"):
        alone = sent == "hbone" and shown and GATEWAY not in labels(client)
        return [""] if chain == "http" and not alone else anything
    if sent == "tls" or shown or proxy(world, client) != "sidecar" or service is None:
        return anything
    # Several ports of the Service may lead there.
    ports = [
        one
        for one in service["spec"]["ports"]
        if leads_to({**service, "spec": {**service["spec"], "ports": [one]}}, server, port)
    ]
    found = []
    for one in ports:
        for rule in destination_rules(world, client, service):
            policy = {} if rule is None else (rule["spec"].get("trafficPolicy") or {})
            for each in policy.get("portLevelSettings") or ():
                if each["port"]["number"] == one["port"]:
                    policy = each
                    break
            made_up = f"outbound_.{one['port']}_._.{name(service)}.{space(service)}.svc.cluster.local"
            found.append((policy.get("tls") or {}).get("sni") or made_up)
    return found if len(set(found)) == 1 else anything


def _asked(world: World) -> Iterator[str]:
    for policy in world.of("AuthorizationPolicy"):
        for rule in policy["spec"].get("rules") or ():
            for one in rule.get("when") or ():
                if one["key"] == "connection.sni":
                    yield from (*one.get("values", ()), *one.get("notValues", ()))


__all__ = ["server_names"]
