"""A set of atoms in the words of the patterns that made them: exactly that set, in few terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from ringfence.sets.languages.patterns import Pattern, order
from ringfence.sets.requests.pieces import Term

Named = tuple[Pattern, int]
"""A pattern with the atoms that it matches."""

PLAINEST = ("Exact", "Prefix", "Suffix", "Template", "Contains", "Regex")


def terms(target: int, everything: int, patterns: Iterable[Named]) -> tuple[Term, ...]:
    """Terms that together have the atoms of the target and no others.

    Each grows from the lowest atom that none has yet: of the ways to say it, the one with the most new atoms for the
    least words.
    """
    named = _named(patterns, everything)
    found: list[tuple[Term, int]] = []
    left = target
    while left:
        atom = left & -left
        best = max(_options(atom, target, everything, named), key=lambda one: _worth(one, left))
        found.append(best)
        left &= ~best[1]
    for one in list(found):
        others = 0
        for other in found:
            if other is not one:
                others |= other[1]
        if others == target:
            found.remove(one)
    return tuple(term for term, _ in found)


def _named(patterns: Iterable[Named], everything: int) -> list[Named]:
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


def _options(atom: int, target: int, everything: int, named: Sequence[Named]) -> Iterator[tuple[Term, int]]:
    """Ways to say the atom and nothing outside of the target."""
    having = [one for one in named if one[1] & atom]
    lacking = [one for one in named if not one[1] & atom]
    bases: list[tuple[Named, ...]] = [(), *((one,) for one in having), *combinations(having, 2), tuple(having)]
    for base in bases:
        mask = everything
        for _, matched in base:
            mask &= matched
        excluded = _exclusions(mask & ~target, mask & target, lacking)
        if excluded is None and base == bases[-1]:
            excluded = _exclusions(mask & ~target, atom, lacking)
        if excluded is not None:
            for _, lost in excluded:
                mask &= ~lost
            yield Term(tuple(one for one, _ in base), tuple(one for one, _ in excluded)), mask


def _exclusions(bad: int, wanted: int, named: Sequence[Named]) -> list[Named] | None:
    """Patterns that match all that is bad and nothing that is wanted, the widest first; None: there are none such."""
    chosen: list[Named] = []
    usable = [one for one in named if one[1] & bad and not one[1] & wanted]
    while bad:
        best = max(usable, key=lambda one: (one[1] & bad).bit_count(), default=None)
        if best is None or not best[1] & bad:
            return None
        chosen.append(best)
        bad &= ~best[1]
    return chosen
