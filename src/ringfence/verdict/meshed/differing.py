"""What differs of what passes between two ends: the requests, and what protects them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cache

from ringfence.sets.ports import EVERYTHING, Intervals, canonical, intersect, subtract
from ringfence.values import Value, replace
from ringfence.verdict.behaviours import Behaviour, Bounds, How, Transition, by_family, pieces
from ringfence.verdict.changes import Change
from ringfence.verdict.meshed.contents import SOMEBODY, Contents


class Aspect(Enum):
    """Of what something differs: of what clients reach as they are configured; of what they reach who control their
    pods; of what encrypts, and who is known to have sent, what passes before and after."""

    REACH = "configured"
    UNBOUND = "unbound"
    PROTECTION = "protection"

    __hash__ = object.__hash__


class Differing(Value):
    """A change of contents. ``before`` and ``after`` are numbers of them; ``plain``: no request tells what changed, so
    that the ports and verdicts say all of it."""

    aspect: Aspect
    change: Change
    before: int
    after: int
    plain: bool = False
    within: bool | None = None
    """Whether what passes before passes after too; None: not decided."""
    contains: bool | None = None

    @property
    def of_reach(self) -> bool:
        """Whether clients as they are configured get something else."""
        return self.aspect is Aspect.REACH


WHOLE = frozenset(("all", "none", "perhaps all"))
"""Sets of requests that a verdict says already."""
Parts = Sequence[tuple[Intervals, int]]


def parts_of(bounds: Bounds) -> Iterator[tuple[Intervals, int]]:
    """Every port with its content; of ports in which no mesh has a say, as the network's verdict is."""
    rest = {
        Contents.PLAIN: bounds.allowed,
        Contents.PERHAPS: bounds.unknown,
        Contents.SOME: bounds.mixed,
    }
    said: Intervals = ()
    for ports, content in bounds.contents:
        yield ports, content
        said = canonical(said + ports)
    left = EVERYTHING if not said else subtract(EVERYTHING, said)
    for content, ports in rest.items():
        own = intersect(ports, left)
        if own:
            yield own, content
            left = subtract(left, own)
    if left:
        yield left, Contents.NOTHING


def folded_contents(contents: Contents, whole: Bounds, each: Sequence[Bounds]) -> Bounds:
    """The bounds of several flows as one, with the contents of all of them."""
    parts: list[tuple[Intervals, tuple[int, ...]]] = [(EVERYTHING, ())]
    for bounds in each:
        parts = [
            (shared, (*numbers, content))
            for ports, numbers in parts
            for own, content in parts_of(bounds)
            if (shared := intersect(ports, own))
        ]
    found: dict[int, Intervals] = {}
    for ports, numbers in parts:
        content = contents.folded(numbers)
        if content not in contents.plain:
            found[content] = canonical(found.get(content, ()) + ports)
    return replace(whole, contents=tuple(sorted((ports, content) for content, ports in found.items())))


def layered_transitions(contents: Contents, before: Behaviour, after: Behaviour) -> tuple[Transition, ...]:
    """Every change of requests for clients as they are configured; of what protects them; and of what clients reach who
    control their pods, as far as that is another change."""

    def configured(old: Bounds, new: Bounds) -> dict[How, Intervals]:
        return _changes(contents, old, new, Aspect.REACH)

    def unbound(old: Bounds, new: Bounds) -> dict[How, Intervals]:
        return _changes(contents, old, new, Aspect.UNBOUND)

    found = list(by_family(before, after, configured))
    if before.unbound is not None or after.unbound is not None:
        known: dict[Change, Intervals] = {}
        for one in found:
            change = _direction(one)
            known[change] = canonical(known.get(change, ()) + one.ports)
        for one in by_family(before.unbound or before, after.unbound or after, unbound):
            rest = subtract(one.ports, known.get(_direction(one), ()))
            if rest:
                found.append(replace(one, ports=rest))
    return tuple(found)


def _direction(one: Transition) -> Change:
    assert one.differing is not None
    return one.differing.change


def _changes(contents: Contents, before: Bounds, after: Bounds, aspect: Aspect) -> dict[How, Intervals]:
    found: dict[How, Intervals] = {}

    def note(ports: Intervals, differing: Differing | None) -> None:
        if differing is not None:
            how = (contents.verdict(differing.before), contents.verdict(differing.after), differing)
            found[how] = canonical(found.get(how, ()) + ports)

    rights = list(parts_of(after))
    for ports, old in parts_of(before):
        for own, new in rights:
            if old != new and (shared := intersect(ports, own)):
                note(shared, _reach(contents, old, new, aspect))
                if aspect is Aspect.REACH:
                    note(shared, protection(contents, old, new))
    return found


def _reach(contents: Contents, old: int, new: int, aspect: Aspect) -> Differing | None:
    stands = contents.stands(old, new)
    if stands is None:
        # Too much to compare: as a whole, where the verdicts differ.
        verdicts = contents.verdict(old), contents.verdict(new)
        if verdicts[0] is verdicts[1]:
            return None
        return Differing(aspect, Change.CHANGED, old, new)
    more, less = not stands.gained.is_empty(), not stands.lost.is_empty()
    if not more and not less:
        return None
    change = Change.CHANGED if more and less else Change.WIDENED if more else Change.NARROWED
    numbers = canonical_content(contents, old), canonical_content(contents, new)
    plain = {contents.text(number) for number in numbers} <= WHOLE
    return Differing(aspect, change, *numbers, plain, stands.within, stands.contains)


def canonical_content(contents: Contents, number: int) -> int:
    """A content of the same requests, so that rows are not told apart by what they do not speak of."""
    if number in contents.plain or contents.is_several(number):
        return number
    text = contents.text(number)
    if text == "all":
        return Contents.PLAIN
    if text == "none":
        return Contents.NOTHING
    if text.startswith("more kinds"):
        return number
    if text == "perhaps all":
        return Contents.PERHAPS
    return contents.by_text.setdefault(text, number)


@cache
def _strength(encryption: str) -> int:
    """How much an encryption is worth to who reads a change: none, one without an identity of the mesh, one with."""
    return {"none": 0, "unknown": 0, "tls": 1}.get(encryption, 2)


def protection(contents: Contents, old: int, new: int) -> Differing | None:
    """What protects requests that pass before and after, where it differs."""
    left, right = contents.protections(old), contents.protections(new)
    if left == right or not left or not right:
        return None
    stands = contents.stands(old, new)
    if stands is not None and stands.shared.is_empty():
        return None
    first, second = _worth(left), _worth(right)
    change = Change.WEAKENED if second < first else Change.STRENGTHENED if second > first else Change.OTHERWISE
    if any(a < b for a, b in zip(first, second, strict=True)) and any(
        a > b for a, b in zip(first, second, strict=True)
    ):
        change = Change.WEAKENED
    return Differing(Aspect.PROTECTION, change, old, new)


def _worth(protections: tuple[tuple[str, str], ...]) -> tuple[int, int]:
    """The least of what encrypts, and of what is known of who sends."""
    encrypted = min(_strength(encryption) for encryption, _ in protections)
    known = min(0 if not identity else 1 if identity == SOMEBODY else 2 for _, identity in protections)
    return encrypted, known


def layered_undecided(contents: Contents, before: Behaviour, after: Behaviour) -> Intervals:
    """Ports at which something is open in both, on facts that differ, and nothing else changed."""
    found: Intervals = ()
    pairs = [(before, after)]
    if before.unbound is not None or after.unbound is not None:
        pairs.append((before.unbound or before, after.unbound or after))
    for first, second in pairs:
        rights = list(parts_of(second.whole))
        for ports, old in parts_of(first.whole):
            for own, new in rights:
                if old == new or not (shared := intersect(ports, own)) or not _comparable(contents, old, new):
                    continue
                network = [one for one in (first.facts, second.facts) if one is not None]
                for piece in pieces(shared, (*contents.facts(old), *contents.facts(new), *network)):
                    if contents.hangs(old, piece, first.facts) != contents.hangs(new, piece, second.facts):
                        found = canonical(found + piece)
    return found


def _comparable(contents: Contents, old: int, new: int) -> bool:
    """Whether the requests are the same, and something about them is open."""
    stands = contents.stands(old, new)
    if stands is None:
        return contents.verdict(old) is contents.verdict(new)
    if stands.shared.is_empty() or not (stands.gained.is_empty() and stands.lost.is_empty()):
        return False
    return contents.open(old)


__all__ = ["Aspect", "Differing", "canonical_content", "folded_contents", "layered_transitions", "layered_undecided"]
