"""Files of Git revisions: read as those of a folder, without a look at the checkout."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ringfence
from ringfence.model.problems import Problem
from ringfence.sources.originals import line_at
from ringfence.sources.reading import read
from ringfence.sources.revisions import RevisionPath, split
from tests.sources.repositories import GIT, commit, git, pod, put

pytestmark = pytest.mark.skipif(GIT is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder; afterwards nothing of ours is left among temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    yield
    assert list(scratch.iterdir()) == []


def objects(*sources: str) -> list[tuple[str, str]]:
    """Names of what is read, with the files."""
    return [(manifest.name, manifest.place.file) for manifest in read(sources).manifests]


def told(*sources: str) -> list[tuple[str, str, bool]]:
    return [(problem.place.file, problem.code, problem.partial) for problem in read(sources).problems]


def only(*sources: str) -> Problem:
    (problem,) = read(sources).problems
    return problem


@pytest.mark.parametrize(
    "text, parts",
    [
        ("main:a/b.yaml", ("main", "a/b.yaml")),
        ("HEAD~2:", ("HEAD~2", "")),
        ("HEAD@{2026-01-31 12:00:00}:x", ("HEAD@{2026-01-31 12:00:00}", "x")),
        ("HEAD^{/a: b}:x:y", ("HEAD^{/a: b}", "x:y")),
        ("main:./x", ("main", "./x")),
    ],
)
def test_a_revision_and_its_path(text: str, parts: tuple[str, str]) -> None:
    assert split(text) == RevisionPath(*parts)
    assert str(split(text)) == text


@pytest.mark.parametrize("text", ["a.yaml", "./a:b", "/a:b", "../a:b", ":a", "-x:a", "^main:a", ""])
def test_what_can_only_be_a_path(text: str) -> None:
    assert split(text) is None


def test_a_revision_is_read_as_it_was_and_the_checkout_is_left_alone() -> None:
    put("deploy/a.yaml", pod("old"))
    put("deploy/sub/b.json", '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}')
    put("deploy/notes.txt", "x")
    put("deploy/.hidden/c.yaml", pod("hidden"))
    put("elsewhere.yaml", pod("elsewhere"))
    commit()
    put("deploy/a.yaml", pod("new"))
    put("deploy/new.yaml", pod("untracked"))
    before = git("status", "--porcelain"), sorted(path.stat().st_mtime_ns for path in Path(".git").rglob("*"))
    assert objects("HEAD:deploy") == [("old", "HEAD:deploy/a.yaml"), ("b", "HEAD:deploy/sub/b.json")]
    assert objects("main:deploy/a.yaml") == [("old", "main:deploy/a.yaml")]
    assert [name for name, _ in objects("HEAD:")] == ["old", "b", "elsewhere"]
    assert objects("deploy") == [("new", "deploy/a.yaml"), ("untracked", "deploy/new.yaml"), ("b", "deploy/sub/b.json")]
    assert told("HEAD:deploy", "HEAD:") == []
    after = git("status", "--porcelain"), sorted(path.stat().st_mtime_ns for path in Path(".git").rglob("*"))
    assert after == before


def test_every_way_to_name_a_revision() -> None:
    put("a.yaml", pod("a"))
    commit()
    git("tag", "--annotate", "--message=x", "v1")
    identifier = git("rev-parse", "HEAD")
    commit()
    for revision in (
        "HEAD",
        "main",
        "refs/heads/main",
        "v1",
        "HEAD~1",
        "HEAD^",
        identifier,
        identifier[:10],
        "HEAD@{0}",
    ):
        assert objects(f"{revision}:a.yaml") == [("a", f"{revision}:a.yaml")]


def test_paths_start_at_the_root_or_with_a_dot_at_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    put("deploy/a.yaml", pod("a"))
    put("b.yaml", pod("b"))
    commit()
    monkeypatch.chdir("deploy")
    assert objects("HEAD:deploy") == objects("HEAD:.") == objects("HEAD:./") == [("a", "HEAD:deploy/a.yaml")]
    assert objects("HEAD:../b.yaml", "HEAD:./a.yaml") == [("b", "HEAD:b.yaml"), ("a", "HEAD:deploy/a.yaml")]
    assert only("HEAD:a.yaml").hint == "did you mean HEAD:./a.yaml?"
    assert only("HEAD:../../b.yaml").message == "the path leaves the repository"


def test_problems_and_explanations_speak_of_the_revision() -> None:
    put("a.yaml", pod("a") + "---\n- x\n---\nkind: Secret\napiVersion: v1\nmetadata: {name: s}\ndata: {a: b}\n")
    put("b.yaml", "a: [\n")
    commit()
    Path("a.yaml").unlink()
    reading = read(["HEAD:"])
    assert [(problem.place.file, problem.code) for problem in reading.problems] == [
        ("HEAD:a.yaml", "not-an-object"),
        ("HEAD:b.yaml", "yaml-syntax"),
    ]
    place = reading.manifests[0].positions.place(("kind",))
    assert (str(place), line_at(place, reading.originals)) == ("HEAD:a.yaml:2:1", "kind: Pod")
    secret = reading.manifests[1].positions.place(("data",))
    assert line_at(secret, reading.originals) is None


def test_comments_in_a_revision_suppress_findings() -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n"
    put(
        "a.yaml",
        f"{pod('a')}---\n{head}  podSelector: {{matchLabels: {{app: x}}}}  # ringfence: ignore[NP-005] reason\n",
    )
    commit()
    Path("a.yaml").unlink()
    assert [one.finding.rule for one in ringfence.load("HEAD:").check().suppressed] == ["NP-005"]


def test_an_unknown_revision_is_named_with_the_nearest() -> None:
    put("a.yaml", pod("a"))
    commit()
    git("update-ref", "refs/remotes/origin/release", "HEAD")
    problem = only("mian:a.yaml")
    assert (problem.place.file, problem.code, problem.partial) == ("mian:a.yaml", "unknown-revision", True)
    assert problem.hint == "did you mean main?"
    assert only("release:a.yaml").hint == "did you mean origin/release?"
    assert "git branch" in only("xyz:a.yaml").hint


def test_a_revision_that_a_shallow_clone_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.yaml", pod("a"))
    commit()
    commit()
    git("clone", "--quiet", "--depth=1", f"file://{Path.cwd()}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert "shallow" in only("HEAD~1:a.yaml").hint


@pytest.mark.parametrize(
    "path, hint",
    [
        ("deplo", "did you mean HEAD:deploy?"),
        ("deploy/aa.yaml", "did you mean HEAD:deploy/a.yaml?"),
        ("/deploy/a.yaml", "did you mean HEAD:deploy/a.yaml?"),
        ("zzz", "paths start at the root of the repository"),
        ("zzz/y", "paths start at the root of the repository"),
    ],
)
def test_an_unknown_path_is_named_with_the_nearest(path: str, hint: str) -> None:
    put("deploy/a.yaml", pod("a"))
    commit()
    problem = only(f"HEAD:{path}")
    assert (problem.code, problem.hint, problem.partial) == ("not-found", hint, True)


def test_outside_of_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    problem = only("main:a.yaml")
    assert (problem.code, problem.partial) == ("not-a-repository", True)


def test_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path.cwd()))
    problem = only("main:a.yaml")
    assert (problem.code, problem.partial) == ("program-missing", True)
    assert "install Git" in problem.hint


def test_a_file_that_is_named_like_a_revision() -> None:
    put("a:b.yaml", pod("file"))
    assert objects("a:b.yaml") == [("file", "a:b.yaml")]
    put("x.yaml", pod("x"))
    commit()
    assert objects("a:b.yaml") == [("file", "a:b.yaml")]
    put("HEAD:x.yaml", pod("file"))
    problem = only("HEAD:x.yaml")
    assert (problem.code, problem.partial) == ("ambiguous-source", True)
    assert objects("./HEAD:x.yaml") == [("file", "./HEAD:x.yaml")]
    revision = problem.hint.split(", or ")[1].split()[0]
    assert objects(revision) == [("x", revision)]


def test_links_are_followed_as_in_folders() -> None:
    put("deploy/real.yaml", pod("real"))
    put("outside/o.yaml", pod("outside"))
    put("deploy/.kept/k.yaml", pod("kept"))
    for name, target in (
        ("deploy/again.yaml", "real.yaml"),
        ("deploy/kept.yaml", ".kept/k.yaml"),
        ("deploy/out.yaml", "../outside/o.yaml"),
        ("deploy/host.yaml", "/etc/hosts.yaml"),
        ("deploy/gone.yaml", "nowhere.yaml"),
        ("link", "outside"),
        ("leaving", "../../x"),
        ("round", "round"),
    ):
        Path(name).symlink_to(target)
    commit()
    on_disk, in_revision = read(["deploy"]), read(["HEAD:deploy"])
    assert [(one.name, f"HEAD:{one.place.file}") for one in on_disk.manifests] == [
        (one.name, one.place.file) for one in in_revision.manifests
    ]
    assert [(f"HEAD:{one.place}", one.code, one.message) for one in on_disk.problems] == [
        (str(one.place), one.code, one.message) for one in in_revision.problems
    ]
    assert objects("HEAD:link") == [("outside", "HEAD:outside/o.yaml")]
    assert [only(f"HEAD:{name}").code for name in ("leaving", "round")] == ["not-found", "not-found"]


def test_charts_and_kustomizations_are_named_as_in_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    put("d/chart/Chart.yaml", "name: c\n")
    put("d/chart/templates/a.yaml", "kind: {{ .Values.kind }}\n")
    put("d/k/kustomization.yaml", "resources: [a.yaml]\nnamespace: x\npatches: [{path: p.yaml}]\n")
    put("d/k/a.yaml", pod("a"))
    put("d/k/p.yaml", pod("patch"))
    commit()
    assert told("HEAD:d") == [
        ("HEAD:d/chart/Chart.yaml", "helm-chart", True),
        ("HEAD:d/k/kustomization.yaml", "kustomization", True),
    ]
    assert objects("HEAD:d") == [("a", "HEAD:d/k/a.yaml")]
    hints = [problem.hint for problem in read(["HEAD:d"]).problems]
    assert "--helm HEAD:d/chart," in hints[0]
    assert "-k HEAD:d/k " in hints[1]
    assert told("HEAD:d/chart/templates/a.yaml") == [("HEAD:d/chart/Chart.yaml", "helm-chart", True)]


def test_a_submodule_is_named() -> None:
    put("a.yaml", pod("a"))
    commit()
    head = git("rev-parse", "HEAD")
    git("update-index", "--add", "--cacheinfo", f"160000,{head},lib/sub")
    git("commit", "--quiet", "--message=x")
    assert told("HEAD:") == [("HEAD:lib/sub", "submodule", True)]
    assert told("HEAD:a.yaml") == []


@pytest.mark.parametrize("name", ["..", ".git", ".GIT"])
def test_a_tree_with_hostile_names_writes_nothing_outside(name: str, tmp_path: Path) -> None:
    put("a.yaml", pod("a"))
    commit()
    blob = git("hash-object", "-w", "--stdin", stdin=pod("evil").encode())
    inner = git("mktree", stdin=f"100644 blob {blob}\tevil.yaml\n".encode())
    raw = b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner)
    tree = git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
    problem = only(f"{tree}:")
    assert problem.code == "revision-unreadable"
    assert not list(tmp_path.rglob("evil.yaml"))


def test_a_link_and_a_folder_of_one_name_write_nothing_outside(tmp_path: Path) -> None:
    put("a.yaml", pod("a"))
    commit()
    (tmp_path / "target").mkdir()
    blob = git("hash-object", "-w", "--stdin", stdin=pod("evil").encode())
    link = git("hash-object", "-w", "--stdin", stdin=str(tmp_path / "target").encode())
    inner = git("mktree", stdin=f"100644 blob {blob}\tevil.yaml\n".encode())
    raw = b"120000 d\0" + bytes.fromhex(link) + b"40000 d\0" + bytes.fromhex(inner)
    tree = git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
    read([f"{tree}:"])
    assert list((tmp_path / "target").iterdir()) == []


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.yaml", pod("a"))
    put("b.yaml", pod("b"))
    commit()
    with monkeypatch.context() as patch:
        patch.setattr("ringfence.sources.revisions.MOST_BYTES", 10)
        assert only("HEAD:").code == "revision-too-big"
    assert objects("HEAD:a.yaml") != []


def test_a_bare_repository_and_one_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("deploy/a.yaml", pod("a"))
    commit()
    git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "bare"))
    monkeypatch.chdir(tmp_path)
    assert objects("main:deploy") == [("a", "main:deploy/a.yaml")]
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.chdir(tmp_path / "bare")
    assert objects("main:deploy") == [("a", "main:deploy/a.yaml")]


def test_settings_of_the_user_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.yaml", pod("a"))
    put(".gitattributes", "*.yaml diff=evil filter=evil export-ignore\n")
    commit()
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
        git("config", key, f"touch {tmp_path}/ran; cat")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {tmp_path}/ran")
    assert objects("HEAD:") == [("a", "HEAD:a.yaml")]
    assert not (tmp_path / "ran").exists()


def test_objects_that_are_not_in_a_partial_clone_are_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.yaml", pod("a"))
    commit()
    git("config", "uploadpack.allowFilter", "true")
    origin = f"file://{Path.cwd()}"
    git("clone", "--quiet", "--filter=blob:none", "--no-checkout", origin, str(tmp_path / "partial"))
    monkeypatch.chdir(tmp_path / "partial")
    problem = only("HEAD:a.yaml")
    assert problem.code in ("revision-unreadable", "program-failed")
    assert problem.partial
    assert objects("HEAD:a.yaml") == []


def test_an_address_is_no_revision() -> None:
    commit()
    problem = only("https://example.com/x.yaml")
    assert (problem.code, problem.partial) == ("not-found", True)
    assert "curl" in problem.hint


@pytest.mark.parametrize("exists", [False, True])
def test_live_is_reserved(exists: bool) -> None:
    if exists:
        put("live/a.yaml", pod("a"))
    problem = only("live")
    assert (problem.code, problem.partial) == ("reserved-word", True)
    if exists:
        assert "./live" in problem.hint
        assert objects("./live") == [("a", "./live/a.yaml")]


def test_the_rest_is_read_and_a_what_if_takes_a_revision_too() -> None:
    put("a.yaml", pod("a"))
    commit()
    put("b.yaml", pod("b"))
    world = ringfence.load("b.yaml", "nosuch:a.yaml")
    assert world.partial
    assert [one.name for one in world.cluster.pods] == ["b"]
    both = world.what_if(add=["HEAD:a.yaml"])
    assert [one.name for one in both.cluster.pods] == ["a", "b"]


@given(text=st.text(alphabet="aH:{}@^~-\0\n\u202e EAD0*[?\\./", max_size=12))
def test_any_text_behind_a_revision_is_read_or_named(text: str) -> None:
    for source in (f"HEAD{text}", f"HEAD:{text}"):
        for problem in read([source]).problems:
            assert problem.message.isprintable(), problem
