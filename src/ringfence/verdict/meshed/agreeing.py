"""What is said of a connection that may take several courses: what is the same on all of them, else that it is open."""

from __future__ import annotations

from ringfence.layers.mesh.courses import Course
from ringfence.model.mesh import AGES
from ringfence.values import replace
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.meshed.judging import Judged
from ringfence.verdict.meshed.values import Layered, LayerVerdict


def folded_courses(courses: list[Course], found: list[Judged]) -> Judged:
    """What is true of all courses that a flow may take; what differs is not known."""
    first = found[0]
    if any(one.verdict is not first.verdict for one in found[1:]):
        return _known_alike(courses, found, open_courses(courses, found))
    if len(found) > 1:
        first = _known_alike(courses, found, replace(first, layered=_agreed(courses, found)))
    return first


def _known_alike(courses: list[Course], found: list[Judged], judged: Judged) -> Judged:
    """Of courses that differ in it, who is proven and who encrypts is not known."""
    first = found[0].layered
    others = [one.layered for one in found[1:]]
    layered = judged.layered
    if any(one.identity != first.identity for one in others):
        layered = replace(layered, identity=None)
    other = next((index for index, one in enumerate(found) if one.layered.encryption != first.encryption), None)
    why = "" if other is None else f"it hangs on whether {_difference(courses, other)[0]}"
    if other is not None:
        layered = replace(layered, encryption="unknown", encryption_reason=why)
    if all(len(one.hops) == len(layered.hops) for one in others):
        hops = []
        for index, hop in enumerate(layered.hops):
            alike = [one.hops[index] for one in others]
            if any(one.identity != hop.identity for one in alike):
                hop = replace(hop, identity=None)
            if any(one.encryption != hop.encryption for one in alike):
                hop = replace(hop, encryption="unknown", encryption_reason=why)
            hops.append(hop)
        layered = replace(layered, hops=tuple(hops))
    return judged if layered == judged.layered else replace(judged, layered=layered)


def _difference(courses: list[Course], other: int) -> tuple[str, str]:
    """A fact of another course that the first has not, and what would tell."""
    differing = [fact for fact in courses[other].facts if fact not in courses[0].facts] or list(courses[other].facts)
    return differing[0] if differing else ("the input leaves the mesh open", "")


def open_courses(courses: list[Course], found: list[Judged]) -> Judged:
    """Courses that end differently: which one it is decides."""
    other = next(index for index, judged in enumerate(found) if judged.verdict is not found[0].verdict)
    decided = tuple(dict.fromkeys(decision for judged in found for decision in judged.decided_by))
    layered = replace(_agreed(courses, found), symptom="none", failure="")
    return Judged(Verdict.UNKNOWN, _hangs(courses, other), decided, layered)


def _hangs(courses: list[Course], other: int) -> Reason:
    """What it hangs on whether a flow takes the first course or another one."""
    fact, decide = _difference(courses, other)
    if decide == AGES:
        return Reason("ambiguous-age", f"ambiguous, as the input gives no ages: it hangs on whether {fact}", decide)
    return Reason("mesh-open", f"it hangs on whether {fact}", decide)


def _agreed(courses: list[Course], found: list[Judged]) -> Layered:
    """What the layers say on every course; where that is not the same, it is not known."""
    one = found[0].layered
    different = next((index for index, judged in enumerate(found) if judged.layered != one), 0)
    reason = _hangs(courses, different)
    layers = tuple(
        layer if all(layer in judged.layered.layers for judged in found) else _unsure(layer, found, reason)
        for layer in one.layers
    )
    return replace(one, layers=layers)


def _unsure(layer: LayerVerdict, found: list[Judged], reason: Reason) -> LayerVerdict:
    said = {one.verdict for judged in found for one in judged.layered.layers if one.layer == layer.layer}
    return layer if len(said) == 1 else LayerVerdict(layer.layer, Verdict.UNKNOWN, reason)


__all__ = ["folded_courses", "open_courses"]
