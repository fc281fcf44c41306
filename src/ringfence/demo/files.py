"""Where the demo's manifests are, and a copy of them to play with."""

from __future__ import annotations

import shutil
from pathlib import Path

_HERE = Path(__file__).parent
CLUSTER = _HERE / "cluster"
"""The manifests of the company, as its repository holds them."""
FIX = _HERE / "fix"
"""The policies that the story mends, under the same paths as in the cluster."""


def copy_cluster(target: Path) -> tuple[Path, Path]:
    """Copies the manifests to ``target/cluster`` and the mended policies to ``target/fix``, and returns both folders.

    ``target`` is made if it is not there. Raises FileExistsError, before anything is written, if it holds one of the
    two already, and OSError if it cannot be written.
    """
    copies = target / CLUSTER.name, target / FIX.name
    for copy in copies:
        if copy.exists():
            raise FileExistsError(f"{copy} is there already")
    target.mkdir(parents=True, exist_ok=True)
    for source, copy in zip((CLUSTER, FIX), copies, strict=True):
        shutil.copytree(source, copy)
    return copies


def shown(text: str) -> str:
    """The text with the paths of the demo's files as they are in a copy: ``cluster/...``."""
    return text.replace(f"{_HERE}/", "")
