"""Atoms of any family of patterns: all automata are walked at once, and strings that the same ones accept are an atom.

The state of the walk is one integer: the positions of all automata, side by side. The walk goes breadth first, the most
readable byte first, so the first string of each atom is its witness.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringfence.sets.languages.automata import Automaton, automaton, bits
from ringfence.sets.languages.bytesets import LIKING, best
from ringfence.sets.languages.domains import Domain, encoded
from ringfence.sets.languages.expressions import Byte, Choice, Expression, Star, literal, one_or_more
from ringfence.sets.languages.expressions import Sequence as InSequence
from ringfence.sets.languages.limits import MOST_ATOMS, MOST_STATES, TooLarge
from ringfence.sets.languages.patterns import Pattern, automaton_of, matches
from ringfence.sets.languages.utf8 import WELL_FORMED

MOST_MOVES = 50_000
"""Moves from a state over a byte that are remembered when strings are read."""


class WalkAtoms:
    """The atoms of a family. ``count`` of them, numbered from 0; a set of atoms is an integer of bits.

    Raises TooLarge.
    """

    def __init__(self, patterns: Sequence[Pattern], domain: Domain) -> None:
        ascii_only = domain.ascii_only()
        self._number = {pattern: number for number, pattern in enumerate(dict.fromkeys(patterns))}
        automata = [automaton_of(pattern, ascii_only) for pattern in self._number]
        self._joint = Joint([automaton(body(domain)), *automata])
        found = self._joint.kinds(MOST_STATES, MOST_ATOMS)
        self._besides = {text: self._kind(text) for text in map(encoded, domain.besides)}
        for text, kind in self._besides.items():
            found.setdefault(kind, text)
        self._atom = {kind: number for number, kind in enumerate(found)}
        self._witnesses = list(found.values())
        self.count = len(found)

    def mask(self, pattern: Pattern) -> int:
        """The atoms whose strings match."""
        wanted = self._number[pattern] + 1
        found = 0
        for kind, number in self._atom.items():
            if kind >> wanted & 1:
                found |= 1 << number
        return found

    def classify(self, data: bytes) -> int | None:
        """The atom of a string; None where the domain does not have it."""
        kind = self._besides.get(data)
        return self._atom.get(self._joint.kind(data) if kind is None else kind)

    def _kind(self, data: bytes) -> int:
        """The kind of a string that the walk does not come to."""
        return 1 | sum(1 << number + 1 for pattern, number in self._number.items() if matches(pattern, data))

    def witness(self, atom: int) -> bytes:
        """The shortest string of an atom; of these, the one with the most readable characters."""
        return self._witnesses[atom]


class Joint:
    """Some automata read the same string. The first one is the domain: what it does not accept is no string."""

    def __init__(self, automata: Sequence[Automaton]) -> None:
        self._classes: list[int] = []
        self._follow: list[int] = []
        self._accepting: list[int] = []
        self._begin = 0
        for one in automata:
            shift = len(self._classes)
            self._begin |= 1 << shift
            self._classes.extend(one.classes)
            self._follow.extend(positions << shift for positions in one.follow)
            self._accepting.append(one.accepting << shift)
        self._domain = (1 << len(automata[0].classes)) - 1
        self._sinks = list(self._found_sinks(automata))
        self._any_sink = 0
        for _, sinks, _ in self._sinks:
            self._any_sink |= sinks
        self._begin = self._settled(self._begin)
        self._accepts_any = 0
        for positions in self._accepting:
            self._accepts_any |= positions
        self._kinds: dict[int, int] = {}
        self._moves: dict[tuple[int, int], int] = {}

    def _found_sinks(self, automata: Sequence[Automaton]) -> Iterator[tuple[int, int, int]]:
        """Positions from which an automaton accepts whatever follows: all its positions, these, and one of them that
        may stand for all."""
        allowed = 0
        for members in automata[0].classes:
            allowed |= members
        shift = len(automata[0].classes)
        for one in automata[1:]:
            for last, members in enumerate(one.classes):
                here = 1 << last
                if not allowed & ~members and one.follow[last] & one.accepting & here:
                    sinks = sum(
                        1 << position
                        for position, follow in enumerate(one.follow)
                        if follow & here and one.accepting >> position & 1 and position != last
                    )
                    yield ((1 << len(one.classes)) - 1) << shift, sinks << shift, here << shift
                    break
            shift += len(one.classes)

    def _settled(self, state: int) -> int:
        """The state without the positions of automata that accept in any case."""
        if state & self._any_sink:
            for positions, sinks, last in self._sinks:
                if state & sinks:
                    state = state & ~positions | last
        return state

    def kinds(self, most_states: int, most_kinds: int) -> dict[int, bytes]:
        """Which automata accept, as bits, for every string of the domain; each with its first witness."""
        found: dict[int, bytes] = {}
        seen = {self._begin}
        layer: list[tuple[int, bytes]] = [(self._begin, b"")]
        while layer:
            following: list[tuple[int, bytes]] = []
            for state, word in layer:
                kind = self._kind(state)
                if kind & 1 and kind not in found:
                    found[kind] = word
                    if len(found) > most_kinds:
                        raise TooLarge(f"more than {most_kinds} kinds of strings")
                for byte, after in self._steps(state):
                    if after not in seen:
                        seen.add(after)
                        following.append((after, word + bytes((byte,))))
                if len(seen) > most_states:
                    raise TooLarge(f"more than {most_states} states")
            layer = following
        return found

    def kind(self, data: bytes) -> int:
        """Which automata accept a string, as bits."""
        state = self._begin
        for byte in data:
            after = self._moves.get((state, byte))
            if after is None:
                after = self._move(state, byte)
                if len(self._moves) < MOST_MOVES:
                    self._moves[state, byte] = after
            if not after & self._domain:
                return 0
            state = after
        return self._kind(state)

    def _move(self, state: int, byte: int) -> int:
        after = 0
        for position in bits(self._after(state)):
            if self._classes[position] >> byte & 1:
                after |= 1 << position
        return self._settled(after)

    def _kind(self, state: int) -> int:
        accepting = state & self._accepts_any
        kind = self._kinds.get(accepting)
        if kind is None:
            kind = sum(1 << number for number, positions in enumerate(self._accepting) if positions & accepting)
            self._kinds[accepting] = kind
        return kind

    def _after(self, state: int) -> int:
        after = 0
        for position in bits(state):
            after |= self._follow[position]
        return after

    def _steps(self, state: int) -> list[tuple[int, int]]:
        """The states after one byte, each with its most readable byte, in the order of these."""
        wide: dict[int, int] = {}
        single: dict[int, int] = {}
        allowed, singles = 0, 0
        for position in bits(self._after(state)):
            members, here = self._classes[position], 1 << position
            if self._domain & here:
                allowed |= members
            if members & (members - 1):
                wide[members] = wide.get(members, 0) | here
            else:
                single[members] = single.get(members, 0) | here
                singles |= members
        steps: dict[int, int] = {}
        for inside, reached in _parted(allowed, wide):
            if rest := inside & ~singles:
                _more_liked(steps, self._settled(reached), best(rest))
            named = inside & singles
            while named:
                low = named & -named
                _more_liked(steps, self._settled(reached | single[low]), low.bit_length() - 1)
                named ^= low
        return sorted(((byte, reached) for reached, byte in steps.items()), key=_liking)


def _parted(allowed: int, classes: dict[int, int]) -> list[tuple[int, int]]:
    """Sets of bytes that the classes do not part, each with the positions whose classes it is in."""
    parts = [(allowed, 0)]
    for members, positions in classes.items():
        split: list[tuple[int, int]] = []
        for inside, reached in parts:
            if both := inside & members:
                split.append((both, reached | positions))
                if rest := inside & ~members:
                    split.append((rest, reached))
            else:
                split.append((inside, reached))
        parts = split
    return parts


def _more_liked(steps: dict[int, int], reached: int, byte: int) -> None:
    known = steps.get(reached)
    if known is None or LIKING[byte] < LIKING[known]:
        steps[reached] = byte


def _liking(step: tuple[int, int]) -> int:
    return LIKING[step[0]]


def body(domain: Domain) -> Expression:
    """The strings of a domain, but for those that it has besides."""
    character = _only(WELL_FORMED, domain.allowed) if domain.well_formed else Byte(domain.allowed)
    if domain.start:
        return InSequence((literal(encoded(domain.start)), Star(character)))
    return Star(character) if domain.empty else one_or_more(character)


def _only(expression: Expression, allowed: int) -> Expression:
    """The expression with every byte restricted."""
    if isinstance(expression, Byte):
        return Byte(expression.allowed & allowed)
    assert isinstance(expression, InSequence | Choice)
    return type(expression)(tuple(_only(part, allowed) for part in expression.parts))
