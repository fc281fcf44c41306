"""Which files the paths of a user mean."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.model.problems import Problem, Severity
from ringfence.sources.reading import read

POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(*paths: str, text: str | None = None) -> None:
    for name in paths:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(POD.format(name=name.replace("/", ".")) if text is None else text, "utf-8")


def files(*paths: str) -> list[str]:
    """The files whose objects are read, in order."""
    return [manifest.place.file for manifest in read(paths).manifests]


def problems(*paths: str) -> list[Problem]:
    return read(paths).problems


def told(*paths: str) -> list[tuple[str, str, bool]]:
    return [(problem.place.file, problem.code, problem.partial) for problem in problems(*paths)]


def test_folders_are_read_with_all_below_them_sorted_by_name() -> None:
    put("d/b.yaml", "d/a/z.yml", "d/a.yaml", "d/c/d/x.json", "d/notes.txt", "d/Makefile")
    assert files("d") == ["d/a/z.yml", "d/a.yaml", "d/b.yaml", "d/c/d/x.json"]
    assert told("d") == []


def test_paths_are_read_in_the_order_given_and_as_given() -> None:
    put("a.yaml", "b.yaml", "d/c.yaml")
    assert files("b.yaml", "./d/", "a.yaml") == ["b.yaml", "./d/c.yaml", "a.yaml"]


def test_hidden_files_and_folders_are_passed_over() -> None:
    put("d/.git/a.yaml", "d/.github/b.yaml", "d/.c.yaml", "d/e.yaml")
    assert files("d") == ["d/e.yaml"]


def test_what_a_user_names_is_read_whatever_it_is_called() -> None:
    put("policy.txt", ".hidden/a.yaml")
    assert files("policy.txt", ".hidden") == ["policy.txt", ".hidden/a.yaml"]


def test_a_missing_path_is_told_with_the_nearest_name() -> None:
    put("policies/web.yaml", "a.yaml")
    (problem,) = problems("policies/wep.yaml", "a.yaml")
    assert (problem.place.file, problem.code, problem.severity) == ("policies/wep.yaml", "not-found", Severity.ERROR)
    assert "policies/web.yaml" in problem.hint
    assert problem.partial


@pytest.mark.parametrize("path", ["nope", "a.yaml/b", "nope/deeper", "nul\0", "x" * 300, "half \udc80"])
def test_impossible_paths_are_told(path: str) -> None:
    put("a.yaml")
    assert [(where, partial) for where, _, partial in told(path, "a.yaml")] == [(path, True)]
    assert files(path, "a.yaml") == ["a.yaml"]


def test_an_empty_folder_is_told() -> None:
    put("d/notes.txt")
    assert told("d") == [("d", "no-manifests", False)]


def test_a_device_is_no_manifest() -> None:
    assert told("/dev/zero") == [("/dev/zero", "unreadable", True)]


@contextmanager
def as_a_user() -> Iterator[None]:
    """Root may read everything: for a while, be somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_unreadable_files_and_folders_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's own folders are closed to others, so that a user who is not root needs one that is open.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.chdir(folder)
        put("d/a.yaml", "d/b/c.yaml", "d/d.yaml")
        Path("d/a.yaml").chmod(0)
        Path("d/b").chmod(0)
        with as_a_user():
            assert told("d") == [("d/b", "unreadable", True), ("d/a.yaml", "unreadable", True)]
            assert files("d") == ["d/d.yaml"]
        Path("d/b").chmod(0o700)


def test_a_pipe_in_a_folder_is_told_and_not_waited_for() -> None:
    put("d/a.yaml")
    os.mkfifo("d/pipe.yaml")
    assert told("d") == [("d/pipe.yaml", "unreadable", True)]
    assert files("d") == ["d/a.yaml"]


def test_links_that_leave_the_folder_are_not_followed() -> None:
    put("out/a.yaml", "d/b.yaml", "o.yaml")
    Path("d/folder").symlink_to("../out")
    Path("d/file.yaml").symlink_to("../o.yaml")
    Path("d/text.txt").symlink_to("../o.yaml")
    assert files("d") == ["d/b.yaml"]
    assert told("d") == [("d/file.yaml", "link-not-followed", False), ("d/folder", "link-not-followed", False)]
    assert {problem.severity for problem in problems("d")} == {Severity.NOTICE}


def test_links_inside_the_folder_are_read_once_and_loops_end() -> None:
    put("d/sub/a.yaml")
    Path("d/again.yaml").symlink_to("sub/a.yaml")
    Path("d/sub/loop").symlink_to("..")
    Path("d/other").symlink_to("sub")
    Path("d/sub/self").symlink_to("self")
    assert files("d") == ["d/sub/a.yaml"]


def test_a_mounted_config_map_is_read() -> None:
    """The kubelet writes it as links into a hidden folder."""
    put("d/..2026/policy.yaml")
    Path("d/..data").symlink_to("..2026")
    Path("d/policy.yaml").symlink_to("..data/policy.yaml")
    assert files("d") == ["d/policy.yaml"]


def test_a_link_to_nothing_is_told() -> None:
    put("d/a.yaml")
    Path("d/b.yaml").symlink_to("gone.yaml")
    assert told("d") == [("d/b.yaml", "not-found", True)]


def test_a_folder_that_is_a_link_itself_is_read() -> None:
    put("real/a.yaml")
    Path("d").symlink_to("real")
    assert files("d") == ["d/a.yaml"]


def chart(folder: str) -> None:
    put(f"{folder}/Chart.yaml", text="apiVersion: v2\nname: c\n")
    put(f"{folder}/values.yaml", f"{folder}/values-prod.yaml", text="a: 1\n")
    put(f"{folder}/templates/a.yaml", text="kind: {{ .Values.kind }}\n")
    put(f"{folder}/templates/plain.yaml", f"{folder}/crds/crd.yaml")


def test_a_chart_is_told_once_and_its_templates_are_skipped() -> None:
    chart("d/chart")
    chart("d/chart/charts/inner")
    put("d/z.yaml")
    assert files("d") == ["d/chart/charts/inner/crds/crd.yaml", "d/chart/crds/crd.yaml", "d/z.yaml"]
    assert told("d") == [("d/chart/Chart.yaml", "helm-chart", True)]
    assert "--helm d/chart," in problems("d")[0].hint


@pytest.mark.parametrize("path", ["chart/templates", "chart/templates/a.yaml"])
def test_templates_that_are_named_themselves_are_known_as_such(path: str) -> None:
    chart("chart")
    assert files(path) == []
    (problem,) = problems(path)
    assert (problem.code, problem.partial) == ("helm-chart", True)
    assert "--helm chart," in problem.hint


def test_a_manifest_of_a_chart_that_is_named_itself_is_read() -> None:
    chart("chart")
    assert files("chart/templates/plain.yaml") == ["chart/templates/plain.yaml"]


def test_a_chart_without_templates_renders_nothing() -> None:
    put("d/Chart.yaml", text="name: c\n")
    put("d/a.yaml")
    assert told("d") == []


def test_a_kustomization_that_only_lists_its_resources_is_what_it_lists() -> None:
    put("k/kustomization.yaml", text="kind: Kustomization\nresources: [a.yaml, sub]\nmetadata: {name: x}\n")
    put("k/a.yaml", "k/sub/b.yaml")
    assert files("k") == ["k/a.yaml", "k/sub/b.yaml"]
    assert told("k") == []


@pytest.mark.parametrize(
    "text, word",
    [
        ("resources: [a.yaml]\nnamespace: x\n", "namespace"),
        ("resources: [a.yaml]\nnamePrefix: x-\n", "namePrefix"),
        ("resources: [a.yaml]\nlabels: [{pairs: {a: b}}]\n", "labels"),
        ("resources: [a.yaml]\nconfigMapGenerator: [{name: x, literals: [a=b]}]\n", "configMapGenerator"),
        ("resources: [a.yaml]\ncomponents: [../c]\n", "components"),
        ("resources: [a.yaml]\nsomethingNew: [1]\n", "not known"),
        ("resources: [a.yaml, ../outside]\n", "1 of its resources is not"),
        ("resources: [a.yaml, 'https://example.com/x.yaml']\n", "1 of its resources is not"),
    ],
)
def test_a_kustomization_that_would_change_objects_makes_the_input_partial(text: str, word: str) -> None:
    put("k/kustomization.yml", text=text)
    put("k/a.yaml", "outside/b.yaml")
    assert files("k") == ["k/a.yaml"]
    (problem,) = problems("k")
    assert (problem.place.file, problem.code, problem.partial) == ("k/kustomization.yml", "kustomization", True)
    assert word in problem.message
    assert "-k k " in problem.hint


def test_files_that_a_kustomization_uses_as_patches_are_no_objects() -> None:
    text = """
resources: [a.yaml]
patches: [{path: p1.yaml}, {patch: "kind: X"}]
patchesStrategicMerge: [p2.yaml, "kind: Y\\nmetadata: {}"]
patchesJson6902: [{path: ../shared/p3.yaml, target: {kind: Pod}}]
configMapGenerator: [{name: c, files: [key=config.yaml]}]
"""
    put("k/overlay/kustomization.yaml", text=text)
    put("k/overlay/a.yaml", "k/overlay/p1.yaml", "k/overlay/p2.yaml", "k/shared/p3.yaml", "k/overlay/config.yaml")
    assert files("k") == ["k/overlay/a.yaml"]
    (problem,) = problems("k")
    assert "4 files" in problem.message


def test_a_kustomization_that_cannot_be_read_is_told() -> None:
    put("k/Kustomization", text="resources: [a.yaml\n")
    put("k/a.yaml")
    assert told("k") == [("k/Kustomization", "yaml-syntax", True)]
    assert files("k") == ["k/a.yaml"]


def test_a_kustomization_that_is_named_itself_is_no_object() -> None:
    put("k/kustomization.yaml", text="resources: [a.yaml]\n")
    put("k/a.yaml")
    assert told("k/kustomization.yaml") == [("k/kustomization.yaml", "kustomization", True)]


def test_a_file_that_is_a_resource_and_a_patch_is_an_object() -> None:
    put("k/kustomization.yaml", text="resources: [a.yaml]\npatches: [{path: a.yaml}]\n")
    put("k/a.yaml")
    assert files("k") == ["k/a.yaml"]
