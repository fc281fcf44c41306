"""Finding a profile by name, and that each of them answers every question with its source."""

from __future__ import annotations

import pytest

from ringfence.layers.profiles import PROFILES, Fact, Profile, ProfileError, find


@pytest.mark.parametrize("text", ["generic", "calico", "netpol-analyzer"])
@pytest.mark.parametrize("version", ["", "@3.29", "@v3", "@3.29.1"])
def test_a_profile_is_found_by_its_name_with_or_without_a_version(text: str, version: str) -> None:
    assert find(text + version) is PROFILES[text]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("calicoo", "did you mean calico?"),
        ("Calico", "did you mean calico?"),
        ("nothing-like-it", "generic, calico, netpol-analyzer"),
        ("", "generic, calico, netpol-analyzer"),
        ("calico@", "calico@3.29"),
        ("calico@new", "calico@3.29"),
    ],
)
def test_an_unknown_profile_or_version_is_an_error_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ProfileError) as caught:
        find(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_answers_every_question_and_says_where_it_read_it(name: str) -> None:
    profile = PROFILES[name]
    assert profile.name == name
    assert set(profile.facts) == set(Fact)
    assert all(reading.source for reading in profile.facts.values())
    assert profile.title
    assert profile.versions


@pytest.mark.parametrize("fact", Fact)
def test_what_generic_leaves_open_says_what_that_means(fact: Fact) -> None:
    reading = PROFILES["generic"].facts[fact]
    assert reading.value is not None or reading.why


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "generic"])
def test_only_generic_leaves_anything_open(name: str) -> None:
    profile: Profile = PROFILES[name]
    assert [fact for fact in Fact if profile.answer(fact) is None] == []
