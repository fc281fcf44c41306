"""Connection lists as netpol-analyzer prints them: read, normalise, compare.

A list is a set of rows ``source => destination : ports``. An end is a workload ``namespace/name[Kind]`` or a range of
IPv4 addresses. Two lists are equal when they are after every range of either is cut at every boundary of both.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ringfence.sets import addresses
from ringfence.sets.ports import EVERYTHING, PROTOCOL_NUMBER, Intervals, canonical, describe
from tests.truth.location import truth_folder

End = str | tuple[int, int]
"""A workload's text, or first and last address."""
Relation = dict[tuple[End, End], Intervals]

SUFFIX = re.compile(r"^(?P<name>.+)_connlist_output\.(?:txt|json)$")
ROW = re.compile(r"^(?P<source>\S+) => (?P<destination>\S+) : (?P<ports>.+)$")
RANGE = re.compile(r"^(?P<first>[0-9.]+)-(?P<last>[0-9.]+)(?:\[External\])?$")
BEYOND = re.compile(
    r"""(?:^|[{,])[\s-]*["']?kind["']?\s*:\s*["']?(UserDefinedNetwork|ClusterUserDefinedNetwork|NetworkAttachmentDefinition"""
    r"""|MultiNetworkPolicy|VirtualMachine\w*)\b""",
    re.MULTILINE,
)
"""Kinds that give pods more networks, or ends that are no pods."""
INGRESS_CONTROLLER = "{ingress-controller}"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of manifests with its expected lists. ``beyond`` names what this layer does not have, else empty."""

    name: str
    manifests: Path
    expected: tuple[Path, ...]
    beyond: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One pair of ends whose ports differ."""

    source: str
    destination: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.source} => {self.destination}: expected {self.expected}, got {self.got}"


def folders(root: Path | None = None) -> list[Folder]:
    """Every folder that has a plain list (no focus, no filter); empty when the data is absent."""
    base = (root or truth_folder()) / "netpol-analyzer"
    lists: dict[str, list[Path]] = {}
    for file in sorted((base / "expected").glob("*_connlist_output.*")):
        found = SUFFIX.match(file.name)
        if found and (base / "inputs" / found["name"]).is_dir():
            lists.setdefault(found["name"], []).append(file)
    return [
        Folder(name, base / "inputs" / name, tuple(files), beyond(base / "inputs" / name))
        for name, files in sorted(lists.items())
    ]


def beyond(manifests: Path) -> str:
    """The kinds in a folder that this layer does not have; empty where there are none."""
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in manifests.rglob("*") if file.is_file())
    kinds = sorted({kind for text in texts for kind in BEYOND.findall(text)})
    return ", ".join(kinds)


def end(text: str) -> End:
    """``a.b.c.d-e.f.g.h[External]`` as numbers, anything else as it is."""
    found = RANGE.match(text)
    if not found:
        return text
    return int(ipaddress.IPv4Address(found["first"])), int(ipaddress.IPv4Address(found["last"]))


def ports(text: str) -> Intervals:
    """``All Connections`` or ``SCTP 1-9002,9004-65535,TCP 80``. Raises ValueError for anything else."""
    if text == "All Connections":
        return EVERYTHING
    if text == "No Connections":
        return ()
    found: list[tuple[int, int]] = []
    protocol = -1
    for word in text.split(","):
        name, _, numbers = word.strip().rpartition(" ")
        if name:
            protocol = PROTOCOL_NUMBER[name] << 16
        first, _, last = numbers.partition("-")
        if protocol < 0:
            raise ValueError(f"no protocol in {text!r}")
        found.append((protocol | int(first), protocol | int(last or first)))
    return canonical(found)


def read_list(file: Path) -> Relation:
    """The rows of one expected list, without those of the ingress controller. Raises ValueError for a strange line."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        return relation((row["src"], row["dst"], row["conn"]) for row in json.loads(text or "[]") or [])
    return parse_text(text)


def parse_text(text: str) -> Relation:
    """The rows of a printed list."""
    rows: list[tuple[str, str, str]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        found = ROW.match(line.strip())
        if not found:
            raise ValueError(f"no row: {line!r}")
        rows.append((found["source"], found["destination"], found["ports"]))
    return relation(rows)


def relation(rows: Iterable[tuple[str, str, str]]) -> Relation:
    """Rows as ends and port sets; rows of the same ends are joined."""
    found: Relation = {}
    for source, destination, allowed in rows:
        if INGRESS_CONTROLLER not in (source, destination):
            pair = end(source), end(destination)
            found[pair] = canonical(found.get(pair, ()) + ports(allowed))
    return found


def _atoms(ranges: Iterable[tuple[int, int]], outside: Intervals) -> list[tuple[int, int]]:
    starts = sorted({edge for first, last in (*ranges, *outside) for edge in (first, last + 1)})
    pieces = ((first, following - 1) for first, following in itertools.pairwise(starts))
    return [piece for piece in pieces if addresses.contains(outside, piece[0])]


def _cut(found: Relation, atoms: list[tuple[int, int]]) -> Relation:
    def pieces(one: End) -> Iterator[End]:
        if isinstance(one, str):
            yield one
        else:
            yield from (atom for atom in atoms if one[0] <= atom[0] and atom[1] <= one[1])

    done: Relation = {}
    for (source, destination), allowed in found.items():
        if not allowed or (isinstance(source, tuple) and isinstance(destination, tuple)):
            continue
        for left in pieces(source):
            for right in pieces(destination):
                if left != right:
                    done[left, right] = canonical(done.get((left, right), ()) + allowed)
    return done


def compare(expected: Relation, got: Relation, outside: Intervals) -> list[Difference]:
    """Where two lists differ. Rows of an end to itself and of address to address do not count.

    ``outside``: the addresses that both speak of (unicast, and no object of the input has them).
    """
    ranges = [one for pair in (*expected, *got) for one in pair if isinstance(one, tuple)]
    atoms = _atoms(ranges, outside)
    left, right = _cut(expected, atoms), _cut(got, atoms)
    pairs = sorted(set(left) | set(right), key=str)
    return [
        Difference(text(s), text(d), describe(left.get((s, d), ())), describe(right.get((s, d), ())))
        for s, d in pairs
        if left.get((s, d), ()) != right.get((s, d), ())
    ]


def text(one: End) -> str:
    """An end for people."""
    return one if isinstance(one, str) else addresses.interval_text(*one)


def address_ranges(text: str) -> Iterator[tuple[int, int]]:
    """The IPv4 part of ``any address``, or of a list of addresses, CIDRs and ``first-last``, as numbers."""
    if text == "any address":
        text = "0.0.0.0/0"
    for piece in text.split(", "):
        if ":" in piece:
            continue
        first, _, last = piece.partition("-")
        yield addresses.cidr(piece) if "/" in piece else (addresses.address(first), addresses.address(last or first))


def nameless_owners(folder: Path) -> dict[str, str]:
    """Pods whose controller reference lacks its kind, by ``namespace/name``: that tool prints the owner as a Pod."""
    found: dict[str, str] = {}
    for file in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml"))):
        for document in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            for one in (document or {}).get("items") or [document or {}]:
                metadata = one.get("metadata") or {}
                for owner in metadata.get("ownerReferences") or ():
                    if owner.get("controller") and not owner.get("kind"):
                        space = metadata.get("namespace") or "default"
                        found[f"{space}/{metadata['name']}"] = f"{space}/{owner['name']}[Pod]"
    return found
