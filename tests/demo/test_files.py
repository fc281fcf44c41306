"""The demo's manifests can be copied, and what the mended ones mend is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence.demo.files import CLUSTER, FIX, MESH, copy_cluster


def texts(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_the_copies_are_complete(tmp_path: Path) -> None:
    cluster, fix, mesh = copy_cluster(tmp_path / "new" / "tour")
    assert texts(cluster) == texts(CLUSTER)
    assert texts(fix) == texts(FIX)
    assert texts(mesh) == texts(MESH)


@pytest.mark.parametrize("name", ["cluster", "fix", "mesh"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match=name):
        copy_cluster(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_every_mended_file_stands_in_the_cluster_and_differs() -> None:
    mended = texts(FIX)
    assert mended
    for name, text in mended.items():
        assert (CLUSTER / name).read_text() != text
