"""Shapes and sizes that are hard, stage by stage: ``python -m bench.scale SHAPE SIZE [whatif]`` prints figures as JSON.

Times are CPU seconds of one process, memory is in MB. The stages begin at a ``Cluster``; what building it costs is a
figure of its own.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import files, measuring, shapes
from bench.clusters import Size
from bench.measuring import own_memory
from bench.stages import Clock, Figures, timed_changes, warm
from bench.table import Line, at_most, plain
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import find
from ringfence.sources.building import build
from ringfence.sources.changes import Given
from ringfence.verdict.grid import Grid
from ringfence.world import World

SIZES = {shape: {size.name: size for size in shapes.sizes(shape)} for shape in shapes.SHAPES}
STAGES = ("classes", "rows", "join", "count")
LIMITS = {("company", "100k"): (0.8, 400.0), ("company", "1M"): (12.0, 2500.0), ("adversarial", "10k"): (2.0, None)}
"""(seconds, MB) from a Cluster to the relation and the exact count."""
MORE_BY_TIERS = 20.0
"""Percent that 45 tiers may add."""
POLICIES, FULL_PODS = 2_000, 10_000


def forget_peak() -> None:
    """Let the kernel count the peak of this process anew."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
        stream.write("5")


def peak_memory() -> float:
    """The peak of this process since it was last forgotten, in MB, with what is mapped into it."""
    with open("/proc/self/status", encoding="ascii") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("VmHWM:")) / 1024


def stages(shape: str, size: Size) -> Figures:
    """Time by stage and peak memory, from what pods and policies say to the exact count."""
    warm()
    reading = shapes.reading_of(*shapes.SHAPES[shape](size))
    clock = Clock()
    cluster = build(reading)
    figures: Figures = {"build": clock.lap()}
    del reading
    figures["parsed"] = own_memory()
    forget_peak()
    clock.lap()
    relation = Relation(cluster, find("generic"))
    figures["classes"] = clock.lap()
    relation.complete()
    figures["rows"] = clock.lap()
    grid = Grid(relation)
    figures["join"] = clock.lap()
    figures["tuples"] = grid.count()
    figures["count"] = clock.lap()
    figures["peak"] = peak_memory()
    figures["columns"] = len(relation.universe.ends)
    figures["total"] = sum(figures[stage] for stage in STAGES)
    return figures


def what_ifs(size: Size) -> Figures:
    """Milliseconds of a what-if with one answer."""
    warm()
    given = Given(shapes.reading_of(*shapes.company(size)))
    world = World(given.build(), find("generic"), given)
    Clock()
    world.complete()
    times = sorted(timed_changes(world))
    return {"p50": times[len(times) // 2] * 1e3, "p90": times[len(times) * 9 // 10] * 1e3}


def lines(smoke: bool, times: int, folder: Path, cache: Path) -> Iterator[Line]:
    """Every row: shapes, growth between sizes, what-ifs, YAML."""
    found: dict[tuple[str, str], Figures] = {}
    for shape in shapes.SHAPES:
        last: tuple[Size, Figures] | None = None
        for size in shapes.sizes(shape)[: 1 if smoke else None]:
            figures = found[shape, size.name] = _best(shape, size, times if size.pods < 1_000_000 else 1)
            yield from _shape_lines(shape, size, figures)
            if last is not None:
                yield _growth(shape, last, (size, figures))
            last = size, figures
    for name in (size.name for size in shapes.sizes("tiered")):
        if ("tiered", name) in found:
            yield from _tier_lines(name, found["company", name], found["tiered", name])
    size = shapes.SCALE_SIZES[0 if smoke else -1]
    figures = _figures("company", size, "whatif")
    what = f"{size.name} pods, {size.policies} policies: what-if with one answer"
    yield at_most(f"{what}, p50", figures["p50"], 5, "ms")
    yield plain(f"{what}, p90", figures["p90"], "ms")
    yield from yaml_lines(smoke, times, folder, cache)


def _figures(shape: str, size: Size, *more: str) -> Figures:
    done = measuring.run(measuring.python("-m", "bench.scale", shape, size.name, *more))
    if done.code:
        raise RuntimeError(f"shape {shape} at {size.name} left with {done.code}:\n{done.errors[-2000:]}")
    figures: Figures = json.loads(done.output)
    return figures


def _best(shape: str, size: Size, times: int) -> Figures:
    runs = [_figures(shape, size) for _ in range(times)]
    if len({run["tuples"] for run in runs}) != 1:
        raise AssertionError(f"shape {shape} at {size.name} has another count on another run")
    return min(runs, key=lambda run: run["total"])


def _label(shape: str, size: Size) -> str:
    return f"{shape}, {size.name} pods, {size.policies} policies"


def _shape_lines(shape: str, size: Size, figures: Figures) -> Iterator[Line]:
    label = _label(shape, size)
    yield plain(f"{label}: building the Cluster", figures["build"], "s")
    for stage in STAGES:
        yield plain(f"{label}: {stage}", figures[stage] * 1000, "ms")
    seconds, memory = LIMITS.get((shape, size.name), (None, None))
    what = f"{label}: Cluster to full relation and exact count"
    yield plain(what, figures["total"], "s") if seconds is None else at_most(what, figures["total"], seconds, "s")
    what = f"{label}: peak memory from there on, the Cluster too"
    yield plain(what, figures["peak"], "MB") if memory is None else at_most(what, figures["peak"], memory, "MB")
    yield plain(f"{label}: memory of the Cluster", figures["parsed"], "MB")


def _growth(shape: str, small: tuple[Size, Figures], big: tuple[Size, Figures]) -> Line:
    """The power of the size with which the time grows: 1 is linear, 2 quadratic."""
    factor = math.log(big[0].pods / small[0].pods)
    exponent = math.log(big[1]["total"] / small[1]["total"]) / factor
    return plain(f"{shape}, from {small[0].name} to {big[0].name} pods: time grows with the power", exponent, "")


def _tier_lines(name: str, without: Figures, tiered: Figures) -> Iterator[Line]:
    """The tiers themselves cost the same at every size: only from many pods on does their share say anything."""
    more = (tiered["total"] / without["total"] - 1) * 100
    whole = ((tiered["total"] + tiered["build"]) / (without["total"] + without["build"]) - 1) * 100
    for what, percent in (("from a Cluster on", more), ("with building the Cluster", whole)):
        label = f"{name} pods: what {shapes.TIERS} tiers add, {what}"
        large = ("company", name) in LIMITS
        yield at_most(label, percent, MORE_BY_TIERS, "%") if large else plain(label, percent, "%")


def yaml_lines(smoke: bool, times: int, folder: Path, cache: Path) -> Iterator[Line]:
    """Whole processes: a repository of policies and workloads, and full pods."""
    policies, pods = (100, 500) if smoke else (POLICIES, FULL_PODS)
    repository = files.repository(folder / "repository", policies)
    for command, limit in (("check", 1.5), ("can", None), ("map", None)):
        ends = ("team-000/app-0", "team-000/app-1", "8080") if command == "can" else ()
        run = measuring.best(measuring.ringfence(command, "-f", str(repository), *ends), times)
        what = f"{policies} policies and as many Deployments in files: ringfence {command}, whole process"
        yield plain(what, run.cpu, "s") if limit is None else at_most(what, run.cpu, limit, "s")
    dump = cache / f"full-{pods}.yaml"
    files.write_full_pods(dump, pods)
    run = measuring.best(measuring.ringfence("map", "--level", "namespace", "-f", str(dump)), min(times, 2))
    if run.code:
        raise RuntimeError(f"{dump} left with {run.code}: {run.errors[-500:]}")
    what = f"{pods} full pods, {dump.stat().st_size / 1e6:.0f} MB of YAML: ringfence map, whole process"
    yield at_most(what, run.cpu, 8, "s")
    yield plain(f"{what}, peak memory", run.memory, "MB")


if __name__ == "__main__":
    asked = SIZES[sys.argv[1]][sys.argv[2]]
    print(json.dumps(what_ifs(asked) if "whatif" in sys.argv[3:] else stages(sys.argv[1], asked)))
