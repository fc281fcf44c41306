"""Expected output in files. ``RINGFENCE_UPDATE_GOLDENS=1`` writes them anew; read the difference before committing."""

from __future__ import annotations

import os
from pathlib import Path

UPDATE_VARIABLE = "RINGFENCE_UPDATE_GOLDENS"


def check(path: Path, text: str) -> None:
    """Fails where the file says something else."""
    if os.environ.get(UPDATE_VARIABLE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: {UPDATE_VARIABLE}=1 writes it"
    assert text == path.read_text(encoding="utf-8")
