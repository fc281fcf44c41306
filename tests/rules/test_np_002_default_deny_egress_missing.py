from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, policy

RULE = "NP-002"
SHOP = namespace("shop")
DENY = policy("deny", "{podSelector: {}, policyTypes: [Egress]}")


def test_a_namespace_without_policies_is_open() -> None:
    (finding,) = checked(RULE, SHOP).findings
    assert "no policy closes egress" in finding.message
    assert finding.witness is not None
    assert finding.witness.source == "@shop"


def test_a_default_deny_closes_it() -> None:
    assert messages(RULE, SHOP + DENY) == []


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}}",
        "{podSelector: {}, policyTypes: [Ingress]}",
        "{podSelector: {}, policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]}",
        "{podSelector: {}, egress: []}",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}",
    ],
)
def test_policies_that_leave_egress_of_some_pod_open(spec: str) -> None:
    (message,) = messages(RULE, SHOP + policy("p", spec))
    assert "may connect to everywhere" in message


def test_egress_rules_alone_close_egress() -> None:
    assert messages(RULE, SHOP + policy("p", "{podSelector: {}, egress: [{to: [{podSelector: {}}]}]}")) == []


def test_an_allow_all_policy_is_no_default_deny() -> None:
    (message,) = messages(RULE, SHOP + DENY + policy("open", "{podSelector: {}, egress: [{}]}"))
    assert "lets everything out of" in message


def test_a_baseline_keeps_pods_apart_and_leaves_addresses() -> None:
    baseline = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\n"
        "metadata: {name: default}\nspec:\n  subject: {namespaces: {}}\n  egress:\n"
        "  - {name: deny, action: Deny, to: [{namespaces: {}}]}\n"
    )
    (finding,) = checked(RULE, SHOP + baseline).findings
    assert finding.severity is Severity.LOW


def test_a_gap_that_the_engine_does_not_confirm_is_no_finding() -> None:
    """Three rules deny together what none of them denies alone: every port."""
    rules = "".join(
        f"  - {{name: {protocol.lower()}, action: Deny, to: [{{namespaces: {{}}}}, {{networks: [0.0.0.0/0, '::/0']}}], "
        f"ports: [{{portRange: {{protocol: {protocol}, start: 1, end: 65535}}}}]}}\n"
        for protocol in ("TCP", "UDP", "SCTP")
    )
    admin = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        f"spec:\n  priority: 5\n  subject: {{namespaces: {{}}}}\n  egress:\n{rules}"
    )
    outcome = checked(RULE, namespace("shop") + admin)
    assert not outcome.findings
    assert "rule by rule" in outcome.not_evaluable[0].why
