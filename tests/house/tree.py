"""The files of this project: what Git holds or would take, or everything but environments and caches without Git."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = frozenset({"__pycache__", "build", "dist", "node_modules"})


@functools.cache
def project_files() -> tuple[str, ...]:
    """Paths from the root, sorted. Generated and ignored files are not among them."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return tuple(sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file()))
    return tuple(sorted(_walked()))


def _walked() -> Iterator[str]:
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name not in NOT_OURS and (name == ".ci" or name[0] != ".")]
        for name in names:
            yield Path(folder, name).relative_to(ROOT).as_posix()


def python_files(folder: str) -> list[str]:
    """The Python files below one folder."""
    return [name for name in project_files() if name.startswith(f"{folder}/") and name.endswith(".py")]


def text_of(name: str) -> str | None:
    """The text of a file; None when it is binary."""
    try:
        return (ROOT / name).read_text("utf-8")
    except UnicodeDecodeError:
        return None
