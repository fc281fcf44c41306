"""A mesh without a name, for tests of the layers: what it says of a pod stands on the pod's labels."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from ringfence.model.cluster import Pod, Service, WorkloadRef
from ringfence.model.mesh import (
    EVERY_PORT,
    Acceptance,
    Client,
    Identity,
    Membership,
    Option,
    Outgoing,
    Point,
    Proxy,
    RequestRules,
    Sending,
    Server,
    Source,
    Speech,
    Waypoint,
    known,
)
from ringfence.model.provenance import Place

PLACE = Place("mesh.yaml", 1, 1)


def pod(name: str, proxy: str = "none", acceptance: str = "permissive", speech: str = "http", **labels: str) -> Pod:
    """A pod of namespace ``shop``; ``proxy``, ``acceptance`` and ``speech`` say what it is in the fake mesh."""
    own = {"app": name, "proxy": proxy, "acceptance": acceptance, "speech": speech, **labels}
    return Pod("shop", name, own, WorkloadRef("Pod", "shop", name))


@dataclass
class FakeMesh:
    """``open_proxy``: pods of which it is not known whether they have the proxy that their label says."""

    name: str = "fake"
    tunnel_port: int = 15008
    pods: list[Pod] = field(default_factory=list)
    sending: Client | None = None
    rules_of: RequestRules = field(default_factory=RequestRules)
    open_proxy: frozenset[str] = frozenset()
    excluded: tuple[tuple[int, int], ...] = ()
    way: Waypoint | None = None
    special_ports: tuple[int, ...] = ()
    address_blocks: tuple[tuple[tuple[int, int], ...], ...] = ()

    service_speech: Speech | None = None

    assumptions: tuple[str, ...] = ()

    def pod(self, index: int) -> Pod:
        return self.pods[index]

    def membership(self, pod: Pod) -> tuple[Option[Membership], ...]:
        proxy = Proxy(pod.labels["proxy"])
        member = Membership(
            "fake", proxy, self._inbound(), Outgoing(excluded_ports=self.excluded), tunnel=proxy is Proxy.NODE
        )
        if pod.name in self.open_proxy:
            return (
                Option(member, f"{pod.name} has its proxy", "the pod itself"),
                Option(Membership("fake", Proxy.NONE), f"{pod.name} has no proxy", "the pod itself"),
            )
        return known(member)

    def _inbound(self) -> tuple[tuple[int, int], ...]:
        if not self.excluded:
            return EVERY_PORT
        (first, last), *_ = self.excluded
        return ((1, first - 1), (last + 1, 65535))

    def together(self, facts: Iterable[str], client: Membership | None) -> bool:
        return True

    def kind(self, pod: Pod) -> Hashable:
        return pod.name, pod.namespace

    def client_kind(self, pod: Pod) -> Hashable:
        return pod.labels["proxy"], pod.name in self.open_proxy, self._is_way(pod)

    def _is_way(self, pod: Pod) -> bool:
        """Nothing goes over a waypoint to a waypoint, and none goes over itself."""
        return self.way is not None and any(
            self.pods[index] is pod for index in self.way.pods if index < len(self.pods)
        )

    def identity(self, pod: Pod) -> Identity | None:
        return Identity(f"spiffe://fake/{pod.name}", pod.namespace, pod.name)

    def trusts(self, identity: str, node_proxy: bool) -> bool:
        return identity.startswith("spiffe://fake/")

    def server(self, pod: Pod, port: int) -> tuple[Option[Server], ...]:
        return known(Server(Acceptance(pod.labels["acceptance"]), Speech(pod.labels["speech"])))

    def spoken(self, service: Service, number: int) -> Speech | None:
        return self.service_speech

    def client(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        asked: tuple[str, int] | None = None,
        dialled: int | None = None,
    ) -> tuple[Option[Client], ...]:
        if self.sending is not None:
            return known(self.sending)
        if destination is None:
            return known(Client(Sending.PLAIN))
        other = Proxy(destination.labels["proxy"])
        sending = {Proxy.NONE: Sending.PLAIN, Proxy.SIDECAR: Sending.MESH_TLS, Proxy.NODE: Sending.TUNNEL}[other]
        return known(Client(sending))

    def waypoint(
        self, source: Pod | None, destination: Pod, service: Service | None
    ) -> tuple[Option[Waypoint | None], ...]:
        return known(None if self._is_way(destination) else self.way)

    def ports(self, source: Pod | None, destination: Pod | None) -> tuple[int, ...]:
        tunnels = destination is not None and destination.labels["proxy"] == "node"
        return tuple(sorted({*self.special_ports, self.tunnel_port})) if tunnels else self.special_ports

    def named_ports(self, source: Pod | None, destination: Pod | None) -> tuple[int, ...]:
        return self.special_ports

    def normalized(self, path: str) -> str:
        return path

    def spellings(self, path: str) -> tuple[str, ...]:
        return (path,)

    def rules(self, point: Point, port: int) -> RequestRules:
        return self.rules_of


def object_of(kind: str, name: str) -> Source:
    return Source(kind, "shop", name, PLACE)
