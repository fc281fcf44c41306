"""Every command on a page of the documentation prints what the page says.

``RINGFENCE_DOCS_REGENERATE=1 pytest tests/docs`` writes the true output into the pages instead; what ``...``
hides on a page stays hidden.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringfence.demo.files import copy_cluster
from tests.docs.console import Command, Shell, agrees, corrected, steps

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    copy_cluster(tmp_path)
    lines = page.read_text(encoding="utf-8").split("\n")
    shell = Shell(tmp_path)
    corrections: list[tuple[Command, list[str]]] = []
    for step in steps(lines):
        if not isinstance(step, Command):
            file = shell.folder / step.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, encoding="utf-8")
            continue
        output = shell.run(step.text)
        assert "Traceback (most recent call last)" not in "\n".join(output), f"$ {step.text}\n" + "\n".join(output)
        assert shell.code != 70, f"$ {step.text}\n" + "\n".join(output)
        if agrees(step.expected, output):
            continue
        if not os.environ.get("RINGFENCE_DOCS_REGENERATE"):
            pytest.fail(
                f"{page.relative_to(ROOT)}:{step.first}: $ {step.text}\n--- the page says\n"
                + "\n".join(step.expected)
                + "\n--- it prints\n"
                + "\n".join(output)
            )
        corrections.append((step, output))
    for step, output in reversed(corrections):
        lines[step.first : step.last] = corrected(step.expected, output)
    if corrections:
        page.write_text("\n".join(lines), encoding="utf-8")
