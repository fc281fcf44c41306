from __future__ import annotations

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import an, istiod, sidecars

RULE = "MSH-031"
WEB = sidecars() + pod("web")


def tokens(**rule: str) -> str:
    return an("RequestAuthentication", "tokens", {"jwtRules": [{"issuer": "me", **rule}]})


def test_addresses_that_nobody_limits() -> None:
    (message,) = messages(RULE, WEB + istiod() + tokens(jwksUri="http://169.254.169.254/keys"))
    assert "makes istiod fetch http://169.254.169.254/keys" in message


def test_addresses_that_are_limited_and_keys_that_are_written_down() -> None:
    limited = istiod(BLOCKED_CIDRS_IN_JWKS_URIS="10.0.0.0/8")
    assert messages(RULE, WEB + limited + tokens(jwksUri="https://x/keys")) == []
    assert len(messages(RULE, WEB + istiod(BLOCKED_CIDRS_IN_JWKS_URIS="") + tokens(jwksUri="https://x/keys"))) == 1
    assert messages(RULE, WEB + istiod() + tokens(jwks="{}")) == []


def test_without_istiod_it_is_open() -> None:
    outcome = checked(RULE, WEB + tokens(jwksUri="https://x/keys"))
    assert not outcome.findings
    assert "no istiod" in outcome.not_evaluable[0].why
