"""Which requests a rule of a route takes at a listener: those for its hosts that match it, less what goes before it.

Sources: gateway.networking.k8s.io v1 (precedence of hosts and of matches; that of regular expressions is left to the
controller), istio ``pilot/pkg/config/kube/gateway/conversion.go`` (sortHTTPRoutes), networking.istio.io/v1
VirtualService (the first match counts; the most specific host of all routes takes a request).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ringfence.model.entries import Carried, Changes, Gateway, Listener, ListenerTls, RequestMatch, Route, RouteRule
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Exact, Suffix
from ringfence.sets.requests.attributes import HOST, SNI, Attribute
from ringfence.sets.requests.formulas import (
    ALWAYS,
    NEVER,
    Formula,
    Not,
    Predicate,
    conjunction,
    disjunction,
    negation,
    predicates_of,
)
from ringfence.sets.requests.hosts import of_host
from ringfence.sets.requests.spaces import Spaces
from ringfence.values import Value
from ringfence.verdict.meshed.request import Among
from ringfence.verdict.ways_in.routing import overlap

MOST_LINES = 8
"""Lines that say which requests a way lets in."""


class Taken(Value):
    """The requests that a rule surely takes at a listener, and those that it possibly does. ``hosts``: for these.
    ``shown``: what is asked of them beside their host. ``regular``: which they are hangs on where regular expressions
    go among other matches."""

    surely: Formula
    possibly: Formula
    hosts: tuple[str, ...]
    shown: Formula
    changes: Changes = Changes()
    regular: bool = False

    @property
    def known(self) -> bool:
        """Whether the two are one."""
        return self.surely == self.possibly

    def at_gateway(self, formula: Formula) -> Among:
        """Some of them, as their client writes them."""
        return Among(formula)

    def at_backend(self, formula: Formula) -> Among:
        """Some of them, as they are sent on: what is changed tells nothing of what was written."""
        changed = {*self.changes.attributes, *([HOST] if self.changes.host else [])}
        if not changed:
            return Among(formula)
        return Among(_renamed(formula, changed), self.changes.host, frozenset(self.changes.attributes))


class Requests:
    """The requests of routes. ``routes`` are all that there are, ``gateways`` too. ``ranks_by_sort``: whether who
    serves a Gateway puts regular expressions behind all prefixes."""

    def __init__(
        self, routes: Sequence[Route], gateways: Sequence[Gateway], ranks_by_sort: Callable[[Gateway], bool]
    ) -> None:
        self._routes = routes
        self._ranks_by_sort = ranks_by_sort
        self._gateways = {(one.api, one.namespace, one.name): one for one in gateways}
        self._together: dict[object, list[tuple[Route, Gateway, Listener]]] | None = None
        self.spaces = Spaces()

    def taken(self, route: Route, rule: RouteRule, gateway: Gateway, listener: Listener) -> Taken | None:
        """What a rule takes at a listener; None: it is not said in a form that is read."""
        if rule.matches is None:
            return None
        mine = [one for one in rule.matches if _applies(one, gateway, listener)]
        if rule.carries is Carried.BYTES or not mine or _is_of_bytes(route):
            found = ALWAYS if mine else NEVER
            return Taken(found, found, route.hosts, found, rule.changes)
        if rule.carries is Carried.TLS or route.kind == "TLSRoute":
            return self._of_names(route, rule, mine, listener)
        hosts = tuple(common(listener.hostname, route.hosts))
        beside = [one for one in self._beside(gateway, listener) if one[0] is not route]
        sure: list[Formula] = []
        possible: list[Formula] = []
        regular = False
        for host in hosts:
            others = [
                (other, place, at)
                for other, place, at in beside
                if host.lower() in (name.lower() for name in common(at.hostname, other.hosts))
            ]
            narrower = {
                name
                for other, place, at in self._beside(gateway, listener)
                for name in common(at.hostname, other.hosts)
                if name.lower() != host.lower() and overlap(host.lower(), name.lower()) and _narrower(name, host)
            }
            for_host = conjunction((of_host(host), *(negation(of_host(name)) for name in sorted(narrower))))
            for match in mine:
                before, maybe = self._before(route, rule, match, gateway, listener)
                first, perhaps, open_there = self._of_others(route, match, others)
                regular = regular or bool(maybe) or open_there
                own = conjunction((for_host, match.formula, *map(negation, before), *map(negation, first)))
                possible.append(own)
                sure.append(conjunction((own, *map(negation, maybe), *map(negation, perhaps))))
        shown = disjunction(
            conjunction((one.formula, *map(negation, self._before(route, rule, one, gateway, listener)[0])))
            for one in mine
        )
        return Taken(disjunction(sure), disjunction(possible), hosts, shown, rule.changes, regular)

    def _of_names(self, route: Route, rule: RouteRule, mine: list[RequestMatch], listener: Listener) -> Taken:
        """TLS by the names of servers."""
        hosts = tuple(common(listener.hostname, route.hosts))
        named = disjunction(one.formula for one in mine)
        if route.kind == "TLSRoute":
            named = disjunction(of_name(host) for host in hosts)
        return Taken(named, named, hosts, named, rule.changes)

    def _before(
        self, route: Route, rule: RouteRule, match: RequestMatch, gateway: Gateway, listener: Listener
    ) -> tuple[list[Formula], list[Formula]]:
        """What the matches of the same route take that go before one, and those that perhaps do."""
        first: list[Formula] = []
        perhaps: list[Formula] = []
        by_sort = self._ranks_by_sort(gateway)
        reached = False
        for other in route.rules:
            if other.carries is not rule.carries:
                continue
            for one in other.matches or ():
                reached = reached or one is match
                if one is match or not _applies(one, gateway, listener) or other is rule:
                    continue
                order = 0 if route.ordered else _compared(one, match, by_sort)
                if order is None:
                    perhaps.append(one.formula)
                elif order > 0 or (order == 0 and not reached):
                    first.append(one.formula)
        return first, perhaps

    def _of_others(
        self, route: Route, match: RequestMatch, others: Iterable[tuple[Route, Gateway, Listener]]
    ) -> tuple[list[Formula], list[Formula], bool]:
        """What other routes for the same host take first, what they perhaps do, and whether that hangs on regular
        expressions."""
        first: list[Formula] = []
        perhaps: list[Formula] = []
        regular = False
        for other, gateway, listener in others:
            for rule in other.rules:
                if rule.carries not in (None, Carried.REQUESTS):
                    continue
                if rule.matches is None:
                    perhaps.append(ALWAYS)
                    continue
                for one in rule.matches:
                    if not _applies(one, gateway, listener):
                        continue
                    by_sort = self._ranks_by_sort(gateway)
                    order = _order(route, match, other, one, by_sort)
                    if order is None:
                        regular = regular or _compared(one, match, by_sort) is None
                        perhaps.append(one.formula)
                    elif order:
                        first.append(one.formula)
        return first, perhaps, regular

    def _beside(self, gateway: Gateway, listener: Listener) -> list[tuple[Route, Gateway, Listener]]:
        """All routes at a port: where it ends no TLS, those of all gateways of the same pods."""
        if self._together is None:
            self._together = {}
            for route in self._routes:
                for parent in route.parents:
                    at = self._gateways.get((parent.api, parent.namespace, parent.gateway))
                    for one in () if at is None else at.listeners:
                        if at is not None and parent.section in ("", one.name) and parent.port in (None, one.port):
                            self._together.setdefault(_key(at, one), []).append((route, at, one))
        return self._together.get(_key(gateway, listener), [])

    def lines(self, formula: Formula) -> tuple[str, ...]:
        """Some requests in words, without their hosts where nothing but hosts is asked of these."""
        try:
            pieces = self.spaces.of(predicates_of((formula,))).set_of(formula).pieces(MOST_LINES)
        except TooLarge:
            return ("more kinds of requests than are listed",)
        return tuple(pieces.lines())

    def is_empty(self, formula: Formula) -> bool | None:
        """Whether no request is among them; None: too large to tell."""
        if formula in (ALWAYS, NEVER):
            return formula == NEVER
        try:
            return self.spaces.of(predicates_of((formula,))).set_of(formula).possibly().is_empty()
        except TooLarge:
            return None


def takes_some(route: Route, rule: RouteRule, gateway: Gateway, listener: Listener) -> bool:
    """Whether a rule is for a listener at all: for its port, its gateway, and a host of its."""
    if rule.matches is not None and not any(_applies(one, gateway, listener) for one in rule.matches):
        return False
    return next(common(listener.hostname, route.hosts), None) is not None


def _key(gateway: Gateway, listener: Listener) -> object:
    """Listeners whose routes are one table."""
    ends = listener.tls is not ListenerTls.NONE
    if not ends and gateway.pods is not None:
        return gateway.api, gateway.pods, listener.port
    return gateway.api, gateway.namespace, gateway.name, listener.port, listener.name if ends else ""


def _applies(match: RequestMatch, gateway: Gateway, listener: Listener) -> bool:
    if match.ports and listener.port not in match.ports:
        return False
    return not match.gateways or (gateway.namespace, gateway.name) in match.gateways


def _is_of_bytes(route: Route) -> bool:
    return route.kind in ("TCPRoute", "UDPRoute")


def _compared(one: RequestMatch, other: RequestMatch, by_sort: bool) -> int | None:
    """Greater than 0: the first is the more specific one; less: the other is; 0: neither; None: the controller alone
    knows."""
    if not by_sort and (one.regular or other.regular):
        return None
    first, second = (one.by_sort, other.by_sort) if by_sort else (one.rank, other.rank)
    return (first > second) - (first < second)


def _order(route: Route, match: RequestMatch, other: Route, one: RequestMatch, by_sort: bool) -> bool | None:
    """Whether the match of another route goes before this one; None: it is not known."""
    order = _compared(one, match, by_sort)
    if order != 0:
        return None if order is None else order > 0
    if route.ordered and (match.formula == ALWAYS) != (one.formula == ALWAYS):
        # What takes everything goes last.
        return match.formula == ALWAYS
    if not route.created or not other.created:
        return None
    mine, others = (route.created, route.namespace, route.name), (other.created, other.namespace, other.name)
    return others < mine if route.created != other.created or not route.ordered else None


def common(hostname: str, hosts: Sequence[str]) -> Iterator[str]:
    """The names for which both a listener and a route are: the narrower of two. ``*``: any."""
    if not hosts:
        yield hostname or "*"
        return
    for host in hosts:
        if not hostname or hostname == "*":
            yield host
        elif overlap(hostname.lower(), host.lower()):
            yield host if _narrower(host, hostname) else hostname


def _narrower(one: str, other: str) -> bool:
    """Whether a name says more than another one that it overlaps with."""
    if other == "*":
        return one != "*"
    if not one.startswith("*"):
        return other.startswith("*")
    return other.startswith("*") and len(one) > len(other)


def of_name(host: str) -> Formula:
    """TLS that asks for a server by a name."""
    if host in ("", "*"):
        return ALWAYS
    pattern = Suffix(host[1:], ignore_case=True) if host.startswith("*") else Exact(host, ignore_case=True)
    return Predicate(SNI, pattern)


def _renamed(formula: Formula, changed: set[Attribute]) -> Formula:
    """The formula about what the client wrote, where that is no longer what is seen."""
    if isinstance(formula, Predicate):
        one = formula.attribute
        if one not in changed:
            return formula
        key = f"{one.name} {one.key}".strip()
        return Predicate(Attribute("written", key, one.values, one.required, one.many), formula.pattern)
    if isinstance(formula, Not):
        return Not(_renamed(formula.part, changed))
    return type(formula)(tuple(_renamed(part, changed) for part in formula.parts))


__all__ = ["Requests", "Taken", "takes_some"]
