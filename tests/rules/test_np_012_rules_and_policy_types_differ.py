from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, policy

RULE = "NP-012"
WEB = pod("web").replace("containerPort: 8080", "containerPort: 8080\n      name: http")
TO = "[{to: [{podSelector: {matchLabels: {app: db}}}]}]"
FROM = "[{from: [{podSelector: {matchLabels: {app: gateway}}}]}]"


@pytest.mark.parametrize(
    "spec, message",
    [
        (
            f"{{podSelector: {{}}, policyTypes: [Ingress], ingress: {FROM}, egress: {TO}}}",
            "the egress rules of NetworkPolicy shop/p are ignored: policyTypes does not name Egress",
        ),
        (
            f"{{podSelector: {{}}, policyTypes: [Egress], ingress: {FROM}, egress: {TO}}}",
            "the ingress rules of NetworkPolicy shop/p are ignored: policyTypes does not name Ingress",
        ),
        (
            "{podSelector: {}, policyTypes: [Ingress], egress: []}",
            "the deny of all egress (`egress: []`) of NetworkPolicy shop/p is ignored: "
            "policyTypes does not name Egress",
        ),
        (
            "{podSelector: {}, egress: []}",
            "the deny of all egress (`egress: []`) of NetworkPolicy shop/p is ignored: "
            "it has no policyTypes, and the default lacks Egress",
        ),
    ],
)
def test_rules_that_are_ignored(spec: str, message: str) -> None:
    (finding,) = checked(RULE, WEB + policy("p", spec)).findings
    assert finding.message == message
    assert finding.severity is None
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.ALLOWED


@pytest.mark.parametrize("word, rules", [("egress", FROM), ("ingress", TO)])
def test_a_direction_without_rules_beside_rules(word: str, rules: str) -> None:
    other = "ingress" if word == "egress" else "egress"
    spec = f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], {other}: {rules}}}"
    (finding,) = checked(RULE, WEB + policy("p", spec)).findings
    assert finding.severity is Severity.MEDIUM
    assert f"all {word} of its pods is denied" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED
    assert len(messages(RULE, policy("p", spec))) == 1, "without pods nothing speaks against it"


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}, policyTypes: [Ingress, Egress]}",
        "{podSelector: {}, policyTypes: [Egress]}",
        f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: {FROM}, egress: []}}",
        f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: {FROM}, egress: {TO}}}",
        f"{{podSelector: {{}}, policyTypes: [Ingress], ingress: {FROM}}}",
        f"{{podSelector: {{}}, policyTypes: [Ingress], ingress: {FROM}, egress: null}}",
        f"{{podSelector: {{}}, ingress: {FROM}, egress: {TO}}}",
        f"{{podSelector: {{}}, egress: {TO}}}",
        "{podSelector: {}, ingress: []}",
    ],
)
def test_policies_that_agree_with_themselves(spec: str) -> None:
    assert messages(RULE, WEB + policy("p", spec)) == []


def test_what_another_policy_governs_too() -> None:
    closed = policy("p", f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: {FROM}}}")
    assert messages(RULE, WEB + closed + policy("out", f"{{podSelector: {{}}, egress: {TO}}}")) == []
    assert messages(RULE, WEB + closed + policy("deny", "{podSelector: {}, policyTypes: [Egress]}")) == []
    other = policy("out", f"{{podSelector: {{matchLabels: {{app: other}}}}, egress: {TO}}}")
    assert len(messages(RULE, WEB + closed + other)) == 1


def test_pods_that_serve_nobody_may_be_closed() -> None:
    spec = f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], egress: {TO}}}"
    assert messages(RULE, pod("worker") + policy("p", spec)) == []
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: worker, namespace: shop}\n"
        "spec: {selector: {app: worker}, ports: [{port: 80}]}\n"
    )
    assert len(messages(RULE, pod("worker") + service + policy("p", spec))) == 1


def test_the_place_is_that_of_the_rules() -> None:
    text = policy("p", "podSelector: {}\npolicyTypes: [Ingress]\negress:\n- {}")
    (finding,) = checked(RULE, text).findings
    assert text.splitlines()[finding.place.line - 1].strip() == "egress:"


def test_the_witness_is_a_pod_that_nothing_else_closes() -> None:
    ignored = policy("p", f"{{podSelector: {{}}, policyTypes: [Ingress], egress: {TO}}}")
    closed = policy("closed", "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]}")
    (finding,) = checked(RULE, pod("a") + pod("b") + ignored + closed).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/b"
