"""Who has which proxy, and which connections the proxy takes."""

from __future__ import annotations

import ipaddress

from tests.oracle_mesh.objects import Json, World, annotations, is_machine, labels, space

GATEWAY = "gateway.networking.k8s.io/gateway-name"
NEVER = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")


def proxy(world: World, pod: Json) -> str:
    """``none``, ``sidecar``, ``node`` (ztunnel), or ``waypoint``."""
    if is_machine(pod):
        said = labels(pod).get("security.istio.io/tlsMode")
        with_one = said == "istio" if said is not None else bool(pod["spec"]["serviceAccountName"])
        return "sidecar" if with_one else "none"
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
    by_space, wanted = namespace.get("istio-injection"), "default"
    if by_space is not None:
        asked = by_space == "enabled"
    elif "istio.io/rev" in namespace:
        asked, wanted = True, namespace["istio.io/rev"]
    elif "istio.io/rev" in own:
        asked, wanted = True, own["istio.io/rev"]
    else:
        asked = own.get("sidecar.istio.io/inject") == "true"
    asked = asked and served(world, wanted)
    # The injector looks at the annotation where there is no label.
    wish = own.get("sidecar.istio.io/inject", annotations(pod).get("sidecar.istio.io/inject"))
    return asked and wish not in ("false", "no", "off", "n")


def served(world: World, revision: str) -> bool:
    """Whether an injector serves a revision, or a tag; where the input has none at all, that is taken for granted."""
    told = [labels(one) for one in world.of("MutatingWebhookConfiguration")]
    return not told or any(revision == one.get("istio.io/tag", one.get("istio.io/rev")) for one in told)


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(",") if one.strip().isdigit()}


def takes_inbound(kind: str, pod: Json, port: int) -> bool:
    """Whether a pod's proxy takes what arrives at a port, in the clear or with mesh TLS; tunnels it always does."""
    wish = annotations(pod)
    if kind == "node":
        return wish.get("ambient.istio.io/bypass-inbound-capture") != "true"
    if kind != "sidecar":
        return False
    included = wish.get("traffic.sidecar.istio.io/includeInboundPorts", "*")
    if port == 15008:
        # It is left to tunnels, whether the sidecar takes any or not.
        return False
    if included != "*":
        return port in _numbers(included) - {15008}
    excluded = _numbers(wish.get("traffic.sidecar.istio.io/excludeInboundPorts", ""))
    return port not in excluded | {15008, 15020, 15021, 15090}


def takes_outbound(pod: Json, port: int, address: str | None) -> bool | None:
    """Whether a sidecar takes what its pod sends to an address and port, as the pod dials them; None: it hangs on an
    address that nobody knows."""
    wish = annotations(pod)
    if port in _numbers(wish.get("traffic.sidecar.istio.io/excludeOutboundPorts", "")):
        return False
    excluded = _within(address, wish.get("traffic.sidecar.istio.io/excludeOutboundIPRanges", ""))
    if excluded:
        return False
    included = wish.get("traffic.sidecar.istio.io/includeOutboundIPRanges", "*")
    taken = included == "*" or _within(address, included)
    if port in _numbers(wish.get("traffic.sidecar.istio.io/includeOutboundPorts", "")):
        taken = True
    return None if excluded is None and taken is not False else taken


def _within(address: str | None, ranges: str) -> bool | None:
    networks = [ipaddress.ip_network(one.strip()) for one in ranges.split(",") if one.strip()]
    if address is None and networks:
        return None
    return address is not None and any(ipaddress.ip_address(address) in one for one in networks)
