"""What the proxies of members, and gateways, take at their ports.

Source: istio ``pilot/pkg/networking/core/listener_inbound.go`` (which chains a port has), ``gateway.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.dialects.istio import speech
from ringfence.dialects.istio.enrolment import is_gateway
from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME
from ringfence.dialects.istio.objects import IngressGateway, ServiceEntry
from ringfence.dialects.istio.peer_authentication import PeerAuthentications, selects
from ringfence.dialects.istio.sidecar_scope import Sidecars
from ringfence.model.cluster import Pod
from ringfence.model.mesh import OF_MESH, Acceptance, Membership, Option, Proxy, Server, Source, Speech, known


class Servers:
    """The servers of one mesh."""

    def __init__(
        self,
        gateways: Sequence[IngressGateway],
        entries: Sequence[ServiceEntry],
        services: speech.Services,
        sidecars: Sidecars,
        peer_authentications: PeerAuthentications,
    ) -> None:
        self._gateways = gateways
        self._entries = entries
        self._services = services
        self._sidecars = sidecars
        self._peer_authentications = peer_authentications

    def at(self, pod: Pod, port: int, options: Iterable[Option[Membership]]) -> Iterable[Option[Server]]:
        """What the proxy of a pod takes at a port. ``options``: how the pod is in the mesh."""
        if is_gateway(pod):
            return self._gateway(pod, port)
        spoken = speech.inbound(self._services, self._entries, self._sidecars.of(pod), pod, port)
        proxies = {option.value.proxy for option in options}
        found: dict[tuple[Acceptance, Speech], Option[Server]] = {}
        for proxy in sorted(proxies - {Proxy.NONE}, key=lambda one: one.value) or [Proxy.SIDECAR]:
            for taken in self._peer_authentications.at(pod, port, proxy is Proxy.NODE):
                for said in spoken:
                    word, sources, why = said.value
                    facts = ", and ".join(filter(None, (taken.fact, said.fact)))
                    server = Server(
                        taken.value.acceptance, word, (*taken.value.sources, *sources), f"{taken.value.why}; {why}"
                    )
                    found.setdefault(
                        (server.acceptance, server.speech), Option(server, facts, taken.decide or said.decide)
                    )
        return found.values()

    def _gateway(self, pod: Pod, port: int) -> Iterable[Option[Server]]:
        """A gateway is a server itself: what a client opens to it is no TLS of the mesh, unless it asks for that."""
        speaks: set[Speech] = set()
        of_mesh: set[bool] = set()
        sources: list[Source] = []
        for one in self._gateways:
            if not _serves(one, pod):
                continue
            for number, protocol, mode in one.listeners:
                if number == port or self._leads_to(pod, number, port):
                    sources.append(one.named.source)
                    of_mesh.add(mode.upper() == "ISTIO_MUTUAL" and speech.parse(protocol) is not Speech.HTTP)
                    ends = protocol.upper() == "HTTPS" and mode.upper() not in ("PASSTHROUGH", "AUTO_PASSTHROUGH")
                    speaks.add(Speech.HTTP if ends else speech.parse(protocol) or Speech.DETECTED)
        said = speaks.pop() if len(speaks) == 1 else Speech.DETECTED
        plain = Server(Acceptance.PLAIN, said, tuple(sources), "it is a gateway, which ends connections itself")
        strict = Server(Acceptance.STRICT, said, tuple(sources), "a server of the gateway takes TLS of the mesh only")
        if of_mesh == {True}:
            return known(strict)
        if True not in of_mesh:
            return known(plain)
        decide = "the host that is asked for"
        return (Option(strict, OF_MESH, decide), Option(plain, f"not: {OF_MESH}", decide))

    def _leads_to(self, pod: Pod, number: int, port: int) -> bool:
        return any(one.port == number for _, one in self._services.leading_to(pod, port))


def _serves(gateway: IngressGateway, pod: Pod) -> bool:
    if gateway.gateway:
        named = gateway.named
        return pod.namespace == named.namespace and pod.labels.get(GATEWAY_NAME) == gateway.gateway
    return bool(gateway.selector) and selects(gateway.selector, pod) is not False


__all__ = ["Servers"]
