"""Real Git repositories, and fake programs on PATH, for tests of sources."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

GIT = shutil.which("git")
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}  # fmt: skip


def git(*arguments: str, stdin: bytes = b"") -> str:
    """What git prints, in the working directory."""
    assert GIT
    done = subprocess.run([GIT, *arguments], env=ENVIRONMENT, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def put(name: str, text: str) -> None:
    """A file with its folders."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def pod(name: str) -> str:
    """A manifest."""
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c}}]}}\n"


def commit() -> None:
    """All that is there, as a commit of the repository in the working directory, which is made where there is none."""
    if not Path(".git").exists():
        git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message=x")


def program(folder: Path, name: str, script: str) -> None:
    """A program that the shell runs. It finds the other programs of the system."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
