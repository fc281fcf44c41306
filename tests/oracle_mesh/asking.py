"""One question: may this client send this request to this server, as whom, and over what?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from tests.oracle import authorization
from tests.oracle_mesh.authority import decide
from tests.oracle_mesh.membership import GATEWAY, proxy, takes_inbound, takes_outbound
from tests.oracle_mesh.network import passes
from tests.oracle_mesh.objects import (
    Json,
    World,
    annotations,
    has_labels,
    identity,
    labels,
    leads_to,
    name,
    space,
    target,
)
from tests.oracle_mesh.transport import accepted, inbound, peer_mode, protocol, sent_by_sidecar

TUNNEL = 15008


@dataclass(frozen=True)
class Asks:
    """A request. ``claims`` None: no token. ``identity``: proven instead of the client's own."""

    method: str = "GET"
    path: str = "/"
    host: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] | None = None
    identity: str | None = None


@dataclass(frozen=True)
class Answer:
    """``verdict``: allowed, denied, or unknown where an external service decides. ``identity``, ``encryption`` and
    ``symptom`` None: not definite. ``layer``: the first that denies. ``hops``: their ports on the wire."""

    verdict: str
    layer: str
    identity: str | None
    encryption: str
    hops: tuple[int, ...]
    symptom: str | None


def read(objects: Sequence[Json]) -> World:
    """The objects, with a pod for each Deployment."""
    config: Json = {}
    made: list[Json] = []
    for one in objects:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "istio":
            config = yaml.safe_load(one["data"]["mesh"]) or {}
        if one["kind"] == "Deployment":
            template = one["spec"]["template"]
            metadata = {**(template.get("metadata") or {}), "name": name(one), "namespace": space(one)}
            one = {"kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        made.append(one)
    return World(made, config)


def services_to(world: World, server: Json, port: int) -> list[Json | None]:
    """The Services by which clients may call a port of a workload; without any, they dial the pod."""
    found = [one for one in world.of("Service") if leads_to(one, server, port)]
    headed = [one for one in found if one["spec"].get("clusterIP") != "None"]
    return list(headed or found or [None])


def through_service(world: World, client: Json, service: Json, port: int, asks: Asks) -> list[Answer]:
    """The answers of all pods behind a port of a Service."""
    [service_port] = [one for one in service["spec"]["ports"] if one["port"] == port]
    return [
        one
        for pod in world.of("Pod")
        if space(pod) == space(service)
        and has_labels(service["spec"]["selector"], labels(pod))
        and target(service_port, pod) is not None
        and pod is not client
        for one in answers(world, client, pod, target(service_port, pod) or 0, service, asks)
    ]


def answers(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> list[Answer]:
    """One client, one pod, by way of a Service or (None) by the pod's address. Several where it is open."""
    asks = asks if asks.host is not None else _with_host(asks, client, server, port, service)
    from_, to = proxy(world, client), proxy(world, server)
    own = asks.identity or identity(world, client)
    waypoint = _waypoint(world, server, service) if from_ == "node" else None
    if waypoint is not None and to != "waypoint":
        return [_over_waypoint(world, client, waypoint, server, port, service, own, asks)]
    sent = _sent(world, client, server, port, service, asks).split(" or ")
    found = [_direct(world, client, server, port, service, one, own, asks) for one in sent]
    if not _application_encrypts(world, server, port, service):
        return found
    return [replace(one, encryption="tls") if one.encryption == "none" else one for one in found]


def _application_encrypts(world: World, server: Json, port: int, service: Json | None) -> bool:
    """Whether the Service that is called, or every one that leads to an address which is dialled, says so."""
    ways = [service] if service is not None else [one for one in world.of("Service") if leads_to(one, server, port)]
    ports = [leads_to(one, server, port) or {} for one in ways]
    words = [one.get("appProtocol") or one.get("name", "").split("-")[0] for one in ports]
    return bool(words) and all(word.lower() in ("https", "tls", "kubernetes.io/wss") for word in words)


def _with_host(asks: Asks, client: Json, server: Json, port: int, service: Json | None) -> Asks:
    if service is None:
        host = f"{(server.get('status') or {}).get('podIP', '')}:{port}"
    else:
        service_port = leads_to(service, server, port)
        assert service_port is not None
        near = name(service) if space(service) == space(client) else f"{name(service)}.{space(service)}"
        host = f"{near}:{service_port['port']}"
    return replace(asks, host=host)


def _sent(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> str:
    """What leaves the client's side towards the server's own port, or as a tunnel to it."""
    kind = proxy(world, client)
    if asks.identity and taken(world, client, server, port, service) == "none":
        return _shown(world, server, port)
    if kind == "none":
        return "plain"
    tunnels = proxy(world, server) == "node" or tunnel_label(world, server)
    if kind == "node":
        return "hbone" if tunnels else "plain"
    if service is None or taken(world, client, server, port, service) == "none":
        # A proxy passes on as it is what is addressed to nothing that it knows.
        return "plain"
    service_port = leads_to(service, server, port)
    assert service_port is not None
    return sent_by_sidecar(world, client, server, port, service, service_port)


def _shown(world: World, server: Json, port: int) -> str:
    """How a client without a proxy shows a certificate: in the form in which the server takes one."""
    kind = proxy(world, server)
    if kind == "node":
        return "hbone"
    if kind != "sidecar" or not takes_inbound(server, port):
        return "plain"
    return "plain" if peer_mode(world, server, port) == "DISABLE" else "mtls"


def tunnel_label(world: World, server: Json) -> bool:
    """Whether a sidecar says that it takes tunnels, too."""
    return proxy(world, server) == "sidecar" and labels(server).get("networking.istio.io/tunnel") == "http"


def _direct(
    world: World, client: Json, server: Json, port: int, service: Json | None, sent: str, own: str, asks: Asks
) -> Answer:
    wire = TUNNEL if sent == "hbone" else port
    hops = (wire,)
    kind = proxy(world, server)
    if sent == "tls":
        return _own_tls(world, client, server, port, service, asks)
    proven = own if sent in ("mtls", "hbone") else None
    encryption = {"plain": "none"}.get(sent, sent)
    spoken = _spoken(world, server, port, service)
    captured_client = taken(world, client, server, port, service)
    heard = "tcp" if service is None else protocol(leads_to(service, server, port), port)
    if not passes(world, client, server, wire):
        return Answer("denied", "network", proven, encryption, hops, _network_symptom(captured_client, heard))
    if kind == "none" or (kind == "sidecar" and sent != "hbone" and not takes_inbound(server, port)):
        if sent == "plain":
            return Answer("allowed", "", None, "none", hops, "none")
        return Answer("denied", "transport", None, encryption, hops, _of_sidecar(captured_client, heard))
    chain = "node" if kind == "node" else ("tcp" if spoken == "tcp" else "http")
    dialled = None if service is None else protocol(leads_to(service, server, port), port)
    if kind == "sidecar" and sent == "mtls" and spoken == "auto" and dialled == "tcp":
        # What the client's proxy offers in its handshake chooses.
        chain = "tcp"
    if proven is not None and not trusted(world, proven, kind):
        return Answer("denied", "transport", None, encryption, hops, None)
    if kind == "node":
        if sent == "plain" and peer_mode(world, server, port) == "STRICT":
            return Answer("denied", "transport", None, "none", hops, _of_sidecar(captured_client, heard))
    elif not accepted(world, server, port, sent, chain):
        symptom = "reset" if captured_client == "none" else _of_sidecar(captured_client, heard)
        return Answer("denied", "transport", None, encryption, hops, symptom)
    found = decide(world, server, None, None, chain, _asked(asks, proven, port, client))
    told = _by_requests(found, chain, captured_client, proven, encryption, hops)
    if chain != "http" and told.symptom is None and told.verdict == "denied":
        return replace(told, symptom=_of_sidecar(captured_client, heard))
    return told


def _of_sidecar(client: str, heard: str) -> str | None:
    """What a client's own sidecar makes of a connection that fails: an answer, where it speaks HTTP."""
    return "http-503" if client == "sidecar" and heard in ("http", "auto") else None


def taken(world: World, client: Json, server: Json, port: int, service: Json | None) -> str:
    """The client's proxy, if it takes the connection; ``open``: that hangs on an address which nobody knows."""
    kind = proxy(world, client)
    if kind != "sidecar":
        return kind
    if service is None:
        dialled = port, (server.get("status") or {}).get("podIP")
    else:
        service_port = leads_to(service, server, port)
        assert service_port is not None
        dialled = service_port["port"], service["spec"].get("clusterIP")
    if dialled[1] is None and any("Ranges" in key for key in annotations(client)):
        return "open"
    return kind if takes_outbound(client, *dialled) else "none"


def _own_tls(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> Answer:
    """TLS that the application would have to end: the mesh learns nobody from it, and sees no requests."""
    if not passes(world, client, server, port):
        return Answer("denied", "network", None, "tls", (port,), None)
    if proxy(world, server) == "none" or not takes_inbound(server, port):
        return Answer("allowed", "", None, "tls", (port,), "none")
    spoken = _spoken(world, server, port, service)
    if peer_mode(world, server, port) == "STRICT" or spoken == "http":
        return Answer("denied", "transport", None, "tls", (port,), None)
    found = decide(world, server, None, None, "tcp", _asked(asks, None, port, client))
    return replace(_by_requests(found, "tcp", "sidecar", None, "tls", (port,)), symptom=None)


def trusted(world: World, own: str, kind: str) -> bool:
    """Whether a certificate is taken: of the mesh's own trust domain, and by Envoy of its other names."""
    domain = own.removeprefix("spiffe://").partition("/")[0]
    return domain in (world.domains if kind != "node" else [world.domain])


def _over_waypoint(
    world: World,
    client: Json,
    waypoint: Json,
    server: Json,
    port: int,
    service: Json | None,
    own: str,
    asks: Asks,
) -> Answer:
    tunnels = proxy(world, server) == "node" or tunnel_label(world, server)
    last = "hbone" if tunnels else "plain"
    wires = TUNNEL, TUNNEL if last == "hbone" else port
    hops = wires
    encryption = "hbone" if last == "hbone" else "?"
    network = passes(world, client, waypoint, wires[0]) and passes(world, waypoint, server, wires[1])
    if not network:
        return Answer("denied", "network", own, encryption, hops, None)
    if not trusted(world, own, "waypoint"):
        return Answer("denied", "transport", None, encryption, hops, None)
    service_port = None if service is None else leads_to(service, server, port)
    chain = "tcp" if protocol(service_port, port) == "tcp" else "http"
    # Its destination is the Service, until the waypoint picks a pod.
    seen = port if service_port is None else service_port["port"]
    found = decide(world, waypoint, service, server, chain, _asked(asks, own, seen, client))
    if found != "pass":
        return _by_requests(found, chain, "node", own, encryption, hops)
    second = _direct(world, waypoint, server, port, service, last, identity(world, waypoint), asks)
    symptom = "none" if second.verdict == "allowed" else None
    return Answer(second.verdict, second.layer, own, encryption, hops, symptom)


def _waypoint(world: World, server: Json, service: Json | None) -> Json | None:
    """A pod of the waypoint that a captured client's traffic goes over."""
    asking = server if service is None else service
    wanted, namespace = labels(asking), space(asking)
    wish = wanted.get("istio.io/use-waypoint")
    if wish is None:
        wanted = world.space_labels(namespace)
        wish = wanted.get("istio.io/use-waypoint")
    if wish in (None, "none"):
        return None
    place = wanted.get("istio.io/use-waypoint-namespace", namespace)
    gateway = world.named("Gateway", place, str(wish))
    if gateway is None:
        return None
    serves = labels(gateway).get("istio.io/waypoint-for", "service")
    if serves not in ("all", "workload" if service is None else "service"):
        return None
    if place != namespace and not any(
        (one.get("allowedRoutes") or {}).get("namespaces", {}).get("from") == "All"
        for one in gateway["spec"]["listeners"]
    ):
        return None
    for pod in world.of("Pod"):
        if space(pod) == place and labels(pod).get(GATEWAY) == wish:
            return pod
    return None


def _spoken(world: World, server: Json, port: int, service: Json | None) -> str:
    if proxy(world, server) == "sidecar":
        return inbound(world, server, port)
    return protocol(None if service is None else leads_to(service, server, port), port)


def _asked(asks: Asks, proven: str | None, port: int, source: Json) -> authorization.Asked:
    address = (source.get("status") or {}).get("podIP", "192.0.2.1")
    return authorization.Asked(
        source=address,
        remote=address,
        identity=proven,
        port=port,
        method=asks.method,
        path=asks.path,
        host=asks.host or "",
        headers=asks.headers,
        claims=asks.claims,
    )


def _network_symptom(client: str, spoken: str) -> str | None:
    if client == "none":
        return "timeout"
    return _of_sidecar(client, spoken)


def _by_requests(
    found: str, chain: str, client: str, proven: str | None, encryption: str, hops: tuple[int, ...]
) -> Answer:
    verdict = {"pass": "allowed", "ask": "unknown"}.get(found, "denied")
    symptom = None
    if verdict == "allowed":
        symptom = "none"
    elif chain == "http" and verdict == "denied" and found != "refuse somehow":
        symptom = "http-401" if found == "token" else "http-403"
    elif chain == "tcp" and client == "none" and verdict == "denied":
        symptom = "eof"
    return Answer(verdict, "" if verdict == "allowed" else "requests", proven, encryption, hops, symptom)
