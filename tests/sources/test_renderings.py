"""Kustomizations and charts: which programs are called how, and what is read of what they print."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.model.problems import Problem
from ringfence.sources.originals import line_at
from ringfence.sources.origins import Source, parse
from ringfence.sources.reading import Reading, read
from ringfence.sources.renderable import Helm, Kustomize, parse_helm
from tests.sources.repositories import GIT, commit, pod, program, put

SYSTEM = os.defpath if not GIT else os.path.dirname(GIT)


@pytest.fixture(autouse=True)
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of programs that is the whole PATH, but for what the shell needs; the working directory is empty."""
    folder, scratch = tmp_path / "bin", tmp_path / "scratch"
    for one in (folder, scratch, tmp_path / "work"):
        one.mkdir()
    for name in ("sh", "cat", "env", "git", "touch", "printf", "sleep"):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(tmp_path / "work")
    yield folder
    assert list(scratch.iterdir()) == []


def only(*sources: Source) -> Problem:
    (problem,) = read(sources).problems
    return problem


def places(reading: Reading) -> list[str]:
    return [str(manifest.place) for manifest in reading.manifests]


LOG = 'printf "%s\\n" "$PWD" "$@" > "$HOME/called"; env > "$HOME/env"'
RENDERED = "cat <<'END'\n# a comment\n" + pod("a") + "---\n" + pod("b") + "END"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def called(home: Path) -> list[str]:
    return (home / "called").read_text().splitlines()


@pytest.mark.parametrize("name, command", [("kubectl", "kustomize"), ("kustomize", "build")])
def test_a_kustomization_is_rendered_by_what_is_there(home: Path, bin_folder: Path, name: str, command: str) -> None:
    program(bin_folder, name, f"{LOG}; {RENDERED}")
    put("k/kustomization.yaml", "resources: [a.yaml]\n")
    reading = read([Kustomize("k")])
    assert called(home) == [str(Path("k").absolute()), command, "--", "."]
    assert reading.problems == []
    assert places(reading) == ["k (rendered):2:1", "k (rendered):7:1"]
    assert line_at(reading.manifests[1].positions.place(("metadata",)), reading.originals) == "metadata: {name: b}"
    assert "127.0.0.1:9" in (home / "env").read_text()


def test_kubectl_comes_first_as_its_flag_does(home: Path, bin_folder: Path) -> None:
    program(bin_folder, "kubectl", f"{LOG}; {RENDERED}")
    program(bin_folder, "kustomize", "exit 1")
    put("k/kustomization.yaml", "")
    assert read([Kustomize("k")]).problems == []


def test_without_a_program_the_error_says_how_to_install_one() -> None:
    put("k/kustomization.yaml", "")
    put("c/Chart.yaml", "")
    for source, word in ((Kustomize("k"), "install kubectl"), (Helm("c"), "install Helm")):
        problem = only(source)
        assert (problem.code, problem.partial) == ("program-missing", True)
        assert word in problem.hint


def test_remote_bases_are_refused_before_anything_runs(home: Path, bin_folder: Path) -> None:
    program(bin_folder, "kubectl", f"{LOG}; {RENDERED}")
    put("k/kustomization.yaml", "resources: [../base]\n")
    put("base/kustomization.yaml", "resources: ['https://example.com/x?ref=x']\n")
    problem = only(Kustomize("k"))
    assert (problem.place.file, problem.code, problem.partial) == ("base/kustomization.yaml", "remote-base", True)
    assert "--kustomize-remote" in problem.hint
    assert not (home / "called").exists()
    reading = read([Kustomize("k", remote=True)])
    assert len(reading.manifests) == 2
    assert "127.0.0.1:9" not in (home / "env").read_text()


def test_a_kustomization_that_cannot_be_checked_is_not_run(home: Path, bin_folder: Path) -> None:
    program(bin_folder, "kubectl", f"{LOG}; {RENDERED}")
    put("k/kustomization.yaml", "resources: [\n")
    assert only(Kustomize("k")).code == "not-rendered"
    assert not (home / "called").exists()


@pytest.mark.parametrize(
    "source, code",
    [
        (Kustomize("nosuch"), "not-found"),
        (Kustomize("k/kustomization.yaml"), "not-a-kustomization"),
        (Kustomize("plain"), "not-a-kustomization"),
        (Kustomize("https://example.com/x"), "remote-source"),
        (Kustomize("github.com/org/repo"), "remote-source"),
        (Helm("oci://example.com/chart"), "remote-source"),
        (Helm("plain"), "not-a-chart"),
        (Helm("nosuch"), "not-found"),
        (Helm("c", ("nosuch.yaml",)), "not-found"),
        (Helm("c", ("plain",)), "unreadable"),
        (Helm("c", ("https://example.com/values.yaml",)), "remote-source"),
        ("helm:,", "not-found"),
    ],
)
def test_what_cannot_be_rendered_is_named(home: Path, bin_folder: Path, source: Source, code: str) -> None:
    for name in ("kubectl", "helm"):
        program(bin_folder, name, f"{LOG}; {RENDERED}")
    put("k/kustomization.yaml", "")
    put("c/Chart.yaml", "")
    put("plain/a.yaml", pod("a"))
    problem = only(source)
    assert (problem.code, problem.partial) == (code, True)
    assert not (home / "called").exists()


def test_a_failure_is_told_and_the_rest_is_read(bin_folder: Path) -> None:
    program(bin_folder, "kubectl", "printf 'error: accumulating \\033[31m' >&2; exit 1")
    put("k/kustomization.yaml", "")
    put("a.yaml", pod("a"))
    reading = read(["a.yaml", Kustomize("k")])
    assert places(reading) == ["a.yaml:1:1"]
    (problem,) = reading.problems
    assert problem.partial
    assert r"error: accumulating \x1b[31m" in problem.message


def test_a_program_that_never_ends(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bin_folder, "kubectl", "sleep 100")
    put("k/kustomization.yaml", "")
    monkeypatch.setattr("ringfence.sources.programs.SECONDS", 0.3)
    assert "longer than" in only(Kustomize("k")).message


HELM_OUTPUT = f"""cat <<'END'
---
# Source: web/templates/a.yaml
{pod("a")}---
# Source: web/charts/sub/templates/b.yaml
{pod("b")}---
# Source: web/templates/a.yaml
{pod("c")}---
# Source: ../../etc/passwd
{pod("d")}END"""


def test_a_chart_is_rendered_with_its_values(home: Path, bin_folder: Path) -> None:
    program(bin_folder, "helm", f"{LOG}; {HELM_OUTPUT}")
    put("charts/web/Chart.yaml", "name: web\n")
    put("v1.yaml", "")
    put("v2.yaml", "")
    reading = read([Helm("charts/web", ("v1.yaml", "v2.yaml"), "shop", "front")])
    here = str(Path.cwd())
    assert called(home)[1:] == [
        "template", "--values", f"{here}/v1.yaml", "--values", f"{here}/v2.yaml", "--namespace", "shop", "--", "front",
        f"{here}/charts/web",
    ]  # fmt: skip
    assert reading.problems == []
    assert [(one.name, str(one.place), one.namespace) for one in reading.manifests] == [
        ("a", "charts/web/templates/a.yaml (rendered):3:1", "shop"),
        ("c", "charts/web/templates/a.yaml (rendered):9:1", "shop"),
        ("b", "charts/web/charts/sub/templates/b.yaml (rendered):3:1", "shop"),
        ("d", "charts/web/../etc/passwd (rendered):3:1", "shop"),
    ]
    assert reading.manifests[0].data["metadata"] == {"name": "a", "namespace": "shop"}
    assert str(reading.manifests[0].positions.place(("metadata",))).endswith("(rendered):5:1")
    assert line_at(reading.manifests[1].place, reading.originals) == "apiVersion: v1"
    environment = (home / "env").read_text()
    assert "HELM_NO_PLUGINS=1" in environment
    assert "127.0.0.1:9" in environment


def test_objects_without_a_namespace_are_put_where_the_chart_goes(bin_folder: Path) -> None:
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: node}\n"
    texts = (pod("a"), pod("b").replace("{name: b}", "{name: b, namespace: own}"), node)
    program(bin_folder, "helm", "cat <<'END'\n" + "---\n".join(texts) + "END")
    put("c/Chart.yaml", "")
    reading = read([Helm("c", namespace="shop")])
    assert [(one.name, one.namespace) for one in reading.manifests] == [("a", "shop"), ("b", "own"), ("node", None)]
    assert places(reading)[0] == "c (rendered):1:1"


def test_dependencies_are_only_downloaded_when_asked_for(home: Path, bin_folder: Path) -> None:
    missing = "printf 'Error: found in Chart.yaml, but missing in charts/ directory: redis' >&2; exit 1"
    program(bin_folder, "helm", f'{LOG}; case "$*" in *--dependency-update*) ;; *) {missing};; esac; {RENDERED}')
    put("c/Chart.yaml", "")
    problem = only(Helm("c"))
    assert "redis" in problem.message
    assert "--helm-dependencies" in problem.hint
    assert read([Helm("c", dependencies=True)]).problems == []


def test_a_chart_that_is_named_like_a_folder_is_rendered(home: Path, bin_folder: Path) -> None:
    put("c/Chart.yaml", "name: c\n")
    put("c/templates/a.yaml", "kind: {{ .Values.kind }}\n")
    assert only("c").code == "helm-chart"
    program(bin_folder, "helm", f"{LOG}; {RENDERED}")
    reading = read(["c"])
    assert len(reading.manifests) == 2
    (problem,) = reading.problems
    assert (problem.place.file, problem.code, problem.partial) == ("c/Chart.yaml", "chart-rendered", False)
    assert [problem.code for problem in read(["."]).problems] == ["helm-chart"], "not in the middle of a folder"


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_both_are_rendered_from_a_revision(home: Path, bin_folder: Path) -> None:
    show = 'for file in ../base/*; do printf -- "# %s\\n" "$file"; done; cat ../base/a.yaml'
    program(bin_folder, "kubectl", f"{LOG}; {show}")
    program(bin_folder, "helm", f'{LOG}; for last; do :; done; cat "$last/templates/a.yaml"')
    put("base/kustomization.yaml", "resources: [a.yaml]\n")
    put("base/a.yaml", pod("old"))
    put("base/values.env", "x")
    put("prod/kustomization.yaml", "resources: [../base]\n")
    put("c/Chart.yaml", "name: c\n")
    put("c/templates/a.yaml", pod("chart"))
    put("c/templates/_helpers.tpl", "x")
    put("values.yaml", "# values\n")
    Path("base/leaving").symlink_to("/etc")
    commit()
    put("base/a.yaml", pod("new"))
    reading = read([Kustomize("HEAD:prod"), Helm("HEAD:c", ("HEAD:values.yaml",)), "HEAD:c"])
    assert [(one.name, str(one.place)) for one in reading.manifests] == [
        ("old", "HEAD:prod (rendered):4:1"),
        ("chart", "HEAD:c (rendered):1:1"),
        ("chart", "HEAD:c (rendered):1:1"),
    ]
    assert "leaving" not in (reading.originals["HEAD:prod (rendered)"] or b"").decode()


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_failures_in_a_revision_speak_of_the_revision(bin_folder: Path) -> None:
    program(bin_folder, "kubectl", 'echo "error: in $PWD/x" >&2; exit 1')
    put("prod/kustomization.yaml", "resources: [../base]\n")
    put("base/kustomization.yaml", "resources: [github.com/a/b]\n")
    put("plain/kustomization.yaml", "")
    commit()
    remote, failed = read([Kustomize("HEAD:prod"), Kustomize("HEAD:plain")]).problems
    assert (remote.place.file, remote.code) == ("HEAD:base/kustomization.yaml", "remote-base")
    assert "error: in HEAD:plain/x" in failed.message


@pytest.mark.parametrize(
    "text, chart",
    [
        ("c", Helm("c")),
        ("c,v.yaml,w.yaml", Helm("c", ("v.yaml", "w.yaml"))),
        ("c@shop", Helm("c", (), "shop")),
        ("c,v.yaml@shop/web.v1", Helm("c", ("v.yaml",), "shop", "web.v1")),
        ("HEAD@{1}:c", Helm("HEAD@{1}:c")),
        ("c@v2/", Helm("c@v2/")),
    ],
)
def test_the_words_of_a_chart(text: str, chart: Helm) -> None:
    assert parse_helm(text) == chart
    assert parse(f"helm:{text}") == chart


@pytest.mark.parametrize("text", ["", ",v.yaml", "c,,v.yaml", "c,", "@shop"])
def test_words_that_name_no_chart(text: str) -> None:
    with pytest.raises(ValueError, match="CHART"):
        parse_helm(text)


def test_sources_as_one_word() -> None:
    assert parse("kustomize:HEAD:prod") == Kustomize("HEAD:prod")
    assert [parse(text) for text in ("a.yaml", "-", "main:x", "kustomize:")] == ["a.yaml", "-", "main:x", "kustomize:"]


KUBECTL = shutil.which("kubectl")


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_the_real_kubectl_renders(bin_folder: Path) -> None:
    assert KUBECTL
    (bin_folder / "kubectl").symlink_to(os.path.realpath(KUBECTL))
    put("base/kustomization.yaml", "resources: [a.yaml]\n")
    put("base/a.yaml", pod("a"))
    put("prod/kustomization.yaml", "resources: [../base]\nnamespace: shop\nnamePrefix: x-\n")
    reading = read([Kustomize("prod")])
    assert reading.problems == []
    assert [(one.name, one.namespace, str(one.place)) for one in reading.manifests] == [
        ("x-a", "shop", "prod (rendered):1:1")
    ]
    put("broken/kustomization.yaml", "resources: [nosuch.yaml]\n")
    problem = only(Kustomize("broken"))
    assert "nosuch.yaml" in problem.message
    put("plugin/kustomization.yaml", "generators: [g.yaml]\n")
    function = 'annotations: {config.kubernetes.io/function: "exec: {path: ./run}"}'
    put("plugin/g.yaml", f"apiVersion: x/v1\nkind: K\nmetadata: {{name: g, {function}}}\n")
    program(Path("plugin"), "run", "touch ran")
    assert only(Kustomize("plugin")).code == "not-rendered"
    assert not Path("plugin/ran").exists()


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
@pytest.mark.parametrize("address", ["https://127.0.0.1:1/x.yaml", "github.com/a/b", "file:///x"])
def test_the_real_kubectl_could_fetch_nothing_even_if_the_check_missed_it(
    bin_folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KUBECTL
    (bin_folder / "kubectl").symlink_to(os.path.realpath(KUBECTL))
    monkeypatch.setattr("ringfence.sources.renderings.remote_bases", lambda folder, load: iter(()))
    put("k/kustomization.yaml", f"resources: ['{address}']\n")
    assert only(Kustomize("k")).code == "not-rendered"
