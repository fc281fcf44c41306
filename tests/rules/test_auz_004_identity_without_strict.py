from __future__ import annotations

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import authorization, mtls, plain, service, sidecars

RULE = "AUZ-004"
WEB = sidecars() + pod("web") + service("web") + plain() + pod("old", "legacy")
LEGACY = [{"from": [{"source": {"namespaces": ["legacy"]}}]}]


def test_a_rule_that_denies_does_not_see_who_comes_in_plaintext() -> None:
    (finding,) = checked(RULE, WEB + authorization(LEGACY, "DENY")).findings
    assert "in plaintext they pass" in finding.message
    assert finding.severity is None


def test_a_client_without_a_proxy_cannot_satisfy_a_rule_that_allows() -> None:
    (finding,) = checked(RULE, WEB + authorization(LEGACY)).findings
    assert finding.severity is Severity.LOW
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("legacy/pod/old", Verdict.DENIED)


def test_where_no_such_client_gets_through_the_network_the_rule_is_safe() -> None:
    closed = policy("closed", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}")
    assert messages(RULE, WEB + closed + authorization(LEGACY)) == []


def test_where_nobody_proves_anything_the_rule_allows_nobody() -> None:
    (finding,) = checked(RULE, WEB + mtls("DISABLE") + authorization(LEGACY)).findings
    assert finding.severity is Severity.MEDIUM
    assert "nobody can prove one" in finding.message


def test_strict_is_right() -> None:
    assert messages(RULE, WEB + mtls("STRICT") + authorization(LEGACY, "DENY")) == []
    assert messages(RULE, WEB + mtls("STRICT") + authorization(LEGACY)) == []


def test_a_rule_without_identities() -> None:
    assert messages(RULE, WEB + authorization([{"from": [{"source": {"ipBlocks": ["10.0.0.0/8"]}}]}], "DENY")) == []


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + service("web") + authorization(LEGACY, "DENY"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
