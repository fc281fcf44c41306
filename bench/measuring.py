"""CPU time and peak memory of whole processes, as the kernel counts them."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LAUNCHER = """
import os, sys
given, output, errors, usage, *command = sys.argv[1:]
child = os.fork()
if child == 0:
    os.dup2(os.open(given, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    os.execvp(command[0], command)
_, status, used = os.wait4(child, 0)
with open(usage, "w") as stream:
    print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss, file=stream)
"""
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
    """Run to the end. Output goes through files, so that a long list costs the measured process a plain write.

    A small process starts the measured one: the kernel counts a child's peak memory from what its parent had.
    """
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as folder:
        files = [Path(folder, name) for name in ("output", "errors", "usage")]
        given = [str(stdin or os.devnull), *map(str, files)]
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *given, *command]
        subprocess.run(launcher, cwd=cwd, env=environment(), check=True)
        code, cpu, memory = files[2].read_text(encoding="utf-8").split()
        output, errors = (file.read_text(encoding="utf-8", errors="replace") for file in files[:2])
        return Run(cpu=float(cpu), memory=float(memory) / 1024, code=int(code), output=output, errors=errors)


@cache
def environment() -> dict[str, str]:
    """Modules are compiled once, as by installing a package: a shell may tell Python to compile them on every run."""
    found = dict(os.environ)
    if found.pop("PYTHONDONTWRITEBYTECODE", None):
        found["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="ringfence-bench-compiled-")
        atexit.register(shutil.rmtree, found["PYTHONPYCACHEPREFIX"], ignore_errors=True)
    return found


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


def own_memory() -> float:
    """Memory of this process now, in MB, without the files that are mapped into it."""
    with open("/proc/self/status", encoding="ascii") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("RssAnon:")) / 1024
