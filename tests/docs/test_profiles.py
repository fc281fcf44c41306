"""The tables of profiles on their page are those that the profiles make.

``RINGFENCE_DOCS_REGENERATE=1 pytest tests/docs`` writes them.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.layers.profiles import GROUPS, PROFILES, Fact, Profile, Reading, Trait, facts, word
from ringfence.layers.profiles.profile import range_text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "profiles.md"
MADE = re.compile(r"(<!-- profiles: begin -->\n)(.*)(<!-- profiles: end -->)", re.DOTALL)
QUESTION = re.compile(r'= "([a-z0-9-]+)"\s+"""(.+?)"""', re.DOTALL)
QUESTIONS = {name: " ".join(text.split()) for name, text in QUESTION.findall(inspect.getsource(facts))}


def cell(profile: Profile, fact: Fact) -> str:
    """One answer, or the answers of each range of versions."""
    readings = profile.by_version.get(fact)
    if profile.facts[fact].source.startswith("does not matter"):
        return "–"
    if readings is None:
        return word(profile.answer(fact))
    return "; ".join(f"{word(reading.value)} {range_text(reading)}" for reading in readings)


def line(name: str, reading: Reading, when: str = "") -> str:
    why = f": {reading.why}" if reading.why else ""
    decide = f" (would decide it: {reading.decide})" if reading.value is None and reading.decide else ""
    return f"- `{name}` **{word(reading.value)}**{when}{why}{decide} ({reading.source})"


def tables() -> Iterator[str]:
    """Group by group the questions, with the answers of every profile; what is told in words; the sources."""
    for title, group in GROUPS.items():
        yield f"### {title}"
        yield ""
        yield from (f"- `{fact}`: {QUESTIONS[fact]}" for fact in group)
        yield ""
        yield f"| Profile | {' | '.join(f'`{fact}`' for fact in group)} |"
        yield f"|---|{'---|' * len(group)}"
        for profile in PROFILES.values():
            yield f"| {profile.name} | {' | '.join(cell(profile, fact) for fact in group)} |"
        yield ""
    yield "### What no verdict hangs on"
    yield ""
    yield from (f"- `{trait}`: {QUESTIONS[trait]}" for trait in Trait)
    yield ""
    yield f"| Profile | {' | '.join(f'`{trait}`' for trait in Trait)} |"
    yield f"|---|{'---|' * len(Trait)}"
    for profile in PROFILES.values():
        yield f"| {profile.name} | {' | '.join(profile.traits[trait].text for trait in Trait)} |"
    yield ""
    yield "## Every answer with its source"
    for profile in PROFILES.values():
        yield ""
        yield f"### {profile.name}: {profile.title}"
        yield ""
        yield f"Covers: {profile.versions}."
        yield ""
        for fact, reading in profile.facts.items():
            for one in profile.by_version.get(fact, (reading,)):
                yield line(fact, one, f" {range_text(one)}" if fact in profile.by_version else "")
        for trait, remark in profile.traits.items():
            yield f"- `{trait}`: {remark.text} ({remark.source})"


def test_the_tables_are_those_that_the_profiles_make() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = "\n".join(tables()) + "\n"
    if os.environ.get("RINGFENCE_DOCS_REGENERATE"):
        PAGE.write_text(MADE.sub(lambda found: found[1] + made + found[3], page), encoding="utf-8")
        return
    found = MADE.search(page)
    assert found is not None
    assert found[2] == made


def test_every_question_is_on_the_page() -> None:
    assert {*Fact, *Trait} <= set(QUESTIONS)
