"""The pods that istiod makes of a Gateway of its classes, where the input has the Gateway and not yet its pods.

Source: istio ``manifests/charts/istio-control/istio-discovery/files/{waypoint,kube-gateway}.yaml``,
``pilot/pkg/config/kube/gateway/deploymentcontroller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME, WAYPOINT_CLASS
from ringfence.dialects.istio.objects import IngressGateway, WaypointGateway
from ringfence.model.cluster import External, Pod, Service, ServicePort, WorkloadRef
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


def predicted_gateways(gateways: Iterable[IngressGateway], pods: Sequence[Pod]) -> list[Pod]:
    """Pods of Gateways of class ``istio`` that have none in the input, beside none that run: istiod makes them, unless
    the Gateway names its addresses."""
    running = any(pod.addresses or pod.node for pod in pods if not pod.template)
    there = {(pod.namespace, pod.labels.get(GATEWAY_NAME)) for pod in pods if GATEWAY_NAME in pod.labels}
    return [
        _gateway_pod(one)
        for one in gateways
        if one.gateway and one.made and not running and (one.named.namespace, one.named.name) not in there
    ]


def _gateway_pod(gateway: IngressGateway) -> Pod:
    named = gateway.named
    name = f"{named.name}-istio"
    labels = {
        GATEWAY_NAME: named.name,
        "gateway.networking.k8s.io/gateway-class-name": "istio",
        "gateway.istio.io/managed": "istio.io-gateway-controller",
        "service.istio.io/canonical-name": name,
        "service.istio.io/canonical-revision": "latest",
        "sidecar.istio.io/inject": "false",
    }
    return Pod(
        named.namespace,
        name,
        labels,
        WorkloadRef("Deployment", named.namespace, name),
        ("pod-template-hash",),
        template=True,
        place=named.place,
        service_account=name,
        marks=Marks({}, (ProxyContainer("istio-proxy", ""),)),
    )


def predicted_services(
    gateways: Iterable[IngressGateway], pods: Iterable[Pod], services: Iterable[Service]
) -> list[Service]:
    """The Services in front of such pods."""
    known = {(one.namespace, one.name) for one in services}
    made = {(pod.namespace, pod.name) for pod in pods}
    found = []
    for one in gateways:
        key = (one.named.namespace, f"{one.named.name}-istio")
        if not one.gateway or key not in made or key in known:
            continue
        numbers = dict.fromkeys(number for number, protocol, _ in one.listeners if protocol != "UDP")
        ports = tuple(ServicePort(f"port-{number}", "TCP", number, number) for number in numbers)
        selector = {GATEWAY_NAME: one.named.name}
        external = External(balanced=True)
        found.append(Service(*key, "LoadBalancer", ports, selector, place=one.named.place, external=external))
    return found


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
