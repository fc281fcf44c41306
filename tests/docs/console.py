"""Reads the commands of a Markdown page with the output that the page promises, and runs them.

A fenced block ``console`` holds commands (``$ command``, continued after a backslash) and below each its whole output,
standard error included. A line ``...`` stands for any lines. Blocks of other languages with ``title="NAME"`` are
files that the commands may use. Everything of one page happens in order, in one folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

FENCE = re.compile(r'^```(\w*)(?: title="([^"]+)")?$')
ELISION = "..."


@dataclass(frozen=True)
class Command:
    """``first`` and ``last`` are the lines (from 0, ``last`` excluded) of the expected output on the page."""

    text: str
    expected: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True)
class File:
    """A file that the page shows."""

    name: str
    text: str


def blocks(lines: Sequence[str]) -> Iterator[tuple[str, str | None, int, int]]:
    """Language, title, first and last line (excluded) of what stands between the fences of each block."""
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence and opened is None:
            opened, start = fence, number + 1
        elif line == "```" and opened is not None:
            yield opened[1], opened[2], start, number
            opened = None
    assert opened is None, f"the block at line {start} is not closed"


def steps(lines: Sequence[str]) -> Iterator[Command | File]:
    """Files and commands in the order of the page."""
    for language, title, first, last in blocks(lines):
        if language == "console":
            yield from _commands(lines, first, last)
        elif title:
            yield File(title, "\n".join(lines[first:last]) + "\n")


def _commands(lines: Sequence[str], first: int, last: int) -> Iterator[Command]:
    at = first
    while at < last:
        assert lines[at].startswith("$ "), f"line {at + 1} belongs to no command"
        text = lines[at][2:]
        at += 1
        while text.endswith("\\") and at < last:
            text += "\n" + lines[at]
            at += 1
        start = at
        while at < last and not lines[at].startswith("$ "):
            at += 1
        yield Command(text, tuple(lines[start:at]), start, at)


def agrees(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether the output is the promised one; ``...`` stands for any lines."""
    if not expected:
        return not actual
    if expected[0].strip() == ELISION:
        return any(agrees(expected[1:], actual[start:]) for start in range(len(actual) + 1))
    return bool(actual) and expected[0].rstrip() == actual[0].rstrip() and agrees(expected[1:], actual[1:])


def corrected(expected: Sequence[str], actual: Sequence[str]) -> list[str]:
    """The output as the page should show it: the true lines, with what ``...`` hid still hidden where the lines around
    it can be found again."""
    shown = [line.rstrip() for line in expected if line.strip() != ELISION]
    blocks_of_both = SequenceMatcher(None, shown, [line.rstrip() for line in actual], autojunk=False).get_opcodes()
    result: list[str] = []
    at = before = 0
    for line in expected:
        if line.strip() != ELISION:
            before += 1
            continue
        first = last = len(actual) if before else 0
        for _, i1, i2, j1, j2 in blocks_of_both:
            # Lines that differ stand for each other one by one: from the front before the elision, from the back after.
            if i1 < before <= i2:
                first = min(j1 + before - i1, j2)
        for _, i1, i2, j1, j2 in reversed(blocks_of_both):
            if i1 <= before < i2:
                last = max(j2 - (i2 - before), j1)
        if before == len(shown):
            last = len(actual)
        first = max(first, at)
        result += [*actual[at:first], ELISION]
        at = max(first, last)
    result += actual[at:]
    return result if agrees(result, actual) else list(actual)


class Shell:
    """Runs commands one after the other; remembers the folder (``cd``) and the last exit code (``$?``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        own = ("RINGFENCE", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own) and name != "CI"}
        self.environment = kept | {
            "PATH": path,
            "COLUMNS": "120",
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, text: str) -> list[str]:
        """The lines that the command prints on both channels."""
        if change := re.fullmatch(r"cd (\S+)", text):
            self.folder = self.folder / change.group(1)
            assert self.folder.is_dir(), f"{text}: no such folder"
            return []
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.code})\n{text}"],
            cwd=self.folder,
            env=self.environment,
            timeout=120,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.code = done.returncode
        return done.stdout.decode().replace(str(self.folder), ".").splitlines()
