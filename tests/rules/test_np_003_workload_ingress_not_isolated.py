from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity, Subject
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-003"
WEB = namespace("shop") + pod("web", app="web", tier="front")
ADMIN = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: {kind}
metadata: {{name: default}}
spec:
  {priority}
  subject: {{namespaces: {{}}}}
  ingress:
  - {{name: all, action: {action}, from: [{{namespaces: {{}}}}]}}
"""


def admin(action: str, kind: str = "AdminNetworkPolicy") -> str:
    priority = "priority: 5" if kind == "AdminNetworkPolicy" else ""
    return ADMIN.format(kind=kind, action=action, priority=priority)


def test_a_workload_without_policies_is_open() -> None:
    (finding,) = checked(RULE, WEB).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert finding.message == "Pod shop/web accepts connections from everywhere: no policy closes its ingress"
    assert finding.witness is not None
    assert finding.witness.destination == "shop/web"


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}}",
        "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}",
        # Only expressions, and labels beside expressions.
        "{podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}",
        "{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}}",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]}",
    ],
)
def test_policies_that_close_it(spec: str) -> None:
    assert messages(RULE, WEB + policy("p", spec)) == []


@pytest.mark.parametrize(
    "text",
    [
        policy("p", "{podSelector: {}}", "elsewhere"),
        policy("p", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}"),
        policy("p", "{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: x, operator: Exists}]}}"),
        policy("p", "{podSelector: {}, policyTypes: [Egress]}"),
        policy("p", "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}"),
        policy("p", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}"),
    ],
)
def test_policies_that_look_like_it_and_do_not(text: str) -> None:
    (message,) = messages(RULE, WEB + text)
    assert "no policy closes its ingress" in message


@pytest.mark.parametrize(
    "rules",
    [
        "[{}]",
        "[{from: []}]",
        "[{from: [{namespaceSelector: {}}]}]",
        "[{from: [{podSelector: {matchLabels: {a: b}}}]}, {from: [{namespaceSelector: {}}]}]",
        "[{ports: [{port: 1, endPort: 65535, protocol: TCP}, {protocol: UDP}]}, {ports: [{protocol: SCTP}]}]",
        "[{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: Exists}]}},"
        " {namespaceSelector: {}, podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}]}]",
    ],
)
def test_policies_that_let_every_pod_in(rules: str) -> None:
    spec = f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: {rules}, egress: [{{}}]}}"
    (finding,) = checked(RULE, WEB + policy("open", spec)).findings
    assert "NetworkPolicy shop/open lets all of them in" in finding.message
    assert finding.related


def test_two_policies_may_open_it_together() -> None:
    first = policy("tcp", "{podSelector: {}, ingress: [{ports: [{protocol: TCP}, {protocol: UDP}]}]}")
    second = policy("sctp", "{podSelector: {}, ingress: [{ports: [{protocol: SCTP}]}]}")
    assert "together" in messages(RULE, WEB + first + second)[0]
    assert messages(RULE, WEB + first) == []


def test_an_open_pod_of_a_workload_is_named() -> None:
    owner = (
        "\n  ownerReferences:\n  - {apiVersion: apps/v1, kind: StatefulSet, name: db, uid: a, controller: true}\nspec:"
    )
    pods = pod("db-0", app="db", ordinal="first").replace("\nspec:", owner) + pod(
        "db-1", app="db", ordinal="second"
    ).replace("\nspec:", owner)
    (finding,) = checked(RULE, pods + policy("p", "{podSelector: {matchLabels: {ordinal: first}}}")).findings
    assert finding.subject == Subject("StatefulSet", "shop", "db")
    assert finding.witness is not None
    assert finding.witness.destination == "shop/pod/db-1"


def test_admin_policies_that_deny_every_pod_leave_addresses() -> None:
    for kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"):
        (finding,) = checked(RULE, WEB + admin("Deny", kind)).findings
        assert finding.severity is Severity.LOW
        assert messages(RULE, WEB + admin("Deny", kind) + policy("p", "{podSelector: {}}")) == []


def test_an_admin_policy_that_allows_everything_comes_first() -> None:
    (message,) = messages(RULE, WEB + policy("deny", "{podSelector: {}}") + admin("Allow"))
    assert "AdminNetworkPolicy default lets all of them in" in message
    assert messages(RULE, WEB + policy("deny", "{podSelector: {}}") + admin("Pass")) == []


def test_an_admin_policy_that_denies_comes_before_a_policy_that_opens() -> None:
    (finding,) = checked(RULE, WEB + policy("open", "{podSelector: {}, ingress: [{}]}") + admin("Deny")).findings
    assert "addresses outside" in finding.message


def test_each_witness_holds_where_admin_policies_tell_workloads_apart() -> None:
    some = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: some}\n"
        "spec:\n  priority: 5\n  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}\n"
        "  ingress:\n  - {name: x, action: Deny, from: [{namespaces: {matchExpressions: "
        "[{key: team, operator: DoesNotExist}]}}]}\n"
    )
    found = checked(RULE, WEB + pod("a") + pod("b") + some).findings
    assert [one.witness and one.witness.source for one in found] == ["203.0.113.10", "@stranger", "@stranger"]


def test_admin_policies_that_deny_everybody_without_one_rule_that_does() -> None:
    rules = "".join(
        f"  - {{name: {name}, action: Deny, from: [{{pods: {{namespaceSelector: {{}}, podSelector: {{matchExpressions: "
        f"[{{key: a, operator: {operator}}}]}}}}}}]}}\n"
        for name, operator in (("with", "Exists"), ("without", "DoesNotExist"))
    )
    text = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        f"spec:\n  priority: 5\n  subject: {{namespaces: {{}}}}\n  ingress:\n{rules}"
    )
    (finding,) = checked(RULE, WEB + text).findings
    assert "everywhere that no admin policy denies" in finding.message
    assert finding.witness is not None
    assert finding.witness.source == "203.0.113.10"


def test_a_pod_on_the_network_of_its_node() -> None:
    host = WEB.replace("containers:", "hostNetwork: true\n  containers:")
    (finding,) = checked(RULE, host).findings
    assert finding.severity is Severity.LOW
    assert "network of their node" in finding.message
    outcome = checked(RULE, host + policy("deny", "{podSelector: {}}"))
    assert not outcome.findings
    assert "hostNetwork" in outcome.not_evaluable[0].why


def test_what_is_open_is_neither_passed_nor_failed() -> None:
    broken = policy("deny", "{podSelector: {}, ingress: [{ports: [{port: 99999}]}]}")
    outcome = checked(RULE, WEB + broken, faulty=True)
    assert not outcome.findings
    assert "rejects" in outcome.not_evaluable[0].why
    cilium = (
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x, namespace: shop}\n"
        "spec: {endpointSelector: {}, ingress: [{}]}\n"
    )
    outcome = checked(RULE, WEB + cilium, faulty=True)
    assert not outcome.findings
    assert outcome.not_evaluable[0].scope == Subject("Namespace", "", "shop")


def test_a_baseline_that_allows_closes_nothing() -> None:
    (finding,) = checked(RULE, WEB + admin("Allow", "BaselineAdminNetworkPolicy")).findings
    assert finding.severity is None


def test_an_admin_policy_that_denies_one_port_closes_nothing() -> None:
    ports = "from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 80}}]"
    one_port = admin("Deny").replace("from: [{namespaces: {}}]", ports)
    assert ports in one_port
    (finding,) = checked(RULE, WEB + one_port).findings
    assert (finding.severity, finding.evidence) == (None, ("open",))


def test_only_the_policies_that_open_it_are_named() -> None:
    first = policy("a", "{podSelector: {}, ingress: [{ports: [{protocol: TCP}, {protocol: UDP}]}]}")
    idle = policy("b", "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}")
    second = policy("c", "{podSelector: {}, ingress: [{ports: [{protocol: SCTP}]}]}")
    (finding,) = checked(RULE, WEB + first + idle + second).findings
    assert finding.evidence == ("opened", "NetworkPolicy shop/a", "NetworkPolicy shop/c")
