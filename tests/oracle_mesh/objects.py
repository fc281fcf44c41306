"""Objects by kind, and what is looked up in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
ROOT = "istio-system"


@dataclass(frozen=True)
class World:
    """All objects of a cluster. ``config``: what the ConfigMap ``istio`` says of the mesh."""

    objects: Sequence[Json]
    config: Json

    def of(self, kind: str) -> Iterator[Json]:
        """The objects of a kind."""
        return (one for one in self.objects if one["kind"] == kind)

    def named(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object by its name."""
        for one in self.of(kind):
            if one["metadata"]["name"] == name and space(one) == namespace:
                return one
        return None

    def space_labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace."""
        for one in self.of("Namespace"):
            if one["metadata"]["name"] == namespace:
                return labels(one)
        return {}

    @property
    def domain(self) -> str:
        """The trust domain."""
        return str(self.config.get("trustDomain") or "cluster.local")

    @property
    def domains(self) -> list[str]:
        """The trust domain and its other names."""
        return [self.domain, *self.config.get("trustDomainAliases", ())]

    def oldest(self, kind: str) -> list[Json]:
        """The objects of a kind as they came to be."""
        return sorted(
            self.of(kind), key=lambda one: (one["metadata"].get("creationTimestamp", ""), name(one), space(one))
        )


def name(one: Json) -> str:
    """Its name."""
    return str(one["metadata"]["name"])


def space(one: Json) -> str:
    """Its namespace; that of a namespace is empty."""
    return "" if one["kind"] == "Namespace" else str(one["metadata"].get("namespace", "default"))


def labels(one: Json) -> Mapping[str, str]:
    """Its labels."""
    return one["metadata"].get("labels") or {}


def annotations(one: Json) -> Mapping[str, str]:
    """Its annotations."""
    return one["metadata"].get("annotations") or {}


def has_labels(wanted: Mapping[str, str] | None, given: Mapping[str, str]) -> bool:
    """Whether every wanted label is there."""
    return all(given.get(key) == value for key, value in (wanted or {}).items())


def identity(world: World, pod: Json) -> str:
    """The name that its certificate carries."""
    account = pod["spec"].get("serviceAccountName") or "default"
    return f"spiffe://{world.domain}/ns/{space(pod)}/sa/{account}"


def leads_to(service: Json, pod: Json, port: int) -> Json | None:
    """The port of a Service that leads to this port of this pod."""
    selector = service["spec"].get("selector")
    if space(service) != space(pod) or not selector or not has_labels(selector, labels(pod)):
        return None
    for one in service["spec"].get("ports", ()):
        if one.get("protocol", "TCP") == "TCP" and target(one, pod) == port:
            return one
    return None


def behind(service: Json, workload: Json, port: int) -> Json | None:
    """The port of a Service by which clients get to this port of a workload: a headless Service has no machines."""
    if is_machine(workload) and service["spec"].get("clusterIP") == "None":
        return None
    return leads_to(service, workload, port)


def is_machine(one: Json) -> bool:
    """Whether a workload is outside of the cluster."""
    return bool(one["kind"] == "Machine")


def target(service_port: Json, pod: Json) -> int | None:
    """The port of the pod that a port of a Service leads to."""
    wanted = service_port.get("targetPort", service_port["port"])
    if is_machine(pod):
        own = pod["spec"]["ports"]
        found = own.get(service_port.get("name"), wanted) if isinstance(wanted, int) else own.get(wanted)
        return None if found is None else int(found)
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"].get("containers", ()):
        for one in container.get("ports", ()):
            if one.get("name") == wanted and one.get("protocol", "TCP") == "TCP":
                return int(one["containerPort"])
    return None
