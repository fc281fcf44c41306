"""CPU time and peak memory of whole processes, as the kernel counts them."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CONSOLE_SCRIPT = "import sys; from ringfence.cli import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds of CPU (user and system, with its children), peak resident memory in MB, its output."""

    cpu: float
    memory: float
    code: int
    output: str
    errors: str


def run(command: Sequence[str], cwd: Path = REPOSITORY, stdin: Path | None = None) -> Run:
    """Run to the end. Output goes through files, so that a long list costs the measured process a plain write."""
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        (stdin or Path(os.devnull)).open("rb") as given,
    ):
        process = subprocess.Popen(command, cwd=cwd, stdin=given, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Run(
            cpu=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss / 1024,
            code=process.returncode,
            output=output.read().decode("utf-8", "replace"),
            errors=errors.read().decode("utf-8", "replace"),
        )


def best(command: Sequence[str], times: int, cwd: Path = REPOSITORY, stdin: Path | None = None) -> Run:
    """The run that took the least CPU time of ``times``: the others met more noise, not less work."""
    return min((run(command, cwd, stdin) for _ in range(times)), key=lambda one: one.cpu)


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def ringfence(*arguments: str) -> list[str]:
    """A command of ringfence: the script that is installed beside this interpreter, else what that script does."""
    script = Path(sys.executable).with_name("ringfence")
    return [str(script), *arguments] if script.exists() else python("-c", CONSOLE_SCRIPT, *arguments)


def own_peak() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
