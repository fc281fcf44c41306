"""The page of ``map -o html``: what making it costs, how large it is, and how soon a browser has it ready."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import clusters, own
from bench.clusters import Size
from bench.table import Line, at_most, plain
from tests.browser.driver import browser, programs

FRAMES = """
  const done = arguments[0], grid = document.getElementById("grid"), times = [];
  const step = () => {
    const start = performance.now();
    grid.scrollTop += 37;
    grid.scrollLeft += 29;
    requestAnimationFrame(() => setTimeout(() => {
      times.push(performance.now() - start);
      if (times.length < 30) step(); else done(times.sort((a, b) => a - b)[15]);
    }));
  };
  step();
"""


def page_lines(folder: Path, smoke: bool, times: int) -> Iterator[Line]:
    """Of one state and of two, with the targets at 2,000 workloads."""
    size = clusters.PAGE_SIZES[0 if smoke else 1]
    for stage, what in (("page", "page"), ("diff-page", "page of a difference")):
        yield from _lines(folder / f"{stage}.html", stage, f"{what} of {size.name}", size, smoke, times)


def _lines(file: Path, stage: str, label: str, size: Size, smoke: bool, times: int) -> Iterator[Line]:
    found = own.figures(stage, size, times, str(file))
    label = f"{label}, {size.policies} policies"
    made, large = f"{label}: made from the relation", f"{label}: size"
    megabytes = file.stat().st_size / 1e6
    # Of two states that is mostly diff's own time, which has targets of its own.
    free = smoke or stage != "page"
    yield plain(made, found["seconds"], "s") if free else at_most(made, found["seconds"], 3, "s")
    yield plain(large, megabytes, "MB") if smoke else at_most(large, megabytes, 5, "MB")
    if programs() is None:
        yield Line(f"{label}: in a browser (Chromium and its driver are not installed)", "-")
        return
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch, browser(Path(scratch)) as window:
        ready, frames = [], []
        for _ in range(times):
            window.open(file)
            ready.append(float(window.run("return document.documentElement.dataset.ready")) / 1000)
        for zoom in ("1", "4", "14"):
            window.open(file, f"open=*&size={zoom}")
            frames.append(float(window.call("POST", "/execute/async", {"script": FRAMES, "args": []})))
    open_ = f"{label}: from opening it to interactive"
    yield plain(open_, min(ready), "s") if smoke else at_most(open_, min(ready), 1, "s")
    drawn = f"{label}: a frame while scrolling, median, slowest zoom"
    yield plain(drawn, max(frames), "ms") if smoke else at_most(drawn, max(frames), 100, "ms")
