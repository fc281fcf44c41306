"""The Services in front of pods: by which of them clients call a port that a question only names a workload for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ringfence.model.cluster import MACHINE, Cluster, Pod, Service, ServicePort


class Fronts:
    """Finds Services by the pods and ports that they lead to."""

    def __init__(self, cluster: Cluster) -> None:
        self._by_namespace: dict[str, list[Service]] = {}
        self._of: dict[tuple[str, int], tuple[Mapping[str, str], tuple[Service, ...]]] = {}
        for service in sorted(cluster.services, key=lambda one: (one.headless, one.namespace, one.name)):
            if service.selector and service.kind != "ExternalName":
                self._by_namespace.setdefault(service.namespace, []).append(service)

    def of(self, pod: Pod) -> tuple[Service, ...]:
        """The Services that select a pod; headless ones last."""
        key = (pod.namespace, id(pod.labels))
        found = self._of.get(key)
        if found is None:
            services = tuple(
                service
                for service in self._by_namespace.get(pod.namespace, ())
                if service.selector and service.selector.items() <= pod.labels.items()
            )
            # The labels are kept, so that they keep their id.
            found = self._of[key] = (pod.labels, services)
        return found[1]

    def leading_to(self, pod: Pod, port: int) -> tuple[Service, int] | None:
        """The Service by which clients call a port of a pod, with the Service's own port; None: they dial the pod."""
        return next(self.all_leading_to(pod, port), None)

    def all_leading_to(self, pod: Pod, port: int) -> Iterator[tuple[Service, int]]:
        """Every Service that leads to a port of a workload, with its own port. A headless one leads to no machine."""
        machine = pod.workload.kind == MACHINE
        for service in self.of(pod):
            if not (machine and service.headless):
                for one in service.ports:
                    if one.protocol == "TCP" and led_to(one, pod) == port:
                        yield service, one.port


def led_to(port: ServicePort, pod: Pod) -> int | None:
    """The number that a Service's port leads to at a workload. A machine's own map of ports, by the names of the
    Service's, counts before a target that is a number."""
    if isinstance(port.target, int) and not (pod.workload.kind == MACHINE and port.name):
        return port.target
    name, otherwise = (port.name, port.target) if isinstance(port.target, int) else (port.target, None)
    return next((one.number for one in reversed(pod.ports) if one.name == name), otherwise)
