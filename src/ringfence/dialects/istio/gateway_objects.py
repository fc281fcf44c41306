"""Gateways: those of the Gateway API that are waypoints or that istiod runs, and Istio's own.

Source: istio ``pilot/pkg/serviceregistry/kube/controller/ambient/waypoints.go``, ``pilot/pkg/config/kube/gateway``;
istio/api ``networking/v1alpha3/gateway.proto``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.selectors import selector
from ringfence.dialects.fields.shapes import ListOf, Number, Record, Text, Texts
from ringfence.dialects.istio.objects import GatewayServer, IngressGateway, WaypointGateway
from ringfence.dialects.istio.shapes import any_of, kind_of_object, named, spec_of
from ringfence.dialects.istio.speech import parse
from ringfence.model.mesh import Speech
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest
from ringfence.sets.labels import EVERYTHING, Selector

WAYPOINT_CLASS = "istio-waypoint"
GATEWAY_CLASSES = ("istio", "istio-remote")
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
SERVES = "istio.io/waypoint-for"
SERVED = ("service", "workload", "all", "none")
HBONE_PORT = 15008


def read_kubernetes_gateway(manifest: Manifest) -> tuple[WaypointGateway | IngressGateway | None, list[Problem]]:
    """A Gateway of the Gateway API, as far as it concerns the mesh; None where it does not. Its own fields are checked
    where it is read as a way into the cluster: what is not of its type is passed over here."""
    spec = _mapping(manifest.data.get("spec"))
    name = spec.get("gatewayClassName")
    if name == WAYPOINT_CLASS:
        return _waypoint(manifest, spec)
    if name not in GATEWAY_CLASSES:
        return None, []
    listeners = []
    for one in _mappings(spec.get("listeners")):
        port, mode = one.get("port"), _mapping(one.get("tls")).get("mode")
        if isinstance(port, int):
            listeners.append((port, str(one.get("protocol", "")), mode if isinstance(mode, str) else ""))
    # Addresses that are names of hosts are those of a Service that somebody else makes.
    made = name == "istio" and not any(one.get("type") == "Hostname" for one in _mappings(spec.get("addresses")))
    return IngressGateway(named(manifest), {}, manifest.name, tuple(listeners), made=made), []


def _waypoint(manifest: Manifest, spec: Mapping[str, Any]) -> tuple[WaypointGateway, list[Problem]]:
    problems: list[Problem] = []
    labels = _mapping(_mapping(manifest.data.get("metadata")).get("labels"))
    serves = labels.get(SERVES, "service")
    if serves not in SERVED:
        place = manifest.positions.place(("metadata", "labels", SERVES))
        problems.append(
            Problem(
                place,
                "invalid-value",
                Severity.WARNING,
                f"metadata.labels.{SERVES} must be one of {', '.join(SERVED)}: with another value the waypoint serves"
                " nothing, and traffic goes past it",
                f"write {SERVES}: service",
            )
        )
        serves = "none"
    status = manifest.data.get("status")
    told = isinstance(status, Mapping) and ("addresses" in status or "conditions" in status)
    ready = bool(_mapping(status).get("addresses")) if told else None
    return WaypointGateway(named(manifest), serves, _namespaces(spec), ready), problems


def _namespaces(spec: Mapping[str, Any]) -> Selector | None:
    """The namespaces that its HBONE listener takes routes from."""
    for one in _mappings(spec.get("listeners")):
        if one.get("protocol") == "HBONE" and one.get("port") == HBONE_PORT:
            allowed = _mapping(_mapping(one.get("allowedRoutes")).get("namespaces"))
            scope = allowed.get("from", "Same")
            if scope == "All":
                return EVERYTHING
            if scope == "Selector":
                return selector(_mapping(allowed.get("selector")))
            return None
    return None


GATEWAY = kind_of_object(
    "a Gateway",
    Record(
        "the spec",
        {
            "selector": Texts(),
            "servers": ListOf(
                Record(
                    "a server",
                    {
                        "port": Record(
                            "port",
                            {
                                "number": Number(0, 65535, "invalid-port"),
                                "protocol": Text(),
                                "name": Text(),
                                "targetPort": Number(0, 65535),
                            },
                        ),
                        **any_of("bind", "hosts", "tls", "defaultEndpoint", "name"),
                    },
                )
            ),
        },
    ),
)


def read_gateway(manifest: Manifest) -> tuple[IngressGateway, list[Problem]]:
    """Istio's own Gateway, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, GATEWAY)
    listeners, servers = [], []
    for number, server in enumerate(() if broken else spec.get("servers", ())):
        port, tls = _mapping(server.get("port")), server.get("tls")
        said = _mapping(tls).get("mode")
        # TLS without a mode is passed on: it is the first of the modes.
        mode = said if isinstance(said, str) else "PASSTHROUGH"
        protocol = str(port.get("protocol", ""))
        listeners.append((port.get("number", 0), protocol, mode if isinstance(tls, Mapping) else ""))
        servers.append(
            GatewayServer(
                port.get("number", 0),
                str(port.get("name", "")),
                protocol,
                # Where HTTP is spoken nothing of it counts but whether plain requests are redirected.
                mode if isinstance(tls, Mapping) and parse(protocol) is not Speech.HTTP else None,
                _texts(server.get("hosts")),
                _mapping(tls).get("httpsRedirect") is True,
                manifest.positions.place(("spec", "servers", number)),
            )
        )
    labels = {} if broken else _mapping(spec.get("selector"))
    gateway = IngressGateway(named(manifest), dict(labels), "", tuple(listeners), tuple(servers), broken)
    return gateway, report.problems


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
