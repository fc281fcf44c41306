"""The pages of the rules are the docstrings of their modules, and the list of them is complete.

``RINGFENCE_DOCS_REGENERATE=1 pytest tests/docs`` writes them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.rules.registry import MODULES, entries, entry

CHECKS = Path(__file__).parents[2] / "docs" / "checks"
MADE = re.compile(r"(<!-- rules: begin -->\n)(.*)(<!-- rules: end -->)", re.DOTALL)
REGENERATE = bool(os.environ.get("RINGFENCE_DOCS_REGENERATE"))


def page(identifier: str) -> str:
    """The page of a rule, with what ``RULE`` says below its name."""
    found = entry(identifier)
    rule = found.rule
    name, _, rest = found.page.partition("\n")
    facts = [f"Severity **{rule.severity}**", f"precision {rule.precision}", f"needs {rule.needs}"]
    lines = [name, "", f"{', '.join(facts)}."]
    if rule.frameworks:
        lines += ["", f"Frameworks: {', '.join(rule.frameworks)}."]
    if rule.aliases:
        lines += ["", f"Called elsewhere: {', '.join(f'`{alias}`' for alias in rule.aliases)}."]
    return "\n".join(lines) + f"\n{rest}\n\n[All checks](index.md)\n"


def table() -> Iterator[str]:
    """Every rule, a row each."""
    yield "| Rule | Severity | What is wrong | Needs |"
    yield "|---|---|---|---|"
    for one in entries():
        rule = one.rule
        yield f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} | {rule.needs} |"


@pytest.mark.parametrize("identifier", MODULES)
def test_the_page_of_a_rule_is_its_docstring(identifier: str) -> None:
    file = CHECKS / f"{identifier}.md"
    if REGENERATE:
        file.write_text(page(identifier), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page(identifier)


def test_the_list_of_rules_is_complete() -> None:
    file = CHECKS / "index.md"
    text = file.read_text(encoding="utf-8")
    made = "\n".join(table()) + "\n"
    if REGENERATE:
        file.write_text(MADE.sub(lambda found: found[1] + made + found[3], text), encoding="utf-8")
        return
    found = MADE.search(text)
    assert found is not None
    assert found[2] == made
    assert {one.stem for one in CHECKS.glob("*.md")} == {"index", *MODULES}


@pytest.mark.parametrize("identifier", MODULES)
def test_a_page_has_the_parts_that_readers_look_for(identifier: str) -> None:
    text = page(identifier)
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    expected = ["What is checked", "Why this is bad", "Example", "How to fix it"]
    assert [part for part in parts if part in expected] == expected
    rule = entry(identifier).rule
    assert text.splitlines()[0] == f"# {rule.id} {rule.slug}"
    assert rule.id == identifier
    assert MODULES[identifier] == f"{identifier.lower()}_{rule.slug}".replace("-", "_")
