"""The engine and the oracle answer the same, over random clusters. The long run is ``python -m tests.oracle.run``."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.oracle.objects import read_cluster
from tests.oracle.profiles import PROFILES
from tests.properties import corner_cases, profile_cases, service_cases
from tests.properties.clusters import end_text, questions, scenario
from tests.properties.comparison import (
    Difference,
    compare,
    engine_answer,
    engine_verdict,
    load,
    options,
    oracle_verdict,
    smallest,
)
from tests.properties.corner_cases import CornerCase

pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)


CASES = [
    pytest.param(case, id=case.why)
    for case in (*corner_cases.CASES, *service_cases.CASES, *service_cases.OPEN_BACKENDS, *profile_cases.CASES)
]


@pytest.mark.parametrize("case", CASES)
def test_corner_case(case: CornerCase) -> None:
    found = [difference for difference in compare(list(case.objects), case.given, case.questions) if difference]
    assert not found, str(found[0])


# Without hypothesis' own shrinking: the comparison leaves out objects and fields by itself.
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(RANDOMS)
def test_every_verdict_is_that_of_the_oracle(random: Random) -> None:
    made = scenario(random)
    cluster = read_cluster(made.objects, options(made.given))
    world = load(made.objects, made.given)
    for question in questions(random, made, 10):
        oracle = oracle_verdict(cluster, question)
        engine = engine_verdict(world, question)
        if oracle is not None and engine != oracle:
            note(str(smallest(Difference(made.objects, made.given, question, engine, oracle))))
            assert engine == oracle


@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(RANDOMS)
def test_every_verdict_under_any_profile_is_that_of_the_oracle(random: Random) -> None:
    made = scenario(random, tuple(PROFILES))
    cluster = read_cluster(made.objects, options(made.given))
    world = load(made.objects, made.given)
    for question in questions(random, made, 10):
        oracle = oracle_verdict(cluster, question)
        engine = engine_verdict(world, question)
        if oracle is not None and engine != oracle:
            note(str(smallest(Difference(made.objects, made.given, question, engine, oracle))))
            assert engine == oracle


@settings(suppress_health_check=list(HealthCheck))
@given(RANDOMS)
def test_every_unknown_says_why(random: Random) -> None:
    made = scenario(random, tuple(PROFILES))
    world = load(made.objects, made.given)
    for question in questions(random, made, 10):
        answer = engine_answer(world, question)
        for part in answer.parts:
            if part.verdict.value == "unknown":
                assert part.reason.code, end_text(question.source)
                assert part.reason.message
                assert "not-decided" not in part.reason.code
        if answer.verdict.value == "unknown":
            assert answer.reason.message
            assert "not-decided" not in answer.reason.code
