"""What differs from ClusterNetworkPolicy in what the API server accepts."""

from __future__ import annotations

import pytest

from ringfence.model.problems import Severity
from tests.dialects.reading import admin_network_policy, baseline_policy, read

ALL = "[{namespaces: {}}]"


def port(text: str) -> str:
    return f"ingress: [{{action: Deny, from: {ALL}, ports: [{text}]}}]"


def egress(peers: str, action: str = "Allow") -> str:
    return f"egress: [{{action: {action}, to: {peers}}}]"


def rules(count: int) -> str:
    return f"ingress: [{', '.join([f'{{action: Pass, from: {ALL}}}'] * count)}]"


REJECTED = [
    ("priority: LEFT OUT", "missing-field", "priority: 0"),
    ("priority: 1001", "invalid-priority", "priority: 1000"),
    (egress(ALL, "Accept"), "invalid-action", egress(ALL, "Pass")),
    (
        egress("[{pods: {podSelector: {}}}]"),
        "missing-field",
        egress("[{pods: {podSelector: {}, namespaceSelector: {}}}]"),
    ),
    (egress("[{domainNames: [a.b]}]", "Deny"), "domain-names-need-accept", egress("[{domainNames: [a.b]}]")),
    (rules(101), "too-many", rules(100)),
    (port("{}"), "missing-field", port("{portNumber: {port: 80}}")),
    (port("{portNumber: {protocol: TCP}}"), "missing-field", port("{portNumber: {port: 80, protocol: null}}")),
    (
        port("{portNumber: {port: 80, protocol: tcp}}"),
        "invalid-protocol",
        port("{portNumber: {port: 80, protocol: UDP}}"),
    ),
    (port("{portRange: {start: 6, end: 5}}"), "invalid-port-range", port("{portRange: {start: 5, end: 5}}")),
    (port("{namedPort: ''}"), "invalid-port-name", port("{namedPort: web}")),
    (
        "egress: [{action: Deny, to: [{networks: ['::/0']}], ports: [{namedPort: web}]}]",
        "named-port-on-addresses",
        f"egress: [{{action: Deny, to: {ALL}, ports: [{{namedPort: web}}]}}]",
    ),
]


@pytest.mark.parametrize("rest, code, near", REJECTED)
def test_rejected(rest: str, code: str, near: str) -> None:
    _, problems = read(admin_network_policy(rest))
    assert [(p.code, p.severity) for p in problems] == [(code, Severity.ERROR)]
    accepted, silent = read(admin_network_policy(near))
    assert silent == []
    assert not accepted.broken


BASELINE_REJECTED = [
    (egress(ALL, "Pass"), ["invalid-action"]),
    (egress("[{domainNames: [a.b]}]"), ["unknown-field", "missing-field"]),
]


@pytest.mark.parametrize("rest, codes", BASELINE_REJECTED)
def test_baseline_rejected(rest: str, codes: list[str]) -> None:
    rules, problems = read(baseline_policy(rest))
    assert [p.code for p in problems] == codes
    assert rules.broken


def test_baseline_is_called_default() -> None:
    assert read(baseline_policy(egress(ALL)))[1] == []
    rules, (problem,) = read(baseline_policy(egress(ALL), name="mine"))
    assert (problem.code, problem.hint) == ("invalid-name", "name it default")
    assert rules.broken


@pytest.mark.parametrize("rest, hint", [("tier: Admin", "the spec has"), ("priorities: 5", "did you mean priority?")])
def test_unknown_fields_are_dropped(rest: str, hint: str) -> None:
    rules, (problem,) = read(admin_network_policy(rest))
    assert problem.code == "unknown-field"
    assert problem.hint.startswith(hint)
    assert not rules.broken


def test_protocols_are_called_ports_here() -> None:
    rest = f"ingress: [{{action: Deny, from: {ALL}, protocols: [{{tcp: {{destinationPort: {{number: 80}}}}}}]}}]"
    _, (problem,) = read(admin_network_policy(rest))
    assert problem.hint == "did you mean ports?" or problem.hint == "here it is written ports"
    assert "covers every port" in problem.message
