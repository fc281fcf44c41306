"""The long run: ``python -m tests.oracle.run [--profiles all] [--flows N | --seconds S] [--seed S] [--workers W]``.

Compares the engine with the oracle over random clusters; the same seed gives the same clusters and questions. Every
disagreement is reduced to its smallest case and printed as manifests. Exit code 1 if there was one.

``--reach`` compares ways in, steps of an attacker and pods that do not exist yet instead, and prints what differs.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.oracle.profiles import PROFILES

FLOWS_A_CLUSTER = 40


def comparison() -> Any:
    """The side that knows the engine. Found by name: the oracle itself imports nothing that imports ringfence."""
    return importlib.import_module("tests.properties.comparison")


def one_cluster(profiles: tuple[str, ...], seed: int) -> tuple[int, Any]:
    """How many flows of one cluster were compared, and the first that differ (at most 3)."""
    compared = 0
    found: list[Any] = []
    for difference in comparison().differences(seed, FLOWS_A_CLUSTER, profiles):
        compared += 1
        if difference is not None and len(found) < 3:
            found.append(difference)
    return compared, found


def one_reach(seed: int) -> tuple[int, Any]:
    """The same for the questions of reach."""
    compared, found = importlib.import_module("tests.properties.reach_differences").differences(seed)
    return compared, found[:3]


def results(
    seeds: Iterator[int], workers: int, profiles: tuple[str, ...], reach: bool = False
) -> Iterator[tuple[int, Any]]:
    """Of every cluster, in the order of the seeds."""
    one = one_reach if reach else partial(one_cluster, profiles)
    if workers < 2:
        yield from map(one, seeds)
        return
    with multiprocessing.Pool(workers) as pool:
        # In portions: imap would draw every seed of an endless iterator.
        while portion := list(itertools.islice(seeds, 16 * workers)):
            yield from pool.map(one, portion, chunksize=4)


def main() -> int:
    """Run, print, return the exit code."""
    parser = argparse.ArgumentParser(description="Compare the engine with the oracle over random clusters.")
    parser.add_argument("--flows", type=int, default=20_000, help="how many questions")
    parser.add_argument("--seconds", type=float, help="stop after this long instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="how many disagreements to reduce and print")
    parser.add_argument(
        "--profiles", default="", help="all, or names: one for each cluster, with facts pinned at random"
    )
    parser.add_argument("--reach", action="store_true", help="ways in, steps and new pods instead of flows")
    given = parser.parse_args()
    profiles = tuple(PROFILES) if given.profiles == "all" else tuple(filter(None, given.profiles.split(",")))
    start = time.monotonic()
    seeds = itertools.count(given.seed * 1_000_000)
    if given.seconds is None:
        seeds = itertools.islice(seeds, -(-given.flows // FLOWS_A_CLUSTER))  # type: ignore[assignment]
    compared = disagreements = 0
    for count, found in results(seeds, given.workers, profiles, given.reach):
        compared += count
        for difference in found:
            disagreements += 1
            if disagreements <= given.show:
                text = difference if given.reach else comparison().smallest(difference)
                print(text, end="\n\n", flush=True)
        if given.seconds is not None and time.monotonic() - start > given.seconds:
            break
    over = f" over {len(profiles)} profiles" if profiles else ""
    took = f"{disagreements} disagreements, {time.monotonic() - start:.0f} s"
    print(f"{compared} {'answers' if given.reach else 'flows'} compared{over}, {took}")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
