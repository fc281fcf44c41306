"""Objects of Istio as somebody wrote them, and what the hosts in them stand for.

Fields that decide no verdict (certificates, priorities, credentials) are no part of the model: rules read them here,
and take nothing for granted about their types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ringfence.dialects.istio.hosts import CLUSTER_DOMAIN, covers, full_name, of_service
from ringfence.model.cluster import Pod, Service
from ringfence.model.provenance import Manifest, Place
from ringfence.rules.finding import Subject
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import ServiceEntry
    from ringfence.rules.situation import Situation

NETWORKING, SECURITY, EXTENSIONS = "networking.istio.io", "security.istio.io", "extensions.istio.io"
TELEMETRY = "telemetry.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
_SERVICES = f".svc.{CLUSTER_DOMAIN}"


class MeshObject(Value):
    """One object and its ``spec``; what is no mapping counts as an empty one."""

    manifest: Manifest
    spec: Mapping[str, Any]

    @property
    def namespace(self) -> str:
        """Where it stands."""
        return self.manifest.namespace or "default"

    @property
    def subject(self) -> Subject:
        """Its identity."""
        return Subject(self.manifest.kind, self.namespace, self.manifest.name)

    def place(self, *path: str | int) -> Place:
        """Where a field of the spec stands, or its nearest parent."""
        return self.manifest.positions.place(("spec", *path))


class MeshObjects:
    """The objects of one input, by group and kind, and its hosts."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation

    @cached_property
    def _all(self) -> Mapping[tuple[str, str], list[Manifest]]:
        found: dict[tuple[str, str], list[Manifest]] = {}
        for manifest in self._situation.manifests:
            group = manifest.api_version.rpartition("/")[0]
            found.setdefault((group, manifest.kind), []).append(manifest)
        return found

    def of(self, group: str, kind: str) -> Iterator[MeshObject]:
        """Every object of a kind, in the order of namespaces and names."""
        members = self._all.get((group, kind), ())
        for manifest in sorted(members, key=lambda one: (one.namespace or "default", one.name)):
            yield MeshObject(manifest, mapping(manifest.data.get("spec")))

    def has(self, group: str, kind: str, namespace: str | None = None) -> bool:
        """Whether the input has an object of a kind (in a namespace)."""
        members = self._all.get((group, kind), ())
        return any(namespace is None or (one.namespace or "default") == namespace for one in members)

    def named(self, group: str, kind: str, namespace: str, name: str) -> MeshObject | None:
        """One object by its name."""
        found = (one for one in self.of(group, kind) if (one.namespace, one.manifest.name) == (namespace, name))
        return next(found, None)

    @cached_property
    def _services(self) -> Mapping[str, Service]:
        return {of_service(one.namespace, one.name): one for one in self._situation.cluster.services}

    @property
    def _entries(self) -> tuple[ServiceEntry, ...]:
        from ringfence.dialects.istio.objects import IstioObjects

        objects = self._situation.cluster.istio
        return objects.service_entries if isinstance(objects, IstioObjects) else ()

    def services(self, host: str, namespace: str) -> list[Service]:
        """The Services that a host of an object in a namespace stands for."""
        name = full_name(host, namespace)
        if "*" not in name:
            return [self._services[name]] if name in self._services else []
        return [service for known, service in self._services.items() if covers(name, known)]

    def entries(self, host: str, namespace: str) -> list[ServiceEntry]:
        """The ServiceEntries that know a host, or a part of the hosts that it stands for."""
        name = full_name(host, namespace)
        return [one for one in self._entries if any(_meet(name, full_name(word, "")) for word in one.hosts)]

    def knows(self, host: str, namespace: str) -> bool | None:
        """Whether a Service or ServiceEntry of the input has a host; None: it may be one of a namespace that the input
        does not have."""
        if self.services(host, namespace) or self.entries(host, namespace):
            return True
        name = full_name(host, namespace)
        if not name.endswith(_SERVICES):
            return False
        space = name.removesuffix(_SERVICES).rpartition(".")[2]
        there = self._situation.has_workloads(space) or any(
            one.namespace == space for one in self._situation.cluster.services
        )
        return False if there else None


def _meet(left: str, right: str) -> bool:
    return covers(left, right) or covers(right, left)


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping; anything else is an empty one."""
    return value if isinstance(value, Mapping) else {}


def members(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """The mappings of a list, with their indexes."""
    return [(at, one) for at, one in enumerate(value) if isinstance(one, Mapping)] if isinstance(value, list) else []


def words(value: Any) -> list[str]:
    """The strings of a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def workload_of(pod: Pod) -> Subject:
    """The identity of a pod's workload."""
    return Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
