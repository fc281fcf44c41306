"""Value sets and selectors against brute force over every value that can make a difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets.labels import (
    ANY_VALUE,
    EVERYTHING,
    OPERATORS,
    SOME_VALUE,
    Operator,
    Requirement,
    Selector,
    ValueSet,
)

VALUES = ["", "a", "b"]
EVERY: list[str | None] = [*VALUES, "a value that no set names", None]
SETS = st.builds(ValueSet, st.frozensets(st.sampled_from(VALUES)), st.booleans(), st.booleans())
REQUIREMENTS = st.builds(
    lambda key, operator, values: Requirement(
        key, operator, tuple(sorted(values)) if operator in ("In", "NotIn") else ()
    ),
    st.sampled_from(["app", "tier"]),
    st.sampled_from(OPERATORS),
    st.sets(st.sampled_from(VALUES), min_size=1),
)
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from([*VALUES, "c"]))


def members(values: ValueSet) -> set[str | None]:
    return {value for value in EVERY if values.has(value)}


@given(SETS, SETS)
def test_value_sets_are_sets(left: ValueSet, right: ValueSet) -> None:
    assert members(left.intersection(right)) == members(left) & members(right)
    assert members(left.complement()) == set(EVERY) - members(left)
    assert left.complement().complement() == left


@given(SETS, SETS)
def test_emptiness_is_that_of_the_members(left: ValueSet, right: ValueSet) -> None:
    assert left.empty() == (not members(left))
    assert left.intersection(right).empty() == (not members(left) & members(right))
    assert left.intersection(left.complement()).empty()


def test_any_value_and_some_value() -> None:
    assert members(ANY_VALUE) == set(EVERY)
    assert members(SOME_VALUE) == set(EVERY) - {None}


@given(REQUIREMENTS, LABELS)
def test_a_requirement_matches_its_allowed_values(requirement: Requirement, labels: dict[str, str]) -> None:
    assert requirement.matches(labels) == requirement.allowed().has(labels.get(requirement.key))


@pytest.mark.parametrize(
    ("operator", "values", "matching"),
    [
        ("In", ("a", "b"), {"a", "b"}),
        ("In", ("",), {""}),
        ("NotIn", ("a",), {"", "b", "c", None}),
        ("Exists", (), {"", "a", "b", "c"}),
        ("DoesNotExist", (), {None}),
    ],
)
def test_each_operator_as_kubernetes_means_it(
    operator: Operator, values: tuple[str, ...], matching: set[object]
) -> None:
    requirement = Requirement("app", operator, values)
    seen = {
        value for value in ("", "a", "b", "c", None) if requirement.matches({} if value is None else {"app": value})
    }
    assert seen == matching


@given(st.lists(REQUIREMENTS, max_size=4), LABELS)
def test_a_selector_is_a_conjunction_in_one_form(requirements: list[Requirement], labels: dict[str, str]) -> None:
    selector = Selector.of(requirements)
    assert selector.matches(labels) == all(one.matches(labels) for one in requirements)
    assert selector == Selector.of([*reversed(requirements), *requirements])
    assert selector.keys() == {one.key for one in requirements}


@given(LABELS, LABELS)
def test_match_labels_asks_for_each_of_them(wanted: dict[str, str], labels: dict[str, str]) -> None:
    assert Selector.exactly(wanted).matches(labels) == (wanted.items() <= labels.items())


@given(LABELS)
def test_a_selector_without_requirements_matches_everything(labels: dict[str, str]) -> None:
    assert EVERYTHING.matches(labels)
    assert Selector.exactly({}) == EVERYTHING


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (EVERYTHING, "everything"),
        (Selector.exactly({"tier": "b", "app": "a"}), "app=a,tier=b"),
        (Selector.of([Requirement("app", "In", ("a", "b"))]), "app in (a,b)"),
        (Selector.of([Requirement("app", "NotIn", ("a",))]), "app notin (a)"),
        (Selector.of([Requirement("app", "Exists"), Requirement("tier", "DoesNotExist")]), "app,!tier"),
    ],
)
def test_selectors_read_as_kubectl_writes_them(selector: Selector, text: str) -> None:
    assert str(selector) == text
