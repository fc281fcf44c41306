"""Two spaces as one, so that their sets can be compared: exactly, with a witness for every difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Numbers
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.dimensions import Dimension, Element, Figures, Open, Strings
from ringfence.sets.requests.formulas import AllOf, Predicate
from ringfence.sets.requests.request import Request
from ringfence.sets.requests.request_sets import RequestSet
from ringfence.sets.requests.spaces import Space, Spaces

Relation = Literal["equal", "narrower", "wider", "different"]


def joint(left: Space, right: Space, spaces: Spaces | None = None) -> Space:
    """A space that tells apart what either does. Possible in it is what is possible in both. Raises TooLarge.

    ``spaces``: the table that it is taken from, so that many that ask for the same one share it.
    """
    if left is right or (right.predicates <= left.predicates and right.possible == left.possible):
        return left
    if left.predicates <= right.predicates and right.possible == left.possible:
        return right
    possible = left.possible if left.possible == right.possible else AllOf((left.possible, right.possible))
    predicates = left.predicates | right.predicates
    return Space(predicates, possible) if spaces is None else spaces.of(predicates, possible)


def together(left: RequestSet, right: RequestSet, spaces: Spaces | None = None) -> tuple[RequestSet, RequestSet]:
    """Both sets in one space. Raises TooLarge."""
    space = joint(left.space, right.space, spaces)
    return moved(left, space), moved(right, space)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the left set stands to the right one, in a space of both."""

    left: RequestSet
    right: RequestSet

    @property
    def relation(self) -> Relation:
        """``narrower``: the left one has only some of the members of the right one."""
        if self.left == self.right:
            return "equal"
        if self.left <= self.right:
            return "narrower"
        return "wider" if self.right <= self.left else "different"

    def only_left(self) -> Request | None:
        """The shortest request that only the left one has. Raises Undecided."""
        return (self.left - self.right).witness()

    def only_right(self) -> Request | None:
        """The shortest request that only the right one has. Raises Undecided."""
        return (self.right - self.left).witness()


def compare(left: RequestSet, right: RequestSet, spaces: Spaces | None = None) -> Comparison:
    """Compares two sets, of whatever spaces. Raises TooLarge."""
    return Comparison(*together(left, right, spaces))


def moved(requests: RequestSet, space: Space) -> RequestSet:
    """The same set in another space, which must have all predicates of its own. Raises KeyError, TooLarge."""
    if requests.space is space:
        return requests
    move = _Move(requests.space, space)
    return RequestSet(space, move.value(0, requests.value)) & space.everything


class _Move:
    def __init__(self, source: Space, target: Space) -> None:
        self._source, self._target = source, target
        self._known: dict[tuple[int, int], int] = {}
        self._refined: dict[Attribute, list[int]] = {}
        self._points = [
            [self._point(dimension, point) for point in range(dimension.size)] for dimension in source.dimensions
        ]

    def value(self, level: int, value: int) -> int:
        """What is left of a set from a dimension on, in the target."""
        algebra = self._target.algebra
        if level == len(self._points):
            return algebra.everything if value else algebra.none
        found = self._known.get((level, value))
        if found is None:
            found = algebra.none
            for mask, rest in self._source.algebra.branches(level, value):
                below = self.value(level + 1, rest)
                if below == algebra.none:
                    continue
                here = algebra.none
                for point, there in enumerate(self._points[level]):
                    if mask >> point & 1:
                        here = algebra.union(here, there)
                found = algebra.union(found, algebra.intersection(here, below))
            self._known[level, value] = found
        return found

    def _point(self, dimension: Dimension, point: int) -> int:
        """The requests of a point, in the target."""
        algebra = self._target.algebra
        if isinstance(dimension, Open):
            holds = self._target.satisfying(Predicate(dimension.attribute, dimension.pattern))
            return holds if point else algebra.difference(algebra.everything, holds)
        found = algebra.none
        for number in reversed(self._target.numbers_of(dimension.attribute)):
            other = self._target.dimensions[number]
            if isinstance(dimension, Figures) and isinstance(other, Figures):
                inside = sum(1 << one for one in range(other.size) if _number_point(dimension, other, one) == point)
                return algebra.within(number, inside)
            if isinstance(dimension, Strings) and isinstance(other, Strings):
                return self._atom(dimension, other, number, point)
            if isinstance(dimension, Element) and isinstance(other, Element):
                if dimension.atoms.classify(other.atoms.witness(other.atom)) == dimension.atom:
                    found = algebra.union(found, algebra.within(number, 0b10))
            elif isinstance(dimension, Element):
                raise TooLarge(f"the patterns of {dimension.attribute} are too large together")
        return found if point else algebra.difference(algebra.everything, found)

    def _atom(self, dimension: Strings, other: Strings, number: int, point: int) -> int:
        """The requests in an atom; by what matches, where a pattern that its space decided is open in the target."""
        algebra, target = self._target.algebra, self._target
        newly_open = [one for one in target.open_predicates if one in self._source.predicates]
        newly_open = [one for one in newly_open if one not in self._source.open_predicates]
        if point == dimension.atoms.count:
            return algebra.within(number, 1 << other.atoms.count)
        if not newly_open:
            return algebra.within(number, self._inside(dimension, other)[point])
        value = algebra.within(number, (1 << other.atoms.count) - 1)
        for one in self._source.predicates:
            if one.attribute != dimension.attribute or one in self._source.open_predicates:
                continue
            assert not isinstance(one.pattern, Numbers)
            holds = target.satisfying(one)
            if dimension.atoms.mask(one.pattern) >> point & 1:
                value = algebra.intersection(value, holds)
            else:
                value = algebra.difference(value, holds)
        return value

    def _inside(self, dimension: Strings, other: Strings) -> list[int]:
        """The atoms of the target in each atom of the source: they are smaller."""
        found = self._refined.get(dimension.attribute)
        if found is None:
            found = self._refined[dimension.attribute] = [0] * dimension.atoms.count
            for atom in range(other.atoms.count):
                point = dimension.atoms.classify(other.atoms.witness(atom))
                assert point is not None, "both have the same domain"
                found[point] |= 1 << atom
        return found


def _number_point(dimension: Figures, other: Figures, point: int) -> int:
    if point == len(other.kinds):
        return len(dimension.kinds)
    first = other.kinds[point].intervals[0][0]
    return next(number for number, kind in enumerate(dimension.kinds) if kind.has(first))
