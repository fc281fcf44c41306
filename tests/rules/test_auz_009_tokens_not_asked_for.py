from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import an, authorization, gateway, gateway_pod, service, sidecars

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


def routes(gateway_name: str = "edge", field: str = "headers") -> str:
    match = [{field: {"@request.auth.claims.group": {"exact": "admin"}}}]
    http = [{"match": match, "route": [{"destination": {"host": "web"}}]}]
    return an("VirtualService", "admin", {"hosts": ["shop.example"], "gateways": [gateway_name], "http": http})


SERVERS = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
EDGE = sidecars() + gateway("edge", SERVERS) + gateway_pod()
TOKENS = {
    "selector": {"matchLabels": {"istio": "ingressgateway"}},
    "jwtRules": [{"issuer": "i", "jwksUri": "https://i"}],
}


def test_a_route_by_a_claim_that_nobody_validates() -> None:
    (finding,) = checked(RULE, EDGE + routes()).findings
    assert "chooses a route by @request.auth.claims.group, and no RequestAuthentication is for edge" in finding.message
    assert len(messages(RULE, EDGE + routes(field="withoutHeaders"))) == 1
    assert messages(RULE, EDGE + routes() + an("RequestAuthentication", "jwt", TOKENS, "istio-ingress")) == []
    assert messages(RULE, EDGE + routes("mesh")) == []


def test_a_gateway_that_the_input_lacks() -> None:
    outcome = checked(RULE, sidecars() + pod("web") + routes("other/edge"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
