"""ringfence by itself: stages, memory, whole processes, single questions; with the targets that the project has set."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from bench import clusters, measuring
from bench.clusters import Size
from bench.files import company_folder, write_yaml
from bench.table import Line, at_least, at_most, plain

FLOWS = 200_000
STAGE_NAMES = ("read", "build", "relation", "count", "list")
DUMP_LIMITS = {"10k": (1.2, 300.0), "100k": (5.0, 1536.0)}
"""Seconds of CPU and MB of a whole process, from a dump to one answer."""


def figures(stage: str, size: Size, times: int, *more: str) -> dict[str, float]:
    """The best of some fresh processes, figure by figure. Raises RuntimeError when one fails."""
    found: dict[str, float] = {}
    for _ in range(times):
        done = measuring.run(measuring.python("-m", "bench.stages", stage, size.name, *more))
        if done.code:
            raise RuntimeError(f"stage {stage} at {size.name} left with {done.code}:\n{done.errors[-2000:]}")
        for name, value in json.loads(done.output).items():
            found[name] = min(value, found.get(name, value))
    return found


def stage_lines(size: Size, times: int) -> Iterator[Line]:
    """Time by stage and memory: from plain objects, and from files with the pods as a JSON dump."""
    for stage, origin in (("company", "plain objects"), ("dump", "JSON dump")):
        found = figures(stage, size, times)
        label = f"{size.name} pods, {size.policies} policies, {origin}"
        for name in STAGE_NAMES:
            yield plain(f"{label}: {name}", found[name] * 1000, "ms")
        total = sum(found[name] for name in ("build", "relation", "count"))
        large = size.pods == 100_000
        what = f"{label}: parsed objects to full relation and exact count"
        yield at_most(what, total, 0.8, "s") if large else plain(what, total, "s")
        what = f"{label}: memory then, parsed objects too"
        yield at_most(what, found["memory"], 400, "MB") if large else plain(what, found["memory"], "MB")
        yield plain(f"{label}: memory of the parsed objects", found["parsed"], "MB")
    yield plain(f"{size.name} pods, {size.policies} policies: allowed (pod, pod, port) tuples", found["tuples"], "")


def library_lines(size: Size) -> Iterator[Line]:
    """Single questions and what-ifs."""
    found = figures("library", size, 1)
    label = f"{size.name} pods, library"
    yield plain(f"{label}: can, asked for the first time", found["can, first time"], "us")
    yield at_most(f"{label}: can", found["can"], 10, "us")
    yield at_most(f"{label}: explain, median", found["explain"], 100, "us")
    edited = found["explain, with the smallest edit"] / 1000
    yield plain(f"{label}: explain, with the smallest edit, median", edited, "ms")
    yield at_most(f"{label}: what-if with one answer, p50", found["what-if p50"], 1, "ms")
    yield plain(f"{label}: what-if with one answer, p90", found["what-if p90"], "ms")


REACH_LIMITS = {"coverage": 1.0, "exposure": 1.0, "blast radius": 0.3, "blast radius, from internet": 0.3}
"""Seconds of CPU beyond loading, in the largest cluster."""


def reach_lines(size: Size) -> Iterator[Line]:
    """The questions about reach."""
    found = figures("reach", size, 1)
    label = f"{size.name} pods, library"
    for name, limit in REACH_LIMITS.items():
        what = f"{label}: {name}"
        yield at_most(what, found[name], limit, "s") if size.pods == 100_000 else plain(what, found[name], "s")
    yield plain(f"{label}: paths", found["paths"], "s")


def dump_lines(size: Size, cache: Path, times: int) -> Iterator[Line]:
    """Whole processes from a JSON dump to one answer."""
    folder = company_folder(cache, size)
    source, destination = _two_pods(size)
    label = f"{size.name} pods, JSON dump of {(folder / 'pods.json').stat().st_size / 1e6:.0f} MB"
    ours = measuring.best(_can(folder, source, destination, "8080"), times)
    _answered(ours, label)
    loading = measuring.best(
        measuring.python("-c", f"import json; json.load(open({str(folder / 'pods.json')!r}))"), times
    )
    limits = DUMP_LIMITS.get(size.name)
    what = f"{label}: ringfence can, whole process"
    if limits is None:
        yield plain(what, ours.cpu, "s")
        yield plain(f"{what}, peak memory", ours.memory, "MB")
    else:
        yield at_most(what, ours.cpu, max(limits[0], loading.cpu) if size.name == "10k" else limits[0], "s")
        yield at_most(f"{what}, peak memory", ours.memory, limits[1], "MB")
    yield plain(f"{label}: json.load of the pods alone", loading.cpu, "s")


def yaml_lines(folder: Path, size: Size, times: int) -> Iterator[Line]:
    """A whole process from YAML to one answer."""
    file = folder / f"company-{size.name}.yaml"
    write_yaml(file, clusters.company(size))
    source, destination = _two_pods(size)
    ours = measuring.best(_can(file, source, destination, "8080"), times)
    _answered(ours, size.name)
    yield plain(f"{size.name} pods, YAML: ringfence can, whole process", ours.cpu, "s")
    yield plain(f"{size.name} pods, YAML: ringfence can, whole process, peak memory", ours.memory, "MB")


def flows_lines(folder: Path, size: Size, cache: Path, times: int) -> Iterator[Line]:
    """Questions a second beyond loading."""
    data = company_folder(cache, size)
    many, one = folder / "flows.jsonl", folder / "flow.jsonl"
    chance = random.Random(3)
    pods = list(clusters.company_pod_facts(size))
    names = [f"{pod.namespace}/{pod.name}" for pod in chance.sample(pods, min(2000, len(pods)))]
    with many.open("w", encoding="utf-8") as stream:
        for _ in range(FLOWS):
            line = {"src": chance.choice(names), "dst": chance.choice(names), "port": chance.choice((8080, 9090, 5432))}
            stream.write(json.dumps(line) + "\n")
    one.write_text(json.dumps({"src": names[0], "dst": names[1], "port": 8080}) + "\n", encoding="utf-8")
    runs = [
        measuring.best(measuring.ringfence("can", "-f", str(data), "--flows", str(file)), times) for file in (many, one)
    ]
    lines = runs[0].output.count("\n")
    if lines != FLOWS or runs[0].code:
        raise RuntimeError(f"{lines} lines for {FLOWS} questions, exit code {runs[0].code}: {runs[0].errors[-500:]}")
    rate = FLOWS / max(1e-9, runs[0].cpu - runs[1].cpu)
    yield at_least(f"{size.name} pods: can --flows, beyond loading", rate, 50_000, "lines/s")


def version_lines(times: int) -> Iterator[Line]:
    """What a command costs before it does anything."""
    ours = measuring.best(measuring.ringfence("version"), times)
    bare = measuring.best(measuring.python("-c", "pass"), times)
    yield at_most("ringfence version above a bare interpreter", (ours.cpu - bare.cpu) * 1000, 60, "ms")


def _two_pods(size: Size) -> tuple[str, str]:
    pods = clusters.company_pod_facts(size)
    first, second = next(pods), next(pods)
    return f"{first.namespace}/{first.name}", f"{second.namespace}/{second.name}"


def _can(data: Path, source: str, destination: str, port: str) -> list[str]:
    return measuring.ringfence("can", "-f", str(data), source, destination, port)


def _answered(run: measuring.Run, label: str) -> None:
    if run.output.split("\n")[0] not in ("allowed", "denied"):
        raise RuntimeError(f"{label}: no answer but {run.output[:200]!r}, exit code {run.code}: {run.errors[-500:]}")
