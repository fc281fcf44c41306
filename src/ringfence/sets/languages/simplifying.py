"""Regular expressions that say no more than an exact string, a prefix or a suffix: these need no automaton."""

from __future__ import annotations

from functools import lru_cache

from ringfence.sets.languages.bytesets import byte_range, byteset
from ringfence.sets.languages.characters import Ranges, ascii_part
from ringfence.sets.languages.domains import Domain, encoded
from ringfence.sets.languages.expressions import Character, Expression, Sequence, Star
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Exact, Pattern, Prefix, Present, Regex, Suffix
from ringfence.sets.languages.re2 import parsed


def simplified(pattern: Pattern, domain: Domain) -> Pattern:
    """A pattern that matches the same strings of a domain; the same pattern where there is no simpler one."""
    return simplified_expression(pattern, domain) if isinstance(pattern, Regex) else pattern


@lru_cache(maxsize=4096)
def simplified_expression(pattern: Regex, domain: Domain) -> Pattern:
    """What ``simplified`` does, of an expression."""
    expression = parsed(pattern.text)
    if isinstance(expression, TooLarge):
        return pattern
    parts: list[Expression] = list(expression.parts) if isinstance(expression, Sequence) else [expression]
    if len(parts) == 2 and isinstance(parts[1], Star) and parts[0] == parts[1].part and _is_any(parts[1], domain):
        return Present(empty=False)
    before = bool(parts) and _is_any(parts[0], domain)
    after = len(parts) > before and _is_any(parts[-1], domain)
    text = _text(parts[before : len(parts) - after])
    if text is None or (before and after):
        return pattern
    if before:
        return Suffix(text) if text else Present()
    return Prefix(text) if after else Exact(text)


def _is_any(part: Expression, domain: Domain) -> bool:
    """Whether a part takes whatever strings of the domain hold."""
    return isinstance(part, Star) and isinstance(part.part, Character) and _covers(part.part.ranges, domain)


def _covers(ranges: Ranges, domain: Domain) -> bool:
    held = domain.allowed | byteset(encoded("".join(domain.besides)))
    taken = sum(byte_range(first, last) for first, last in ascii_part(ranges))
    return held & ~taken == 0


def _text(parts: list[Expression]) -> str | None:
    """The one string that the parts make; None where there are others."""
    found: list[str] = []
    for part in parts:
        if not isinstance(part, Character) or len(part.ranges) != 1 or part.ranges[0][0] != part.ranges[0][1]:
            return None
        found.append(chr(part.ranges[0][0]))
    return "".join(found)
