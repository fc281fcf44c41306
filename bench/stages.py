"""What one process of its own measures: ``python -m bench.stages STAGE SIZE [FOLDER]`` prints figures as JSON.

Times are CPU seconds of this process. Modules are imported and warm before the clock starts: interpreter and imports
are measured with the whole process, where they belong.
"""

from __future__ import annotations

import copy
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ringfence
from bench import clusters
from bench.clusters import Size
from bench.differences import changed
from bench.files import company_folder
from bench.measuring import own_memory
from bench.peers import cache_folder
from ringfence.layers.profiles import find
from ringfence.sources.changes import Given
from ringfence.world import World

Figures = dict[str, float]
SIZES = {size.name: size for size in (*clusters.PEER_SIZES.values(), *clusters.OWN_SIZES, *clusters.PAGE_SIZES)}
QUESTIONS = 4000
EXPLANATIONS = 300
EDITS = 90


class Clock:
    """CPU seconds since the last look. The garbage collector is off from then on, as in the command line."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._last = time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.process_time()
        passed, self._last = now - self._last, now
        return passed


def warm() -> None:
    """Everything that is imported on first use."""
    small = ringfence.load_objects(clusters.company(clusters.OWN_SIZES[0]))
    small.connections()
    pods = small.cluster.pods
    names = [f"{pod.namespace}/{pod.name}" for pod in pods[:2]]
    small.explain(*names, 8080)
    small.what_if(add=[_edit(pods[0], 0)])


def analysis(size: Size) -> Figures:
    """From parsed objects of a comparable cluster to the complete list of connections between pods."""
    warm()
    objects = clusters.comparable(size)
    clock = Clock()
    world = ringfence.load_objects(objects)
    rows = world.connections(level="pod").rows
    return {"seconds": clock.lap(), "rows": len(rows)}


def company(size: Size) -> Figures:
    """From plain objects of a company's cluster to the relation, the exact count and the list, stage by stage."""
    warm()
    objects = clusters.company(size)
    clock = Clock()
    return _stages(clock, Given.of_objects(objects, (), (), (), False))


def dump(size: Size) -> Figures:
    """The same from files: the pods as a JSON dump."""
    warm()
    folder = company_folder(cache_folder(), size)
    clock = Clock()
    return _stages(clock, Given.read([str(folder)], (), (), (), False))


def _stages(clock: Clock, given: Given) -> Figures:
    figures = {"read": clock.lap(), "parsed": own_memory()}
    cluster = given.build()
    figures["build"] = clock.lap()
    world = World(cluster, find("generic"), given)
    world.complete()
    figures["relation"] = clock.lap()
    figures["tuples"] = world.count()
    figures["count"] = clock.lap()
    figures["memory"] = own_memory()
    figures["rows"] = len(world.connections().rows)
    figures["list"] = clock.lap()
    return figures


def library(size: Size) -> Figures:
    """Microseconds of single questions in the library, milliseconds of what-ifs."""
    warm()
    world = ringfence.load_objects(clusters.company(size))
    world.complete()
    questions = list(_questions(world, QUESTIONS))
    clock = Clock()
    verdicts = [world.can(*question).verdict for question in questions]
    figures: Figures = {"can, first time": clock.lap() / len(questions) * 1e6}
    again = [world.can(*question).verdict for question in questions]
    figures["can"] = clock.lap() / len(questions) * 1e6
    if again != verdicts:
        raise AssertionError("the same questions have other answers the second time")
    asked = questions[:EXPLANATIONS]
    for name, ask in (("explain", world.explain), ("explain, with the smallest edit", partial(_edited, world))):
        figures[name] = statistics.median(_timed(partial(ask, *one)) for one in asked) * 1e6
    times = sorted(timed_changes(world))
    figures["what-if p50"] = times[len(times) // 2] * 1e3
    figures["what-if p90"] = times[len(times) * 9 // 10] * 1e3
    return figures


def page(size: Size) -> Figures:
    """From the relation of a company's cluster to its page, which is written to a file: the third argument."""
    from ringfence.reports.context import Context
    from ringfence.reports.html.page import html_page

    context = Context("generic", "the default")
    small = ringfence.load_objects(clusters.company(clusters.OWN_SIZES[0]))
    html_page([("now", small.matrix())], context)
    world = ringfence.load_objects(clusters.company(size))
    world.complete()
    clock = Clock()
    text = html_page([("now", world.matrix())], context)
    seconds = clock.lap()
    Path(sys.argv[3]).write_text(text, encoding="utf-8")
    return {"seconds": seconds}


def diff_page(size: Size) -> Figures:
    """From the relations of two states to the page of their difference: one policy in ten is gone."""
    from ringfence.reports.context import Context
    from ringfence.reports.html.changes import Difference
    from ringfence.reports.html.page import html_page
    from ringfence.verdict.matrix.pairing import paired_ends

    objects = clusters.company(size)
    policies = [one for one in objects if one["kind"] == "NetworkPolicy"]
    left_out = {id(one) for one in policies[::10]}
    before = ringfence.load_objects(objects)
    after = ringfence.load_objects([one for one in objects if id(one) not in left_out])
    before.complete()
    after.complete()
    clock = Clock()
    found = before.diff(after)
    pairs = paired_ends(before.cluster, after.cluster)
    states = [("before", before.matrix()), ("after", after.matrix())]
    text = html_page(states, Context("generic", "the default"), difference=Difference(found, pairs))
    seconds = clock.lap()
    Path(sys.argv[3]).write_text(text, encoding="utf-8")
    return {"seconds": seconds, "rows": float(len(found.rows))}


def _edited(world: Any, *question: Any) -> None:
    world.explain(*question).edit  # noqa: B018 - looked for when it is read


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _questions(world: Any, count: int) -> Iterator[tuple[str, str, int]]:
    chance = random.Random(7)
    pods = world.cluster.pods
    ports = [port for ports in clusters.PORTS.values() for _, port in ports]
    for _ in range(count):
        source, destination = chance.choice(pods), chance.choice(pods)
        yield f"{source.namespace}/{source.name}", f"{destination.namespace}/{destination.name}", chance.choice(ports)


def _edit(pod: Any, number: int) -> dict[str, Any]:
    subject = {"matchLabels": {"app": pod.labels["app"]}}
    spec = {
        "podSelector": subject,
        "ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 8000 + number}]}],
    }
    return clusters.policy(pod.namespace, f"edit-{number}", spec)


def timed_changes(world: Any) -> list[float]:
    """Seconds of each of some what-ifs with one answer."""
    return [_timed(change) for change in _changes(world)]


def _changes(world: Any) -> Iterator[Callable[[], object]]:
    """Policies added, removed, and pods relabelled, each with one question that the change concerns."""
    chance = random.Random(11)
    pods, policies = world.cluster.pods, world.cluster.policies
    for number in range(EDITS):
        pod, other, policy = chance.choice(pods), chance.choice(pods), chance.choice(policies)
        ends = (f"{other.namespace}/{other.name}", f"{pod.namespace}/{pod.name}", 8000 + number)
        edits: tuple[dict[str, Any], ...] = (
            {"add": [_edit(pod, number)]},
            {"remove": [f"{policy.namespace}/NetworkPolicy/{policy.name}"]},
            {"relabel": {ends[1]: {"tier": "frontend", "new": str(number)}}},
        )
        yield lambda edit=edits[number % 3], ends=ends: world.what_if(**edit).can(*ends)


def reach(size: Size) -> Figures:
    """Seconds of the questions about reach, beyond loading and the relation."""
    warm()
    world = ringfence.load_objects(clusters.company(size))
    world.complete()
    clock = Clock()
    figures: Figures = {"workloads": world.coverage().total}
    figures["coverage"] = clock.lap()
    figures["rows"] = len(world.exposure().rows)
    figures["exposure"] = clock.lap()
    first, last = world.cluster.pods[0].workload, world.cluster.pods[-1].workload
    figures["reached"] = len(world.blast_radius(f"{last.namespace}/{last.name}").fallen)
    figures["blast radius"] = clock.lap()
    figures["blast radius, from internet"] = len(world.blast_radius("internet").fallen) and clock.lap()
    world.paths(f"{last.namespace}/{last.name}", f"{first.namespace}/{first.name}")
    figures["paths"] = clock.lap()
    return figures


def difference(size: Size) -> Figures:
    """Seconds of ``diff`` beyond loading. Both states were read by themselves, and no row was asked for before."""
    warm()
    small = clusters.company(clusters.OWN_SIZES[0])
    ringfence.load_objects(small).diff(ringfence.load_objects(small[:-1]))
    others = [*clusters.namespaces(size), *clusters.company_pods(size)]
    policies = list(clusters.company_policies(size))
    figures: Figures = {}
    for name, every in (
        ("nothing differs", None),
        ("one policy differs", len(policies)),
        ("1 % of the policies differ", 100),
        ("10 % of the policies differ", 10),
    ):
        after = policies if every is None else changed(policies, every)
        worlds = [ringfence.load_objects(copy.deepcopy([*others, *side])) for side in (policies, after)]
        clock = Clock()
        found = worlds[0].diff(worlds[1])
        figures[name] = clock.lap()
        if found.same != (every is None) or not found.decided:
            raise AssertionError(f"{name}, but the difference says {found.counts}")
        figures[f"{name}: rows"] = len(found.rows)
        gc.enable()
    return figures


STAGES: dict[str, Callable[[Size], Figures]] = {
    "analysis": analysis,
    "company": company,
    "dump": dump,
    "library": library,
    "reach": reach,
    "difference": difference,
    "page": page,
    "diff-page": diff_page,
}

if __name__ == "__main__":
    print(json.dumps(STAGES[sys.argv[1]](SIZES[sys.argv[2]])))
