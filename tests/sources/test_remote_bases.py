"""What kustomize would fetch is known before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ringfence.model.problems import Problem
from ringfence.sources.remote_bases import RemoteBase, is_remote, remote_bases
from tests.sources.repositories import put


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/org/repo//path?ref=v1", "http://example.com/x.yaml", "HTTPS://example.com/x",
        "github.com/org/repo", "GitHub.com/org/repo//x", "www.github.com/org/repo", "github.com:org/repo",
        "git@example.com:org/repo.git", "user@host/path", "git::https://example.com/x", "gh:org/repo", "ssh://a/b",
        "file:///etc", "oci://example.com/x", " https://example.com", "x?ref=main", "git@github.com:a/b?ref=x",
    ],
)  # fmt: skip
def test_addresses(text: str) -> None:
    assert is_remote(text)


@pytest.mark.parametrize("text", ["../base", "a.yaml", "./x", "/abs/x", "overlays/@prod/x", "github.example", "gh", ""])
def test_paths(text: str) -> None:
    assert not is_remote(text)


def load(file: str) -> tuple[list[object], list[Problem]]:
    return list(yaml.safe_load_all(Path(file).read_text())), []


ADDRESS = "https://example.com/x"


@pytest.mark.parametrize(
    "text",
    [
        f"resources: [{ADDRESS}]", f"bases: [{ADDRESS}]", f"components: [{ADDRESS}]", f"transformers: [{ADDRESS}]",
        f"generators: [{ADDRESS}]", f"validators: [{ADDRESS}]", f"configurations: [{ADDRESS}]", f"crds: [{ADDRESS}]",
        f"patches: [{{path: {ADDRESS}}}]", f"patchesStrategicMerge: [{ADDRESS}]", f"openapi: {{path: {ADDRESS}}}",
        f"patchesJson6902: [{{path: {ADDRESS}}}]", f"replacements: [{{path: {ADDRESS}}}]",
        f"configMapGenerator: [{{name: a, files: ['k={ADDRESS}']}}]", f"secretGenerator: [{{envs: [{ADDRESS}]}}]",
        f"helmCharts: [{{valuesFile: {ADDRESS}}}]", f"a: b\n---\nresources: [{ADDRESS}]",
    ],
)  # fmt: skip
def test_every_field_that_names_files_is_looked_at(tmp_path: Path, text: str) -> None:
    put(str(tmp_path / "kustomization.yaml"), text)
    assert list(remote_bases(str(tmp_path), load)) == [RemoteBase(str(tmp_path / "kustomization.yaml"), ADDRESS)]


def test_what_a_kustomization_is_made_of_is_looked_at_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put("prod/kustomization.yaml", "resources: [../base, ../prod, a.yaml]\ncomponents: [../part]")
    put("base/Kustomization", "resources: [deep]")
    put("base/deep/kustomization.yml", f"resources: [{ADDRESS}, ../../prod]")
    put("part/kustomization.yaml", "transformers: [t]")
    put("part/t/kustomization.yaml", "resources: [github.com/a/b]")
    found = {base for base in remote_bases("prod", load) if isinstance(base, RemoteBase)}
    assert found == {
        RemoteBase("base/deep/kustomization.yml", ADDRESS), RemoteBase("part/t/kustomization.yaml", "github.com/a/b"),
    }  # fmt: skip


def test_what_names_no_file_may_hold_addresses(tmp_path: Path) -> None:
    text = f"""
resources: [a.yaml]
images: [{{name: web, newName: example.com/web@sha256}}]
commonAnnotations: {{docs: {ADDRESS}}}
configMapGenerator: [{{name: c, literals: [url={ADDRESS}]}}]
patches: [{{patch: "docs: {ADDRESS}"}}]
patchesStrategicMerge: ["kind: Pod\\nurl: {ADDRESS}"]
"""
    put(str(tmp_path / "kustomization.yaml"), text)
    assert list(remote_bases(str(tmp_path), load)) == []
