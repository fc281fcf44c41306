"""What policies say of a request: predicates, and formulas made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ringfence.sets.languages.patterns import Numbers, Pattern
from ringfence.sets.requests.attributes import Attribute


@dataclass(frozen=True, slots=True)
class Predicate:
    """The attribute is there and matches; of a list, some element matches. False where the attribute is absent.

    Raises ValueError where a number is asked of a string, or the other way round.
    """

    attribute: Attribute
    pattern: Pattern | Numbers
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.attribute, self.pattern)))
        if isinstance(self.pattern, Numbers) != isinstance(self.attribute.values, Numbers):
            raise ValueError(f"{self.attribute} cannot match {self.pattern}")

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return f"{self.attribute} {self.pattern}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts, always."""

    parts: tuple[Formula, ...] = ()

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.parts)) + ")" if self.parts else "always"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; without parts, never."""

    parts: tuple[Formula, ...] = ()

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.parts)) + ")" if self.parts else "never"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. So the negation of a predicate holds where the attribute is absent."""

    part: Formula

    def __str__(self) -> str:
        return f"not {self.part}"


Formula = Predicate | AllOf | AnyOf | Not

ALWAYS = AllOf()
NEVER = AnyOf()


def negation(formula: Formula) -> Formula:
    """The opposite, without one negation upon another."""
    if formula in (ALWAYS, NEVER):
        return NEVER if formula == ALWAYS else ALWAYS
    return formula.part if isinstance(formula, Not) else Not(formula)


def conjunction(parts: Iterable[Formula]) -> Formula:
    """All of some formulas, without those that always hold and repeats."""
    kept: dict[Formula, None] = {}
    for part in parts:
        if part == NEVER:
            return NEVER
        if part != ALWAYS:
            kept[part] = None
    return next(iter(kept)) if len(kept) == 1 else AllOf(tuple(kept))


def disjunction(parts: Iterable[Formula]) -> Formula:
    """Some of them, without those that never hold and repeats."""
    kept: dict[Formula, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        if part != NEVER:
            kept[part] = None
    return next(iter(kept)) if len(kept) == 1 else AnyOf(tuple(kept))


def predicates_of(formulas: Iterable[Formula]) -> Iterator[Predicate]:
    """Every predicate of some formulas, in the order in which they come; repeats too."""
    for formula in formulas:
        if isinstance(formula, Predicate):
            yield formula
        elif isinstance(formula, Not):
            yield from predicates_of((formula.part,))
        else:
            yield from predicates_of(formula.parts)
