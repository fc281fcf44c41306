"""What a client's sidecar makes of a call by the VirtualServices of the mesh: which requests for a host it sends to a
destination, and which it sends elsewhere, answers, or refuses.

Source: istio ``pilot/pkg/networking/core/httproute.go`` (which VirtualService is a host's), ``route/route.go`` (order,
faults, what matches nothing), ``listener.go`` and ``tls.go`` (routes of bytes and of TLS).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ringfence.dialects.istio.ages import oldest
from ringfence.dialects.istio.hosts import covers, full_name, most_specific, of_service, visible
from ringfence.dialects.istio.objects import DestinationRule, VirtualService
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.route_objects import Destination, Entry, Match, with_delegates
from ringfence.dialects.istio.string_matches import formula_of
from ringfence.model.cluster import Pod, Service
from ringfence.model.entries import Carried
from ringfence.model.mesh import RequestAction, RequestPolicy, RequestRule, RequestRules, Source, Speech
from ringfence.sets.requests.formulas import ALWAYS, NEVER, Formula, conjunction, disjunction, negation
from ringfence.sets.requests.hosts import in_hosts
from ringfence.values import replace

LeadsTo = Callable[[str, Pod, int, int | None], bool]
"""Whether a host leads to a port of a pod, dialled at a port of its own (None: whichever)."""
_OPEN = "several VirtualServices are for this host, and which is the oldest is not known"
_LABELS = "whether it holds for this client hangs on a label that the input does not give"
_CHANGES = "changes what the client wrote before it is sent, and what of it is not modelled"
_UNREAD = "may answer, refuse or send elsewhere what is meant for the host"


class ClientRoutes:
    """The routes of one mesh. ``leads_to`` says where hosts lead; ``rules`` what subsets are."""

    def __init__(
        self,
        services: Iterable[VirtualService],
        rules: Iterable[DestinationRule],
        leads_to: LeadsTo,
        is_inside: Callable[[str], bool],
    ) -> None:
        listed = tuple(services)
        self._routes = tuple(one for one in listed if one.inside and one.hosts)
        self._delegates = {(one.named.namespace, one.named.name): one for one in listed if not one.hosts}
        self._rules = tuple(rules)
        self._leads_to = leads_to
        self._is_inside = is_inside
        self.by_labels = any(
            match.get("sourceLabels") for one in listed for entry in one.entries for match in entry.matches
        )
        """Whether some route asks for labels of clients."""

    def __bool__(self) -> bool:
        return bool(self._routes)

    def to_service(
        self, source: Pod, destination: Pod | None, port: int, service: Service, number: int, speech: Speech
    ) -> RequestRules | None:
        """The requests for a Service that are sent to a port of a pod; None: all of them. ``number``: of the Service's
        port that is dialled."""
        host = of_service(service.namespace, service.name)
        found = self._for_host(host, source)
        if not found:
            return None
        if len(found) > 1:
            return RequestRules(unsettled=tuple((one.named.source, _OPEN) for one in found))
        one = found[0]
        if one.broken or one.named.kind != "VirtualService":
            said = one.connections if speech is Speech.TCP else one.requests
            if said is None and not one.broken:
                return None
            home = one.named.namespace
            keeps_all = (
                said is not None and said.plain and all(full_name(name, home) == host for name, _ in said.targets)
            )
            return None if keeps_all and not one.broken else _unread(one, one.broken or _UNREAD)
        carried = (Carried.BYTES, Carried.TLS) if speech is Speech.TCP else (Carried.REQUESTS,)
        entries = [entry for entry in self._entries(one) if entry.carried in carried]
        if not entries:
            return None

        def keeps(target: Destination) -> bool:
            name = full_name(target.host, one.named.namespace)
            if destination is None:
                return name == host and target.port in (None, number)
            subset = self._in_subset(name, target.subset, destination, name == host and service.headless)
            return subset and self._leads_to(name, destination, port, target.port or (number if name == host else None))

        return self._rules_of(one, entries, source, number, keeps, ALWAYS)

    def to_outside(self, source: Pod, port: int) -> RequestRules | None:
        """The requests that are sent to the address outside that they are meant for; None: all of them."""
        rules: list[RequestRule] = []
        policies: list[RequestPolicy] = []
        unsettled: list[tuple[Source, str]] = []
        others: list[Formula] = []
        for one in self._routes:
            home = one.named.namespace
            hosts = [host for host in (full_name(name, home) for name in one.hosts) if not self._is_inside(host)]
            if not hosts or not visible(one.exports, home, source.namespace):
                continue
            for_it = in_hosts(hosts)

            def keeps(target: Destination, hosts: Sequence[str] = hosts, home: str = home) -> bool:
                return any(covers(host, full_name(target.host, home)) for host in hosts)

            found = self._rules_of(one, list(self._entries(one)), source, port, keeps, for_it)
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

    def routes(self, service: Service, source: Pod) -> bool:
        """Whether a client has routes for a Service."""
        return bool(self._for_host(of_service(service.namespace, service.name), source))

    def _for_host(self, host: str, source: Pod) -> list[VirtualService]:
        """The VirtualService of a host: of those with the narrowest name for it the oldest; several where that is not
        known."""
        seen = [one for one in self._routes if visible(one.exports, one.named.namespace, source.namespace)]
        names = {full_name(name, one.named.namespace) for one in seen for name in one.hosts}
        best = most_specific(names, host)
        if best is None:
            return []
        found = [one for one in seen if best in [full_name(name, one.named.namespace) for name in one.hosts]]
        return list(oldest(found))

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
        whole = False
        for index, entry in enumerate(entries):
            matched = []
            for match in entry.matches or ({},):
                holds = _holds_for(match, source, port, named.namespace)
                if holds is None:
                    return RequestRules(unsettled=((named.source, _LABELS),))
                if holds:
                    matched.append(_formula(match, entry))
            taken = disjunction(matched) if matched else NEVER
            if taken == NEVER:
                continue
            sends = () if entry.answers or entry.aborts else entry.destinations
            if any(map(keeps, sends)):
                if entry.changes:
                    return RequestRules(unsettled=((named.source, _CHANGES),))
                formula = conjunction((within, taken, *map(negation, before)))
                rules.append(RequestRule(index, formula, entry.place))
            before.append(taken)
            whole = whole or taken == ALWAYS
        kept = [any(map(keeps, one.destinations)) and not (one.answers or one.aborts) for one in entries]
        carried = {one.carried for one in entries}
        if all(kept) and (whole or carried == {Carried.TLS} or carried == {Carried.BYTES}):
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
        return RequestRules((policy,))


def _unread(service: VirtualService, why: str) -> RequestRules:
    return RequestRules(unsettled=((service.named.source, why),))


def _holds_for(match: Match, source: Pod, port: int, home: str) -> bool | None:
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


def _formula(match: Match, entry: Entry) -> Formula:
    if entry.carried is Carried.REQUESTS:
        return formula_of(match)
    if entry.carried is Carried.TLS:
        # Who asks for a server by its name in TLS is taken to ask for the host of the same name.
        names = match.get("sniHosts")
        return in_hosts([str(one) for one in names]) if isinstance(names, list) else NEVER
    return ALWAYS


__all__ = ["ClientRoutes"]
