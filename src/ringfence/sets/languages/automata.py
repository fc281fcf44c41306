"""Position automata (Glushkov): one state for each byte of an expression, no empty moves, sets of states as integers.

Position 0 is the start. ``follow[p]`` are the positions that may come next, ``classes[p]`` the bytes that position
``p`` reads. Assertions disappear in the making: each position's bytes are parted until an assertion between two
positions either holds or does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringfence.sets.languages.bytesets import ANY_BYTE, ASCII, WORD
from ringfence.sets.languages.characters import ascii_part
from ringfence.sets.languages.expressions import (
    LINE_BEGIN,
    LINE_END,
    NO_WORD_EDGE,
    TEXT_BEGIN,
    TEXT_END,
    WORD_EDGE,
    Assertion,
    Byte,
    Character,
    Choice,
    Expression,
    Sequence,
    Star,
    Times,
    asserts,
)
from ringfence.sets.languages.limits import MOST_POSITIONS, TooLarge
from ringfence.sets.languages.utf8 import characters

Ends = dict[int, int]
"""Positions by the assertions that must hold beside them."""

NEWLINE = 1 << 0x0A
KINDS = (WORD, NEWLINE, ANY_BYTE & ~WORD & ~NEWLINE)


def bits(number: int) -> Iterator[int]:
    """The members of a set of positions."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


MOST_KNOWN = 1 << 12
"""Steps of one automaton that are kept."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """Accepts a string when a walk over positions that read its bytes ends in an ``accepting`` one."""

    classes: tuple[int, ...]
    follow: tuple[int, ...]
    accepting: int
    _known: dict[int, int] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Steps that were made before, by the positions and the byte."""

    def accepts(self, data: bytes) -> bool:
        """Whether the whole string is in the language."""
        state = 1
        known = self._known
        for byte in data:
            key = state << 8 | byte
            after = known.get(key)
            if after is None:
                after = self._step(state, byte)
                if len(known) < MOST_KNOWN:
                    known[key] = after
            if not after:
                return False
            state = after
        return bool(state & self.accepting)

    def _step(self, state: int, byte: int) -> int:
        """The positions after some, once a byte is read."""
        after = found = 0
        for position in bits(state):
            after |= self.follow[position]
        for position in bits(after):
            if self.classes[position] >> byte & 1:
                found |= 1 << position
        return found


@dataclass(slots=True)
class _Part:
    """An expression in the making: the assertions under which it is empty, and where it begins and ends."""

    empty: frozenset[int]
    first: Ends
    last: Ends


def automaton(expression: Expression, ascii_only: bool = False) -> Automaton:
    """The automaton of an expression; ``ascii_only``: other bytes are never read. Raises TooLarge."""
    return _Making(asserts(expression), ascii_only).finished(expression)


class _Making:
    def __init__(self, asserting: bool, ascii_only: bool) -> None:
        self._asserting = asserting
        self._ascii_only = ascii_only
        self._classes = [0]
        self._follow = [0]

    def finished(self, expression: Expression) -> Automaton:
        part = self._joined(_Part(frozenset(), {0: 1}, {0: 1}), self._made(expression))
        accepting = 0
        for condition, positions in part.last.items():
            for position in bits(positions):
                if self._holds(condition, position, None):
                    accepting |= 1 << position
        return Automaton(tuple(self._classes), tuple(self._follow), accepting)

    def _made(self, expression: Expression) -> _Part:
        if isinstance(expression, Byte):
            return self._byte(expression.allowed & ASCII if self._ascii_only else expression.allowed)
        if isinstance(expression, Character):
            ranges = ascii_part(expression.ranges) if self._ascii_only else expression.ranges
            return self._made(characters(ranges))
        if isinstance(expression, Sequence):
            whole = _Part(frozenset((0,)), {}, {})
            for one in expression.parts:
                whole = self._joined(whole, self._made(one))
            return whole
        if isinstance(expression, Choice):
            whole = _Part(frozenset(), {}, {})
            for one in expression.parts:
                part = self._made(one)
                whole = _Part(
                    _fewest(whole.empty | part.empty), _either(whole.first, part.first), _either(whole.last, part.last)
                )
            return whole
        if isinstance(expression, Assertion):
            return _Part(frozenset((expression.kind,)), {}, {})
        if isinstance(expression, Times):
            return self._times(expression)
        return self._star(expression)

    def _star(self, expression: Star) -> _Part:
        part = self._made(expression.part)
        self._connect(part.last, part.first)
        return _Part(frozenset((0,)), part.first, part.last)

    def _times(self, expression: Times) -> _Part:
        whole = _Part(frozenset((0,)), {}, {})
        empty: frozenset[int] = frozenset()
        last: Ends = {}
        for number in range(expression.most + 1):
            if number:
                whole = self._joined(whole, self._made(expression.part))
            if number >= expression.least:
                empty, last = _fewest(empty | whole.empty), _either(last, whole.last)
        return _Part(empty, whole.first, last)

    def _byte(self, allowed: int) -> _Part:
        positions = 0
        for kind in KINDS if self._asserting else (ANY_BYTE,):
            if allowed & kind:
                if len(self._classes) > MOST_POSITIONS:
                    raise TooLarge(f"a pattern of more than {MOST_POSITIONS} characters, repetitions written out")
                positions |= 1 << len(self._classes)
                self._classes.append(allowed & kind)
                self._follow.append(0)
        return _Part(frozenset(), {0: positions}, {0: positions}) if positions else _Part(frozenset(), {}, {})

    def _joined(self, left: _Part, right: _Part) -> _Part:
        self._connect(left.last, right.first)
        first, last = dict(left.first), dict(right.last)
        for condition in left.empty:
            for more, positions in right.first.items():
                first[condition | more] = first.get(condition | more, 0) | positions
        for condition in right.empty:
            for more, positions in left.last.items():
                last[condition | more] = last.get(condition | more, 0) | positions
        return _Part(_fewest(frozenset(one | two for one in left.empty for two in right.empty)), first, last)

    def _connect(self, last: Ends, first: Ends) -> None:
        for before, ending in last.items():
            for after, beginning in first.items():
                condition = before | after
                if not condition:
                    for position in bits(ending):
                        self._follow[position] |= beginning
                    continue
                for position in bits(ending):
                    for following in bits(beginning):
                        if self._holds(condition, position, following):
                            self._follow[position] |= 1 << following

    def _holds(self, condition: int, before: int, after: int | None) -> bool:
        """Whether assertions hold between two positions; ``after`` None is the end of the text."""
        if not condition:
            return True
        starts, ends = before == 0, after is None
        previous = self._classes[before]
        following = 0 if after is None else self._classes[after]
        edge = bool(previous & WORD) != bool(following & WORD)
        return not (
            (condition & TEXT_BEGIN and not starts)
            or (condition & TEXT_END and not ends)
            or (condition & LINE_BEGIN and not (starts or previous & NEWLINE))
            or (condition & LINE_END and not (ends or following & NEWLINE))
            or (condition & WORD_EDGE and not edge)
            or (condition & NO_WORD_EDGE and edge)
        )


def _either(left: Ends, right: Ends) -> Ends:
    found = dict(left)
    for condition, positions in right.items():
        found[condition] = found.get(condition, 0) | positions
    return found


def _fewest(conditions: frozenset[int]) -> frozenset[int]:
    """Without conditions that ask for more than another one does."""
    if 0 in conditions:
        return frozenset((0,))
    return frozenset(one for one in conditions if not any(two != one and two & one == two for two in conditions))
