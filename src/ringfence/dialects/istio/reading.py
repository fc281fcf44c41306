"""Every kind of object that the dialect reads, and the collection of what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringfence.dialects.istio.authorization_objects import read_authentication, read_policy
from ringfence.dialects.istio.client_objects import (
    read_destination_rule,
    read_service_entry,
    read_sidecar,
    read_virtual_service,
)
from ringfence.dialects.istio.extension_objects import read_envoy_filter, read_wasm_plugin
from ringfence.dialects.istio.gateway_objects import read_gateway, read_kubernetes_gateway
from ringfence.dialects.istio.mesh_config import MeshConfig, read_mesh_config
from ringfence.dialects.istio.objects import ControlPlane, Injection, IstioObjects, Named
from ringfence.dialects.istio.peer_authentication_objects import read_peer_authentication
from ringfence.dialects.istio.service_routes import read_service_routes
from ringfence.dialects.istio.workload_entry import read_workload_entry, read_workload_group
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sets.labels import Selector

Read = tuple[Any, list[Problem]]


READERS: Mapping[tuple[str, str], tuple[str, Callable[[Manifest], Read]]] = {
    ("security.istio.io", "AuthorizationPolicy"): ("authorizations", read_policy),
    ("security.istio.io", "RequestAuthentication"): ("authentications", read_authentication),
    ("security.istio.io", "PeerAuthentication"): ("peer_authentications", read_peer_authentication),
    ("networking.istio.io", "DestinationRule"): ("destination_rules", read_destination_rule),
    ("networking.istio.io", "Sidecar"): ("sidecars", read_sidecar),
    ("networking.istio.io", "ServiceEntry"): ("service_entries", read_service_entry),
    ("networking.istio.io", "WorkloadEntry"): ("workload_entries", read_workload_entry),
    ("networking.istio.io", "WorkloadGroup"): ("workload_groups", read_workload_group),
    ("networking.istio.io", "VirtualService"): ("virtual_services", read_virtual_service),
    ("networking.istio.io", "Gateway"): ("gateways", read_gateway),
    ("networking.istio.io", "EnvoyFilter"): ("extensions", read_envoy_filter),
    ("extensions.istio.io", "WasmPlugin"): ("extensions", read_wasm_plugin),
    ("extensions.istio.io", "TrafficExtension"): ("extensions", read_wasm_plugin),
}
"""By group and kind: the versions of a kind have the same fields."""


@dataclass
class Collected:
    """What has been read so far. ``shown``: something of the input belongs to an Istio, or would."""

    shown: bool = False
    found: dict[str, list[Any]] = field(default_factory=dict)
    configs: dict[str, MeshConfig] = field(default_factory=dict)
    injections: list[Injection] = field(default_factory=list)
    control_planes: list[ControlPlane] = field(default_factory=list)
    node_agents: list[Named] = field(default_factory=list)
    enablement: tuple[tuple[Selector, Selector], ...] = ()

    def take(self, manifest: Manifest) -> list[Problem] | None:
        """Reads one object; None where it is of no kind that the dialect reads."""
        group = manifest.api_version.rpartition("/")[0]
        reader = READERS.get((group, manifest.kind))
        if reader is None:
            return None
        self.shown = True
        name, read = reader
        value, problems = read(manifest)
        if value is not None:
            self.found.setdefault(name, []).append(value)
        return problems

    def take_gateway(self, manifest: Manifest) -> list[Problem]:
        """A Gateway of the Gateway API."""
        value, problems = read_kubernetes_gateway(manifest)
        if value is not None:
            self.shown = True
            name = "waypoints" if hasattr(value, "serves") else "gateways"
            self.found.setdefault(name, []).append(value)
        return problems

    def take_route(self, manifest: Manifest) -> None:
        """A route of the Gateway API."""
        routes = read_service_routes(manifest)
        if routes:
            self.found.setdefault("virtual_services", []).extend(routes)

    def take_config(self, revision: str, manifest: Manifest) -> list[Problem]:
        """The mesh config of a revision (empty: the default one). ``manifest.data`` is the config itself."""
        config, problems = read_mesh_config(manifest)
        self.configs[revision] = config
        self.shown = True
        return problems

    def objects(self, version: str = "") -> IstioObjects | None:
        """All of it; None where the input shows nothing of an Istio."""
        if not self.shown:
            return None
        lists = {
            name: tuple(sorted(values, key=lambda one: (one.named.namespace, one.named.name)))
            for name, values in self.found.items()
            if name not in ("authorizations", "authentications")
        }
        return IstioObjects(
            **lists,
            authorizations=tuple(self.found.get("authorizations", ())),
            authentications=tuple(self.found.get("authentications", ())),
            configs=self.configs,
            injections=tuple(self.injections),
            control_planes=tuple(self.control_planes),
            node_agents=tuple(self.node_agents),
            enablement=self.enablement,
            version=version,
        )
