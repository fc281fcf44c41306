"""Exposure as netpol-analyzer prints it: rows of a workload and pods that do not exist, put to the engine.

A row names pods by selectors; one pod that the selectors select stands for them. That tool judges the workload's own
policies only, so each direction is compared by itself. What a pod gets is the union of the rows that select it: a row
of ``entire-cluster`` selects every pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import Direction
from ringfence.sets.label_search import STAND_IN
from ringfence.sets.labels import EVERYTHING, Requirement, Selector
from ringfence.sets.ports import Intervals, canonical, describe
from tests.truth.connection_lists import Folder, beyond, ports
from tests.truth.judging import load_folder
from tests.truth.location import truth_folder

SUFFIX = re.compile(r"^(?P<name>.+)_exposure_output\.txt$")
ROW = re.compile(r"^(?P<workload>\S+)\s+(?P<arrow>=>|<=)\s+(?P<peer>\S.*?) : (?P<ports>.+)$")
PEER = re.compile(
    r"^(?P<space>\[all namespaces\]|\[namespace with \{.*?\}\]|[^/\[]+)/\[(?P<pods>all pods|pod with \{.*\})\]$"
)
EXPRESSION = re.compile(r"\{Key:(?P<key>[^,]+),Operator:(?P<operator>\w+),Values:\[(?P<values>[^\]]*)\],\}")
ENTIRE_CLUSTER = "entire-cluster"
STRANGER = "some-new-namespace"


@dataclass(frozen=True, slots=True)
class Peer:
    """The pods that a row speaks of. ``namespace`` None: those of namespaces with labels."""

    namespace: str | None
    spaces: Selector
    pods: Selector

    def selects(self, space: str, space_labels: dict[str, str], labels: dict[str, str]) -> bool:
        """Whether one pod is among them."""
        at_home = self.namespace == space if self.namespace is not None else self.spaces.matches(space_labels)
        return at_home and self.pods.matches(labels)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one workload."""

    workload: str
    direction: Direction
    peer: Peer
    ports: Intervals
    text: str


EVERYONE = Peer(None, EVERYTHING, EVERYTHING)


def folders() -> list[Folder]:
    """Every folder with an exposure list that is neither focused nor explained; empty where the data is absent."""
    base = truth_folder() / "netpol-analyzer"
    found = []
    for file in sorted((base / "expected").glob("*_exposure_output.txt")):
        named = SUFFIX.match(file.name)
        if named and (base / "inputs" / named["name"]).is_dir():
            manifests = base / "inputs" / named["name"]
            found.append(Folder(named["name"], manifests, (file,), beyond(manifests)))
    return found


def requirements(text: str) -> Selector:
    """``a=b,{Key:c,Operator:In,Values:[d e],}``."""
    found = []
    for one in EXPRESSION.finditer(text):
        found.append(Requirement(one["key"], one["operator"], tuple(sorted(one["values"].split()))))  # type: ignore[arg-type]
    for word in EXPRESSION.sub("", text).split(","):
        if word:
            key, _, value = word.partition("=")
            found.append(Requirement(key, "In", (value,)))
    return Selector.of(found)


def peer(text: str) -> Peer:
    """The pods of a row. Raises ValueError for a text of another form."""
    if text == ENTIRE_CLUSTER:
        return EVERYONE
    found = PEER.match(text)
    if not found:
        raise ValueError(f"no peer: {text!r}")
    pods = requirements(found["pods"][len("pod with {") : -1]) if found["pods"] != "all pods" else EVERYTHING
    space = found["space"]
    if space == "[all namespaces]":
        return Peer(None, EVERYTHING, pods)
    if space.startswith("["):
        return Peer(None, requirements(space[len("[namespace with {") : -2]), pods)
    return Peer(space, EVERYTHING, pods)


def numbered(text: str) -> Intervals:
    """Ports by number. A name stands for the port that a pod calls so, and the pods that are asked about name none."""
    words = text.split(",")
    kept: list[str] = []
    protocol = ""
    for word in words:
        name, _, number = word.strip().rpartition(" ")
        protocol = name or protocol
        if text == "All Connections" or number[:1].isdigit():
            kept.append(f"{protocol} {number}" if text != "All Connections" else text)
    return ports(",".join(kept)) if kept else ()


def rows(file: Path) -> Iterator[Row]:
    """The rows of pods; those of addresses are in the connection lists too."""
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith("Exposure Analysis Result"):
            break
    for line in lines:
        found = ROW.match(line.strip())
        if found and "[External]" not in found["peer"]:
            direction = Direction.EGRESS if found["arrow"] == "=>" else Direction.INGRESS
            yield Row(found["workload"], direction, peer(found["peer"]), numbered(found["ports"]), line.strip())


def example(selector: Selector) -> dict[str, str]:
    """Labels that a selector selects, as few as it asks for."""
    found: dict[str, str] = {}
    for one in selector.requirements:
        if one.operator == "In":
            found.setdefault(one.key, one.values[0])
        elif one.operator == "Exists":
            found.setdefault(one.key, STAND_IN)
    return found


def judge(folder: Folder) -> tuple[int, list[str]]:
    """How many (workload, direction, pod) were compared, and a line for each that comes out otherwise."""
    world = load_folder(folder.manifests, "netpol-analyzer")
    expected = list(rows(folder.expected[0]))
    workloads = world.lister.workloads
    probes = {one.peer for one in expected} | {EVERYONE}
    asked, wrong = 0, []
    for number, ref in enumerate(workloads.refs):
        name = str(ref)
        for direction in Direction:
            mine = [one for one in expected if one.workload == name and one.direction is direction]
            for probe in sorted(probes, key=str):
                space, space_labels, labels = stand_in(world, probe)
                hoped = canonical(i for row in mine if row.peer.selects(space, space_labels, labels) for i in row.ports)
                got = asked_of(world, workloads.masks[number], direction, space, space_labels, labels)
                asked += 1
                if got != hoped:
                    wrong.append(
                        f"{name} {direction.value} {labels}@{space}{space_labels}: expected {describe(hoped)}, "
                        f"got {describe(got)}"
                    )
    return asked, wrong


def stand_in(world: Any, probe: Peer) -> tuple[str, dict[str, str], dict[str, str]]:
    """Namespace, its labels, and labels of a pod that a row speaks of."""
    labels = example(probe.pods)
    if probe.namespace is not None:
        known = world.cluster.namespaces.get(probe.namespace)
        return probe.namespace, dict(known.labels) if known else {NAME_LABEL: probe.namespace}, labels
    return STRANGER, {NAME_LABEL: STRANGER, **example(probe.spaces)}, labels


def asked_of(
    world: Any, mask: int, direction: Direction, space: str, space_labels: dict[str, str], labels: dict[str, str]
) -> Intervals:
    """Ports between a pod and a workload, by the workload's own policies."""
    relation = world.relation
    end = EndClass("pod", space, labels, space=relation.universe.pod_space, namespace_labels=space_labels)
    found: list[tuple[int, int]] = []
    for column in columns_of(mask):
        program = relation.program(column, end, direction)
        own = relation.universe.ends[column]
        pair = (0, program) if direction is Direction.INGRESS else (program, 0)
        families = relation.families(own, end)[0]
        cell = relation.cells.cell(*pair, Meeting(families, own.namespace == space, None))
        found += relation.ports.intervals(cell.sure)
    return canonical(found)
