from __future__ import annotations

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-005"
TYPO = policy("db", "{podSelector: {matchLabels: {app: databse}}}")


def test_a_selector_that_no_pod_has() -> None:
    (finding,) = checked(RULE, pod("database") + TYPO).findings
    assert finding.subject == Subject("NetworkPolicy", "shop", "db")
    assert finding.message == "NetworkPolicy shop/db selects no pod of shop: none has app=databse"
    assert finding.fix == "did you mean app: database?"


def test_a_misspelt_key_and_a_misspelt_namespace_label_are_named() -> None:
    (finding,) = checked(RULE, pod("web") + policy("p", "{podSelector: {matchLabels: {aap: web}}}")).findings
    assert finding.fix == "did you mean app: web?"
    (finding,) = checked(RULE, namespace("shop", tenant="aaa") + pod("web") + ADMIN.replace("tenant: a", "tenant: aa")
                         ).findings  # fmt: skip
    assert finding.fix == "did you mean tenant: aaa?"


def test_a_selector_that_a_pod_has() -> None:
    assert messages(RULE, pod("databse") + TYPO) == []


def test_a_pod_in_another_namespace_does_not_count() -> None:
    (finding,) = checked(RULE, pod("web") + pod("databse", "data") + TYPO).findings
    assert "data" in finding.fix


def test_expressions_are_read() -> None:
    spec = "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}"
    assert len(messages(RULE, pod("web") + policy("p", spec))) == 1
    assert messages(RULE, pod("web") + pod("other") + policy("p", spec)) == []


def test_a_policy_for_all_pods_is_meant_for_pods_to_come() -> None:
    assert messages(RULE, pod("web", "elsewhere") + policy("deny", "{podSelector: {}}")) == []


def test_without_workloads_nothing_can_be_said() -> None:
    outcome = checked(RULE, namespace("shop") + pod("web", "elsewhere") + TYPO)
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("NetworkPolicy", "shop", "db")]


ADMIN = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: tenants}
spec:
  priority: 5
  subject: {namespaces: {matchLabels: {tenant: a}}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""


def test_an_admin_policy_for_namespaces_that_there_are_not() -> None:
    (message,) = messages(RULE, namespace("shop", team="a") + pod("web") + ADMIN)
    assert message == "AdminNetworkPolicy tenants selects no namespace: none has tenant=a"
    assert messages(RULE, namespace("shop", tenant="a") + ADMIN) == []


def test_labels_of_a_namespace_that_are_not_known_leave_it_open() -> None:
    outcome = checked(RULE, pod("web") + ADMIN)
    assert not outcome.findings
    assert "labels that the input does not give" in outcome.not_evaluable[0].why


def test_an_admin_policy_for_pods_that_there_are_not() -> None:
    pods = "subject: {pods: {namespaceSelector: {matchLabels: {tenant: a}}, podSelector: {matchLabels: {app: x}}}}"
    admin = ADMIN.replace("subject: {namespaces: {matchLabels: {tenant: a}}}", pods)
    (message,) = messages(RULE, namespace("shop", tenant="a") + pod("web") + admin)
    assert message.endswith("selects no pod: none has app=x in namespaces with tenant=a")
    assert messages(RULE, namespace("shop", tenant="a") + pod("x") + admin) == []


def test_a_policy_that_the_api_server_rejects_has_other_troubles() -> None:
    broken = policy("db", "{podSelector: {matchLabels: {app: databse}}, ingress: [{ports: [{port: 99999}]}]}")
    outcome = checked(RULE, pod("web") + broken, faulty=True)
    assert (outcome.findings, outcome.not_evaluable) == ((), ())


def test_labels_that_a_controller_will_add_leave_it_open() -> None:
    deployment = (
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: none}]}}\n"
    )
    outcome = checked(RULE, deployment + policy("p", "{podSelector: {matchLabels: {pod-template-hash: abc}}}"))
    assert not outcome.findings
    assert "labels that the input does not give" in outcome.not_evaluable[0].why


def test_of_several_labels_the_one_that_is_misspelt_is_named() -> None:
    spec = "{podSelector: {matchLabels: {app: web, tier: fronk}}}"
    (finding,) = checked(RULE, pod("web", app="web", tier="front") + policy("p", spec)).findings
    assert finding.fix == "did you mean tier: front?"
