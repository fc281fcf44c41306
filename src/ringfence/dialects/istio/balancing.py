"""Whether a client's proxy itself picks the end behind a Service, of all that istiod tells it: pods and machines.

A Service of Kubernetes with a selector selects the WorkloadEntries of its namespace, too, for clients of the mesh; the
node's rules (kube-proxy), which serve all others, know pods only. Source: istio
``pilot/pkg/serviceregistry/kube/controller/controller.go`` (collectWorkloadInstanceEndpoints: not of headless
Services), ``pilot/pkg/features`` (PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES).
"""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import Sidecar
from ringfence.dialects.istio.sidecar_scope import knows
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Membership, Option, Proxy

SELECTS_ENTRIES = "PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES"


def balances(
    source: Pod,
    service: Service,
    port: int,
    members: Iterable[Option[Membership]],
    sidecars: Iterable[Option[Sidecar | None]],
    config: MeshConfig,
    selects: bool | None,
) -> frozenset[bool]:
    """What may be the case, for a port of the Service. ``selects``: the flag of istiod; None: not known."""
    if service.headless or not service.selector or selects is False:
        return frozenset((False,))
    proxies = {option.value.proxy for option in members} - {Proxy.NONE}
    found: set[bool] = set() if selects else {False}
    if Proxy.NODE in proxies:
        found.add(True)
    if Proxy.SIDECAR in proxies:
        for one in sidecars:
            if one.value is not None and one.value.broken:
                found |= {True, False}
            else:
                found.add(knows(one.value, service, port, source.namespace, config))
    return frozenset(found or {False})
