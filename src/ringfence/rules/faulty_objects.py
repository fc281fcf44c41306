"""Problems of the input, with the objects in which they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.problems import Severity as Weight

if TYPE_CHECKING:
    from ringfence.model.problems import Problem
    from ringfence.model.provenance import Manifest, Place
    from ringfence.rules.situation import Situation

NOT_FAULTS = frozenset(("not-modelled", "given-twice", "range-not-used"))
"""Problems that are no fault of the object at whose place they stand."""


def faults(situation: Situation) -> Iterator[tuple[Manifest, Problem]]:
    """Every fault of an object, with the object."""
    told = [one for one in situation.problems if one.severity is not Weight.NOTICE and one.code not in NOT_FAULTS]
    starts = _starts(situation, {problem.place.file for problem in told}) if told else {}
    for problem in told:
        manifest = _object(starts, problem.place)
        if manifest is not None:
            yield manifest, problem


def _starts(situation: Situation, files: set[str]) -> dict[str, list[tuple[int, int, Manifest]]]:
    """Where the objects of some files begin, in order."""
    found: dict[str, list[tuple[int, int, Manifest]]] = {}
    for manifest in situation.manifests:
        place = manifest.place
        if place.file in files:
            found.setdefault(place.file, []).append((place.line, place.column, manifest))
    for members in found.values():
        members.sort(key=lambda one: one[:2])
    return found


def _object(starts: dict[str, list[tuple[int, int, Manifest]]], place: Place) -> Manifest | None:
    """The object in which a place lies: the last one that begins before it."""
    members = starts.get(place.file, [])
    at = bisect_right(members, (place.line, place.column), key=lambda one: one[:2])
    return members[at - 1][2] if at and place.line else None
