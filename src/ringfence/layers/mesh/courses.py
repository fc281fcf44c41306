"""The course of a flow: its hops, each with the port and the source that the network sees, what it proves, and where
requests are judged.

Without a mesh there is one hop, from the client to the server. A proxy on the way makes two of it. What is open about
the mesh makes several courses, each with the facts under which it is the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TypeVar

from ringfence.layers.mesh.transport import Transport, foreign, meet, no_tunnel
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import (
    Acceptance,
    Client,
    Encryption,
    Identity,
    Membership,
    Mesh,
    Option,
    Point,
    PointSort,
    Proxy,
    RequestRules,
    Sending,
    SentOn,
    Source,
    Speech,
    Waypoint,
    known,
    within,
)
from ringfence.values import Value, replace


class At(Enum):
    """Who stands at an end of a hop."""

    CLIENT = "client"
    WAYPOINT = "waypoint"
    SERVER = "server"

    __hash__ = object.__hash__


class Hop(Value):
    """One connection. ``port`` is the one on the wire. ``identity``: of the one who opens it, where the other end gets
    to know it (``anonymous``: it is a mesh's, and the input does not tell whose). ``point``: where what it carries is
    judged, at ``judged_port``. ``direct``: a proxy opens it to the pod's own address, past every Service.
    ``asks``: the name of a server that its TLS asks for, as far as it is seen where it is judged; empty: no name
    is seen; None: it is not known."""

    source: At
    destination: At
    port: int
    transport: Transport
    identity: Identity | None
    anonymous: bool
    point: Point | None
    judged_port: int
    direct: bool
    sources: tuple[Source, ...] = ()
    sent: str = ""
    """Why the client's proxy sends what it sends."""
    asks: str | None = None


class Course(Value):
    """The hops of a flow under some facts. ``unreached``: the client's own proxy sends nothing, and why (nobody else
    than the client is bound by that); the hop is then the one past it. ``waypoint``: the one on the way. ``notes``:
    what people should know. ``past``: the client's proxy does not take it. ``as_http``: it takes it for HTTP, or
    not; None: as the server does. ``routes``: the requests that the client's proxy sends this way, at ``dialled``;
    None: all; ``onward``: those that it sends elsewhere, by ways that may lead there all the same. ``asks``: the name
    of a server that its TLS asks for. ``sends``: what the client's proxy does with addresses outside. ``lost``: it
    sends nothing since it knows no end of a host that it does know."""

    hops: tuple[Hop, ...]
    facts: tuple[tuple[str, str], ...]
    client: Membership | None
    server: Membership | None
    waypoint: Waypoint | None = None
    unreached: Client | None = None
    notes: tuple[str, ...] = ()
    past: bool = False
    as_http: bool | None = None
    routes: RequestRules | None = None
    dialled: int = 0
    onward: tuple[SentOn, ...] = ()
    asks: str = ""
    sends: Client | None = None
    lost: bool = False


class Caller(Value):
    """The client of a flow: a pod (that may not exist), or something outside of every mesh. ``address``: its own."""

    pod: Pod | None = None
    address: int | None = None


T = TypeVar("T")
Facts = tuple[tuple[str, str], ...]


def plain(port: int) -> Course:
    """The course of what no mesh takes."""
    transport = Transport(True, False, False, Encryption.NONE)
    return Course((Hop(At.CLIENT, At.SERVER, port, transport, None, False, None, port, False),), (), None, None)


class Call(Value):
    """A TCP connection that somebody opens. ``server`` None: an address outside of the cluster. ``address`` is what the
    client dials, None: not known. ``port``: the workload's. ``service``: the one that is dialled, if any.
    ``host``: that the request says itself; empty: that of what is dialled.
    ``presented``: an identity that the client proves instead of its own. ``dialled``: the port that the client dials,
    a Service's own: it is what the client's side sees before the address is translated; None: the workload's."""

    mesh: Mesh
    caller: Caller
    server: Pod | None
    address: int | None
    port: int
    service: Service | None
    presented: Identity | None = None
    dialled: int | None = None
    host: str = ""

    def courses(self) -> list[Course]:
        """Every course that it may take."""
        found: list[Course] = []
        for client, first in self._members(self.caller.pod):
            for host, second in self._members(self.server):
                for course in self._between(client, host, (*first, *second)):
                    if client is not None and client.notes:
                        course = replace(course, notes=(*course.notes, *client.notes))
                    if course not in found and self._possible(course):
                        found.append(course)
        return found

    def _possible(self, course: Course) -> bool:
        return len(course.facts) < 2 or self.mesh.together([fact for fact, _ in course.facts], course.client)

    def unbound(self) -> list[Course]:
        """The courses that a client may choose who controls its pod: past its own proxy, or with the identity that it
        has as a member, in whatever form the server or its waypoint takes."""
        return [
            course
            for client, first in self._members(self.caller.pod)
            for host, second in self._members(self.server)
            for course in self._forms(client, host, (*first, *second))
            if self._possible(course)
        ]

    def _forms(self, client: Membership | None, host: Membership | None, facts: Facts) -> Iterator[Course]:
        own = self._own() if client is not None or self.presented is not None else None
        forms: list[tuple[Sending, Identity | None, bool]] = [(Sending.PLAIN, None, False)]
        if own is not None and host is not None:
            forms += [(Sending.MESH_TLS, own, False), (Sending.MESH_TLS, own, True)]
            forms += [(Sending.TUNNEL, own, False)] if host.tunnel else []
        for sending, identity, silent in forms:
            for last, more in self._last(At.CLIENT, Proxy.NONE, sending, identity, host, True, silent=silent):
                if not silent or not last.transport.http:
                    yield Course((last,), (*facts, *more), None, host)
        if own is None or self.server is None:
            return
        for way in self.mesh.waypoint(None, self.server, self.service):
            if way.value is not None and way.value.pods and not self._is_end(way.value):
                yield from self._over(None, way.value, own, host, (*facts, *_facts(way)))

    def _is_end(self, way: Waypoint) -> bool:
        """Nothing goes over a waypoint from it, or to it."""
        pods = [self.mesh.pod(index) for index in way.pods]
        return any(pod is self.caller.pod or pod is self.server for pod in pods)

    def _own(self) -> Identity | None:
        if self.presented is not None or self.caller.pod is None:
            return self.presented
        return self.mesh.identity(self.caller.pod)

    def _members(self, pod: Pod | None) -> Iterator[tuple[Membership | None, Facts]]:
        if pod is None:
            yield None, ()
            return
        for option in self.mesh.membership(pod):
            yield (None if option.value.proxy is Proxy.NONE else option.value), _facts(option)

    def _between(self, client: Membership | None, host: Membership | None, facts: Facts) -> Iterator[Course]:
        for takes, more in self._taken(client):
            if client is None or not takes or self.caller.pod is None:
                sending, presents = Sending.PLAIN, self.presented is not None and host is not None
                if presents and host is not None:
                    # Nobody speaks for the client: it shows the certificate itself, where the server asks for one.
                    sending = Sending.TUNNEL if host.proxy is Proxy.NODE else Sending.MESH_TLS
                # An exclusion is the client's own doing, too.
                proxy = Proxy.NONE if client is None or presents else client.proxy
                for last, settled in self._last(
                    At.CLIENT, proxy, sending, self.presented, host, False, adapts=presents
                ):
                    yield Course((last,), (*facts, *more, *settled), client, host, past=not takes)
                continue
            dialled = self.port if self.dialled is None else self.dialled
            # Who shows an identity of its own choice to the server sends where it likes.
            asked = (self.host, dialled) if self.host and self.presented is None else None
            for option in self.mesh.client(self.caller.pod, self.server, self.port, self.service, asked, self.dialled):
                settled = (*facts, *more, *_facts(option))
                yield from self._sent(client, option.value, host, settled)

    def _sent(self, client: Membership, sends: Client, host: Membership | None, facts: Facts) -> Iterator[Course]:
        """What the client's proxy sends, or does not."""
        dialled = self.port if self.dialled is None else self.dialled
        outside = sends if sends.abroad else None
        if sends.sending is Sending.NOTHING:
            as_http = self._as_http(client)
            course = Course(plain(self.port).hops, facts, client, host, unreached=sends, as_http=as_http)
            yield replace(course, dialled=dialled, onward=sends.onward, sends=outside)
            return
        for course in self._through(client, sends, host, facts):
            if sends.note:
                course = replace(course, notes=(*course.notes, sends.note))
            yield replace(
                course, routes=sends.routes, dialled=dialled, onward=sends.onward, asks=sends.asks, sends=outside
            )

    def sent_on(self, client: Membership, way: SentOn) -> list[Course]:
        """The courses of what the client's proxy sends on to the server of its own accord; none where the server is not
        the one that is meant."""
        assert self.caller.pod is not None
        assert self.server is not None
        found: list[Course] = []
        for host, facts in self._members(self.server):
            for option in self.mesh.sent_on(self.caller.pod, self.server, self.port, way):
                for course in self._sent(client, option.value, host, (*facts, *_facts(option))):
                    if course not in found and self._possible(course):
                        found.append(course)
        return found

    def _taken(self, client: Membership | None) -> Iterator[tuple[bool, Facts]]:
        """Whether the client's proxy takes the connection."""
        if client is not None and client.aside:
            for taken, facts in self._taken(replace(client, aside="")):
                if taken:
                    yield True, (*facts, (OTHERS.format(client.aside), CONTAINER))
            yield False, ((ASIDE.format(client.aside), CONTAINER),)
            return
        port = self.port if self.dialled is None else self.dialled
        takes = client is not None and client.outbound.takes(self.address, port)
        if takes is None:
            yield True, ((TAKEN, DIALLED),)
            yield False, ((NOT_TAKEN, DIALLED),)
        else:
            yield takes, ()

    def _through(self, client: Membership, sends: Client, host: Membership | None, facts: Facts) -> Iterator[Course]:
        """What the client's proxy sends, over a waypoint where there is one."""
        caller = self.caller.pod
        assert caller is not None
        ways: tuple[Option[Waypoint | None], ...] = known(None)
        if self.server is not None:
            ways = self.mesh.waypoint(caller, self.server, self.service)
        own, as_http = self._own(), self._as_http(client)
        for way in ways:
            settled = (*facts, *_facts(way))
            itself = way.value is not None and self._is_end(way.value)
            if way.value is None or not way.value.pods or itself:
                notes = () if way.value is None or itself else (way.value.why,)
                for last, more in self._last(At.CLIENT, client.proxy, sends.sending, own, host, True, sends):
                    yield Course((last,), (*settled, *more), client, host, way.value, None, notes, as_http=as_http)
                continue
            yield from self._over(client, way.value, own, host, settled)

    def _as_http(self, client: Membership) -> bool | None:
        """Whether the client's proxy takes for HTTP what is sent to a Service."""
        if client.proxy is not Proxy.SIDECAR or self.service is None or self.server is None:
            return None
        said = self._spoken()
        if said is not None:
            return said is not Speech.TCP
        return all(option.value.speech is not Speech.TCP for option in self.mesh.server(self.server, self.port))

    @property
    def _addressed(self) -> Service | None:
        """The Service that has the address which is dialled; of a headless one, pods have."""
        return None if self.service is None or self.service.headless else self.service

    def _spoken(self) -> Speech | None:
        """What proxies take the Service's port for that is dialled; of a headless one that is a port of the pod."""
        number = self.dialled
        if self.service is not None and self.service.headless:
            number = self.port
        return None if self.service is None or number is None else self.mesh.spoken(self.service, number)

    def _over(
        self, client: Membership | None, way: Waypoint, own: Identity | None, host: Membership | None, facts: Facts
    ) -> Iterator[Course]:
        """Two hops: to the waypoint, where requests are judged as the client's, and from it, as its own."""
        mesh, server = self.mesh, self.server
        assert server is not None
        through = mesh.pod(way.pods[0])
        # Where a pod's own address is dialled, the waypoint finds out what is spoken.
        http = self._addressed is None or self._spoken() is not Speech.TCP
        tunnel = Transport(True, True, http, Encryption.HBONE)
        if own is not None and not mesh.trusts(own.text, False):
            tunnel = foreign(tunnel)
        first = Hop(
            At.CLIENT,
            At.WAYPOINT,
            mesh.tunnel_port,
            tunnel,
            own if tunnel.proven else None,
            own is None,
            Point(PointSort.WAYPOINT, through, http, self._addressed, server),
            # What is sent to a Service has the Service as its destination until the waypoint picks a pod.
            self.port if self.dialled is None else self.dialled,
            True,
            (way.source,),
            # What is in the tunnel of a proxy is plain where it is HTTP.
            asks=None if client is None or self.presented is not None else "",
        )
        sending = Sending.TUNNEL if host is not None and host.tunnel else Sending.PLAIN
        proven = mesh.identity(through)
        for last, more in self._last(At.WAYPOINT, Proxy.NODE, sending, proven, host, True):
            yield Course((first, last), (*facts, *more), client, host, way)

    def _last(
        self,
        source: At,
        proxy: Proxy,
        sending: Sending,
        identity: Identity | None,
        host: Membership | None,
        direct: bool,
        sends: Client | None = None,
        adapts: bool = False,
        silent: bool = False,
    ) -> Iterator[tuple[Hop, Facts]]:
        """The hop to the server. ``adapts``: the client has no proxy, shows a certificate where the server takes one,
        and speaks plainly elsewhere. ``silent``: it does not tell in its handshake that it will speak HTTP."""
        server, port = self.server, self.port
        sources, sent = ((), "") if sends is None else (sends.sources, sends.why)
        tunnelled = sending is Sending.TUNNEL
        if tunnelled and (host is None or not host.tunnel):
            sending, tunnelled = Sending.PLAIN, False
        if host is not None and host.awaits_tunnels and port == self.mesh.tunnel_port:
            transport = no_tunnel(sending)
            yield Hop(source, At.SERVER, port, transport, None, False, None, port, direct, sources, sent), ()
            return
        takes = host is not None and (tunnelled or within(host.inbound, port))
        if server is None or host is None or not takes:
            sending = Sending.PLAIN if adapts else sending
            transport = meet(sending, proxy, None, Proxy.NONE)
            yield Hop(source, At.SERVER, port, transport, None, False, None, port, direct, sources, sent), ()
            return
        for option in self.mesh.server(server, port):
            takes_for = option.value
            bytes_only = silent or (proxy is Proxy.SIDECAR and self._spoken() is Speech.TCP)
            if bytes_only and sending is Sending.MESH_TLS and takes_for.speech is Speech.DETECTED:
                # What the client, or its proxy, offers in its handshake chooses.
                takes_for = replace(takes_for, speech=Speech.TCP)
            plainly = adapts and not tunnelled and takes_for.acceptance is Acceptance.PLAIN
            transport = meet(Sending.PLAIN if plainly else sending, proxy, takes_for, host.proxy)
            if transport.proven and identity is not None:
                node_proxy = host.proxy is Proxy.NODE
                transport = transport if self.mesh.trusts(identity.text, node_proxy) else foreign(transport)
            asks = None
            if source is At.WAYPOINT or (sends is not None and self.presented is None):
                asks = "" if tunnelled else (sends.asks if sends is not None else "") or None
            sort = PointSort.NODE if host.proxy is Proxy.NODE else PointSort.SIDECAR
            yield (
                Hop(
                    source,
                    At.SERVER,
                    self.mesh.tunnel_port if tunnelled else port,
                    transport,
                    identity if transport.proven else None,
                    transport.proven and identity is None,
                    Point(sort, server, transport.http, self.service),
                    port,
                    direct,
                    (*sources, *option.value.sources),
                    sent,
                    asks,
                ),
                _facts(option),
            )


TAKEN = "the address that the client dials is not excluded from its proxy"
NOT_TAKEN = "the address that the client dials is excluded from its proxy"
DIALLED = "the destination's address"
ASIDE = "a container opens the connection that runs as the user or group of the client's proxy ({})"
OTHERS = "a container opens the connection that does not run as the user or group of the client's proxy (as {} does)"
CONTAINER = "which container of the client opens the connection"


def _facts(option: Option[T]) -> Facts:
    return ((option.fact, option.decide),) if option.fact else ()
