"""Completion in shells and in kubectl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ringfence.cli.completion import candidates, complete_kubectl
from tests.cli.conftest import Run

MANIFESTS = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}}
---
{apiVersion: v1, kind: Node, metadata: {name: n1}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: plain}}
"""


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(ringfence: Run, shell: str) -> None:
    done = ringfence("completion", shell)
    assert done.code == 0
    assert f"_RINGFENCE_COMPLETE={shell}_complete" in done.out
    program = shutil.which(shell)
    if program:
        subprocess.run([program, "-n"], input=done.out, text=True, check=True)


def test_a_shell_asks(ringfence: Run, manifests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RINGFENCE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ringfence can sh")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = ringfence()
    assert (done.code, done.out) == (0, "plain,shop/web\n")


@pytest.mark.parametrize(
    "words, expected",
    [
        (["ca"], ["can"]),
        (["can", "sh"], ["shop/web"]),
        (["can", "shop/web", ""], ["default/plain", "internet", "node/n1", "shop/web"]),
        (["can", "-n", "team", "te"], ["team/plain"]),
        (["map", "--to", "no"], ["node/n1"]),
        (["map", "--level", "w"], ["workload"]),
        (["can", "--cni", "cal"], ["calico"]),
        (["can", "--cni", "al"], ["all"]),
        (["map", "--cni", "al"], []),
        (["map", "--cni", "calico@"], ["calico@3.29", "calico@3.30", "calico@3.31", "calico@3.32"]),
        (["map", "--cni", "canal@3.3"], ["canal@3.30", "canal@3.31", "canal@3.32"]),
        (["map", "--cni", "antrea@"], ["antrea@1.13", "antrea@2.7"]),
        (["map", "--cni", "flannel@"], []),
        (["map", "--cni", "nosuch@"], []),
        (["profile", "kube-r"], ["kube-router"]),
        (["profile", "weave@"], ["weave@2.6", "weave@2.7", "weave@2.8"]),
        (["can", "-f", "missing", ""], ["internet"]),
    ],
)
def test_kubectl_asks(manifests: Path, words: list[str], expected: list[str]) -> None:
    found, directive = candidates(words)
    assert [candidate.partition("\t")[0] for candidate in found] == expected
    assert directive == 4


def test_files_are_left_to_the_shell(manifests: Path) -> None:
    assert candidates(["can", "-f", "al"]) == ([], 0)


@pytest.mark.parametrize("content", ["a: [", "a: !!python/object:os.system x", "- 1\n- [2]", "\0", "[" * 100000])
def test_files_that_cannot_be_read_are_no_error(manifests: Path, content: str) -> None:
    (manifests / "broken.yaml").write_text(content)
    assert "shop/web" in candidates(["can", ""])[0]


def test_the_directive_is_the_last_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["kubectl_complete-ringfence", "vers"])
    complete_kubectl()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("version\t")
    assert lines[-1] == ":4"


def test_large_input_is_not_read(manifests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.cli.ends_completion.CHEAP_BYTES", 10)
    assert candidates(["can", ""])[0] == ["internet"]
