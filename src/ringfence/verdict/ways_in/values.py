"""What a way into the cluster is, as values."""

from __future__ import annotations

from ringfence.model.provenance import Place
from ringfence.sets.requests.formulas import Formula
from ringfence.values import Value
from ringfence.verdict.answers import Answer, Decision, Reason, Verdict


class Opening(Value):
    """The object that opens the way: a Service, a pod with a host port or the host's network, a route.

    ``how``: node-port, load-balancer, external-ip, host-port, host-network or route. ``text`` says it for people.
    """

    how: str
    kind: str
    namespace: str
    name: str
    text: str
    place: Place


class Hop(Value):
    """One step of a way, judged. ``answers``: one for each source that the packet may then have; more than one where
    which it is is not known (a node's, the client's, a controller that is not in the input)."""

    source: str
    destination: str
    port: str
    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...]
    answers: tuple[Answer, ...] = ()
    identity: str | None = None
    """Who the other end authenticates, in a mesh."""
    encryption: str = ""
    """Who encrypts it; empty: no mesh has a say, and it is not known."""
    passing: Formula | None = None
    """The requests that a mesh lets through here, of those that come; None: not exactly known."""


class WayIn(Value):
    """One way in: what opens it, its hops, and what they come to.

    ``verdict``: denied if a hop is, allowed if all are, else unknown, or mixed where only some clients get through.
    ``destination`` and ``port`` are the last hop's: what is reached in the end. ``hosts``: names that it answers to.
    """

    openings: tuple[Opening, ...]
    hops: tuple[Hop, ...]
    destination: str
    port: str
    verdict: Verdict
    reason: Reason
    hosts: tuple[str, ...] = ()
    path: str = ""
    pods: tuple[int, ...] = ()
    """The pods at its end, as indexes in ``cluster.pods``."""
    service: tuple[str, str] | None = None
    """Namespace and name of the Service that a route sends to."""
    relayed: bool = False
    """Through a controller that the input lacks: pods may use it as well as the internet."""
    requests: tuple[str, ...] = ()
    """Which requests get through, in words, for its hosts; empty: not said."""
    notes: tuple[str, ...] = ()
    """What people should know of it."""


class DeadEnd(Value):
    """A route, or a part of one, that leads nowhere: ``code`` is no-service, no-port, no-endpoint, no-grant,
    no-gateway, no-listener, no-class or blocked."""

    opening: Opening
    code: str
    message: str
    fix: str
    place: Place
    namespace: str = ""
    """Where what it lacks should be."""
    decided_by: tuple[Decision, ...] = ()


class WaysIn(Value):
    """Every way in, and every route that cannot work."""

    ways: tuple[WayIn, ...]
    dead_ends: tuple[DeadEnd, ...]


def along(hops: tuple[Hop, ...]) -> tuple[Verdict, Reason]:
    """What the hops of a way come to, and whose reason tells it."""
    for verdict in (Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED):
        for hop in hops:
            if hop.verdict is verdict:
                return verdict, hop.reason
    last = hops[-1]
    return last.verdict, last.reason
