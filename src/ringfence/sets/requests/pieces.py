"""A set of requests as people read it: a few pieces, each some conditions on attributes that all have to hold."""

from __future__ import annotations

from dataclasses import dataclass

from ringfence.sets.languages.domains import encoded
from ringfence.sets.languages.patterns import Numbers, Pattern, matches
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.request import Request


@dataclass(frozen=True, slots=True)
class Term:
    """Values that match every pattern of ``matching`` and none of ``excluding``; without any, all values."""

    matching: tuple[Pattern | Numbers, ...] = ()
    excluding: tuple[Pattern | Numbers, ...] = ()

    def has(self, value: str | int) -> bool:
        """Whether a value is one of these. Raises TooLarge where that is not known."""
        return all(_match(one, value) for one in self.matching) and not any(
            _match(one, value) for one in self.excluding
        )

    def __str__(self) -> str:
        text = " and ".join(map(str, self.matching)) or "any"
        return f"{text} except {', '.join(map(str, self.excluding))}" if self.excluding else text


def _match(pattern: Pattern | Numbers, value: str | int) -> bool:
    if isinstance(pattern, Numbers):
        return isinstance(value, int) and pattern.has(value)
    return isinstance(value, str) and matches(pattern, encoded(value))


@dataclass(frozen=True, slots=True)
class Condition:
    """On an attribute: its value is one of some terms. Of a list, some element is; ``negated``: no element is.

    ``absent``: it may also be absent; with no terms it has to be.
    """

    attribute: Attribute
    terms: tuple[Term, ...]
    absent: bool = False
    negated: bool = False

    def holds(self, request: Request) -> bool:
        """Whether a request meets it. Raises TooLarge where that is not known."""
        value = request.get(self.attribute)
        if value is None:
            return self.absent or self.negated
        values = value if isinstance(value, tuple) else (value,)
        return any(term.has(one) for one in values for term in self.terms) != self.negated

    def __str__(self) -> str:
        words = [*map(str, self.terms), *(["absent"] if self.absent else [])]
        return f"{'no ' if self.negated else ''}{self.attribute} {' or '.join(words)}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Requests that meet every condition; an attribute that none is about does not matter."""

    conditions: tuple[Condition, ...] = ()

    def holds(self, request: Request) -> bool:
        """Whether a request is in it. Raises TooLarge where that is not known."""
        return all(condition.holds(request) for condition in self.conditions)

    def __str__(self) -> str:
        return ", ".join(map(str, self.conditions)) or "any request"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Requests in some piece; ``negated``: in none. Pieces may overlap, and none can be left out."""

    pieces: tuple[Piece, ...]
    negated: bool = False

    def holds(self, request: Request) -> bool:
        """Whether a request is in the set. Raises TooLarge where that is not known."""
        return any(piece.holds(request) for piece in self.pieces) != self.negated

    def lines(self) -> list[str]:
        """A line for each piece, after one that says that all but these are meant where that is so."""
        texts = [str(piece) for piece in self.pieces]
        return ["any request except", *texts] if self.negated else texts or ["no request"]

    def __str__(self) -> str:
        return "; ".join(self.lines())
