"""Services read from plain objects: what a client may ask of each, and the endpoints of those without a selector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class ServicePort:
    """``target`` is a number or the name of a port of the backend; without one it is the port itself."""

    name: str
    protocol: str
    number: int
    target: int | str
    node_port: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """One address that serves, with its ports: (name of the Service's port, protocol, number)."""

    address: str
    ports: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Service:
    """``selector`` None: the ``endpoints`` count. ``families`` None: not known. ``external``: of type ExternalName."""

    namespace: str
    name: str
    selector: Mapping[str, str] | None
    ports: tuple[ServicePort, ...]
    endpoints: tuple[Endpoint, ...]
    cluster_addresses: tuple[str, ...]
    other_addresses: tuple[str, ...]
    families: frozenset[int] | None
    headless: bool = False
    external: bool = False
    external_name: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses on which the Service is reached."""
        return (*self.cluster_addresses, *self.other_addresses)


def space(item: Mapping[str, Any]) -> str:
    return item["metadata"].get("namespace") or "default"


def read_port(entry: Mapping[str, Any]) -> ServicePort:
    """TCP and the port itself are the defaults; a target of 0 or "" is none."""
    number = entry["port"]
    name, protocol = entry.get("name") or "", entry.get("protocol") or "TCP"
    return ServicePort(name, protocol, number, entry.get("targetPort") or number, entry.get("nodePort"))


def endpoint_ports(entries: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str, int], ...]:
    return tuple((entry.get("name") or "", entry.get("protocol") or "TCP", entry["port"]) for entry in entries or ())


def serves(conditions: Mapping[str, Any]) -> bool:
    """discovery.k8s.io/v1: ``serving``, else ``ready``; what is not said is true."""
    said = conditions.get("serving")
    said = conditions.get("ready") if said is None else said
    return said is not False


def of_slices(objects: list[dict[str, Any]], name: Name) -> Iterator[Endpoint]:
    """The endpoints of every EndpointSlice that names the Service."""
    for item in slices_of(objects, name):
        ports = endpoint_ports(item.get("ports"))
        for endpoint in item.get("endpoints") or ():
            if serves(endpoint.get("conditions") or {}):
                yield from (Endpoint(text, ports) for text in endpoint["addresses"])


def slices_of(objects: list[dict[str, Any]], name: Name) -> list[dict[str, Any]]:
    label = "kubernetes.io/service-name"
    return [
        item
        for item in objects
        if item["kind"] == "EndpointSlice"
        and (space(item), (item["metadata"].get("labels") or {}).get(label)) == name
        and item.get("addressType") != "FQDN"
    ]


def of_endpoints(objects: list[dict[str, Any]], name: Name) -> Iterator[Endpoint]:
    """The ready addresses of the Endpoints object of the Service's name, which the control plane mirrors."""
    for item in objects:
        if item["kind"] == "Endpoints" and (space(item), item["metadata"]["name"]) == name:
            for subset in item.get("subsets") or ():
                ports = endpoint_ports(subset.get("ports"))
                yield from (Endpoint(entry["ip"], ports) for entry in subset.get("addresses") or ())


def read_service(item: Mapping[str, Any], objects: list[dict[str, Any]]) -> Service:
    """A Service. kube-proxy reads EndpointSlices only; Endpoints reach it mirrored, where no slice is given."""
    spec, name = item.get("spec") or {}, (space(item), item["metadata"]["name"])
    texts = [text for text in spec.get("clusterIPs") or [spec.get("clusterIP")] if text]
    inside = tuple(text for text in texts if text != "None")
    balancers = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    others = (*(spec.get("externalIPs") or ()), *(entry["ip"] for entry in balancers if entry.get("ip")))
    families = frozenset(6 if ":" in text else 4 for text in inside) or frozenset(
        {"IPv4": 4, "IPv6": 6}[text] for text in spec.get("ipFamilies") or ()
    )
    found = of_slices(objects, name) if slices_of(objects, name) else of_endpoints(objects, name)
    return Service(
        *name,
        spec.get("selector") or None,
        tuple(read_port(entry) for entry in spec.get("ports") or ()),
        tuple(found),
        inside,
        others,
        families or None,
        "None" in texts,
        spec.get("type") == "ExternalName",
        (spec.get("externalName") or "") if spec.get("type") == "ExternalName" else "",
    )


def read_services(objects: list[dict[str, Any]]) -> dict[Name, Service]:
    """Every Service by its name."""
    return {
        (space(item), item["metadata"]["name"]): read_service(item, objects)
        for item in objects
        if item["kind"] == "Service"
    }
