"""Every set run against the engine: what was asked, what came out otherwise, what is out of reach and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringfence.sets import addresses
from ringfence.sets.ports import Intervals, canonical
from tests.truth import conformance, cyclonus, three_tier
from tests.truth import connection_lists as lists
from tests.truth.probing import Mismatch, Probe, run


@dataclass(slots=True)
class Tally:
    """Counts of one set; ``wrong`` holds a line for each answer that differs, ``skipped`` name and reason."""

    name: str
    cases: int = 0
    checks: int = 0
    wrong: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    deviations: list[tuple[str, str]] = field(default_factory=list)

    def add(self, checks: int, wrong: Iterable[str]) -> None:
        """Count one case."""
        self.cases += 1
        self.checks += checks
        self.wrong += wrong


def load_objects(objects: Any, cni: str) -> Any:
    """A world of ringfence."""
    from ringfence.loading import load_objects as load

    return load(objects, cni=cni)


def judge_conformance(world: Any, case: Any, root: Path | None = None) -> tuple[int, list[Mismatch]]:
    """Every probe of a case, by name and by address."""
    asked, wrong = 0, []
    for step in conformance.steps(world, case):
        loaded = load_objects(step.objects, "generic")
        for probes in (step.probes, step.by_address()):
            asked += len(probes)
            wrong += run(loaded, probes, f"{case['id']}: {step.title}")
    return asked, wrong


def judge_cyclonus(case: Any) -> tuple[int, list[Mismatch]]:
    """Every cell of a case off the diagonal."""
    asked, wrong = 0, []
    for number, step in enumerate(cyclonus.steps(case)):
        loaded = load_objects(step.objects, "calico")
        asked += len(step.probes)
        wrong += run(loaded, step.probes, f"{case['description']}, step {number}")
    return asked, wrong


def three_tier_probes() -> Iterator[tuple[str, Probe]]:
    """Every golden row in both forms, each with a name for the test's report."""
    for row in three_tier.ROWS:
        for form, probe in (("pods", row.probe()), ("labels", row.label_probe())):
            yield f"{form}: {probe.source}-{probe.destination}-{probe.port}-{probe.protocol}", probe


def load_folder(folder: Path, cni: str) -> Any:
    """A world of files. Namespaces without objects have no labels but their name, as that tool assumes."""
    from ringfence.loading import load

    return load(str(folder), cni=cni, assume_no_labels=True)


def listed(world: Any, owners: Mapping[str, str]) -> tuple[lists.Relation, list[str]]:
    """The world's list at workload level as that tool would print it, and the rows that are unknown. ``owners``: pods
    that go by another name there.

    That tool shows a workload whose replicas differ by one of them; here it may what any of its replicas may.
    """
    found: lists.Relation = {}
    unknown: list[str] = []
    names = workload_names(world) | owners
    for row in world.connections(level="workload").rows:
        pairs = [(s, d) for s in ends(row.sources, names) for d in ends(row.destinations, names)]
        if row.verdict.value != "allowed":
            unknown += [f"{lists.text(s)} => {lists.text(d)}: unknown ({row.reason})" for s, d in pairs if s != d]
            continue
        for pair in pairs:
            found[pair] = canonical(found.get(pair, ()) + row.ports)
    return found, unknown


def workload_names(world: Any) -> dict[str, str]:
    """``namespace/name[Kind]`` by each text that may stand for the workload, or for a pod of it, in a row."""
    workloads = {pod.workload for pod in world.cluster.pods}
    names: dict[str, str] = {}
    for one in workloads:
        alone = sum(other.namespace == one.namespace and other.name == one.name for other in workloads) == 1
        kind = "" if alone else f"{one.kind.lower()}/"
        names[f"{one.namespace}/{kind}{one.name}"] = str(one)
    for pod in world.cluster.pods:
        names.setdefault(f"{pod.namespace}/{pod.name}", str(pod.workload))
    return names


def ends(texts: Iterable[str], names: Mapping[str, str]) -> Iterator[lists.End]:
    """Workloads and IPv4 ranges; nodes are not in that tool's lists."""
    for text in texts:
        if text in names:
            yield names[text]
        elif not text.startswith("node/"):
            yield from lists.address_ranges(text)


def outside(world: Any) -> Intervals:
    """IPv4 addresses that no object of the world has and that a host may have."""
    cluster = world.cluster
    things = (*cluster.pods, *cluster.nodes.values(), *cluster.services)
    taken = canonical((address, address) for thing in things for address in thing.addresses)
    ranges = cluster.ranges
    inside = addresses.merge((taken, ranges.pods, ranges.services, ranges.nodes))
    return addresses.subtract(addresses.intersect(addresses.UNICAST, addresses.EVERY_IPV4), inside)


def judge_list(folder: lists.Folder) -> tuple[int, list[str]]:
    """How many pairs of ends the expected list has, and a line for each pair that comes out otherwise."""
    world = load_folder(folder.manifests, "netpol-analyzer")
    got, wrong = listed(world, lists.nameless_owners(folder.manifests))
    pairs = 0
    for file in folder.expected:
        expected = lists.read_list(file)
        pairs = max(pairs, len(expected))
        wrong += [f"{file.name}: {difference}" for difference in lists.compare(expected, got, outside(world))]
    return pairs, wrong
