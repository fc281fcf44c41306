"""Whether two lists of connections say the same, whatever ranges they cut addresses into."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from bench.peers import Row
from ringfence.sets.ports import EVERYTHING, PROTOCOL_NUMBER, PROTOCOLS, Intervals, canonical, intersect, subtract

Range = tuple[int, int]
End = str | Range
Relation = dict[tuple[End, End], Intervals]


def end(text: str) -> End:
    """``first-last`` (IPv4) as numbers, a pod's name as it is. Single addresses count as ranges of one."""
    if "/" in text:
        return text
    first, _, last = text.partition("-")
    return _number(first), _number(last or first)


def _number(text: str) -> int:
    value = 0
    for part in text.split("."):
        value = value << 8 | int(part)
    return value


def ports(text: str) -> Intervals:
    """``all`` or ``TCP 80,90-99,UDP 53``; what policies can't name (ICMP and the like) does not count."""
    if text == "all":
        return EVERYTHING
    found: list[Range] = []
    protocol: int | None = None
    for word in text.split(","):
        name, _, numbers = word.strip().rpartition(" ")
        if name:
            protocol = PROTOCOL_NUMBER[name] << 16 if name in PROTOCOLS else None
        if protocol is not None:
            first, _, last = numbers.partition("-")
            found.append((protocol | int(first), protocol | int(last or first)))
    return canonical(found)


def without(left: Intervals, right: Intervals) -> Intervals:
    """The ports of the first that the second lacks."""
    return subtract(left, right)


def text(found: Intervals) -> str:
    """Ports as ``ports`` reads them."""
    return ",".join(f"{PROTOCOLS[first >> 16]} {first & 0xFFFF}-{last & 0xFFFF}" for first, last in found)


def relation(rows: Iterable[Row]) -> Relation:
    """Rows joined by their ends; an end to itself and address to address do not count."""
    parsed: dict[str, Intervals] = {}
    ends: dict[str, End] = {}
    found: Relation = {}
    for source, destination, allowed in rows:
        for text in (source, destination):
            if text not in ends:
                ends[text] = end(text)
        if allowed not in parsed:
            parsed[allowed] = ports(allowed)
        pair = ends[source], ends[destination]
        if pair[0] == pair[1] or (isinstance(pair[0], tuple) and isinstance(pair[1], tuple)):
            continue
        found[pair] = canonical(found[pair] + parsed[allowed]) if pair in found else parsed[allowed]
    return found


def differences(left: Relation, right: Relation, outside: Intervals) -> list[str]:
    """Pairs that the two judge otherwise, among pods and the addresses of ``outside``; empty when they agree."""
    edges = sorted({
        edge for pairs in (left, right) for pair in pairs for one in pair if isinstance(one, tuple)
        for edge in (one[0], one[1] + 1)
    } | {edge for first, last in outside for edge in (first, last + 1)})  # fmt: skip
    cut = [_cut(found, edges, outside) for found in (left, right)]
    pairs = cut[0].keys() | cut[1].keys()
    wrong = [pair for pair in pairs if cut[0].get(pair, ()) != cut[1].get(pair, ())]
    return [f"{s} => {d}: {cut[0].get((s, d), ())} or {cut[1].get((s, d), ())}" for s, d in sorted(wrong, key=str)]


def _cut(found: Relation, edges: list[int], outside: Intervals) -> Relation:
    pieces: dict[End, list[End]] = {}
    for one in {one for pair in found for one in pair}:
        if isinstance(one, str):
            pieces[one] = [one]
        else:
            inside = [edge for edge in edges if one[0] <= edge <= one[1] + 1]
            spans = itertools.pairwise(inside)
            pieces[one] = [(a, b - 1) for a, b in spans if intersect(((a, a),), outside)]
    done: Relation = {}
    for (source, destination), allowed in found.items():
        if not allowed:
            continue
        for left in pieces[source]:
            for right in pieces[destination]:
                pair = left, right
                done[pair] = canonical(done[pair] + allowed) if pair in done else allowed
    return done
