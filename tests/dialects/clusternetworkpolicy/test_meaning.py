"""What an accepted ClusterNetworkPolicy becomes, and what a rejected one leaves open."""

from __future__ import annotations

import pytest

from ringfence.model.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    NetworkPolicyRules,
    NodePeer,
    PodPeer,
    PodSelection,
    PortMatch,
    Rule,
    Tier,
)
from ringfence.model.provenance import Place
from ringfence.sets.addresses import cidr
from ringfence.sets.labels import EVERYTHING, Selector
from tests.dialects.reading import cluster_network_policy, read

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS


def test_a_whole_policy() -> None:
    rules, problems = read(
        cluster_network_policy(
            """
            tier: Baseline
            priority: 7
            subject: {pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: db}}}}
            ingress:
            - name: first
              action: Pass
              from: [{namespaces: {matchLabels: {team: blue}}}, {pods: {podSelector: {matchLabels: {app: web}}}}]
              protocols:
              - tcp: {destinationPort: {number: 80}}
              - udp: {destinationPort: {range: {start: 1, end: 9}}}
              - destinationNamedPort: sql
            egress:
            - action: Deny
              to: [{networks: ["10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32"]}, {nodes: {}}]
            - action: Accept
              to: [{domainNames: ["*.Example.COM."]}]
            """
        )
    )
    assert problems == []
    assert rules == NetworkPolicyRules(
        api_version="policy.networking.k8s.io/v1alpha2",
        kind="ClusterNetworkPolicy",
        namespace=None,
        name="guard",
        tier=Tier.BASELINE,
        priority=7,
        subject=PodSelection(pods=Selector.exactly({"app": "db"}), namespaces=Selector.exactly({"team": "red"})),
        ingress=(
            Rule(
                index=0,
                action=Action.PASS,
                peers=(
                    PodPeer(
                        PodSelection(namespaces=Selector.exactly({"team": "blue"})), Place("spec.ingress[0].from[0]")
                    ),
                    PodPeer(
                        PodSelection(pods=Selector.exactly({"app": "web"}), namespaces=EVERYTHING),
                        Place("spec.ingress[0].from[1]"),
                    ),
                ),
                ports=(
                    PortMatch("TCP", 80, 80, place=Place("spec.ingress[0].protocols[0]")),
                    PortMatch("UDP", 1, 9, place=Place("spec.ingress[0].protocols[1]")),
                    PortMatch(None, name="sql", place=Place("spec.ingress[0].protocols[2]")),
                ),
                place=Place("spec.ingress[0]"),
                name="first",
            ),
        ),
        egress=(
            Rule(
                index=0,
                action=Action.DENY,
                peers=(
                    AddressPeer(
                        (cidr("10.0.0.0/8"), cidr("2001:db8::/32")),
                        True,
                        "10.0.0.0/9, 10.128.0.0/9, 2001:db8::/32",
                        Place("spec.egress[0].to[0]"),
                    ),
                    NodePeer(EVERYTHING, Place("spec.egress[0].to[1]")),
                ),
                ports=None,
                place=Place("spec.egress[0]"),
            ),
            Rule(
                index=1,
                action=Action.ALLOW,
                peers=(DomainPeer(("*.example.com",), Place("spec.egress[1].to[0]")),),
                ports=None,
                place=Place("spec.egress[1]"),
            ),
        ),
        place=Place("the object"),
        subject_place=Place("spec.subject"),
    )


@pytest.mark.parametrize("rest", ["{}", "{ingress: [], egress: null}"])
def test_without_rules_no_direction_is_governed(rest: str) -> None:
    rules, problems = read(cluster_network_policy(rest))
    assert problems == []
    assert (rules.ingress, rules.egress) == (None, None)


OPEN = [
    # (spec, tier, priority, whether the subject still holds, directions left open)
    ("ingress: [{action: Allow, from: [{namespaces: {}}]}]", Tier.ADMIN, 5, True, {INGRESS}),
    ("{ingress: [{action: X}], egress: [{action: X}]}", Tier.ADMIN, 5, True, {INGRESS, EGRESS}),
    ("{tier: Baseline, egress: {}}", Tier.BASELINE, 5, True, {EGRESS}),
    ("{tier: Baseline, priority: -1, egress: [{}]}", Tier.BASELINE, None, True, {EGRESS}),
    ("{tier: Other, egress: [{}]}", Tier.ADMIN, None, True, {EGRESS}),
    ("{subject: {}, egress: [{}]}", Tier.ADMIN, 5, False, {EGRESS}),
    ("{priority: x, egres: []}", Tier.ADMIN, None, True, {INGRESS, EGRESS}),
    ("{priority: x}", Tier.ADMIN, None, True, set()),
]


@pytest.mark.parametrize("rest, tier, priority, own_subject, directions", OPEN)
def test_what_a_rejected_policy_leaves_open(
    rest: str, tier: Tier, priority: int | None, own_subject: bool, directions: set[Direction]
) -> None:
    base = "{tier: Admin, priority: 5, subject: {namespaces: {matchLabels: {a: b}}}}"
    rules, _ = read(cluster_network_policy(rest, base))
    assert (rules.tier, rules.priority) == (tier, priority)
    namespaces = Selector.exactly({"a": "b"}) if own_subject else EVERYTHING
    assert rules.subject == PodSelection(namespaces=namespaces)
    assert rules.broken == directions
    assert rules.ingress == (() if INGRESS in directions else None)
    assert rules.egress == (() if EGRESS in directions else None)


PLAIN = "egress: [{action: Deny, to: [{pods: {namespaceSelector: {matchLabels: {a: b}}}}]}]"


def test_a_missing_selector_leaves_it_plain_what_is_written() -> None:
    rules, _ = read(cluster_network_policy(PLAIN))
    assert rules.broken == {EGRESS}
    assert rules.as_written is not None
    assert rules.as_written.broken == frozenset()
    (rule,) = rules.as_written.egress or ()
    assert isinstance(rule.peers[0], PodPeer)
    assert rule.peers[0].selection == PodSelection(namespaces=Selector.exactly({"a": "b"}))


@pytest.mark.parametrize(
    "rest", [PLAIN.replace("Deny", "Allow"), f"{{{PLAIN}, priority: -1}}", f"{{{PLAIN}, tier: x}}"]
)
def test_other_faults_do_not(rest: str) -> None:
    rules, _ = read(cluster_network_policy(rest))
    assert rules.broken
    assert rules.as_written is None
