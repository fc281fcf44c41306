"""The table of what other tools report is made of the rules' aliases, and every code of theirs has a rule or a reason.

``RINGFENCE_DOCS_REGENERATE=1 pytest tests/docs`` writes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.rules.other_tools import TOOLS, by_alias
from ringfence.rules.registry import entries

FILE = Path(__file__).parents[2] / "docs" / "reference" / "other-tools.md"
REGENERATE = bool(os.environ.get("RINGFENCE_DOCS_REGENERATE"))
FOUND = by_alias(one.rule for one in entries())


def table(tool: str) -> Iterator[str]:
    """Every code of a tool, a row each."""
    yield "| Code | What it says | Rule |"
    yield "|---|---|---|"
    for code, one in TOOLS[tool].items():
        rules = FOUND.get(f"{tool}:{code}", ())
        links = ", ".join(f"[{rule}](../checks/{rule}.md)" for rule in rules)
        yield f"| {code} | {one.says} | {links or f'none: {one.instead}'} |"


@pytest.mark.parametrize("tool", TOOLS)
def test_the_table_is_made_of_the_aliases(tool: str) -> None:
    made = re.compile(rf"(<!-- {tool}: begin -->\n)(.*)(<!-- {tool}: end -->)", re.DOTALL)
    text = FILE.read_text(encoding="utf-8")
    expected = "\n".join(table(tool)) + "\n"
    if REGENERATE:
        FILE.write_text(made.sub(lambda found: found[1] + expected + found[3], text), encoding="utf-8")
        return
    found = made.search(text)
    assert found is not None
    assert found[2] == expected


@pytest.mark.parametrize(("tool", "code"), [(tool, code) for tool, codes in TOOLS.items() for code in codes])
def test_every_code_has_a_rule_or_a_reason(tool: str, code: str) -> None:
    assert bool(FOUND.get(f"{tool}:{code}")) != bool(TOOLS[tool][code].instead)


def test_every_alias_of_these_tools_is_in_the_table() -> None:
    listed = {f"{tool}:{code}" for tool, codes in TOOLS.items() for code in codes} | {"kiali:KIA1101"}
    assert {alias for alias in FOUND if alias.partition(":")[0] in TOOLS} <= listed
