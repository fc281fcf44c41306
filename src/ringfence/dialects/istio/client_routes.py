"""What a client's sidecar makes of a call by the VirtualServices of the mesh: which requests for a host it sends to a
destination, and which it sends elsewhere, answers, or refuses.

Source: istio ``pilot/pkg/networking/core/httproute.go`` (which VirtualService is a host's), ``route/route.go`` (order,
faults, what matches nothing), ``listener.go`` and ``tls.go`` (routes of bytes and of TLS).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ringfence.dialects.istio.hosts import covers, full_name, of_service, visible
from ringfence.dialects.istio.objects import DestinationRule, VirtualService
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.rewrites import of_match
from ringfence.dialects.istio.route_choice import (
    ServiceRoutes,
    anybodys,
    first_of,
    holds_for,
    narrowest,
    perhaps_for,
    taken_by,
    unlabelled,
)
from ringfence.dialects.istio.route_objects import Destination, Entry, Match, with_delegates
from ringfence.dialects.istio.service_routes import KINDS
from ringfence.model.cluster import Pod, Service
from ringfence.model.entries import Carried
from ringfence.model.mesh import RequestAction, RequestPolicy, RequestRule, RequestRules, SentOn, Source, Speech
from ringfence.model.rewriting import Rewriting, both
from ringfence.sets.requests.formulas import ALWAYS, NEVER, Formula, conjunction, disjunction, negation
from ringfence.sets.requests.hosts import in_hosts
from ringfence.values import replace

LeadsTo = Callable[[str, Pod, int, int | None], bool]
"""Whether a host leads to a port of a pod, dialled at a port of its own (None: whichever)."""
_OPEN = "several objects route what is meant for this host, and which of them counts is not known"
_LABELS = "whether it holds for this client hangs on a label that the input does not give"
_MIRRORED = "sends a copy of it there, and the request itself elsewhere: what becomes of copies is not modelled"
_ANOTHER = (
    "sends it on to another Service that leads to the same pods, and what the waypoint then sends is not modelled"
)
_OF_SERVICE = "is in another namespace than the waypoint, and releases differ in whether that takes it"
_WHOSE = "asks who the client is, and releases differ in what a waypoint makes of that"
_CHANGES = "changes what the client wrote before it is sent, and what of it is not modelled"


class ClientRoutes:
    """The routes of one mesh. ``leads_to`` says where hosts lead; ``rules`` what subsets are."""

    def __init__(
        self,
        services: Iterable[VirtualService],
        rules: Iterable[DestinationRule],
        leads_to: LeadsTo,
        is_inside: Callable[[str], bool],
        *,
        scoped: bool = False,
    ) -> None:
        listed = tuple(services)
        of_services = [one for one in listed if one.named.kind in KINDS and one.entry is None]
        others = [one for one in listed if one.named.kind not in KINDS or one.entry is not None]
        self._service_routes = ServiceRoutes(of_services)
        self._routes = tuple(one for one in others if one.inside and one.hosts)
        self._delegates = {(one.named.namespace, one.named.name): one for one in others if not one.hosts}
        self._rules = tuple(rules)
        self._leads_to = leads_to
        self._is_inside = is_inside
        self._scoped = scoped
        self._having: dict[str, list[VirtualService]] = {}
        self._abroad: dict[str, list[tuple[VirtualService, list[str], Formula]]] = {}
        self.by_labels = any(
            match.get("sourceLabels") for one in listed for entry in one.entries for match in entry.matches
        )
        """Whether some route asks for labels of clients."""

    def __bool__(self) -> bool:
        return bool(self._routes or self._service_routes)

    def to_service(
        self, source: Pod, destination: Pod | None, port: int, service: Service, number: int, speech: Speech
    ) -> RequestRules | None:
        """The requests for a Service that are sent to a port of a pod; None: all of them. ``number``: of the Service's
        port that is dialled."""
        host = of_service(service.namespace, service.name)
        carried = (Carried.BYTES, Carried.TLS) if speech is Speech.TCP else (Carried.REQUESTS,)
        found = dict.fromkeys(
            self._to_service(one, entries, source, destination, port, service, number)
            for one, entries in self._for_host(host, source, service.namespace, number, carried)
        )
        if len(found) < 2:
            return next(iter(found), None)
        named = [one.named.source for one, _ in self._for_host(host, source, service.namespace, number, carried)]
        return RequestRules(unsettled=tuple((one, _OPEN) for one in named), moved=True)

    def _to_service(
        self,
        one: VirtualService,
        entries: Sequence[Entry],
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service,
        number: int,
    ) -> RequestRules | None:
        """What one of the routes for a Service leaves on its way to a port of a pod."""
        if one.broken:
            return _unread(one, one.broken)
        host = of_service(service.namespace, service.name)

        def keeps(target: Destination) -> bool:
            name = full_name(target.host, one.named.namespace)
            if destination is None:
                return name == host and target.port in (None, number)
            subset = self._in_subset(name, target.subset, destination, name == host and service.headless)
            return subset and self._leads_to(name, destination, port, target.port or (number if name == host else None))

        return self._rules_of(one, entries, source, number, keeps, ALWAYS)

    def to_outside(self, source: Pod, port: int, carried: Collection[Carried]) -> RequestRules | None:
        """The requests that are sent to the address outside that they are meant for; None: all of them. ``carried``:
        what the client's proxy looks for at the port."""
        rules: list[RequestRule] = []
        policies: list[RequestPolicy] = []
        unsettled: list[tuple[Source, str]] = []
        others: list[Formula] = []
        for one, hosts, for_it in self._outside(source):
            home = one.named.namespace

            def keeps(target: Destination, hosts: Sequence[str] = hosts, home: str = home) -> bool:
                return any(covers(host, full_name(target.host, home)) for host in hosts)

            entries = [
                entry for entry in self._entries(one) if entry.carried in carried and perhaps_for(entry, source, port)
            ]
            found = self._rules_of(one, entries, source, port, keeps, for_it) if entries else None
            found = _unread(one, one.broken) if one.broken and one.entry is not None else found
            if found is None:
                continue
            others.append(for_it)
            # A workload of the cluster that gets it may be a gateway on the way out.
            onward = any(self._is_inside(host) for policy in found.policies for host in policy.provider.split(", "))
            policies += [replace(policy, onward=onward) for policy in found.policies]
            unsettled += found.unsettled
        if not policies and not unsettled:
            return None
        if unsettled:
            return RequestRules(tuple(policies), (), tuple(unsettled))
        first = policies[0]
        rules.append(RequestRule(-1, conjunction(map(negation, others)), first.place))
        kept = tuple(rule for policy in policies for rule in policy.rules)
        return RequestRules(
            (
                replace(
                    first,
                    rules=(*kept, *rules),
                    provider=", ".join(filter(None, (one.provider for one in policies))),
                    onward=any(one.onward for one in policies),
                ),
            )
        )

    def onward(self, source: Pod, port: int, services: Mapping[str, Service]) -> Iterator[tuple[SentOn, list[str]]]:
        """The requests that are meant for one of some hosts outside, and sent to a Service of the cluster instead, with
        the hosts. ``services`` by their hosts."""
        for one, hosts, for_it in self._outside(source):
            before: list[Formula] = []
            for entry in self._entries(one):
                matched = []
                unsure = _CHANGES if entry.changes else ""
                for match in entry.matches or ({},):
                    holds = holds_for(match, source, port)
                    unsure = unsure or (_LABELS if holds is None else "")
                    if holds is not False:
                        matched.append(taken_by(match, entry))
                taken = disjunction(matched) if matched else NEVER
                if taken == NEVER:
                    continue
                requests = conjunction((for_it, taken, *map(negation, before)))
                before.append(taken)
                for target in () if entry.answers or entry.aborts else entry.destinations:
                    service = services.get(full_name(target.host, one.named.namespace))
                    if service is not None:
                        number = target.port or (service.ports[0].port if len(service.ports) == 1 else port)
                        way = SentOn(requests, service.namespace, service.name, number, entry.carried, one.named.source)
                        yield replace(way, subset=target.subset, unsure=unsure), hosts

    def directly(
        self, source: Pod, port: int, carried: Collection[Carried]
    ) -> Iterator[tuple[Formula, str, int | None]]:
        """The requests that are meant for a host outside, and sent to some host outside, with its port."""
        for one, _, for_it in self._outside(source):
            before: list[Formula] = []
            home = one.named.namespace
            for entry in self._entries(one):
                if entry.carried not in carried:
                    continue
                held = [match for match in entry.matches or ({},) if holds_for(match, source, port) is not False]
                taken = disjunction(taken_by(match, entry) for match in held) if held else NEVER
                if taken == NEVER:
                    continue
                requests = conjunction((for_it, taken, *map(negation, before)))
                before.append(taken)
                for target in () if entry.answers or entry.aborts else entry.destinations:
                    host = full_name(target.host, home)
                    if not self._is_inside(host):
                        yield requests, host, target.port

    def leads_on(self, services: Mapping[str, Service]) -> bool:
        """Whether some route sends what is meant for a host outside to a Service of the cluster."""
        return any(
            full_name(target.host, one.named.namespace) in services
            for one in self._routes
            if not all(self._is_inside(full_name(name, one.named.namespace)) for name in one.hosts)
            for entry in self._entries(one)
            for target in entry.destinations
        )

    @property
    def asked_ports(self) -> frozenset[int]:
        """The ports that a match of some route names."""
        numbers = (match.get("port") for one in self._routes for entry in one.entries for match in entry.matches)
        return frozenset(number for number in numbers if isinstance(number, int))

    def _outside(self, source: Pod) -> list[tuple[VirtualService, list[str], Formula]]:
        """The VirtualServices that a client sees for hosts outside, with these, and the requests for them: a request is
        for the narrowest host that some of them have."""
        found = self._abroad.get(source.namespace)
        if found is None:
            found = self._abroad[source.namespace] = list(self._seen_outside(source.namespace))
        return found

    def _seen_outside(self, client: str) -> Iterator[tuple[VirtualService, list[str], Formula]]:
        seen: list[tuple[VirtualService, list[str]]] = []
        for one in self._routes:
            home = one.named.namespace
            hosts = [host for host in (full_name(name, home) for name in one.hosts) if not self._is_inside(host)]
            if hosts and visible(one.exports, home, client):
                seen.append((one, hosts))
        for one, hosts in seen:
            narrower = {
                other
                for another, others in seen
                for other in others
                if another is not one and other not in hosts and any(covers(host, other) for host in hosts)
            }
            yield one, hosts, conjunction((in_hosts(hosts), *(negation(in_hosts([host])) for host in sorted(narrower))))

    def _narrowest(self, host: str, client: str) -> list[VirtualService]:
        having = self._having.get(host)
        if having is None:
            having = self._having[host] = [
                one
                for one in self._routes
                if any(covers(full_name(name, one.named.namespace), host) for name in one.hosts)
            ]
        return narrowest(having, host, client)

    def routes(self, service: Service, source: Pod) -> bool:
        """Whether a client may have routes for a Service."""
        host = of_service(service.namespace, service.name)
        return bool(self._narrowest(host, source.namespace) or self._service_routes.all_of(host))

    def _for_host(
        self, host: str, source: Pod, home: str, number: int, carried: Sequence[Carried]
    ) -> list[tuple[VirtualService, tuple[Entry, ...]]]:
        """The routes of a host of a namespace, with what of them is for a client; several where it is not known which
        of them count."""
        found = [
            one for one in self._service_routes.of(host, {home, source.namespace}, number) if one.entries or one.broken
        ]
        listed = self._narrowest(host, source.namespace)
        if found:
            # They are for the host by its name, and come before what is for a wildcard.
            listed = [one for one in listed if host in [full_name(name, one.named.namespace) for name in one.hosts]]
        candidates = []
        for one in (*listed, *found):
            entries = tuple(
                entry for entry in self._entries(one) if entry.carried in carried and perhaps_for(entry, source, number)
            )
            routed = one.requests if Carried.REQUESTS in carried else one.connections
            if entries or (one.broken and routed is not None):
                candidates.append((one, entries))
        return list(first_of(candidates, source.namespace, scoped=self._scoped))

    def at_waypoint(self, waypoint: Pod, server: Pod, port: int, service: Service, number: int) -> RequestRules | None:
        """The requests for a Service that its waypoint sends to a port of a pod; None: all of them."""
        host = of_service(service.namespace, service.name)
        homes = {waypoint.namespace, service.namespace}
        listed = [one for one in self._routes if one.named.namespace in homes and _for(one, host, waypoint.namespace)]
        candidates = []
        for one in (*listed, *self._service_routes.of(host, homes, number)):
            entries = tuple(entry for entry in self._entries(one) if entry.carried is Carried.REQUESTS)
            if entries or (one.broken and one.requests is not None):
                candidates.append((one, entries))
        # Earlier releases look at the waypoint's own namespace alone.
        near = [one for one in candidates if one[0].named.namespace == waypoint.namespace]
        chosen = [first_of(some, waypoint.namespace, scoped=False) for some in (candidates, near)]
        found = {
            self._from_waypoint(one, entries, waypoint, server, port, service, number)
            for listed in chosen
            for one, entries in listed
        }
        found |= {None} if not all(chosen) else set()
        if len(found) == 1:
            return found.pop()
        why = _OPEN if len(candidates) == len(near) else _OF_SERVICE
        named = dict.fromkeys(one.named.source for listed in chosen for one, _ in listed)
        return RequestRules(unsettled=tuple((one, why) for one in named), moved=True)

    def moving(self, service: Service, *, http: bool) -> Iterator[Source]:
        """The objects that may send elsewhere requests for a Service, or other connections."""
        host = of_service(service.namespace, service.name)
        for one in (*self._routes, *self._service_routes.all_of(host)):
            home = one.named.namespace
            routed = one.requests if http else one.connections
            if routed is None or not any(covers(full_name(name, home), host) for name in one.hosts):
                continue
            if one.broken or not routed.plain or any(full_name(name, home) != host for name, _ in routed.targets):
                yield one.named.source

    def _from_waypoint(
        self,
        one: VirtualService,
        entries: Sequence[Entry],
        waypoint: Pod,
        server: Pod,
        port: int,
        service: Service,
        number: int,
    ) -> RequestRules | None:
        if one.broken:
            return _unread(one, one.broken)
        host = of_service(service.namespace, service.name)
        other = False

        def keeps(target: Destination) -> bool:
            nonlocal other
            name = full_name(target.host, one.named.namespace)
            subset = self._in_subset(name, target.subset, server, False)
            kept = subset and self._leads_to(name, server, port, target.port or (number if name == host else None))
            other = other or (kept and name != host)
            return kept

        # Releases differ in whether it asks who the client is (which it is not) or passes over what asks that.
        found = set()
        for listed in (anybodys(entries), unlabelled(entries)):
            held = [entry for entry in listed if perhaps_for(entry, waypoint, number)]
            # What has no route for the port leaves all as it is.
            found.add(self._rules_of(one, held, waypoint, number, keeps, ALWAYS) if held else None)
        if other:
            return _unread(one, _ANOTHER)
        return found.pop() if len(found) == 1 else _unread(one, _WHOSE)

    def _entries(self, service: VirtualService) -> Iterator[Entry]:
        seen = {
            key: one.entries
            for key, one in self._delegates.items()
            if visible(one.exports, key[0], service.named.namespace)
        }
        return with_delegates(service.entries, seen)

    def _in_subset(self, host: str, subset: str, destination: Pod, headless: bool) -> bool:
        """Whether a subset has a pod. Of a headless Service proxies go to the pod that is dialled, whatever its labels
        are (clusters of type ORIGINAL_DST)."""
        if not subset:
            return True
        for rule in self._rules:
            if full_name(rule.host, rule.named.namespace) == host:
                for one in rule.subsets:
                    if one.name == subset:
                        return headless or selects(one.labels, destination) is not False
        return False

    def _rules_of(
        self,
        service: VirtualService,
        entries: Sequence[Entry],
        source: Pod,
        port: int,
        keeps: Callable[[Destination], bool],
        within: Formula,
    ) -> RequestRules | None:
        """What of the routes keeps requests on their way; None: all of it."""
        named = service.named
        rules: list[RequestRule] = []
        before: list[Formula] = []
        rewrites: list[tuple[Formula, Rewriting]] = []
        whole = changed = False
        for index, entry in enumerate(entries):
            matched, held = [], []
            for match in entry.matches or ({},):
                holds = holds_for(match, source, port)
                if holds is None:
                    return RequestRules(unsettled=((named.source, _LABELS),), moved=True)
                if holds:
                    matched.append(taken_by(match, entry))
                    held.append(match)
            taken = disjunction(matched) if matched else NEVER
            if taken == NEVER:
                continue
            sends = () if entry.answers or entry.aborts else entry.destinations
            if any(map(keeps, sends)):
                formula = conjunction((within, taken, *map(negation, before)))
                if entry.changes:
                    changed = True
                    for number, match in enumerate(held):
                        first = conjunction((formula, matched[number], *map(negation, matched[:number])))
                        rewrites.append((first, _rewriting(entry, match, keeps)))
                rules.append(RequestRule(index if entry.index is None else entry.index, formula, entry.place))
            elif any(map(keeps, () if entry.answers or entry.aborts else entry.mirrors)):
                return RequestRules(unsettled=((named.source, _MIRRORED),), moved=True)
            before.append(taken)
            whole = whole or taken == ALWAYS
        kept = [any(map(keeps, one.destinations)) and not (one.answers or one.aborts) for one in entries]
        carried = {one.carried for one in entries}
        if not changed and all(kept) and (whole or carried == {Carried.TLS} or carried == {Carried.BYTES}):
            # What no route of bytes or TLS takes goes on as it would without.
            return None
        if carried <= {Carried.TLS, Carried.BYTES}:
            rest = conjunction((within, *map(negation, before)))
            rules.append(RequestRule(len(entries), rest, named.place))
        away = dict.fromkeys(
            full_name(one.host, named.namespace)
            for entry in entries
            if not (entry.answers or entry.aborts)
            for one in entry.destinations
            if not keeps(one)
        )
        policy = RequestPolicy(
            named.kind,
            named.namespace,
            named.name,
            RequestAction.ALLOW,
            tuple(rules),
            named.place,
            provider=", ".join(away),
        )
        names = dict.fromkeys(one.owner for one in entries)
        policies: tuple[RequestPolicy, ...] = (policy,)
        if len(names) > 1:
            # Several objects are one to the proxy: each has the rules that it wrote.
            owners = {one.place: one.owner for one in entries}
            policies = tuple(
                replace(policy, name=name, rules=tuple(one for one in rules if owners.get(one.place) == name))
                for name in names
            )
        if not changed:
            return RequestRules(policies)
        # What all requests together become is not worked out, what one becomes is.
        alone = RequestRules(policies, rewrites=tuple(rewrites))
        return RequestRules(unsettled=((named.source, _CHANGES),), alone=alone)


def _for(route: VirtualService, host: str, client: str) -> bool:
    """Whether a VirtualService that a namespace sees has a name for a host."""
    home = route.named.namespace
    return visible(route.exports, home, client) and any(covers(full_name(name, home), host) for name in route.hosts)


def _rewriting(entry: Entry, match: Match, keeps: Callable[[Destination], bool]) -> Rewriting:
    """What becomes of a request that one match of a route takes, on its way to what ``keeps``."""
    own = entry.rewriting if entry.when is not None else of_match(entry.rewriting, match)
    found = {
        both(own, other)
        for target, other in zip(entry.destinations, entry.of_destinations, strict=True)
        if keeps(target)
    }
    return found.pop() if len(found) == 1 else replace(own, unsure="weighted destinations change it otherwise")


def _unread(service: VirtualService, why: str) -> RequestRules:
    return RequestRules(unsettled=((service.named.source, why),), moved=True)


__all__ = ["ClientRoutes"]
