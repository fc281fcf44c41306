"""What becomes of a connection between what a client sends and what a server's proxy takes.

Sources: the inbound filter chains of istiod by mode and protocol (pilot ``filterchain_options.go``), the inbound paths
of ztunnel; the symptoms were measured on Envoy 1.40.
"""

from __future__ import annotations

from ringfence.model.mesh import Acceptance, Encryption, Proxy, Sending, Server, Speech
from ringfence.values import Value, replace


class Transport(Value):
    """``accepted``: the connection comes about. ``proven``: the server knows who the client is. ``http``: the server
    judges requests; else connections. ``symptom`` and ``why`` tell of a refusal. ``by_client``: the refusal hangs on
    what the client's own proxy sends, so that a client who controls its pod is not bound by it."""

    accepted: bool
    proven: bool
    http: bool
    encryption: Encryption
    symptom: str = "none"
    why: str = ""
    by_client: bool = False


def meet(sending: Sending, client: Proxy, server: Server | None, proxy: Proxy) -> Transport:
    """One hop. ``client`` is the proxy that sends; ``server`` what ``proxy`` takes at the port, None where no proxy
    takes it."""
    if server is None or proxy is Proxy.NONE:
        return _to_workload(sending)
    if proxy is Proxy.NODE:
        return _to_node_proxy(sending, client, server)
    return _to_sidecar(sending, client, server)


def foreign(transport: Transport) -> Transport:
    """The same hop, with a certificate of a trust domain that the server does not know."""
    why = "the server does not take certificates of the client's trust domain"
    return replace(transport, accepted=False, proven=False, symptom="tls-alert", why=why)


def no_tunnel(sending: Sending, client: Proxy) -> Transport:
    """What comes to the port of tunnels, and is none: the proxy there takes nothing else, whoever it is from."""
    encryption = {Sending.MESH_TLS: Encryption.MTLS, Sending.OTHER_TLS: Encryption.TLS}.get(sending, Encryption.NONE)
    why = "the server's proxy takes nothing but tunnels at this port"
    return Transport(False, False, False, encryption, "reset", why, by_client=client is not Proxy.NONE)


def _to_workload(sending: Sending) -> Transport:
    if sending is Sending.PLAIN:
        return Transport(True, False, False, Encryption.NONE)
    if sending is Sending.OTHER_TLS:
        return Transport(True, False, False, Encryption.TLS)
    why = "the client's proxy speaks TLS of the mesh, and no proxy of the server takes this port"
    return Transport(False, False, False, Encryption.MTLS, "http-503", why, by_client=True)


def _to_node_proxy(sending: Sending, client: Proxy, server: Server) -> Transport:
    if sending is Sending.TUNNEL:
        return Transport(True, True, False, Encryption.HBONE)
    if sending is Sending.MESH_TLS:
        why = "the client's proxy speaks TLS of the mesh to a port where the server's node proxy awaits plain bytes"
        return Transport(False, False, False, Encryption.MTLS, "http-503", why, by_client=True)
    encryption = Encryption.TLS if sending is Sending.OTHER_TLS else Encryption.NONE
    if server.acceptance is Acceptance.STRICT:
        return _refused(client, encryption, "reset")
    return Transport(True, False, False, encryption)


def _to_sidecar(sending: Sending, client: Proxy, server: Server) -> Transport:
    http = server.speech is not Speech.TCP
    acceptance = server.acceptance
    if sending is Sending.TUNNEL:
        return Transport(True, True, http, Encryption.HBONE)
    if sending is Sending.MESH_TLS:
        if acceptance is Acceptance.PLAIN:
            why = "the client's proxy speaks TLS of the mesh, and the server takes none at this port"
            return Transport(False, False, http, Encryption.MTLS, "http-503", why, by_client=True)
        return Transport(True, True, http, Encryption.MTLS)
    if sending is Sending.OTHER_TLS:
        return _own_tls(client, server, http)
    if acceptance is Acceptance.STRICT:
        return _refused(client, Encryption.NONE, "reset")
    return Transport(True, False, http, Encryption.NONE)


def _own_tls(client: Proxy, server: Server, http: bool) -> Transport:
    """TLS that is not the mesh's. Where the proxy does not have to understand it, it passes to the workload."""
    if server.acceptance is Acceptance.STRICT:
        why = "the server takes only TLS with an identity of the mesh"
        return Transport(False, False, http, Encryption.TLS, "tls-alert", why, by_client=client is not Proxy.NONE)
    if server.speech is Speech.HTTP:
        why = "the server's proxy awaits HTTP at this port, and gets TLS that is not the mesh's"
        return Transport(False, False, True, Encryption.TLS, "reset", why, by_client=client is not Proxy.NONE)
    return Transport(True, False, False, Encryption.TLS)


def _refused(client: Proxy, encryption: Encryption, symptom: str) -> Transport:
    why = "the server takes only connections with an identity of the mesh, and this one comes without"
    return Transport(False, False, False, encryption, symptom, why, by_client=client is not Proxy.NONE)
