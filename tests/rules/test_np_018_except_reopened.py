from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-018"
SHOP = namespace("shop") + pod("web") + pod("db")
METADATA = "{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}"


def out(*peers: str, ports: str = "", selector: str = "{}") -> str:
    """An egress policy of one rule."""
    more = f", ports: [{ports}]" if ports else ""
    rule = f"{{to: [{', '.join(peers)}]{more}}}" if peers else f"{{{more.removeprefix(', ')}}}"
    return f"{{podSelector: {selector}, policyTypes: [Egress], egress: [{rule}]}}"


def block(cidr: str) -> str:
    return f"{{ipBlock: {{cidr: {cidr}}}}}"


@pytest.mark.parametrize(
    "other",
    [out(block("169.254.0.0/16")), out(), out(block("0.0.0.0/1"), block("128.0.0.0/1"))],
)
def test_another_policy_opens_it_again(other: str) -> None:
    (finding,) = checked(RULE, SHOP + policy("a", out(METADATA)) + policy("b", other)).findings
    assert finding.witness is not None
    assert finding.witness.destination == "169.254.169.254"
    assert "NetworkPolicy shop/b rule 0" in finding.message
    assert finding.severity is None


def test_another_peer_of_the_rule_opens_it_again() -> None:
    (message,) = messages(RULE, SHOP + policy("a", out(METADATA, block("169.254.0.0/16"))))
    assert "another peer of the rule" in message


@pytest.mark.parametrize(
    "other",
    [
        out(METADATA),
        out(block("10.0.0.0/8")),
        out(block("169.254.0.0/16"), selector="{matchLabels: {app: other}}"),
        out("{podSelector: {}}"),
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 169.254.0.0/16}}]}]}",
        out(block("169.254.0.0/16"), ports="{port: named}"),
    ],
)
def test_another_policy_does_not(other: str) -> None:
    assert messages(RULE, SHOP + policy("a", out(METADATA)) + policy("b", other)) == []


def test_other_ports_do_not() -> None:
    first, second = out(METADATA, ports="{port: 443}"), out(block("169.254.0.0/16"), ports="{port: 53}")
    assert messages(RULE, SHOP + policy("a", first) + policy("b", second)) == []


def test_some_of_the_ports_or_addresses_do_in_part() -> None:
    wide = METADATA.replace("169.254.169.254/32", "10.0.0.0/8")
    (finding,) = checked(RULE, SHOP + policy("a", out(wide)) + policy("b", out(block("10.1.0.0/16")))).findings
    assert finding.severity is Severity.LOW
    assert "in part" in finding.message
    assert messages(RULE, SHOP + policy("a", out(wide, block("10.1.0.0/16")))) == []


def test_several_policies_open_it_together() -> None:
    wide = METADATA.replace("169.254.169.254/32", "10.0.0.0/8")
    text = (
        SHOP + policy("a", out(wide)) + policy("b", out(block("10.0.0.0/9"))) + policy("c", out(block("10.128.0.0/9")))
    )
    (finding,) = checked(RULE, text).findings
    assert finding.severity is None
    assert "shop/b" in finding.message
    assert "shop/c" in finding.message


def test_the_other_policy_selects_only_some_of_the_pods() -> None:
    other = out(block("169.254.0.0/16"), selector="{matchLabels: {app: db}}")
    (finding,) = checked(RULE, SHOP + policy("a", out(METADATA)) + policy("b", other)).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/db"


def test_an_admin_policy_that_denies_it_closes_it() -> None:
    admin = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: metadata}
spec:
  priority: 1
  subject: {namespaces: {}}
  egress:
  - {name: metadata, action: Deny, to: [{networks: [169.254.169.254/32]}]}
"""
    text = SHOP + policy("a", out(METADATA)) + policy("b", out(block("169.254.0.0/16")))
    assert len(messages(RULE, text)) == 1
    assert messages(RULE, text + admin) == []


def test_without_workloads_policies_for_the_same_pods_are_compared() -> None:
    same = "{matchLabels: {app: web}}"
    first = policy("a", out(METADATA, selector=same))
    assert len(messages(RULE, first + policy("b", out(block("169.254.0.0/16"))))) == 1
    other = policy("b", out(block("169.254.0.0/16"), selector="{matchLabels: {app: db}}"))
    assert messages(RULE, first + other) == []


def test_an_except_within_an_except_adds_nothing() -> None:
    peer = "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.0.0/16]}}"
    (finding,) = checked(RULE, SHOP + policy("a", out(peer))).findings
    assert finding.severity is Severity.LOW
    assert "10.0.0.0/8 is excepted too" in finding.message


def test_ingress_too() -> None:
    text = "{podSelector: {}, ingress: [{from: [%s]}]}"
    bad = "{ipBlock: {cidr: 0.0.0.0/0, except: [198.51.100.0/24]}}"
    (finding,) = checked(
        RULE, SHOP + policy("a", text % bad) + policy("b", "{podSelector: {}, ingress: [{}]}")
    ).findings
    assert finding.witness is not None
    assert finding.witness.source.startswith("198.51.100.")


def test_only_rules_for_the_same_pods_are_named() -> None:
    other = policy("b", out(block("169.254.0.0/16"), selector="{matchLabels: {app: none}}"))
    (message,) = messages(RULE, SHOP + policy("a", out(METADATA)) + other + policy("c", out(block("169.254.0.0/16"))))
    assert "shop/c" in message
    assert "shop/b" not in message


def test_an_except_that_is_written_twice_in_two_ways_adds_nothing() -> None:
    peer = "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.2.3/8]}}"
    (finding,) = checked(RULE, SHOP + policy("a", out(peer))).findings
    assert finding.severity is Severity.LOW
    assert finding.evidence[-1] == "within"
