"""Atoms of exact strings, prefixes and suffixes, without an automaton.

The prefixes that a string has are a chain, known by the longest; so are its suffixes. An atom is a pair of these, less
the strings that are named exactly, each of which is an atom of its own. No atom is empty: ``u``, a character that no
pattern has, ``v`` is in the atom of ``u`` and ``v``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from ringfence.sets.languages.bytesets import ASCII, UPPER, listed
from ringfence.sets.languages.domains import Domain, encoded, is_utf8
from ringfence.sets.languages.patterns import Exact, Pattern, Prefix, Present, Suffix

Simple = Exact | Prefix | Suffix | Present


class ChainAtoms:
    """The atoms of a family. ``count`` of them, numbered from 0; a set of atoms is an integer of bits."""

    def __init__(self, patterns: Sequence[Simple], folded: bool, domain: Domain) -> None:
        self._domain, self._folded = domain, folded
        self._start = encoded(domain.start)
        prefixes, suffixes, exact = {self._start}, {b""}, dict[bytes, None]()
        for pattern in patterns:
            if isinstance(pattern, Present):
                if not pattern.empty:
                    exact[b""] = None
                continue
            text = self._text(pattern)
            if isinstance(pattern, Exact):
                exact[text] = None
            elif isinstance(pattern, Prefix):
                if text.startswith(self._start) and self._possible(text):
                    prefixes.add(text)
            elif self._possible(text):
                suffixes.add(text)
        self._prefixes = sorted(prefixes)
        self._suffixes = sorted(suffixes)
        self._row = {text: number * len(suffixes) for number, text in enumerate(self._prefixes)}
        self._column = {text: number for number, text in enumerate(self._suffixes)}
        named = sorted(text for text in exact if domain.has(text))
        self._sorted = len(named)
        same = self._besides(patterns, named)
        self._products = len(self._prefixes) * len(self._suffixes)
        self._named = named
        self._exact = {text: self._products + number for number, text in enumerate(named)}
        root = self._row[self._start] + self._column[b""]
        self._same = {text: root if other is None else self._exact[other] for text, other in same.items()}
        self.count = self._products + len(named)
        self._prefix_lengths = sorted({len(text) for text in self._prefixes}, reverse=True)
        self._suffix_lengths = sorted({len(text) for text in self._suffixes}, reverse=True)

    def _besides(self, patterns: Sequence[Simple], named: list[bytes]) -> dict[bytes, bytes | None]:
        """Names strings that the domain has although they do not begin as the others do, where patterns part them.
        Returns which of them is in whose atom; None: in that of strings with no longer prefix or suffix."""
        same: dict[bytes, bytes | None] = {}
        kinds: list[bytes | None] = [None]
        for one in map(encoded, self._domain.besides):
            text = one.lower() if self._folded else one
            if text in named:
                continue
            for other in kinds:
                if all(self._matches(pattern, text) == self._matches(pattern, other) for pattern in patterns):
                    same[text] = other
                    break
            else:
                kinds.append(text)
                named.append(text)
        return same

    def _text(self, pattern: Exact | Prefix | Suffix) -> bytes:
        text = encoded(pattern.text)
        return text.lower() if self._folded else text

    def _possible(self, text: bytes) -> bool:
        return all(self._domain.allowed >> byte & 1 for byte in text)

    def _matches(self, pattern: Simple, text: bytes | None) -> bool:
        """Whether a string matches; None: whether all do that begin as most of the domain does."""
        if isinstance(pattern, Present):
            return pattern.empty or bool(text is None or text)
        wanted = self._text(pattern)
        if isinstance(pattern, Exact):
            return text == wanted
        if isinstance(pattern, Prefix):
            return (self._start if text is None else text).startswith(wanted)
        return not wanted if text is None else text.endswith(wanted)

    def mask(self, pattern: Pattern) -> int:
        """The atoms whose strings match."""
        assert isinstance(pattern, Simple)
        if isinstance(pattern, Present):
            return (1 << self.count) - 1 - (0 if pattern.empty else 1 << self._exact[b""] if b"" in self._exact else 0)
        wanted = self._text(pattern)
        if isinstance(pattern, Exact):
            return 1 << self._exact[wanted] if wanted in self._exact else 0
        if isinstance(pattern, Prefix):
            return self._beginning(wanted)
        found, columns = 0, 0
        for text, column in self._column.items():
            if text.endswith(wanted):
                columns |= 1 << column
        for row in self._row.values():
            found |= columns << row
        for number, text in enumerate(self._named, self._products):
            if text.endswith(wanted):
                found |= 1 << number
        return found

    def _beginning(self, wanted: bytes) -> int:
        """The atoms of strings that begin like this: those with such a prefix follow one another."""
        width = len(self._suffixes)
        first, after = _run(self._prefixes, len(self._prefixes), wanted)
        found = ((1 << (after - first) * width) - 1) << first * width
        first, after = _run(self._named, self._sorted, wanted)
        found |= ((1 << after - first) - 1) << self._products + first
        for number in range(self._sorted, len(self._named)):
            if self._named[number].startswith(wanted):
                found |= 1 << self._products + number
        return found

    def classify(self, data: bytes) -> int | None:
        """The atom of a string; None where the domain does not have it."""
        if not self._domain.has(data):
            return None
        return self._atom(data.lower() if self._folded else data)

    def _atom(self, text: bytes) -> int:
        exact = self._exact.get(text)
        if exact is None:
            exact = self._same.get(text)
        if exact is not None:
            return exact
        row = next(row for size in self._prefix_lengths if (row := self._row.get(text[:size])) is not None)
        for size in self._suffix_lengths:
            column = self._column.get(text[len(text) - size :]) if size <= len(text) else None
            if column is not None:
                return row + column
        raise AssertionError("every string ends with the empty one")

    def witness(self, atom: int) -> bytes:
        """The shortest string of an atom; of these, the one with the most readable characters."""
        if atom >= self._products:
            return self._named[atom - self._products]
        before, after = self._prefixes[atom // len(self._suffixes)], self._suffixes[atom % len(self._suffixes)]
        return next(
            text
            for text in _between(before, after, self._characters())
            if (text or self._domain.empty) and self._atom(text) == atom
        )

    def _characters(self) -> bytes:
        return listed(self._domain.allowed & (ASCII & ~UPPER if self._folded else ASCII))

    def spare(self) -> bool:
        """Whether there is a character that no pattern has: what makes every atom have a member."""
        return bool(self._characters().translate(None, b"".join((*self._prefixes, *self._suffixes, *self._named))))


def _run(ordered: list[bytes], most: int, wanted: bytes) -> tuple[int, int]:
    """Where those that begin like this stand among the first ``most``, which are in order."""
    first = after = bisect_left(ordered, wanted, 0, most)
    step = 1
    while after < most and ordered[min(after + step, most) - 1].startswith(wanted):
        after = min(after + step, most)
        step *= 2
    while step:
        if after + step <= most and ordered[after + step - 1].startswith(wanted):
            after += step
        step //= 2
    return first, after


def _between(before: bytes, after: bytes, characters: bytes) -> Iterator[bytes]:
    """Strings that begin and end like this, the shortest first."""
    for overlap in range(min(len(before), len(after)), -1, -1):
        if before.endswith(after[:overlap]):
            yield before + after[overlap:]
    for character in characters:
        yield before + bytes((character,)) + after


def simple(patterns: Iterable[Pattern], domain: Domain) -> tuple[list[Simple], bool] | None:
    """The patterns, and whether all ignore case, if chains can be made of them; None if not."""
    found: list[Simple] = []
    cases: set[bool] = set()
    for pattern in patterns:
        if not isinstance(pattern, Exact | Prefix | Suffix | Present):
            return None
        if not isinstance(pattern, Present):
            cases.add(pattern.ignore_case)
            # Half of a character may begin a text without being one.
            if domain.well_formed and not is_utf8(encoded(pattern.text)):
                return None
        found.append(pattern)
    return (found, cases == {True}) if len(cases) < 2 else None
