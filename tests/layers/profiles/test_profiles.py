"""Finding a profile by name, and that each of them answers every question with its source."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ringfence.layers.profiles import ALIASES, GROUPS, PROFILES, Fact, ProfileError, Reading, Trait, find


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_found_by_its_name(name: str) -> None:
    assert find(name) is PROFILES[name]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_profile_is_found_by_another_name(alias: str) -> None:
    assert find(alias) is PROFILES[ALIASES[alias]]


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("calico@3.29", "calico@3.29"),
        ("calico@v3", "calico@3"),
        ("calico@v3.29.1", "calico@3.29.1"),
        ("cilium@v1.16.3-cee.1", "cilium@1.16.3"),
        ("k3s@1.31.2+k3s1", "k3s@1.31.2"),
    ],
)
def test_a_version_picks_the_answers_of_a_release(text: str, called: str) -> None:
    assert find(text).full_name == called


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("calico", None),
        ("calico@3", None),
        ("calico@3.31", False),
        ("calico@3.31.9", False),
        ("calico@3.32", True),
        ("calico@3.32.1", True),
    ],
)
def test_an_answer_that_differs_between_versions_is_open_without_one(text: str, value: bool | None) -> None:
    reading = find(text).facts[Fact.CLUSTER_NETWORK_POLICY]
    assert reading.value is value
    if value is None:
        assert "depends on the version" in reading.why
        assert reading.decide == "--cni calico@VERSION"


def test_answers_can_be_pinned() -> None:
    pinned = find("antrea@2.7").with_answers({Fact.CLUSTER_NETWORK_POLICY: Reading(True, "antrea-config")})
    assert pinned.answer(Fact.CLUSTER_NETWORK_POLICY) is True
    assert pinned.answer(Fact.ADMIN_NETWORK_POLICY) is None
    assert find("antrea@2.7").answer(Fact.CLUSTER_NETWORK_POLICY) is None


def test_every_fact_is_in_one_group() -> None:
    assert sorted(fact for facts in GROUPS.values() for fact in facts) == sorted(Fact)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("calicoo", "did you mean calico?"),
        ("Calico", "did you mean calico?"),
        ("nothing-like-it", "generic, calico, cilium, antrea"),
        ("", "generic, calico, cilium, antrea"),
        ("calico@", "calico@3.32"),
        ("calico@new", "calico@3.32"),
        ("calico@3.28", "did you mean calico@3.32? it covers 3.29 to 3.32"),
        ("calico@3.33", "did you mean calico@3.32? it covers 3.29 to 3.32"),
        ("calico@3.33.1", "did you mean calico@3.32?"),
        ("calico@4", "did you mean calico@3.32?"),
        ("flanel", "did you mean flannel?"),
        ("generic@1.30", "write generic"),
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
    assert set(profile.traits) == set(Trait)
    assert all(reading.source for reading in (*profile.facts.values(), *profile.traits.values()))
    for readings in profile.by_version.values():
        assert not readings[0].since
        assert not readings[-1].before
        assert all(one.before == two.since for one, two in pairwise(readings))
    assert profile.title
    assert profile.versions


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_left_open_says_what_that_means(name: str) -> None:
    assert [fact for fact, reading in PROFILES[name].facts.items() if reading.value is None and not reading.why] == []


@pytest.mark.parametrize("name", [name for name in PROFILES if name not in ("generic", "netpol-analyzer")])
def test_no_plugin_is_credited_with_what_only_the_specification_says(name: str) -> None:
    shared = {Fact.STANDALONE_PODS, Fact.REJECTED_OBJECTS_COUNT, Fact.LOCAL_POLICY_KEEPS_CLIENT}
    facts = PROFILES[name].facts
    assert [fact for fact in Fact if facts[fact] is PROFILES["generic"].facts[fact] and fact not in shared] == []


def test_netpol_analyzer_leaves_nothing_open() -> None:
    assert [fact for fact in Fact if PROFILES["netpol-analyzer"].answer(fact) is None] == []
