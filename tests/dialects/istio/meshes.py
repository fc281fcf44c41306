"""Small meshes written as YAML."""

from __future__ import annotations

from typing import Any

import yaml

from ringfence.dialects.istio.mesh import IstioMesh, Settings
from ringfence.model.cluster import Cluster, Pod, Service
from ringfence.model.mesh import Option
from tests.sources.manifests import cluster_of


def namespace(name: str, **labels: str) -> str:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    return f"---\n{yaml.safe_dump(made)}"


def workload(
    full_name: str,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> str:
    """A Deployment; its pods are labelled ``app`` with its name."""
    space, _, name = full_name.partition("/")
    marked = {"app": name, **(labels or {})}
    template = {
        "metadata": {"labels": marked, "annotations": annotations or {}},
        "spec": {"serviceAccountName": name, "containers": [{"name": "main"}], **spec},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": space},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }
    return f"---\n{yaml.safe_dump(deployment)}"


def running(
    full_name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: Any
) -> str:
    """A pod with an address."""
    space, _, name = full_name.partition("/")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"containers": [{"name": "main"}], **spec},
        "status": {"phase": "Running", "podIP": f"10.0.0.{len(name) + 1}"},
    }
    return f"---\n{yaml.safe_dump(pod)}"


def service(full_name: str, *ports: dict[str, Any], app: str = "", **more: Any) -> str:
    """A Service for the pods labelled ``app`` (default: with its name)."""
    space, _, name = full_name.partition("/")
    metadata = {"name": name, "namespace": space, **more.pop("metadata", {})}
    spec = {"selector": {"app": app or name}, "ports": list(ports), **more}
    return f"---\n{yaml.safe_dump({'apiVersion': 'v1', 'kind': 'Service', 'metadata': metadata, 'spec': spec})}"


GROUPS = {
    "PeerAuthentication": "security.istio.io/v1",
    "EnvoyFilter": "networking.istio.io/v1alpha3",
    "WasmPlugin": "extensions.istio.io/v1alpha1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
}


def an(kind: str, full_name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> str:
    """An object of the mesh."""
    space, _, name = full_name.partition("/")
    made: dict[str, Any] = {
        "apiVersion": GROUPS.get(kind, "networking.istio.io/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": space, **metadata},
    }
    if spec is not None:
        made["spec"] = spec
    return f"---\n{yaml.safe_dump(made)}"


def mesh_config(name: str = "istio", space: str = "istio-system", **config: Any) -> str:
    data = {"mesh": yaml.safe_dump(config)}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": space}, "data": data}
    return f"---\n{yaml.safe_dump(made)}"


class Lab:
    """A cluster and its mesh, with ends by name."""

    def __init__(self, *parts: str, settings: Settings | None = None) -> None:
        self.cluster: Cluster = cluster_of("".join(parts))
        mesh = IstioMesh.of(self.cluster, settings)
        assert mesh is not None
        self.mesh = mesh

    def pod(self, full_name: str) -> Pod:
        return next(one for one in self.cluster.pods if f"{one.namespace}/{one.name}" == full_name)

    def service(self, full_name: str) -> Service:
        return next(one for one in self.cluster.services if f"{one.namespace}/{one.name}" == full_name)

    def member(self, full_name: str) -> list[str]:
        return sorted(option.value.proxy.value for option in self.mesh.membership(self.pod(full_name)))

    def server(self, full_name: str, port: int) -> list[str]:
        found = self.mesh.server(self.pod(full_name), port)
        return sorted(f"{option.value.acceptance.value} {option.value.speech.value}" for option in found)

    def client(self, source: str, destination: str | None, port: int, via: str | None = None) -> list[str]:
        found = self.mesh.client(
            self.pod(source), self.pod(destination) if destination else None, port, self.service(via) if via else None
        )
        assert len(found) == 1 or all(option.fact for option in found)
        return sorted(option.value.sending.value for option in found)

    def waypoint(self, source: str | None, destination: str, via: str | None = None) -> list[str]:
        found = self.mesh.waypoint(
            self.pod(source) if source else None, self.pod(destination), self.service(via) if via else None
        )
        return sorted(_waypoint(option) for option in found)


def _waypoint(option: Option[Any]) -> str:
    way = option.value
    if way is None:
        return "none"
    return f"{way.namespace}/{way.name}" + ("" if way.pods else " (not there)")
