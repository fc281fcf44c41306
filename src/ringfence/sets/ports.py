"""Sets of (protocol, port) as canonical interval tuples, interned so that equality is identity of a small number.

A *port key* is ``protocol << 16 | port``: one integer a destination port, 1..65535, for each of TCP, UDP and SCTP.
A *port set* is a tuple of ``(first, last)`` key intervals: sorted, disjoint, never adjacent. Two sets with the same
members are the same tuple, so a table can give each a number and memoise its operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PROTOCOLS = ("TCP", "UDP", "SCTP")
PROTOCOL_NUMBER = {name: number for number, name in enumerate(PROTOCOLS)}
FIRST_PORT, LAST_PORT = 1, 65535

Intervals = tuple[tuple[int, int], ...]


def port_key(protocol: str, port: int) -> int:
    """The integer of one destination port. Raises KeyError for a protocol that policies cannot name."""
    return PROTOCOL_NUMBER[protocol] << 16 | port


def protocol_range(protocol: str) -> tuple[int, int]:
    """First and last key of all ports of one protocol."""
    base = PROTOCOL_NUMBER[protocol] << 16
    return base | FIRST_PORT, base | LAST_PORT


EVERYTHING: Intervals = tuple(protocol_range(protocol) for protocol in PROTOCOLS)


def canonical(intervals: Iterable[tuple[int, int]]) -> Intervals:
    """Sorted, disjoint, merged. Adjacent intervals merge; protocols never touch, as port 0 and 65536 do not exist."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(intervals):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """Members of both."""
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first = max(left[i][0], right[j][0])
        last = min(left[i][1], right[j][1])
        if first <= last:
            found.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def subtract(left: Intervals, right: Intervals) -> Intervals:
    """Members of ``left`` that ``right`` lacks."""
    found: list[tuple[int, int]] = []
    for first, last in left:
        for gone_first, gone_last in right:
            if gone_last < first:
                continue
            if gone_first > last:
                break
            if gone_first > first:
                found.append((first, gone_first - 1))
            first = gone_last + 1
            if first > last:
                break
        if first <= last:
            found.append((first, last))
    return tuple(found)


def contains_key(intervals: Intervals, key: int) -> bool:
    """Whether one port key is a member."""
    return any(first <= key <= last for first, last in intervals)


def size(intervals: Intervals) -> int:
    """How many (protocol, port) pairs."""
    return sum(last - first + 1 for first, last in intervals)


def members_by_protocol(intervals: Intervals) -> Iterator[tuple[str, int, int]]:
    """``(protocol, first port, last port)`` in order."""
    for first, last in intervals:
        yield PROTOCOLS[first >> 16], first & 0xFFFF, last & 0xFFFF


def describe(intervals: Intervals) -> str:
    """``TCP 80, 443-445, UDP 53``; ``any port`` for everything; ``TCP any`` for a protocol; ``none`` for nothing."""
    if not intervals:
        return "none"
    if intervals == EVERYTHING:
        return "any port"
    words: list[str] = []
    said: str | None = None
    for protocol, first, last in members_by_protocol(intervals):
        if (first, last) == (FIRST_PORT, LAST_PORT):
            span = "any"
        else:
            span = str(first) if first == last else f"{first}-{last}"
        words.append(span if protocol == said else f"{protocol} {span}")
        said = protocol
    return ", ".join(words)


class PortTable:
    """Numbers port sets and memoises union, intersection and difference on the numbers. 0 is none, 1 is everything.

    A number is only comparable with numbers of the same table; ``intervals`` gives the canonical tuple, which is
    comparable with any. The table only grows; it is shared by all that one world computes.
    """

    NONE = 0
    ALL = 1

    def __init__(self) -> None:
        self._intervals: list[Intervals] = [(), EVERYTHING]
        self._numbers: dict[Intervals, int] = {(): 0, EVERYTHING: 1}
        self._unions: dict[tuple[int, int], int] = {}
        self._intersections: dict[tuple[int, int], int] = {}
        self._differences: dict[tuple[int, int], int] = {}
        self._sizes: list[int] = [0, size(EVERYTHING)]

    def number(self, intervals: Iterable[tuple[int, int]]) -> int:
        """The number of this set, canonicalised first."""
        return self._numbered(canonical(intervals))

    def _numbered(self, key: Intervals) -> int:
        """The number of a canonical set. What two of them have in common, and what one lacks, is canonical too: where
        neighbouring keys are members, one interval of each set holds them both."""
        found = self._numbers.get(key)
        if found is None:
            found = len(self._intervals)
            self._intervals.append(key)
            self._numbers[key] = found
            self._sizes.append(size(key))
        return found

    def intervals(self, number: int) -> Intervals:
        """The canonical intervals of a number that this table gave out."""
        return self._intervals[number]

    def size(self, number: int) -> int:
        """How many (protocol, port) pairs."""
        return self._sizes[number]

    def union(self, left: int, right: int) -> int:
        """Members of either."""
        if left == right or right == 0 or left == 1:
            return left
        if left == 0 or right == 1:
            return right
        key = (left, right) if left < right else (right, left)
        found = self._unions.get(key)
        if found is None:
            found = self._unions[key] = self.number(self._intervals[left] + self._intervals[right])
        return found

    def intersection(self, left: int, right: int) -> int:
        """Members of both."""
        if left == right or right == 1 or left == 0:
            return left
        if left == 1 or right == 0:
            return right
        key = (left, right) if left < right else (right, left)
        found = self._intersections.get(key)
        if found is None:
            found = self._intersections[key] = self._numbered(intersect(self._intervals[left], self._intervals[right]))
        return found

    def difference(self, left: int, right: int) -> int:
        """Members of ``left`` that ``right`` lacks."""
        if left == right or left == 0 or right == 1:
            return 0
        if right == 0:
            return left
        key = (left, right)
        found = self._differences.get(key)
        if found is None:
            found = self._differences[key] = self._numbered(subtract(self._intervals[left], self._intervals[right]))
        return found

    def contains(self, number: int, key: int) -> bool:
        """Whether one port key is a member."""
        if number < 2:
            return number == 1
        return contains_key(self._intervals[number], key)
