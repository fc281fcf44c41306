"""The example of the page for contributors."""

from __future__ import annotations

from tests.house.tree import ROOT


def test_the_example_of_the_page_runs() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    section = page.partition("## Sets of requests")[2]
    code = section.partition("```python\n")[2].partition("```")[0]
    assert "witness()" in code
    exec(compile(code, "docs/architecture.md", "exec"), {})
