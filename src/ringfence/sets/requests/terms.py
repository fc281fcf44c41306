"""A set of atoms in the words of the patterns that made them: exactly that set, in few terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from ringfence.sets.languages.patterns import Pattern, order
from ringfence.sets.requests.pieces import Term

Named = tuple[Pattern, int]
"""A pattern with the atoms that it matches."""

PLAINEST = ("Exact", "Prefix", "Suffix", "Template", "Contains", "Regex")


def terms(target: int, everything: int, patterns: Sequence[Named]) -> tuple[Term, ...]:
    """Terms that together have the atoms of the target and no others.

    Each is for the lowest atom that none has yet: of the ways to say it, the one with the most new atoms for the least
    words. What others have together is left out in the end.
    """
    words = _Words(target, everything, patterns)
    found: list[tuple[Term, int]] = []
    left = target
    while left:
        best = max(words.options(left & -left), key=lambda one: _worth(one, left))
        found.append(best)
        left &= ~best[1]
    once, twice = 0, 0
    for _, mask in found:
        once, twice = once | mask, twice | once & mask
    for term, mask in list(found):
        if mask & ~twice == 0:
            found.remove((term, mask))
            once, twice = 0, 0
            for _, other in found:
                once, twice = once | other, twice | once & other
    return tuple(term for term, _ in found)


def named(patterns: Iterable[Named], everything: int) -> list[Named]:
    """Patterns that tell something apart, the widest first; of those that match the same, the plainest."""
    plainest: dict[int, Pattern] = {}
    for pattern, mask in sorted(patterns, key=_plainness):
        if mask and mask != everything:
            plainest.setdefault(mask, pattern)
    return sorted(((one, mask) for mask, one in plainest.items()), key=lambda pair: -pair[1].bit_count())


def _plainness(named: Named) -> tuple[int, tuple[str, ...]]:
    kind = type(named[0]).__name__
    return PLAINEST.index(kind) if kind in PLAINEST else len(PLAINEST), order(named[0])


def _worth(option: tuple[Term, int], left: int) -> float:
    term, mask = option
    return (mask & left).bit_count() / (max(1, len(term.matching)) + len(term.excluding))


class _Words:
    """Ways to say atoms of one target."""

    def __init__(self, target: int, everything: int, named: Sequence[Named]) -> None:
        self._target, self._everything, self._named = target, everything, named
        self._known: dict[int, tuple[Term, int] | None] = {}

    def options(self, atom: int) -> Iterator[tuple[Term, int]]:
        """Ways to say an atom, and nothing outside of the target."""
        having = [one for one in self._named if one[1] & atom]
        said = False
        for base in ((), *((one,) for one in having), *combinations(having, 2)):
            option = self._said(base)
            if option is not None:
                said = True
                yield option
        if not said:
            lacking = [one for one in self._named if not one[1] & atom]
            mask = self._mask(having)
            chosen = _exclusions(mask & ~self._target, atom, lacking)
            assert chosen is not None, "every other atom lacks one of the patterns, or has one more"
            yield _term(having, chosen, mask)

    def _mask(self, base: Iterable[Named]) -> int:
        mask = self._everything
        for _, matched in base:
            mask &= matched
        return mask

    def _said(self, base: tuple[Named, ...]) -> tuple[Term, int] | None:
        """What all patterns of a base match, but for other patterns that take nothing of the target away."""
        mask = self._mask(base)
        if mask not in self._known:
            chosen = _exclusions(mask & ~self._target, mask & self._target, self._named)
            self._known[mask] = None if chosen is None else _term(base, chosen, mask)
        return self._known[mask]


def _term(base: Iterable[Named], excluded: Iterable[Named], mask: int) -> tuple[Term, int]:
    for _, lost in excluded:
        mask &= ~lost
    return Term(tuple(one for one, _ in base), tuple(one for one, _ in excluded)), mask


def _exclusions(bad: int, wanted: int, named: Iterable[Named]) -> list[Named] | None:
    """Patterns that match all that is bad and nothing that is wanted, the widest first; None: there are none such."""
    chosen: list[Named] = []
    for pattern, mask in named:
        if not bad:
            break
        if mask & bad and not mask & wanted:
            chosen.append((pattern, mask))
            bad &= ~mask
    return None if bad else chosen
