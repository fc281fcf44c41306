"""Folds a set of requests into few pieces: exactly its members, the same pieces however the set was made.

Each piece is grown from the shortest member that no piece has yet: as many attributes as possible stop to matter, the
least usual ones first, and the others take all values that stay within the set. What other pieces cover together is
left out in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Numbers, Pattern
from ringfence.sets.ports import canonical
from ringfence.sets.requests.attributes import Attribute, place
from ringfence.sets.requests.dimensions import Element, Figures, Open, Strings
from ringfence.sets.requests.pieces import Condition, Piece, Pieces, Term
from ringfence.sets.requests.terms import terms
from ringfence.sets.requests.witnesses import path

if TYPE_CHECKING:
    from ringfence.sets.requests.spaces import Space

Box = tuple[int, ...]
"""A mask of points for each dimension."""


def folded(space: Space, value: int, most: int) -> Pieces:
    """The pieces of a set, or of all that it lacks where these are fewer. Raises TooLarge above ``most``."""
    rest = space.algebra.difference(space.everything.value, value)
    direct = _pieces(space, _cover(space, value, rest, most))
    if direct is not None and len(direct) < 2:
        return Pieces(direct)
    others = _pieces(space, _cover(space, rest, value, most))
    if others is not None and (direct is None or len(others) < len(direct)):
        return Pieces(others, negated=True)
    if direct is None:
        raise TooLarge(f"more than {most} pieces")
    return Pieces(direct)


def _cover(space: Space, value: int, forbidden: int, most: int) -> list[Box] | None:
    """Boxes that have every member and nothing that is forbidden; None: more than ``most``."""
    algebra = space.algebra
    boxes: list[Box] = []
    left = value
    while left != algebra.none:
        if len(boxes) == most:
            return None
        box = _grown(space, path(space, left), forbidden)
        boxes.append(box)
        left = algebra.difference(left, _value(space, box))
    for box in list(boxes):
        others = algebra.none
        for other in boxes:
            if other is not box:
                others = algebra.union(others, _value(space, other))
        if algebra.difference(value, others) == algebra.none:
            boxes.remove(box)
    for number, box in enumerate(boxes):
        boxes[number] = _trimmed(space, box, boxes[:number] + boxes[number + 1 :])
    return boxes


def _trimmed(space: Space, box: Box, others: list[Box]) -> Box:
    """A box without what others have anyhow, where that is said in fewer words."""
    algebra, had = space.algebra, space.algebra.none
    for other in others:
        had = algebra.union(had, _value(space, other))
    found = list(box)
    for number, one in enumerate(space.dimensions):
        if isinstance(one, Strings) and found[number] != (1 << one.size) - 1:
            left = algebra.difference(_value(space, tuple(found)), had)
            needed = 0
            for point in range(one.size):
                if algebra.intersection(left, algebra.within(number, 1 << point)) != algebra.none:
                    needed |= 1 << point
            if needed and _words(space, number, needed) < _words(space, number, found[number]):
                found[number] = needed
    return tuple(found)


def _words(space: Space, number: int, mask: int) -> int:
    """How much there is to read about a dimension."""
    (condition,) = _conditions(space, _Shape(((number, mask),), frozenset(), frozenset()))
    return condition.absent + sum(max(1, len(term.matching)) + len(term.excluding) for term in condition.terms)


def _grown(space: Space, points: Sequence[int], forbidden: int) -> Box:
    """The box around a member, as large as can be."""
    algebra = space.algebra
    box = [1 << point for point in points]
    for number in reversed(range(len(box))):
        others = algebra.everything
        for other, mask in enumerate(box):
            if other != number:
                others = algebra.intersection(others, algebra.within(other, mask))
        bad = algebra.intersection(others, forbidden)
        size = space.dimensions[number].size
        if bad == algebra.none:
            box[number] = (1 << size) - 1
            continue
        for point in range(size):
            if algebra.intersection(bad, algebra.within(number, 1 << point)) == algebra.none:
                box[number] |= 1 << point
    return tuple(box)


def _value(space: Space, box: Box) -> int:
    algebra, value = space.algebra, space.algebra.everything
    for number, mask in enumerate(box):
        value = algebra.intersection(value, algebra.within(number, mask))
    return value


def _pieces(space: Space, boxes: list[Box] | None) -> tuple[Piece, ...] | None:
    if boxes is None:
        return None
    shapes = _merged([_shape(space, box) for box in boxes])
    return tuple(Piece(tuple(_conditions(space, shape))) for shape in shapes)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A box; of lists, the sets of atoms of which some element is in, and those that no element is in."""

    plain: tuple[tuple[int, int], ...]
    some: frozenset[tuple[Attribute, int]]
    none: frozenset[tuple[Attribute, int]]


def _shape(space: Space, box: Box) -> _Shape:
    plain: list[tuple[int, int]] = []
    some: set[tuple[Attribute, int]] = set()
    none: dict[Attribute, int] = {}
    for number, (one, mask) in enumerate(zip(space.dimensions, box, strict=True)):
        if mask == (1 << one.size) - 1:
            continue
        if not isinstance(one, Element):
            plain.append((number, mask))
        elif mask == 0b10:
            some.add((one.attribute, 1 << one.atom))
        else:
            none[one.attribute] = none.get(one.attribute, 0) | 1 << one.atom
    return _Shape(tuple(plain), frozenset(some), frozenset(none.items()))


def _merged(shapes: list[_Shape]) -> list[_Shape]:
    """Two shapes that differ only in which atoms some element is in are one."""
    for left, right in combinations(shapes, 2):
        one, two = left.some - right.some, right.some - left.some
        if (left.plain, left.none, len(one), len(two)) == (right.plain, right.none, 1, 1):
            ((attribute, mask),), ((other, more),) = one, two
            if attribute == other:
                both = _Shape(left.plain, left.some & right.some | {(attribute, mask | more)}, left.none)
                return _merged([both if shape is left else shape for shape in shapes if shape is not right])
    return shapes


def _conditions(space: Space, shape: _Shape) -> list[Condition]:
    found: list[Condition] = []
    for number, mask in shape.plain:
        one = space.dimensions[number]
        if isinstance(one, Open):
            term = Term((one.pattern,)) if mask == 0b10 else Term((), (one.pattern,))
            found.append(Condition(one.attribute, (term,), absent=mask == 0b01))
        elif isinstance(one, Figures):
            kinds = [kind for point, kind in enumerate(one.kinds) if mask >> point & 1]
            numbers = Numbers(canonical(interval for kind in kinds for interval in kind.intervals))
            terms_found = (Term((numbers,) if len(kinds) < len(one.kinds) else ()),) if kinds else ()
            found.append(Condition(one.attribute, terms_found, absent=bool(mask >> len(one.kinds))))
        elif isinstance(one, Strings):
            everything = (1 << one.atoms.count) - 1
            said = terms(mask & everything, everything, _patterns(space, one))
            found.append(Condition(one.attribute, said, absent=bool(mask >> one.atoms.count)))
    elements = {one.attribute: one for one in space.dimensions if isinstance(one, Element)}
    for sets, negated in ((shape.some, False), (shape.none, True)):
        for attribute, mask in sorted(sets, key=lambda pair: (place(pair[0]), pair[1])):
            element = elements[attribute]
            said = terms(mask, (1 << element.atoms.count) - 1, _patterns(space, element))
            found.append(Condition(attribute, said, negated=negated))
    return sorted(found, key=lambda condition: place(condition.attribute))


def _patterns(space: Space, dimension: Strings | Element) -> list[tuple[Pattern, int]]:
    """The patterns of an attribute that were decided, with their atoms."""
    return [
        (predicate.pattern, dimension.atoms.mask(predicate.pattern))
        for predicate in space.predicates
        if predicate.attribute == dimension.attribute
        and predicate not in space.open_predicates
        and not isinstance(predicate.pattern, Numbers)
    ]
