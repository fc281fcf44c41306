"""A workload and a Service of one name: what a question about a port of the workload would mean at the Service.

A name means the workload first (``ends``), while people who know the Service ask by the Service's port. Where the two
numbers differ the answer says what it spoke of.
"""

from __future__ import annotations

from ringfence.model.cluster import Cluster, Service, ServicePort
from ringfence.verdict.ends import Target
from ringfence.verdict.flow import Asked


def port_notes(cluster: Cluster, destination: Target, question: Asked) -> tuple[str, ...]:
    """A note where the number that is asked for is a port of the Service of the same name, which leads from there to
    another port of these pods."""
    service, number = destination.namesake, question.port
    if service is None or not isinstance(number, int):
        return ()
    for port in service.ports:
        if port.port != number or port.protocol != (question.protocol or "TCP"):
            continue
        targets = _targets(cluster, destination, service, port)
        if targets and number not in targets:
            leads = " or ".join(str(one) for one in sorted(targets))
            name = f"{service.namespace}/{service.name}"
            return (
                f"{number} is taken for a port of the pods of {destination.text}; Service {name} leads from "
                f"{number} to {leads}, which {service.namespace}/svc/{service.name} asks for",
            )
    return ()


def _targets(cluster: Cluster, destination: Target, service: Service, port: ServicePort) -> set[int]:
    """The ports of the target's pods to which a port of the Service leads; those that it selects count."""
    found: set[int] = set()
    for index in (index for member in destination.members for index in member.pods):
        pod = cluster.pods[index]
        if service.selector is None or any(pod.labels.get(key) != value for key, value in service.selector.items()):
            continue
        if isinstance(port.target, int):
            found.add(port.target)
        else:
            found.update(one.number for one in pod.ports if one.name == port.target and one.protocol == port.protocol)
    return found
