"""Where the demo's manifests are, and a copy of them to play with."""

from __future__ import annotations

import shutil
from pathlib import Path

_HERE = Path(__file__).parent
CLUSTER = _HERE / "cluster"
"""The manifests of the company, as its repository holds them."""
FIX = _HERE / "fix"
"""The policies that the story mends, under the same paths as in the cluster."""

MESH = _HERE / "mesh"
"""The same company with a mesh: what is added to the cluster, or takes an object's place."""


def copy_cluster(target: Path) -> tuple[Path, ...]:
    """Copies the manifests to ``target/cluster``, the mended policies to ``target/fix`` and the mesh to
    ``target/mesh``, and returns the folders.

    ``target`` is made if it is not there. Raises FileExistsError, before anything is written, if it holds one of them
    already, and OSError if it cannot be written.
    """
    folders = CLUSTER, FIX, MESH
    copies = tuple(target / folder.name for folder in folders)
    for copy in copies:
        if copy.exists():
            raise FileExistsError(f"{copy} is there already")
    target.mkdir(parents=True, exist_ok=True)
    for source, copy in zip(folders, copies, strict=True):
        shutil.copytree(source, copy)
    return copies


def shown(text: str) -> str:
    """The text with the paths of the demo's files as they are in a copy: ``cluster/...``."""
    return text.replace(f"{_HERE}/", "")
