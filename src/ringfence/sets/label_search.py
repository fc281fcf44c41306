"""Is there a set of labels that meets some demands? Exact: an answer is an example or a proof that there is none.

A *demand* is a choice: labels meet it in at least one of several ways, and a *way* is a value set for each of some
keys. That labels escape a selector is such a demand: the value of one of its keys is outside what the selector
wants of it. Keys are independent, so demands are decided by trying their ways one after the other, keeping for each
key the value set that is left.
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


Way = Mapping[str, ValueSet]
Demand = tuple[Way, ...]


def escaping(selectors: Iterable[Selector]) -> dict[str, str] | None:
    """Labels that none of the selectors matches, as few as the search finds; None: every set of labels is matched by
    one of them. Raises UndecidedError."""
    return meeting(ways_out(selector) for selector in dict.fromkeys(selectors))


def meeting(demands: Iterable[Demand]) -> dict[str, str] | None:
    """Labels that meet all demands, as few as the search finds; None: there are none. Raises UndecidedError."""
    asked = sorted(demands, key=len)
    if all(any(all(values.absent for values in way.values()) for way in demand) for demand in asked):
        return {}
    domains = _search(asked)
    if domains is None:
        return None
    return {key: value for key, domain in sorted(domains.items()) if (value := example(domain)) is not None}


def ways_in(selector: Selector) -> Demand:
    """The one way to be matched by a selector."""
    return (_wanted(selector),)


def ways_out(selector: Selector) -> Demand:
    """The ways to escape a selector: a key of it, with the values that it does not want."""
    return tuple({key: allowed.complement()} for key, allowed in _wanted(selector).items())


def _wanted(selector: Selector) -> dict[str, ValueSet]:
    wanted: dict[str, ValueSet] = {}
    for requirement in selector.requirements:
        wanted[requirement.key] = wanted.get(requirement.key, ANY_VALUE).intersection(requirement.allowed())
    return wanted


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


def _search(demands: list[Demand]) -> Mapping[str, ValueSet] | None:
    """Value sets with which every demand is met. Depth first; the stack keeps what is still to be tried."""
    stack: list[tuple[int, dict[str, ValueSet]]] = [(0, {})]
    steps = 0
    while stack:
        at, domains = stack.pop()
        while at < len(demands) and any(_holds(domains, way) for way in demands[at]):
            at += 1
        if at == len(demands):
            return domains
        steps += 1
        if steps > MOST_STEPS:
            raise UndecidedError
        options = [option for way in demands[at] if (option := _narrowed(domains, way)) is not None]
        # The last one is tried first: keys that may stay away make the simplest example.
        options.sort(key=lambda option: sum(not one.absent for one in option.values()), reverse=True)
        stack.extend((at + 1, option) for option in options)
    return None


def _holds(domains: Mapping[str, ValueSet], way: Way) -> bool:
    return all(key in domains and domains[key].intersection(values.complement()).empty() for key, values in way.items())


def _narrowed(domains: Mapping[str, ValueSet], way: Way) -> dict[str, ValueSet] | None:
    """The domains within a way; None where nothing is left of one."""
    found = dict(domains)
    for key, values in way.items():
        found[key] = found.get(key, ANY_VALUE).intersection(values)
        if found[key].empty():
            return None
    return found
