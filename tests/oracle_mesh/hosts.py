"""Where a sidecar sends a request by the host that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracle_mesh.egress import imported, knows, registry_only, scope, visible
from tests.oracle_mesh.objects import Json, World, leads_to, name, space
from tests.oracle_mesh.transport import protocol


@dataclass(frozen=True)
class Way:
    """``same``: as if no host were named; ``plain``: to the address that is dialled, as it is; ``refused``: nowhere;
    ``as``: as one for ``service``; ``away``: to it and not here."""

    kind: str
    service: Json | None = None


SAME, PLAIN, REFUSED = Way("same"), Way("plain"), Way("refused")
OPEN = [SAME, PLAIN, REFUSED]


def headless(service: Json) -> bool:
    """Whether a Service is but a name of its pods."""
    return bool(service["spec"].get("clusterIP") == "None")


def at(service: Json, number: int) -> Json | None:
    """A TCP port of a Service, by its number."""
    for one in service["spec"].get("ports", ()):
        if one["port"] == number and one.get("protocol", "TCP") == "TCP":
            return dict(one)
    return None


def named(service: Json, host: str, namespace: str) -> bool:
    """Whether a host is a Service's, to clients of a namespace."""
    full = [name(service), space(service), "svc", "cluster", "local"]
    said = [".".join(full[:count]) for count in (2, 3, 5)] + ([full[0]] if namespace == space(service) else [])
    if host in said or (not headless(service) and host == service["spec"].get("clusterIP")):
        return True
    return headless(service) and any(host.endswith("." + one) for one in said)


def by_host(
    world: World, client: Json, server: Json, port: int, service: Json | None, own_address: bool, host: str
) -> list[Way]:
    """The ways that a request may take; several: it is open. ``own_address``: a sidecar knows the pod's address."""
    host = host.lower().rsplit(":", 1)[0] if ":" in host else host.lower()
    dialled = None if service is None else leads_to(service, server, port)
    number = port if dialled is None else dialled["port"]
    own = service if service is not None and knows(world, client, service, number) else None
    spoken = None if own is None else protocol(at(own, number), number)
    if own is not None and named(own, host, space(client)):
        return [SAME]
    told = list(_listeners(world, client, number))
    others = [
        one
        for one in world.of("Service")
        if one is not service and at(one, number) and named(one, host, space(client))
        if protocol(at(one, number), number) != "tcp" and knows(world, client, one, number)
    ]
    if own is None:
        if own_address or not others or not (told or _http(world, client, number)):
            return [SAME]
    elif spoken != "http" and not told:
        return [SAME]
    if spoken not in (None, "http"):
        return OPEN
    if not others:
        return OPEN if _otherwise_known(world, client, host, number) else [_unknown(world, client)]
    [other] = others
    if headless(other) and service is not None and not headless(service):
        return OPEN
    here = at(other, number) == leads_to(other, server, port)
    if here and leads_to(other, server, port):
        return [Way("as", other)]
    routed = f"{name(other)}.{space(other)}.svc.cluster.local" in _routed(world)
    return OPEN if headless(other) or routed else [Way("away", other)]


def _unknown(world: World, client: Json) -> Way:
    return REFUSED if registry_only(world, client) else PLAIN


def _routed(world: World) -> set[str]:
    """The hosts that some route is for."""
    found = {host for one in world.of("VirtualService") for host in one["spec"]["hosts"]}
    for one in world.of("HTTPRoute"):
        for parent in one["spec"]["parentRefs"]:
            found.add(f"{parent['name']}.{parent.get('namespace', space(one))}.svc.cluster.local")
    return found


def _listeners(world: World, client: Json, number: int) -> Iterator[Json]:
    """The listeners for a port that the client's Sidecar lists: they are for HTTP."""
    sidecar = scope(world, client)
    for one in [] if sidecar is None else sidecar["spec"].get("egress") or []:
        if one.get("port", {}).get("number") == number:
            yield one


def _entries(world: World, client: Json, number: int) -> Iterator[Json]:
    sidecar, own = scope(world, client), space(client)
    for one in world.of("ServiceEntry"):
        spec = one["spec"]
        seen = visible(spec.get("exportTo") or [], space(one), own)
        listens = any(port["number"] == number and port["protocol"] == "HTTP" for port in spec["ports"])
        if seen and listens and any(imported(sidecar, host, space(one), number, own) for host in spec["hosts"]):
            yield one


def _http(world: World, client: Json, number: int) -> bool:
    """Whether the client's sidecar takes all that goes to a port for HTTP."""
    found = [one for one in world.of("Service") if at(one, number) and knows(world, client, one, number)]
    return any(protocol(at(one, number), number) == "http" for one in found) or any(_entries(world, client, number))


def _otherwise_known(world: World, client: Json, host: str, number: int) -> bool:
    """Whether an object that is no Service has the host."""
    if any(host in one["spec"]["hosts"] for one in _entries(world, client, number)):
        return True
    names = {host, f"{host}.{space(client)}.svc.cluster.local"}
    return bool(names & _routed(world))
