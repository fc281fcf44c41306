"""Planted faults stand in the code: one that does not would be planted nowhere, and caught by nobody."""

from __future__ import annotations

from pathlib import Path

import ringfence
from tests.seeded_faults.faults import FAULTS

PACKAGE = Path(ringfence.__file__).parent


def test_each_fault_has_its_one_place() -> None:
    texts = {file: (PACKAGE / file).read_text(encoding="utf-8") for file in {one.file for one in FAULTS}}
    assert [(one.file, one.old) for one in FAULTS if texts[one.file].count(one.old) != 1] == []
