from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-015"
SHOP = namespace("shop") + pod("web") + pod("db")
OPEN = policy("open", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}")


def admin(kind: str, rules: str, name: str = "default", priority: int | None = 5) -> str:
    line = f"  priority: {priority}\n" if kind == "AdminNetworkPolicy" else ""
    return (
        f"---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
        f"spec:\n{line}  subject: {{namespaces: {{}}}}\n  ingress: {rules}\n"
    )


def act(action: str) -> str:
    return f"[{{name: x, action: {action}, from: [{{namespaces: {{}}}}]}}]"


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}, ingress: [{}]}",
        "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: []}]}",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}, {from: []}]}",
        "{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}, {ports: [{protocol: UDP}, {protocol: SCTP}]}]}",
    ],
)
def test_a_policy_that_lets_everything_pass(spec: str) -> None:
    (finding,) = checked(RULE, SHOP + policy("open", spec)).findings
    assert finding.message == (
        "NetworkPolicy shop/open changes nothing: it lets everything pass for pods that no other policy closes"
    )
    assert finding.witness is not None


@pytest.mark.parametrize(
    "spec",
    [
        "{podSelector: {}}",
        "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
        "{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}]}",
    ],
)
def test_a_policy_that_stops_something(spec: str) -> None:
    assert messages(RULE, SHOP + policy("p", spec)) == []


@pytest.mark.parametrize(
    "other, count",
    [
        (policy("deny", "{podSelector: {}}"), 0),
        (policy("deny", "{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}"), 0),
        (policy("deny", "{podSelector: {matchLabels: {app: db}}}"), 1),
        (policy("deny", "{podSelector: {}, policyTypes: [Egress]}"), 1),
        (policy("deny", "{podSelector: {}}", "elsewhere"), 1),
        (OPEN.replace("name: open", "name: other"), 2),
        (admin("BaselineAdminNetworkPolicy", act("Deny")), 0),
    ],
)
def test_what_other_policies_close_it_opens(other: str, count: int) -> None:
    assert len(messages(RULE, SHOP + OPEN + other)) == count


def test_a_policy_that_selects_nothing_is_found_elsewhere() -> None:
    assert messages(RULE, namespace("shop") + pod("db") + OPEN) == []
    assert len(messages(RULE, namespace("shop") + OPEN)) == 1


def test_pods_to_come_are_opened_too() -> None:
    baseline = admin("BaselineAdminNetworkPolicy", act("Deny"))
    assert messages(RULE, namespace("shop") + OPEN + baseline) == []


@pytest.mark.parametrize(
    "text, count",
    [
        (admin("AdminNetworkPolicy", "[]"), 1),
        (admin("AdminNetworkPolicy", act("Pass")), 1),
        (admin("AdminNetworkPolicy", act("Allow")), 0),
        (admin("AdminNetworkPolicy", act("Pass")) + admin("AdminNetworkPolicy", act("Deny"), "later", 9), 0),
        (admin("AdminNetworkPolicy", act("Pass")) + admin("AdminNetworkPolicy", act("Deny"), "earlier", 1), 1),
        (admin("BaselineAdminNetworkPolicy", act("Allow")), 1),
        (admin("BaselineAdminNetworkPolicy", act("Deny")), 0),
    ],
)
def test_admin_policies(text: str, count: int) -> None:
    assert len(messages(RULE, SHOP + text)) == count


def test_the_finding_is_true() -> None:
    from tests.rules.checking import world_of

    world = world_of(SHOP + OPEN)
    assert world.fingerprint() == world.what_if(remove=["shop/open"]).fingerprint()


def test_the_witness_is_a_connection_in_the_direction_that_is_open() -> None:
    (finding,) = checked(RULE, SHOP + OPEN).findings
    assert finding.witness is not None
    assert finding.witness.destination == "shop/pod/web"


def test_without_pods_a_policy_on_some_ports_still_closes_others() -> None:
    assert messages(RULE, namespace("shop") + policy("p", "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}")) == []


def test_what_baseline_allows_before_a_denial_of_its_tier_counts() -> None:
    deny = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: deny}\n"
        "spec:\n  tier: Baseline\n  priority: 9\n  subject: {namespaces: {}}\n"
        "  ingress: [{name: x, action: Deny, from: [{namespaces: {}}]}]\n"
    )
    allow = deny.replace("name: deny", "name: allow").replace("priority: 9", "priority: 1").replace("Deny", "Accept")
    assert len(messages(RULE, SHOP + allow)) == 1
    assert messages(RULE, SHOP + allow + deny) == []


def test_the_engine_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.rules.vacuity.unchanged", lambda situation, changes: False)
    assert messages(RULE, SHOP + OPEN) == []
