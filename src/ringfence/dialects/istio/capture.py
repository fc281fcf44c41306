"""Which connections of a member its proxy takes.

Source: istio ``tools/istio-iptables/pkg/capture/run.go``, the injection templates (which always leave out the ports of
the proxy itself), ``cni/pkg/iptables`` for ambient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringfence.model.mesh import Numbers, Outgoing
from ringfence.sets.addresses import Intervals, canonical, cidr

TRAFFIC = "traffic.sidecar.istio.io/"
INCLUDE_INBOUND, EXCLUDE_INBOUND = f"{TRAFFIC}includeInboundPorts", f"{TRAFFIC}excludeInboundPorts"
INCLUDE_ADDRESSES, EXCLUDE_ADDRESSES = f"{TRAFFIC}includeOutboundIPRanges", f"{TRAFFIC}excludeOutboundIPRanges"
INCLUDE_OUTBOUND, EXCLUDE_OUTBOUND = f"{TRAFFIC}includeOutboundPorts", f"{TRAFFIC}excludeOutboundPorts"
INTERCEPTION = "sidecar.istio.io/interceptionMode"
STATUS_PORT = "status.sidecar.istio.io/port"
PROXY_CONFIG = "proxy.istio.io/config"
TRUSTED_PROXIES, PROXY_PROTOCOL = "numTrustedProxies", "proxyProtocol"
BYPASS = "ambient.istio.io/bypass-inbound-capture"
DEFAULTS = {
    "includeInboundPorts": INCLUDE_INBOUND,
    "excludeInboundPorts": EXCLUDE_INBOUND,
    "includeIPRanges": INCLUDE_ADDRESSES,
    "excludeIPRanges": EXCLUDE_ADDRESSES,
    "includeOutboundPorts": INCLUDE_OUTBOUND,
    "excludeOutboundPorts": EXCLUDE_OUTBOUND,
}
"""Values of the injector (``global.proxy``) → the annotations that they stand for."""
HBONE_PORT = 15008
OWN_PORTS = (15020, 15021, 15090)
"""Of the proxy itself: status, health, statistics."""
NOTHING = Outgoing(addresses=())
"""No connection that the workload opens is taken."""


def without(ports: Iterable[int]) -> Numbers:
    """Every port but these."""
    found, first = [], 1
    for port in sorted({port for port in ports if 1 <= port <= 65535}):
        if first < port:
            found.append((first, port - 1))
        first = port + 1
    if first <= 65535:
        found.append((first, 65535))
    return tuple(found)


def numbers(text: str) -> list[int]:
    """The ports of a list such as ``80,443``. What is no port counts for nothing: the injector rejects the pod."""
    words = (word.strip() for word in text.split(","))
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 6 and int(word) <= 65535]


def intervals(ports: Iterable[int]) -> Numbers:
    """Single ports as intervals."""
    found: list[tuple[int, int]] = []
    for port in sorted(set(ports)):
        if found and found[-1][1] == port - 1:
            found[-1] = (found[-1][0], port)
        else:
            found.append((port, port))
    return tuple(found)


def addresses(text: str) -> Intervals:
    """The addresses of a list of CIDRs."""
    found = []
    for word in text.split(","):
        try:
            found.append(cidr(word.strip()))
        except ValueError:
            continue
    return canonical(found)


def intercepts(annotations: Mapping[str, str], default: str) -> bool:
    """Whether connections are redirected to a sidecar at all."""
    mode = annotations.get(INTERCEPTION, "")
    for line in annotations.get(PROXY_CONFIG, "").splitlines():
        key, _, value = line.partition(":")
        if key.strip("\" '") == "interceptionMode" and not mode:
            mode = value.strip("\" '")
    return (mode or default) != "NONE"


def inbound_of_sidecar(annotations: Mapping[str, str], defaults: Mapping[str, str]) -> Numbers:
    """The ports whose connections a sidecar takes. A list of ports to take is all of them: one of ports to leave out
    then counts for nothing."""
    include = annotations.get(INCLUDE_INBOUND, defaults.get(INCLUDE_INBOUND, "*")).strip()
    if include != "*":
        return intervals(port for port in numbers(include) if port not in (0, HBONE_PORT))
    excluded = numbers(annotations.get(EXCLUDE_INBOUND, defaults.get(EXCLUDE_INBOUND, "")))
    status = numbers(annotations.get(STATUS_PORT, ""))
    return without((*excluded, *status, *OWN_PORTS, HBONE_PORT))


def outbound_of_sidecar(annotations: Mapping[str, str], defaults: Mapping[str, str]) -> Outgoing:
    """The connections that a sidecar takes of those that its workload opens."""

    def word(key: str, default: str = "") -> str:
        return annotations.get(key, defaults.get(key, default)).strip()

    include = word(INCLUDE_ADDRESSES, "*")
    return Outgoing(
        None if include == "*" else addresses(include),
        intervals(numbers(word(INCLUDE_OUTBOUND))),
        intervals(numbers(word(EXCLUDE_OUTBOUND))),
        addresses(word(EXCLUDE_ADDRESSES)),
    )


def inbound_of_node(annotations: Mapping[str, str]) -> Numbers:
    """The ports that ztunnel takes beside its own."""
    return () if annotations.get(BYPASS) == "true" else without((HBONE_PORT,))
