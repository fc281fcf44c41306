"""Which proxies an EnvoyFilter or a WasmPlugin may be in.

Source: istio/api ``networking/v1alpha3`` (EnvoyFilter: workloadSelector, targetRefs, contexts), ``extensions/v1alpha1``
(WasmPlugin: selector, targetRefs, match), istio ``pilot/pkg/model/policyattachment.go``. Where sources differ about a
waypoint that a selector names, it may be.
"""

from __future__ import annotations

from ringfence.dialects.istio.objects import Extension
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.model.mesh import Point, PointSort

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
WAYPOINT_CLASS = "istio-waypoint"


def may_touch(
    extension: Extension, point: Point, port: int, root: str, *, gateway: bool, waypoint: bool, own_chain: bool
) -> bool:
    """Whether an extension may change what a point decides of a port. ``gateway``, ``waypoint``: what its proxy is.
    ``own_chain``: a Service leads to the port, so that it has filters of its own; else it shares those of all others,
    of which sources do not say whether an extension for other ports is among them."""
    if point.sort is PointSort.NODE or (extension.http and not point.http):
        return False
    if extension.ports and own_chain and port not in extension.ports:
        return False
    waypoint = waypoint or point.sort is PointSort.WAYPOINT
    if not (waypoint or (extension.gateways if gateway else extension.inbound)):
        return False
    pod, service, space = point.pod, point.service, extension.named.namespace
    spaces = {root, pod.namespace} | ({service.namespace} if service is not None and waypoint else set())
    if space not in spaces:
        return False
    if extension.targets:
        return any(_targeted(kind, name, space, point, root, waypoint) for kind, name in extension.targets)
    if not extension.selector:
        # What selects nobody in particular is for sidecars and gateways; a waypoint only has it by its context.
        return not waypoint or extension.waypoints is True
    return selects(extension.selector, pod) is not False


def _targeted(kind: str, name: str, space: str, point: Point, root: str, waypoint: bool) -> bool:
    pod, service = point.pod, point.service
    if kind == "Service":
        return waypoint and service is not None and (service.namespace, service.name) == (space, name)
    if kind == "GatewayClass":
        return waypoint and name == WAYPOINT_CLASS and space == root
    if kind == "Gateway":
        own = pod.labels.get(GATEWAY_NAME) or (pod.workload.name if waypoint else None)
        return space == pod.namespace and name == own
    # ServiceEntries are no destinations of the questions that are asked here; another kind may be anything.
    return kind != "ServiceEntry"
