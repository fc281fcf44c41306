"""Services, and the backends of those without a selector, from EndpointSlices or Endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringfence.model.cluster import Backend, External, Service, ServicePort
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import address, canonical, cidr, family
from ringfence.sources.field_checks import ADDRESS_HINT, PORT_HINT, Fields, Findings, word_hint
from ringfence.sources.marks import mesh_words
from ringfence.values import Draft, Value, field, replace

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
SKIP_MIRROR_LABEL = "endpointslice.kubernetes.io/skip-mirror"
TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
PROTOCOLS = ("TCP", "UDP", "SCTP")

Name = tuple[str, str]
"""Namespace and name."""


class Endpoints(Draft):
    """Backends by Service: address → its ports. ``idle``: how many endpoints do not serve."""

    backends: dict[Name, dict[int, dict[str, tuple[str, int]]]] = field(default_factory=dict)
    idle: dict[Name, int] = field(default_factory=dict)

    def add(self, service: Name, number: int, ports: Mapping[str, tuple[str, int]]) -> None:
        """One endpoint that serves."""
        self.backends.setdefault(service, {}).setdefault(number, {}).update(ports)

    def of(self, service: Name) -> tuple[Backend, ...]:
        """The backends of one Service, by address."""
        found = self.backends.get(service, {})
        return tuple(Backend(number, found[number]) for number in sorted(found))


class ServiceFacts(Value):
    """A Service without its ``backends``, its clusterIPs alone, and the families that ``ipFamilies`` names."""

    service: Service
    cluster_addresses: tuple[int, ...]
    families: frozenset[int]


def read_service(manifest: Manifest, namespace: str, problems: list[Problem]) -> ServiceFacts | None:
    """What a Service says; None when it could not be understood (reported, and the input is partial)."""
    findings = Findings(manifest, problems)
    top = Fields(findings)
    metadata, spec, status = top.child("metadata"), top.child("spec", vital=True), top.child("status")
    kind = spec.text("type", vital=True) or "ClusterIP"
    if kind not in TYPES:
        spec.invalid("type", f"must be one of {', '.join(TYPES)}", word_hint(kind, TYPES), vital=True)
    selector, unclear = spec.labels("selector")
    if unclear:
        path = ("spec", "selector")
        findings.report(path, "invalid-selector", "its backends cannot be known", "mend its selector", vital=True)
    texts = [text for text in spec.texts("clusterIPs") or [spec.text("clusterIP")] if text]
    headless = "None" in texts
    inside = _addresses((spec, "clusterIP", text) for text in texts if text != "None")
    ingresses = status.child("loadBalancer").children("ingress")
    outside = _addresses(
        [
            *((spec, "externalIPs", text) for text in spec.texts("externalIPs")),
            *((ingress, "ip", ingress.text("ip")) for ingress in ingresses if "ip" in ingress),
        ]
    )
    families = frozenset({"IPv4": 4, "IPv6": 6}[text] for text in spec.texts("ipFamilies") if text in ("IPv4", "IPv6"))
    ports = tuple(port for entry in spec.children("ports", vital=True) for port in _port(entry))
    service = Service(
        namespace,
        manifest.name,
        kind,
        ports,
        selector or None,
        (),
        tuple(dict.fromkeys(inside + outside)),
        headless,
        spec.text("externalName"),
        manifest.place,
        tuple(sorted(families or {family(address) for address in inside})),
        _external(spec, kind, tuple(outside)),
        metadata.text("creationTimestamp"),
        mesh_words(metadata),
    )
    return None if findings.lost else ServiceFacts(service, tuple(inside), families)


def _external(spec: Fields, kind: str, addresses: tuple[int, ...]) -> External | None:
    if kind not in ("NodePort", "LoadBalancer") and not addresses:
        return None
    intervals = []
    for text in spec.texts("loadBalancerSourceRanges", vital=True):
        try:
            intervals.append(cidr(text.strip()))
        except ValueError:
            spec.invalid("loadBalancerSourceRanges", "is not an address range", "such as 203.0.113.0/24", vital=True)
    return External(
        addresses,
        spec.text("externalTrafficPolicy") == "Local",
        canonical(intervals) if intervals else None,
        kind == "LoadBalancer",
    )


def _addresses(texts: Iterable[tuple[Fields, str, str]]) -> list[int]:
    found = []
    for fields, key, text in texts:
        try:
            found.append(address(text))
        except ValueError:
            fields.invalid(key, "is not an IP address", ADDRESS_HINT)
    return found


def _port(entry: Fields) -> Iterable[ServicePort]:
    """The port with its defaults: TCP, and a target that is the port itself."""
    protocol = entry.text("protocol", vital=True) or "TCP"
    number = entry.number("port", vital=True)
    if protocol not in PROTOCOLS:
        entry.invalid("protocol", "must be TCP, UDP or SCTP", word_hint(protocol, PROTOCOLS), vital=True)
    if "port" not in entry:
        entry.invalid("port", "is required", "the port on which the Service is reached", vital=True)
    elif number is not None and not 1 <= number <= 65535:
        entry.invalid("port", "must be from 1 to 65535", PORT_HINT, vital=True)
    target: int | str | None = number
    word = entry.data.get("targetPort")
    if isinstance(word, str):
        target = word or number
        if word.isdigit():
            entry.invalid("targetPort", "is a name made of digits alone", "write the number without quotes", vital=True)
    elif word is not None and word != 0:
        target = entry.number("targetPort", vital=True)
        if target is not None and not 1 <= target <= 65535:
            entry.invalid("targetPort", "must be from 1 to 65535", PORT_HINT, vital=True)
    if number is not None and target is not None:
        yield ServicePort(
            entry.text("name", vital=True),
            protocol,
            number,
            target,
            entry.number("nodePort") or None,
            entry.text("appProtocol"),
        )


def read_slice(manifest: Manifest, namespace: str, endpoints: Endpoints, problems: list[Problem]) -> None:
    """Adds one EndpointSlice (discovery.k8s.io/v1): those endpoints that serve, with every port that has a number.

    An endpoint serves unless ``conditions.serving`` (or, without that, ``ready``) says false.
    """
    findings = Findings(manifest, problems)
    top = Fields(findings)
    labels, _ = top.child("metadata").labels("labels")
    name = labels.get(SERVICE_NAME_LABEL)
    if name is None or top.text("addressType") == "FQDN":
        return
    ports = _endpoint_ports(top)
    for endpoint in top.children("endpoints", vital=True):
        conditions = endpoint.child("conditions")
        serves = (
            conditions.flag("serving")
            if "serving" in conditions
            else (conditions.flag("ready") if "ready" in conditions else True)
        )
        _add(endpoint, endpoint.texts("addresses"), serves, ports, endpoints, (namespace, name))


def read_endpoints(manifest: Manifest, namespace: str, endpoints: Endpoints, problems: list[Problem]) -> None:
    """Adds one Endpoints object (v1). Not for an object that asks not to be mirrored: kube-proxy never sees it."""
    findings = Findings(manifest, problems)
    top = Fields(findings)
    labels, _ = top.child("metadata").labels("labels")
    if labels.get(SKIP_MIRROR_LABEL) == "true":
        return
    for subset in top.children("subsets", vital=True):
        ports = _endpoint_ports(subset)
        for key, serves in (("addresses", True), ("notReadyAddresses", False)):
            for entry in subset.children(key, vital=True):
                _add(entry, [entry.text("ip")], serves, ports, endpoints, (namespace, manifest.name))


def _endpoint_ports(fields: Fields) -> dict[str, tuple[str, int]]:
    ports = {}
    for entry in fields.children("ports", vital=True):
        number = entry.number("port", vital=True)
        protocol = entry.text("protocol", vital=True) or "TCP"
        if number is None:
            continue
        if protocol not in PROTOCOLS or not 1 <= number <= 65535:
            hint = PORT_HINT if protocol in PROTOCOLS else word_hint(protocol, PROTOCOLS)
            entry.invalid("port", "is not a port of TCP, UDP or SCTP from 1 to 65535", hint, vital=True)
            continue
        ports[entry.text("name")] = (protocol, number)
    return ports


def _add(
    entry: Fields,
    texts: list[str],
    serves: bool,
    ports: Mapping[str, tuple[str, int]],
    endpoints: Endpoints,
    service: Name,
) -> None:
    if not serves:
        endpoints.idle[service] = endpoints.idle.get(service, 0) + 1
        return
    for text in texts:
        try:
            endpoints.add(service, address(text), ports)
        except ValueError:
            key = "addresses" if "addresses" in entry else "ip"
            entry.invalid(key, "is not an IP address", ADDRESS_HINT, vital=True)


def with_backends(
    services: Iterable[Service], slices: Endpoints, endpoints: Endpoints, problems: list[Problem]
) -> list[Service]:
    """Fills in the backends of Services without a selector. EndpointSlices count, as for kube-proxy; Endpoints, which
    the control plane mirrors into them, only where the input has no slice of the Service."""
    found = []
    for service in services:
        if service.selector is not None or service.kind == "ExternalName":
            found.append(service)
            continue
        name = (service.namespace, service.name)
        source = slices if name in slices.backends or name in slices.idle else endpoints
        if source.idle.get(name) and service.place is not None:
            problems.append(
                Problem(
                    service.place,
                    "endpoints-not-serving",
                    Severity.NOTICE,
                    f"Service {service.namespace}/{service.name}: {source.idle[name]} of its endpoints do not serve and"
                    " are not counted as backends",
                )
            )
        found.append(replace(service, backends=source.of(name)))
    return found
