"""The ends of a page: those of one matrix, or of two, joined as ``diff`` pairs them."""

from __future__ import annotations

from collections.abc import Sequence

from ringfence.model.cluster import MACHINE
from ringfence.sets import addresses
from ringfence.sets.ports import Intervals
from ringfence.values import Value, replace
from ringfence.verdict.matrix.pairing import EndKey, PairedEnd, PairedEnds, key_of
from ringfence.verdict.matrix.values import Matrix, MatrixEnd


class JoinedEnd(Value):
    """An end of the page, and its number in each state; None where the state lacks it. ``former``: what it was called
    before, where that is another name. ``paired``: its number among the ends that have pods and were paired."""

    end: MatrixEnd
    numbers: tuple[int | None, ...]
    former: str = ""
    paired: int | None = None


def joined(states: Sequence[Matrix], pairs: PairedEnds | None = None) -> list[JoinedEnd]:
    """The ends of all states: by namespace and name, then nodes, then addresses. Without ``pairs`` an end is the end of
    the same name and kind."""
    places = [
        {key_of(end): number for number, end in enumerate(matrix.ends) if end.sort != "outside"} for matrix in states
    ]
    found: list[JoinedEnd] = []
    if pairs is not None:
        for number, pair in enumerate(pairs.ends):
            found.append(_paired(states, places, pair, number))
    keys = {key for own in places for key in own if pairs is None or key[0] != "pod"}
    for key in keys:
        numbers = tuple(own.get(key) for own in places)
        found.append(JoinedEnd(_last(states, numbers), numbers))
    found.sort(key=lambda one: (one.end.sort != "pod", one.end.namespace, one.end.name, one.end.kind))
    return found + _addresses(states)


def _last(states: Sequence[Matrix], numbers: Sequence[int | None]) -> MatrixEnd:
    return [one.ends[number] for one, number in zip(states, numbers, strict=True) if number is not None][-1]


def _paired(states: Sequence[Matrix], places: Sequence[dict[EndKey, int]], pair: PairedEnd, paired: int) -> JoinedEnd:
    keys = (pair.before, pair.after)
    numbers = tuple(None if key is None else own[key] for key, own in zip(keys, places, strict=True))
    end = replace(_last(states, numbers), name=pair.name)
    former = ""
    if pair.before is not None and pair.after is not None and pair.before != pair.after:
        _, namespace, name, kind = pair.before
        former = f"{namespace}/{name}" if kind == pair.after[3] else f"{kind} {namespace}/{name}"
    return JoinedEnd(end, numbers, former, paired)


def _addresses(states: Sequence[Matrix]) -> list[JoinedEnd]:
    """The addresses of all states, cut so finely that each end is within one of each, or in none of it."""
    pieces: list[tuple[Intervals, list[int | None]]] = []
    for place, matrix in enumerate(states):
        own = [(number, end.space) for number, end in enumerate(matrix.ends) if end.sort == "outside"]
        cut: list[tuple[Intervals, list[int | None]]] = []
        left = dict(own)
        for space, numbers in pieces:
            for number, other in own:
                shared = addresses.intersect(space, other)
                if shared:
                    cut.append((shared, [*numbers, number]))
                    space = addresses.subtract(space, shared)
                    left[number] = addresses.subtract(left[number], shared)
            if space:
                cut.append((space, [*numbers, None]))
        for number, space in left.items():
            if space:
                cut.append((space, [*([None] * place), number]))
        pieces = cut
    if len(states) > 1:
        pieces.sort(key=lambda piece: piece[0])
    kept: list[JoinedEnd] = []
    for space, numbers in pieces:
        ends = [one.ends[number] for one, number in zip(states, numbers, strict=True) if number is not None]
        end = next((one for one in ends if one.kind == MACHINE), None)
        if end is None:
            end = replace(ends[0], name=addresses.describe(space))
        kept.append(JoinedEnd(replace(end, space=space), tuple(numbers)))
    return kept
