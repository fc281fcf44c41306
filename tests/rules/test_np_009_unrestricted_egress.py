from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, pod, policy

RULE = "NP-009"
WEB = pod("web")
EVERY_PORT = "[{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}]"


def out(*rules: str, name: str = "web") -> str:
    return policy(name, f"{{podSelector: {{}}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}")


def to(*blocks: str, ports: str = "") -> str:
    listed = ", ".join(f"{{ipBlock: {{{block}}}}}" for block in blocks)
    return f"{{to: [{listed}]{', ports: ' + ports if ports else ''}}}"


V4 = "cidr: 0.0.0.0/0"
V6 = "cidr: '::/0'"
LOW, HIGH = "cidr: 0.0.0.0/1", "cidr: 128.0.0.0/1"


def test_a_block_of_all_addresses() -> None:
    (finding,) = checked(RULE, WEB + out(to(V4))).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert finding.message == (
        "Pod shop/web may connect to every IPv4 address of the internet on every port: NetworkPolicy shop/web allows it"
    )
    assert finding.witness is not None
    assert finding.witness.port is None
    assert [one.message for one in finding.related] == ["egress rule 1 of NetworkPolicy shop/web"]


@pytest.mark.parametrize(
    "rules",
    [
        [to(V4, V6)],
        [to(V4), to(V6)],
        [to(LOW, HIGH)],
        [to(LOW), to(HIGH)],
        [to(V4, ports=EVERY_PORT)],
        [to(LOW, ports="[{protocol: UDP}, {protocol: SCTP}]"), to(HIGH), to(LOW, ports="[{protocol: TCP}]")],
        # Private addresses are not the internet.
        [to(V4 + ", except: [10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12, 169.254.169.254/32]")],
        [to(V4), "{to: [{podSelector: {}}], ports: [{port: 80}]}"],
        [to(V6)],
    ],
)
def test_rules_that_leave_nothing_out_together(rules: list[str]) -> None:
    assert len(messages(RULE, WEB + out(*rules))) == 1


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [to(LOW)],
        [to(V4, ports="[{port: 443}]")],
        [to(V4, ports="[{protocol: TCP}]")],
        [to(V4 + ", except: [203.0.113.0/24]")],
        [to(LOW), to(HIGH, ports="[{protocol: TCP}]")],
        ["{to: [{podSelector: {}}]}"],
        # Open to pods too: nothing is closed, which NP-004 finds.
        ["{}"],
    ],
)
def test_rules_that_leave_something_out(rules: list[str]) -> None:
    assert messages(RULE, WEB + out(*rules)) == []


def test_two_policies_together() -> None:
    low, high = out(to(LOW), name="low"), out(to(HIGH), name="high")
    (message,) = messages(RULE, WEB + low + high)
    assert "NetworkPolicy shop/low, NetworkPolicy shop/high allows it" in message or "shop/high" in message
    assert messages(RULE, WEB + low) == []


def test_a_workload_that_nothing_closes_is_found_by_another_rule() -> None:
    assert messages(RULE, WEB) == []
    assert len(messages("NP-004", WEB + out("{}"))) == 1


def test_what_an_admin_policy_denies_first() -> None:
    admin = (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        "spec:\n  priority: 5\n  subject: {namespaces: {}}\n  egress:\n"
        "  - {name: some, action: Deny, to: [{networks: [203.0.113.0/24]}]}\n"
    )
    assert messages(RULE, WEB + out(to(V4)) + admin) == []


def test_the_families_of_the_cluster() -> None:
    addressed = WEB + "status: {podIP: 10.0.0.5, podIPs: [{ip: 10.0.0.5}]}\n"
    assert messages(RULE, addressed + out(to(V6))) == []
    assert len(messages(RULE, addressed + out(to(V4)))) == 1


def test_what_a_rejected_policy_may_open_cannot_be_evaluated() -> None:
    rejected = policy("rejected", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 99999}]}]}")
    outcome = checked(RULE, WEB + out(to(LOW)) + rejected, faulty=True)
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Pod", "shop", "web")]


def test_the_witness_has_the_family_that_is_open() -> None:
    (finding,) = checked(RULE, WEB + out(to(V6))).findings
    assert "every IPv6 address" in finding.message
    assert finding.witness is not None
    assert finding.witness.destination == "2001:db8::10"


def test_a_policy_of_an_unknown_kind_leaves_it_open() -> None:
    cilium = (
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x, namespace: shop}\n"
        "spec: {endpointSelector: {}, egress: [{}]}\n"
    )
    outcome = checked(RULE, WEB + out(to(V4)) + cilium, faulty=True)
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Pod", "shop", "web")]


def test_only_the_rules_that_open_it_are_named() -> None:
    (finding,) = checked(RULE, WEB + out(to("cidr: 203.0.113.0/24"), to(V4))).findings
    assert [one.message for one in finding.related] == ["egress rule 2 of NetworkPolicy shop/web"]
