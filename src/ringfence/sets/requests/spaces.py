"""Spaces: the kinds of requests that some predicates tell apart, and the sets of requests that they can name.

A space is local: of the predicates of one destination, or of two versions of it. Within it every set that a formula
names is one integer, equal sets are equal integers, and containment and emptiness are one operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import prod

from ringfence.sets.languages.atoms import Atoms, atoms_of
from ringfence.sets.languages.domains import Domain
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Numbers, Pattern
from ringfence.sets.requests.algebra import Algebra
from ringfence.sets.requests.attributes import Attribute, place
from ringfence.sets.requests.diagrams import Diagrams
from ringfence.sets.requests.dimensions import (
    Dimension,
    Element,
    Figures,
    Maker,
    Open,
    Strings,
    Undecided,
    figures,
    strings,
)
from ringfence.sets.requests.formulas import ALWAYS, AllOf, Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.pieces import Condition
from ringfence.sets.requests.products import Products
from ringfence.sets.requests.request import Request
from ringfence.sets.requests.request_sets import Bounds, RequestSet
from ringfence.sets.requests.terms import Named
from ringfence.sets.requests.witnesses import Cost, cost

MOST_COMBINATIONS = 1 << 17
"""Up to so many combinations of points a set is one integer of bits."""

FEW_PARTS = 8
"""From so many parts on their order is looked at, where sets are diagrams."""


class Space:
    """The requests that some predicates tell apart.

    ``possible`` says which requests can exist where attributes hang together (no token: no claims either); sets are
    equal when no possible request tells them apart. ``open_predicates`` are those whose patterns could not be decided,
    each with the reason: a set that hangs on them is known only between its ``bounds``.
    Raises TooLarge where there are too many dimensions.
    """

    def __init__(
        self,
        predicates: Iterable[Predicate],
        possible: Formula = ALWAYS,
        atoms: Maker = atoms_of,
    ) -> None:
        self.predicates = frozenset((*predicates, *predicates_of((possible,))))
        self.possible = possible
        self.dimensions: tuple[Dimension, ...] = tuple(_dimensions(self.predicates, atoms))
        self.open_predicates: dict[Predicate, str] = {
            Predicate(one.attribute, one.pattern): one.reason for one in self.dimensions if isinstance(one, Open)
        }
        self.algebra: Algebra = _algebra([one.size for one in self.dimensions])
        self._places: dict[Attribute, list[int]] = {}
        for number, one in enumerate(self.dimensions):
            self._places.setdefault(one.attribute, []).append(number)
        self._values: dict[Predicate, int] = {}
        # What has been put into words, by dimension.
        self.said: dict[tuple[int, int], Condition] = {}
        self.named: dict[int, list[Named]] = {}
        self._possible = self.satisfying(possible)
        for predicate in self.open_predicates:
            holds = self.satisfying(predicate)
            absent = self.algebra.difference(self.algebra.everything, self._present(predicate.attribute))
            self._possible = self.algebra.difference(self._possible, self.algebra.intersection(holds, absent))

    @cached_property
    def prices(self) -> list[list[Cost]]:
        """What each point of each dimension costs a witness."""
        return [[cost(one, point) for point in range(one.size)] for one in self.dimensions]

    @property
    def everything(self) -> RequestSet:
        """All requests."""
        return RequestSet(self, self._possible)

    @property
    def nothing(self) -> RequestSet:
        """No request."""
        return RequestSet(self, self.algebra.none)

    def set_of(self, formula: Formula) -> RequestSet:
        """The requests of which a formula holds. Raises KeyError for a predicate that the space was not made for, and
        TooLarge."""
        return RequestSet(self, self.algebra.intersection(self.satisfying(formula), self._possible))

    def bounds_of(self, formula: Formula) -> Bounds:
        """The requests of which a formula surely holds, and of which it possibly does. Where even that is too large:
        none, and all."""
        try:
            return self.set_of(formula).bounds()
        except TooLarge:
            return Bounds(self.nothing, self.everything)

    def points(self, request: Request) -> list[int | None]:
        """Where a request is; None where no string can be tried against a pattern. Raises Impossible."""
        found: list[int | None] = []
        for one in self.dimensions:
            try:
                found.append(one.point(request))
            except Undecided:
                found.append(None)
        return found

    def decided_points(self, request: Request) -> list[int | None]:
        """Where a request is; None in dimensions of predicates left open. Raises Impossible."""
        return [None if isinstance(one, Open) else one.point(request) for one in self.dimensions]

    def like(self, request: Request) -> RequestSet:
        """The requests that no predicate tells from this one as far as its attributes go: others are open.

        An attribute with an empty list is absent. Raises Impossible.
        """
        named = {attribute for attribute, _ in request.values}
        fixed = {number for attribute in named for number in self.numbers_of(attribute)}
        return self.at([one.point(request) if number in fixed else None for number, one in enumerate(self.dimensions)])

    def at(self, points: Sequence[int | None]) -> RequestSet:
        """The requests at these points; None: wherever in this dimension."""
        algebra, value = self.algebra, self._possible
        for number, point in enumerate(points):
            if point is not None:
                value = algebra.intersection(value, algebra.within(number, 1 << point))
        return RequestSet(self, value)

    def numbers_of(self, attribute: Attribute) -> Sequence[int]:
        """The dimensions of an attribute; none where no predicate asks about it."""
        return self._places.get(attribute, ())

    def open_dimensions(self) -> list[int]:
        """The dimensions of predicates left open."""
        return [number for number, one in enumerate(self.dimensions) if isinstance(one, Open)]

    def satisfying(self, formula: Formula) -> int:
        """The value of a formula in the algebra, over possible and impossible requests alike."""
        algebra = self.algebra
        if isinstance(formula, Predicate):
            value = self._values.get(formula)
            if value is None:
                value = self._values[formula] = self._predicate(formula)
            return value
        if isinstance(formula, Not):
            return algebra.difference(algebra.everything, self.satisfying(formula.part))
        if isinstance(formula, AllOf):
            value = algebra.everything
            for part in self._last_first(formula.parts):
                value = algebra.intersection(value, self.satisfying(part))
            return value
        value = algebra.none
        for part in self._last_first(formula.parts):
            value = algebra.union(value, self.satisfying(part))
        return value

    def _last_first(self, parts: tuple[Formula, ...]) -> Iterable[Formula]:
        """The parts in an order in which diagrams grow from their ends, without copies of what is there."""
        if len(parts) < FEW_PARTS or not isinstance(self.algebra, Diagrams):
            return parts
        return sorted(parts, key=lambda one: self._place(one) if isinstance(one, Predicate) else (0, ""), reverse=True)

    def _place(self, predicate: Predicate) -> tuple[int, str]:
        return min(self.numbers_of(predicate.attribute), default=0), str(predicate.pattern)

    def _present(self, attribute: Attribute) -> int:
        """All requests that have an attribute."""
        algebra, value = self.algebra, self.algebra.none
        for number in reversed(self.numbers_of(attribute)):
            one = self.dimensions[number]
            if isinstance(one, Strings):
                value = algebra.within(number, (1 << one.atoms.count) - 1)
            elif isinstance(one, Element):
                value = algebra.union(value, algebra.within(number, 0b10))
        return value

    def _predicate(self, predicate: Predicate) -> int:
        if predicate not in self.predicates:
            raise KeyError(f"the space was not made for {predicate}")
        algebra, value = self.algebra, self.algebra.none
        is_open = predicate in self.open_predicates
        for number in reversed(self.numbers_of(predicate.attribute)):
            one, pattern = self.dimensions[number], predicate.pattern
            if isinstance(one, Open):
                if one.pattern == pattern:
                    return algebra.within(number, 0b10)
            elif is_open:
                continue
            elif isinstance(one, Figures):
                assert isinstance(pattern, Numbers)
                return algebra.within(number, one.mask(pattern))
            else:
                assert not isinstance(pattern, Numbers)
                if isinstance(one, Strings):
                    return algebra.within(number, one.mask(pattern))
                if one.atoms.mask(pattern) >> one.atom & 1:
                    value = algebra.union(value, algebra.within(number, 0b10))
        return value


def _dimensions(predicates: Iterable[Predicate], atoms: Maker) -> Iterable[Dimension]:
    asked: dict[Attribute, list[Pattern | Numbers]] = {}
    for predicate in predicates:
        asked.setdefault(predicate.attribute, []).append(predicate.pattern)
    for attribute in sorted(asked, key=place):
        if isinstance(attribute.values, Numbers):
            numbers = [one for one in asked[attribute] if isinstance(one, Numbers)]
            yield from figures(attribute, sorted(numbers, key=lambda one: one.intervals))
        else:
            patterns = [one for one in asked[attribute] if not isinstance(one, Numbers)]
            yield from strings(attribute, patterns, atoms)


def _algebra(sizes: Sequence[int]) -> Algebra:
    return Products(sizes) if prod(sizes) <= MOST_COMBINATIONS else Diagrams(sizes)


class Spaces:
    """Spaces by what they tell apart, and atoms by their patterns: what many destinations share is made once.

    The table only grows; it is shared by all that one world computes.
    """

    def __init__(self) -> None:
        self._spaces: dict[tuple[frozenset[Predicate], Formula], Space] = {}
        self._atoms: dict[tuple[frozenset[Pattern], Domain], Atoms | TooLarge] = {}

    def of(self, predicates: Iterable[Predicate], possible: Formula = ALWAYS) -> Space:
        """The space of some predicates, the same one each time. Raises TooLarge."""
        key = (frozenset(predicates), possible)
        found = self._spaces.get(key)
        if found is None:
            found = self._spaces[key] = Space(key[0], possible, self.atoms)
        return found

    def atoms(self, patterns: frozenset[Pattern], domain: Domain) -> Atoms:
        """The atoms of a family. Raises TooLarge."""
        found = self._atoms.get((patterns, domain))
        if found is None:
            try:
                found = atoms_of(patterns, domain)
            except TooLarge as reason:
                found = reason
            self._atoms[patterns, domain] = found
        if isinstance(found, TooLarge):
            raise found
        return found
