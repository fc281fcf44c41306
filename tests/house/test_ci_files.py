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
from tests.sources.repositories import GIT, git

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
DIFF: dict[str, Any] = yaml.safe_load((ROOT / "diff" / "action.yml").read_text("utf-8"))
ACTIONS = {"action.yml": ACTION, "diff/action.yml": DIFF}
CLEAN = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: c}]}\n---\n" + (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n"
    "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
)
FOUND = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


@pytest.mark.parametrize("name", ACTIONS)
def test_no_input_becomes_a_command(name: str) -> None:
    for step in ACTIONS[name]["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", ACTIONS)
def test_inputs_that_are_used_are_declared(name: str) -> None:
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / name).read_text("utf-8")))
    assert used == set(ACTIONS[name]["inputs"])


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


def step_of(action: dict[str, Any], name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a step does, with these variables for what GitHub would put in."""
    step = next(step for step in action["runs"]["steps"] if step["name"] == name)
    assert set(variables) == set(step["env"]), "every variable of the step"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            **variables,
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_REPOSITORY": "me/shop",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of depth 1, as a workflow has it, in which a policy is gone that the base has."""
    there, here = folder / "there", folder / "here"
    (there / "my manifests").mkdir(parents=True)
    (there / "my manifests" / "a.yaml").write_text(CLEAN, encoding="utf-8")
    monkeypatch.chdir(there)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git("add", "--all")
    git("commit", "--quiet", "--message=base")
    (there / "my manifests" / "a.yaml").write_text(CLEAN.partition("---")[0], encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=change")
    monkeypatch.chdir(folder)
    git("clone", "--quiet", "--depth=1", there.as_uri(), str(here))
    (here / "bin").symlink_to(folder / "bin")
    return here


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@pytest.mark.parametrize(
    "fail_on, path, exit_code, code",
    [
        ("nothing", "my manifests", 0, 0),
        ("widened", "my manifests", 1, 1),
        ("any", "my manifests/a.yaml", 1, 1),
        ("nothing", "no such folder", 2, 2),
    ],
)
def test_the_action_compares_with_the_base(change: Path, fail_on: str, path: str, exit_code: int, code: int) -> None:
    base = git("-C", str(change.parent / "there"), "rev-parse", "HEAD~1")
    comment = change / "comment.md"
    done = step_of(DIFF, "Compare", change, STATE=path, BASE=base, CNI="", FAIL_ON=fail_on, COMMENT=str(comment))
    assert done.returncode == exit_code, done.stderr
    assert (change / "output").read_text() == f"exit-code={code}\n"
    if code != 2:
        assert comment.read_text().startswith("<!-- ringfence diff -->\n**ringfence diff:** ")
        assert "file=my manifests/a.yaml,line=6" in done.stdout
        assert "widened" in (change / "summary.md").read_text()


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@pytest.mark.parametrize(
    "path, before",
    [
        ("deploy", "HEAD:deploy"),
        ("kustomize:over/prod", "kustomize:HEAD:over/prod"),
        ("helm:web,a.yaml,b.yaml@shop", "helm:HEAD:web,HEAD:a.yaml,HEAD:b.yaml@shop"),
    ],
)
def test_the_state_before_is_the_same_source_of_the_base(change: Path, path: str, before: str) -> None:
    said = change / "said"
    (change / "bin" / "ringfence").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{said}"\n', encoding="utf-8")
    step_of(DIFF, "Compare", change, STATE=path, BASE="HEAD", CNI="calico", FAIL_ON="any", COMMENT=str(change / "c"))
    words = said.read_text().splitlines()
    assert words[-4:] == ["github", "--", before, path]
    assert words[1:5] == ["--fail-on", "any", "--cni", "calico"]


@pytest.mark.parametrize(
    "known, works, wanted",
    [
        ("17", True, "PATCH repos/me/shop/issues/comments/17"),
        ("", True, "POST repos/me/shop/issues/3/comments"),
        ("", False, ""),
    ],
)
def test_a_pull_request_has_one_comment(folder: Path, known: str, works: bool, wanted: str) -> None:
    (folder / "bin" / "gh").write_text(
        "#!/bin/sh\n"
        f'case "$*" in *--paginate*) echo "{known}"; exit 0;; esac\n'
        f"{'' if works else 'exit 1'}\n"
        f'echo "$4 $5 $6 $7" >"{folder}/asked"\n',
        encoding="utf-8",
    )
    (folder / "bin" / "gh").chmod(0o755)
    done = step_of(DIFF, "Comment", folder, GH_TOKEN="x", NUMBER="3", COMMENT="c.md")
    assert done.returncode == 0
    assert (folder / "asked").read_text().split(" -F ")[0] == wanted if wanted else "::notice::" in done.stdout
