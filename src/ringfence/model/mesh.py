"""What service meshes say, in one form for all of them: who is in a mesh, as whom, over what, and which requests pass.

Every dialect of a mesh translates its objects into these values; the layers above read only these and know no mesh by
name. What is open is given as *options*: the values that it may have, each with the fact under which it has it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ringfence.model.cluster import Pod, Service
from ringfence.model.entries import Carried
from ringfence.model.marks import NO_MARKS, Marks, ProxyContainer
from ringfence.model.provenance import Place
from ringfence.model.rewriting import Rewriting
from ringfence.sets.addresses import EVERY_ADDRESS
from ringfence.sets.addresses import Intervals as Addresses
from ringfence.sets.languages.domains import TEXT
from ringfence.sets.languages.patterns import Numbers as Values
from ringfence.sets.requests.attributes import (
    AUDIENCES,
    HOST,
    METHOD,
    PATH,
    PORT,
    PRESENTER,
    PRINCIPAL,
    SNI,
    Attribute,
    claim,
    header,
)
from ringfence.sets.requests.formulas import Formula
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.model.mesh_edits import Allowance, Breach, Remedy, Written

__all__ = [
    "DESTINATION_ADDRESS",
    "EVERY_PORT",
    "HOST",
    "METHOD",
    "NO_MARKS",
    "PATH",
    "PEER_ADDRESS",
    "PEER_IDENTITY",
    "PORT",
    "REMOTE_ADDRESS",
    "SNI",
    "TOKEN_AUDIENCES",
    "TOKEN_PRESENTER",
    "TOKEN_PRINCIPAL",
    "Abroad",
    "Acceptance",
    "Client",
    "Encryption",
    "Identity",
    "Leaving",
    "Marks",
    "Membership",
    "Mesh",
    "Numbers",
    "Option",
    "Outgoing",
    "Point",
    "PointSort",
    "Proxy",
    "ProxyContainer",
    "RequestAction",
    "RequestPolicy",
    "RequestRule",
    "RequestRules",
    "Sending",
    "SentOn",
    "Server",
    "Source",
    "Speech",
    "TokenIssuer",
    "Waypoint",
    "claim",
    "header",
    "known",
    "metadata",
]

__all__ = ["NO_MARKS", "Marks", "ProxyContainer"]

Numbers = tuple[tuple[int, int], ...]
"""TCP port numbers, as canonical ``(first, last)`` intervals."""

EVERY_PORT: Numbers = ((1, 65535),)

AGES = "creationTimestamps"
"""What would tell which of several objects is the older, where only that one counts (``Option.decide``)."""
OF_MESH = "the client asks for a host whose server takes TLS of the mesh"
"""The fact under which one of several servers of a gateway's port is meant: that of the mesh."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Option(Value, Generic[T_co]):
    """One value that something may have. ``fact`` says in words under what it has it, ``decide`` what would tell; both
    are empty where it is the only one."""

    value: T_co
    fact: str = ""
    decide: str = ""


def known(value: T) -> tuple[Option[T], ...]:
    """What is not open."""
    return (Option(value),)


class Source(Value):
    """An object of the input that settles something. ``rule``: the index of its rule as written; None: all of it."""

    kind: str
    namespace: str | None
    name: str
    place: Place
    rule: int | None = None


# Who.


class Identity(Value):
    """Who a workload proves to be. ``text`` is the whole of it (``spiffe://cluster.local/ns/shop/sa/web``)."""

    text: str
    namespace: str
    account: str


class Proxy(Enum):
    """What speaks for a workload: nothing, a proxy in its pod, or one on its node that takes the traffic of pods."""

    NONE = "none"
    SIDECAR = "sidecar"
    NODE = "node"

    __hash__ = object.__hash__


class Outgoing(Value):
    """Connections that a workload opens and its proxy takes: to these ports *or*, first, by address. ``ports`` are
    taken whatever the address; the others are taken at ``addresses`` (None: any) unless their port or address is
    excluded."""

    addresses: Addresses | None = None
    ports: Numbers = ()
    excluded_ports: Numbers = ()
    excluded_addresses: Addresses = ()

    def takes(self, address: int | None, port: int) -> bool | None:
        """Whether a connection is taken; None: it hangs on the ``address``, which is not known."""
        if within(self.excluded_ports, port):
            return False
        if address is None and self.excluded_addresses:
            return None
        if address is not None and within(self.excluded_addresses, address):
            return False
        if self.addresses is None or within(self.ports, port):
            return True
        if not self.addresses:
            return False
        return None if address is None else within(self.addresses, address)


@cache
def lone_numbers(intervals: tuple[tuple[int, int], ...]) -> frozenset[int]:
    """The ports within some intervals or those outside of them, whichever are fewer: the others are all alike."""
    inside = sum(last - first + 1 for first, last in intervals)
    if inside > 1 << 15:
        inner, intervals, previous = intervals, (), 0
        for first, last in (*inner, (65536, 65536)):
            intervals = (*intervals, (previous + 1, first - 1))
            previous = last
    return frozenset(port for first, last in intervals for port in range(max(first, 1), min(last, 65535) + 1))


def within(intervals: tuple[tuple[int, int], ...], number: int) -> bool:
    """Whether a number is in one of some intervals."""
    return any(first <= number <= last for first, last in intervals)


class Membership(Value):
    """How a workload takes part in a mesh. ``inbound``: the TCP ports whose connections its proxy takes; the others
    reach the workload past the mesh. ``tunnel``: it also receives over the mesh's tunnel. ``ends_tunnels``: it is a
    proxy where those of others end. ``aside``: containers of the workload, in words, whose connections its proxy leaves
    alone; empty: there are none. ``notes``: what else people should know of what the workload sends. ``observed``: read
    off the pod as it runs; else predicted from what would be done to one that is made now. ``why`` says what makes it
    one."""

    mesh: str
    proxy: Proxy
    inbound: Numbers = EVERY_PORT
    outbound: Outgoing = Outgoing()
    tunnel: bool = False
    observed: bool = False
    why: str = ""
    source: Source | None = None
    revision: str = ""
    aside: str = ""
    notes: tuple[str, ...] = ()
    ends_tunnels: bool = False

    @property
    def awaits_tunnels(self) -> bool:
        """Whether nothing but tunnels is taken at the mesh's tunnel port."""
        return self.tunnel or self.ends_tunnels


# Over what.


class Acceptance(Enum):
    """Which connections a server's proxy takes: only with a proven identity, also plain ones, or no mesh TLS at all."""

    STRICT = "strict"
    PERMISSIVE = "permissive"
    PLAIN = "plain"

    __hash__ = object.__hash__


class Speech(Enum):
    """What a server's proxy takes a port to speak: HTTP, bytes, or what it finds out from each connection."""

    HTTP = "http"
    TCP = "tcp"
    DETECTED = "detected"

    __hash__ = object.__hash__


class Server(Value):
    """What a proxy does with connections to one port of its workload. ``sources`` settled it."""

    acceptance: Acceptance
    speech: Speech
    sources: tuple[Source, ...] = ()
    why: str = ""


class Sending(Enum):
    """What a client's proxy sends: as it is, in TLS of the mesh, through the mesh's tunnel, in TLS of its own making
    (no identity of the mesh), or nothing at all (the destination is unknown to it)."""

    PLAIN = "plain"
    MESH_TLS = "mesh-tls"
    TUNNEL = "tunnel"
    OTHER_TLS = "other-tls"
    NOTHING = "nothing"

    __hash__ = object.__hash__


class Encryption(StrEnum):
    """Who encrypts a hop, and how."""

    NONE = "none"
    MTLS = "mtls"
    HBONE = "hbone"
    WIREGUARD = "wireguard"
    IPSEC = "ipsec"
    TLS = "tls"
    UNKNOWN = "unknown"


# Which requests.

PEER_IDENTITY = Attribute("peer.identity", values=TEXT)
"""Who opened the connection, as its text; absent: nobody proved to be anybody."""

PEER_ADDRESS = Attribute("peer.address", values=Values(EVERY_ADDRESS))
"""Where the connection comes from, family-tagged (``sets.addresses``)."""

REMOTE_ADDRESS = Attribute("remote.address", values=Values(EVERY_ADDRESS))
"""Where the request comes from, as trusted proxies tell it."""

DESTINATION_ADDRESS = Attribute("destination.address", values=Values(EVERY_ADDRESS))
TOKEN_PRINCIPAL, TOKEN_PRESENTER, TOKEN_AUDIENCES = PRINCIPAL, PRESENTER, AUDIENCES


def metadata(name: str) -> Attribute:
    """What another filter of the proxy has left there for policies to ask about: no request shows it."""
    return Attribute("metadata", name, values=TEXT)


class RequestAction(Enum):
    """What a policy of requests does where a rule of it matches. ``EXTERNAL``: a service outside of the mesh's
    configuration decides, and nobody knows what it says. ``AUDIT`` has no effect on what passes."""

    ALLOW = "allow"
    DENY = "deny"
    AUDIT = "audit"
    EXTERNAL = "external"

    __hash__ = object.__hash__


class RequestRule(Value):
    """One rule: the requests that ``formula`` is true of, with the peer's and the connection's attributes among them.
    ``note``: what the mesh makes of it that its writer may not have meant."""

    index: int
    formula: Formula
    place: Place
    note: str = ""


class RequestPolicy(Value):
    """A policy of requests as one enforcement point reads it (rules that it drops are gone). A point with policies
    that ALLOW refuses what none of them allows. ``shadow``: it is only tried out, and has no effect. ``refuses``: an
    external service that cannot be asked, so that what matches is refused. ``provider``: that service; of
    routes where they send what they do not let pass. ``onward``: from there it may go on to where it was meant for.
    ``routes``: what it denies is not refused by a policy, but sent elsewhere by the proxy, or answered."""

    kind: str
    namespace: str | None
    name: str
    action: RequestAction
    rules: tuple[RequestRule, ...]
    place: Place
    shadow: bool = False
    refuses: bool = False
    provider: str = ""
    onward: bool = False
    routes: bool = False


class TokenIssuer(Value):
    """Tokens of ``issuer`` are taken, with one of these ``audiences`` (empty: any). ``divided``: the claims of which a
    text is a list of words with blanks between them."""

    issuer: str
    audiences: tuple[str, ...]
    source: Source
    divided: tuple[str, ...] = ()


class RequestRules(Value):
    """Everything that an enforcement point asks of a request. ``issuers`` empty: tokens are not looked at, and their
    claims are not known. ``unsettled``: things of the input that may change the outcome and are not modelled, and why.
    ``forwarded``: which address of ``X-Forwarded-For`` a request comes from, counted from the last one, which is 0;
    -1: the header is not believed; None: it is not known which. ``written``: headers among those that are asked about
    which the proxies write themselves, whatever a request has; ``added``: those which they write where it has none.
    ``apart``: each value of a header that is there more than once is compared by itself, and one has to match; False:
    all of them are one text, parted by commas; None: not known. ``alone``: what is asked of one single request, where
    more is known of that; of ``rewrites`` the one that takes it says what becomes of it before it is sent on.
    ``moved``: they are of routes, and what these send on is not known."""

    policies: tuple[RequestPolicy, ...] = ()
    issuers: tuple[TokenIssuer, ...] = ()
    unsettled: tuple[tuple[Source, str], ...] = ()
    forwarded: int | None = None
    written: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    apart: bool | None = None
    alone: RequestRules | None = None
    rewrites: tuple[tuple[Formula, Rewriting], ...] = ()
    moved: bool = False


class SentOn(Value):
    """Requests that a client's proxy sends to a Service of the cluster instead, from where they may go on to what they
    are meant for: to port ``number`` of ``service`` in ``namespace``, and of its pods to those of ``subset`` (empty:
    all). ``carries``: in which form. ``host``: the one that they are for; empty: there are several. ``source`` says so.
    ``unsure``: why it is not known whether it does; empty: it surely does."""

    requests: Formula
    namespace: str
    service: str
    number: int
    carries: Carried
    source: Source
    subset: str = ""
    unsure: str = ""
    host: str = ""


class Leaving(Value):
    """What a proxy does with what it sends to a host outside of the cluster: it goes to ``port`` there, in the form of
    ``sending``. ``addresses``: where the host is (None: where its name leads). ``unsure``: why it is not known."""

    port: int
    sending: Sending
    sources: tuple[Source, ...] = ()
    why: str = ""
    addresses: Addresses | None = None
    unsure: str = ""


class Abroad(Value):
    """What a client's proxy does with some of what is dialled at addresses outside: with ``requests``, if they are
    dialled at ``dialled`` (None: at any address)."""

    requests: Formula
    leaving: Leaving
    dialled: Addresses | None = None


class Client(Value):
    """What a client's proxy does with connections to one destination. ``checks``: identities of which the server has to
    prove one (empty: any of the mesh). ``routes``: which requests it sends there; those that no policy of it allows it
    sends elsewhere, or answers itself (None: it sends all of them). ``onward``: elsewhere, by ways that may lead there
    all the same. ``asks``: the name of a server that its TLS asks for (empty: one that the mesh makes up). ``abroad``:
    what it knows of addresses outside; of several that hold the first counts. ``strangers``: what it does with all else
    there (None: it is not known). ``note``: what people should know of it who see that it arrives."""

    sending: Sending
    sources: tuple[Source, ...] = ()
    why: str = ""
    checks: tuple[str, ...] = ()
    routes: RequestRules | None = None
    onward: tuple[SentOn, ...] = ()
    asks: str = ""
    abroad: tuple[Abroad, ...] = ()
    strangers: Client | None = None
    note: str = ""


class PointSort(Enum):
    """Where requests are judged: beside the workload, on its node, in a proxy on the way, or at a gateway."""

    SIDECAR = "sidecar"
    NODE = "node"
    WAYPOINT = "waypoint"
    GATEWAY = "gateway"

    __hash__ = object.__hash__


class Point(Value):
    """One enforcement point. ``pod`` is the workload's, the waypoint's or the gateway's; ``service`` the one that the
    client asked for, if any (policies of a waypoint may be attached to it), ``server`` the workload behind a waypoint.
    ``http``: it judges requests; else connections."""

    sort: PointSort
    pod: Pod
    http: bool
    service: Service | None = None
    server: Pod | None = None


class Waypoint(Value):
    """A proxy on the way to a destination. ``pods`` are indexes in ``cluster.pods``; empty: it is asked for, and not
    there, so traffic goes past it (``why`` says what is missing)."""

    namespace: str
    name: str
    pods: tuple[int, ...]
    source: Source
    why: str = ""


class Mesh(Protocol):
    """One mesh of a cluster, as the layers ask it. ``service`` is the one that the client dials, None for a pod's own
    address. Ports are the workload's, after every translation. Pods need not exist: what a template or a hypothetical
    pod would be is predicted."""

    name: str
    tunnel_port: int
    """Where tunnels arrive."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What stands for things that the input does not tell, in words."""

    def pod(self, index: int) -> Pod:
        """A pod of the cluster, by its index in ``cluster.pods``."""

    def membership(self, pod: Pod) -> tuple[Option[Membership], ...]:
        """Whether and how the pod is in this mesh."""

    def together(self, facts: Iterable[str], client: Membership | None) -> bool:
        """Whether facts of its options can all hold, with this client. True where it cannot tell."""

    def kind(self, pod: Pod) -> Hashable:
        """Equal for pods that the mesh cannot tell apart, as clients, servers or anything else."""

    def client_kind(self, pod: Pod) -> Hashable:
        """Equal for pods whose proxies send alike to every destination, but for who they prove to be."""

    def identity(self, pod: Pod) -> Identity | None:
        """Who the pod is in this mesh; None: not known (a pod that does not exist, and of which nobody said whose)."""

    def trusts(self, identity: str, node_proxy: bool) -> bool:
        """Whether a server takes a certificate of this identity, before any policy. ``node_proxy``: the one on its node
        is asked."""

    def server(self, pod: Pod, port: int) -> tuple[Option[Server], ...]:
        """What the proxy of a member takes at a port."""

    def spoken(self, service: Service, number: int) -> Speech | None:
        """What proxies take a port of a Service for; None: it has no such port."""

    def client(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        asked: tuple[str, int] | None = None,
        dialled: int | None = None,
    ) -> tuple[Option[Client], ...]:
        """What the proxy of a member sends. ``destination`` None: an address outside. ``asked``: the host that a
        request names itself, and the port that is dialled; None: what is dialled is named as it is called. ``dialled``:
        the port of the ``service``; None: whichever of those that lead to ``port``."""

    def sent_on(self, source: Pod, destination: Pod, port: int, way: SentOn) -> tuple[Option[Client], ...]:
        """What the proxy of a member sends to a pod, at a port of the pod's, that it sends requests on to."""

    def relays(self, pod: Pod) -> bool:
        """Whether a pod is a gateway: nothing but a proxy that does what its routes say."""

    @property
    def outward(self) -> frozenset[tuple[str, str | None, str]]:
        """The objects (kind, namespace, name) that say what becomes of requests for hosts outside."""

    def leaving(self, gateway: Pod, host: str, port: int | None, listener: int) -> tuple[Option[Leaving], ...]:
        """How a gateway leaves the cluster where a route of a listener sends to a port of a host (None: the route names
        none). Sends nothing where it knows no such host, or no such port of it."""

    def balances(self, source: Pod, service: Service, port: int) -> frozenset[bool]:
        """Whether the proxy of a member picks the end behind a port of a Service itself, of pods and of machines
        outside of the cluster; both, where the input leaves it open."""

    def waypoint(
        self, source: Pod | None, destination: Pod, service: Service | None
    ) -> tuple[Option[Waypoint | None], ...]:
        """The proxy that traffic of a member to a destination goes over, if any. ``source`` None: some member that asks
        for such proxies."""

    @property
    def address_blocks(self) -> Sequence[Numbers]:
        """The sets of addresses that rules ask about who comes."""

    def ports(self, source: Pod | None, destination: Pod | None) -> tuple[int, ...]:
        """The ports of a destination that anything of the mesh speaks of, sorted. It treats all others alike."""

    def named_ports(self, source: Pod | None, destination: Pod | None) -> Collection[int]:
        """Those of them that more tells apart than whether the proxies of both ends take them."""

    def normalized(self, path: str) -> str:
        """A request's path as the proxies compare it."""

    def spellings(self, path: str) -> tuple[str, ...]:
        """What a path may be for the proxies, before they normalise it: it alone, unless releases differ in that and it
        is not known which it is."""

    def rules(self, point: Point, port: int) -> RequestRules:
        """What an enforcement point asks of requests, or connections, to a port."""

    def remedies(self, breach: Breach, written: Written) -> Iterable[Remedy]:
        """Changes of its objects that might refuse some connections, small ones first. Each is only a proposal."""

    def proof_by_default(self, namespace: str, written: Written) -> Remedy | None:
        """What might have the servers of a namespace take nothing that proves no identity. A proposal, too; None where
        there is none."""

    def denial_by_default(self, namespace: str, allowed: Sequence[Allowance], written: Written) -> Remedy | None:
        """What might have the servers of a namespace refuse everybody but those who are ``allowed``. A proposal, too;
        None where there is none."""

    def edited(self, manifests: Sequence[Mapping[str, Any]]) -> Mesh | None:
        """This mesh with some of its objects added or replaced, which change neither who is in it nor who they are;
        None where one of them is not accepted."""
