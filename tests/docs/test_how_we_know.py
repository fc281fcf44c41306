"""The numbers on the page "How we know that it is right" are those of the runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.seeded_faults.faults import FAULTS
from tests.truth.location import truth_folder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-we-know.md").read_text(encoding="utf-8")
COUNTS = re.compile(r"^.+: (\d+) cases, (\d+) checks, (\d+) wrong$", re.MULTILINE)
ROW = re.compile(r"^\|.+\| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def test_the_page_tells_how_many_faults_are_planted() -> None:
    assert f"({len(FAULTS)} of them," in PAGE


@pytest.mark.skipif(not truth_folder().is_dir(), reason="no collections at hand")
def test_the_table_has_the_counts_that_the_report_prints() -> None:
    report = subprocess.run([sys.executable, "-m", "tests.truth.report"], cwd=ROOT, capture_output=True, text=True)
    assert ROW.findall(PAGE) == COUNTS.findall(report.stdout)
