"""The table of profiles on its page is the one that the profiles make.

``RINGFENCE_DOCS_REGENERATE=1 pytest tests/docs`` writes it.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.layers.profiles import PROFILES, Fact, profile

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "profiles.md"
MADE = re.compile(r"(<!-- profiles: begin -->\n)(.*)(<!-- profiles: end -->)", re.DOTALL)
QUESTION = re.compile(r'= "([a-z-]+)"\s+"""(.+?)"""', re.DOTALL)
WORD = {True: "yes", False: "no", None: "open"}


def table() -> Iterator[str]:
    """The questions with every profile's answer, then the source of each answer."""
    questions = dict(QUESTION.findall(inspect.getsource(profile)))
    yield f"| Fact | Question | {' | '.join(PROFILES)} |"
    yield f"|---|---|{'---|' * len(PROFILES)}"
    for fact in Fact:
        answers = " | ".join(WORD[found.answer(fact)] for found in PROFILES.values())
        yield f"| `{fact}` | {' '.join(questions[fact].split())} | {answers} |"
    for found in PROFILES.values():
        yield ""
        yield f"### {found.name}: {found.title}"
        yield ""
        yield f"Covers: {found.versions}."
        yield ""
        for fact, reading in found.facts.items():
            why = f": {reading.why}" if reading.why else ""
            yield f"- `{fact}` **{WORD[reading.value]}**{why} ({reading.source})"


def test_the_table_is_the_one_that_the_profiles_make() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = "\n".join(table()) + "\n"
    if os.environ.get("RINGFENCE_DOCS_REGENERATE"):
        PAGE.write_text(MADE.sub(lambda found: found[1] + made + found[3], page), encoding="utf-8")
        return
    found = MADE.search(page)
    assert found is not None
    assert found[2] == made
