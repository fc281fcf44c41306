"""What other repositories use of this one: the hook and the action."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.tree import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
CLEAN = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: c}]}\n---\n" + (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n"
    "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
)
FOUND = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def test_no_input_becomes_a_command() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")


def test_inputs_that_are_used_are_declared() -> None:
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(ACTION["inputs"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose ``ringfence`` is the one that is tested."""
    tool = tmp_path / "bin" / "ringfence"
    tool.parent.mkdir()
    program = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from ringfence.cli import main; main()"
    words = shlex.join([sys.executable, "-c", program, str(ROOT / "src")])
    tool.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    (tmp_path / "my manifests").mkdir()
    return tmp_path


@pytest.mark.parametrize("text, code", [(CLEAN, 0), (FOUND, 1), ("kind: [\n---\n" + CLEAN, 3), ("", 2)])
def test_the_action_checks(folder: Path, text: str, code: int) -> None:
    (folder / "my manifests" / "a.yaml").write_text(text, encoding="utf-8")
    step = next(step for step in STEPS if step.get("id") == "check")
    names = {name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", r"\1", text) for name, text in step["env"].items()}
    inputs = {name: ACTION["inputs"][word]["default"] for name, word in names.items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            **inputs,
            "PATHS": "my manifests\n",
            "MIN_SEVERITY": "high",
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert (folder / "output").read_text() == f"exit-code={code}\n"
    if code != 2:
        assert '"2.1.0"' in (folder / "ringfence.sarif").read_text()
        assert "ringfence check" in (folder / "summary.md").read_text()
    assert ("::error " in done.stdout) == (code in (1, 3))


def test_the_hook_runs_a_command_that_exists() -> None:
    from ringfence.cli.application import COMMANDS

    (hook,) = HOOKS
    program, command = hook["entry"].split()
    assert (program, hook["language"]) == ("ringfence", "python")
    assert command in COMMANDS
    assert hook["pass_filenames"] is False
