"""``python -m tests.seeded_faults.run [--only N] [--smoke]``: plant each fault in a copy of the package and detect it.

Faults of the semantics are caught by truth or oracle, those of checks and detection by the tests that they name. Exit
code 1 if a fault survives, no longer applies, or if there is something to object to in the package as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.seeded_faults.fault import Fault
from tests.seeded_faults.faults import FAULTS

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "ringfence"
SECONDS = 240
SMOKE, SMOKE_OF_TESTS = 12, 24
FAILED = 1
"""The exit code of the detector, and of pytest, where something is wrong."""


@dataclass(frozen=True)
class Outcome:
    """``caught`` None: the fault does not apply to the code as it is."""

    caught: bool | None
    by: str
    seconds: float


def detect(source: Path, tests: tuple[str, ...], clusters: int) -> tuple[bool, str]:
    """Whether some tests (none: the detector) object to the package below ``source``, and to what."""
    path = os.pathsep.join(filter(None, (str(source), str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["tests.seeded_faults.detector", "--clusters", str(clusters)]
    if tests:
        command = ["pytest", "--exitfirst", "--quiet", "--no-header", "--tb=no", "-p", "no:cacheprovider", *tests]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True, "it never ends"
    if ran.returncode == 0:
        return False, ""
    lines = (ran.stdout.strip() or ran.stderr.strip()).splitlines()
    if ran.returncode != FAILED:
        raise RuntimeError(f"exit code {ran.returncode}: {' '.join(lines[-3:])}")
    failed = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), "")
    return True, failed or (lines[-1] if lines else f"exit code {ran.returncode}")


def plant(fault: Fault, clusters: int) -> Outcome:
    """One fault in a copy of the package."""
    start = time.monotonic()
    text = (PACKAGE / fault.file).read_text(encoding="utf-8") if (PACKAGE / fault.file).is_file() else ""
    if text.count(fault.old) != 1:
        return Outcome(None, f"its text stands {text.count(fault.old)} times in {fault.file}", 0)
    faulty = text.replace(fault.old, fault.new)
    try:
        compile(faulty, fault.file, "exec")
    except SyntaxError as error:
        return Outcome(None, f"with it {fault.file} does not compile: {error}", 0)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ringfence"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / fault.file).write_text(faulty, encoding="utf-8")
        caught, by = detect(Path(folder), fault.tests, clusters)
    return Outcome(caught, by, time.monotonic() - start)


def sample(faults: list[tuple[int, Fault]]) -> list[tuple[int, Fault]]:
    """A few of both sorts, spread over the list."""
    found: list[tuple[int, Fault]] = []
    for count, some in (
        (SMOKE, [one for one in faults if not one[1].tests]),
        (SMOKE_OF_TESTS, [one for one in faults if one[1].tests]),
    ):
        found += some[:: max(1, -(-len(some) // count))]
    return found


def objection(faults: list[tuple[int, Fault]], clusters: int) -> str:
    """What is wrong with the package as it is, to what must catch these faults."""
    for tests in ((), tuple(sorted({name for _, fault in faults for name in fault.tests}))):
        if tests or any(not fault.tests for _, fault in faults):
            objected, why = detect(PACKAGE.parent, tests, clusters)
            if objected:
                return why
    return ""


def main() -> int:
    """Run, print, return the exit code."""
    parser = argparse.ArgumentParser(description="Plant faults; each must be caught.")
    parser.add_argument("--only", type=int, help="number of one fault")
    parser.add_argument("--from", dest="first", type=int, default=1, help="number of the first fault")
    parser.add_argument("--to", dest="last", type=int, default=len(FAULTS), help="number of the last")
    parser.add_argument(
        "--smoke", action="store_true", help=f"only {SMOKE} and {SMOKE_OF_TESTS} of them, spread over the list"
    )
    parser.add_argument("--clusters", type=int, default=400, help="random clusters a fault")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    chosen = [entry for entry in enumerate(FAULTS, 1) if given.first <= entry[0] <= given.last]
    if given.only is not None:
        chosen = [entry for entry in chosen if entry[0] == given.only]
    elif given.smoke:
        chosen = sample(chosen)
    why = objection(chosen, given.clusters)
    if why:
        print(f"the package as it is does not pass: {why}")
        return 1
    bad = 0
    with ThreadPoolExecutor(given.workers) as pool:
        ran = pool.map(lambda entry: plant(entry[1], given.clusters), chosen)
        for (number, fault), outcome in zip(chosen, ran, strict=True):
            word = {True: "caught", False: "SURVIVED", None: "DOES NOT APPLY"}[outcome.caught]
            bad += outcome.caught is not True
            print(f"{number:3} {word} {outcome.seconds:.1f} s {fault.file}: {fault.breaks} | {outcome.by}", flush=True)
    print(f"{len(chosen)} faults, {len(chosen) - bad} caught, {bad} not")
    return 1 if bad or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
