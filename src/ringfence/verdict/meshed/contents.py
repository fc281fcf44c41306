"""What passes between two ends, and how, in a form that two states share: the requests, what encrypts them, and who is
known to send them.

A *content* is what one port of one pair of kinds comes to. It is made of the conditions of the points on the way and of
what the network adds, never of how a state happens to write or number them, so that equal contents pass the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ringfence.layers.requests.passing import Conditions
from ringfence.layers.requests.residue import open_attributes
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Present
from ringfence.sets.requests.attributes import HOST, Attribute
from ringfence.sets.requests.formulas import (
    ALWAYS,
    Formula,
    Predicate,
    conjunction,
    disjunction,
    negation,
    predicates_of,
)
from ringfence.sets.requests.request_sets import Bounds, RequestSet
from ringfence.sets.requests.spaces import Space, Spaces
from ringfence.values import Value
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import fold

if TYPE_CHECKING:
    from ringfence.layers.requests import facts as requests
    from ringfence.model.mesh import RequestRules
    from ringfence.sets.ports import Intervals
    from ringfence.verdict.behaviours import Facts

HAS_HOST = Predicate(HOST, Present())
OWN = "="
"""In place of an identity: the client's own."""
SOMEBODY = "?"
"""In place of an identity: somebody's of the mesh, and the input does not tell whose."""


class Passing(Value):
    """What one point lets pass: ``surely`` these, ``possibly`` those. Requests with a token that it does not take are
    refused, and not ``meant`` by a question about all of them. ``open``: attributes with a value that nobody told.
    ``hangs``: what else it hangs on."""

    surely: Formula = ALWAYS
    possibly: Formula = ALWAYS
    meant: Formula = ALWAYS
    open: tuple[Attribute, ...] = ()
    hangs: tuple[str, ...] = ()

    def where(self, condition: Predicate, other: Passing) -> Passing:
        """What passes, if this holds of requests of which a condition is true, and another one of all others."""

        def joined(own: Formula, others: Formula) -> Formula:
            return disjunction((conjunction((condition, own)), conjunction((negation(condition), others))))

        return Passing(
            joined(self.surely, other.surely),
            joined(self.possibly, other.possibly),
            joined(self.meant, other.meant),
            tuple(dict.fromkeys((*self.open, *other.open))),
            tuple(dict.fromkeys((*self.hangs, *other.hangs))),
        )


def passing_of(rules: RequestRules, found: Conditions, facts: requests.Facts) -> Passing:
    """What a point with these rules, as conditions, lets pass."""
    first = conjunction((found.passes(service=False), found.possible))
    second = conjunction((found.passes(service=True), found.possible))
    if rules.unsettled:
        hangs = tuple(f"{one.kind} {one.namespace}/{one.name}: {why}" for one, why in rules.unsettled)
        return Passing(negation(ALWAYS), ALWAYS, found.possible, (), hangs)
    asked = (predicate.attribute for predicate in predicates_of((first, second)))
    services = tuple(sorted({match.policy.provider for match in found.asked_of_service}))
    return Passing(first, second, found.possible, open_attributes(asked, facts), services)


class Form(Value):
    """One form of a connection that gets through: past these points. ``sure``: the network admits it, whatever is open;
    ``hangs``: on what it hangs where that is not so, each at some ports (none: those of the connection). ``identity``
    is whom the deciding point knows: an identity, OWN, SOMEBODY, or nobody (empty)."""

    passings: tuple[Passing, ...] = ()
    sure: bool = True
    encryption: str = "none"
    identity: str = ""
    hangs: tuple[tuple[Facts, Intervals], ...] = ()


Content = frozenset[frozenset[Form]]
"""For each case of what is open the forms of which a client may choose any."""
NO_FORM: frozenset[Form] = frozenset()
PLAIN_FORM = Form()
PERHAPS_FORM = Form(sure=False)


class Passed(Value):
    """The requests of a content, in some space. ``meant``: those that a question about all of them is about."""

    bounds: Bounds
    meant: RequestSet


class Stands(Value):
    """How the requests of a later content stand to those of an earlier one. ``sure_gain``: requests that surely pass
    and surely did not; ``gained``: those of which any verdict rose. ``shared``: those that possibly pass in both."""

    sure_gain: RequestSet
    gained: RequestSet
    sure_loss: RequestSet
    lost: RequestSet
    shared: RequestSet
    within: bool | None
    """Whether the earlier lets nothing pass that the later does not; None: not decided."""
    contains: bool | None


class Contents:
    """Numbers contents; equal numbers are equal contents, of whichever state. 0 is nothing at all."""

    NOTHING, PLAIN, PERHAPS, SOME = 0, 1, 2, 3

    def __init__(self) -> None:
        self.spaces = Spaces()
        self.values: list[Content] = []
        self._numbers: dict[Content | tuple[int, ...], int] = {}
        self._several: dict[int, tuple[int, ...]] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._stands: dict[tuple[int, int], Stands | None] = {}
        self._texts: dict[int, str] = {}
        self._protections: dict[int, tuple[tuple[str, str], ...]] = {}
        self.by_text: dict[str, int] = {}
        """One content of those with the same requests, as far as anybody noted one."""
        for forms in (NO_FORM, frozenset((PLAIN_FORM,)), frozenset((PERHAPS_FORM,))):
            self.number(frozenset((forms,)))
        self.folded((self.NOTHING, self.PLAIN))

    def number(self, content: Content) -> int:
        """The number of a content."""
        found = self._numbers.get(content)
        if found is None:
            found = self._numbers[content] = len(self.values)
            self.values.append(content)
        return found

    def folded(self, numbers: Iterable[int]) -> int:
        """Several kinds of flow as one: surely passes what passes in all of them."""
        every = tuple(sorted(set(numbers)))
        if len(every) == 1:
            return every[0]
        found = self._numbers.get(every)
        if found is None:
            found = self._numbers[every] = len(self.values)
            self.values.append(frozenset(forms for number in every for forms in self.values[number]))
            self._several[found] = every
        return found

    def is_several(self, number: int) -> bool:
        """Whether it is that of several kinds of flow together."""
        return number in self._several

    @cached_property
    def plain(self) -> frozenset[int]:
        """Contents of which no mesh says anything."""
        return frozenset((self.NOTHING, self.PLAIN, self.PERHAPS, self.SOME))

    def space(self, *numbers: int) -> Space:
        """A space of everything that some contents ask about. Raises TooLarge."""
        formulas = [
            formula
            for number in numbers
            for forms in self.values[number]
            for form in forms
            for passing in form.passings
            for formula in (passing.surely, passing.possibly, passing.meant)
        ]
        predicates = frozenset(predicates_of(formulas))
        # Every request that anybody can ask about says a host.
        asked = any(predicate.attribute == HOST for predicate in predicates)
        return self.spaces.of(predicates, HAS_HOST if asked else ALWAYS)

    def passed(self, number: int, space: Space) -> Passed:
        """The requests of a content. Raises TooLarge."""
        sure, possible, meant = space.everything, space.nothing, space.everything
        for forms in self.values[number]:
            surely, possibly = space.nothing, space.nothing
            for form in forms:
                first, second = space.everything, space.everything
                for passing in form.passings:
                    first &= space.set_of(negation(passing.surely)).whatever(*passing.open).possibly().complement()
                    second &= space.set_of(passing.possibly).whatever(*passing.open).possibly()
                    meant &= space.set_of(passing.meant).whatever(*passing.open).possibly()
                surely |= first if form.sure else space.nothing
                possibly |= second
            sure &= surely
            possible |= possibly
        return Passed(Bounds(sure, possible), meant)

    def verdict(self, number: int) -> Verdict:
        """The verdict about all requests together."""
        found = self._verdicts.get(number)
        if found is None:
            found = self._verdicts[number] = self._verdict(number)
        return found

    def _verdict(self, number: int) -> Verdict:
        if number in self._several:
            return fold(map(self.verdict, self._several[number]))
        try:
            told = self.passed(number, self.space(number))
        except TooLarge:
            return Verdict.UNKNOWN
        sure, possible, meant = told.bounds.surely & told.meant, told.bounds.possibly & told.meant, told.meant
        if possible.is_empty():
            return Verdict.DENIED
        if sure == meant:
            return Verdict.ALLOWED
        if not sure.is_empty() and possible != meant:
            return Verdict.MIXED
        return Verdict.UNKNOWN

    def stands(self, before: int, after: int) -> Stands | None:
        """How two contents stand to each other; None: they ask more than is looked at."""
        key = (before, after)
        if key not in self._stands:
            try:
                self._stands[key] = self._compared(before, after)
            except TooLarge:
                self._stands[key] = None
        return self._stands[key]

    def _compared(self, before: int, after: int) -> Stands:
        space = self.space(before, after)
        old, new = self.passed(before, space).bounds, self.passed(after, space).bounds
        gained = (new.surely - old.surely) | (new.possibly - old.possibly)
        lost = (old.surely - new.surely) | (old.possibly - new.possibly)
        sure_gain, sure_loss = new.surely - old.possibly, old.surely - new.possibly
        # Requests of which nothing changed hang on the same facts in both, or are told as not compared.
        changed = gained | lost
        within = False if not sure_loss.is_empty() else ((old.possibly - new.surely) & changed).is_empty() or None
        contains = False if not sure_gain.is_empty() else ((new.possibly - old.surely) & changed).is_empty() or None
        return Stands(sure_gain, gained, sure_loss, lost, old.possibly & new.possibly, within, contains)

    def facts(self, number: int) -> Iterator[Facts]:
        """Everything of the network on which a content hangs at its own ports."""
        for forms in self.values[number]:
            for form in forms:
                yield from (facts for facts, at in form.hangs if not at)

    def hangs(self, number: int, ports: Intervals, network: Facts | None) -> frozenset[object]:
        """What a content hangs on at some ports, which no program tells apart. ``network``: on what they hang where no
        mesh has a say."""
        found: set[object] = set()
        if number == self.PERHAPS and network is not None:
            return frozenset((network.at(ports),))
        for forms in self.values[number]:
            for form in forms:
                found.update(facts.at(at or ports) for facts, at in form.hangs)
                for passing in form.passings:
                    found.update(passing.hangs)
                    found.update(str(one) for one in passing.open)
        return frozenset(found)

    def open(self, number: int) -> bool:
        """Whether of some request it is not known whether it passes."""
        try:
            bounds = self.passed(number, self.space(number)).bounds
        except TooLarge:
            return True
        return not bounds.is_known()

    def protections(self, number: int) -> tuple[tuple[str, str], ...]:
        """What encrypts, and who is known, in every form in which anything may get through."""
        found = self._protections.get(number)
        if found is None:
            forms = {form for forms in self.values[number] for form in forms}
            passing = [form for form in forms if self._passes(form)]
            found = self._protections[number] = tuple(sorted({(form.encryption, form.identity) for form in passing}))
        return found

    def _passes(self, form: Form) -> bool:
        if not form.passings:
            return True
        number = self.number(frozenset((frozenset((form,)),)))
        try:
            return not self.passed(number, self.space(number)).bounds.possibly.is_empty()
        except TooLarge:
            return True

    def text(self, number: int) -> str:
        """The requests as people read them: ``all``, ``none``, or in pieces. The same for equal sets, unless these
        have more pieces than anybody reads."""
        found = self._texts.get(number)
        if found is None:
            found = self._texts[number] = self._text(number)
        return found

    def _text(self, number: int) -> str:
        try:
            bounds = self.passed(number, self.space(number)).bounds
            if bounds.surely == bounds.possibly:
                return _said(bounds.surely)
            if bounds.surely.is_empty():
                return f"perhaps {_said(bounds.possibly)}"
            return f"{_said(bounds.surely)}; perhaps {_said(bounds.possibly - bounds.surely)}"
        except TooLarge:
            return "more kinds of requests than are listed"

    def identity(self, number: int) -> str:
        """A text that is equal for contents with the same requests, whichever table they are of."""
        text = self.text(number)
        if text.startswith("more kinds"):
            worlds = sorted(repr(sorted(map(repr, forms))) for forms in self.values[number])
            return repr(worlds)
        return text


def _said(requests: RequestSet) -> str:
    if requests.is_empty():
        return "none"
    if requests.is_everything():
        return "all"
    return str(requests.pieces())


def alternatives(requests: RequestSet, most: int = 16) -> Iterator[object]:
    """The shortest request of a set, then such of other kinds."""
    from ringfence.sets.requests.request_sets import Impossible, Undecided

    left = requests
    for _ in range(most):
        try:
            found = left.witness()
        except (Undecided, TooLarge):
            return
        if found is None:
            return
        yield found
        try:
            left = left - left.space.at(left.space.decided_points(found))
        except Impossible:
            return
