from __future__ import annotations

from typing import Any

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import authorization, service, sidecars

RULE = "AUZ-002"
WEB = sidecars() + pod("web") + pod("app") + service("web")


@pytest.mark.parametrize(
    ("rule", "whom"),
    [
        ({}, "everybody"),
        ({"from": [{"source": {"principals": ["*"]}}]}, "every workload of the mesh"),
        ({"from": [{"source": {"namespaces": ["a"]}}, {"source": {"namespaces": ["*"]}}]}, "every workload"),
    ],
)
def test_everybody_gets_through(rule: dict[str, Any], whom: str) -> None:
    (finding,) = checked(RULE, WEB + authorization([rule])).findings
    assert f"allows {whom}" in finding.message
    assert finding.witness is not None
    assert finding.severity is None


@pytest.mark.parametrize(
    "rule",
    [
        {"from": [{"source": {"namespaces": ["shop"]}}]},
        {"to": [{"operation": {"ports": ["8080"]}}]},
        {"from": [{"source": {"principals": ["*"], "notNamespaces": ["legacy"]}}]},
        {"when": [{"key": "source.namespace", "values": ["shop"]}]},
    ],
)
def test_a_rule_that_asks_for_something(rule: dict[str, Any]) -> None:
    assert messages(RULE, WEB + authorization([rule])) == []


def test_a_rule_that_denies_everybody() -> None:
    assert messages(RULE, WEB + authorization([{}], "DENY")) == []


def test_where_the_network_is_closed_it_is_of_low_severity() -> None:
    closed = policy("closed", "{podSelector: {}, policyTypes: [Ingress]}")
    (finding,) = checked(RULE, WEB + closed + authorization([{}])).findings
    assert finding.severity is Severity.LOW


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + service("web") + authorization([{}]))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
