"""What the client of a flow sees when a layer denies it.

Measured on Envoy 1.40 where a sidecar is concerned; read from the sources of ztunnel elsewhere.
"""

from __future__ import annotations

from ringfence.model.mesh import Proxy

TEXTS = {
    "none": "",
    "timeout": "the connection times out",
    "refused": "the connection is refused",
    "reset": "the connection is reset",
    "eof": "the connection opens, and ends without an answer",
    "tls-alert": "the TLS handshake fails with an alert",
    "dns": "the name is not found",
    "http-400": "HTTP 400",
    "http-401": "HTTP 401 (Jwt ...)",
    "http-403": "HTTP 403, body: RBAC: access denied",
    "http-404": "HTTP 404 with an empty body (no route)",
    "http-502": "HTTP 502 with an empty body",
    "http-503": "HTTP 503 (upstream connect error or disconnect/reset before headers)",
}
"""Each symptom in words."""


def of_network(client: Proxy, http: bool) -> str:
    """Packets that never arrive. A client's own proxy has answered already, and waits in its stead."""
    if client is Proxy.NONE:
        return "timeout"
    if client is Proxy.SIDECAR and http:
        return "http-503"
    return "reset" if client is Proxy.NODE else "eof"


def of_transport(symptom: str, client: Proxy, http: bool) -> str:
    """A connection that the server's side refuses. A client's sidecar turns it into an answer, if it speaks HTTP."""
    if client is Proxy.SIDECAR:
        return "http-503" if http else "eof"
    if client is Proxy.NODE:
        return "reset"
    return "reset" if symptom.startswith("http-") else symptom


def of_connection(client: Proxy, http: bool) -> str:
    """A connection that is let in and then ended, as no policy allows it."""
    if client is Proxy.SIDECAR and http:
        return "http-503"
    return "reset" if client is Proxy.NODE else "eof"


def of_nothing(http: bool) -> str:
    """A client's sidecar that knows no such destination and may not pass on what it does not know."""
    return "http-502" if http else "eof"


def text_of(symptom: str, reason: str = "") -> str:
    """The symptom in words. ``reason``: the code of what denies."""
    if (symptom, reason) == ("http-403", "token"):
        return "HTTP 403, body: Audiences in Jwt are not allowed"
    return TEXTS.get(symptom, symptom.replace("-", " "))
