"""Collects ways into the cluster: sends each kind of entry to its reader."""

from __future__ import annotations

from ringfence.model.entries import Entries, EntryClass, Gateway, Grant, Route
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sources.gateways import ROUTE_KINDS, read_gateway, read_grants, read_route
from ringfence.sources.ingresses import read_class, read_ingress, read_openshift_route


class EntryReader:
    """Reads the entries of one input."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._gateways: list[Gateway] = []
        self._classes: list[EntryClass] = []
        self._grants: list[Grant] = []

    def take(self, manifest: Manifest, problems: list[Problem]) -> None:
        """One object of a kind that ``ringfence.sources.kinds`` calls an entry."""
        kind, namespace = manifest.kind, manifest.namespace or ""
        if kind in ("IngressClass", "GatewayClass"):
            self._classes.append(read_class(manifest, problems))
        elif kind == "Gateway":
            gateway = read_gateway(manifest, namespace, problems)
            self._gateways += [gateway] if gateway else []
        elif kind == "ReferenceGrant":
            self._grants += read_grants(manifest, namespace, problems)
        else:
            read = read_route if kind in ROUTE_KINDS else read_ingress if kind == "Ingress" else read_openshift_route
            route = read(manifest, namespace, problems)
            self._routes += [route] if route else []

    def entries(self) -> Entries:
        """All of them, routes and gateways in order of namespace and name."""
        return Entries(
            tuple(sorted(self._routes, key=lambda one: (one.namespace, one.name, one.kind))),
            tuple(sorted(self._gateways, key=lambda one: (one.namespace, one.name))),
            tuple(sorted(self._classes, key=lambda one: (one.kind, one.name))),
            tuple(self._grants),
        )
