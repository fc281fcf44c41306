"""What a fault is, and the files that many of them change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """``file`` is below the package; ``old`` and ``new`` are whole pieces of text. ``tests``: those of which one must
    fail; empty: truth or oracle must object (``detector.py``)."""

    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...] = ()


def in_file(file: str, tests: tuple[str, ...], *changes: tuple[str, str, str]) -> tuple[Fault, ...]:
    """Faults of one file that the same tests must catch: (old, new, what it breaks) each."""
    return tuple(Fault(file, old, new, breaks, tests) for old, new, breaks in changes)


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
