"""Regular expressions over bytes, as trees. What patterns are made into, and automata are made of."""

from __future__ import annotations

from dataclasses import dataclass

from ringfence.sets.languages.bytesets import ANY_BYTE, either_case
from ringfence.sets.languages.characters import Ranges

TEXT_BEGIN, TEXT_END, LINE_BEGIN, LINE_END, WORD_EDGE, NO_WORD_EDGE = (1 << number for number in range(6))
"""Assertions: conditions on what stands before and after a place between two bytes."""


@dataclass(frozen=True, slots=True)
class Byte:
    """One byte of a set."""

    allowed: int


@dataclass(frozen=True, slots=True)
class Character:
    """One character of UTF-8, of some ranges of code points."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; without parts, the empty string."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the parts; without parts, nothing at all."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Star:
    """Any number of times, also never."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Times:
    """From ``least`` to ``most`` times, which is at least one. Written out: an automaton has no counters."""

    part: Expression
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """The empty string, at a place where this holds."""

    kind: int


Expression = Byte | Character | Sequence | Choice | Star | Times | Assertion

EMPTY = Sequence()
NOTHING = Choice()
ANY = Star(Byte(ANY_BYTE))


def literal(data: bytes, ignore_case: bool = False) -> Expression:
    """Exactly these bytes; ``ignore_case`` is about ASCII letters, as in proxies."""
    return Sequence(tuple(Byte(either_case(byte) if ignore_case else 1 << byte) for byte in data))


def optional(part: Expression) -> Expression:
    """Once or never."""
    return Choice((part, EMPTY))


def one_or_more(part: Expression) -> Expression:
    """At least once."""
    return Sequence((part, Star(part)))


def asserts(expression: Expression) -> bool:
    """Whether there is an assertion in it."""
    if isinstance(expression, Assertion):
        return True
    if isinstance(expression, Star | Times):
        return asserts(expression.part)
    return not isinstance(expression, Byte | Character) and any(asserts(part) for part in expression.parts)
