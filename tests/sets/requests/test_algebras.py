"""Both representations of sets against sets of tuples."""

from __future__ import annotations

from functools import reduce
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.requests import diagrams
from ringfence.sets.requests.algebra import Algebra
from ringfence.sets.requests.diagrams import Diagrams
from ringfence.sets.requests.products import Products

SIZES = (3, 1, 2, 4)
EVERY = frozenset(product(*(range(size) for size in SIZES)))
Members = frozenset[tuple[int, ...]]
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["within", "or", "and", "minus", "some"]), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=30,
)


def made(algebra: Algebra, steps: list[Step]) -> tuple[list[int], list[Members]]:
    """The same sets in the algebra and as sets of tuples."""
    values, members = [algebra.none, algebra.everything], [Members(), EVERY]
    for name, one, two in steps:
        left, right = one % len(values), two % len(values)
        if name == "within":
            dimension = one % len(SIZES)
            mask = two % (1 << SIZES[dimension])
            values.append(algebra.within(dimension, mask))
            members.append(frozenset(points for points in EVERY if mask >> points[dimension] & 1))
        elif name == "or":
            values.append(algebra.union(values[left], values[right]))
            members.append(members[left] | members[right])
        elif name == "and":
            values.append(algebra.intersection(values[left], values[right]))
            members.append(members[left] & members[right])
        elif name == "minus":
            values.append(algebra.difference(values[left], values[right]))
            members.append(members[left] - members[right])
        else:
            dimension = two % len(SIZES)
            values.append(algebra.some(values[left], dimension))
            rests = {points[:dimension] + points[dimension + 1 :] for points in members[left]}
            members.append(
                frozenset(points for points in EVERY if points[:dimension] + points[dimension + 1 :] in rests)
            )
    return values, members


@pytest.mark.parametrize("representation", [Products, Diagrams])
@given(steps=STEPS)
def test_operations_are_those_of_sets(representation: type[Products | Diagrams], steps: list[Step]) -> None:
    algebra = representation(SIZES)
    values, members = made(algebra, steps)
    for value, wanted in zip(values, members, strict=True):
        assert frozenset(points for points in EVERY if algebra.has(value, points)) == wanted
        assert algebra.count(value) == len(wanted)
        assert frozenset(_listed(algebra, 0, value)) == wanted
    for one, some in zip(values, members, strict=True):
        for two, others in zip(values, members, strict=True):
            assert (one == two) == (some == others), "equal sets are equal integers"


def _listed(algebra: Algebra, level: int, value: int) -> list[tuple[int, ...]]:
    """The members, by way of the branches, whose masks must part the points and whose rests must differ."""
    if level == len(SIZES):
        return [()] if value != algebra.none else []
    branches = algebra.branches(level, value)
    assert sum(mask for mask, _ in branches) == (1 << SIZES[level]) - 1
    assert len({rest for _, rest in branches}) == len(branches)
    assert [mask & -mask for mask, _ in branches] == sorted(mask & -mask for mask, _ in branches)
    return [
        (point, *points)
        for mask, rest in branches
        for points in _listed(algebra, level + 1, rest)
        for point in range(SIZES[level])
        if mask >> point & 1
    ]


def test_diagrams_stop_at_their_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="dimensions"):
        Diagrams([2] * (diagrams.MOST_DIMENSIONS + 1))
    monkeypatch.setattr(diagrams, "MOST_NODES", 10)
    algebra = Diagrams([2] * 40)
    values = [algebra.within(dimension, 0b10) for dimension in range(9)]
    with pytest.raises(TooLarge, match="nodes"):
        reduce(algebra.union, values)
