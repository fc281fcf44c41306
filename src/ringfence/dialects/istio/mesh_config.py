"""MeshConfig: the settings of a mesh as a whole, with upstream's defaults for what is not given.

Source: istio/api ``mesh/v1alpha1/config.proto``, istio ``pkg/config/mesh/mesh.go`` (DefaultMeshConfig,
ApplyMeshConfig).
istiod keeps its last configuration, or its defaults, when it cannot read the text; fields that it does not know it
leaves out with a line in its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringfence.dialects.fields.report import Report, Server, Silence, path_text, quoted
from ringfence.dialects.fields.selectors import CUSTOM_SELECTOR, selector
from ringfence.dialects.fields.shapes import ANYTHING, ListOf, Record, Shape, Text
from ringfence.dialects.fields.words import dns_label
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.sets.labels import Selector

NOWHERE = Place("")
TRUST_DOMAIN = "cluster.local"
ROOT_NAMESPACE = "istio-system"
NORMALIZATIONS = ("DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES")
OUTBOUND = ("REGISTRY_ONLY", "ALLOW_ANY", "VIP_MATCHED", "ALLOW_ANY_DYNAMIC_DNS")
INTERCEPTIONS = ("REDIRECT", "TPROXY", "NONE")


@dataclass(frozen=True, slots=True)
class ExtensionProvider:
    """A service that the mesh may ask. ``sort``: the field that says what it is (``envoyExtAuthzHttp``)."""

    name: str
    sort: str
    service: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """``known``: the input gave it; else everything in it is upstream's default. ``any_outside``: connections to what
    the mesh does not know pass (outboundTrafficPolicy). ``discovers``: selectors of the namespaces that istiod looks
    at; empty: all. ``service_exports`` and ``rule_exports``: who sees Services and DestinationRules that say nothing
    themselves; empty: everybody. ``tunnels``: sidecars receive over HBONE too (proxyMetadata
    ISTIO_META_ENABLE_HBONE)."""

    known: bool = False
    place: Place = NOWHERE
    trust_domain: str = TRUST_DOMAIN
    aliases: tuple[str, ...] = ()
    root_namespace: str = ROOT_NAMESPACE
    auto_mtls: bool = True
    any_outside: bool = True
    discovers: tuple[Selector, ...] = ()
    path_normalization: str = "DEFAULT"
    providers: tuple[ExtensionProvider, ...] = ()
    service_exports: tuple[str, ...] = ()
    rule_exports: tuple[str, ...] = ()
    interception: str = "REDIRECT"
    tunnels: bool = False
    foreign_authorities: tuple[str, ...] = field(default=())
    """Trust domains of caCertificates, whose certificates servers take too."""
    trusted_proxies: int | None = 0
    """How many proxies before its gateways are trusted (gatewayTopology); None: it cannot be told."""


DEFAULT = MeshConfig()


class _Truth:
    """A boolean; protojson also takes none of the words that YAML has besides true and false."""

    zero = False

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The boolean."""
        if not isinstance(value, bool):
            report.reject(path, "wrong-type", f"must be true or false, not {quoted(value)}", "write true or false")
            return None
        return value

    def fits(self, value: Any, silence: Silence) -> bool:
        """A boolean."""
        return isinstance(value, bool)


class _Settings(Report):
    """What istiod says to its settings. No API server looks into them."""

    def reject(self, path: FieldPath, code: str, fault: str, hint: str = "") -> None:
        """istiod cannot read the field: it does not start with it, or keeps what it had."""
        self.faults.append(path)
        message = f"istiod does not take {path_text(path)} of its mesh config: it {fault}; its default is assumed"
        self._add(path, code, Severity.ERROR, message, hint)

    undefined = reject

    def drop(self, path: FieldPath, consequence: str, hint: str) -> None:
        """A field that istiod does not know: it leaves it out."""
        self.dropped.append(path)
        message = f"{path_text(path)} is no field of the mesh config that is known here: istiod leaves it out"
        self._add(path, "unknown-field", Severity.WARNING, message, hint)


TRUTH = _Truth()
_TEXTS = ListOf(Text())
_EXTERNAL_AUTHORIZATION: Mapping[str, Shape] = {
    name: Record(
        f"{name}",
        dict.fromkeys(
            (
                *("service", "port", "timeout", "failOpen", "statusOnError", "pathPrefix", "clearRouteCache"),
                *("includeHeadersInCheck", "includeRequestHeadersInCheck", "includeAdditionalHeadersInCheck"),
                *("includeRequestBodyInCheck", "headersToUpstreamOnAllow", "headersToDownstreamOnDeny"),
                *("headersToDownstreamOnAllow",),
            ),
            ANYTHING,
        ),
    )
    for name in ("envoyExtAuthzHttp", "envoyExtAuthzGrpc")
}
_PROVIDER = Record(
    "an extension provider",
    {
        "name": Text(),
        **_EXTERNAL_AUTHORIZATION,
        **dict.fromkeys(
            (
                *("zipkin", "lightstep", "datadog", "stackdriver", "opencensus", "skywalking", "opentelemetry"),
                *("prometheus", "envoyFileAccessLog", "envoyHttpAls", "envoyTcpAls", "envoyOtelAls", "sds"),
            ),
            ANYTHING,
        ),
    },
    required=("name",),
)
_FIELDS: Mapping[str, Shape] = {
    "trustDomain": Text(),
    "trustDomainAliases": _TEXTS,
    "rootNamespace": Text(dns_label, "invalid-name"),
    "enableAutoMtls": TRUTH,
    "outboundTrafficPolicy": Record("outboundTrafficPolicy", {"mode": Text(choices=OUTBOUND)}),
    "meshMTLS": Record(
        "meshMTLS",
        {"minProtocolVersion": Text(), "ecdhCurves": _TEXTS, "cipherSuites": _TEXTS},
    ),
    "discoverySelectors": ListOf(CUSTOM_SELECTOR),
    "pathNormalization": Record("pathNormalization", {"normalization": Text(choices=NORMALIZATIONS)}),
    "extensionProviders": ListOf(_PROVIDER),
    "defaultServiceExportTo": _TEXTS,
    "defaultDestinationRuleExportTo": _TEXTS,
    "defaultConfig": ANYTHING,
    "caCertificates": ANYTHING,
    **dict.fromkeys(
        (
            *("proxyListenPort", "proxyInboundListenPort", "proxyHttpPort", "connectTimeout", "tcpKeepalive"),
            *("ingressClass", "ingressService", "ingressControllerMode", "ingressSelector", "enableTracing"),
            *("accessLogFile", "accessLogFormat", "accessLogEncoding", "enableEnvoyAccessLogService"),
            *("disableEnvoyListenerLog", "inboundTrafficPolicy", "configSources", "defaultVirtualServiceExportTo"),
            *("localityLbSetting", "dnsRefreshRate", "h2UpgradePolicy", "inboundClusterStatName"),
            *(
                "outboundClusterStatName",
                "certificates",
                "serviceSettings",
                "defaultProviders",
                "defaultHttpRetryPolicy",
            ),
            *("verifyCertificateAtClient", "enablePrometheusMerge", "protocolDetectionTimeout", "mixerCheckServer"),
            *("hboneIdleTimeout", "tlsDefaults", "defaultTrafficDistribution", "statefulsets"),
        ),
        ANYTHING,
    ),
}
READ_WHOLE = (
    frozenset(_FIELDS) - {name for name, shape in _FIELDS.items() if shape is ANYTHING} - {"extensionProviders"}
)
"""Fields of which everything is read (or said something about)."""
SHAPE = Record("MeshConfig", _FIELDS, instead={"trustDomainAlias": "trustDomainAliases", "autoMtls": "enableAutoMtls"})


def read_mesh_config(manifest: Manifest) -> tuple[MeshConfig, list[Problem]]:
    """A mesh config, and what is wrong with it. ``manifest.data`` is the mapping itself. A field of a wrong type has
    its default, and says so: istiod would not start with it, or keep what it had. Never raises."""
    report = _Settings(manifest, Server.CUSTOM)
    # The names of the protobuf fields are taken as well as those in JSON.
    kept = SHAPE.accept({_camel(key): value for key, value in manifest.data.items()}, (), report)
    bad = {path[0] for path in report.faults if path}
    said = {key: value for key, value in kept.items() if key not in bad}
    defaults = said.get("defaultConfig")
    proxy: Mapping[str, Any] = defaults if isinstance(defaults, Mapping) else {}
    metadata = proxy.get("proxyMetadata")
    interception = proxy.get("interceptionMode")
    trust_domain = said.get("trustDomain") or TRUST_DOMAIN
    config = MeshConfig(
        known=True,
        place=manifest.place,
        trust_domain=trust_domain,
        aliases=tuple(one for one in said.get("trustDomainAliases", ()) if one != trust_domain),
        root_namespace=said.get("rootNamespace") or ROOT_NAMESPACE,
        auto_mtls=said.get("enableAutoMtls", True) is not False,
        any_outside=said.get("outboundTrafficPolicy", {}).get("mode", "ALLOW_ANY") != "REGISTRY_ONLY",
        discovers=tuple(selector(one) for one in said.get("discoverySelectors", ())),
        path_normalization=said.get("pathNormalization", {}).get("normalization", "DEFAULT"),
        providers=tuple(_provider(one) for one in said.get("extensionProviders", ())),
        service_exports=tuple(said.get("defaultServiceExportTo", ())),
        rule_exports=tuple(said.get("defaultDestinationRuleExportTo", ())),
        interception=interception if interception in INTERCEPTIONS else "REDIRECT",
        tunnels=isinstance(metadata, Mapping) and metadata.get("ISTIO_META_ENABLE_HBONE") in ("true", True),
        foreign_authorities=tuple(_authorities(said.get("caCertificates"))),
        trusted_proxies=_trusted(proxy.get("gatewayTopology")),
    )
    return config, report.problems


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return "".join((first, *(word.capitalize() for word in rest)))


def _provider(kept: Mapping[str, Any]) -> ExtensionProvider:
    sort = next((key for key in kept if key != "name"), "")
    fields = kept.get(sort)
    inner: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
    service, port = inner.get("service"), inner.get("port")
    number = int(port) if isinstance(port, int | str) and str(port).isdigit() else 0
    return ExtensionProvider(kept["name"], sort, service if isinstance(service, str) else "", number)


def _trusted(topology: Any) -> int | None:
    """``numTrustedProxies``, if nothing else tells where a connection comes from."""
    if topology is None:
        return 0
    if not isinstance(topology, Mapping) or set(topology) - {"numTrustedProxies", "forwardClientCertDetails"}:
        return None
    said = topology.get("numTrustedProxies", 0)
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None


def _authorities(value: Any) -> list[str]:
    found: list[str] = []
    for one in value if isinstance(value, list) else ():
        domains = one.get("trustDomains") if isinstance(one, Mapping) else None
        found += [domain for domain in domains if isinstance(domain, str)] if isinstance(domains, list) else []
    return found
