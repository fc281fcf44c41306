"""Atoms of exact strings, prefixes and suffixes, without an automaton.

The prefixes that a string has are a chain, known by the longest; so are its suffixes. An atom is a pair of these, less
the strings that are named exactly, each of which is an atom of its own. No atom is empty: ``u``, a character that no
pattern has, ``v`` is in the atom of ``u`` and ``v``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ringfence.sets.languages.bytesets import LIKED, UPPER
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
        self._exact = {text: 0 for text in sorted(exact) if domain.has(text)}
        same = self._besides(patterns)
        self._products = len(self._prefixes) * len(self._suffixes)
        for number, text in enumerate(self._exact):
            self._exact[text] = self._products + number
        self._named = list(self._exact)
        root = self._row[self._start] + self._column[b""]
        self._same = {text: root if other is None else self._exact[other] for text, other in same.items()}
        self.count = self._products + len(self._exact)
        self._prefix_lengths = sorted({len(text) for text in self._prefixes}, reverse=True)
        self._suffix_lengths = sorted({len(text) for text in self._suffixes}, reverse=True)

    def _besides(self, patterns: Sequence[Simple]) -> dict[bytes, bytes | None]:
        """Adds strings that the domain has although they do not begin as the others do, parted by what matches them.
        Returns which of them is in whose atom; None: in that of strings with no longer prefix or suffix."""
        same: dict[bytes, bytes | None] = {}
        seen: dict[tuple[bool, ...], bytes | None] = {}
        if self._domain.besides:
            seen[tuple(self._matches_all(pattern) for pattern in patterns)] = None
        for one in map(encoded, self._domain.besides):
            text = one.lower() if self._folded else one
            if text in self._exact:
                continue
            kind = tuple(self._matches(pattern, text) for pattern in patterns)
            if kind in seen:
                same[text] = seen[kind]
            else:
                seen[kind] = text
                self._exact[text] = 0
        return same

    def _matches_all(self, pattern: Simple) -> bool:
        """Whether a pattern matches all strings that begin as most of the domain do."""
        if isinstance(pattern, Present):
            return True
        wanted = self._text(pattern)
        if isinstance(pattern, Prefix):
            return self._start.startswith(wanted)
        return isinstance(pattern, Suffix) and not wanted

    def _text(self, pattern: Exact | Prefix | Suffix) -> bytes:
        text = encoded(pattern.text)
        return text.lower() if self._folded else text

    def _possible(self, text: bytes) -> bool:
        return all(self._domain.allowed >> byte & 1 for byte in text)

    def _matches(self, pattern: Simple, text: bytes) -> bool:
        if isinstance(pattern, Present):
            return pattern.empty or bool(text)
        wanted = self._text(pattern)
        if isinstance(pattern, Exact):
            return text == wanted
        return text.startswith(wanted) if isinstance(pattern, Prefix) else text.endswith(wanted)

    def mask(self, pattern: Pattern) -> int:
        """The atoms whose strings match."""
        assert isinstance(pattern, Simple)
        found = 0
        for text, number in self._exact.items():
            if self._matches(pattern, text):
                found |= 1 << number
        if isinstance(pattern, Exact):
            return found
        width = len(self._suffixes)
        if isinstance(pattern, Present):
            return found | (1 << self._products) - 1
        wanted = self._text(pattern)
        if isinstance(pattern, Prefix):
            for text, row in self._row.items():
                if text.startswith(wanted):
                    found |= ((1 << width) - 1) << row
            return found
        columns = 0
        for text, column in self._column.items():
            if text.endswith(wanted):
                columns |= 1 << column
        for row in self._row.values():
            found |= columns << row
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

    def _characters(self) -> list[bytes]:
        allowed = self._domain.allowed & ~UPPER if self._folded else self._domain.allowed
        return [bytes((byte,)) for byte in LIKED if byte < 0x80 and allowed >> byte & 1]

    def spare(self) -> bool:
        """Whether there is a character that no pattern has: what makes every atom have a member."""
        used = set(b"".join((*self._prefixes, *self._suffixes, *self._exact)))
        return any(character[0] not in used for character in self._characters())


def _between(before: bytes, after: bytes, characters: Iterable[bytes]) -> Iterator[bytes]:
    """Strings that begin and end like this, the shortest first."""
    for overlap in range(min(len(before), len(after)), -1, -1):
        if before.endswith(after[:overlap]):
            yield before + after[overlap:]
    for character in characters:
        yield before + character + after


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
