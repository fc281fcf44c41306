from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets import label_search
from ringfence.sets.label_search import STAND_IN, UndecidedError, escaping
from ringfence.sets.labels import EVERYTHING, Requirement, Selector

KEYS = ("app", "tier", "env")
VALUES = ("a", "b")

requirements = st.one_of(
    st.builds(
        Requirement,
        st.sampled_from(KEYS),
        st.sampled_from(("In", "NotIn")),
        st.sets(st.sampled_from(VALUES), min_size=1).map(lambda values: tuple(sorted(values))),
    ),
    st.builds(Requirement, st.sampled_from(KEYS), st.sampled_from(("Exists", "DoesNotExist"))),
)
selectors = st.lists(st.lists(requirements, max_size=3).map(Selector.of), max_size=8)


def every_set_of_labels() -> list[dict[str, str]]:
    """Absent, a value that selectors name, a value that none names, for each key: nothing else can be told apart."""
    choices = [(None, *VALUES, STAND_IN)] * len(KEYS)
    return [
        {key: value for key, value in zip(KEYS, chosen, strict=True) if value is not None}
        for chosen in product(*choices)
    ]


@given(selectors)
def test_the_search_finds_labels_exactly_where_there_are_some(asked: list[Selector]) -> None:
    found = escaping(asked)
    free = [labels for labels in every_set_of_labels() if not any(one.matches(labels) for one in asked)]
    assert (found is not None) == bool(free)
    assert found is None or not any(one.matches(found) for one in asked)


def test_nothing_escapes_a_selector_of_everything() -> None:
    assert escaping([Selector.exactly({"a": "b"}), EVERYTHING]) is None


def test_a_stand_in_is_no_value_that_is_named() -> None:
    taken = Selector.of([Requirement("app", "In", (STAND_IN,))])
    found = escaping([taken, Selector.of([Requirement("app", "DoesNotExist")])])
    assert found == {"app": f"{STAND_IN}-2"}


def test_a_search_that_takes_too_long_ends_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_search, "MOST_STEPS", 0)
    with pytest.raises(UndecidedError):
        escaping([Selector.of([Requirement("app", "DoesNotExist")])])
