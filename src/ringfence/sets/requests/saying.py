"""What a set of points of one dimension says of its attribute. Said once in a space, however many sets need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.sets.languages.patterns import Numbers
from ringfence.sets.ports import canonical
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.dimensions import Element, Figures, Open, Strings
from ringfence.sets.requests.pieces import Condition, Term
from ringfence.sets.requests.terms import Named, named, terms

if TYPE_CHECKING:
    from ringfence.sets.requests.spaces import Space


def said(space: Space, number: int, mask: int) -> Condition:
    """The condition that a point of a dimension is one of the mask. Not for elements of lists."""
    found = space.said.get((number, mask))
    if found is None:
        found = space.said[number, mask] = _condition(space, number, mask)
    return found


def said_of_elements(space: Space, attribute: Attribute, atoms: int, negated: bool) -> Condition:
    """The condition that some element of a list is in one of the atoms; ``negated``: that none is."""
    for number in space.numbers_of(attribute):
        one = space.dimensions[number]
        if isinstance(one, Element):
            everything = (1 << one.atoms.count) - 1
            return Condition(attribute, terms(atoms, everything, _named(space, number, one)), negated=negated)
    raise KeyError(f"no predicate asks about {attribute}")


def _condition(space: Space, number: int, mask: int) -> Condition:
    one = space.dimensions[number]
    if isinstance(one, Open):
        holds = mask == 0b10
        return Condition(
            one.attribute, (Term((one.pattern,)) if holds else Term((), (one.pattern,)),), absent=not holds
        )
    if isinstance(one, Figures):
        kinds = [kind for point, kind in enumerate(one.kinds) if mask >> point & 1]
        numbers = Numbers(canonical(interval for kind in kinds for interval in kind.intervals))
        found = (Term((numbers,) if len(kinds) < len(one.kinds) else ()),) if kinds else ()
        return Condition(one.attribute, found, absent=bool(mask >> len(one.kinds)))
    assert isinstance(one, Strings)
    everything = (1 << one.atoms.count) - 1
    words = terms(mask & everything, everything, _named(space, number, one))
    return Condition(one.attribute, words, absent=bool(mask >> one.atoms.count))


def _named(space: Space, number: int, dimension: Strings | Element) -> list[Named]:
    """The patterns of an attribute that were decided, with their atoms."""
    found = space.named.get(number)
    if found is None:
        patterns = [
            (predicate.pattern, dimension.atoms.mask(predicate.pattern))
            for predicate in space.predicates
            if predicate.attribute == dimension.attribute
            and predicate not in space.open_predicates
            and not isinstance(predicate.pattern, Numbers)
        ]
        found = space.named[number] = named(patterns, (1 << dimension.atoms.count) - 1)
    return found
