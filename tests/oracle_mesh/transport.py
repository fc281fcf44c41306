"""What the client sends, and what the server takes."""

from __future__ import annotations

from tests.oracle_mesh.membership import proxy
from tests.oracle_mesh.objects import ROOT, Json, World, has_labels, labels, leads_to, name, space

HTTP = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws")
TCP = ("tcp", "https", "tls", "mongo", "mysql", "redis", "kubernetes.io/wss")


def protocol(service_port: Json | None, port: int) -> str:
    """``http``, ``tcp`` or ``auto``, of a port of a Service; None: the port is in no Service."""
    if service_port is None:
        return "auto"
    # An application protocol takes the place of the name, also one that nobody knows.
    said = str(service_port.get("appProtocol") or service_port.get("name") or "")
    if said not in HTTP + TCP:
        said = "grpc-web" if said.lower().startswith("grpc-web") else said.lower().partition("-")[0]
    if said in HTTP:
        return "http"
    if said in TCP or service_port["port"] in (25, 53, 3306, 27017):
        return "tcp"
    return "auto"


def inbound(world: World, pod: Json, port: int) -> str:
    """The protocol that a pod's sidecar takes a port for: that of the oldest Service that leads to it."""
    for service in world.oldest("Service"):
        found = leads_to(service, pod, port)
        if found is not None:
            return protocol(found, port)
    return "auto"


def peer_mode(world: World, pod: Json, port: int) -> str:
    """STRICT, PERMISSIVE or DISABLE, of a port of a pod."""
    mode, own = _space_mode(world, space(pod)), None
    for one in world.oldest("PeerAuthentication"):
        if space(one) == space(pod) and _selector(one) and has_labels(_selector(one), labels(pod)):
            own = one
            break
    if own is None:
        return mode
    above, mode = mode, _mode(own["spec"].get("mtls")) or mode
    at_port = _mode((own["spec"].get("portLevelMtls") or {}).get(str(port)))
    if (
        proxy(world, pod) == "node"
        and at_port == "DISABLE"
        and above == "STRICT"
        and not _mode(own["spec"].get("mtls"))
    ):
        # ztunnel's policies take only PERMISSIVE at a port as an exception from what a workload inherits.
        return "STRICT"
    return at_port or mode


def _space_mode(world: World, namespace: str) -> str:
    mode, all_of_them = "PERMISSIVE", world.oldest("PeerAuthentication")
    everywhere = [one for one in all_of_them if space(one) == ROOT and not _selector(one)]
    here = [one for one in all_of_them if space(one) == namespace != ROOT and not _selector(one)]
    for one in everywhere[:1] + here[:1]:
        mode = _mode(one["spec"].get("mtls")) or mode
    return mode


def _selector(policy: Json) -> dict[str, str]:
    return dict(((policy.get("spec") or {}).get("selector") or {}).get("matchLabels") or {})


def _mode(mtls: Json | None) -> str | None:
    said = (mtls or {}).get("mode")
    return None if said in (None, "UNSET") else str(said)


def sent_by_sidecar(world: World, client: Json, server: Json, port: int, service: Json, service_port: Json) -> str:
    """``plain``, ``mtls``, ``hbone`` or, open, ``hbone or plain``; ``tls``: without a certificate of the mesh."""
    rule = destination_rule(world, client, service)
    policy = {} if rule is None else (rule["spec"].get("trafficPolicy") or {})
    for one in policy.get("portLevelSettings") or ():
        if one["port"]["number"] == service_port["port"]:
            policy = one
            break
    kind = proxy(world, server)
    mode = (policy.get("tls") or {}).get("mode")
    if kind == "node":
        # Releases differ in whether DISABLE also turns the tunnel off.
        return "hbone or plain" if mode == "DISABLE" else "hbone"
    if mode is not None:
        return {"DISABLE": "plain", "ISTIO_MUTUAL": "mtls"}.get(mode, "tls")
    # Clients look at the mode of the namespace first, and then at that of the endpoint.
    on = world.config.get("enableAutoMtls", True) and _space_mode(world, space(server)) != "DISABLE"
    return "mtls" if on and kind == "sidecar" and peer_mode(world, server, port) != "DISABLE" else "plain"


def destination_rule(world: World, client: Json, service: Json) -> Json | None:
    """The rule that a client's proxy goes by: of its own namespace, else of the Service's, else of the root's."""
    full = f"{name(service)}.{space(service)}.svc.cluster.local"
    places = ([space(client)] if space(client) != ROOT else []) + [space(service), ROOT]
    for place in places:
        found = []
        for one in world.oldest("DestinationRule"):
            exported = one["spec"].get("exportTo") or ["*"]
            seen = "*" in exported or space(client) in exported or ("." in exported and place == space(client))
            if space(one) != place or not seen:
                continue
            host = str(one["spec"]["host"])
            if "." not in host and "*" not in host:
                host = f"{host}.{place}.svc.cluster.local"
            if host == full or (host.startswith("*") and full.endswith(host[1:])):
                found.append((not host.startswith("*"), len(host), one))
        if found:
            return max(found, key=lambda one: one[:2])[2]
    return None


def accepted(world: World, server: Json, port: int, sent: str, chain: str) -> bool:
    """Whether a sidecar takes what arrives at a port that is its own."""
    mode = peer_mode(world, server, port)
    if sent == "hbone":
        return True
    if mode == "STRICT":
        return sent == "mtls"
    # Without TLS at the port the bytes of a handshake go to the application.
    return sent == "plain" or (sent == "mtls" and mode == "PERMISSIVE")
