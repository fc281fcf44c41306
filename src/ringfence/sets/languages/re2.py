"""Regular expressions in RE2's syntax, as Envoy and its kin take them: no backreferences, no looking around.

Where the text is one that RE2 refuses, ``BadExpression`` says why. Where RE2 takes it but it is not modelled (scripts
of Unicode, very deep nesting), the result is a ``TooLarge``: the language is not decided.
Source: https://github.com/google/re2/wiki/Syntax and RE2's parser, with the flags that ``RE2::Options`` sets when
nothing else is said. Captures, and which of several matches is preferred, mean nothing for a match of the whole string.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from ringfence.sets.languages.bytesets import ANY_BYTE
from ringfence.sets.languages.characters import (
    CATEGORIES,
    EVERY,
    LAST,
    NOT_NEWLINE,
    PERL,
    POSIX,
    Ranges,
    category,
    complement,
    folded,
    union,
)
from ringfence.sets.languages.expressions import (
    EMPTY,
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
    one_or_more,
    optional,
)
from ringfence.sets.languages.limits import TooLarge
from ringfence.values import replace

MOST_REPEATS = 1000
"""RE2 takes no greater count, nor counts within counts whose product is greater."""

DEEPEST = 1000
DEEPEST_MODELLED = 100
"""Groups within groups: that RE2 takes, and that are modelled."""

TOO_LARGE_FOR_A_COUNT = 100_000_000
"""Braces with such a number are no count but text."""


class BadExpression(ValueError):
    """Not an expression that RE2 takes."""


class _NotModelled(Exception):
    """RE2 takes it; its language is not known here."""


@lru_cache(maxsize=4096)
def parsed(text: str) -> Expression | TooLarge:
    """The expression over bytes, or why it is not decided. Raises BadExpression."""
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise BadExpression("not valid UTF-8")
    parser = _Parser(text)
    try:
        found = parser.whole()
    except _NotModelled as reason:
        return TooLarge(str(reason))
    if parser.deepest > DEEPEST_MODELLED:
        return TooLarge(f"groups are nested more than {DEEPEST_MODELLED} deep")
    return found


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    many_lines: bool = False
    dot_is_all: bool = False


@dataclass(slots=True)
class _Item:
    """A part, and the greatest product of counts within it."""

    expression: Expression
    counts: int = 1


@dataclass(slots=True)
class _Group:
    """What is inside of one pair of parentheses, so far."""

    flags: _Flags
    branches: list[_Item] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._flags = _Flags()
        self._groups = [_Group(self._flags)]
        self._names: set[str] = set()
        self._unmodelled: str | None = None
        self.deepest = 0

    def whole(self) -> Expression:
        repeated = False
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in "*+?{":
                count = self._count()
                if count is not None:
                    if repeated:
                        raise BadExpression("a repetition of a repetition")
                    self._repeat(*count)
                    repeated = True
                    continue
            repeated = False
            self._one(character)
        if len(self._groups) > 1:
            raise BadExpression("missing )")
        found = _either(self._groups[0])
        if self._unmodelled is not None:
            raise _NotModelled(self._unmodelled)
        return found.expression

    def _one(self, character: str) -> None:
        self._at += 1
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            group = self._groups[-1]
            group.branches.append(_sequence(group.items))
            group.items = []
        elif character == "^":
            self._push(Assertion(LINE_BEGIN if self._flags.many_lines else TEXT_BEGIN))
        elif character == "$":
            self._push(Assertion(LINE_END if self._flags.many_lines else TEXT_END))
        elif character == ".":
            self._push(Character(EVERY if self._flags.dot_is_all else NOT_NEWLINE))
        elif character == "[":
            self._push(Character(self._class()))
        elif character == "\\":
            self._escape()
        else:
            self._literal(ord(character))

    def _push(self, expression: Expression) -> None:
        self._groups[-1].items.append(_Item(expression))

    def _literal(self, code: int) -> None:
        ranges: Ranges = ((code, code),)
        self._push(Character(folded(ranges) if self._flags.fold else ranges))

    # Groups.

    def _open(self) -> None:
        before = self._flags
        if self._text.startswith("?", self._at) and not self._perl_group():
            return
        self._groups.append(_Group(before))
        self.deepest = max(self.deepest, len(self._groups) - 1)
        if self.deepest > DEEPEST:
            raise BadExpression(f"groups are nested more than {DEEPEST} deep")

    def _perl_group(self) -> bool:
        """Reads ``?P<name>``, ``?<name>``, ``?flags:`` or ``?flags)``; whether a group begins."""
        for start in ("?P<", "?<"):
            if self._text.startswith(start, self._at) and not self._text.startswith(("?<=", "?<!"), self._at):
                end = self._text.find(">", self._at)
                name = self._text[self._at + len(start) : end]
                if end < 0 or not name or not all(one == "_" or one.isalnum() for one in name):
                    raise BadExpression("a group has no valid name")
                if name in self._names:
                    raise BadExpression(f"two groups are called {name}")
                self._names.add(name)
                self._at = end + 1
                return True
        self._at += 1
        flags, on, said = self._flags, True, False
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character in "imsU":
                said = True
                if character == "i":
                    flags = replace(flags, fold=on)
                elif character == "m":
                    flags = replace(flags, many_lines=on)
                elif character == "s":
                    flags = replace(flags, dot_is_all=on)
            elif character == "-" and on:
                on, said = False, False
            elif character in ":)" and (on or said):
                self._flags = flags
                return character == ":"
            else:
                break
        raise BadExpression("a group that RE2 does not know: it cannot look around")

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise BadExpression("a ) without its (")
        group = self._groups.pop()
        self._flags = group.flags
        self._groups[-1].items.append(_either(group))

    # Repetitions.

    def _count(self) -> tuple[int, int | None] | None:
        """How often; None where a brace is only a brace."""
        character = self._text[self._at]
        found: tuple[int, int | None] | None
        if character == "{":
            found = self._braces()
            if found is None:
                return None
        else:
            self._at += 1
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        if self._text.startswith("?", self._at):
            self._at += 1
        return found

    def _braces(self) -> tuple[int, int | None] | None:
        end = self._text.find("}", self._at)
        if end < 0:
            return None
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        least = _number(low)
        most = least if not comma else _number(high) if high else None
        if least is None or (high and most is None):
            return None
        self._at = end + 1
        if least > MOST_REPEATS or (most is not None and (most > MOST_REPEATS or most < least)):
            raise BadExpression(f"a count is above {MOST_REPEATS}, or below the one before it")
        return least, most

    def _repeat(self, least: int, most: int | None) -> None:
        items = self._groups[-1].items
        if not items:
            raise BadExpression("nothing to repeat")
        item = items[-1]
        counts = item.counts * max(1, least if most is None else most)
        if counts > MOST_REPEATS:
            raise BadExpression(f"counts within counts repeat more than {MOST_REPEATS} times")
        items[-1] = _Item(_repeated(item.expression, least, most), counts)

    # Characters.

    def _class(self) -> Ranges:
        parts: list[tuple[int, int]] = []
        negated = self._text.startswith("^", self._at)
        self._at += negated
        first = True
        while first or not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise BadExpression("missing ]")
            first = False
            named = self._posix() or self._named()
            if named is not None:
                parts.extend(named)
                continue
            low = high = self._class_character()
            if self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._class_character()
                if high < low:
                    raise BadExpression("a range that ends before it begins")
            ranges: Ranges = ((low, high),)
            parts.extend(folded(ranges) if self._flags.fold else ranges)
        self._at += 1
        found = union(parts)
        return complement(found) if negated else found

    def _class_character(self) -> int:
        if self._at >= len(self._text):
            raise BadExpression("missing ]")
        character = self._text[self._at]
        self._at += 1
        return self._code() if character == "\\" else ord(character)

    def _posix(self) -> Ranges | None:
        """A class such as ``[:alpha:]`` within brackets; None where none begins here."""
        if not self._text.startswith("[:", self._at):
            return None
        end = self._text.find(":]", self._at + 2)
        if end < 0:
            return None
        name = self._text[self._at + 2 : end]
        negated = name.startswith("^")
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise BadExpression(f"no class is called {name}")
        self._at = end + 2
        return self._signed(union(ranges), negated)

    def _named(self) -> Ranges | None:
        r"""A class such as ``\d`` or ``\pL``; None where none begins here."""
        letter = self._text[self._at + 1 : self._at + 2] if self._text.startswith("\\", self._at) else ""
        if letter and letter in "dswDSW":
            self._at += 2
            return self._signed(PERL[letter.lower()], letter.isupper())
        if not letter or letter not in "pP":
            return None
        name = self._text[self._at + 2 : self._at + 3]
        end = self._at + 3
        if name == "{":
            end = self._text.find("}", self._at) + 1
            name = self._text[self._at + 3 : end - 1]
        if not name or not end:
            raise BadExpression("a class of Unicode has no name")
        self._at = end
        negated = letter == "P"
        if name.startswith("^"):
            name, negated = name[1:], not negated
        if name == "Any":
            return self._signed(EVERY, negated)
        if name not in CATEGORIES:
            self._unmodelled = f"the class {name} of Unicode is not modelled"
            return ()
        return self._signed(category(name), negated)

    def _signed(self, ranges: Ranges, negated: bool) -> Ranges:
        found = folded(ranges) if self._flags.fold else ranges
        return complement(found) if negated else found

    def _escape(self) -> None:
        letter = self._text[self._at : self._at + 1]
        assertion = {"b": WORD_EDGE, "B": NO_WORD_EDGE, "A": TEXT_BEGIN, "z": TEXT_END}.get(letter)
        if assertion is not None:
            self._at += 1
            self._push(Assertion(assertion))
        elif letter == "C":
            self._at += 1
            self._push(Byte(ANY_BYTE))
        elif letter == "Q":
            end = self._text.find("\\E", self._at)
            for character in self._text[self._at + 1 : end if end >= 0 else None]:
                self._literal(ord(character))
            self._at = end + 2 if end >= 0 else len(self._text)
        else:
            self._at -= 1
            named = self._named()
            if named is not None:
                self._push(Character(named))
                return
            self._at += 1
            self._literal(self._code())

    def _code(self) -> int:
        """The character that an escape stands for, after its backslash."""
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        if letter and letter in "01234567":
            digits = 1
            while digits < 3 and self._text[self._at : self._at + 1] in tuple("01234567"):
                self._at, digits = self._at + 1, digits + 1
            if letter != "0" and digits == 1:
                raise BadExpression("RE2 has no backreferences")
            return int(self._text[self._at - digits : self._at], 8)
        if letter == "x":
            return self._hexadecimal()
        if letter and letter in "aftnrv":
            return ord({"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}[letter])
        if letter and letter.isascii() and not letter.isalnum():
            return ord(letter)
        raise BadExpression(f"no escape is called \\{letter}")

    def _hexadecimal(self) -> int:
        if self._text.startswith("{", self._at):
            end = self._text.find("}", self._at)
            digits = self._text[self._at + 1 : max(end, 0)]
            self._at = end + 1
        else:
            digits = self._text[self._at : self._at + 2]
            self._at += 2
            if len(digits) < 2:
                digits = ""
        if not digits or any(digit not in "0123456789abcdefABCDEF" for digit in digits) or int(digits, 16) > LAST:
            raise BadExpression("\\x is not followed by a code point")
        return int(digits, 16)


def _number(text: str) -> int | None:
    """A count; None where RE2 would not take it for one: no leading zeros, and not very long."""
    if not (text.isascii() and text.isdigit()) or (len(text) > 1 and text[0] == "0"):
        return None
    return number if (number := int(text)) < TOO_LARGE_FOR_A_COUNT else None


def _repeated(part: Expression, least: int, most: int | None) -> Expression:
    if most is None:
        if least == 0:
            return Star(part)
        return one_or_more(part) if least == 1 else Sequence((Times(part, least, least), Star(part)))
    if most == 0:
        return EMPTY
    if most == 1:
        return part if least else optional(part)
    return Times(part, least, most)


def _sequence(items: list[_Item]) -> _Item:
    if len(items) == 1:
        return items[0]
    return _Item(Sequence(tuple(item.expression for item in items)), max((item.counts for item in items), default=1))


def _either(group: _Group) -> _Item:
    branches = [*group.branches, _sequence(group.items)]
    if len(branches) == 1:
        return branches[0]
    return _Item(Choice(tuple(one.expression for one in branches)), max(one.counts for one in branches))
