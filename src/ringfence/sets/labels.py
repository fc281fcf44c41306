"""Label selectors as conjunctions of per-key value sets.

A label's value is a string, or the key is absent. A *value set* is a finite or co-finite set of strings plus a flag for
absence: every operator of a Kubernetes label selector is one (``In`` and ``matchLabels`` a finite set without absence,
``NotIn`` a co-finite set with it, ``Exists`` all strings, ``DoesNotExist`` absence alone). They are closed under
intersection and complement, so any boolean question about labels is decided key by key.
Source of the semantics: k8s.io/apimachinery ``labels.Requirement.Matches`` (``NotIn`` and ``DoesNotExist`` match an
object that lacks the key).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ringfence.values import Value

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]
OPERATORS: tuple[Operator, ...] = ("In", "NotIn", "Exists", "DoesNotExist")


class ValueSet(Value):
    """Strings in ``values`` (or, when ``cofinite``, all strings but those), and absence when ``absent``."""

    values: frozenset[str]
    cofinite: bool
    absent: bool

    def has(self, value: str | None) -> bool:
        """Whether the value (None: the key is absent) is a member."""
        if value is None:
            return self.absent
        return (value in self.values) != self.cofinite

    def complement(self) -> ValueSet:
        """Everything else."""
        return ValueSet(self.values, not self.cofinite, not self.absent)

    def intersection(self, other: ValueSet) -> ValueSet:
        """Members of both."""
        absent = self.absent and other.absent
        if self.cofinite and other.cofinite:
            return ValueSet(self.values | other.values, True, absent)
        if self.cofinite:
            return ValueSet(other.values - self.values, False, absent)
        if other.cofinite:
            return ValueSet(self.values - other.values, False, absent)
        return ValueSet(self.values & other.values, False, absent)

    def empty(self) -> bool:
        """No member. A co-finite set always has one: there is no end of strings."""
        return not self.values and not self.cofinite and not self.absent


ANY_VALUE = ValueSet(frozenset(), True, True)
SOME_VALUE = ValueSet(frozenset(), True, False)


class Requirement(Value):
    """One expression of a selector; ``values`` is sorted and without repeats, empty for Exists and DoesNotExist."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def allowed(self) -> ValueSet:
        """The values of ``key`` that satisfy it."""
        if self.operator == "In":
            return ValueSet(frozenset(self.values), False, False)
        if self.operator == "NotIn":
            return ValueSet(frozenset(self.values), True, True)
        if self.operator == "Exists":
            return SOME_VALUE
        return ValueSet(frozenset(), False, True)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with exactly these labels satisfies it."""
        value = labels.get(self.key)
        if self.operator == "In":
            return value is not None and value in self.values
        if self.operator == "NotIn":
            return value is None or value not in self.values
        return (value is not None) == (self.operator == "Exists")

    def __str__(self) -> str:
        if self.operator == "In" and len(self.values) == 1:
            return f"{self.key}={self.values[0]}"
        if self.operator == "Exists":
            return self.key
        if self.operator == "DoesNotExist":
            return f"!{self.key}"
        word = "in" if self.operator == "In" else "notin"
        return f"{self.key} {word} ({','.join(self.values)})"


class Selector(Value):
    """A conjunction of requirements, sorted and without repeats; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()

    @staticmethod
    def of(requirements: Iterable[Requirement]) -> Selector:
        """Canonical form of the conjunction."""
        return Selector(tuple(sorted(set(requirements), key=lambda r: (r.key, r.operator, r.values))))

    @staticmethod
    def exactly(labels: Mapping[str, str]) -> Selector:
        """The selector of ``matchLabels``."""
        return Selector.of(Requirement(key, "In", (value,)) for key, value in labels.items())

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with exactly these labels is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def keys(self) -> frozenset[str]:
        """The label keys that it mentions."""
        return frozenset(requirement.key for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements) or "everything"


EVERYTHING = Selector()
