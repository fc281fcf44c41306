"""DestinationRule, Sidecar, ServiceEntry and VirtualService: what of them decides how a client's proxy sends.

Their other fields (load balancing, time-outs, weights…) change no verdict and are not looked into. Source: istio/api
``networking/v1alpha3``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.dialects.fields.report import Report
from ringfence.dialects.fields.shapes import ANYTHING, ListOf, Number, Record, Shape, Text, Texts, wrong_type
from ringfence.dialects.istio.objects import (
    ClientTls,
    DestinationRule,
    EgressListener,
    EntryPort,
    IngressListener,
    Labels,
    Routed,
    ServiceEntry,
    Sidecar,
    Subset,
    Tls,
    TrafficPolicy,
    VirtualService,
)
from ringfence.dialects.istio.route_objects import entries_of
from ringfence.dialects.istio.shapes import (
    BROKEN,
    SELECTOR,
    WORKLOAD_SELECTOR,
    any_of,
    kind_of_object,
    labels_of,
    named,
    spec_of,
)
from ringfence.model.problems import Problem
from ringfence.model.provenance import FieldPath, Manifest

_TEXTS = ListOf(Text())
_PORT = Number(0, 65535, "invalid-port", "port numbers are 1 to 65535")
_TLS = Record(
    "tls",
    {
        "mode": Text(choices=tuple(mode.value for mode in ClientTls), code="invalid-mode"),
        "subjectAltNames": _TEXTS,
        **any_of(
            *("clientCertificate", "privateKey", "caCertificates", "credentialName", "sni", "insecureSkipVerify"),
            "caCrl",
        ),
    },
    shorthand="mode",
)
_POLICY: dict[str, Shape] = {
    "tls": _TLS,
    **any_of(
        *("loadBalancer", "connectionPool", "outlierDetection", "tunnel", "proxyProtocol", "retryBudget"),
    ),
}


def _no_tls(kept: Mapping[str, Any], meant: str) -> str:
    """What a traffic policy means of which something was dropped."""
    lost = meant in ("tls", "trafficPolicy") and not kept.get("tls") and not kept.get("trafficPolicy")
    return "the rule then says nothing of TLS: what is outside of the mesh gets plaintext" if lost else ""


_PORT_POLICY = Record(
    "an entry of portLevelSettings", {"port": Record("port", {"number": _PORT}, shorthand="number"), **_POLICY}
)
_TRAFFIC_POLICY = Record("trafficPolicy", {**_POLICY, "portLevelSettings": ListOf(_PORT_POLICY)}, consequence=_no_tls)
DESTINATION_RULE = kind_of_object(
    "a DestinationRule",
    Record(
        "the spec",
        {
            "host": Text(),
            "trafficPolicy": _TRAFFIC_POLICY,
            "subsets": ListOf(
                Record(
                    "a subset",
                    {"name": Text(), "labels": Texts(), "trafficPolicy": _TRAFFIC_POLICY},
                    required=("name",),
                )
            ),
            "exportTo": _TEXTS,
            "workloadSelector": SELECTOR,
        },
        required=("host",),
        consequence=_no_tls,
        instead={"tls": "trafficPolicy: {tls: …}"},
    ),
)


def read_destination_rule(manifest: Manifest) -> tuple[DestinationRule, list[Problem]]:
    """A DestinationRule, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, DESTINATION_RULE)
    subsets = () if broken else spec.get("subsets", ())
    rule = DestinationRule(
        named(manifest),
        _text(spec, "host"),
        None if broken else _traffic_policy(spec.get("trafficPolicy")),
        tuple(
            Subset(one.get("name", ""), one.get("labels") or {}, _traffic_policy(one.get("trafficPolicy")))
            for one in subsets
        ),
        _texts(spec, "exportTo"),
        labels_of(spec.get("workloadSelector")),
        broken,
    )
    return rule, report.problems


def _traffic_policy(value: Any) -> TrafficPolicy | None:
    if not isinstance(value, Mapping):
        return None
    ports = {
        one["port"]["number"]: _tls(one.get("tls"))
        for one in value.get("portLevelSettings", ())
        if isinstance(one.get("port"), Mapping) and "number" in one["port"]
    }
    return TrafficPolicy(_tls(value.get("tls")), ports)


def _tls(value: Any) -> Tls | None:
    if not isinstance(value, Mapping):
        return None
    asks = value.get("sni")
    names = tuple(value.get("subjectAltNames", ()))
    return Tls(ClientTls(value.get("mode", "DISABLE")), names, asks if isinstance(asks, str) else "")


_LISTENER_PORT = Record(
    "port", {"number": _PORT, "protocol": Text(), "name": Text(), "targetPort": _PORT}, shorthand="number"
)
SIDECAR = kind_of_object(
    "a Sidecar",
    Record(
        "the spec",
        {
            "workloadSelector": WORKLOAD_SELECTOR,
            "ingress": ListOf(
                Record(
                    "an ingress listener",
                    {
                        "port": _LISTENER_PORT,
                        **any_of("bind", "captureMode", "defaultEndpoint", "tls", "connectionPool"),
                    },
                    required=("port",),
                )
            ),
            "egress": ListOf(
                Record(
                    "an egress listener",
                    {"port": _LISTENER_PORT, "hosts": _TEXTS, **any_of("bind", "captureMode")},
                    required=("hosts",),
                )
            ),
            "outboundTrafficPolicy": Record(
                "outboundTrafficPolicy",
                {
                    "mode": Text(choices=("REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS")),
                    "egressProxy": ANYTHING,
                },
            ),
            "inboundConnectionPool": ANYTHING,
        },
    ),
)


def read_sidecar(manifest: Manifest) -> tuple[Sidecar, list[Problem]]:
    """A Sidecar, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, SIDECAR)
    egress = None if broken or "egress" not in spec else tuple(_egress(spec["egress"]))
    ingress = None if broken or "ingress" not in spec else tuple(_ingress(spec["ingress"]))
    outside = spec.get("outboundTrafficPolicy") if not broken else None
    sidecar = Sidecar(
        named(manifest),
        labels_of(spec.get("workloadSelector"), "labels"),
        egress,
        ingress,
        # A policy that is given, and empty, is REGISTRY_ONLY: the zero of the enumeration.
        outside.get("mode", "REGISTRY_ONLY") != "REGISTRY_ONLY" if isinstance(outside, Mapping) else None,
        broken,
        _egress_proxy(outside),
    )
    return sidecar, report.problems


def _egress_proxy(outside: Any) -> str:
    """The host to which unknown traffic is sent; empty: none. Without a host it is none that istiod could send to."""
    proxy = outside.get("egressProxy") if isinstance(outside, Mapping) else None
    return str(proxy.get("host", "")) if isinstance(proxy, Mapping) else ""


def _egress(listeners: Any) -> Iterator[EgressListener]:
    for one in listeners:
        port = one.get("port")
        number = port.get("number") if isinstance(port, Mapping) else None
        yield EgressListener(tuple(one.get("hosts", ())), number or None)


def _ingress(listeners: Any) -> Iterator[IngressListener]:
    for one in listeners:
        port = one["port"] if isinstance(one.get("port"), Mapping) else {}
        tls = isinstance(one.get("tls"), Mapping)
        yield IngressListener(port.get("number", 0), str(port.get("protocol", "")), tls)


SERVICE_ENTRY = kind_of_object(
    "a ServiceEntry",
    Record(
        "the spec",
        {
            "hosts": _TEXTS,
            "addresses": _TEXTS,
            "ports": ListOf(
                Record("a port", {"number": _PORT, "protocol": Text(), "name": Text(), "targetPort": _PORT})
            ),
            "location": Text(choices=("MESH_EXTERNAL", "MESH_INTERNAL")),
            "resolution": Text(
                choices=("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"), code="invalid-resolution"
            ),
            "endpoints": ListOf(
                Record(
                    "an endpoint",
                    {
                        "address": Text(),
                        **any_of("ports", "labels", "network", "locality", "weight", "serviceAccount"),
                    },
                )
            ),
            "workloadSelector": WORKLOAD_SELECTOR,
            "exportTo": _TEXTS,
            "subjectAltNames": _TEXTS,
        },
        required=("hosts",),
    ),
)


def read_service_entry(manifest: Manifest) -> tuple[ServiceEntry, list[Problem]]:
    """A ServiceEntry, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, SERVICE_ENTRY)
    ports = () if broken else spec.get("ports", ())
    entry = ServiceEntry(
        named(manifest),
        _texts(spec, "hosts"),
        _texts(spec, "addresses"),
        tuple(
            EntryPort(
                one.get("number", 0),
                one.get("protocol", ""),
                one.get("name", ""),
                one.get("targetPort", 0) or one.get("number", 0),
            )
            for one in ports
        ),
        spec.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL",
        spec.get("resolution", "NONE") if isinstance(spec.get("resolution", "NONE"), str) else "NONE",
        () if broken else tuple(one.get("address", "") for one in spec.get("endpoints", ())),
        labels_of(spec.get("workloadSelector"), "labels"),
        _texts(spec, "exportTo"),
        _texts(spec, "subjectAltNames"),
        broken,
        not broken and any(bool(one.get("ports")) for one in spec.get("endpoints", ())),
        _labels(manifest),
    )
    return entry, report.problems


VIRTUAL_SERVICE = kind_of_object(
    "a VirtualService",
    Record(
        "the spec",
        {
            "hosts": _TEXTS,
            "gateways": _TEXTS,
            "exportTo": _TEXTS,
            **any_of("http", "tls", "tcp"),
        },
    ),
)
_HARMLESS = frozenset(
    {"name", "match", "route", "timeout", "retries", "mirror", "mirrors", "mirrorPercent", "mirrorPercentage"}
)
"""Fields of an HTTP route that leave it to where the request goes whether it passes."""


def _together(routed: list[Routed]) -> Routed:
    targets = dict.fromkeys(target for one in routed for target in one.targets)
    return Routed(tuple(targets), all(one.plain for one in routed))


def _routed(routes: Any, http: bool, plain: bool) -> Routed | None:
    if not isinstance(routes, list) or not routes:
        return None
    targets: list[tuple[str, str]] = []
    for route in routes:
        if not isinstance(route, Mapping):
            continue
        sends = route.get("route")
        plain = plain and _HARMLESS.issuperset(route) and isinstance(sends, list) and bool(sends)
        for one in sends if isinstance(sends, list) else ():
            destination = one.get("destination") if isinstance(one, Mapping) else None
            words = destination if isinstance(destination, Mapping) else {}
            targets.append((str(words.get("host", "")), str(words.get("subset", ""))))
    if http:
        # Requests that no route matches get 404: a list of routes that all have conditions is no plain one.
        plain = plain and any(isinstance(one, Mapping) and not one.get("match") for one in routes)
    return Routed(tuple(dict.fromkeys(targets)), plain)


_TYPES: Mapping[type[Any], str] = {list: "a list", Mapping: "a mapping", str: "a string"}


def _typed_routes(spec: Mapping[str, Any], report: Report) -> bool:
    """Whether what is read of the routes has the types that the API server takes; says so where not."""
    found = True

    def of(value: Any, wanted: type[Any], path: FieldPath) -> bool:
        nonlocal found
        if value is not None and not isinstance(value, wanted):
            wrong_type(value, _TYPES[wanted], path, report)
            found = False
        return isinstance(value, wanted)

    def each(holder: Mapping[str, Any], key: str, path: FieldPath) -> Iterator[tuple[Mapping[str, Any], FieldPath]]:
        if of(holder.get(key), list, (*path, key)):
            for number, one in enumerate(holder[key]):
                if of(one, Mapping, (*path, key, number)):
                    yield one, (*path, key, number)

    def destination(holder: Mapping[str, Any], key: str, path: FieldPath) -> None:
        if of(holder.get(key), Mapping, (*path, key)):
            of(holder[key].get("host"), str, (*path, key, "host"))

    for sort in ("http", "tls", "tcp"):
        for route, path in each(spec, sort, ("spec",)):
            for _ in each(route, "match", path):
                pass
            for one, at in each(route, "route", path):
                destination(one, "destination", at)
            destination(route, "mirror", path)
            of(route.get("delegate"), Mapping, (*path, "delegate"))
    return found


def read_virtual_service(manifest: Manifest) -> tuple[VirtualService, list[Problem]]:
    """A VirtualService, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, VIRTUAL_SERVICE)
    if not _typed_routes(spec, report):
        broken = BROKEN
    gateways = _texts(spec, "gateways")
    told = {sort: _routed(spec.get(sort), sort == "http", not broken) for sort in ("http", "tls", "tcp")}
    routed = [one for one in told.values() if one is not None]
    connections = [one for one in (told["tls"], told["tcp"]) if one is not None]
    whole = _together(routed)
    found = VirtualService(
        named(manifest),
        _texts(spec, "hosts"),
        not gateways or "mesh" in gateways,
        whole.targets,
        whole.plain and not broken,
        _texts(spec, "exportTo"),
        tuple(one for one in gateways if one != "mesh"),
        () if broken else entries_of(manifest, spec),
        broken,
        Routed((), False) if broken else told["http"],
        Routed((), False) if broken else _together(connections) if connections else None,
    )
    return found, report.problems


def _text(spec: Mapping[str, Any], key: str) -> str:
    value = spec.get(key)
    return value if isinstance(value, str) else ""


def _texts(spec: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = spec.get(key)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


__all__ = [
    "Labels",
    "read_destination_rule",
    "read_service_entry",
    "read_sidecar",
    "read_virtual_service",
]


def _labels(manifest: Manifest) -> dict[str, str]:
    metadata = manifest.data.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    found = labels if isinstance(labels, Mapping) else {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}
