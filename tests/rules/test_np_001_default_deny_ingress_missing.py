from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity, Subject
from tests.rules.checking import checked, messages, namespace, policy

RULE = "NP-001"
SHOP = namespace("shop")
DENY = policy("deny", "{podSelector: {}, policyTypes: [Ingress]}")
BASELINE = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress:
  - {name: deny, action: Deny, from: [{namespaces: {}}]}
"""


def test_a_namespace_without_policies_is_open() -> None:
    outcome = checked(RULE, SHOP)
    (finding,) = outcome.findings
    assert finding.subject == Subject("Namespace", "", "shop")
    assert finding.witness is not None
    assert finding.place.line == 1 or finding.place.line == 2


def test_a_default_deny_closes_it() -> None:
    assert messages(RULE, SHOP + DENY) == []


@pytest.mark.parametrize(
    "specs",
    [
        # Content unread by others: an egress policy says nothing of ingress.
        ["{podSelector: {}, policyTypes: [Egress]}"],
        ["{podSelector: {matchLabels: {app: web}}}"],
        ["{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}"],
        ["{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}"],
        [
            "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}",
            "{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}}",
        ],
    ],
)
def test_some_labels_escape_the_selectors(specs: list[str]) -> None:
    text = SHOP + "".join(policy(f"p{at}", spec) for at, spec in enumerate(specs))
    (message,) = messages(RULE, text)
    assert "no policy closes ingress" in message


def test_the_labels_that_escape_are_named() -> None:
    text = SHOP + policy("p", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}")
    (message,) = messages(RULE, text)
    assert "app=web" in message


@pytest.mark.parametrize(
    "specs",
    [
        [
            "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}",
            "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}",
        ],
        [
            "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}",
            "{podSelector: {matchLabels: {app: web}}}",
        ],
        [
            "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [a, b]}]}}",
            "{podSelector: {matchExpressions: [{key: app, operator: In, values: [a]}]}}",
            "{podSelector: {matchExpressions: [{key: app, operator: In, values: [b]}, {key: x, operator: Exists}]}}",
            "{podSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}",
        ],
    ],
)
def test_selectors_that_cover_every_pod_together_are_a_proof(specs: list[str]) -> None:
    assert messages(RULE, SHOP + "".join(policy(f"p{at}", spec) for at, spec in enumerate(specs))) == []


@pytest.mark.parametrize("rule", ["{}", "{from: []}", "{from: [{namespaceSelector: {}}]}"])
def test_an_allow_all_policy_is_no_default_deny(rule: str) -> None:
    text = SHOP + policy("open", f"{{podSelector: {{}}, ingress: [{rule}]}}")
    assert "lets everything in to" in messages(RULE, text)[0]
    assert "lets everything in to" in messages(RULE, text + DENY)[0]


def test_an_allow_all_policy_for_pods_that_were_singled_out_is_none_of_its_business() -> None:
    edge = policy("edge", "{podSelector: {matchLabels: {app: edge}}, ingress: [{}]}")
    assert messages(RULE, SHOP + DENY + edge) == []


def test_an_allow_all_policy_on_one_port_is_an_exception_to_the_default() -> None:
    assert messages(RULE, SHOP + DENY + policy("dns", "{podSelector: {}, ingress: [{ports: [{port: 53}]}]}")) == []


def test_a_policy_in_another_namespace_does_not_count() -> None:
    other = policy("deny", "{podSelector: {}}", "elsewhere")
    assert [one.subject.name for one in checked(RULE, SHOP + other).findings] == ["shop"]


def test_a_baseline_closes_namespaces_to_pods_and_not_to_addresses() -> None:
    (finding,) = checked(RULE, SHOP + BASELINE).findings
    assert finding.severity is Severity.LOW
    assert "addresses outside the cluster" in finding.message


def test_an_admin_policy_that_allows_everything_comes_first() -> None:
    admin = BASELINE.replace("BaselineAdminNetworkPolicy", "AdminNetworkPolicy").replace("Deny", "Allow")
    admin = admin.replace("spec:", "spec:\n  priority: 5")
    (message,) = messages(RULE, SHOP + DENY + admin)
    assert "AdminNetworkPolicy default lets everything in" in message


def test_a_policy_that_the_api_server_rejects_is_no_proof_either_way() -> None:
    broken = policy("deny", "{podSelector: {}, ingress: [{ports: [{port: 99999}]}]}")
    outcome = checked(RULE, SHOP + broken, faulty=True)
    assert not outcome.findings
    assert "rejects" in outcome.not_evaluable[0].why
    assert checked(RULE, SHOP + broken + DENY, faulty=True).not_evaluable == ()


def test_namespace_labels_that_are_not_known_leave_it_open() -> None:
    baseline = BASELINE.replace("subject: {namespaces: {}}", "subject: {namespaces: {matchLabels: {tenant: a}}}")
    outcome = checked(RULE, policy("p", "{podSelector: {matchLabels: {a: b}}}") + baseline)
    assert not outcome.findings
    assert "labels of namespace shop" in outcome.not_evaluable[0].why


def test_a_policy_kind_that_is_not_modelled_leaves_it_open() -> None:
    cilium = (
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x, namespace: shop}\n"
        "spec: {endpointSelector: {}, ingress: [{}]}\n"
    )
    outcome = checked(RULE, SHOP + cilium, faulty=True)
    assert not outcome.findings
    assert "not modelled" in outcome.not_evaluable[0].why


def test_the_baseline_of_a_plugin_that_switches_it_off_where_the_other_direction_is_isolated() -> None:
    """network-policy-api leaves open whether Baseline still holds for the ingress of a pod isolated for egress only."""
    egress_only = policy("egress", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}")
    outcome = checked(RULE, SHOP + BASELINE + egress_only)
    assert not outcome.findings
    assert "differ in whether Baseline applies" in outcome.not_evaluable[0].why


def test_an_admin_policy_that_is_rejected_may_do_anything() -> None:
    admin = BASELINE.replace("BaselineAdminNetworkPolicy", "AdminNetworkPolicy").replace("Deny", "Deni")
    outcome = checked(RULE, SHOP + DENY + admin.replace("spec:", "spec:\n  priority: 5"), faulty=True)
    assert not outcome.findings
    assert "rejects AdminNetworkPolicy default" in outcome.not_evaluable[0].why


def test_two_admin_policies_of_one_priority_that_disagree() -> None:
    admin = BASELINE.replace("BaselineAdminNetworkPolicy", "AdminNetworkPolicy").replace(
        "spec:", "spec:\n  priority: 5"
    )
    other = admin.replace("Deny", "Allow").replace("name: default", "name: other")
    outcome = checked(RULE, SHOP + admin + other)
    assert not outcome.findings
    assert "same priority" in outcome.not_evaluable[0].why


def test_what_an_admin_policy_denies_no_network_policy_opens() -> None:
    admin = BASELINE.replace("BaselineAdminNetworkPolicy", "AdminNetworkPolicy").replace(
        "spec:", "spec:\n  priority: 5"
    )
    (finding,) = checked(RULE, SHOP + admin + policy("open", "{podSelector: {}, ingress: [{}]}")).findings
    assert finding.severity is Severity.LOW


ADMIN = BASELINE.replace("BaselineAdminNetworkPolicy", "AdminNetworkPolicy").replace("spec:", "spec:\n  priority: 5")


def test_what_an_earlier_admin_policy_passes_on_is_not_denied_any_more() -> None:
    passing = (
        ADMIN.replace("priority: 5", "priority: 1").replace("Deny", "Pass").replace("name: default", "name: first")
    )
    outcome = checked(RULE, SHOP + ADMIN + passing)
    assert not outcome.findings
    assert "passes everything before others deny it" in outcome.not_evaluable[0].why


def test_a_deny_on_one_port_closes_nothing() -> None:
    ports = ADMIN.replace("from: [{namespaces: {}}]", "from: [{namespaces: {}}], ports: [{portNumber: {port: 80}}]")
    ports = ports.replace("{port: 80}", "{protocol: TCP, port: 80}")
    (finding,) = checked(RULE, SHOP + ports).findings
    assert (finding.severity, finding.evidence) == (None, ("open",))


def test_what_opens_a_namespace_is_another_finding_than_that_nothing_closes_it() -> None:
    (finding,) = checked(RULE, SHOP + DENY + policy("all", "{podSelector: {}, ingress: [{}]}")).findings
    assert finding.evidence == ("opened", "NetworkPolicy shop/all")
    assert [one.message for one in finding.related] == ["this rule lets everything pass"]


def test_a_namespace_whose_name_cannot_be() -> None:
    outcome = checked(RULE, "apiVersion: v1\nkind: Namespace\nmetadata: {name: 'a\"b'}\n", faulty=True)
    assert not outcome.findings
    assert "is no namespace" in outcome.not_evaluable[0].why


def test_an_allow_all_policy_for_pods_that_lack_a_label_opens_the_default() -> None:
    lacking = "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, ingress: [{}]}"
    (finding,) = checked(RULE, SHOP + DENY + policy("all", lacking)).findings
    assert finding.evidence == ("opened", "NetworkPolicy shop/all")


def test_what_baseline_allows_does_not_open_what_a_network_policy_closes() -> None:
    assert messages(RULE, SHOP + DENY + BASELINE.replace("Deny", "Allow")) == []
