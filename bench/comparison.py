"""ringfence and its peers on the same files: CPU time of the analysis, of the whole process, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import agreement, listing, measuring, own
from bench.clusters import Size
from bench.files import comparable_folders
from bench.measuring import Run
from bench.peers import Peer
from bench.table import Line, at_least, at_most, plain

ANALYSIS_TARGET = 1000.0
PROCESS_TARGET = 150.0
TARGET_SIZE = "L"
ONE_QUESTION_TARGET = 0.18
"""Seconds; what the quickest peer takes for it."""


class WrongResultError(AssertionError):
    """Two tools that should agree don't."""


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """CPU seconds of one peer: on the folder, on the same folder without policies; and what it listed."""

    whole: Run
    bare: float

    @property
    def analysis(self) -> float:
        """What the policies cost."""
        return self.whole.cpu - self.bare


def compare(peers: list[Peer], size: Size, folder: Path, times: int) -> Iterator[Line]:
    """The lines of one size. Raises WrongResultError when a peer lists other connections."""
    full, bare = comparable_folders(folder, size)
    ours_analysis = own.figures("analysis", size, times)["seconds"]
    ours_whole = measuring.best(measuring.ringfence("map", "-f", str(full), "--level", "pod", "-o", "json"), times)
    if ours_whole.code:
        raise RuntimeError(f"ringfence map left with {ours_whole.code}: {ours_whole.errors[-500:]}")
    label = f"{size.name} ({size.pods} pods, {size.policies} policies)"
    yield plain(f"{label}: ringfence, parsed objects to complete list", ours_analysis * 1000, "ms")
    yield plain(f"{label}: ringfence, whole process from YAML", ours_whole.cpu, "s")
    yield plain(f"{label}: ringfence, peak memory of that process", ours_whole.memory, "MB")
    ours = agreement.relation(listing.rows(ours_whole.output))
    for peer in peers:
        repeat = 1 if size.pods > 200 else times
        figures = PeerFigures(
            min((peer.list(full) for _ in range(repeat)), key=lambda one: one.cpu),
            min(peer.list(bare).cpu for _ in range(repeat)),
        )
        yield from _lines(f"{label}: {peer.name}", figures, ours_analysis, ours_whole.cpu, size)
        wrong = agreement.differences(agreement.relation(peer.rows(figures.whole.output)), ours, listing.outside(size))
        if wrong:
            raise WrongResultError(
                f"{label}: {peer.name} and ringfence differ in {len(wrong)} pairs, such as {wrong[0]}"
            )
        yield Line(f"{label}: {peer.name} lists the same {len(ours):,} pairs", "equal")


def one_question(peers: list[Peer], size: Size, folder: Path, times: int) -> Iterator[Line]:
    """One flow between two pods, whole process, from the same YAML."""
    full, _ = comparable_folders(folder, size)
    ends = listing.some_pair(size)
    ours = measuring.best(measuring.ringfence("can", *ends, "80", "-f", str(full), "-q"), times)
    if ours.code not in (0, 1, 5):
        raise RuntimeError(f"ringfence can left with {ours.code}: {ours.errors[-500:]}")
    label = f"{size.name} ({size.pods} pods, {size.policies} policies), one question, whole process"
    what = f"{label}: ringfence"
    target = size.name == TARGET_SIZE
    yield at_most(what, ours.cpu, ONE_QUESTION_TARGET, "s") if target else plain(what, ours.cpu, "s")
    for peer in peers:
        if peer.evaluate is not None:
            done = measuring.best(peer.evaluate(full, *ends, 80), times)
            if done.code:
                raise RuntimeError(f"{peer.name} left with {done.code}: {(done.errors or done.output)[-500:]}")
            yield plain(f"{label}: {peer.name}", done.cpu, "s")
            yield at_least(f"{label}: {peer.name}, times ours", done.cpu / ours.cpu, 1.0, "×")


def _lines(label: str, peer: PeerFigures, ours: float, ours_whole: float, size: Size) -> Iterator[Line]:
    yield plain(f"{label}, analysis", peer.analysis, "s")
    yield plain(f"{label}, whole process", peer.whole.cpu, "s")
    yield plain(f"{label}, peak memory", peer.whole.memory, "MB")
    ratios = ((f"{label}, analysis: times ours", peer.analysis / ours, ANALYSIS_TARGET),
              (f"{label}, whole process: times ours", peer.whole.cpu / ours_whole, PROCESS_TARGET))  # fmt: skip
    for what, ratio, target in ratios:
        yield at_least(what, ratio, target, "×") if size.name == TARGET_SIZE else plain(what, ratio, "×")
