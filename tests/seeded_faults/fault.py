"""What a fault is, and the files that many of them change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """``file`` is below the package; ``old`` and ``new`` are whole pieces of text."""

    file: str
    old: str
    new: str
    breaks: str


CONDITIONS = "layers/network/conditions.py"
PROGRAMS = "layers/network/programs.py"
ROWS = "layers/network/rows.py"
SINGLE = "layers/network/single.py"
CELLS = "layers/network/cells.py"
COLUMNS = "layers/network/columns.py"
UNIVERSE = "layers/network/universe.py"
RELATION = "layers/network/relation.py"
FACTS = "layers/network/facts.py"
POLICIES_FILE = "layers/network/policies.py"
