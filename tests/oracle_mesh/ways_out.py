"""Connections to addresses outside: what a client's sidecar knows of them, and the way over a gateway."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from tests.oracle_mesh.asking import taken, waypoint_of
from tests.oracle_mesh.authority import decide
from tests.oracle_mesh.egress import imported, knows, scope, to_address, visible
from tests.oracle_mesh.hosts import SAME, by_host
from tests.oracle_mesh.membership import GATEWAY, proxy
from tests.oracle_mesh.network import passes
from tests.oracle_mesh.objects import Json, World, has_labels, identity, labels, leads_to, name, space
from tests.oracle_mesh.transport import destination_rules, protocol
from tests.oracle_mesh.values import Answer, Asks, asked_of, by_requests

OPEN = Answer("unknown", "network", None, "none", (), None)


def to_outside(world: World, client: Json, address: str, port: int, asks: Asks) -> list[Answer]:
    """The answers of a connection to an address outside of the cluster."""
    there: Json = {"kind": "Outside", "metadata": {"name": address}, "spec": {}, "status": {"podIP": address}}
    network = passes(world, client, there, port)
    kind = taken(world, client, there, port, None)
    becomes = "pass" if kind != "sidecar" else to_address(world, client, port, asks.host, address)
    away = kind == "sidecar" and bool(asks.host)
    ways = by_host(world, client, there, port, None, False, asks.host) if away else [SAME]
    if len(ways) > 1:
        becomes = "open"
    elif ways[0].kind == "away":
        becomes = "refuse"
    over_waypoints = [_over_a_waypoint(world, one, client, port, asks, address) for one in _entries(world)]
    if kind == "node" and any(over_waypoints):
        becomes = "open"
    if network is None:
        return [Answer("unknown", "network", None, "none", (port,), None)]
    denied = Answer("denied", "network", None, "none", (port,), "timeout" if kind == "none" else None, False)
    passed = denied if not network else Answer("allowed", "", None, "none", (port,), "none", True)
    by = "transport" if network else "network"
    refused = Answer("denied", by, None, "none", (), None, network, not network)
    over_tls = replace(passed, encryption="tls")
    direct = {
        "pass": [passed],
        "tls": [over_tls],
        "refuse": [refused],
        "open": [passed, refused],
        "pass or tls": [passed, over_tls],
    }[becomes]
    if kind != "sidecar" or ways != [SAME]:
        return direct
    over, surely = _over_gateways(world, client, there, port, asks)
    # Whoever controls the client dials the address itself.
    held = [replace(one, holds=not network) if one.verdict == "denied" else one for one in over]
    if not held:
        return direct
    return held if surely else [*held, *direct, OPEN]


def _entries(world: World) -> list[Json]:
    return list(world.of("ServiceEntry"))


def _over_a_waypoint(world: World, entry: Json, client: Json, port: int, asks: Asks, address: str) -> bool:
    """Whether ztunnel sends what is meant for an entry over a waypoint."""
    spec = entry["spec"]
    if not visible(spec.get("exportTo") or [], space(entry), space(client)):
        return False
    if port not in [one["number"] for one in spec["ports"]] or waypoint_of(world, entry, entry) is None:
        return False
    meant = asks.host is not None and asks.host.partition(":")[0] in spec["hosts"]
    blocks = spec.get("addresses") or []
    return meant or any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in blocks)


def _reads(world: World, client: Json, port: int) -> tuple[bool, bool]:
    """Whether a pod's sidecar looks at requests that are dialled at a port, and whether that is certain."""
    sidecar = scope(world, client)
    listeners = [] if sidecar is None else sidecar["spec"].get("egress") or []
    said = [
        one["protocol"]
        for entry in _entries(world)
        if visible(entry["spec"].get("exportTo") or [], space(entry), space(client))
        and any(imported(sidecar, host, space(entry), port, space(client)) for host in entry["spec"]["hosts"])
        for one in entry["spec"]["ports"]
        if one["number"] == port
    ]
    by_service = any(
        one["port"] == port and protocol(one, port) != "tcp" and knows(world, client, service, port)
        for service in world.of("Service")
        for one in service["spec"]["ports"]
    )
    surely = "HTTP" in said or by_service
    own = any((one.get("port") or {}).get("number") == port for one in listeners)
    return surely or own, surely and all(one == "HTTP" for one in said)


def _over_gateways(world: World, client: Json, there: Json, port: int, asks: Asks) -> tuple[list[Answer], bool]:
    """What becomes of what is sent to a gateway (nothing: it is sent to none), and whether it surely is."""
    reads, surely = _reads(world, client, port)
    host = (asks.host or "").partition(":")[0]
    found: list[Answer] = []
    for route in world.of("VirtualService"):
        spec = route["spec"]
        if not reads or len(spec.get("gateways", ())) < len(("mesh", "out")):
            # Of the others none leads to a gateway.
            continue
        if asks.host is None:
            return [OPEN], False
        if host not in spec["hosts"]:
            continue
        first, last = spec["http"]
        if first["match"][0]["port"] != port:
            # Whether it comes as a request, for which there is no route at this port, is not known.
            return [OPEN], False
        surely = surely and imported(scope(world, client), host, space(route), port, space(client))
        to = first["route"][0]["destination"]
        service = world.named("Service", space(route), to["host"])
        assert service is not None
        for pod in world.of("Pod"):
            if has_labels(service["spec"]["selector"], labels(pod)) and space(pod) == space(service):
                found += _over(world, client, pod, service, to["port"]["number"], last, there, asks)
    return found, surely


def _over(
    world: World, client: Json, pod: Json, service: Json, number: int, last: Json, there: Json, asks: Asks
) -> list[Answer]:
    """One gateway's pod; one answer for each rule of which it may be that which counts."""
    [at] = [one["targetPort"] for one in service["spec"]["ports"] if one["port"] == number]
    assert leads_to(service, pod, at)
    called = f"{name(service)}.{space(service)}.svc.cluster.local"
    rules = destination_rules(world, client, service)
    return [_by_rule(world, client, pod, rule, called, number, at, last, there, asks) for rule in rules]


def _by_rule(
    world: World,
    client: Json,
    pod: Json,
    rule: Json | None,
    called: str,
    number: int,
    at: int,
    last: Json,
    there: Json,
    asks: Asks,
) -> Answer:
    if proxy(world, pod) != "sidecar":
        return OPEN
    tls = ((rule or {"spec": {}})["spec"].get("trafficPolicy") or {}).get("tls") or {}
    sent = {"ISTIO_MUTUAL": "mtls", "SIMPLE": "tls"}.get(tls.get("mode"), "none")
    own = identity(world, client) if sent == "mtls" else None
    if passes(world, client, pod, at) is not True:
        asked = passes(world, client, pod, at)
        return Answer("unknown" if asked is None else "denied", "network", own, sent, (at,), None, asked)
    [gateway] = [one for one in world.of("Gateway") if GATEWAY not in labels(one) and "servers" in one["spec"]]
    [server] = gateway["spec"]["servers"]
    wants = "mtls" if server.get("tls") else "none"
    host = (asks.host or "").partition(":")[0]
    served = server["hosts"] in (["*"], [host])
    open_to = server["port"]["number"] == number and wants == sent
    asks_for = tls.get("sni", f"outbound_.{number}_._.{called}")
    if sent == "mtls" and open_to and server["hosts"] not in (["*"], [asks_for]):
        # The name decides before anything is judged; whatever else is said of it does not matter.
        return Answer("denied", "", own, sent, (at,), None, None)
    if not open_to:
        return Answer("denied", "", own, sent, (at,), None, None)
    found = decide(
        world, pod, None, None, "http", asked_of(asks, own, at, client, (pod.get("status") or {}).get("podIP"))
    )
    judged = by_requests(found, "http", "sidecar", own, sent, (at,))
    if judged.verdict == "denied":
        return judged
    taken_by = [one for one in last["match"] if asks.path.startswith(one.get("uri", {"prefix": "/"})["prefix"])]
    if not served or not taken_by:
        return Answer("denied", "transport", own, sent, (at,), "http-404", True)
    out = last["route"][0]["destination"]["port"]["number"]
    [entry] = [one for one in world.of("ServiceEntry") if host in one["spec"]["hosts"]]
    if out not in [one["number"] for one in entry["spec"]["ports"]]:
        return Answer("denied", "transport", own, sent, (at,), "http-503", True)
    beyond = passes(world, pod, there, out)
    begins = "none"
    for one in world.of("DestinationRule"):
        if one["spec"]["host"] == host:
            ports = one["spec"]["trafficPolicy"]["portLevelSettings"]
            begins = "tls" if any(each["port"]["number"] == out for each in ports) else "none"
    least = "none" if "none" in (sent, begins) else begins
    if not beyond:
        return Answer("denied" if beyond is False else "unknown", "network", own, least, (at, out), "http-503", beyond)
    return replace(judged, encryption=least, hops=(at, out))
