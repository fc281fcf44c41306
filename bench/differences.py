"""Two states of a cluster: what the comparison costs, ours and a peer's, and whether both tell the same difference.

The second state is the first with other ports in some of its policies.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench import agreement, clusters, listing, measuring, own
from bench.clusters import Object, Size
from bench.files import comparable_folders, write_yaml
from bench.peers import Peer, Row
from bench.table import Line, at_least, at_most, plain

EVERY = 20
"""One in so many policies differs between the two folders."""
OTHER_PORT = 9999
OWN_LIMIT = 1.0
"""Seconds of CPU beyond loading, at 100,000 pods."""


class WrongDifferenceError(AssertionError):
    """Two tools that should agree don't."""


def changed(policies: Iterable[Object], every: int) -> list[Object]:
    """The policies, each ``every``-th with other ports in the rules of its first direction that has any."""
    found = list(policies)
    for number in range(0, len(found), every):
        policy = found[number] = copy.deepcopy(found[number])
        for direction in ("ingress", "egress"):
            if policy["spec"].get(direction):
                for rule in policy["spec"][direction]:
                    rule["ports"] = [{"protocol": "TCP", "port": OTHER_PORT}]
                break
    return found


def own_lines(size: Size) -> Iterator[Line]:
    """Beyond loading: the rows of neither state are made before."""
    found = own.figures("difference", size, 1)
    label = f"{size.name} pods, {size.policies} policies, diff beyond loading"
    for name in ("nothing differs", "one policy differs", "1 % of the policies differ", "10 % of the policies differ"):
        what = f"{label}: {name}"
        large = size.pods == 100_000 and not name.startswith("10 ")
        yield at_most(what, found[name], OWN_LIMIT, "s") if large else plain(what, found[name], "s")


def two_folders(parent: Path, size: Size) -> tuple[Path, Path]:
    """The files of both states."""
    before, _ = comparable_folders(parent, size)
    after = parent / f"{size.name}-after"
    if not after.exists():
        shutil.copytree(before, after)
        write_yaml(after / "policies.yaml", changed(clusters.comparable_policies(size), EVERY))
    return before, after


def compare(peers: list[Peer], size: Size, folder: Path, times: int) -> Iterator[Line]:
    """Whole processes on the same two folders. Raises WrongDifferenceError when a peer tells another difference."""
    folders = two_folders(folder, size)
    ours = measuring.best(
        measuring.ringfence("diff", *map(str, folders), "--level", "pod", "-o", "json", "--cni", "generic"), times
    )
    if ours.code != 1:
        raise RuntimeError(f"ringfence diff left with {ours.code}: {ours.errors[-500:]}")
    label = f"{size.name} ({size.pods} pods, {size.policies} policies), diff, whole process from YAML"
    yield plain(f"{label}: ringfence", ours.cpu, "s")
    yield plain(f"{label}: ringfence, peak memory", ours.memory, "MB")
    rows = list(_rows(ours.output))
    for peer in peers:
        if peer.diff is None:
            continue
        done = measuring.best(peer.diff(*folders), 1 if size.pods > 200 else times)
        if done.code:
            raise RuntimeError(f"{peer.name} left with {done.code}: {(done.errors or done.output)[-500:]}")
        yield plain(f"{label}: {peer.name}", done.cpu, "s")
        yield plain(f"{label}: {peer.name}, peak memory", done.memory, "MB")
        yield at_least(f"{label}: {peer.name}, times ours", done.cpu / ours.cpu, 1.0, "×")
        theirs = list(peer.differences(done.output))
        for word, own_rows, other in zip(("lost", "gained"), sides(rows), sides(theirs), strict=True):
            left, right = agreement.relation(other), agreement.relation(own_rows)
            wrong = agreement.differences(left, right, listing.outside(size))
            if wrong:
                raise WrongDifferenceError(f"{label}: {peer.name} and ringfence differ in {word} flows: {wrong[0]}")
        yield Line(f"{label}: {peer.name} tells the same difference", "equal")


Sides = tuple[str, str, str, str]
"""Source, destination, ports before and after."""


def sides(rows: Iterable[Sides]) -> tuple[list[Row], list[Row]]:
    """What was lost and what was gained."""
    lost: list[Row] = []
    gained: list[Row] = []
    for source, destination, before, after in rows:
        old, new = (() if text == "none" else agreement.ports(text) for text in (before, after))
        for found, ports in ((lost, agreement.without(old, new)), (gained, agreement.without(new, old))):
            if ports:
                found.append((source, destination, agreement.text(ports)))
    return lost, gained


def _rows(document: str) -> Iterator[Sides]:
    """The rows of ``diff -o json``, one for each pair. Raises AssertionError where something is unknown."""
    for row in json.loads(document)["rows"]:
        ports = ",".join(f"{span['protocol']} {span['first']}-{span['last']}" for span in row["ports"])
        texts = {"allowed": ports, "denied": "none"}
        if not {row["before"], row["after"]} <= texts.keys():
            raise AssertionError(f"a comparable cluster has unknown connections: {row}")
        for source in (text for end in row["sources"] for text in listing.ends(end)):
            for destination in (text for end in row["destinations"] for text in listing.ends(end)):
                yield source, destination, texts[row["before"]], texts[row["after"]]
