"""The rules of one point as conditions, in the order in which they are asked, and the requests that pass them all.

External services are asked first, then tokens are validated, then what denies is tried, then what allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.residue import open_attributes, residue
from ringfence.model.mesh import RequestAction, RequestPolicy, RequestRule, RequestRules, TokenIssuer
from ringfence.sets.languages.patterns import Exact, Present
from ringfence.sets.requests.attributes import Attribute, claim
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
from ringfence.sets.requests.request_sets import Bounds, RequestSet
from ringfence.sets.requests.spaces import Space, Spaces
from ringfence.values import Value

TOKEN_NAMES = ("claim", "principal", "audiences", "presenter")
ISSUER = claim("iss")
AUDIENCE = claim("aud")


class Match(Value):
    """A rule of a policy, and the condition under which it matches."""

    policy: RequestPolicy
    rule: RequestRule
    when: Formula


class Conditions(Value):
    """What a point asks, with everything known left out. ``validated``: the token that the request has, if any, is one
    that is taken. ``allowing``: the policies that allow; where there are any, what none of them allows is refused.
    ``possible``: the requests that are looked at. Where these are many, those with a token that is not taken are not
    among them: they are refused, and nobody means them. ``routed``: what gets past all of it is sent elsewhere."""

    refused_by_service: tuple[Match, ...]
    asked_of_service: tuple[Match, ...]
    validated: Formula
    denied: tuple[Match, ...]
    allowed: tuple[Match, ...]
    allowing: tuple[RequestPolicy, ...]
    possible: Formula = ALWAYS
    routed: tuple[Match, ...] = ()

    def passes(self, *, service: bool) -> Formula:
        """Requests that pass; ``service``: what external services may allow, they do."""
        parts = [
            negation(any_of(self.refused_by_service)),
            self.validated,
            negation(any_of(self.denied)),
            any_of(self.allowed) if self.allowing else ALWAYS,
            negation(any_of(self.routed)),
        ]
        if not service:
            parts.append(negation(any_of(self.asked_of_service)))
        return conjunction(parts)


def any_of(matches: Iterable[Match]) -> Formula:
    """Some of the rules match."""
    return disjunction(match.when for match in matches)


def conditions(rules: RequestRules, facts: Facts) -> Conditions:
    """The conditions of a point. Where tokens are not looked at, nothing of one is known to it."""
    seen = facts if rules.issuers else _without_token(rules, facts)
    enforced = [policy for policy in rules.policies if not policy.shadow]
    allowing = [policy for policy in enforced if policy.action is RequestAction.ALLOW]
    denying = [policy for policy in enforced if policy.action is RequestAction.DENY]
    external = [policy for policy in enforced if policy.action is RequestAction.EXTERNAL]
    token = residue(validated(rules.issuers, tuple(_attributes(rules))), seen) if rules.issuers else ALWAYS
    many = not facts.whole and token != NEVER
    return Conditions(
        refused_by_service=tuple(_matches((one for one in external if one.refuses), seen)),
        asked_of_service=tuple(_matches((one for one in external if not one.refuses), seen)),
        validated=ALWAYS if many else token,
        denied=tuple(_matches((one for one in denying if not one.routes), seen)),
        allowed=tuple(_matches(allowing, seen)),
        allowing=tuple(allowing),
        possible=token if many else ALWAYS,
        routed=tuple(_matches((one for one in denying if one.routes), seen)),
    )


def _matches(policies: Iterable[RequestPolicy], facts: Facts) -> Iterator[Match]:
    for policy in policies:
        for rule in policy.rules:
            when = residue(rule.formula, facts)
            if when != NEVER:
                yield Match(policy, rule, when)


def _attributes(rules: RequestRules) -> Iterator[Attribute]:
    for policy in rules.policies:
        for predicate in predicates_of(rule.formula for rule in policy.rules):
            yield predicate.attribute


def _without_token(rules: RequestRules, facts: Facts) -> Facts:
    absent = {attribute: None for attribute in _attributes(rules) if attribute.name in TOKEN_NAMES}
    if not absent:
        return facts
    return Facts({**facts.values, **absent}, facts.open, facts.whole)


def validated(issuers: tuple[TokenIssuer, ...], attributes: tuple[Attribute, ...]) -> Formula:
    """There is no token, or it is of one of the issuers, for one of the audiences that they ask for. ``attributes`` are
    those that policies ask about: a token shows by any of them."""
    signs = dict.fromkeys((ISSUER, *(one for one in attributes if one.name in TOKEN_NAMES)))
    taken = [_taken(issuer) for issuer in issuers]
    return disjunction((conjunction(Not(Predicate(sign, Present())) for sign in signs), *taken))


def issued(issuers: Iterable[TokenIssuer]) -> Formula:
    """There is a token of one of the issuers, whomever it is for."""
    return disjunction(_issued(issuer) for issuer in issuers)


def _issued(issuer: TokenIssuer) -> Formula:
    return Predicate(ISSUER, Exact(issuer.issuer)) if issuer.issuer else Predicate(ISSUER, Present(empty=False))


def _taken(issuer: TokenIssuer) -> Formula:
    parts = [_issued(issuer)]
    if issuer.audiences:
        parts.append(disjunction(Predicate(AUDIENCE, Exact(audience)) for audience in issuer.audiences))
    return conjunction(parts)


def passing(rules: RequestRules, facts: Facts, spaces: Spaces | None = None) -> Bounds:
    """The requests that surely pass a point and those that possibly do, over everything that ``facts`` leaves to the
    request. Raises TooLarge."""
    found = conditions(rules, facts)
    first, second = found.passes(service=False), found.passes(service=True)
    space = space_of((first, second), found.possible, spaces)
    if rules.unsettled:
        return Bounds(space.nothing, space.everything)
    return Bounds(surely(first, space, facts), possibly(second, space, facts))


def space_of(formulas: Iterable[Formula], possible: Formula = ALWAYS, spaces: Spaces | None = None) -> Space:
    """A space that tells apart what some formulas do. Raises TooLarge."""
    predicates = frozenset(predicates_of(formulas))
    return Space(predicates, possible) if spaces is None else spaces.of(predicates, possible)


def possibly(formula: Formula, space: Space, facts: Facts) -> RequestSet:
    """The requests of which a formula holds for some value of what is open. Raises TooLarge."""
    found = space.set_of(formula)
    return found.whatever(*open_attributes((one.attribute for one in space.dimensions), facts)).possibly()


def surely(formula: Formula, space: Space, facts: Facts) -> RequestSet:
    """The requests of which a formula holds whatever the value of what is open. Raises TooLarge."""
    return possibly(negation(formula), space, facts).complement()


def certain(formula: Formula, facts: Facts, possible: Formula = ALWAYS, spaces: Spaces | None = None) -> bool | None:
    """Whether a formula holds of every request, or of none (False); None: of some, or it is open. Raises TooLarge."""
    if formula in (ALWAYS, NEVER):
        return formula == ALWAYS
    space = space_of((formula,), possible, spaces)
    if possibly(formula, space, facts).is_empty():
        return False
    return True if surely(formula, space, facts).is_everything() else None


__all__ = ["Conditions", "Match", "any_of", "certain", "conditions", "passing", "validated"]
