"""One question: may this client send this request to this server, as whom, and over what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import yaml

from tests.oracle_mesh.authority import decide
from tests.oracle_mesh.egress import knows, outside
from tests.oracle_mesh.hosts import Way, by_host, headless
from tests.oracle_mesh.membership import GATEWAY, proxy, takes_inbound, takes_outbound
from tests.oracle_mesh.network import passes
from tests.oracle_mesh.objects import (
    Json,
    World,
    annotations,
    behind,
    has_labels,
    identity,
    labels,
    leads_to,
    name,
    space,
    target,
)
from tests.oracle_mesh.routing import arrives, as_sent, passed_on
from tests.oracle_mesh.server_names import server_names
from tests.oracle_mesh.transport import accepted, inbound, peer_mode, protocol, sent_by_sidecar
from tests.oracle_mesh.values import Answer, Asks, address_of, asked_of, by_requests

TUNNEL = 15008


def read(objects: Sequence[Json]) -> World:
    """The objects, with a pod for each Deployment and a machine for each WorkloadEntry."""
    config: Json = {}
    made: list[Json] = []
    for one in objects:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "istio":
            config = yaml.safe_load(one["data"]["mesh"]) or {}
        if one["kind"] == "Deployment":
            template = one["spec"]["template"]
            metadata = {**(template.get("metadata") or {}), "name": name(one), "namespace": space(one)}
            one = {"kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        if one["kind"] == "WorkloadEntry":
            said = one["spec"]
            metadata = {"name": name(one), "namespace": space(one), "labels": said.get("labels") or {}}
            spec = {"serviceAccountName": said.get("serviceAccount", ""), "ports": said.get("ports") or {}}
            one = {"kind": "Machine", "metadata": metadata, "spec": spec, "status": {"podIP": said["address"]}}
        made.append(one)
    return World(made, config)


def services_to(world: World, server: Json, port: int) -> list[Json | None]:
    """The Services by which clients may call a port of a workload; without any, they dial the pod."""
    found = [one for one in world.of("Service") if behind(one, server, port)]
    headed = [one for one in found if one["spec"].get("clusterIP") != "None"]
    return list(headed or found or [None])


def of_datagrams(world: World, client: Json, server: Json, port: int) -> Answer:
    """What no mesh takes."""
    network = passes(world, client, server, port, "UDP")
    if network is None:
        return Answer("unknown", "network", None, "none", (port,), None)
    if network:
        return Answer("allowed", "", None, "none", (port,), "none", True)
    return Answer("denied", "network", None, "none", (port,), "timeout", False)


def through_service(world: World, client: Json, service: Json, port: int, asks: Asks) -> list[list[Answer]]:
    """The answers of every workload behind a port of a Service: pods, and machines for clients whose proxies pick the
    workload themselves."""
    [service_port] = [one for one in service["spec"]["ports"] if one["port"] == port]
    there = [
        one
        for one in (*world.of("Pod"), *(world.of("Machine") if picks(world, client, service, port) else ()))
        if space(one) == space(service)
        and has_labels(service["spec"]["selector"], labels(one))
        and target(service_port, one) is not None
        and one is not client
    ]
    return [answers(world, client, one, target(service_port, one) or 0, service, asks) for one in there]


def picks(world: World, client: Json, service: Json, port: int) -> bool:
    """Whether the client's proxy picks the workload behind a port of a Service, rather than the node's rules."""
    if headless(service) or proxy(world, client) == "none":
        return False
    if proxy(world, client) == "node":
        return True
    return bool(takes_outbound(client, port, service["spec"]["clusterIP"])) and knows(world, client, service, port)


def answers(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> list[Answer]:
    """One client, one pod, by way of a Service or (None) by the pod's address. Several where it is open."""
    asks = asks if asks.host is not None else _with_host(asks, client, server, port, service)
    if taken(world, client, server, port, service) == "open":
        # Its proxy takes the address that it dials, or not.
        each = [{key: value for key, value in annotations(client).items() if "Ranges" not in key}]
        dialled, _ = _dialled(server, port, service)
        each.append({**each[0], "traffic.sidecar.istio.io/excludeOutboundPorts": str(dialled)})
        clients = [{**client, "metadata": {**client["metadata"], "annotations": one}} for one in each]
        return [found for one in clients for found in answers(world, one, server, port, service, asks)]
    if taken(world, client, server, port, service) == "sidecar" and not asks.identity:
        by_address = (service is None or headless(service)) and _by_sidecar(
            world, client, server, port, None
        ) is not None
        ways = by_host(world, client, server, port, service, by_address, asks.host or "")
        if [one.kind for one in ways] != ["same"]:
            found = [told for one in ways for told in _by_way(world, client, server, port, service, one, asks)]
            return found if len(ways) == 1 else [replace(one, holds=None, layer="", network=None) for one in found]
    return _as_dialled(world, client, server, port, service, asks)


def _by_way(
    world: World, client: Json, server: Json, port: int, service: Json | None, way: Way, asks: Asks
) -> list[Answer]:
    """The answers of a request that goes by its host."""
    if way.kind == "same":
        return _as_dialled(world, client, server, port, service, asks)
    if way.kind in ("away", "refused"):
        found = _unknown_to_client(world, client, server, port, service, asks)
        return [replace(found, symptom=None if way.kind == "away" else found.symptom)]
    forms = ["plain"]
    if way.service is not None:
        service_port = leads_to(way.service, server, port)
        assert service_port is not None
        forms = sent_by_sidecar(world, client, server, port, way.service, service_port).split(" or ")
    return [_in_form(world, client, server, port, service, one, asks) for one in forms]


def _as_dialled(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> list[Answer]:
    """The answers of a request that goes where it is dialled, whatever host it names."""
    if not _known(world, client, server, port, service):
        return [_unknown_to_client(world, client, server, port, service, asks)]
    from_, to = proxy(world, client), proxy(world, server)
    own = asks.identity or identity(world, client)
    called = _called(service)
    waypoint = waypoint_of(world, server, called) if from_ == "node" else None
    if waypoint is not None and to != "waypoint":
        found = _over_waypoint(world, client, waypoint, server, port, called, own, asks)
        open_ = "tls" if _application_encrypts(world, server, port, called) else "none"
        tunnels = to == "node" or tunnel_label(world, server)
        last = "hbone" if found.hops[1] == TUNNEL and (port != TUNNEL or tunnels) else open_
        as_whom = identity(world, waypoint) if last == "hbone" else None
        found = replace(
            found,
            ways=(_named(client, waypoint, own, "hbone"), _named(waypoint, server, as_whom, last)),
            encryption=last,
        )
        hops = (client, waypoint, found.hops[0]), (waypoint, server, found.hops[1])
        if found.verdict != "denied" and called is not None and found.layer != "network":
            sent = passed_on(world, waypoint, server, port, called, (asks.method, asks.path, asks.headers))
            gone = replace(found, verdict="denied", layer="requests", symptom=None, holds=None)
            if sent is not True and None not in [passes(world, *one) for one in hops]:
                return [gone] if sent is False else [gone, found]
        return [found if None not in [passes(world, *one) for one in hops] else _unsure(found)]
    sent = _sent(world, client, server, port, service, asks).split(" or ")
    arriving = _as_sent(world, client, server, port, service, asks)
    found_by = []
    for one in sent:
        found = _formed(world, client, server, port, service, one, asks, arriving)
        away = _sent_elsewhere(world, client, server, port, service, asks, found)
        found_by += away or [_in_form(world, client, server, port, service, one, asks, arriving)]
    return found_by


def _in_form(
    world: World,
    client: Json,
    server: Json,
    port: int,
    service: Json | None,
    sent: str,
    asks: Asks,
    arriving: Asks | None = None,
) -> Answer:
    """The answer of what is sent straight to a pod, in one form. ``arriving``: the request as it gets there."""
    found = _formed(world, client, server, port, service, sent, asks, arriving)
    if found.encryption == "none" and _application_encrypts(world, server, port, service):
        found = replace(found, encryption="tls")
    found = replace(found, ways=(_named(client, server, found.identity, found.encryption),))
    return found if passes(world, client, server, found.hops[0]) is not None else _unsure(found)


def _formed(
    world: World,
    client: Json,
    server: Json,
    port: int,
    service: Json | None,
    sent: str,
    asks: Asks,
    arriving: Asks | None,
) -> Answer:
    """The same, whatever is known of packets and of who else encrypts."""
    own = asks.identity or identity(world, client)
    found = _direct(world, client, server, port, service, sent, own, arriving or asks)
    return _held(world, client, server, port, service, sent, asks, found)


def _as_sent(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> Asks:
    """The request as a client's sidecar sends it."""
    if proxy(world, client) != "sidecar" or taken(world, client, server, port, service) != "sidecar":
        return asks
    by = _by_sidecar(world, client, server, port, service)
    if by is None:
        return asks
    path, headers, host = as_sent(world, client, server, port, by, (asks.method, asks.path, asks.headers))
    return replace(asks, path=path, headers=headers, host=host or asks.host)


def _sent_elsewhere(
    world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks, found: Answer
) -> list[Answer]:
    """The answers where routes send, or may send, elsewhere what would get this one; empty: they do not."""
    if proxy(world, client) != "sidecar" or taken(world, client, server, port, service) != "sidecar":
        return []
    by = _by_sidecar(world, client, server, port, service)
    if by is None:
        return []
    here = arrives(world, client, server, port, by, (asks.method, asks.path, asks.headers))
    if here:
        return []
    unsure = passes(world, client, server, found.hops[0]) is None
    holds = None if unsure else not _otherwise(world, client, server, port, service, asks)
    gone = Answer("denied", "", None, "none", (), None, None if unsure else found.network, holds)
    return [gone] if here is False else [gone, _unsure(found) if unsure else found]


def _application_encrypts(world: World, server: Json, port: int, service: Json | None) -> bool:
    """Whether the Service that is called, or every one that leads to an address which is dialled, says so."""
    ways = [service] if service is not None else [one for one in world.of("Service") if behind(one, server, port)]
    ports = [leads_to(one, server, port) or {} for one in ways]
    words = [one.get("appProtocol") or one.get("name", "").split("-")[0] for one in ports]
    return bool(words) and all(word.lower() in ("https", "tls", "kubernetes.io/wss") for word in words)


def _named(source: Json, destination: Json, as_whom: str | None, over: str) -> tuple[str, str, str | None, str]:
    return f"{space(source)}/{name(source)}", f"{space(destination)}/{name(destination)}", as_whom, over


def _unsure(found: Answer) -> Answer:
    """The same, where it is open whether packets pass."""
    if found.verdict == "denied":
        return replace(found, network=None, holds=None, layer="")
    return Answer("unknown", "network", found.identity, found.encryption, found.hops, None)


def _called(service: Json | None) -> Json | None:
    """The Service that ztunnel sees a connection go to: a headless one has no address, only its pods have."""
    return None if service is None or headless(service) else service


def _known(world: World, client: Json, server: Json, port: int, service: Json | None) -> bool:
    """Whether the client's own proxy sends anything at all."""
    if taken(world, client, server, port, service) == "none" or proxy(world, client) != "sidecar":
        return True
    if _by_sidecar(world, client, server, port, service) is not None:
        return True
    return outside(world, client, port) != "refuse"


def _by_sidecar(world: World, client: Json, server: Json, port: int, service: Json | None) -> Json | None:
    """The Service for which a sidecar takes a connection, if it knows that."""
    if service is not None:
        service_port = leads_to(service, server, port)
        assert service_port is not None
        return service if knows(world, client, service, service_port["port"]) else None
    for one in world.oldest("Service"):
        # The addresses of the pods of headless Services are known, where requests are not told by their hosts.
        found = behind(one, server, port)
        if found and headless(one) and protocol(found, port) != "http" and knows(world, client, one, found["port"]):
            return one
    return None


def _unknown_to_client(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> Answer:
    network = passes(world, client, server, port)
    found = Answer("denied", "network" if network is False else "transport", None, "none", (), None, network)
    heard = protocol(None if service is None else leads_to(service, server, port), port)
    symptom = "eof" if heard == "tcp" else ("http-502" if heard == "http" else None)
    holds = None if network is None else not _otherwise(world, client, server, port, service, asks)
    return replace(found, symptom=symptom, holds=holds, layer="" if network is None else found.layer)


def _held(
    world: World, client: Json, server: Json, port: int, service: Json | None, sent: str, asks: Asks, found: Answer
) -> Answer:
    """The answer, with whether it binds who controls the client: not, if what denies is the form in which the client's
    proxy sends, or that it proves nobody."""
    if found.verdict != "denied":
        return found
    if found.layer == "network":
        # Where the form is refused, too, another one may take a way that the network leaves.
        own = asks.identity or identity(world, client)
        beyond = _direct(world, client, server, port, service, sent, own, asks, wires=False)
        if beyond.verdict != "denied" or proxy(world, client) != "sidecar":
            return found if proxy(world, client) != "node" else replace(found, holds=None)
        return replace(found, holds=_held(world, client, server, port, service, sent, asks, beyond).holds)
    if proxy(world, client) != "sidecar":
        return replace(found, holds=True if proxy(world, client) == "none" else None)
    own = asks.identity or identity(world, client)
    if sent in ("mtls", "hbone") and not trusted(world, own, proxy(world, server)):
        return replace(found, holds=None)
    by_form = found.layer == "transport" or sent in ("plain", "tls")
    if sent == "mtls" and found.layer == "requests":
        # Another name of the server might do.
        by_form = _direct(world, client, server, port, service, sent, own, asks, any_name=True).verdict != "denied"
    return replace(found, holds=not (by_form and _otherwise(world, client, server, port, service, asks)))


def _otherwise(world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks) -> bool:
    """Whether the client gets through in another form than that of its proxy."""
    own, to = asks.identity or identity(world, client), proxy(world, server)
    forms = ["plain", *(["mtls"] if to == "sidecar" else [])]
    forms += ["hbone"] if to == "node" or tunnel_label(world, server) else []
    found = [_direct(world, client, server, port, service, form, own, asks, any_name=True).verdict for form in forms]
    if to == "sidecar":
        found.append(
            _direct(world, client, server, port, service, "mtls", own, asks, silent=True, any_name=True).verdict
        )
    waypoint = waypoint_of(world, server, _called(service))
    if waypoint is not None and to != "waypoint":
        found.append(_over_waypoint(world, client, waypoint, server, port, _called(service), own, asks).verdict)
    return any(one != "denied" for one in found)


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
    service = _by_sidecar(world, client, server, port, service)
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
    if kind != "sidecar" or not takes_inbound(kind, server, port):
        return "plain"
    return "plain" if peer_mode(world, server, port) == "DISABLE" else "mtls"


def tunnel_label(world: World, server: Json) -> bool:
    """Whether a sidecar says that it takes tunnels, too."""
    return proxy(world, server) == "sidecar" and labels(server).get("networking.istio.io/tunnel") == "http"


def _direct(
    world: World,
    client: Json,
    server: Json,
    port: int,
    service: Json | None,
    sent: str,
    own: str,
    asks: Asks,
    silent: bool = False,
    wires: bool = True,
    any_name: bool = False,
) -> Answer:
    wire = TUNNEL if sent == "hbone" else port
    hops = (wire,)
    kind = proxy(world, server)
    if port == TUNNEL and (kind in ("node", "waypoint") or tunnel_label(world, server)):
        return _no_tunnel(world, client, server, service, sent, wires)
    if sent == "tls":
        return _own_tls(world, client, server, port, service, asks, wires)
    proven = own if sent in ("mtls", "hbone") else None
    encryption = {"plain": "none"}.get(sent, sent)
    spoken = _spoken(world, server, port, service)
    captured_client = taken(world, client, server, port, service)
    heard = "tcp" if service is None else protocol(leads_to(service, server, port), port)
    if wires and passes(world, client, server, wire) is False:
        symptom = _network_symptom(captured_client, heard)
        return Answer("denied", "network", proven, encryption, hops, symptom, False)
    if sent != "hbone" and port == TUNNEL and (kind == "node" or tunnel_label(world, server)):
        # There the proxy takes tunnels, and nothing else.
        symptom = "reset" if captured_client == "none" else _of_sidecar(captured_client, heard)
        return Answer("denied", "transport", None, encryption, hops, symptom, True)
    if sent != "hbone" and not takes_inbound(kind, server, port):
        if sent == "plain":
            return Answer("allowed", "", None, "none", hops, "none", True)
        return Answer("denied", "transport", None, encryption, hops, _of_sidecar(captured_client, heard), True)
    chain = "node" if kind == "node" else ("tcp" if spoken == "tcp" else "http")
    dialled = None if service is None else protocol(leads_to(service, server, port), port)
    if kind == "sidecar" and sent == "mtls" and spoken == "auto" and (dialled == "tcp" or silent):
        # What the client's proxy, or a client without one, offers in its handshake chooses.
        chain = "tcp"
    if proven is not None and not trusted(world, proven, kind):
        return Answer("denied", "transport", None, encryption, hops, None, True)
    if kind == "node":
        if sent == "mtls" or (sent == "plain" and peer_mode(world, server, port) == "STRICT"):
            return Answer("denied", "transport", None, encryption, hops, _of_sidecar(captured_client, heard), True)
    elif not accepted(world, server, port, sent, chain):
        symptom = "reset" if captured_client == "none" else _of_sidecar(captured_client, heard)
        return Answer("denied", "transport", None, encryption, hops, symptom, True)
    told_of = [
        decide(world, server, None, None, chain, asked_of(asks, proven, port, client, address_of(server), sni))
        for sni in server_names(
            world, client, server, port, service, sent, chain, shown=any_name or bool(asks.identity)
        )
    ]
    found = told_of[0] if len(set(told_of)) == 1 else "ask"
    told = by_requests(found, chain, captured_client, proven, encryption, hops)
    if chain != "http" and told.symptom is None and told.verdict == "denied":
        return replace(told, symptom=_of_sidecar(captured_client, heard))
    return told


def _no_tunnel(world: World, client: Json, server: Json, service: Json | None, sent: str, wires: bool) -> Answer:
    """What comes to the port of tunnels itself: whoever listens there ends what is no tunnel to another port."""
    encryption = {"plain": "none"}.get(sent, sent)
    captured_client = taken(world, client, server, TUNNEL, service)
    heard = "tcp" if service is None else protocol(leads_to(service, server, TUNNEL), TUNNEL)
    if wires and passes(world, client, server, TUNNEL) is False:
        symptom = _network_symptom(captured_client, heard)
        return Answer("denied", "network", None, encryption, (TUNNEL,), symptom, False)
    symptom = "eof" if captured_client == "none" else _of_sidecar(captured_client, heard)
    return Answer("denied", "transport", None, encryption, (TUNNEL,), symptom, True)


def _of_sidecar(client: str, heard: str) -> str | None:
    """What a client's own sidecar makes of a connection that fails: an answer, where it speaks HTTP."""
    return "http-503" if client == "sidecar" and heard in ("http", "auto") else None


def taken(world: World, client: Json, server: Json, port: int, service: Json | None) -> str:
    """The client's proxy, if it takes the connection; ``open``: that hangs on an address which nobody knows."""
    kind = proxy(world, client)
    if kind != "sidecar":
        return kind
    port, address = _dialled(server, port, service)
    taken = takes_outbound(client, port, address)
    return {True: kind, False: "none", None: "open"}[taken]


def _dialled(server: Json, port: int, service: Json | None) -> tuple[int, str | None]:
    if service is None or headless(service):
        return port, address_of(server)
    service_port = leads_to(service, server, port)
    assert service_port is not None
    return service_port["port"], service["spec"].get("clusterIP")


def _own_tls(
    world: World, client: Json, server: Json, port: int, service: Json | None, asks: Asks, wires: bool
) -> Answer:
    """TLS that the application would have to end: the mesh learns nobody from it, and sees no requests."""
    if wires and passes(world, client, server, port) is False:
        return Answer("denied", "network", None, "tls", (port,), None, False)
    if not takes_inbound(proxy(world, server), server, port):
        return Answer("allowed", "", None, "tls", (port,), "none", True)
    spoken = _spoken(world, server, port, service)
    if peer_mode(world, server, port) == "STRICT" or spoken == "http":
        return Answer("denied", "transport", None, "tls", (port,), None, True)
    told_of = [
        decide(world, server, None, None, "tcp", asked_of(asks, None, port, client, address_of(server), sni))
        for sni in server_names(world, client, server, port, service, "tls", "tcp", shown=False)
    ]
    found = told_of[0] if len(set(told_of)) == 1 else "ask"
    return replace(by_requests(found, "tcp", "sidecar", None, "tls", (port,)), symptom=None)


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
    encryption = "hbone" if last == "hbone" else "none"
    both = passes(world, client, waypoint, wires[0]), passes(world, waypoint, server, wires[1])
    if False in both:
        return Answer("denied", "network", own, encryption, hops, None, False)
    if not trusted(world, own, "waypoint"):
        return Answer("denied", "transport", None, encryption, hops, None, True)
    service_port = None if service is None else leads_to(service, server, port)
    chain = "tcp" if protocol(service_port, port) == "tcp" else "http"
    # Its destination is the Service, until the waypoint picks a pod.
    seen = port if service_port is None else service_port["port"]
    towards = address_of(server) if service is None else service["spec"].get("clusterIP")
    told_of = [
        decide(world, waypoint, service, server, chain, asked_of(asks, own, seen, client, towards, sni))
        for sni in server_names(world, client, waypoint, port, service, "hbone", chain, shown=bool(asks.identity))
    ]
    found = told_of[0] if len(set(told_of)) == 1 else "ask"
    if found not in ("pass", "ask"):
        return by_requests(found, chain, "node", own, encryption, hops)
    second = _direct(world, waypoint, server, port, service, last, identity(world, waypoint), asks)
    if found == "ask" and second.verdict == "allowed":
        return by_requests(found, chain, "node", own, encryption, hops)
    symptom = "none" if second.verdict == "allowed" else None
    return Answer(second.verdict, second.layer, own, encryption, hops, symptom, True, None)


def waypoint_of(world: World, server: Json, service: Json | None) -> Json | None:
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


def _network_symptom(client: str, spoken: str) -> str | None:
    if client == "none":
        return "timeout"
    return _of_sidecar(client, spoken)
