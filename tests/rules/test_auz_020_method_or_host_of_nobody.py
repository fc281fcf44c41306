from __future__ import annotations

from tests.rules.checking import checked, messages
from tests.rules.meshed import account, authorization, service, sidecars

RULE = "AUZ-020"
SHOP = sidecars() + account("shop/web") + service("web")


def rule(**operation: list[str]) -> list[object]:
    return [{"to": [{"operation": operation}]}]


def test_methods_are_compared_case_by_case() -> None:
    (finding,) = checked(RULE, SHOP + authorization(rule(methods=["get", "POST"]), "DENY")).findings
    assert "rule 0 names method get, and HTTP has none" in finding.message
    assert finding.fix == "did you mean GET?"
    assert messages(RULE, SHOP + authorization(rule(methods=["GET", "P*", "PROPFIND", "*"]))) == []
    assert len(messages(RULE, SHOP + authorization(rule(notMethods=["FETCH"])))) == 1


def test_a_host_of_no_service() -> None:
    (message,) = messages(RULE, SHOP + authorization(rule(hosts=["wbe.shop.svc.cluster.local:80"])))
    assert "names host wbe.shop.svc.cluster.local:80, and there is no such Service" in message
    good = ["web.shop.svc.cluster.local", "web.shop.svc.cluster.local:*", "WEB.shop.svc.cluster.local", "a.example"]
    assert messages(RULE, SHOP + authorization(rule(hosts=good))) == []


def test_a_host_of_a_namespace_that_the_input_lacks() -> None:
    outcome = checked(RULE, SHOP + authorization(rule(hosts=["db.data.svc.cluster.local"])))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
