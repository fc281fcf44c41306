"""The name of a server that a sidecar's TLS asks for.

Source: istio ``pilot/pkg/networking/core/cluster_tls.go`` (buildUpstreamTLSSettings, applyUpstreamTLSSettings),
``pilot/pkg/model/service.go`` (BuildDNSSrvSubsetKey).
"""

from __future__ import annotations

from collections.abc import Collection

from ringfence.dialects.istio.objects import Tls
from ringfence.model.cluster import Service
from ringfence.model.mesh import Client, Sending
from ringfence.values import replace


def asked_name(tls: Tls | None, number: int, subset: str, service: Service, domain: str) -> str:
    """The name that TLS of the mesh to a port and a subset (empty: none) of a Service asks for: what the rule says, or
    one that istiod makes up. ``domain``: of the cluster."""
    if tls is not None and tls.asks:
        return tls.asks
    return f"outbound_.{number}_.{subset}_.{service.name}.{service.namespace}.svc.{domain}"


def with_name(client: Client, names: Collection[str]) -> Client:
    """What a client's proxy sends, with the name that its TLS asks for if it is one of these; of several it is not
    known which."""
    asks = next(iter(names)) if len(names) == 1 and client.sending is Sending.MESH_TLS else ""
    return client if client.asks == asks else replace(client, asks=asks)


__all__ = ["asked_name", "with_name"]
