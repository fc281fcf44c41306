"""How files of the input are named for continuous integration, which knows the files of the repository alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence.cli.checking import locator


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in (".git", "deploy/over", "deploy/chart/templates", "deploy/bare"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("over/kustomization.yml", "chart/Chart.yaml", "chart/templates/np.yaml", "a:b.yaml"):
        (tmp_path / "deploy" / name).touch()
    return tmp_path / "deploy"


@pytest.mark.parametrize(
    "file, wanted",
    [
        ("np.yaml", "deploy/np.yaml"),
        ("../np.yaml", "np.yaml"),
        ("a:b.yaml", "deploy/a:b.yaml"),
        ("HEAD:deploy/np.yaml", "deploy/np.yaml"),
        ("HEAD~1:np.yaml", "np.yaml"),
        ("HEAD@{12:00}:np.yaml", "np.yaml"),
        ("over (rendered)", "deploy/over/kustomization.yml"),
        ("chart/templates/np.yaml (rendered)", "deploy/chart/templates/np.yaml"),
        ("chart (rendered)", "deploy/chart/Chart.yaml"),
        ("bare (rendered)", "deploy/bare"),
        ("HEAD:deploy/over (rendered)", "deploy/over/kustomization.yaml"),
        ("HEAD:deploy/chart/templates/np.yaml (rendered)", "deploy/chart/templates/np.yaml"),
        ("HEAD:", "."),
    ],
)
def test_files_are_named_as_their_repository_does(repository: Path, file: str, wanted: str) -> None:
    assert locator(repository)(file) == wanted


def test_outside_of_a_repository_names_stay(tmp_path: Path) -> None:
    assert locator(tmp_path / "x")("/elsewhere/np.yaml") == "/elsewhere/np.yaml"
