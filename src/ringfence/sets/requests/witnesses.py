"""The shortest request of a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.dimensions import Dimension, Element, Open
from ringfence.sets.requests.request import Request, Value

if TYPE_CHECKING:
    from ringfence.sets.requests.spaces import Space

Cost = tuple[int, int, int]
"""Attributes that could have stayed away, the length of what is written, and how far from the first point."""


def cheapest(space: Space, value: int) -> Request:
    """The member of a set that is not empty with the fewest attributes; then with the least to write."""
    return Request.of(_values(space, path(space, value)))


def path(space: Space, value: int) -> list[int]:
    """The points of that member."""
    prices = space.prices
    levels = [{value}]
    for level in range(len(prices)):
        levels.append({rest for one in levels[-1] for _, rest in space.algebra.branches(level, one)})
    known: dict[tuple[int, int], tuple[Cost, int, int]] = {}
    totals: dict[int, Cost] = {one: (0, 0, 0) for one in levels[-1] if one}
    for level in range(len(prices) - 1, -1, -1):
        below, totals = totals, {}
        for one in levels[level]:
            options = [
                (_plus(prices[level][point], below[rest]), point, rest)
                for mask, rest in space.algebra.branches(level, one)
                if rest in below
                for point in range(len(prices[level]))
                if mask >> point & 1
            ]
            if options:
                known[level, one] = best = min(options)
                totals[one] = best[0]
    points: list[int] = []
    for level in range(len(prices)):
        _, point, value = known[level, value]
        points.append(point)
    return points


def _plus(left: Cost, right: Cost) -> Cost:
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]


def cost(dimension: Dimension, point: int) -> Cost:
    """What a point takes away from the shortness of a request."""
    if isinstance(dimension, Open):
        return 0, 0, point
    if isinstance(dimension, Element):
        return (1, len(dimension.atoms.witness(dimension.atom)), 0) if point else (0, 0, 0)
    value = dimension.example(point)
    if value is None:
        return 0, 0, 0
    length = len(value) if isinstance(value, str) else 0
    return int(not dimension.attribute.required), length, point


def _values(space: Space, points: list[int]) -> dict[Attribute, Value]:
    found: dict[Attribute, Value] = {}
    for dimension, point in zip(space.dimensions, points, strict=True):
        if isinstance(dimension, Open):
            continue
        if isinstance(dimension, Element):
            if point:
                elements = found.get(dimension.attribute, ())
                assert isinstance(elements, tuple)
                found[dimension.attribute] = (*elements, dimension.example())
        elif (value := dimension.example(point)) is not None:
            found[dimension.attribute] = value
    return found
