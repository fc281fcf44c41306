"""What flows between two kinds of ends may do, in a form that two relations share.

Port set numbers, programs and columns mean something within one relation only; a ``Behaviour`` means the same in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from ringfence.layers.network.facts import Condition
from ringfence.layers.network.programs import Frame, Match, Ordered, Program, Subject, Union
from ringfence.layers.network.relation import Relation
from ringfence.sets.ports import EVERYTHING, Intervals, PortTable, canonical, intersect, subtract
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.grid import FlowBounds, Passed, Result
from ringfence.verdict.places import Place, answer

if TYPE_CHECKING:
    from ringfence.verdict.meshed.contents import Contents
    from ringfence.verdict.meshed.differing import Differing

Families = tuple[int, ...]


class Bounds(Value):
    """Ports by verdict: what is in none is denied. ``mixed`` folds flows of several families, and requests some of
    which pass. ``contents``: what passes at ports of which a mesh has a say, as numbers of ``meshed.contents``."""

    allowed: Intervals = ()
    unknown: Intervals = ()
    mixed: Intervals = ()
    contents: tuple[tuple[Intervals, int], ...] = ()

    def by_verdict(self) -> dict[Verdict, Intervals]:
        """The ports of each verdict."""
        known = canonical(self.allowed + self.unknown + self.mixed)
        return {
            Verdict.ALLOWED: self.allowed,
            Verdict.DENIED: subtract(EVERYTHING, known),
            Verdict.UNKNOWN: self.unknown,
            Verdict.MIXED: self.mixed,
        }


def folded_bounds(each: Sequence[Bounds]) -> Bounds:
    """Several kinds of flow as one: what is allowed for all of them, and mixed where some are and others are denied."""
    if len(each) == 1:
        return each[0]
    allowed, denied = EVERYTHING, EVERYTHING
    some_allowed: Intervals = ()
    some_denied: Intervals = ()
    for bounds in each:
        closed = subtract(EVERYTHING, canonical(bounds.allowed + bounds.unknown + bounds.mixed))
        allowed, denied = intersect(allowed, bounds.allowed), intersect(denied, closed)
        some_allowed = canonical(some_allowed + bounds.allowed + bounds.mixed)
        some_denied = canonical(some_denied + closed + bounds.mixed)
    mixed = intersect(some_allowed, some_denied)
    return Bounds(allowed, subtract(subtract(subtract(EVERYTHING, allowed), denied), mixed), mixed)


@dataclass(frozen=True, slots=True)
class Facts:
    """What unknown ports hang on: how the ends meet, and what both directions do, in port sets of ``table``."""

    meeting: object
    programs: tuple[Program, ...]
    table: PortTable = field(compare=False, repr=False)

    def port_sets(self) -> list[Intervals]:
        """Every port set that the programs speak of."""
        seen: dict[int, None] = {}

        def note(number: int) -> int:
            seen[number] = None
            return number

        for program in self.programs:
            translated(program, note)
        return [self.table.intervals(number) for number in seen]

    def at(self, ports: Intervals) -> object:
        """The same as far as it concerns some ports."""
        own = self.table.number(ports)

        def within(number: int) -> int:
            return self.table.intersection(number, own)

        return self.meeting, tuple(_idle_left_out(translated(program, within)) for program in self.programs)


def _idle_left_out(program: Program) -> Program:
    """A program without rules that match none of its ports."""

    def ordered(one: Ordered) -> Ordered:
        kept = tuple(step for step in one.tail if not isinstance(step, Match) or step.ports != PortTable.NONE)
        return replace(one, tail=kept)

    return replace(program, admin=ordered(program.admin), baseline=ordered(program.baseline))


class Behaviour(Value):
    """``families``: the bounds of each, where they are flows of their own. ``places``: a behaviour for each
    answer to whether the two ends share a node, where their pods must be told apart by it (``linked``: answers name
    nodes). ``facts`` is the same for two behaviours whose unknown ports hang on the same facts in the same way.
    ``opaque``: a policy that is not modelled may decide."""

    whole: Bounds = Bounds()
    families: tuple[tuple[Families, Bounds], ...] = ()
    places: tuple[tuple[Place, Behaviour], ...] = ()
    linked: bool = False
    facts: Facts | None = None
    opaque: bool = False
    unbound: Behaviour | None = None
    """For clients who control their pods, where a mesh has a say and two states of it are compared."""

    @property
    def split(self) -> bool:
        """Whether pods must be told apart by their nodes."""
        return bool(self.places) or (self.unbound is not None and bool(self.unbound.places))

    def at(self, left: str | None, right: str | None) -> Behaviour:
        """The behaviour of a flow between pods on these nodes."""
        if not self.split:
            return self
        own = self
        if self.places:
            place = answer(left, right, self.linked)
            own = next((behaviour for where, behaviour in self.places if where == place), NO_FLOW)
        return own if self.unbound is None else replace(own, unbound=self.unbound.at(left, right))


NO_FLOW = Behaviour()


class Transition(Value):
    """Ports whose verdict changed. ``family``: in this address family only."""

    before: Verdict
    after: Verdict
    ports: Intervals
    family: int | None = None
    differing: Differing | None = None
    """What differs of the requests, or of how they travel, where a mesh has a say."""


def transitions(before: Behaviour, after: Behaviour) -> tuple[Transition, ...]:
    """Every change of a verdict. Where both have flows of the same families each is compared with its like, else the
    verdicts over all of them."""
    return tuple(by_family(before, after, _verdicts))


How = tuple[Verdict, Verdict, "Differing | None"]
"""What a change is."""


def _verdicts(before: Bounds, after: Bounds) -> dict[How, Intervals]:
    return {(old, new, None): ports for old, new, ports in folded_changes(before, after)}


def by_family(
    before: Behaviour, after: Behaviour, changes: Callable[[Bounds, Bounds], dict[How, Intervals]]
) -> Iterator[Transition]:
    """The changes of each family that both have flows of, else those over all of them."""
    if not before.families or [one for one, _ in before.families] != [one for one, _ in after.families]:
        for (old, new, differing), ports in changes(before.whole, after.whole).items():
            yield Transition(old, new, ports, None, differing)
        return
    each = [
        (families[0], changes(first, second))
        for (families, first), (_, second) in zip(before.families, after.families, strict=True)
    ]
    # What all families have in common, then what one of them does by itself.
    for change in dict.fromkeys(change for _, found in each for change in found):
        common = each[0][1].get(change, ())
        for _, found in each[1:]:
            common = intersect(common, found.get(change, ()))
        old, new, differing = change
        if common:
            yield Transition(old, new, common, None, differing)
        for family, found in each:
            rest = subtract(found.get(change, ()), common)
            if rest:
                yield Transition(old, new, rest, family, differing)


def folded_changes(before: Bounds, after: Bounds) -> Iterator[tuple[Verdict, Verdict, Intervals]]:
    """(before, after, ports) wherever the verdict changed."""
    left, right = before.by_verdict(), after.by_verdict()
    for first, second in product(left, right):
        if first is not second and left[first] and right[second]:
            ports = intersect(left[first], right[second])
            if ports:
                yield first, second, ports


def undecided(before: Behaviour, after: Behaviour) -> Intervals:
    """Ports that are unknown in both, and not for the same reasons: whether they changed cannot be said."""
    shared = intersect(before.whole.unknown, after.whole.unknown)
    for bounds in (before.whole, after.whole):
        for ports, _ in bounds.contents:
            # What a mesh has a say in says itself on what it hangs.
            shared = subtract(shared, ports)
    left, right = before.facts, after.facts
    if not shared or left == right:
        return ()
    if left is None or right is None:
        return shared
    differing = [piece for piece in pieces(shared, (left, right)) if left.at(piece) != right.at(piece)]
    return canonical(interval for piece in differing for interval in piece)


def pieces(ports: Intervals, facts: Iterable[Facts]) -> list[Intervals]:
    """Ports, cut at the boundaries of every port set that programs speak of."""
    found = [ports]
    for one in facts:
        for own in one.port_sets():
            found = [part for piece in found for part in (intersect(piece, own), subtract(piece, own)) if part]
    return found


class Behaviours:
    """Numbers behaviours; equal numbers are equal behaviours, of whichever relation. 0 is no flow at all."""

    def __init__(self, contents: Contents | None = None) -> None:
        """``contents``: what passes, where either state has a mesh."""
        self.contents = contents
        self.ports = PortTable()
        self.program_ids: dict[Program, int] = {}
        self.values: list[Behaviour] = [NO_FLOW]
        self._numbers: dict[Behaviour, int] = {NO_FLOW: 0}
        self._transitions: dict[tuple[int, int], tuple[Transition, ...]] = {}
        self._undecided: dict[tuple[int, int], Intervals] = {}

    def number(self, behaviour: Behaviour) -> int:
        """The number of a behaviour."""
        found = self._numbers.get(behaviour)
        if found is None:
            found = self._numbers[behaviour] = len(self.values)
            self.values.append(behaviour)
        return found

    def transitions(self, before: int, after: int) -> tuple[Transition, ...]:
        """The changes between two behaviours that are not told apart by nodes."""
        key = (before, after)
        found = self._transitions.get(key)
        if found is None:
            found = self._transitions[key] = self._differing(self.values[before], self.values[after])
        return found

    def _differing(self, before: Behaviour, after: Behaviour) -> tuple[Transition, ...]:
        if self.contents is None:
            return transitions(before, after)
        from ringfence.verdict.meshed.differing import layered_transitions

        return layered_transitions(self.contents, before, after)

    def undecided(self, before: int, after: int) -> Intervals:
        """The ports of which it cannot be said whether they changed."""
        key = (before, after)
        found = self._undecided.get(key)
        if found is None:
            old, new = self.values[before], self.values[after]
            found = undecided(old, new)
            if self.contents is not None:
                from ringfence.verdict.meshed.differing import layered_undecided

                found = canonical((*found, *layered_undecided(self.contents, old, new)))
            self._undecided[key] = found
        return found

    def beside(self, configured: int, unbound: int) -> int:
        """The number of a behaviour with that for clients who control their pods."""
        return self.number(replace(self.values[configured], unbound=self.values[unbound]))


class Reader:
    """Makes behaviours of the results of one relation. ``circumstances`` is equal for relations of which the open facts
    have the same values (addresses that are taken, objects that the API server would reject)."""

    def __init__(self, relation: Relation, table: Behaviours, circumstances: object) -> None:
        self.relation = relation
        self.table = table
        self.circumstances = circumstances
        self._known: dict[int, tuple[Result, int]] = {}
        self._programs: dict[int, Program] = {}
        self._ids: dict[int, int] = {}

    def number(self, result: Result) -> int:
        """The number of the behaviour of a result."""
        known = self._known.get(id(result))
        if known is None or known[0] is not result:
            known = self._known[id(result)] = result, self.table.number(self.behaviour(result))
        return known[1]

    def behaviour(self, result: Result) -> Behaviour:
        """A result without anything that belongs to one relation only."""
        intervals = self.relation.ports.intervals
        whole = Bounds(
            intervals(result.allowed), intervals(result.unknown), intervals(result.mixed), self._contents(result.passed)
        )
        facts = self.facts(result) if whole.unknown else None
        if not result.split:
            return Behaviour(whole, self._families(result.flows), facts=facts, opaque=result.opaque)
        places = tuple(
            (place, self._at(tuple(flow for flow in result.flows if flow.place == place), facts))
            for place in dict.fromkeys(flow.place for flow in result.flows)
        )
        return Behaviour(whole, (), places, result.linked, facts)

    def _at(self, flows: tuple[FlowBounds, ...], facts: Facts | None) -> Behaviour:
        """The flows of one place, folded as the verdict of a question folds them."""
        whole = folded_bounds([self._bounds(flow) for flow in flows])
        if any(flow.passed for flow in flows) and self.table.contents is not None:
            from ringfence.verdict.meshed.differing import folded_contents

            whole = folded_contents(self.table.contents, whole, [self._bounds(flow) for flow in flows])
        return Behaviour(whole, self._families(flows), facts=facts if whole.unknown else None)

    def _bounds(self, flow: FlowBounds) -> Bounds:
        ports = self.relation.ports
        mixed = PortTable.NONE
        for own, content in flow.passed:
            assert self.table.contents is not None
            if self.table.contents.verdict(content) is Verdict.MIXED:
                mixed = ports.union(mixed, own)
        unknown = ports.difference(ports.difference(flow.possible, flow.sure), mixed)
        return Bounds(
            ports.intervals(flow.sure), ports.intervals(unknown), ports.intervals(mixed), self._contents(flow.passed)
        )

    def _contents(self, passed: Passed) -> tuple[tuple[Intervals, int], ...]:
        """What passes at ports, of each content."""
        return tuple(sorted((self.relation.ports.intervals(ports), content) for ports, content in passed))

    def _families(self, flows: tuple[FlowBounds, ...]) -> tuple[tuple[Families, Bounds], ...]:
        each = tuple((flow.families, self._bounds(flow)) for flow in flows)
        return each if len(each) > 1 else ()

    def facts(self, result: Result) -> Facts:
        """What the open ports of a result hang on."""
        # A result may be shared by pairs that meet otherwise, where that cannot matter.
        meeting = result.meeting
        if meeting is not None:
            meeting = self.relation.cells.relevant(*result.programs, meeting)
        return Facts(
            (
                self.circumstances,
                result.opaque,
                tuple((flow.families, flow.place) for flow in result.flows),
                None if result.flows else meeting,
            ),
            tuple(self._program(number) for number in result.programs),
            self.table.ports,
        )

    def program_id(self, number: int) -> int:
        """A number for a program that is the same in both relations for the same program."""
        found = self._ids.get(number)
        if found is None:
            found = self._ids[number] = self.table.program_ids.setdefault(
                self._program(number), len(self.table.program_ids)
            )
        return found

    def _program(self, number: int) -> Program:
        found = self._programs.get(number)
        if found is None:
            translate = self.table.ports.number
            intervals = self.relation.ports.intervals
            found = self._programs[number] = translated(
                self.relation.programs.programs[number], lambda own: translate(intervals(own))
            )
        return found


def translated(program: Program, ports: Callable[[int], int]) -> Program:
    """A program with other port set numbers; what has no order is in the same order in every relation."""

    def ordered(one: Ordered) -> Ordered:
        return Ordered(
            ports(one.allow),
            ports(one.deny),
            ports(one.passed),
            ports(one.undecided),
            tuple(Frame(*(ports(getattr(frame, name)) for name in Frame.__struct_fields__)) for frame in one.frames),
            tuple(replace(step, ports=ports(step.ports)) if isinstance(step, Match) else step for step in one.tail),
        )

    def unordered(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(sorted(set(conditions), key=hash))

    isolated, skip = program.subject.isolated, program.subject.skip_baseline
    return replace(
        program,
        subject=Subject(
            isolated if isinstance(isolated, bool) else unordered(isolated),
            skip if isinstance(skip, bool) else unordered(skip),
        ),
        exempt=unordered(program.exempt),
        unfiltered=unordered(program.unfiltered),
        admin=ordered(program.admin),
        union=Union(
            ports(program.union.allow),
            tuple(
                sorted(
                    {
                        (condition, number)
                        for condition, own in program.union.conditional
                        if (number := ports(own)) != PortTable.NONE
                    },
                    key=lambda entry: (hash(entry[0]), entry[1]),
                )
            ),
        ),
        baseline=ordered(program.baseline),
    )
