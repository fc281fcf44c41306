"""One shape at one size, stage by stage: ``python -m bench.scale SHAPE SIZE`` prints figures as JSON.

Times are CPU seconds of this process, memory is the peak of a stage with everything that is alive then, in MB.
"""

from __future__ import annotations

import json
import sys

from bench import shapes
from bench.clusters import Size
from bench.measuring import own_memory
from bench.stages import Clock, Figures, warm
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import find
from ringfence.sources.building import build
from ringfence.verdict.grid import Grid

SIZES = {shape: {size.name: size for size in shapes.sizes(shape)} for shape in shapes.SHAPES}


def forget_peak() -> None:
    """Let the kernel count the peak of this process anew."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
        stream.write("5")


def peak_memory() -> float:
    """The peak of this process since it was last forgotten, in MB, with what is mapped into it."""
    with open("/proc/self/status", encoding="ascii") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("VmHWM:")) / 1024


def stages(shape: str, size: Size) -> tuple[Figures, Relation]:
    """Time by stage and peak memory, from what the pods and policies say to the exact count."""
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
    figures["memory"] = own_memory()
    figures["peak"] = peak_memory()
    figures["pods"] = len(cluster.pods)
    figures["columns"] = len(relation.universe.ends)
    return figures, relation


if __name__ == "__main__":
    print(json.dumps(stages(sys.argv[1], SIZES[sys.argv[1]][sys.argv[2]])[0]))
