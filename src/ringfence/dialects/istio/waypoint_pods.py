"""The pods that istiod makes of a waypoint's Gateway, where the input has the Gateway and not yet its pods.

Source: istio ``manifests/charts/istio-control/istio-discovery/files/waypoint.yaml``,
``pilot/pkg/config/kube/gateway/deploymentcontroller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME, WAYPOINT_CLASS
from ringfence.dialects.istio.objects import WaypointGateway
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.marks import Marks, ProxyContainer

_MADE_BY = "istio.io-mesh-controller"


def predicted_pods(gateways: Iterable[WaypointGateway], pods: Sequence[Pod]) -> list[Pod]:
    """Pods of waypoints that have none in the input. Beside pods that run, a waypoint without pods has none, unless the
    status of its Gateway says that it is ready: then the input lacks them."""
    running = any(pod.addresses or pod.node for pod in pods if not pod.template)
    there = {(pod.namespace, pod.labels.get(GATEWAY_NAME)) for pod in pods if GATEWAY_NAME in pod.labels}
    return [
        _pod(one)
        for one in gateways
        if (one.named.namespace, one.named.name) not in there and (one.ready or (one.ready is None and not running))
    ]


def _pod(gateway: WaypointGateway) -> Pod:
    named = gateway.named
    labels = {
        GATEWAY_NAME: named.name,
        "gateway.networking.k8s.io/gateway-class-name": WAYPOINT_CLASS,
        "gateway.istio.io/managed": _MADE_BY,
        "istio.io/dataplane-mode": "none",
        "service.istio.io/canonical-name": named.name,
        "service.istio.io/canonical-revision": "latest",
    }
    return Pod(
        named.namespace,
        named.name,
        labels,
        WorkloadRef("Deployment", named.namespace, named.name),
        ("pod-template-hash",),
        template=True,
        place=named.place,
        service_account=named.name,
        marks=Marks({}, (ProxyContainer("istio-proxy", ""),)),
    )
