from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-020"
SHOP = namespace("shop") + pod("web") + pod("db") + pod("cache")
IN = policy(
    "db",
    "{podSelector: {matchLabels: {app: db}}, ingress: "
    "[{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}",
)


def out(app: str, to: str, ports: str = "{port: 5432}") -> str:
    peer = f"{{to: [{{podSelector: {{matchLabels: {{app: {to}}}}}}}], ports: [{ports}]}}"
    spec = f"{{podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [Egress], egress: [{peer}]}}"
    return policy(f"{app}-to-{to}", spec)


def test_the_named_source_may_not_go_out() -> None:
    (finding,) = checked(RULE, SHOP + IN + out("web", "cache")).findings
    assert finding.subject == Subject("NetworkPolicy", "shop", "db")
    assert finding.evidence == ("ingress", "0", "Pod shop/web")
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.destination, finding.witness.port) == ("shop/web", "shop/db", 5432)
    assert "the policies of shop/web do not let it out" in finding.message


def test_the_named_destination_lets_nobody_in() -> None:
    closed = policy("closed", "{podSelector: {matchLabels: {app: cache}}}")
    (finding,) = checked(RULE, SHOP + out("web", "cache") + closed).findings
    assert finding.evidence == ("egress", "0", "Pod shop/cache")
    assert "the policies of shop/cache do not let it in" in finding.message


@pytest.mark.parametrize("other", ["", out("web", "db"), out("web", "cache") + out("web", "db")])
def test_both_sides_allow_it(other: str) -> None:
    assert messages(RULE, SHOP + IN + other) == []


def test_the_other_side_allows_another_port() -> None:
    assert len(messages(RULE, SHOP + IN + out("web", "db", "{port: 5433}"))) == 2
    assert messages(RULE, SHOP + IN + out("web", "db", "{port: 5000, endPort: 6000}")) == []


def test_a_port_by_name_is_resolved_on_the_destination() -> None:
    named = SHOP.replace("containerPort: 8080", "containerPort: 5432\n      name: sql")
    assert messages(RULE, named + IN.replace("port: 5432", "port: sql") + out("web", "db")) == []
    assert len(messages(RULE, named + IN.replace("port: 5432", "port: sql") + out("web", "cache"))) == 1


@pytest.mark.parametrize("peer", ["{podSelector: {}}", "{namespaceSelector: {}}", "{ipBlock: {cidr: 0.0.0.0/0}}"])
def test_a_rule_that_names_nobody_in_particular(peer: str) -> None:
    text = IN.replace("{podSelector: {matchLabels: {app: web}}}", peer)
    assert messages(RULE, SHOP + text + out("web", "cache")) == []


def test_a_rule_that_works_for_one_of_its_pods() -> None:
    both = IN.replace("{matchLabels: {app: db}}", "{matchExpressions: [{key: app, operator: In, values: [db, cache]}]}")
    assert messages(RULE, SHOP + both + out("web", "cache")) == []


def test_a_named_port_that_works_for_one_of_its_pods() -> None:
    text = (
        SHOP + pod("mysql", port=3306, app="mysql", kind="sql") + pod("postgres", port=5432, app="postgres", kind="sql")
    )
    for number in (3306, 5432):
        text = text.replace(f"containerPort: {number}", f"containerPort: {number}\n      name: sql")
    rule = IN.replace("{app: db}", "{kind: sql}").replace("port: 5432", "port: sql")
    assert messages(RULE, text + rule + out("web", "postgres")) == []
    assert len(messages(RULE, text + rule + out("web", "cache"))) == 1


def test_a_pod_and_itself_need_no_rule() -> None:
    alone = IN.replace("{podSelector: {matchLabels: {app: web}}}", "{podSelector: {matchLabels: {app: db}}}")
    assert messages(RULE, SHOP + alone + out("db", "cache")) == []


def test_a_source_that_is_not_restricted() -> None:
    assert messages(RULE, SHOP + IN + out("cache", "web")) == []


def test_an_admin_policy_is_another_side_too() -> None:
    admin = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: sql}
spec:
  priority: 1
  subject: {namespaces: {}}
  egress:
  - {name: sql, action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 5432}}]}
"""
    assert len(messages(RULE, SHOP + IN + admin)) == 1


def test_a_peer_of_many_workloads_does_not_mean_each_of_them() -> None:
    crowd = "".join(pod(f"w{number}", app="web", own=f"w{number}") for number in range(12))
    closed = policy("closed", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}")
    assert messages(RULE, namespace("shop") + pod("db") + crowd + IN + closed) == []
    few = "".join(pod(f"w{number}", app="web", own=f"w{number}") for number in range(3))
    assert len(messages(RULE, namespace("shop") + pod("db") + few + IN + closed)) == 3


def test_a_peer_of_which_it_is_open_whether_it_may_is_left_alone() -> None:
    rejected = policy(
        "rejected",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 99999}]}]}",
    )
    assert checked(RULE, SHOP + IN + rejected, faulty=True).findings == ()


def test_the_engine_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SHOP + IN + out("web", "cache")
    assert len(messages(RULE, text)) == 1
    monkeypatch.setattr("ringfence.rules.np_020_one_side_only.verdict_of", lambda *asked: Verdict.UNKNOWN)
    assert messages(RULE, text) == []
