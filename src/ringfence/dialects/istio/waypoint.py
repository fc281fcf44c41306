"""The waypoint that traffic of an ambient client goes over.

What is dialled decides: a Service has the waypoint of its label, else of its namespace's; a pod's own address that of
the pod. Sidecars and clients outside of the mesh go past waypoints, and nothing at the destination stops them.
Source: istio ``pilot/pkg/serviceregistry/kube/controller/ambient/waypoints.go``, ztunnel ``src/proxy/outbound.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ringfence.dialects.istio.enrolment import MANAGED, is_waypoint
from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME
from ringfence.dialects.istio.objects import WaypointGateway
from ringfence.model.cluster import Namespace, Pod, Service
from ringfence.model.mesh import Option, Waypoint

USE, NAMESPACE = "istio.io/use-waypoint", "istio.io/use-waypoint-namespace"
NONE = "none"


class Waypoints:
    """The waypoints of one cluster. ``pods``: all of it, in order; a waypoint's are found by their label."""

    def __init__(
        self, waypoints: Iterable[WaypointGateway], pods: Sequence[Pod], namespaces: Mapping[str, Namespace]
    ) -> None:
        self._gateways = {(one.named.namespace, one.named.name): one for one in waypoints}
        self._namespaces = namespaces
        self._pods: dict[tuple[str, str], list[int]] = {}
        if self._gateways:
            for index, pod in enumerate(pods):
                name = pod.labels.get(GATEWAY_NAME)
                if name is not None and (pod.namespace, name) in self._gateways:
                    self._pods.setdefault((pod.namespace, name), []).append(index)
        self._live = any(not pod.template for pod in pods) if self._gateways else False

    def __bool__(self) -> bool:
        return bool(self._gateways)

    def pods(self) -> frozenset[int]:
        """The pods of all waypoints."""
        return frozenset(index for found in self._pods.values() for index in found)

    def of(self, destination: Pod, service: Service | None) -> list[Option[Waypoint | None]]:
        """The waypoint of what is dialled. A headless Service has no address: its pods are dialled by theirs."""
        service = None if service is None or service.headless else service
        if not self._gateways:
            return [Option(None)]
        if is_waypoint(destination) or (service is None and destination.labels.get(MANAGED, "").startswith("istio.io")):
            return [Option(None)]
        wanted = "workload" if service is None else "service"
        namespace = destination.namespace if service is None else service.namespace
        return self.asked_for(destination.labels if service is None else service.marks, namespace, wanted)

    def asked_for(self, labels: Mapping[str, str], namespace: str, wanted: str) -> list[Option[Waypoint | None]]:
        """The waypoint of something in a namespace that has these labels."""
        named = _named(labels, namespace)
        if named is not None:
            return [Option(None)] if named == (NONE, NONE) else self._found(named, namespace, wanted)
        space = self._namespaces.get(namespace)
        if space is None or space.open_labels:
            return self._perhaps(namespace, wanted)
        named = _named(space.labels, namespace)
        if named is None or named == (NONE, NONE):
            return [Option(None)]
        return self._found(named, namespace, wanted)

    def _found(self, named: tuple[str, str], asking: str, wanted: str) -> list[Option[Waypoint | None]]:
        gateway = self._gateways.get(named)
        if gateway is None or gateway.serves not in (wanted, "all"):
            return [Option(None)]
        allowed = self._allows(gateway, asking)
        if allowed is False:
            return [Option(None)]
        waypoint = self._waypoint(gateway)
        if allowed:
            return [Option(waypoint)]
        fact = f"{gateway.named} takes routes from namespace {asking}"
        return [Option(waypoint, fact, f"the labels of namespace {asking}"), Option(None, f"not: {fact}", "its labels")]

    def _allows(self, gateway: WaypointGateway, asking: str) -> bool | None:
        if gateway.namespaces is None:
            return gateway.named.namespace == asking
        space = self._namespaces.get(asking)
        if gateway.namespaces.requirements and (space is None or space.open_labels):
            return None
        return gateway.namespaces.matches(space.labels if space is not None else {})

    def _perhaps(self, namespace: str, wanted: str) -> list[Option[Waypoint | None]]:
        """The labels of the namespace are not known: it may ask for any waypoint that would take it."""
        decide = f"the Namespace {namespace}"
        found: list[Option[Waypoint | None]] = [Option(None, f"namespace {namespace} asks for no waypoint", decide)]
        for (space, name), gateway in sorted(self._gateways.items()):
            if gateway.serves in (wanted, "all") and self._allows(gateway, namespace) is not False:
                fact = f"namespace {namespace} is labelled {USE}={name}"
                if space != namespace:
                    fact += f" and {NAMESPACE}={space}"
                found.append(Option(self._waypoint(gateway), fact, decide))
        return found if len(found) > 1 else [Option(None)]

    def _waypoint(self, gateway: WaypointGateway) -> Waypoint:
        named = gateway.named
        pods = tuple(self._pods.get((named.namespace, named.name), ()))
        why = ""
        if not pods:
            why = (
                f"the waypoint {named.namespace}/{named.name} has no pods: traffic goes past it, and past its policies"
            )
        elif gateway.ready is False:
            pods, why = (), f"the waypoint {named.namespace}/{named.name} is not ready: traffic goes past it"
        return Waypoint(named.namespace, named.name, pods, named.source, why)


def _named(labels: Mapping[str, str], namespace: str) -> tuple[str, str] | None:
    """Namespace and name of the waypoint that labels ask for; ``(none, none)``: surely none; None: nothing is said."""
    name = labels.get(USE)
    if not name:
        return None
    if name == NONE:
        return NONE, NONE
    return labels.get(NAMESPACE) or namespace, name


__all__ = ["USE", "Waypoints"]
