from __future__ import annotations

import pytest

from ringfence.rules.finding import Witness
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod, policy, world_of

RULE = "NP-011"
CLUSTER = (
    namespace("shop")
    + namespace("reports", team="reports")
    + pod("database")
    + pod("web")
    + pod("nightly", "reports")
    + pod("intern", "reports")
)
SPACES = "namespaceSelector: {matchLabels: {team: reports}}"
PODS = "podSelector: {matchLabels: {app: nightly}}"


def database(*peers: str, ports: str = "[{port: 5432}]", more: str = "") -> str:
    listed = ", ".join(f"{{{peer}}}" for peer in peers)
    rule = f"{{from: [{listed}], ports: {ports}}}"
    return policy("database", f"{{podSelector: {{matchLabels: {{app: database}}}}, ingress: [{rule}{more}]}}")


@pytest.mark.parametrize("peers", [[SPACES, PODS], [PODS, SPACES], ["ipBlock: {cidr: 203.0.113.0/24}", SPACES, PODS]])
def test_two_peers_open_what_one_would_not(peers: list[str]) -> None:
    (finding,) = checked(RULE, CLUSTER + database(*peers)).findings
    assert finding.message == (
        "ingress rule 1 of NetworkPolicy shop/database has a namespaceSelector and a podSelector as two peers; "
        "as one peer they would not open reports/intern to shop/database"
    )
    assert finding.witness == Witness("reports/pod/intern", "shop/pod/database", 5432, "TCP", Verdict.ALLOWED)
    one = "{" + f"{SPACES}, {PODS}" + "}"
    fixed = world_of(CLUSTER + database(one[1:-1]))
    assert fixed.can("reports/intern", "shop/database", 5432).verdict is Verdict.DENIED
    assert fixed.can("reports/nightly", "shop/database", 5432).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        # One peer, or a namespaceSelector that says that it means all pods.
        database(f"{SPACES}, {PODS}"),
        database(f"{SPACES}, podSelector: {{}}", PODS),
        # All pods of the own namespace beside another namespace: two are meant.
        database(SPACES, "podSelector: {}"),
        # No pod of those namespaces has the labels: two are meant.
        database(SPACES, "podSelector: {matchLabels: {app: web}}"),
        # Not next to each other, or nothing to combine.
        database(SPACES, "ipBlock: {cidr: 10.0.0.0/8}", PODS),
        database(SPACES, SPACES),
        database(PODS, "podSelector: {matchLabels: {app: web}}"),
    ],
)
def test_peers_that_are_meant(text: str) -> None:
    assert messages(RULE, CLUSTER + text) == []


def test_silent_if_no_pair_is_opened() -> None:
    only = CLUSTER.replace(pod("intern", "reports"), "")
    assert messages(RULE, only + database(SPACES, PODS)) == []
    other_rule = f", {{from: [{{{SPACES}}}], ports: [{{port: 5432}}]}}"
    assert messages(RULE, CLUSTER + database(SPACES, PODS, more=other_rule)) == []
    closed = policy("closed", "{podSelector: {}, policyTypes: [Egress]}", "reports")
    assert messages(RULE, CLUSTER + closed + database(SPACES, PODS)) == []


def test_all_namespaces() -> None:
    (message,) = messages(RULE, CLUSTER + database("namespaceSelector: {}", PODS))
    assert "reports/intern to shop/database" in message
    assert "shop/web to shop/database" in message


def test_egress_too() -> None:
    text = policy(
        "web", f"{{podSelector: {{matchLabels: {{app: web}}}}, egress: [{{to: [{{{SPACES}}}, {{{PODS}}}]}}]}}"
    )
    (finding,) = checked(RULE, CLUSTER + text).findings
    assert "shop/web to reports/intern" in finding.message
    assert finding.witness is not None
    assert finding.witness.port == 443


def test_only_some_ports_are_extra() -> None:
    everyone = f", {{from: [{{{SPACES}}}], ports: [{{port: 443}}, {{port: 1}}]}}"
    (finding,) = checked(RULE, CLUSTER + database(SPACES, PODS, ports="[]", more=everyone)).findings
    assert finding.witness is not None
    assert (finding.witness.port, finding.witness.protocol) not in ((1, "TCP"), (443, "TCP"))


def test_many_pairs_are_counted() -> None:
    crowd = "".join(pod(f"p{number}", "reports") for number in range(6))
    (message,) = messages(RULE, CLUSTER + crowd + database(SPACES, PODS))
    assert message.endswith("and 4 others")


def test_namespaces_that_are_not_in_the_input() -> None:
    outcome = checked(RULE, namespace("shop") + pod("database") + database(SPACES, PODS))
    assert not outcome.findings
    assert "no namespace with team=reports" in outcome.not_evaluable[0].why
    outcome = checked(
        RULE, namespace("shop") + namespace("reports", team="reports") + pod("database") + database(SPACES, PODS)
    )
    assert "no workloads in reports" in outcome.not_evaluable[0].why
    unlabelled = CLUSTER.replace(namespace("reports", team="reports"), "")
    outcome = checked(RULE, unlabelled + database(SPACES, PODS))
    assert not outcome.findings
    assert "no Namespace object" in outcome.not_evaluable[0].why


def test_a_pair_that_one_peer_would_open_too_is_not_extra() -> None:
    """Interns may only connect to one port, on which another rule lets them in anyway."""
    interns = "podSelector: {matchLabels: {app: intern}}"
    more = f", {{from: [{{{SPACES}, {interns}}}], ports: [{{port: 5432}}]}}"
    out = policy("out", f"{{{interns}, policyTypes: [Egress], egress: [{{ports: [{{port: 5432}}]}}]}}", "reports")
    rules = database(SPACES, PODS, ports="[{port: 5432}, {port: 5433}]", more=more)
    (message,) = messages(RULE, pod("auditor", "reports") + CLUSTER + out + rules)
    assert message.endswith("would not open reports/auditor to shop/database")


def test_one_peer_is_half_of_one_trap_only() -> None:
    others = namespace("other", team="other") + pod("nightly", "other") + pod("temp", "other")
    third = "namespaceSelector: {matchLabels: {team: other}}"
    (finding,) = checked(RULE, CLUSTER + others + database(SPACES, PODS, third)).findings
    assert finding.evidence == ("ingress", "0", "0")
