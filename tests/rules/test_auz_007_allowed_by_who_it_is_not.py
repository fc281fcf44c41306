from __future__ import annotations

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, authorization, mtls, plain, service, sidecars

RULE = "AUZ-007"
WEB = pod("web") + service("web") + plain() + pod("old", "legacy")
NOT_LEGACY = [{"from": [{"source": {"notNamespaces": ["legacy"]}}]}]


@pytest.mark.parametrize("space", [sidecars(), ambient()])
def test_plaintext_satisfies_it(space: str) -> None:
    (finding,) = checked(RULE, space + WEB + authorization(NOT_LEGACY)).findings
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("legacy/pod/old", Verdict.ALLOWED)


def test_a_condition_says_the_same() -> None:
    rules = [{"when": [{"key": "source.principal", "notValues": ["cluster.local/ns/legacy/sa/default"]}]}]
    assert len(messages(RULE, sidecars() + WEB + authorization(rules))) == 1


def test_strict_asks_for_a_proof() -> None:
    assert messages(RULE, sidecars() + WEB + mtls("STRICT") + authorization(NOT_LEGACY)) == []


def test_a_rule_that_asks_for_a_proof_itself() -> None:
    rules = [{"from": [{"source": {"principals": ["*"], "notNamespaces": ["legacy"]}}]}]
    assert messages(RULE, sidecars() + WEB + authorization(rules)) == []


@pytest.mark.parametrize("key", ["request.auth.claims[iss]", "request.auth.audiences", "request.auth.principal"])
def test_a_rule_that_asks_for_a_token(key: str) -> None:
    rules = [{"from": [{"source": {"notNamespaces": ["legacy"]}}], "when": [{"key": key, "values": ["shop"]}]}]
    assert messages(RULE, sidecars() + WEB + authorization(rules)) == []


def test_a_token_that_must_not_say_something_is_no_proof() -> None:
    condition = {"key": "request.auth.claims[iss]", "notValues": ["shop"]}
    rules = [{"from": [{"source": {"notNamespaces": ["legacy"]}}], "when": [condition]}]
    assert len(messages(RULE, sidecars() + WEB + authorization(rules))) == 1


def test_one_of_several_sources_is_enough() -> None:
    rules = [{"from": [{"source": {"principals": ["*"]}}, {"source": {"notNamespaces": ["legacy"]}}]}]
    assert len(messages(RULE, sidecars() + WEB + authorization(rules))) == 1


def test_a_rule_that_denies_by_absence_is_another_matter() -> None:
    assert messages(RULE, sidecars() + WEB + authorization(NOT_LEGACY, "DENY")) == []


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + service("web") + authorization(NOT_LEGACY))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
