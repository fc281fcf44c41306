"""Open facts: what the input does not say, as variables with set-valued domains.

A *literal* says that a variable's value lies in a set. A *condition* is a conjunction of literals under which a rule
matches. Facts are named by the role of the end that they belong to (``src`` or ``dst``), not by the object, so that
the same question about two pods is the same literal, and equal cells of the relation share one answer.

Four kinds of set serve as domains: label ``ValueSet``s, address intervals, finite sets of words (``frozenset``), which
also carry booleans.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal as Choice

from ringfence.sets.addresses import intersect, size, subtract
from ringfence.sets.labels import ValueSet
from ringfence.sets.ports import Intervals
from ringfence.values import Value

Role = Choice["src", "dst"]
Kind = Choice[
    "cni",
    "family",
    "address",
    "pod-label",
    "namespace-label",
    "node-label",
    "same-node",
    "node",
    "named-port",
    "domain",
    "broken",
    "unclear",
    "enforced",
]
Domain = ValueSet | Intervals | frozenset[str]

YES, NO = "yes", "no"
BOOLEAN: frozenset[str] = frozenset((YES, NO))
TRUE: frozenset[str] = frozenset((YES,))
FALSE: frozenset[str] = frozenset((NO,))


class Variable(Value):
    """One open fact. ``name`` tells variables of a kind and role apart (a label key, a CNI fact, a policy…)."""

    kind: Kind
    role: Role | None
    name: str
    domain: Domain


class Literal(Value):
    """``variable`` has a value in ``within``."""

    variable: Variable
    within: Domain


Condition = frozenset[Literal]
ALWAYS: Condition = frozenset()


def fact_literal(fact: str, value: frozenset[str] = TRUE) -> Literal:
    """The plugin's answer to a fact, as a literal."""
    return Literal(Variable("cni", None, str(fact), BOOLEAN), value)


def readings_condition(readings: Iterable[tuple[str, bool]]) -> Condition:
    """What holds under some of the plugin's open answers."""
    return frozenset(fact_literal(fact, TRUE if value else FALSE) for fact, value in readings)


def both(left: Domain, right: Domain) -> Domain:
    """Intersection of two domains of one kind."""
    if isinstance(left, ValueSet):
        assert isinstance(right, ValueSet)
        return left.intersection(right)
    if isinstance(left, frozenset):
        assert isinstance(right, frozenset)
        return left & right
    assert isinstance(right, tuple)
    return intersect(left, right)


def without(left: Domain, right: Domain) -> Domain:
    """Difference of two domains of one kind."""
    if isinstance(left, ValueSet):
        assert isinstance(right, ValueSet)
        return left.intersection(right.complement())
    if isinstance(left, frozenset):
        assert isinstance(right, frozenset)
        return left - right
    assert isinstance(right, tuple)
    return subtract(left, right)


class Taken:
    """Addresses that the input gives to objects: no pod of unknown address has one of them."""

    def __init__(self, addresses: Iterable[int]) -> None:
        self._sorted: Sequence[int] = sorted(set(addresses))

    @property
    def addresses(self) -> Sequence[int]:
        """The addresses, sorted."""
        return self._sorted

    def free(self, intervals: Intervals) -> int:
        """How many addresses of the set are not taken."""
        taken = sum(bisect_right(self._sorted, last) - bisect_left(self._sorted, first) for first, last in intervals)
        return size(intervals) - taken

    def first_free(self, intervals: Intervals) -> int | None:
        """The first address that is not taken; None: all are."""
        for first, last in intervals:
            number, at = first, bisect_left(self._sorted, first)
            while number <= last and at < len(self._sorted) and self._sorted[at] == number:
                number, at = number + 1, at + 1
            if number <= last:
                return number
        return None

    def the_free_one(self, intervals: Intervals) -> int | None:
        """The only address that is not taken, when there is just one (looked for in small sets only)."""
        if size(intervals) > 4096 or self.free(intervals) != 1:
            return None
        for first, last in intervals:
            for number in range(first, last + 1):
                at = bisect_left(self._sorted, number)
                if at == len(self._sorted) or self._sorted[at] != number:
                    return number
        return None


NONE_TAKEN = Taken(())

Assignment = Mapping[Variable, Domain]


def empty(variable: Variable, domain: Domain, taken: Taken) -> bool:
    """Whether no value is left."""
    if isinstance(domain, ValueSet):
        return domain.empty()
    if isinstance(domain, frozenset):
        return not domain
    if not domain:
        return True
    return variable.name not in SHARED_ADDRESSES and taken.free(domain) <= 0


OWN_ADDRESS = "own"
"""Name of an address variable whose domain is the known addresses of its object (a node with several)."""
HOST_ADDRESS = "host"
"""Name of the address variable of a hostNetwork pod on an unknown node: it has that node's address."""
SHARED_ADDRESSES = (OWN_ADDRESS, HOST_ADDRESS)
"""Addresses that the input may give to another object as well."""


def truth(literal: Literal, assignment: Assignment, taken: Taken) -> bool | None:
    """True or False where the assigned domain decides the literal, else None."""
    domain = assignment.get(literal.variable, literal.variable.domain)
    if empty(literal.variable, both(domain, literal.within), taken):
        return False
    if empty(literal.variable, without(domain, literal.within), taken):
        return True
    return None


def holds(condition: Condition, assignment: Assignment, taken: Taken) -> bool | None:
    """Three-valued conjunction."""
    verdict: bool | None = True
    for literal in condition:
        value = truth(literal, assignment, taken)
        if value is False:
            return False
        if value is None:
            verdict = None
    return verdict


def consistent(assignment: Assignment, taken: Taken) -> bool:
    """Whether the facts can hold together: two pods never share an address, so two variables whose domains have both
    shrunk to the same single address cannot."""
    singles: dict[int, Variable] = {}
    for variable, domain in assignment.items():
        if variable.kind == "address" and variable.name not in SHARED_ADDRESSES and isinstance(domain, tuple):
            only = taken.the_free_one(domain)
            if only is not None:
                if only in singles and singles[only].role != variable.role:
                    return False
                singles[only] = variable
    return True
