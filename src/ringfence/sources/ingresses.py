"""Ingresses, their classes, and OpenShift's Routes.

Sources: networking.k8s.io/v1 Ingress and IngressClass, its betas, route.openshift.io/v1 Route.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.entries import BackendRef, EntryClass, Route, RouteRule
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sources.field_checks import PORT_HINT, Fields, Findings

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def read_ingress(manifest: Manifest, namespace: str, problems: list[Problem]) -> Route | None:
    """An Ingress; None when it could not be understood (reported, and the input is partial)."""
    findings = Findings(manifest, problems)
    top = Fields(findings)
    spec = top.child("spec", vital=True)
    annotations = top.child("metadata").child("annotations")
    rules: list[RouteRule] = []
    hosts: list[str] = []
    for key in ("defaultBackend", "backend"):
        if key in spec:
            backend = _backend(spec.child(key, vital=True), namespace)
            rules.append(RouteRule("", backend, manifest.positions.place(("spec", key))))
    whole = bool(rules)
    for rule in spec.children("rules", vital=True):
        host = rule.text("host")
        hosts += [host] if host else []
        whole = whole or not host
        for path in rule.child("http", vital=True).children("paths", vital=True):
            backend = _backend(path.child("backend", vital=True), namespace)
            place = manifest.positions.place(path.path)
            rules.append(RouteRule(f"{host}{path.text('path') or '/'}", backend, place))
    route = Route(
        "Ingress",
        namespace,
        manifest.name,
        manifest.place,
        tuple(rules),
        () if whole else tuple(dict.fromkeys(hosts)),
        spec.text("ingressClassName") or annotations.text(CLASS_ANNOTATION) or None,
    )
    return None if findings.lost else route


def _backend(fields: Fields, namespace: str) -> tuple[BackendRef, ...]:
    """``service`` with a port by number or name, or a ``resource``; the betas have ``serviceName``, ``servicePort``."""
    manifest = fields.findings.manifest
    if "serviceName" in fields:
        place = manifest.positions.place((*fields.path, "serviceName"))
        return (BackendRef(namespace, fields.text("serviceName", vital=True), _either(fields, "servicePort"), place),)
    if "resource" in fields:
        resource = fields.child("resource")
        place = manifest.positions.place(resource.path)
        kind = resource.text("kind") or "an object"
        return (BackendRef(namespace, resource.text("name"), None, place, kind),)
    if "service" not in fields:
        fields.invalid("service", "is required", "service: {name: NAME, port: {number: NUMBER}}", vital=True)
        return ()
    service = fields.child("service", vital=True)
    port = service.child("port", vital=True)
    number: int | str | None = port.number("number", vital=True)
    if number is None:
        number = port.text("name", vital=True) or None
    if number is None:
        service.invalid("port", "needs a number or a name", "port: {number: 80}", vital=True)
    elif isinstance(number, int) and not 1 <= number <= 65535:
        port.invalid("number", "must be from 1 to 65535", PORT_HINT, vital=True)
    return (BackendRef(namespace, service.text("name", vital=True), number, manifest.positions.place(service.path)),)


def _either(fields: Fields, key: str) -> int | str | None:
    """A field that is a number or a name."""
    value = fields.data.get(key)
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else value or None
    return fields.number(key, vital=True)


def read_class(manifest: Manifest, problems: list[Problem]) -> EntryClass:
    """An IngressClass or a GatewayClass."""
    top = Fields(Findings(manifest, problems))
    spec = top.child("spec")
    controller = spec.text("controller") or spec.text("controllerName")
    default = top.child("metadata").child("annotations").text(DEFAULT_CLASS) == "true"
    return EntryClass(manifest.kind, manifest.name, controller, default, manifest.place)


def read_openshift_route(manifest: Manifest, namespace: str, problems: list[Problem]) -> Route | None:
    """A Route of OpenShift; None when it could not be understood (reported, and the input is partial)."""
    findings = Findings(manifest, problems)
    spec = Fields(findings).child("spec", vital=True)
    port = _either(spec.child("port", vital=True), "targetPort")
    backends = tuple(
        BackendRef(
            namespace,
            one.text("name", vital=True),
            port,
            manifest.positions.place(one.path),
            one.text("kind") or "Service",
            target=True,
        )
        for one in _destinations(spec)
    )
    host = spec.text("host")
    route = Route(
        "Route",
        namespace,
        manifest.name,
        manifest.place,
        (RouteRule(f"{host}{spec.text('path') or '/'}", backends, manifest.positions.place(("spec", "to"))),),
        (host,) if host else (),
    )
    return None if findings.lost else route


def _destinations(spec: Fields) -> Iterator[Fields]:
    """``to`` and ``alternateBackends``; a weight of 0 sends nothing."""
    for one in (spec.child("to", vital=True), *spec.children("alternateBackends", vital=True)):
        if one.number("weight") != 0 and one.data:
            yield one
