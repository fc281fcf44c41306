"""Sequences that a what-if changes are what copies of them would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.later import Later, Patched

MEMBERS = st.lists(st.integers(), min_size=1, max_size=8)


@given(MEMBERS, st.data())
def test_a_patched_sequence_is_a_copy_with_other_members(members: list[int], data: st.DataObject) -> None:
    expected = list(members)
    found: Patched[int] | list[int] = members
    for _ in range(2):
        changes = data.draw(st.dictionaries(st.integers(0, len(members) - 1), st.integers()))
        found = Patched(found, changes)
        for index, value in changes.items():
            expected[index] = value
    assert list(found) == expected
    assert [found[index] for index in range(len(members))] == expected
    assert (found[-1], list(found[1:3]), len(found)) == (expected[-1], expected[1:3], len(expected))


def test_what_comes_later_is_made_once_and_only_when_looked_at() -> None:
    made: list[str] = []

    def make() -> tuple[str, ...]:
        made.append("made")
        return ("a", "b")

    later = Later(make)
    assert not made
    assert list(later) == ["a", "b"]
    assert (later[0], later[-1:], len(later), made) == ("a", ("b",), 2, ["made"])
