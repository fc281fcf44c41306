"""Patterns: what a policy says of a string. Each is a value, and means a set of byte strings.

The text of a pattern is what the policy says; it is matched as its UTF-8 bytes, which is what proxies compare. Texts
with half surrogates stand for other bytes, as in ``domains.encoded``. ``ignore_case`` is about ASCII letters only.
Source of the semantics: Envoy's ``StringMatcher`` (exact, prefix, suffix, contains, safe_regex) and its URI templates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from ringfence.sets.languages.automata import Automaton, automaton
from ringfence.sets.languages.bytesets import ANY_BYTE, byteset
from ringfence.sets.languages.domains import encoded
from ringfence.sets.languages.expressions import ANY, Byte, Expression, Sequence, Star, literal, one_or_more
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.re2 import BadExpression, parsed


@dataclass(frozen=True, slots=True)
class Exact:
    """This string and no other."""

    text: str
    ignore_case: bool = False

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        return literal(encoded(self.text), self.ignore_case)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Prefix:
    """Strings that begin with this one."""

    text: str
    ignore_case: bool = False

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        return Sequence((literal(encoded(self.text), self.ignore_case), ANY))

    def __str__(self) -> str:
        return f"{self.text}*"


@dataclass(frozen=True, slots=True)
class Suffix:
    """Strings that end with this one."""

    text: str
    ignore_case: bool = False

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        return Sequence((ANY, literal(encoded(self.text), self.ignore_case)))

    def __str__(self) -> str:
        return f"*{self.text}"


@dataclass(frozen=True, slots=True)
class Contains:
    """Strings with this one somewhere in them."""

    text: str
    ignore_case: bool = False

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        return Sequence((ANY, literal(encoded(self.text), self.ignore_case), ANY))

    def __str__(self) -> str:
        return f"*{self.text}*"


@dataclass(frozen=True, slots=True)
class Present:
    """Any string; ``empty`` False: any but the empty one."""

    empty: bool = True

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        return ANY if self.empty else one_or_more(Byte(ANY_BYTE))

    def __str__(self) -> str:
        return "*"


URI_CHARACTERS = "".join(map(chr, (*range(0x61, 0x7B), *range(0x41, 0x5B), *range(0x30, 0x3A)))) + "-._~%!$&'()*+,;:@="
"""What a wildcard of Envoy's URI templates takes in one segment: letters, digits and these signs. Not brackets, ``|``
or what is not ASCII: a path with such a character escapes even ``{**}``. Asked of Envoy 1.40 (``tests/envoy``)."""


@dataclass(frozen=True, slots=True)
class Template:
    """A path with wildcards: ``{*}`` is one segment, not empty; ``{**}`` is anything, also nothing and slashes.

    ``characters`` are those that a wildcard takes beside the slash; None: any.
    """

    text: str
    characters: str | None = URI_CHARACTERS

    def expression(self) -> Expression:
        """The pattern as an expression over bytes."""
        segment = ANY_BYTE if self.characters is None else byteset(encoded(self.characters))
        segment &= ~(1 << 0x2F)
        parts: list[Expression] = []
        for number, text in enumerate(self.text.split("{**}")):
            if number:
                parts.append(Star(Byte(segment | 1 << 0x2F)))
            for place, piece in enumerate(text.split("{*}")):
                if place:
                    parts.append(one_or_more(Byte(segment)))
                parts.append(literal(encoded(piece)))
        return Sequence(tuple(parts))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in RE2's syntax that has to match the whole string, as Envoy's ``safe_regex``.

    Raises BadExpression where RE2 would not take it.
    """

    text: str

    def __post_init__(self) -> None:
        parsed(self.text)

    def expression(self) -> Expression:
        """The pattern as an expression over bytes. Raises TooLarge."""
        found = parsed(self.text)
        if isinstance(found, TooLarge):
            raise found
        return found

    def __str__(self) -> str:
        return f"~{self.text}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A condition on the value of which only its name is known: no string can be tried against it."""

    name: str

    def expression(self) -> Expression:
        """Raises TooLarge."""
        raise TooLarge(f"what {self.name} matches is not known")

    def __str__(self) -> str:
        return self.name


Pattern = Exact | Prefix | Suffix | Contains | Present | Template | Regex | Unknown


def regular(text: str) -> Regex | Unknown:
    """The regular expression; what RE2 would not take matches nothing that is known."""
    try:
        return Regex(text)
    except BadExpression:
        return Unknown(f"the expression {text}, which RE2 refuses")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers within intervals: sorted, disjoint, never adjacent. For attributes that are numbers, such as ports."""

    intervals: tuple[tuple[int, int], ...] = field(default=())

    @staticmethod
    def of(*numbers: int) -> Numbers:
        """These numbers and no others."""
        merged: list[tuple[int, int]] = []
        for number in sorted(set(numbers)):
            if merged and merged[-1][1] == number - 1:
                merged[-1] = (merged[-1][0], number)
            else:
                merged.append((number, number))
        return Numbers(tuple(merged))

    def has(self, number: int) -> bool:
        """Whether a number is a member."""
        return any(first <= number <= last for first, last in self.intervals)

    def __str__(self) -> str:
        return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.intervals) or "none"


def order(pattern: Pattern) -> tuple[str, ...]:
    """An order of patterns, the same on every run."""
    return type(pattern).__name__, *(str(getattr(pattern, name)) for name in pattern.__slots__)


@lru_cache(maxsize=8192)
def automaton_of(pattern: Pattern, ascii_only: bool) -> Automaton:
    """The automaton of a pattern; ``ascii_only``: other bytes are never read. Raises TooLarge."""
    return automaton(pattern.expression(), ascii_only)


def matches(pattern: Pattern, data: bytes) -> bool:
    """Whether a string matches. Raises TooLarge where the pattern is unknown, or too large even to try."""
    if isinstance(pattern, Exact | Prefix | Suffix | Contains):
        text = encoded(pattern.text)
        if pattern.ignore_case:
            text, data = text.lower(), data.lower()
        if isinstance(pattern, Exact):
            return data == text
        if isinstance(pattern, Prefix):
            return data.startswith(text)
        return data.endswith(text) if isinstance(pattern, Suffix) else text in data
    if isinstance(pattern, Present):
        return pattern.empty or bool(data)
    return automaton_of(pattern, data.isascii()).accepts(data)
