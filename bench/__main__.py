"""The table: ``python -m bench [--smoke] [--peers smoke|full|none]``.

Leaves with 1 when results are wrong, never because something was slow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import clusters, comparison, differences, mesh, own, pages, peers, requests, scale, waypoints
from bench.table import Line, render


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="small sizes only: two or three minutes")
    parser.add_argument(
        "--peers", choices=("smoke", "full", "none"), default="smoke",
        help="50 and 200 pods (default), 1000 pods too (several minutes), or no other tool at all",
    )  # fmt: skip
    parser.add_argument("--times", type=int, default=3, metavar="N", help="best of N runs (default 3)")
    given = parser.parse_args()
    lines: list[Line] = []
    failure: Exception | None = None
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as folder:
        try:
            for line in measured(Path(folder), given.smoke, given.peers, given.times):
                lines.append(line)
                print(f"{line.what}: {line.figure}", file=sys.stderr, flush=True)
        except (AssertionError, RuntimeError) as error:
            failure = error
    print(render(lines))
    if failure is not None:
        print(f"WRONG: {failure}", file=sys.stderr)
    return int(failure is not None)


def measured(folder: Path, smoke: bool, wanted: str, times: int) -> Iterator[Line]:
    """Every line of the table, one after the other."""
    yield from own.version_lines(5 if smoke else 15)
    found: list[peers.Peer] = []
    if wanted != "none":
        found, missing = peers.available()
        yield from (Line(text, "-") for text in missing)
    sizes = [clusters.SMALL, clusters.MIDDLE, *([clusters.LARGE] if wanted == "full" or not smoke else [])]
    for size in sizes:
        asked = found if size is not clusters.LARGE or wanted == "full" else []
        yield from comparison.compare(asked, size, folder, times)
    yield from comparison.one_question(found, sizes[-1], folder, times)
    yield from differences.compare(found if wanted == "full" else [], sizes[-1], folder, times)
    cache = peers.cache_folder()
    own_sizes = [size for size in clusters.OWN_SIZES if not smoke or size.pods <= 1000]
    for size in own_sizes:
        yield from own.stage_lines(size, times if size.pods < 100_000 else min(2, times))
    for size in own_sizes:
        yield from own.dump_lines(size, cache, times if size.pods < 100_000 else 1)
        if size.pods <= 1000:
            yield from own.yaml_lines(folder, size, times)
    yield from own.flows_lines(folder, own_sizes[-1 if smoke else -2], cache, 1 if smoke else 2)
    yield from own.library_lines(own_sizes[-1])
    yield from own.reach_lines(own_sizes[-1])
    yield from requests.lines(times)
    yield from mesh.lines(200 if smoke else 10_000)
    yield from waypoints.lines(200 if smoke else 10_000)
    yield from differences.own_lines(own_sizes[-1])
    yield from scale.lines(smoke, times, folder, cache)
    yield from pages.page_lines(folder, smoke, times)


if __name__ == "__main__":
    sys.exit(main())
