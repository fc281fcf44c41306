"""Who has which proxy, and which connections the proxy takes."""

from __future__ import annotations

import ipaddress

from tests.oracle_mesh.objects import Json, World, annotations, labels, space

GATEWAY = "gateway.networking.k8s.io/gateway-name"
NEVER = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")


def proxy(world: World, pod: Json) -> str:
    """``none``, ``sidecar``, ``node`` (ztunnel), or ``waypoint``."""
    if GATEWAY in labels(pod):
        return "waypoint"
    if runs(pod):
        if "sidecar.istio.io/status" in annotations(pod):
            return "sidecar"
        return "node" if annotations(pod).get("ambient.istio.io/redirection") == "enabled" else "none"
    if pod["spec"].get("hostNetwork"):
        return "none"
    if injected(world, pod):
        return "sidecar"
    wish, of_namespace = (one.get("istio.io/dataplane-mode") for one in (labels(pod), world.space_labels(space(pod))))
    return "node" if wish == "ambient" or (of_namespace == "ambient" and wish != "none") else "none"


def runs(pod: Json) -> bool:
    """A pod that exists is what it shows; one that is only written is what it will be."""
    return bool((pod.get("status") or {}).get("podIP"))


def injected(world: World, pod: Json) -> bool:
    """Whether the webhook is asked about the pod, and the injector answers yes."""
    namespace, own = world.space_labels(space(pod)), labels(pod)
    if space(pod) in NEVER or own.get("sidecar.istio.io/inject") == "false":
        return False
    by_space = namespace.get("istio-injection")
    if by_space is not None:
        asked = by_space == "enabled"
    elif "istio.io/rev" in namespace:
        asked = namespace["istio.io/rev"] == "default"
    elif "istio.io/rev" in own:
        asked = own["istio.io/rev"] == "default"
    else:
        asked = own.get("sidecar.istio.io/inject") == "true"
    # The injector looks at the annotation where there is no label.
    wish = own.get("sidecar.istio.io/inject", annotations(pod).get("sidecar.istio.io/inject"))
    return asked and wish not in ("false", "no", "off", "n")


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(",") if one.strip().isdigit()}


def takes_inbound(pod: Json, port: int) -> bool:
    """Whether a sidecar takes what arrives at a port."""
    wish = annotations(pod)
    included = wish.get("traffic.sidecar.istio.io/includeInboundPorts", "*")
    if included != "*":
        return port in _numbers(included)
    return port not in _numbers(wish.get("traffic.sidecar.istio.io/excludeInboundPorts", "")) | {15020, 15021, 15090}


def takes_outbound(pod: Json, port: int, address: str | None) -> bool:
    """Whether a sidecar takes what its pod sends to an address and port, as the pod dials them."""
    wish = annotations(pod)
    if port in _numbers(wish.get("traffic.sidecar.istio.io/excludeOutboundPorts", "")):
        return False
    if _within(address, wish.get("traffic.sidecar.istio.io/excludeOutboundIPRanges", "")):
        return False
    if port in _numbers(wish.get("traffic.sidecar.istio.io/includeOutboundPorts", "")):
        return True
    included = wish.get("traffic.sidecar.istio.io/includeOutboundIPRanges", "*")
    return included == "*" or _within(address, included)


def _within(address: str | None, ranges: str) -> bool:
    networks = [ipaddress.ip_network(one.strip()) for one in ranges.split(",") if one.strip()]
    return address is not None and any(ipaddress.ip_address(address) in one for one in networks)
