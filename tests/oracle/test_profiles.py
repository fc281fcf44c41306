"""The oracle's own transcription of the profiles stands beside the engine's: each must say what the other says."""

from __future__ import annotations

import importlib

import pytest

from tests.oracle.profiles import FACTS, PROFILES

NOT_ASKED = {"rejected-objects-count"}
"""What the generator never makes."""


@pytest.mark.parametrize("text", PROFILES)
def test_both_transcriptions_agree(text: str) -> None:
    found = importlib.import_module("ringfence.layers.profiles").find(text)
    engine = {str(fact): reading.value for fact, reading in found.facts.items() if fact not in NOT_ASKED}
    assert set(engine) == set(FACTS)
    differing = {
        name: (value, PROFILES[text].get(name)) for name, value in engine.items() if value != PROFILES[text].get(name)
    }
    assert differing == {}


def test_every_profile_of_the_engine_is_transcribed() -> None:
    engine = importlib.import_module("ringfence.layers.profiles").PROFILES
    assert {text.partition("@")[0] for text in PROFILES} == set(engine)
