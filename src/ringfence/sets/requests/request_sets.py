"""A set of requests in a space, and a pair of such sets where something is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.dimensions import Impossible, Undecided
from ringfence.sets.requests.folding import folded
from ringfence.sets.requests.pieces import Pieces
from ringfence.sets.requests.request import Request
from ringfence.sets.requests.witnesses import cheapest

if TYPE_CHECKING:
    from ringfence.sets.requests.spaces import Space

MOST_PIECES = 64
"""Nobody reads more."""

MOST_TRIES = 16
"""Requests that are tried against patterns left open, to find one that is a member."""


class RequestSet:
    """Some requests. Sets of one space are equal when they have the same members; operations on sets of different
    spaces raise ValueError (``joining.together`` brings them into one)."""

    __slots__ = ("space", "value")

    def __init__(self, space: Space, value: int) -> None:
        self.space = space
        self.value = value

    def _other(self, other: RequestSet) -> int:
        if other.space is not self.space:
            raise ValueError("sets of two spaces: bring them together first")
        return other.value

    def __or__(self, other: RequestSet) -> RequestSet:
        """Members of either."""
        return RequestSet(self.space, self.space.algebra.union(self.value, self._other(other)))

    def __and__(self, other: RequestSet) -> RequestSet:
        """Members of both."""
        return RequestSet(self.space, self.space.algebra.intersection(self.value, self._other(other)))

    def __sub__(self, other: RequestSet) -> RequestSet:
        """Members that ``other`` lacks."""
        return RequestSet(self.space, self.space.algebra.difference(self.value, self._other(other)))

    def complement(self) -> RequestSet:
        """All other requests."""
        return self.space.everything - self

    def __eq__(self, other: object) -> bool:
        return self.value == self._other(other) if isinstance(other, RequestSet) else NotImplemented

    def __hash__(self) -> int:
        return hash((id(self.space), self.value))

    def __le__(self, other: RequestSet) -> bool:
        """Whether every member is one of ``other``'s."""
        return self.space.algebra.difference(self.value, self._other(other)) == self.space.algebra.none

    def __lt__(self, other: RequestSet) -> bool:
        return self.value != other.value and self <= other

    def is_empty(self) -> bool:
        """No member."""
        return self.value == self.space.algebra.none

    def is_everything(self) -> bool:
        """All requests."""
        return self == self.space.everything

    def contains(self, request: Request) -> bool:
        """Whether a request is a member; what it does not name is absent.

        Raises Impossible where no request can be like that, and Undecided where the answer hangs on a pattern that no
        string can be tried against.
        """
        found = self.holds(request)
        if found is None:
            reasons = (f"{predicate}: {reason}" for predicate, reason in self.space.open_predicates.items())
            raise Undecided("; ".join(reasons))
        return found

    def holds(self, request: Request) -> bool | None:
        """Like ``contains``, with None where that raises Undecided."""
        points = self.space.points(request)
        known = [point for point in points if point is not None]
        algebra = self.space.algebra
        if len(known) == len(points) and algebra.has(self.value, known):
            return True
        there = self.space.at(points)
        if there.is_empty():
            raise Impossible(f"no request is like this: {request}")
        if (there & self).is_empty():
            return False
        return True if there <= self else None

    def count(self) -> int:
        """How many kinds of requests, of those that the space tells apart."""
        return self.space.algebra.count(self.value)

    def bounds(self) -> Bounds:
        """The requests that are surely members and those that possibly are, whatever patterns left open may match."""
        return Bounds(self.surely(), self.possibly())

    def possibly(self) -> RequestSet:
        """Members under some reading of the patterns left open."""
        algebra, value = self.space.algebra, self.value
        for number in self.space.open_dimensions():
            value = algebra.some(value, number)
        return RequestSet(self.space, value) & self.space.everything

    def surely(self) -> RequestSet:
        """Members under every reading of the patterns left open."""
        return self.complement().possibly().complement() if self.space.open_predicates else self

    def whatever(self, *attributes: Attribute) -> RequestSet:
        """Requests that are members with some other value of these attributes: they no longer matter."""
        algebra, value = self.space.algebra, self.value
        for attribute in attributes:
            for number in self.space.numbers_of(attribute):
                value = algebra.some(value, number)
        return RequestSet(self.space, value) & self.space.everything

    def projection(self, *attributes: Attribute) -> RequestSet:
        """Which values of these attributes members have: everything else no longer matters."""
        rest = {one.attribute for one in self.space.dimensions} - set(attributes)
        return self.whatever(*rest)

    def witness(self) -> Request | None:
        """The shortest member, the most readable of these; the same on every run. None: there is no member.

        It names what it needs: other attributes are absent, or of no matter where they are required. Where patterns are
        left open it is one of those that are surely members, or, if there are none, one that was tried against them;
        raises Undecided where none of a few was a member.
        """
        if self.is_empty():
            return None
        surely = self.surely()
        if not surely.is_empty():
            return cheapest(self.space, surely.value)
        left = self
        for _ in range(MOST_TRIES):
            request = cheapest(self.space, left.value)
            if self.holds(request):
                return request
            left = left - self.space.at(self.space.decided_points(request))
            if left.is_empty():
                break
        raise Undecided("; ".join(f"{one}: {why}" for one, why in self.space.open_predicates.items()))

    def pieces(self, most: int = MOST_PIECES) -> Pieces:
        """The set as people read it: exactly its members, the same pieces however it was made. Raises TooLarge where
        it takes more than ``most``."""
        return folded(self.space, self.value, most)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A set of which not everything is known: it has all members of ``surely``, and none that ``possibly`` lacks."""

    surely: RequestSet
    possibly: RequestSet

    @staticmethod
    def exactly(known: RequestSet) -> Bounds:
        """A set that is known."""
        return Bounds(known, known)

    def __or__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely | other.surely, self.possibly | other.possibly)

    def __and__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely & other.surely, self.possibly & other.possibly)

    def __sub__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely - other.possibly, self.possibly - other.surely)

    def complement(self) -> Bounds:
        """All other requests."""
        return Bounds(self.possibly.complement(), self.surely.complement())

    def is_known(self) -> bool:
        """Whether the two are one."""
        return self.surely == self.possibly

    def holds(self, request: Request) -> bool | None:
        """Whether a request is a member; None: not known. Raises Impossible."""
        if self.surely.holds(request):
            return True
        return False if self.possibly.holds(request) is False else None


__all__ = ["Bounds", "Impossible", "RequestSet", "Undecided"]
