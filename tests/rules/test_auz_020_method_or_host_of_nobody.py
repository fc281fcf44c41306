from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("word", "wrong", "fix"),
    [
        ("admin", "every path begins with /", "did you mean /admin?"),
        ("admin/*", "every path begins with /", "did you mean /admin/*?"),
        ("/admin?all=1", "paths are compared without their query", "leave out the ? and the rest"),
        ("*admin*", "a * is a wildcard at one end only", "use {*} for a segment, {**} for any number of them"),
        ("/a/*/b", "a * is a wildcard at one end only", "use {*} for a segment, {**} for any number of them"),
    ],
)
def test_a_path_of_no_request(word: str, wrong: str, fix: str) -> None:
    (finding,) = checked(RULE, SHOP + authorization(rule(paths=[word, "/a"]), "DENY")).findings
    assert f"rule 0 names path {word}, and {wrong}" in finding.message
    assert finding.fix == fix


def test_paths_of_requests() -> None:
    good = ["/", "/a*", "*/b", "*", "/a/{*}/b", "/a/{**}", "*.html"]
    assert messages(RULE, SHOP + authorization(rule(paths=good, notPaths=["/healthz"]))) == []


@pytest.mark.parametrize("key", ["request.headers[cookie]", "request.auth.claims[groups]", "connection.sni"])
def test_a_star_that_stands_for_itself_in_a_condition(key: str) -> None:
    rules = [{"when": [{"key": key, "values": ["*admin*", "*a", "b*", "*"]}]}]
    (message,) = messages(RULE, SHOP + authorization(rules))
    assert "*admin*, and a * is a wildcard at one end only" in message


def test_namespaces_have_stars_anywhere() -> None:
    rules = [{"when": [{"key": "source.namespace", "values": ["*shop*"]}]}]
    assert messages(RULE, SHOP + authorization(rules)) == []
