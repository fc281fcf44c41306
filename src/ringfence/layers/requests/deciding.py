"""What a point says of one request, or of all of them, and who says it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from enum import Enum

from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import (
    Conditions,
    Match,
    any_of,
    certain,
    conditions,
    issued,
    possibly,
    space_of,
    surely,
)
from ringfence.layers.requests.residue import open_attributes, residue
from ringfence.model.mesh import PointSort, RequestPolicy, RequestRules, Source
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.formulas import ALWAYS, NEVER, Formula, conjunction, predicates_of
from ringfence.sets.requests.request import Request
from ringfence.sets.requests.request_sets import RequestSet, Undecided
from ringfence.sets.requests.spaces import Spaces
from ringfence.values import Value, replace


class Outcome(Enum):
    """What becomes of the requests. ``SOME``: some surely pass, and some surely do not."""

    PASS = "pass"
    REFUSED = "refused"
    SOME = "some"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__


class Step(Enum):
    """What settled it."""

    NOTHING_ASKED = "nothing-asked"
    """No policy allows and none denies what is asked about: everything passes."""
    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not-allowed"
    """Policies allow, but none of them this."""
    TOKEN = "token"
    """The request has a token that is not taken."""
    SERVICE = "external-service"
    """An external service decides, and nobody knows how."""
    SERVICE_MISSING = "external-service-missing"
    """An external service should decide and cannot be asked."""
    ROUTED = "routed-elsewhere"
    """No policy refuses it: the proxy sends it elsewhere, or answers it itself."""
    UNSETTLED = "unsettled"
    """Something of the input may change the outcome, and is not modelled."""
    OPEN = "open"
    """It hangs on something that is not known."""
    MIXED = "mixed"
    TOO_LARGE = "too-large"

    __hash__ = object.__hash__


class Decision(Value):
    """The outcome, and what settled it. ``sources``: the rules or policies that did. ``symptom``: what the client sees
    of a refusal. ``hangs_on``: open attributes that could turn it. ``passes``, ``refused`` (SOME): a request of each.
    ``passing``: all that pass, of those that were asked about; None: not exactly known.
    """

    outcome: Outcome
    step: Step
    text: str
    sources: tuple[Source, ...] = ()
    symptom: str = "none"
    hangs_on: tuple[Attribute, ...] = ()
    passes: Request | None = None
    refused: Request | None = None
    passing: Formula | None = None


def decide(
    rules: RequestRules,
    facts: Facts,
    sort: PointSort,
    *,
    http: bool,
    spaces: Spaces | None = None,
    among: Formula = ALWAYS,
) -> Decision:
    """What a point says of the requests that ``facts`` leave: of one, or of all of which ``among`` is true."""
    return _Deciding(rules, facts, sort, http, spaces, among).decision()


class Outcomes:
    """What points say of requests, without the words: decided once for everything that asks the same of them."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces
        self._known: dict[Hashable, Outcome] = {}

    def of(self, rules: RequestRules, facts: Facts) -> Outcome:
        """The outcome of ``decide``."""
        if rules.unsettled:
            return Outcome.UNKNOWN
        found = conditions(rules, facts)
        first = found.passes(service=False)
        second = found.passes(service=True) if found.asked_of_service else first
        if first == second == ALWAYS:
            return Outcome.PASS
        if second == NEVER:
            return Outcome.REFUSED
        hangs_on = open_attributes((one.attribute for one in predicates_of((first, second, found.possible))), facts)
        key = (first, second, found.possible, hangs_on)
        outcome = self._known.get(key)
        if outcome is None:
            outcome = self._known[key] = self._decided(first, second, found.possible, facts)
        return outcome

    def _decided(self, first: Formula, second: Formula, possible: Formula, facts: Facts) -> Outcome:
        try:
            space = space_of((first, second), possible, self._spaces)
            perhaps = possibly(second, space, facts)
            if perhaps.is_empty():
                return Outcome.REFUSED
            passing = surely(first, space, facts)
        except TooLarge:
            return Outcome.UNKNOWN
        if passing.is_everything():
            return Outcome.PASS
        return Outcome.UNKNOWN if passing.is_empty() or perhaps.is_everything() else Outcome.SOME


class _Deciding:
    def __init__(
        self, rules: RequestRules, facts: Facts, sort: PointSort, http: bool, spaces: Spaces | None, among: Formula
    ) -> None:
        self.rules = rules
        self.facts = facts
        self.refusal = "reset" if sort is PointSort.NODE else "http-403" if http else "eof"
        self.spaces = spaces
        found = conditions(rules, facts)
        self.found: Conditions = replace(found, possible=conjunction((found.possible, among)))

    def decision(self) -> Decision:
        """The outcome, with the requests that pass where these are exactly known."""
        decision = self._decided()
        if decision.outcome is Outcome.PASS:
            return replace(decision, passing=ALWAYS)
        first, second = self.found.passes(service=False), self.found.passes(service=True)
        if decision.outcome is not Outcome.SOME or first != second:
            return decision
        exact = not open_attributes((one.attribute for one in predicates_of((first,))), self.facts)
        return replace(decision, passing=first) if exact else decision

    def _decided(self) -> Decision:
        if self.rules.unsettled:
            return self._unsettled()
        try:
            refused = self._refused()
            if refused is not None:
                return refused
            return self._passed() or self._open()
        except TooLarge as reason:
            text = f"the policies tell apart more requests than are looked at: {reason}"
            return Decision(Outcome.UNKNOWN, Step.TOO_LARGE, text, self._sources(self.found.denied))

    def _unsettled(self) -> Decision:
        (first, why), *_ = self.rules.unsettled
        sources = tuple(source for source, _ in self.rules.unsettled)
        return Decision(Outcome.UNKNOWN, Step.UNSETTLED, f"{first.kind} {_name(first)}: {why}", sources)

    def _certain(self, formula: Formula) -> bool | None:
        return certain(formula, self.facts, self.found.possible, self.spaces)

    def _refused(self) -> Decision | None:
        """The first step that refuses everything; None where not everything is refused."""
        found = self.found
        if self._certain(found.passes(service=True)) is not False:
            return None
        if decided := self._denied(found.refused_by_service, Step.SERVICE_MISSING):
            return decided
        if self._certain(found.validated) is False:
            return self._token()
        if decided := self._denied(found.denied, Step.DENIED):
            return decided
        if found.allowing and self._certain(any_of(found.allowed)) is False:
            return self._not_allowed()
        if found.routed and self._certain(any_of(found.routed)) is True:
            return self._routed()
        matches = (*found.refused_by_service, *found.denied, *found.routed)
        text = "every request is refused, by one policy or another"
        return Decision(Outcome.REFUSED, Step.DENIED, text, self._sources(matches), self.refusal)

    def _denied(self, matches: tuple[Match, ...], step: Step) -> Decision | None:
        if not matches or self._certain(any_of(matches)) is not True:
            return None
        telling = self._telling(matches)
        match = telling[0]
        rule = _rules(telling)
        if step is Step.DENIED:
            text = f"{rule} denies it"
        else:
            text = f"{rule} leaves it to an external service that cannot be asked, so it is refused"
        return Decision(Outcome.REFUSED, step, _noted(text, match), self._sources(telling), self.refusal)

    def _telling(self, matches: tuple[Match, ...]) -> list[Match]:
        """The first rule that surely matches; where it is not always the same one, all that may."""
        sure = next((match for match in matches if self._certain(match.when)), None)
        return list(matches) if sure is None else [sure]

    def _token(self) -> Decision:
        sources = tuple(dict.fromkeys(issuer.source for issuer in self.rules.issuers))
        names = ", ".join(dict.fromkeys(f"{source.kind} {_name(source)}" for source in sources))
        if self._certain(residue(issued(self.rules.issuers), self.facts)):
            # Envoy answers 401 to every fault of a token but this one.
            text = f"the request has a token for none of the audiences that {names} names"
            return Decision(Outcome.REFUSED, Step.TOKEN, text, sources, "http-403")
        text = f"the request has a token that none of the issuers and audiences of {names} takes"
        return Decision(Outcome.REFUSED, Step.TOKEN, text, sources, "http-401")

    def _not_allowed(self) -> Decision:
        policies = self.found.allowing
        sources = tuple(map(_source, policies))
        if len(policies) == 1:
            text = f"{_policy(policies[0])} allows requests, and none of its rules this one"
        else:
            text = f"{len(policies)} policies allow requests, and no rule of theirs this one"
        return Decision(Outcome.REFUSED, Step.NOT_ALLOWED, text, sources, self.refusal)

    def _routed(self) -> Decision:
        matches = self.found.routed
        named = ", ".join(dict.fromkeys(_policy(match.policy) for match in matches))
        others = ", ".join(dict.fromkeys(match.policy.provider for match in matches if match.policy.provider))
        does = f"sends it to {others}, or answers it" if others else "answers it"
        sources = tuple(dict.fromkeys(_source(match.policy) for match in matches))
        return Decision(Outcome.REFUSED, Step.ROUTED, f"the proxy on the way {does}, as {named} says", sources)

    def _passed(self) -> Decision | None:
        found = self.found
        if self._certain(found.passes(service=False)) is not True:
            return None
        if not found.allowing:
            judged = any(not one.routes for one in self.rules.policies)
            text = "no policy denies it" if judged else "no policy judges it"
            return Decision(Outcome.PASS, Step.NOTHING_ASKED, text)
        telling = self._telling(found.allowed)
        text = f"{_rules(telling)} allows it"
        return Decision(Outcome.PASS, Step.ALLOWED, _noted(text, telling[0]), self._sources(telling))

    def _open(self) -> Decision:
        """Neither everything passes, nor is everything refused."""
        found = self.found
        first, second = found.passes(service=False), found.passes(service=True)
        space = space_of((first, second), found.possible, self.spaces)
        passing = surely(first, space, self.facts)
        failing = possibly(second, space, self.facts).complement()
        if not passing.is_empty() and not failing.is_empty():
            text = "some requests pass, and some do not"
            sources = self._sources((*found.refused_by_service, *found.denied, *found.allowed, *found.routed))
            return Decision(
                Outcome.SOME, Step.MIXED, text, sources, self.refusal, (), _witness(passing), _witness(failing)
            )
        asked = [match for match in found.asked_of_service if self._certain(match.when) is not False]
        if asked and (passing | failing).is_empty() and self._certain(second) is True:
            match = asked[0]
            service = match.policy.provider or "an external service"
            text = f"{service} decides, because of rule {match.rule.index} of {_policy(match.policy)}"
            return Decision(Outcome.UNKNOWN, Step.SERVICE, _noted(text, match), self._sources(asked))
        return self._hanging(first, second, asked)

    def _hanging(self, first: Formula, second: Formula, asked: list[Match]) -> Decision:
        attributes = (predicate.attribute for predicate in predicates_of((first, second)))
        hangs_on = open_attributes(attributes, self.facts)
        found = self.found
        matches = (*found.refused_by_service, *asked, *found.denied, *found.allowed, *found.routed)
        open_matches = [match for match in matches if self._certain(match.when) is None]
        if not hangs_on and asked:
            text = "an external service decides about some requests, and nobody knows how"
            return Decision(Outcome.UNKNOWN, Step.SERVICE, text, self._sources(asked))
        names = ", ".join(map(str, hangs_on))
        text = f"it hangs on {names or 'a pattern that is not decided'}, which is not known"
        return Decision(Outcome.UNKNOWN, Step.OPEN, text, self._sources(open_matches or matches), "none", hangs_on)

    def _sources(self, matches: Iterable[Match]) -> tuple[Source, ...]:
        return tuple(
            dict.fromkeys(
                Source(one.policy.kind, one.policy.namespace, one.policy.name, one.rule.place, one.rule.index)
                for one in matches
            )
        )


def _source(policy: RequestPolicy) -> Source:
    return Source(policy.kind, policy.namespace, policy.name, policy.place)


def _witness(requests: RequestSet) -> Request | None:
    try:
        return requests.witness()
    except Undecided:
        return None


def _noted(text: str, match: Match) -> str:
    return f"{text} ({match.rule.note})" if match.rule.note else text


def _policy(policy: RequestPolicy) -> str:
    return f"{policy.kind} {policy.namespace}/{policy.name}" if policy.namespace else f"{policy.kind} {policy.name}"


def _rules(matches: list[Match]) -> str:
    names = [f"rule {match.rule.index} of {_policy(match.policy)}" for match in matches]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _name(source: Source) -> str:
    return f"{source.namespace}/{source.name}" if source.namespace else source.name


__all__ = ["Decision", "Outcome", "Outcomes", "Step", "decide"]
