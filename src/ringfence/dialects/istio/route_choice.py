"""Which routes are those of a host, for one client.

Source: istio ``pilot/pkg/model/push_context.go`` (VirtualServicesForGateway: whose routes come first),
``pilot/pkg/networking/core/route/route.go`` (buildSidecarVirtualHostsForVirtualService: routes that are for none of a
client's requests are passed over; those of the Gateway API hold in the namespace of the Service and their own).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ringfence.dialects.istio.ages import oldest
from ringfence.dialects.istio.hosts import full_name, most_specific, visible
from ringfence.dialects.istio.objects import VirtualService
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.route_objects import Entry, Match
from ringfence.dialects.istio.service_routes import together
from ringfence.dialects.istio.string_matches import formula_of
from ringfence.model.cluster import Pod
from ringfence.model.entries import Carried
from ringfence.sets.requests.formulas import ALWAYS, NEVER, Formula
from ringfence.sets.requests.hosts import in_hosts
from ringfence.values import replace

_ELSEWHERE = "it is in another namespace than the Service and the client, and whether it holds there is not known"
_WHO = ("sourceLabels", "sourceNamespace", "gateways")
"""Of a match: whom it is for."""
Listed = Sequence[tuple[VirtualService, tuple[Entry, ...]]]
"""Routes with those of their entries that are for what is asked."""


class ServiceRoutes:
    """The routes of the Gateway API, by the Services that they are for."""

    def __init__(self, routes: Iterable[VirtualService]) -> None:
        found: dict[tuple[str, str, int | None, str], list[VirtualService]] = {}
        for one in routes:
            for host in one.hosts:
                found.setdefault((host, one.named.namespace, one.port, one.named.kind), []).append(one)
        self._by_host: dict[str, list[VirtualService]] = {}
        for (host, *_), listed in found.items():
            self._by_host.setdefault(host, []).append(together(listed, host))

    def __bool__(self) -> bool:
        return bool(self._by_host)

    def all_of(self, host: str) -> Sequence[VirtualService]:
        """Those that any namespace has for any port of a host."""
        return self._by_host.get(host, ())

    def of(self, host: str, namespaces: Collection[str], number: int) -> Iterator[VirtualService]:
        """Those that some namespaces have for a port of a host."""
        for one in self._by_host.get(host, ()):
            if one.port not in (None, number):
                continue
            if one.named.namespace in namespaces:
                yield one
            elif one.connections is not None:
                yield replace(one, broken=_ELSEWHERE)


def narrowest(routes: Iterable[VirtualService], host: str, client: str) -> list[VirtualService]:
    """The VirtualServices with the narrowest name for a host, of those that are seen from a namespace."""
    seen = [one for one in routes if visible(one.exports, one.named.namespace, client)]
    names = {full_name(name, one.named.namespace) for one in seen for name in one.hosts}
    best = most_specific(names, host)
    if best is None:
        return []
    return [one for one in seen if best in [full_name(name, one.named.namespace) for name in one.hosts]]


def first_of(candidates: Listed, client: str, *, scoped: bool) -> Listed:
    """Those of some routes for one host of which one counts: a single one where the input tells which. ``scoped``: what
    clients know may be limited, and then releases differ in whether routes of the Gateway API of a client's own
    namespace come before others."""
    found: list[tuple[VirtualService, tuple[Entry, ...]]] = []
    for preferred in (True, False) if scoped else (True,):
        tiers: dict[int, list[tuple[VirtualService, tuple[Entry, ...]]]] = {}
        for one in candidates:
            tiers.setdefault(_tier(one[0], client, preferred), []).append(one)
        if tiers:
            tier = tiers[min(tiers)]
            chosen = oldest([one for one, _ in tier])
            found += [one for one in tier if one[0] in chosen and one not in found]
    return found


def _tier(route: VirtualService, client: str, preferred: bool) -> int:
    """What is only for the client's own namespace comes first, then what is for some, then what is for all."""
    home = route.named.namespace
    if route.named.kind != "VirtualService":
        return 2 if preferred and home == client else 3
    if not route.exports or "*" in route.exports:
        return 3
    return 0 if home == client and ("." in route.exports or home in route.exports) else 1


def holds_for(match: Match, source: Pod, port: int) -> bool | None:
    """Whether a match is for a client at all; None: it hangs on a label with an open value."""
    gateways = match.get("gateways")
    if isinstance(gateways, list) and gateways:
        if "mesh" not in gateways:
            return False
    elif match.get("sourceNamespace") not in (None, "", source.namespace):
        return False
    number = match.get("port")
    if isinstance(number, int) and number and number != port:
        return False
    labels = match.get("sourceLabels")
    if isinstance(labels, dict) and labels and not gateways:
        return selects({str(key): str(value) for key, value in labels.items()}, source)
    return True


def perhaps_for(entry: Entry, source: Pod, port: int) -> bool:
    """Whether some of what a client sends to a port may be for a route."""
    return any(holds_for(match, source, port) is not False for match in entry.matches or ({},))


def anybodys(entries: Iterable[Entry]) -> list[Entry]:
    """The routes as if none of their matches asked who the client is."""
    return [
        replace(
            one, matches=tuple({key: value for key, value in match.items() if key not in _WHO} for match in one.matches)
        )
        for one in entries
    ]


def unlabelled(entries: Iterable[Entry]) -> list[Entry]:
    """The routes without the matches that ask for labels of the client, and those of which nothing is left without."""
    found = []
    for one in entries:
        matches = tuple(match for match in one.matches if not match.get("sourceLabels"))
        if matches or not one.matches:
            found.append(replace(one, matches=matches))
    return found


def taken_by(match: Match, entry: Entry) -> Formula:
    """The requests that one match of a route takes."""
    if entry.when is not None:
        return entry.when
    if entry.carried is Carried.REQUESTS:
        return formula_of(match)
    if entry.carried is Carried.TLS:
        # Who asks for a server by its name in TLS is taken to ask for the host of the same name.
        names = match.get("sniHosts")
        return in_hosts([str(one) for one in names]) if isinstance(names, list) else NEVER
    return ALWAYS


__all__ = ["ServiceRoutes", "anybodys", "first_of", "holds_for", "narrowest", "perhaps_for", "taken_by", "unlabelled"]
