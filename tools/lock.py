"""Writes requirements/*.txt: every package that a set needs, pinned and hashed, from pyproject.toml.

Run by ``make lock`` with an interpreter that has pip-tools. The index is whatever pip is configured to use; the files
name none, nor any path, so they install anywhere.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def requirement_sets(pyproject: Path) -> dict[str, list[str]]:
    """File name (without suffix) to the requirements that it pins: ``run`` is a part of ``dev``."""
    declared = tomllib.loads(pyproject.read_text("utf-8"))
    run: list[str] = declared["project"]["dependencies"]
    build: list[str] = declared["build-system"]["requires"]
    groups: dict[str, list[str]] = declared["dependency-groups"]
    return {
        "run": run,
        "build": build,
        "dev": [*run, *build, *groups["dev"]],
        "envoy": groups["envoy"],
        "bench-peer": groups["bench-peer"],
    }


def pins(file: Path) -> list[str]:
    """The ``name==version`` of every line that pins, without the hashes."""
    return [line.split()[0] for line in file.read_text("utf-8").splitlines() if "==" in line.split(" ")[0]]


def pin(name: str, requirements: list[str], folder: Path, upgrade: list[str], agreed: list[str]) -> None:
    """Resolves one set and writes its file. Pins that still fit are kept unless ``upgrade`` says ``--upgrade``; those
    in ``agreed`` are taken as they are, so that the sets agree with one another.

    Raises subprocess.CalledProcessError when the requirements have no solution or the index does not answer.
    """
    target = folder / f"{name}.txt"
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "wanted.in")
        constraints = Path(scratch, "agreed.txt")
        constraints.write_text("".join(f"{line}\n" for line in agreed), "utf-8")
        wanted.write_text("".join(f"{line}\n" for line in [f"-c {constraints}", *requirements]), "utf-8")
        pinned = Path(scratch, "pinned.txt")
        if target.exists():
            pinned.write_text(target.read_text("utf-8"), "utf-8")
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras"]
        command += ["--allow-unsafe", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--no-emit-trusted-host", "--no-emit-options", *upgrade, "--output-file", str(pinned), str(wanted)]
        subprocess.run(command, check=True, cwd=scratch, stdin=subprocess.DEVNULL)
        body = pinned.read_text("utf-8").strip()
    note = f"# Set '{name}' of pyproject.toml, pinned for Python 3.11 on Linux. Written by `make lock`; do not edit.\n"
    target.write_text(f"{note}{body}\n", "utf-8")


def main() -> None:
    """Writes every set; ``--upgrade`` among the arguments takes the newest releases."""
    folder = ROOT / "requirements"
    folder.mkdir(exist_ok=True)
    upgrade = [argument for argument in sys.argv[1:] if argument == "--upgrade"]
    agreed: list[str] = []
    for name, requirements in requirement_sets(ROOT / "pyproject.toml").items():
        print(f"requirements/{name}.txt", flush=True)
        pin(name, requirements, folder, upgrade, [] if name == "bench-peer" else agreed)
        agreed += pins(folder / f"{name}.txt")


if __name__ == "__main__":
    main()
