"""The Gateway API: Gateways, routes and ReferenceGrants.

Source: gateway.networking.k8s.io v1 (Gateway, HTTPRoute, GRPCRoute), v1beta1 and v1 (ReferenceGrant), v1alpha2 and
later (TLSRoute, TCPRoute, UDPRoute).
"""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.dialects.fields.route_matches import matches_of
from ringfence.dialects.fields.selectors import selector
from ringfence.model.entries import (
    HOSTNAME,
    BackendRef,
    Changes,
    Gateway,
    Grant,
    Listener,
    ListenerTls,
    Parent,
    Route,
    RouteRule,
)
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sets.labels import EVERYTHING, Selector
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, Attribute, header
from ringfence.sources.field_checks import PORT_HINT, Fields, Findings, word_hint

GATEWAY_GROUP = "gateway.networking.k8s.io"
ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
SCOPES = ("Same", "All", "Selector", "None")
ISTIO_GROUP = "networking.istio.io"
ISTIO_TLS_MODE = "gateway.istio.io/tls-terminate-mode"
"""An option of listeners that istiod serves."""
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def read_gateway(manifest: Manifest, namespace: str, problems: list[Problem]) -> Gateway | None:
    """A Gateway; None when it could not be understood (reported, and the input is partial)."""
    findings = Findings(manifest, problems)
    spec = Fields(findings).child("spec", vital=True)
    listeners = []
    for entry in spec.children("listeners", vital=True):
        port = entry.number("port", vital=True)
        if port is None or not 1 <= port <= 65535:
            entry.invalid("port", "must be from 1 to 65535", PORT_HINT, vital=True)
            continue
        allowed = entry.child("allowedRoutes", vital=True)
        scope, closed = _scope(allowed.child("namespaces", vital=True))
        if closed:
            continue
        listeners.append(
            Listener(
                entry.text("name", vital=True),
                port,
                entry.text("protocol", vital=True),
                entry.text("hostname"),
                scope,
                tuple(one.text("kind") for one in allowed.children("kinds")),
                manifest.positions.place(entry.path),
                _tls(entry),
            )
        )
    gateway = Gateway(
        namespace, manifest.name, spec.text("gatewayClassName", vital=True), tuple(listeners), manifest.place
    )
    return None if findings.lost else gateway


def _tls(listener: Fields) -> ListenerTls:
    """What a listener does with TLS. ``tls.frontend`` of the Gateway, or the listener's own, asks for certificates."""
    protocol, mode = listener.text("protocol"), listener.child("tls").text("mode") or "Terminate"
    if protocol not in ("HTTPS", "TLS"):
        return ListenerTls.NONE
    if mode == "Passthrough":
        return ListenerTls.PASSES
    options = listener.child("tls").child("options").text(ISTIO_TLS_MODE)
    if listener.child("tls").child("frontendValidation").data or options == "MUTUAL":
        return ListenerTls.CERTIFICATE
    return {"ISTIO_MUTUAL": ListenerTls.MESH}.get(options, ListenerTls.ENDS)


def _scope(fields: Fields) -> tuple[Selector | None, bool]:
    """``(namespaces, closed)``: None for the Gateway's own namespace; closed: the listener takes no routes."""
    scope = fields.text("from", vital=True) or "Same"
    if scope not in SCOPES:
        fields.invalid("from", f"must be one of {', '.join(SCOPES)}", word_hint(scope, SCOPES), vital=True)
    if scope == "All":
        return EVERYTHING, False
    if scope == "Selector":
        return _selector(fields.child("selector", vital=True)), False
    return None, scope == "None"


def _selector(fields: Fields) -> Selector:
    labels, _ = fields.labels("matchLabels")
    expressions = []
    for one in fields.children("matchExpressions", vital=True):
        operator = one.text("operator", vital=True)
        if operator not in OPERATORS:
            one.invalid(
                "operator", f"must be one of {', '.join(OPERATORS)}", word_hint(operator, OPERATORS), vital=True
            )
            continue
        expressions.append(
            {"key": one.text("key", vital=True), "operator": operator, "values": one.texts("values", vital=True)}
        )
    return selector({"matchLabels": labels, "matchExpressions": expressions})


def read_route(manifest: Manifest, namespace: str, problems: list[Problem]) -> Route | None:
    """A route of the Gateway API; None when it could not be understood (reported, and the input is partial), or when
    it only speaks of a mesh (its parents are Services)."""
    findings = Findings(manifest, problems)
    spec = Fields(findings).child("spec", vital=True)
    entries = spec.children("parentRefs", vital=True)
    parents = [entry for entry in entries if (entry.text("kind") or "Gateway") == "Gateway"]
    rules = []
    for rule in spec.children("rules", vital=True):
        paths = [match.child("path").text("value") for match in rule.children("matches")]
        redirected = any(one.text("type") == "RequestRedirect" for one in rule.children("filters"))
        backends = () if redirected else tuple(_backends(rule, namespace))
        rules.append(
            RouteRule(
                ", ".join(filter(None, paths)),
                backends,
                manifest.positions.place(rule.path),
                matches_of(rule.data, manifest.kind),
                changes=_changes(rule),
            )
        )
    route = Route(
        manifest.kind,
        namespace,
        manifest.name,
        manifest.place,
        tuple(rules),
        tuple(spec.texts("hostnames")),
        None,
        tuple(
            Parent(
                entry.text("namespace") or namespace,
                entry.text("name", vital=True),
                entry.text("sectionName"),
                entry.number("port"),
                manifest.positions.place(entry.path),
            )
            for entry in parents
        ),
        "UDP" if manifest.kind == "UDPRoute" else "TCP",
        created=Fields(findings).child("metadata").text("creationTimestamp"),
    )
    return None if findings.lost or (entries and not parents) else route


def _changes(rule: Fields) -> Changes:
    """What the filters of a rule, and of its backends, make of requests. What a filter of another kind does is open."""
    host = ""
    found: dict[Attribute, None] = {}
    for holder in (rule, *rule.children("backendRefs")):
        for one in holder.children("filters"):
            rewrite, headers = one.child("urlRewrite"), one.child("requestHeaderModifier")
            host = rewrite.text("hostname") or host
            if rewrite.child("path").data:
                found[PATH] = None
            for key in ("set", "add"):
                found.update(dict.fromkeys(header(item.text("name")) for item in headers.children(key)))
            found.update(dict.fromkeys(map(header, headers.texts("remove"))))
            if one.text("type") == "ExtensionRef":
                found.update(dict.fromkeys((HOST, METHOD, PATH)))
    return Changes(host, tuple(found))


def _backends(rule: Fields, namespace: str) -> Iterator[BackendRef]:
    """Backends with a weight, and the mirrors of filters, which get a copy of every request."""
    references = [entry for entry in rule.children("backendRefs", vital=True) if entry.number("weight") != 0]
    for holder in (rule, *references):
        for one in holder.children("filters"):
            mirror = one.child("requestMirror").child("backendRef")
            references += [mirror] if mirror.data else []
    for entry in references:
        port = entry.number("port", vital=True)
        kind, group = entry.text("kind") or "Service", entry.text("group")
        if port is not None and not 1 <= port <= 65535:
            entry.invalid("port", "must be from 1 to 65535", PORT_HINT, vital=True)
        yield BackendRef(
            entry.text("namespace") or namespace,
            entry.text("name", vital=True),
            port,
            entry.findings.manifest.positions.place(entry.path),
            HOSTNAME if (group, kind) == (ISTIO_GROUP, HOSTNAME) else f"{group} {kind}" if group else kind,
        )


def read_grants(manifest: Manifest, namespace: str, problems: list[Problem]) -> list[Grant]:
    """What a ReferenceGrant lets routes name: one Grant for each of its sources."""
    findings = Findings(manifest, problems)
    spec = Fields(findings).child("spec", vital=True)
    names: list[str] = []
    whole = False
    for entry in spec.children("to", vital=True):
        if entry.text("kind") == "Service" and not entry.text("group"):
            name = entry.text("name")
            whole = whole or not name
            names += [name] if name else []
    if not (names or whole) or findings.lost:
        return []
    return [
        Grant(
            namespace,
            entry.text("namespace", vital=True),
            entry.text("kind", vital=True),
            () if whole else tuple(names),
        )
        for entry in spec.children("from", vital=True)
        if entry.text("group") == GATEWAY_GROUP
    ]
