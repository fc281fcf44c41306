"""The semantic differences that netpol-analyzer prints: read, and held against the rows of ``diff``.

That tool prints a row for each pair of ends with all ports before and all after; ringfence has rows of the ports that
differ. So what is compared is, for each pair, the ports that were lost and the ports that were gained. A pair with a
workload that only one state has loses or gains everything, in both tools. Rows of the ingress controller are compared
by themselves, with the ways in of the two states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringfence.sets.addresses import intersect
from ringfence.sets.ports import Intervals, canonical, describe
from ringfence.sets.ports import subtract as without
from tests.truth import connection_lists as lists
from tests.truth.judging import ends, load_folder, outside, workload_names
from tests.truth.location import truth_folder

FILE = re.compile(r"^diff_between_(?P<after>.+)_and_(?P<before>.+)\.txt$")
ROW = re.compile(
    r"^diff-type: (?P<kind>added|removed|changed), source: (?P<source>\S+), destination: (?P<destination>\S+), "
    r"ref1: (?P<before>.+?), ref2: (?P<after>.+?)(?:, workloads-diff-info: (?P<info>.+))?$"
)
INFO = re.compile(r"workloads? (?P<end>\S+) (?P<what>added|removed)")
HEADING = "Connectivity diff:"
A_POD_OF_NOBODY = "@a-namespace-of-nobody"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two folders of manifests and the difference that is expected. ``beyond``: what this layer does not have."""

    name: str
    before: Path
    after: Path
    expected: Path
    beyond: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What pairs of ends lost and gained; ``routes``: what the ingress controller did, as (end, port); workloads that
    one of the states lacks."""

    lost: lists.Relation
    gained: lists.Relation
    routes_lost: frozenset[tuple[str, str]]
    routes_gained: frozenset[tuple[str, str]]
    new: frozenset[str]
    gone: frozenset[str]

    def __len__(self) -> int:
        return len(self.lost.keys() | self.gained.keys()) + len(self.routes_lost | self.routes_gained)


def pairs(root: Path | None = None) -> list[Pair]:
    """Every expected difference of which both folders are here; empty when the data is absent."""
    base = (root or truth_folder()) / "netpol-analyzer"
    found = []
    for file in sorted((base / "expected-diff").glob("diff_between_*.txt")):
        named = FILE.match(file.name)
        if named:
            before, after = (base / "inputs" / named[word] for word in ("before", "after"))
            if before.is_dir() and after.is_dir():
                kinds = {kind for side in (before, after) for kind in lists.beyond(side).split(", ") if kind}
                found.append(Pair(f"{named['before']} to {named['after']}", before, after, file, ", ".join(kinds)))
    return found


def read(text: str) -> Delta:
    """The rows of one expected difference. Raises ValueError for a strange line, or one that contradicts itself."""
    lost: lists.Relation = {}
    gained: lists.Relation = {}
    routes: tuple[set[tuple[str, str]], set[tuple[str, str]]] = (set(), set())
    one_sided: dict[str, set[str]] = {"added": set(), "removed": set()}
    for line in text.splitlines():
        if not line.strip() or line.strip() == HEADING:
            continue
        found = ROW.match(line.strip())
        if not found:
            raise ValueError(f"no row: {line!r}")
        for info in INFO.finditer(found["info"] or ""):
            one_sided[info["what"]].add(info["end"])
        before, after = lists.ports(found["before"]), lists.ports(found["after"])
        if (found["kind"] == "added") != (not before) or (found["kind"] == "removed") != (not after):
            raise ValueError(f"{found['kind']} is not what the ports say: {line!r}")
        if found["source"] == lists.INGRESS_CONTROLLER:
            for own, ports in zip(routes, (without(before, after), without(after, before)), strict=True):
                own.update(_routes(found["destination"].partition("[")[0], ports))
            continue
        pair = lists.end(found["source"]), lists.end(found["destination"])
        for relation, ports in ((lost, without(before, after)), (gained, without(after, before))):
            if ports:
                relation[pair] = canonical(relation.get(pair, ()) + ports)
    return Delta(lost, gained, *map(frozenset, routes), frozenset(one_sided["added"]), frozenset(one_sided["removed"]))


def _routes(end: str, ports: Intervals) -> Iterator[tuple[str, str]]:
    """Ingresses lead to single ports."""
    for word in describe(ports).removeprefix("TCP ").split(","):
        if word != "none":
            yield end, word.strip()


def answered(before: Any, after: Any) -> tuple[Delta, list[str]]:
    """What ``diff`` and the ways in of two worlds say, and the rows with an unknown verdict."""
    names = workload_names(before) | workload_names(after)
    lost: lists.Relation = {}
    gained: lists.Relation = {}
    unknown: list[str] = []
    difference = before.diff(after)
    for row in difference.rows:
        verdicts = [None if one is None else one.value for one in (row.before, row.after)]
        if {"unknown", "mixed"} & set(verdicts):
            unknown.append(f"{row.sources} => {row.destinations}: {verdicts}")
            continue
        relation = lost if verdicts[0] == "allowed" else gained
        for source in ends(row.sources, names):
            for destination in ends(row.destinations, names):
                relation[source, destination] = canonical(relation.get((source, destination), ()) + row.ports)
    old, new = _ways(before), _ways(after)
    one_sided = (frozenset(names[end] for end in side if end in names) for side in (difference.new, difference.gone))
    return Delta(lost, gained, old - new, new - old, *one_sided), unknown


def _ways(world: Any) -> frozenset[tuple[str, str]]:
    """Where routes lead, from a pod without labels in a namespace without labels."""
    return frozenset(
        (way.destination, way.port.removeprefix("TCP "))
        for way in world.ways_in(controller=A_POD_OF_NOBODY).ways
        if way.openings[0].how == "route" and way.verdict == "allowed"
    )


def judge(pair: Pair) -> tuple[int, list[str]]:
    """How many pairs of ends should differ, and a line for each that differs otherwise."""
    before, after = (load_folder(folder, "netpol-analyzer") for folder in (pair.before, pair.after))
    expected = read(pair.expected.read_text(encoding="utf-8"))
    got, wrong = answered(before, after)
    # That tool tells of workloads where they have a flow.
    wrong += [f"{end} is not new" for end in sorted(expected.new - got.new)]
    wrong += [f"{end} is not gone" for end in sorted(expected.gone - got.gone)]
    # A connection list speaks of the addresses that no pod of its own state has.
    space = intersect(outside(before), outside(after))
    for word, left, right in (("lost", expected.lost, got.lost), ("gained", expected.gained, got.gained)):
        wrong += [f"{word}: {difference}" for difference in lists.compare(left, right, space)]
    for word, hoped, found in (
        ("lost", expected.routes_lost, got.routes_lost),
        ("gained", expected.routes_gained, got.routes_gained),
    ):
        wrong += [
            f"{word} by the ingress controller: {end} {port}, expected {(end, port) in hoped}"
            for end, port in sorted(hoped ^ found)
        ]
    return len(expected), wrong
