"""What a sidecar knows of the world: Sidecar, exports, ServiceEntry; and what becomes of the rest."""

from __future__ import annotations

import ipaddress

from tests.oracle_mesh.objects import ROOT, Json, World, annotations, has_labels, labels, name, space


def scope(world: World, client: Json) -> Json | None:
    """The Sidecar that counts for a pod: one that selects it, that of its namespace, that of the root's."""
    all_of_them = world.oldest("Sidecar")
    here = [one for one in all_of_them if space(one) == space(client)]
    for one in here:
        chosen = (one["spec"].get("workloadSelector") or {}).get("labels")
        if chosen and has_labels(chosen, labels(client)):
            return one
    for one in [*here, *(one for one in all_of_them if space(one) == ROOT)]:
        if not (one["spec"].get("workloadSelector") or {}).get("labels"):
            return one
    return None


def registry_only(world: World, client: Json) -> bool:
    """Whether a pod's sidecar refuses what it does not know."""
    sidecar = scope(world, client)
    own = ((sidecar or {}).get("spec") or {}).get("outboundTrafficPolicy") or {}
    whole = world.config.get("outboundTrafficPolicy") or {}
    return (own.get("mode") or whole.get("mode") or "ALLOW_ANY") == "REGISTRY_ONLY"


def visible(said: list[str], place: str, client: str) -> bool:
    """Whether what a namespace exports is seen in that of the client."""
    return not said or "*" in said or client in said or ("." in said and place == client)


def knows(world: World, client: Json, service: Json, port: int) -> bool:
    """Whether a pod's sidecar knows a port of a Service."""
    said = annotations(service).get("networking.istio.io/exportTo", "")
    if not visible([one.strip() for one in said.split(",") if one.strip()], space(service), space(client)):
        return False
    host = f"{name(service)}.{space(service)}.svc.cluster.local"
    return imported(scope(world, client), host, space(service), port, space(client))


def imported(sidecar: Json | None, host: str, place: str, port: int, client: str) -> bool:
    """Whether a Sidecar lets a host of a namespace in; without a list of hosts everything."""
    listeners = [] if sidecar is None else sidecar["spec"].get("egress") or []
    if not listeners:
        return True
    for listener in listeners:
        if "port" in listener and listener["port"]["number"] != port:
            continue
        for one in listener["hosts"]:
            where, _, wanted = one.partition("/")
            near = where == "*" or where == place or (where == "." and place == client)
            if near and (wanted in ("*", host) or (wanted.startswith("*.") and host.endswith(wanted[1:]))):
                return True
    return False


def outside(world: World, client: Json, port: int) -> str:
    """What a pod's sidecar does with an address that is no Service's: ``pass``, ``refuse``, or ``open``."""
    if not registry_only(world, client):
        return "pass"
    sidecar, found = scope(world, client), "refuse"
    for entry in world.of("ServiceEntry"):
        spec = entry["spec"]
        if not visible(spec.get("exportTo") or [], space(entry), space(client)):
            continue
        for one in spec["ports"]:
            if one["number"] != port or not any(
                imported(sidecar, host, space(entry), port, space(client)) for host in spec["hosts"]
            ):
                continue
            # By the name that the client says, or by what the name resolves to; the engine leaves addresses open, too.
            found = "open"
    return found


def to_address(world: World, client: Json, port: int, host: str | None, address: str) -> str:
    """What a pod's sidecar does with a request for a host that is dialled at an address outside: ``pass``, ``refuse``,
    ``open``, or ``tls``: it passes, and is TLS of the client's own (``pass or tls``: perhaps)."""
    strict, sidecar, everywhere = registry_only(world, client), scope(world, client), ""
    names = False
    found = "refuse" if strict else "pass"
    for entry in world.of("ServiceEntry"):
        spec = entry["spec"]
        known = [one for one in spec["hosts"] if imported(sidecar, one, space(entry), port, space(client))]
        if not known or not visible(spec.get("exportTo") or [], space(entry), space(client)):
            continue
        for one in spec["ports"]:
            if one["number"] != port:
                continue
            if one["protocol"] != "TCP":
                names = True
                by_name = host is not None and host.partition(":")[0].lower() in known
                over = "tls" if one["protocol"] in ("TLS", "HTTPS") else "pass"
                found = over if by_name else ("open" if strict and host is None else found)
                continue
            blocks = spec.get("addresses") or []
            if blocks and not any(ipaddress.ip_address(address) in ipaddress.ip_network(block) for block in blocks):
                continue
            if blocks:
                # A listener of its own; it sends to where the name of the host leads, or to the address itself.
                return "pass" if spec["resolution"] == "NONE" else "open"
            everywhere = spec["resolution"]
    if everywhere == "NONE" and found in ("pass", "refuse", "open") and not names:
        return "pass"
    # Of an entry for all addresses and one by names, no page says which takes it.
    if everywhere and not strict and found == "tls":
        return "pass or tls"
    return "open" if everywhere and strict else found
