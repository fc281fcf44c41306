from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import an, authorization, service, sidecars

RULE = "AUZ-009"
WEB = sidecars() + pod("web") + service("web")
BY_TOKEN: list[Any] = [{"from": [{"source": {"requestPrincipals": ["*"]}}]}]
BY_CLAIM: list[Any] = [{"when": [{"key": "request.auth.claims[group]", "values": ["admin"]}]}]
WITHOUT: list[Any] = [{"from": [{"source": {"notRequestPrincipals": ["*"]}}]}]


def tokens(app: str = "web") -> str:
    spec = {"selector": {"matchLabels": {"app": app}}, "jwtRules": [{"issuer": "me", "jwks": "{}"}]}
    return an("RequestAuthentication", "tokens", spec)


@pytest.mark.parametrize("rules", [BY_TOKEN, BY_CLAIM, WITHOUT])
def test_nobody_validates_what_a_rule_asks_for(rules: list[Any]) -> None:
    (message,) = messages(RULE, WEB + authorization(rules))
    assert "no RequestAuthentication validates any at shop/pod/web" in message
    assert messages(RULE, WEB + authorization(rules) + tokens()) == []
    assert len(messages(RULE, WEB + pod("app") + authorization(rules) + tokens("app"))) == 2


def test_no_rule_asks_for_what_is_validated() -> None:
    (message,) = messages(RULE, WEB + tokens())
    assert message.startswith("RequestAuthentication shop/tokens validates tokens at shop/pod/web")


def test_a_workload_that_is_closed_needs_no_token() -> None:
    assert messages(RULE, WEB + tokens() + authorization([])) == []


def test_a_trial_asks_for_nothing() -> None:
    tried = authorization(WITHOUT, "DENY", annotations={"istio.io/dry-run": "true"})
    assert len(messages(RULE, WEB + tokens() + tried)) == 1


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + tokens())
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
