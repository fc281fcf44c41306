"""What flows of an end come to that only one of two states has: which requests pass, and for whom."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.sets.ports import Intervals, canonical, subtract
from ringfence.verdict.answers import Verdict
from ringfence.verdict.behaviours import Behaviour, Bounds
from ringfence.verdict.changes import Change
from ringfence.verdict.meshed.contents import Contents
from ringfence.verdict.meshed.differing import WHOLE, Aspect, Differing, canonical_content, parts_of

Alone = tuple[Verdict, Intervals, Differing]
"""What becomes of some ports, in the one state."""


def alone(contents: Contents, behaviour: Behaviour, change: Change) -> Iterator[Alone]:
    """What passes for clients as they are configured; and for those who control their pods, where for others nothing
    does. ``change``: new, or gone."""
    configured = list(_passing(contents, behaviour.whole, change, Aspect.REACH))
    yield from configured
    if behaviour.unbound is not None:
        known = canonical(interval for _, ports, _ in configured for interval in ports)
        for verdict, ports, differing in _passing(contents, behaviour.unbound.whole, change, Aspect.UNBOUND):
            if rest := subtract(ports, known):
                yield verdict, rest, differing


def _passing(contents: Contents, bounds: Bounds, change: Change, aspect: Aspect) -> Iterator[Alone]:
    found: dict[tuple[Verdict, Differing], Intervals] = {}
    for ports, content in parts_of(bounds):
        verdict = contents.verdict(content)
        if verdict is Verdict.DENIED:
            continue
        number = canonical_content(contents, content)
        plain = contents.text(number) in WHOLE
        old, new = (Contents.NOTHING, number) if change is Change.NEW else (number, Contents.NOTHING)
        key = (verdict, Differing(aspect, change, old, new, plain))
        found[key] = canonical(found.get(key, ()) + ports)
    for (verdict, differing), ports in found.items():
        yield verdict, ports, differing


__all__ = ["alone"]
