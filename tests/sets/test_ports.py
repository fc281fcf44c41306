"""Port sets against Python's own sets, over ports at both ends of each protocol."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets import ports
from ringfence.sets.ports import EVERYTHING, PROTOCOLS, Intervals, PortTable, port_key

KEYS = [port_key(protocol, port) for protocol in PROTOCOLS for port in (*range(1, 9), *range(65530, 65536))]
NUMBERS = st.sets(st.sampled_from(KEYS))


def of(keys: set[int]) -> Intervals:
    return ports.canonical((key, key) for key in keys)


def members(intervals: Intervals) -> set[int]:
    return {key for first, last in intervals for key in range(first, last + 1)}


@given(NUMBERS, NUMBERS)
def test_union_intersection_difference_are_those_of_sets(left: set[int], right: set[int]) -> None:
    table = PortTable()
    first, second = table.number(of(left)), table.number(of(right))
    assert members(table.intervals(table.union(first, second))) == left | right
    assert members(table.intervals(table.intersection(first, second))) == left & right
    assert members(table.intervals(table.difference(first, second))) == left - right


@given(NUMBERS, NUMBERS)
def test_equal_members_are_one_number(left: set[int], right: set[int]) -> None:
    table = PortTable()
    assert (table.number(of(left)) == table.number(of(right))) == (left == right)
    assert table.union(table.number(of(left)), table.number(of(right))) == table.number(of(left | right))


@given(NUMBERS)
def test_size_and_contains(keys: set[int]) -> None:
    table = PortTable()
    number = table.number(of(keys))
    assert table.size(number) == ports.size(of(keys)) == len(keys)
    assert {key for key in KEYS if table.contains(number, key)} == keys


@given(NUMBERS)
def test_everything_and_nothing_are_neutral(keys: set[int]) -> None:
    table = PortTable()
    number = table.number(of(keys))
    assert table.union(number, PortTable.NONE) == table.intersection(number, PortTable.ALL) == number
    assert table.union(number, PortTable.ALL) == PortTable.ALL
    assert table.intersection(number, PortTable.NONE) == table.difference(number, PortTable.ALL) == PortTable.NONE
    rest = table.difference(PortTable.ALL, number)
    assert table.union(rest, number) == PortTable.ALL
    assert table.difference(PortTable.ALL, rest) == number


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS))))
def test_canonical_is_sorted_disjoint_and_never_adjacent(intervals: list[tuple[int, int]]) -> None:
    found = ports.canonical(intervals)
    assert all(first <= last for first, last in found)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))
    assert ports.canonical(reversed(intervals)) == ports.canonical(found) == found


def test_protocols_never_merge() -> None:
    """The last TCP port and the first UDP port are no neighbours."""
    assert len(EVERYTHING) == 3
    assert ports.size(EVERYTHING) == 3 * 65535
    assert len(of({port_key("TCP", 65535), port_key("UDP", 1)})) == 2


@pytest.mark.parametrize(
    ("intervals", "text"),
    [
        ((), "none"),
        (EVERYTHING, "any port"),
        (EVERYTHING[:1], "TCP any"),
        (of({port_key("TCP", 80)}), "TCP 80"),
        (
            of({port_key("TCP", port) for port in (80, 443, 444, 445)} | {port_key("UDP", 53)}),
            "TCP 80, 443-445, UDP 53",
        ),
        (ports.subtract(EVERYTHING, of({port_key("UDP", 1)})), "TCP any, UDP 2-65535, SCTP any"),
    ],
)
def test_describe(intervals: Intervals, text: str) -> None:
    assert ports.describe(intervals) == text


@given(NUMBERS)
def test_members_by_protocol_lists_every_member(keys: set[int]) -> None:
    listed = ports.members_by_protocol(of(keys))
    assert {port_key(name, port) for name, first, last in listed for port in range(first, last + 1)} == keys


def test_an_unknown_protocol_has_no_keys() -> None:
    with pytest.raises(KeyError):
        port_key("ICMP", 1)
