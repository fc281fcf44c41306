"""Runs commands in this process, over a world made by hand or the real one."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringfence.cli.running import run
from ringfence.layers.profiles import find
from ringfence.layers.profiles.detection import Choice
from ringfence.model.cluster import Cluster, Pod, WorkloadRef
from ringfence.model.problems import Problem
from ringfence.verdict.answers import Answer, Connections, Explanation, Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.meshed.request import Request
from tests.cli.manifests import SHOP
from tests.reports.samples import answer, connections, explanation


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@dataclass
class HandMadeWorld:
    """Answers as told, and remembers what it was asked and how it was loaded."""

    verdict: Verdict = Verdict.ALLOWED
    problems: tuple[Problem, ...] = ()
    partial: bool = False
    objects: int = 1
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    loaded: dict[str, Any] = field(default_factory=dict)
    failure: Exception | None = None
    originals: dict[str, bytes | None] = field(default_factory=dict)

    def load(self, *paths: str, **facts: Any) -> HandMadeWorld:
        self.loaded = {"paths": paths, **facts}
        return self

    @property
    def profile(self) -> Any:
        return find(self.loaded["cni"] or "generic")

    @property
    def choice(self) -> Choice:
        return Choice(self.profile, self.loaded["chosen_by"] or "the default")

    @property
    def cluster(self) -> Cluster:
        def pod(name: str, kind: str, app: str) -> Pod:
            return Pod("shop", f"{name}-0", {"app": app}, WorkloadRef(kind, "shop", name))

        pods = (pod("web", "Deployment", "web"), pod("db", "StatefulSet", "db"))
        return Cluster(objects=self.objects, problems=self.problems, pods=pods)

    def _check(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.failure is not None:
            raise self.failure
        if "shop/nobody" in asked:
            raise EndError("no end is called shop/nobody", "did you mean shop/somebody?")

    mesh_notices: tuple[str, ...] = ()

    def can(
        self,
        src: str,
        dst: str,
        port: int | str | None = None,
        protocol: str = "TCP",
        namespace: str | None = None,
        request: Request | None = None,
    ) -> Answer:
        self._check(src, dst, port, protocol, namespace, *([request] if request is not None else []))
        return answer(self.verdict)

    def explain(
        self,
        src: str,
        dst: str,
        port: int | str | None = None,
        protocol: str = "TCP",
        namespace: str | None = None,
        request: Request | None = None,
    ) -> Explanation:
        self._check(src, dst, port, protocol, namespace)
        found = explanation()
        return replace(found, answer=replace(found.answer, verdict=self.verdict))

    def connections(
        self, level: str = "workload", source: str | None = None, destination: str | None = None,
        namespace: str | None = None, limit: int | None = None, layer: str = "", denied: bool = False,
    ) -> Connections:  # fmt: skip
        self._check(level, source, destination, namespace, limit, *([layer, denied] if layer or denied else []))
        return connections()

    def flow_answers(self) -> HandMadeWorld:
        return self

    def layered(
        self, src: str, dst: str, port: int | str | None, protocol: str, request: Request | None
    ) -> dict[str, Any] | None:
        return None

    def answer(
        self, src: str, dst: str, port: int | str | None, protocol: str
    ) -> tuple[str, str, list[dict[str, Any]]]:
        self._check(src, dst, port, protocol)
        if port == "nameless":
            raise ValueError("no port is called nameless")
        return "denied", "isolated", [answer().decided_by[0].as_json()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HandMadeWorld:
    """The world that commands read, whatever the paths; the working directory is empty."""
    made = HandMadeWorld()
    module = ModuleType("ringfence.loading")
    module.load = made.load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ringfence.loading", module)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def ringfence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""
    for name in ("NO_COLOR", "FORCE_COLOR", "RINGFENCE_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(arguments, "ringfence")
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, the working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "shop.yaml").write_text(SHOP)
    return folder
