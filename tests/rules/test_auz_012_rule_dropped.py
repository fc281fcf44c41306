from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import authorization, sidecars

RULE = "AUZ-012"


def when(key: str) -> list[dict[str, object]]:
    return [{}, {"when": [{"key": key, "values": ["legacy"]}]}]


@pytest.mark.parametrize(
    ("key", "action", "words", "severity"),
    [
        ("source.Namespace", "DENY", "nothing of it is denied", None),
        ("source.Namespace", "ALLOW", "it allows nothing", Severity.MEDIUM),
        ("request.headers", "ALLOW", "it allows nothing", Severity.MEDIUM),
        ("request.headers", "DENY", "matches more", Severity.MEDIUM),
        ("request.auth.claims", "DENY", "nothing of it is denied", None),
        ("request.auth.claims", "ALLOW", "matches nothing", Severity.MEDIUM),
    ],
)
def test_a_key_that_is_none(key: str, action: str, words: str, severity: Severity | None) -> None:
    text = sidecars() + pod("web") + authorization(when(key), action)
    (finding,) = checked(RULE, text, faulty=True).findings
    assert words in finding.message
    assert "rule 1" in finding.message
    assert finding.severity is severity


def test_claims_without_a_name_always_hold_where_they_are_excluded() -> None:
    rules = [{}, {"when": [{"key": "request.auth.claims", "notValues": ["legacy"]}]}]
    (finding,) = checked(RULE, sidecars() + pod("web") + authorization(rules, "ALLOW"), faulty=True).findings
    assert "always holds" in finding.message


def test_the_hint_is_the_key_that_was_meant() -> None:
    (finding,) = checked(RULE, sidecars() + authorization(when("source.Namespace"), "DENY"), faulty=True).findings
    assert "source.namespace" in finding.fix


@pytest.mark.parametrize("key", ["source.namespace", "request.headers[x-user]", "request.auth.claims[a][b]"])
def test_a_key_that_is_one(key: str) -> None:
    assert messages(RULE, sidecars() + pod("web") + authorization(when(key), "DENY")) == []
