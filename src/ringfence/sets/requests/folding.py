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
from ringfence.sets.requests.attributes import Attribute, place
from ringfence.sets.requests.dimensions import Element, Strings
from ringfence.sets.requests.pieces import Condition, Piece, Pieces
from ringfence.sets.requests.saying import said, said_of_elements
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
    boxes: dict[Box, int] = {}
    left = value
    while left != algebra.none:
        if len(boxes) == most:
            return None
        box = _grown(space, path(space, left), forbidden)
        boxes[box] = _value(space, box)
        left = algebra.difference(left, boxes[box])
    for box in list(boxes):
        if algebra.difference(value, _others(space, boxes, box)) == algebra.none:
            del boxes[box]
    for box in list(boxes):
        others = _others(space, boxes, box)
        del boxes[box]
        box = _trimmed(space, box, others)
        boxes[box] = _value(space, box)
    return list(boxes)


def _others(space: Space, boxes: dict[Box, int], box: Box) -> int:
    """What all boxes but one have."""
    found = space.algebra.none
    for other, value in boxes.items():
        if other != box:
            found = space.algebra.union(found, value)
    return found


def _trimmed(space: Space, box: Box, had: int) -> Box:
    """A box without what others have anyhow, where that is said in fewer words."""
    algebra = space.algebra
    found = list(box)
    for number, one in enumerate(space.dimensions):
        if isinstance(one, Strings) and found[number] != (1 << one.size) - 1:
            left = algebra.difference(_value(space, tuple(found)), had)
            needed = _points(space, left, number)
            if needed and _words(space, number, needed) < _words(space, number, found[number]):
                found[number] = needed
    return tuple(found)


def _words(space: Space, number: int, mask: int) -> int:
    """How much there is to read about a dimension."""
    condition = said(space, number, mask)
    return condition.absent + sum(max(1, len(term.matching)) + len(term.excluding) for term in condition.terms)


def _grown(space: Space, points: Sequence[int], forbidden: int) -> Box:
    """The box around a member, as large as can be: dimension by dimension, the last one first.

    Nothing is added to the space for it: what is forbidden is looked through, along the points up to the dimension
    that grows, and then along the masks of those that have grown.
    """
    algebra = space.algebra
    rests = [forbidden]
    for level, point in enumerate(points):
        rests.append(next(rest for mask, rest in algebra.branches(level, rests[-1]) if mask >> point & 1))
    box = [1 << point for point in points]
    meeting: list[dict[int, bool]] = [{} for _ in points]

    def meets(level: int, value: int) -> bool:
        """Whether something forbidden is in the box, from a dimension on."""
        if level == len(box) or value == algebra.none:
            return value != algebra.none
        found = meeting[level].get(value)
        if found is None:
            found = meeting[level][value] = any(
                mask & box[level] and meets(level + 1, rest) for mask, rest in algebra.branches(level, value)
            )
        return found

    for number in reversed(range(len(box))):
        for mask, rest in algebra.branches(number, rests[number]):
            if not meets(number + 1, rest):
                box[number] |= mask
    return tuple(box)


def _points(space: Space, value: int, dimension: int) -> int:
    """The points of a dimension that members have."""
    algebra, reached = space.algebra, {value}
    for level in range(dimension):
        reached = {rest for one in reached for _, rest in algebra.branches(level, one)}
    found = 0
    for one in reached:
        for mask, rest in algebra.branches(dimension, one):
            if rest != algebra.none:
                found |= mask
    return found


def _value(space: Space, box: Box) -> int:
    algebra, value = space.algebra, space.algebra.everything
    for number in reversed(range(len(box))):
        value = algebra.intersection(value, algebra.within(number, box[number]))
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
    found = [said(space, number, mask) for number, mask in shape.plain]
    for sets, negated in ((shape.some, False), (shape.none, True)):
        for attribute, mask in sorted(sets, key=lambda pair: (place(pair[0]), pair[1])):
            found.append(said_of_elements(space, attribute, mask, negated))
    return sorted(found, key=lambda condition: place(condition.attribute))
