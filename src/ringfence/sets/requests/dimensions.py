"""The dimensions of a space: one for an attribute, one for each atom of a list, one for each predicate left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ringfence.sets.languages.atoms import Atoms
from ringfence.sets.languages.chains import Simple
from ringfence.sets.languages.domains import Domain, decoded, encoded
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Numbers, Pattern, automaton_of, matches, order
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.request import Request, Value

Maker = Callable[[frozenset[Pattern], Domain], Atoms]


class Undecided(Exception):
    """The answer hangs on a pattern that could not be decided. Says on which."""


class Impossible(ValueError):
    """No request can have this value."""


@dataclass(frozen=True, slots=True)
class Strings:
    """An attribute that is one string: a point for each atom, the last one for absence unless it is required."""

    attribute: Attribute
    atoms: Atoms
    size: int

    def point(self, request: Request) -> int:
        """The point of a request. Raises Impossible."""
        value = request.get(self.attribute)
        if value is None:
            return absence(self.attribute, self.size)
        assert isinstance(value, str)
        return _atom(self.atoms, self.attribute, value)

    def mask(self, pattern: Pattern) -> int:
        """The points where the pattern matches."""
        return self.atoms.mask(pattern)

    def example(self, point: int) -> Value | None:
        """A usual value at a point, or the shortest; None: absent."""
        return example(self.attribute, self.atoms, point) if point < self.atoms.count else None


@dataclass(frozen=True, slots=True)
class Figures:
    """An attribute that is a number: a point for all numbers that the predicates do not tell apart."""

    attribute: Attribute
    kinds: tuple[Numbers, ...]
    size: int

    def point(self, request: Request) -> int:
        """The point of a request. Raises Impossible."""
        value = request.get(self.attribute)
        if value is None:
            return absence(self.attribute, self.size)
        assert isinstance(value, int)
        for number, kind in enumerate(self.kinds):
            if kind.has(value):
                return number
        raise Impossible(f"{self.attribute} is never {value}")

    def mask(self, pattern: Numbers) -> int:
        """The points where the pattern matches."""
        return sum(1 << number for number, kind in enumerate(self.kinds) if pattern.has(kind.intervals[0][0]))

    def example(self, point: int) -> Value | None:
        """The lowest value at a point; None: absent."""
        return self.kinds[point].intervals[0][0] if point < len(self.kinds) else None


@dataclass(frozen=True, slots=True)
class Element:
    """Whether some element of a list is in one atom: point 1. Any combination of atoms can occur."""

    attribute: Attribute
    atoms: Atoms
    atom: int
    size: int = 2

    def point(self, request: Request) -> int:
        """The point of a request. Raises Impossible."""
        value = request.get(self.attribute)
        if value is None:
            return 0
        assert isinstance(value, tuple)
        return int(any(_atom(self.atoms, self.attribute, one) == self.atom for one in value))

    def example(self) -> str:
        """An element in the atom."""
        return example(self.attribute, self.atoms, self.atom)


@dataclass(frozen=True, slots=True)
class Open:
    """A predicate whose pattern was not decided, as a fact of its own: point 1 where it holds.

    One request can still be tried against it, unless nothing is known of the pattern.
    """

    attribute: Attribute
    pattern: Pattern
    reason: str
    size: int = 2

    def point(self, request: Request) -> int:
        """The point of a request. Raises Undecided."""
        value = request.get(self.attribute)
        if value is None:
            return 0
        try:
            values = value if isinstance(value, tuple) else (str(value),)
            return int(any(matches(self.pattern, encoded(one)) for one in values))
        except TooLarge as reason:
            raise Undecided(f"{self.attribute} {self.pattern}: {reason}") from reason


Dimension = Strings | Figures | Element | Open


def absence(attribute: Attribute, size: int) -> int:
    """The point of an absent attribute. Raises Impossible."""
    if attribute.required:
        raise Impossible(f"every request has a {attribute}")
    return size - 1


def _atom(atoms: Atoms, attribute: Attribute, value: str) -> int:
    atom = atoms.classify(encoded(value))
    if atom is None:
        raise Impossible(f"{attribute} is never {value!r}")
    return atom


def example(attribute: Attribute, atoms: Atoms, atom: int) -> str:
    """A usual value of an attribute in an atom; where there is none, the shortest."""
    assert isinstance(attribute.values, Domain)
    for text in attribute.values.examples:
        if atoms.classify(encoded(text)) == atom:
            return text
    return decoded(atoms.witness(atom))


def strings(attribute: Attribute, patterns: Iterable[Pattern], atoms: Maker) -> list[Dimension]:
    """The dimensions of an attribute that is a string, or a list of strings. Patterns too large are left open."""
    assert isinstance(attribute.values, Domain)
    family, undecided = frozenset(patterns), dict[Pattern, str]()
    try:
        found = atoms(family, attribute.values)
    except TooLarge:
        family, undecided = _decidable(family, attribute.values, atoms)
        found = atoms(family, attribute.values)
    dimensions: list[Dimension]
    if attribute.many:
        dimensions = [Element(attribute, found, atom) for atom in range(found.count)]
    else:
        dimensions = [Strings(attribute, found, found.count + (not attribute.required))]
    return [*dimensions, *(Open(attribute, pattern, undecided[pattern]) for pattern in sorted(undecided, key=order))]


MOST_ROUNDS = 4
"""So many times one pattern is left out because it is too much for those before it, then all that follow."""


def _decidable(
    family: frozenset[Pattern], domain: Domain, atoms: Maker
) -> tuple[frozenset[Pattern], dict[Pattern, str]]:
    """The patterns of a family that are not too large together, the simplest first; and why others are left open."""
    undecided: dict[Pattern, str] = {}
    alone: list[tuple[bool, int, tuple[str, ...], Pattern]] = []
    for pattern in family:
        try:
            atoms(frozenset((pattern,)), domain)
            size = len(automaton_of(pattern, domain.ascii_only()).classes)
            alone.append((not isinstance(pattern, Simple), size, order(pattern), pattern))
        except TooLarge as reason:
            undecided[pattern] = str(reason)
    listed = [one[-1] for one in sorted(alone, key=lambda one: one[:-1])]
    together = "too large together with the other patterns"
    kept: list[Pattern] = []
    for _ in range(MOST_ROUNDS):
        fit = _most_that_fit(kept, listed, domain, atoms)
        kept += listed[:fit]
        if fit == len(listed):
            return frozenset(kept), undecided
        undecided[listed[fit]] = together
        listed = listed[fit + 1 :]
    return frozenset(kept), undecided | dict.fromkeys(listed, together)


def _most_that_fit(kept: Sequence[Pattern], listed: Sequence[Pattern], domain: Domain, atoms: Maker) -> int:
    """How many of the first of a list can be added: with more patterns nothing becomes smaller."""
    low, high = 0, len(listed)
    while low < high:
        # Where something was left out before, the next one is likely to be too much as well.
        middle = 1 if kept and not low else (low + high + 1) // 2
        try:
            atoms(frozenset((*kept, *listed[:middle])), domain)
            low = middle
        except TooLarge:
            high = middle - 1
    return low


def figures(attribute: Attribute, patterns: Sequence[Numbers]) -> list[Dimension]:
    """The dimension of an attribute that is a number."""
    assert isinstance(attribute.values, Numbers)
    cuts = {
        edge for one in (*patterns, attribute.values) for first, last in one.intervals for edge in (first, last + 1)
    }
    edges = sorted(cuts)
    kinds: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for first, after in pairwise(edges):
        if attribute.values.has(first):
            found = kinds.setdefault(tuple(one.has(first) for one in patterns), [])
            if found and found[-1][1] == first - 1:
                found[-1] = (found[-1][0], after - 1)
            else:
                found.append((first, after - 1))
    return [
        Figures(attribute, tuple(Numbers(tuple(one)) for one in kinds.values()), len(kinds) + (not attribute.required))
    ]
