"""Answers to the questions about reach, made by hand, with names to choose."""

from __future__ import annotations

from ringfence.model.cluster import WorkloadRef
from ringfence.model.policy import Direction
from ringfence.model.provenance import Place
from ringfence.verdict.answers import Edit, FlowChange, Reason, Verdict
from ringfence.verdict.blast_radius import BlastRadius, Cut, CutStep, Fallen, Hop, ShortestWay, ShortestWays
from ringfence.verdict.coverage import (
    Coverage,
    Default,
    NamespaceCoverage,
    NamespaceDefault,
    Side,
    Status,
    Step,
    WorkloadCoverage,
)
from ringfence.verdict.exposure import Exposed, Exposure, Origin, Price
from ringfence.verdict.openness import Peers, Scope
from tests.reports.samples import answer, tcp

IN, OUT = Direction.INGRESS, Direction.EGRESS


def coverage(name: str = "shop/web", space: str = "shop") -> Coverage:
    sides = {
        IN: Side(Status.OPEN, True, (Scope(Peers.ADDRESS, tcp(1, 65535)), Scope(Peers.NAMED, tcp(9), True))),
        OUT: Side(Status.UNENFORCED, None, (), name),
    }
    place = Place(name, 3)
    one = WorkloadCoverage(name, WorkloadRef("Deployment", space, name), 2, sides, place)
    defaults = {
        IN: NamespaceDefault(Default.OPEN, {name: name}, name),
        OUT: NamespaceDefault(Default.UNKNOWN, None, name),
    }
    home = NamespaceCoverage(space, defaults, 1, {IN: 0, OUT: 0})
    step = Step(f"close {name}", space, IN, (name,) * 4, place, {"kind": name})
    return Coverage((one,), (home,), (step,) * 11, (name,), 1)


def coverages() -> Coverage:
    """A workload of each status, with a rule that opens one, and one of each default."""
    wide, tight = Scope(Peers.ADDRESS, tcp(1, 65535)), Scope(Peers.NAMED, tcp(5432))
    closed = Side(Status.CLOSED, True, (tight,))
    every = {
        "api": {IN: Side(Status.OPEN, True, (wide,)), OUT: closed},
        "db": {IN: closed, OUT: Side(Status.CLOSED, True, ())},
        "agent": {
            IN: Side(Status.UNENFORCED, None, (), "it uses the network of its node"),
            OUT: Side(Status.UNKNOWN, None, (Scope(Peers.NAMESPACE, tcp(1, 65535), True),), "an open fact decides"),
        },
    }
    workloads = tuple(
        WorkloadCoverage(
            f"shop/{name}", WorkloadRef("Deployment", "shop", name), 1, sides, Place("base/app.yaml", at, 1)
        )
        for at, (name, sides) in enumerate(every.items(), 10)
    )
    homes = (
        NamespaceCoverage(
            "shop",
            {
                IN: NamespaceDefault(Default.OPEN, {"app": "new"}, "no policy closes it"),
                OUT: NamespaceDefault(Default.DENIED),
            },
            3,
            {IN: 1, OUT: 2},
            Place("base/ns.yaml", 2, 1),
        ),
    )
    opener = Place("base/netpol.yaml", 12, 5)
    steps = (
        Step("name the peers of rule 0 of NetworkPolicy shop/api", "shop", IN, ("shop/api",), opener),
        Step("add a default deny", "shop", IN, ("shop/agent",), None, {"kind": "NetworkPolicy"}),
    )
    return Coverage(workloads, homes, steps, ("kube-system",), 2)


def many(count: int, word: str = "é") -> Coverage:
    """More workloads than a comment has room for."""
    sides = {direction: Side(Status.OPEN, False, (Scope(Peers.ADDRESS, tcp(1, 65535)),)) for direction in (IN, OUT)}
    workloads = tuple(
        WorkloadCoverage(
            f"shop/{word}{at}", WorkloadRef("Pod", "shop", f"{word}{at}"), 1, sides, Place(f"{word}.yaml", at)
        )
        for at in range(count)
    )
    steps = tuple(Step(f"close {one.name}", "shop", IN, (one.name,)) for one in workloads)
    return Coverage(workloads, (), steps, (word * 500,), 1)


def exposure(name: str = "shop/web") -> Exposure:
    reason = Reason("open-labels", name, name)
    rows = tuple(
        Exposed(direction, origin, (name, "a/b"), (name, "shop/db"), tcp(1), verdict, why)
        for direction in Direction
        for origin in Origin
        for verdict, why in ((Verdict.ALLOWED, None), (Verdict.UNKNOWN, reason))
    )
    prices = (
        Price(name, (name,), ((name, name),), tcp(1), Verdict.ALLOWED),
        Price(name, (name,), None, tcp(2), Verdict.UNKNOWN),
    )
    return Exposure(rows, 1, (name, "shop/other"), prices, (name, "shop/db"), ("a new namespace",))


def hop(name: str = "shop/web") -> Hop:
    return Hop(name, name, tcp(5432), Verdict.ALLOWED, lambda: answer(Verdict.ALLOWED, name=name))


def blast_radius(name: str = "shop/web") -> BlastRadius:
    unsure = Hop(name, name, tcp(1), Verdict.UNKNOWN)
    change = FlowChange(name, name, tcp(1), Verdict.ALLOWED, Verdict.DENIED)
    edit = Edit(name, Place(name, 1), 1, 1, {name: [name]}, (change,) * 7, 2)
    cut = Cut((CutStep(hop(name), 3, edit), CutStep(unsure, 3, None)), 6, True, name)
    fallen = (Fallen(name, 1, None, hop(name), False, True), Fallen(name, 2, 0, unsure, True))
    counts = {"direct": 1, "reached": 1, "possibly": 1, "nodes": 1, "machines": 0, "outside": 1}
    way = ShortestWay(name, (hop(name), unsure), True)
    return BlastRadius(name, fallen, 1, (name, "shop/other"), (way,), cut, counts, 2, (name,))


def paths(name: str = "shop/web") -> ShortestWays:
    return ShortestWays(name, name, (ShortestWay(name, (hop(name),), False),), 1)
