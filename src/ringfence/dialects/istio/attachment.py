"""Which policies reach which enforcement point.

Source: istio ``pilot/pkg/model/policyattachment.go`` (ShouldAttachPolicy), ``pilot/pkg/model/authorization.go``; for
ztunnel ``pilot/pkg/serviceregistry/ambient`` (policies of a workload).
"""

from __future__ import annotations

from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import Attachment, Target
from ringfence.model.cluster import Pod
from ringfence.model.mesh import Point, PointSort

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
GATEWAYS = "gateway.networking.k8s.io"
WAYPOINT_CLASS = "istio-waypoint"


def attaches(attachment: Attachment, point: Point, config: AuthorizationConfig) -> bool | None:
    """Whether an object applies at a point; None: it hangs on a label whose value the input does not give."""
    pod = point.pod
    namespaces = {config.root_namespace, pod.namespace}
    if point.sort is PointSort.WAYPOINT and point.service is not None:
        namespaces.add(point.service.namespace)
    if attachment.namespace not in namespaces:
        return False
    if point.sort is PointSort.NODE:
        return False if attachment.targets else selects(attachment.labels, pod)
    gateway = _gateway_name(point)
    if gateway is None:
        return False if attachment.targets else selects(attachment.labels, pod)
    if not attachment.targets:
        if point.sort is PointSort.WAYPOINT or not config.selectors_reach_gateways:
            return False
        return selects(attachment.labels, pod)
    return any(_targeted(target, attachment.namespace, gateway, point, config) for target in attachment.targets)


def _gateway_name(point: Point) -> str | None:
    """The Gateway that the pod of a point is an instance of; a waypoint always is one, whatever its labels."""
    name = point.pod.labels.get(GATEWAY_NAME)
    if name is None and point.sort is PointSort.WAYPOINT:
        return point.pod.workload.name
    return name if point.sort is not PointSort.NODE else None


def selects(labels: tuple[tuple[str, str], ...] | None, pod: Pod) -> bool | None:
    """Whether a selector (None: there is none) takes the pod; None: it hangs on a label with an open value."""
    unclear = False
    for key, value in labels or ():
        if key in pod.open_labels:
            unclear = True
        elif pod.labels.get(key) != value:
            return False
    return None if unclear else True


def _targeted(target: Target, namespace: str, gateway: str, point: Point, config: AuthorizationConfig) -> bool:
    waypoint, service = point.sort is PointSort.WAYPOINT, point.service
    if waypoint and service is not None and (target.group, target.kind) == ("", "Service"):
        return (service.namespace, service.name) == (namespace, target.name)
    if waypoint and (target.group, target.kind, target.name) == (GATEWAYS, "GatewayClass", WAYPOINT_CLASS):
        return namespace == config.root_namespace
    if namespace != point.pod.namespace or target.namespace not in ("", namespace):
        return False
    return (target.group, target.kind, target.name) == (GATEWAYS, "Gateway", gateway)
