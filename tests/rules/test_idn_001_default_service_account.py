from __future__ import annotations

from typing import Any

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, ambient, authorization, plain, sidecars

RULE = "IDN-001"
BY_DEFAULT: list[Any] = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/default"]}}]}]


def test_a_workload_that_names_no_account() -> None:
    for space in (sidecars(), ambient()):
        (message,) = messages(RULE, space + pod("web"))
        assert message == "Pod shop/web runs as the ServiceAccount default of shop, as all do that name none"


def test_a_policy_that_allows_whoever_has_it_is_named() -> None:
    (message,) = messages(RULE, sidecars() + pod("web") + account("shop/db") + authorization(BY_DEFAULT, app="db"))
    assert message.endswith("AuthorizationPolicy shop/policy allows whoever has it")


def test_an_account_of_its_own_and_a_workload_outside_of_the_mesh() -> None:
    assert messages(RULE, sidecars() + account("shop/web") + plain() + pod("old", "legacy")) == []


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + authorization(BY_DEFAULT))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
