from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, pod, policy

RULE = "NP-004"
WEB = pod("web")


def test_a_workload_without_policies_is_open() -> None:
    (finding,) = checked(RULE, WEB).findings
    assert finding.message == "Pod shop/web may connect to everywhere: no policy closes its egress"
    assert finding.witness is not None
    assert finding.witness.source == "shop/web"


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}, policyTypes: [Egress]}",
        "{podSelector: {}, egress: [{to: [{podSelector: {}}]}]}",
        # Open to addresses and closed to pods: NP-009.
        "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}",
    ],
)
def test_policies_that_close_it(spec: str) -> None:
    assert messages(RULE, WEB + policy("p", spec)) == []


@pytest.mark.parametrize(
    "text",
    [
        policy("p", "{podSelector: {}}"),
        policy("p", "{podSelector: {}, egress: []}"),
        policy("p", "{podSelector: {}, policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]}"),
        policy("p", "{podSelector: {}, policyTypes: [Egress]}", "elsewhere"),
    ],
)
def test_policies_that_look_like_it_and_do_not(text: str) -> None:
    (message,) = messages(RULE, WEB + text)
    assert "no policy closes its egress" in message


@pytest.mark.parametrize("rules", ["[{}]", "[{to: [{namespaceSelector: {}}]}]"])
def test_policies_that_let_everything_out(rules: str) -> None:
    (message,) = messages(RULE, WEB + policy("open", f"{{podSelector: {{}}, ingress: [{{}}], egress: {rules}}}"))
    assert "NetworkPolicy shop/open lets all of them be reached" in message


def test_admin_policies_that_deny_everybody_without_one_rule_that_does() -> None:
    peers = (
        "{pods: {namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: Exists}]}}}",
        "{pods: {namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}}",
        "{networks: [0.0.0.0/0, '::/0']}",
    )
    rules = "".join(f"  - {{name: r{at}, action: Deny, to: [{peer}]}}\n" for at, peer in enumerate(peers))
    text = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        f"spec:\n  priority: 5\n  subject: {{namespaces: {{}}}}\n  egress:\n{rules}"
    )
    outcome = checked(RULE, pod("web") + text)
    assert not outcome.findings
    assert "rule by rule" in outcome.not_evaluable[0].why
