"""Charts and kustomizations rendered by the programs themselves, where they are installed: that the arguments, the
environment and the marks in their output are what ringfence takes them for."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

import ringfence
from ringfence.sources.renderable import Helm, Kustomize
from ringfence.world import World
from tests.sources.repositories import GIT, git

helm = pytest.mark.skipif(shutil.which("helm") is None, reason="Helm is not installed")
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: closed
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: main, image: example.com/web}]}
"""
TEMPLATE = """apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    {{- include "web.labels" . | nindent 4 }}
spec: {containers: [{name: main, image: example.com/web}]}
"""
FILES = {
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "web/values.yaml": "closed: false\n",
    "web/templates/_names.tpl": '{{- define "web.labels" -}}\napp: web\nrelease: {{ .Release.Name }}\n{{- end -}}\n',
    "web/templates/pod.yaml": TEMPLATE,
    "web/templates/policy.yaml": "{{- if .Values.closed }}\n" + POLICY + "{{- end }}\n",
    "prod.yaml": "closed: true\n",
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD,
    "over/kustomization.yaml": "resources: [../base, policy.yaml]\nnamespace: shop\nnamePrefix: my-\n",
    "over/policy.yaml": POLICY,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def errors(world: World) -> list[str]:
    return [f"{one.code}: {one.message}" for one in world.problems if one.partial]


@helm
def test_a_chart_with_values_in_a_namespace(folder: Path) -> None:
    world = ringfence.load(Helm("web", ("prod.yaml",), "shop", "blue"))
    assert errors(world) == []
    (pod,) = world.cluster.pods
    assert (pod.namespace, pod.name, pod.labels["release"]) == ("shop", "web", "blue")
    answer = world.can("internet", "shop/web", 443)
    assert answer.verdict == "denied"
    (place,) = {decision.place for decision in answer.decided_by}
    assert (place.file, place.line) == ("web/templates/policy.yaml (rendered)", 3)


@helm
def test_a_folder_that_is_a_chart_is_rendered_and_said_so(folder: Path) -> None:
    world = ringfence.load("web")
    assert [one.code for one in world.problems] == ["chart-rendered"]
    assert world.can("internet", "default/web", 443).verdict == "allowed"


@helm
def test_an_archive_of_a_chart(folder: Path) -> None:
    with tarfile.open("web-1.0.0.tgz", "w:gz") as archive:
        archive.add("web")
    assert ringfence.load(Helm("web-1.0.0.tgz", ("prod.yaml",))).can("internet", "default/web", 443).verdict == "denied"


@helm
@pytest.mark.parametrize(
    "file, text, words",
    [
        ("web/templates/bad.yaml", "{{ .Values.no.such }}", "bad.yaml"),
        ("web/templates/bad.yaml", '{{ fail "no: \\x1b[31m" }}', "no: "),
        ("web/Chart.yaml", FILES["web/Chart.yaml"] + "dependencies: [{name: redis, version: 1.0.0}]\n", "redis"),
    ],
)
def test_what_helm_refuses_is_said_in_its_words(folder: Path, file: str, text: str, words: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    (error,) = errors(ringfence.load(Helm("web")))
    assert error.startswith("not-rendered: helm failed")
    assert words in error
    assert "\x1b" not in error


@pytest.mark.skipif(not (shutil.which("kubectl") or shutil.which("kustomize")), reason="neither is installed")
@pytest.mark.parametrize("program", ["kubectl", "kustomize"])
def test_an_overlay(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    own = folder / "bin"
    own.mkdir()
    (own / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(own))
    world = ringfence.load(Kustomize("over"))
    assert errors(world) == []
    assert [(pod.namespace, pod.name) for pod in world.cluster.pods] == [("shop", "my-web")]
    answer = world.can("internet", "shop/my-web", 443)
    assert answer.verdict == "denied"
    assert {decision.place.file for decision in answer.decided_by} == {"over (rendered)"}


@helm
@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_chart_before_and_after(folder: Path) -> None:
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message=x")
    (folder / "web/values.yaml").write_text("closed: true\n", encoding="utf-8")
    found = ringfence.load("helm:HEAD:web").diff(ringfence.load("helm:web"))
    assert {str(row.change) for row in found.rows} == {"narrowed"}
    assert {cause.place.file for row in found.rows for cause in row.causes if cause.place} == {
        "web/templates/policy.yaml (rendered)"
    }
