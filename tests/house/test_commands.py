"""The commands that people and machines start: console scripts, make targets, CI stages, hooks."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import tomllib

import pytest
import yaml

from tests.house.tree import ROOT

SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_console_script_leads_to_a_function(script: str) -> None:
    module, _, function = SCRIPTS[script].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_make_target_is_explained() -> None:
    explained = set(re.findall(r"^([a-z][a-z-]*):.*## \S", MAKEFILE, re.MULTILINE))
    assert targets() - explained == set()
    assert targets() == set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE))


def test_ci_runs_make_test_and_targets_that_exist() -> None:
    called = set(re.findall(r"^stage .* make (\S+)", CI, re.MULTILINE))
    assert called >= {"test", "ruff", "types", "rooms", "wheel", "docs-test", "oracle", "seeded-faults", "bench-smoke"}
    assert called <= targets()


def test_ci_is_a_program_without_a_mistake_in_its_form() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    checked = subprocess.run(
        ["bash", "-n", ".ci/run"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_hooks_fetch_nothing() -> None:
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {source["repo"] for source in configured["repos"]} == {"local"}
    assert {hook["language"] for source in configured["repos"] for hook in source["hooks"]} == {"system"}
