"""Sources on the command line: revisions, kustomizations, charts, snapshots."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ringfence.sources.renderable import Helm, Kustomize
from tests.cli.conftest import HandMadeWorld, Run
from tests.sources.repositories import GIT, git, program

QUESTION = ("can", "shop/api", "shop/db", "5432")


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_revision_answers_and_explains(ringfence: Run, shop: Path) -> None:
    (shop / ".git").rmdir()
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message=x")
    (shop / "shop.yaml").unlink()
    done = ringfence(*QUESTION, "-f", "HEAD:shop.yaml")
    assert (done.code, done.out) == (0, "allowed\n"), done.err
    done = ringfence("explain", "shop/api", "shop/cut", "80", "-f", "HEAD:")
    assert done.code == 1
    assert "HEAD:shop.yaml:" in done.out
    assert " | " in done.out, "the line of the revision"
    done = ringfence(*QUESTION, "-f", "HEAD:", "-f", "nosuch:shop.yaml")
    assert (done.code, done.out) == (3, "allowed\n")
    assert "nosuch:shop.yaml: error: " in done.err
    done = ringfence(*QUESTION, "-f", "nosuch:\x1b[31m")
    assert done.code == 2
    assert "\x1b" not in done.err


def test_options_become_sources(ringfence: Run, world: HandMadeWorld) -> None:
    assert ringfence(*QUESTION, "-k", "a", "-f", "x.yaml", "--helm", "c,v.yaml@shop", "-k", "main:b").code == 0
    expected = ("x.yaml", Kustomize("a"), Kustomize("main:b"), Helm("c", ("v.yaml",), "shop"))
    assert world.loaded["paths"] == expected
    ringfence(*QUESTION, "-k", "a", "--kustomize-remote", "--helm", "c", "--helm-dependencies")
    assert world.loaded["paths"] == (Kustomize("a", True), Helm("c", dependencies=True))


def test_the_current_directory_is_not_read_beside_something_else(ringfence: Run, world: HandMadeWorld) -> None:
    done = ringfence(*QUESTION, "-k", "a")
    assert "current directory" not in done.err


def test_settings_are_those_beside_the_kustomization(ringfence: Run, world: HandMadeWorld, tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    (tmp_path / "k/.ringfence.yaml").write_text("cni: calico\n")
    ringfence(*QUESTION, "-k", "k")
    assert world.loaded["cni"] == "calico"


def test_a_chart_without_words_is_wrong_usage(ringfence: Run, shop: Path) -> None:
    done = ringfence(*QUESTION, "--helm", ",x")
    assert (done.code, done.out) == (2, "")
    assert "CHART[,VALUES...]" in done.err


def test_what_is_not_installed(ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "k").mkdir()
    (shop / "k/kustomization.yaml").write_text("resources: [../shop.yaml]\n")
    monkeypatch.setenv("PATH", str(shop))
    done = ringfence(*QUESTION, "-f", "shop.yaml", "-k", "k")
    assert (done.code, done.out) == (3, "allowed\n")
    assert "k: error: neither kubectl nor kustomize is installed" in done.err
    assert ringfence(*QUESTION, "-k", "k").code == 2


def test_rendered_manifests_answer_with_their_places(
    ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "k").mkdir()
    (shop / "k/kustomization.yaml").write_text("resources: [../shop.yaml]\n")
    program(shop / "bin", "kubectl", f"while IFS= read -r line; do printf '%s\\n' \"$line\"; done < {shop}/shop.yaml")
    monkeypatch.setenv("PATH", str(shop / "bin"))
    done = ringfence("explain", "shop/api", "shop/cut", "80", "-k", "k")
    assert done.code == 1, done.err
    assert "k (rendered):" in done.out


@pytest.mark.parametrize("name", ["world.json", "world.json.gz"])
def test_a_snapshot_answers_as_its_input(ringfence: Run, shop: Path, name: str) -> None:
    done = ringfence("snapshot", "-f", "shop.yaml", "-o", name)
    assert (done.code, done.out) == (0, "")
    assert f"kept in '{name}'" in done.err
    for command in (QUESTION, ("explain", "shop/api", "shop/cut", "80", "-o", "json"), ("map", "-o", "json")):
        from_files, from_snapshot = ringfence(*command, "-f", "shop.yaml"), ringfence(*command, "-f", name)
        assert (from_snapshot.code, from_snapshot.out) == (from_files.code, from_files.out)
    again = ringfence("snapshot", "-f", name, "-o", "again", "-q")
    assert (again.code, again.err) == (0, "")
    content = Path(name).read_bytes()
    assert Path("again").read_bytes() == (gzip.decompress(content) if name.endswith(".gz") else content)
    assert sorted(path.name for path in shop.iterdir()) == sorted([".git", "again", name, "shop.yaml"])


def test_a_snapshot_shows_no_line_of_a_file_that_is_another_one_by_now(ringfence: Run, shop: Path) -> None:
    ringfence("snapshot", "-o", "world.json.gz")
    lines = (shop / "shop.yaml").read_text().count("\n")
    (shop / "shop.yaml").write_text("other: text\n" * lines)
    done = ringfence("explain", "shop/api", "shop/cut", "80", "-f", "world.json.gz")
    assert "shop.yaml:" in done.out
    assert "other: text" not in done.out


def test_a_partial_input_makes_a_partial_snapshot(ringfence: Run, shop: Path) -> None:
    (shop / "broken.yaml").write_text("a: [\n")
    assert ringfence("snapshot", "-o", "world.json").code == 3
    done = ringfence(*QUESTION, "-f", "world.json")
    assert (done.code, done.out) == (3, "allowed\n")
    assert "broken.yaml:2:1: error" in done.err


def test_a_snapshot_from_stdin(ringfence: Run, shop: Path) -> None:
    assert ringfence("snapshot", "-o", "world.json.gz", "-q").code == 0
    done = ringfence(*QUESTION, "-f", "-", stdin=(shop / "world.json.gz").read_bytes())
    assert (done.code, done.out) == (0, "allowed\n"), done.err


@pytest.mark.parametrize("output", ["nosuch/world.json", "."])
def test_a_snapshot_that_cannot_be_written(ringfence: Run, shop: Path, output: str) -> None:
    done = ringfence("snapshot", "-o", output)
    assert (done.code, done.out) == (2, "")
    assert "rror" in done.err


def test_a_snapshot_of_nothing_is_none(ringfence: Run, folder: Path) -> None:
    assert ringfence("snapshot", "-o", "world.json").code == 2
    assert not Path("world.json").exists()


def test_a_newer_snapshot(ringfence: Run, shop: Path) -> None:
    ringfence("snapshot", "-o", "world.json")
    document = json.loads(Path("world.json").read_text())
    Path("world.json").write_text(json.dumps({**document, "schemaVersion": 99}))
    done = ringfence(*QUESTION, "-f", "world.json")
    assert (done.code, done.out) == (2, "")
    assert "upgrade ringfence" in done.err


@pytest.mark.parametrize("there", [True, False])
def test_live_is_reserved(ringfence: Run, shop: Path, there: bool) -> None:
    if there:
        (shop / "live").mkdir()
    done = ringfence(*QUESTION, "-f", "live")
    assert done.code == 2
    assert "live: error: is reserved for the running cluster" in done.err
    assert ("./live" if there else "kubectl get") in done.err
