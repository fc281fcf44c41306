"""By which objects a flow changed where a mesh has a say: the smallest choice of the changes after which the witness is
answered as in the state after.

The state before is built with some of the objects as they are after, and asked. So every kind of object can be a cause:
what selects the ends, what the mesh says, what it is told of itself, who the ends are, and policies of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from ringfence.sets.ports import PROTOCOLS
from ringfence.sets.requests.attributes import AUDIENCES, HOST, METHOD, PATH, PRESENTER, PRINCIPAL
from ringfence.sets.requests.request import Request as Known
from ringfence.sets.requests.request_sets import RequestSet
from ringfence.values import Value
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.flow import asked
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.contents import Contents, alternatives
from ringfence.verdict.meshed.differing import Aspect, Differing
from ringfence.verdict.meshed.forms import protections, unbound
from ringfence.verdict.meshed.request import Request, request

Ids = frozenset[int]
Names = tuple[str, str]
"""Source and destination, as ``can`` takes them."""
_RANKS = {Verdict.DENIED: 0, Verdict.UNKNOWN: 1, Verdict.MIXED: 1, Verdict.ALLOWED: 2}


class Mixtures(Protocol):
    """States between two."""

    @property
    def altered(self) -> Sequence[Altered]:
        """All objects that differ."""

    def state(self, chosen: Ids) -> MeshedAsker | None:
        """The state before with these changes; None: too many have been made."""


class Telling(Value):
    """What to ask so that the answers differ: requests of which more pass after, and of which fewer do. None: no
    request; all of them together."""

    gained: Request | None = None
    lost: Request | None = None

    @property
    def requests(self) -> tuple[Request | None, ...]:
        """Each of them once."""
        found = tuple(one for one in (self.gained, self.lost) if one is not None)
        return found or (None,)


class LayeredAttribution:
    """Finds witnesses and causes of changes between two states."""

    def __init__(
        self, contents: Contents, before: MeshedAsker, after: MeshedAsker, mixtures: Callable[[], Mixtures] | None
    ) -> None:
        """``mixtures`` None: causes are not asked for."""
        self.contents = contents
        self.askers = before, after
        self._mixtures = mixtures
        self._answers: dict[tuple[object, ...], object] = {}

    @cached_property
    def mixtures(self) -> Mixtures:
        """The states between."""
        assert self._mixtures is not None
        return self._mixtures()

    @property
    def changes(self) -> Sequence[Altered]:
        """All objects that differ."""
        return self.mixtures.altered

    # Asking.

    def answer(self, asker: MeshedAsker, names: Names, port: int, one: Request | None) -> Answer | None:
        """What is said of a flow; None: the state lacks an end of it."""
        key = (id(asker), names, port, _key(one))
        if key not in self._answers:
            self._answers[key] = self._asked(asker, names, port, one)
        found = self._answers[key]
        assert found is None or isinstance(found, Answer)
        return found

    @staticmethod
    def _asked(asker: MeshedAsker, names: Names, port: int, one: Request | None) -> Answer | None:
        directory = asker.asker.directory
        try:
            source, destination = (directory.find(text) for text in names)
            return asker.can(source, destination, asked(port & 0xFFFF, PROTOCOLS[port >> 16]), one)
        except EndError:
            return None

    def outcome(self, asker: MeshedAsker, names: Names, port: int, one: Request | None, aspect: Aspect) -> object:
        """What an aspect comes to; None: the state lacks an end."""
        if aspect is Aspect.REACH:
            answer = self.answer(asker, names, port, one)
            return None if answer is None else answer.verdict
        key = (id(asker), names, port, _key(one), aspect)
        if key not in self._answers:
            directory = asker.asker.directory
            ask = unbound if aspect is Aspect.UNBOUND else protections
            try:
                source, destination = (directory.find(text) for text in names)
                question = asked(port & 0xFFFF, PROTOCOLS[port >> 16])
                self._answers[key] = ask(asker, source, destination, question, one)
            except EndError:
                self._answers[key] = None
        return self._answers[key]

    def verdict(
        self, asker: MeshedAsker, names: Names, port: int, one: Request | None, aspect: Aspect
    ) -> Verdict | None:
        """What is said of a request, where the aspect is one of reach; None: there is no such end."""
        found = self.outcome(asker, names, port, one, aspect)
        return found if isinstance(found, Verdict) else None

    # Witnesses.

    def telling(self, names: tuple[Names, Names], port: int, differing: Differing) -> Telling:
        """Requests that show a difference, as the two states answer them; a state that lacks an end (its name is empty)
        lets none pass."""
        if differing.plain or differing.aspect is Aspect.PROTECTION:
            return Telling()
        stands = self.contents.stands(differing.before, differing.after)
        if stands is None:
            return Telling()
        gained = self._first((stands.sure_gain, stands.gained), names, port, differing.aspect, 1)
        lost = self._first((stands.sure_loss, stands.lost), names, port, differing.aspect, -1)
        return Telling(gained, lost)

    def _first(
        self, sets: tuple[RequestSet, ...], names: tuple[Names, Names], port: int, aspect: Aspect, sign: int
    ) -> Request | None:
        for requests in sets:
            for found in alternatives(requests):
                one = concrete(found) if isinstance(found, Known) else None
                if one is None:
                    continue
                old, new = (
                    self.verdict(asker, own, port, one, aspect) if all(own) else Verdict.DENIED
                    for asker, own in zip(self.askers, names, strict=True)
                )
                if old is not None and new is not None and (_RANKS[new] - _RANKS[old]) * sign > 0:
                    return one
        return None

    # Causes.

    def causes(self, names: tuple[Names, Names], port: int, aspect: Aspect, telling: Telling) -> tuple[Ids, bool, bool]:
        """``(changes, whether they alone make the difference, whether they could be looked for)``."""
        wanted = [self.outcome(self.askers[1], names[1], port, one, aspect) for one in telling.requests]
        known = [self.outcome(self.askers[0], names[0], port, one, aspect) for one in telling.requests]
        if None in wanted or known == wanted:
            return frozenset(), False, True

        def reached(chosen: Ids) -> bool | None:
            asker = self.mixtures.state(chosen)
            if asker is None:
                return None
            for own in dict.fromkeys((names[0], names[1])):
                found = [self.outcome(asker, own, port, one, aspect) for one in telling.requests]
                if found == wanted:
                    return True
            return False

        named = self._named(names, port, telling)
        first = sorted(range(len(self.changes)), key=lambda number: (number not in named, number))
        if not first:
            return frozenset(), False, True
        for number in first:
            found = reached(frozenset((number,)))
            if found is None:
                return frozenset(), False, False
            if found:
                return frozenset((number,)), True, True
        chosen = frozenset(first)
        whole = reached(chosen)
        if not whole:
            return frozenset(), False, whole is not None
        for number in reversed(first):
            if len(chosen) > 1:
                found = reached(chosen - {number})
                if found is None:
                    return frozenset(), False, False
                chosen = chosen - {number} if found else chosen
        return chosen, True, True

    def _named(self, names: tuple[Names, Names], port: int, telling: Telling) -> set[int]:
        """The changes of objects that the answers name."""
        decided = {
            (one.kind, one.namespace, one.name)
            for asker, own in zip(self.askers, names, strict=True)
            for asking in telling.requests
            if (answer := self.answer(asker, own, port, asking)) is not None and answer.layered is not None
            for layer in answer.layered.layers
            for one in layer.decided_by
        }
        return {
            number
            for number, one in enumerate(self.changes)
            if (one.kind, one.namespace, one.name) in decided or (one.kind, one.namespace or "", one.name) in decided
        }


def _key(one: Request | None) -> object:
    if one is None:
        return None
    claims = None if one.claims is None else tuple(sorted(one.claims.items()))
    return one.method, one.target, one.host, tuple(sorted(one.headers.items())), claims, one.identity


def concrete(known: Known) -> Request | None:
    """A request of the algebra as one that can be asked; None where it cannot."""
    values = dict(known.values)
    headers, claims, parameters = {}, dict(_claims(known)), {}
    for attribute, value in known.values:
        if attribute.name == "header":
            headers[attribute.key] = str(value)
        elif attribute.name == "query":
            parameters[attribute.key] = str(value)
    method, path, host = (values.get(attribute) for attribute in (METHOD, PATH, HOST))
    tail = "&".join(f"{name}={value}" for name, value in parameters.items())
    try:
        one = request(
            str(method) if method is not None else "GET",
            (str(path) if path is not None else "/") + (f"?{tail}" if tail else ""),
            str(host) if host is not None else None,
            headers,
        )
    except EndError:
        return None
    if one is None or one.query != parameters:
        # What proxies may read in several ways, no client can ask for.
        return None
    texts = [
        one.method,
        one.target,
        one.host,
        *headers.values(),
        *(text for texts in claims.values() for text in texts),
    ]
    if not all(text.isprintable() for text in texts):
        return None
    if not claims:
        return one
    told = {where: texts[0] if len(texts) == 1 else texts for where, texts in claims.items()}
    return Request(one.method, one.path, one.host, one.headers, told, query=one.query)


def _claims(known: Known) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The claims of a token that has what a request asks of one."""
    for attribute, value in known.values:
        texts = value if isinstance(value, tuple) else (str(value),)
        if attribute.name == "claim":
            yield tuple(attribute.key.split("][")), texts
        elif attribute == AUDIENCES:
            yield ("aud",), texts
        elif attribute == PRESENTER:
            yield ("azp",), texts
        elif attribute == PRINCIPAL:
            issuer, _, subject = texts[0].rpartition("/")
            yield ("iss",), (issuer,)
            yield ("sub",), (subject,)
