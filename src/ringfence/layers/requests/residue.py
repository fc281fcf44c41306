"""What is left of a formula when some attributes are known."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.layers.requests.facts import Facts, Standing
from ringfence.sets.languages.domains import encoded
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Numbers, matches
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.formulas import (
    ALWAYS,
    NEVER,
    AllOf,
    Formula,
    Not,
    Predicate,
    conjunction,
    disjunction,
    negation,
)
from ringfence.sets.requests.request import Value


def residue(formula: Formula, facts: Facts) -> Formula:
    """The formula with every known predicate decided: ALWAYS or NEVER, or what hangs on other attributes. A pattern
    that no string can be tried against stays."""
    if isinstance(formula, Predicate):
        return _predicate(formula, facts)
    if isinstance(formula, Not):
        return negation(residue(formula.part, facts))
    parts = (residue(part, facts) for part in formula.parts)
    return conjunction(parts) if isinstance(formula, AllOf) else disjunction(parts)


def _predicate(predicate: Predicate, facts: Facts) -> Formula:
    attribute = predicate.attribute
    if attribute in facts.values:
        value = facts.values[attribute]
        if value is None:
            return NEVER
        try:
            return ALWAYS if holds(predicate, value) else NEVER
        except TooLarge:
            return predicate
    return NEVER if facts.standing(attribute) is Standing.ABSENT else predicate


def holds(predicate: Predicate, value: Value) -> bool:
    """Whether a value matches. Raises TooLarge where no string can be tried."""
    pattern = predicate.pattern
    if isinstance(pattern, Numbers):
        return isinstance(value, int) and pattern.has(value)
    texts = value if isinstance(value, tuple) else (str(value),)
    return any(matches(pattern, encoded(text)) for text in texts)


def open_attributes(attributes: Iterable[Attribute], facts: Facts) -> tuple[Attribute, ...]:
    """Those of some attributes of which a value is missing, and not asked about. An attribute with a known value is
    among them where a pattern could not be tried on it."""
    return tuple(
        attribute
        for attribute in dict.fromkeys(attributes)
        if attribute in facts.values or facts.standing(attribute) is Standing.OPEN
    )
