"""Is there a set of labels that no selector matches? Exact: an answer is an example or a proof that there is none.

A set of labels escapes a selector if the value of one of its keys is outside what the selector wants of it. So the
question is a conjunction (all selectors) of disjunctions (their keys) over independent keys, and is decided by trying
keys selector by selector, keeping for each key the value set that is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringfence.sets.labels import ANY_VALUE, Selector, ValueSet

MOST_STEPS = 50_000
"""Tries after which a search ends without an answer; real policies need a handful."""

STAND_IN = "any-other"
"""The value of a label in an example that may have any value that no selector names."""


class UndecidedError(Exception):
    """The selectors are too entangled for the search."""


def escaping(selectors: Iterable[Selector]) -> dict[str, str] | None:
    """Labels that none of the selectors matches, as few as the search finds; None: every set of labels is matched by
    one of them. Raises UndecidedError."""
    matching_nothing: dict[str, str] = {}
    distinct = list(dict.fromkeys(selectors))
    if not any(selector.matches(matching_nothing) for selector in distinct):
        return matching_nothing
    clauses = sorted((_ways_out(selector) for selector in distinct), key=len)
    domains = _search(clauses)
    if domains is None:
        return None
    return {key: value for key, domain in sorted(domains.items()) if (value := example(domain)) is not None}


def example(domain: ValueSet) -> str | None:
    """A value of a set that is not empty; None: the key may be absent."""
    if domain.absent:
        return None
    if not domain.cofinite:
        return min(domain.values)
    value, number = STAND_IN, 2
    while value in domain.values:
        value, number = f"{STAND_IN}-{number}", number + 1
    return value


def _ways_out(selector: Selector) -> dict[str, ValueSet]:
    """For each key of a selector the values with which labels escape it."""
    wanted: dict[str, ValueSet] = {}
    for requirement in selector.requirements:
        wanted[requirement.key] = wanted.get(requirement.key, ANY_VALUE).intersection(requirement.allowed())
    return {key: allowed.complement() for key, allowed in wanted.items()}


def _search(clauses: list[dict[str, ValueSet]]) -> Mapping[str, ValueSet] | None:
    """Value sets for some keys with which every clause holds. Depth first; the stack keeps what is still to be
    tried."""
    stack: list[tuple[int, dict[str, ValueSet]]] = [(0, {})]
    steps = 0
    while stack:
        at, domains = stack.pop()
        while at < len(clauses) and any(_within(domains.get(key), way) for key, way in clauses[at].items()):
            at += 1
        if at == len(clauses):
            return domains
        steps += 1
        if steps > MOST_STEPS:
            raise UndecidedError
        options: list[dict[str, ValueSet]] = []
        for key, way in clauses[at].items():
            left = domains.get(key, ANY_VALUE).intersection(way)
            if not left.empty():
                options.append({**domains, key: left})
        # The last one is tried first: a key that may stay away makes the simplest example.
        options.sort(key=lambda option: len([one for one in option.values() if not one.absent]), reverse=True)
        stack.extend((at + 1, option) for option in options)
    return None


def _within(domain: ValueSet | None, way: ValueSet) -> bool:
    return domain is not None and domain.intersection(way.complement()).empty()
