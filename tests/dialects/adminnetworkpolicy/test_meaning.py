"""What AdminNetworkPolicy and BaselineAdminNetworkPolicy become."""

from __future__ import annotations

from ringfence.model.policy import (
    Action,
    Direction,
    NetworkPolicyRules,
    PodPeer,
    PodSelection,
    PortMatch,
    Rule,
    Tier,
)
from ringfence.model.provenance import Place
from ringfence.sets.labels import EVERYTHING, Selector
from tests.dialects.reading import admin_network_policy, baseline_policy, read


def test_a_whole_policy() -> None:
    rules, problems = read(
        admin_network_policy(
            """
            priority: 30
            subject: {namespaces: {matchLabels: {team: red}}}
            ingress:
            - name: web
              action: Allow
              from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}]
              ports:
              - portNumber: {port: 80}
              - portNumber: {port: 53, protocol: UDP}
              - portRange: {start: 1, end: 9, protocol: SCTP}
              - namedPort: sql
            - {action: Deny, from: [{namespaces: {}}]}
            """
        )
    )
    assert problems == []
    assert rules == NetworkPolicyRules(
        api_version="policy.networking.k8s.io/v1alpha1",
        kind="AdminNetworkPolicy",
        namespace=None,
        name="guard",
        tier=Tier.ADMIN,
        priority=30,
        subject=PodSelection(namespaces=Selector.exactly({"team": "red"})),
        ingress=(
            Rule(
                index=0,
                action=Action.ALLOW,
                peers=(
                    PodPeer(
                        PodSelection(pods=Selector.exactly({"app": "web"}), namespaces=EVERYTHING),
                        Place("spec.ingress[0].from[0]"),
                    ),
                ),
                ports=(
                    PortMatch("TCP", 80, 80, place=Place("spec.ingress[0].ports[0]")),
                    PortMatch("UDP", 53, 53, place=Place("spec.ingress[0].ports[1]")),
                    PortMatch("SCTP", 1, 9, place=Place("spec.ingress[0].ports[2]")),
                    PortMatch(None, name="sql", place=Place("spec.ingress[0].ports[3]")),
                ),
                place=Place("spec.ingress[0]"),
                name="web",
            ),
            Rule(
                index=1,
                action=Action.DENY,
                peers=(PodPeer(PodSelection(namespaces=EVERYTHING), Place("spec.ingress[1].from[0]")),),
                ports=None,
                place=Place("spec.ingress[1]"),
            ),
        ),
        egress=None,
        place=Place("the object"),
        subject_place=Place("spec.subject"),
    )


def test_baseline_has_a_tier_of_its_own() -> None:
    rules, _ = read(baseline_policy("ingress: [{action: Deny, from: [{namespaces: {}}]}]"))
    assert (rules.tier, rules.priority, rules.broken) == (Tier.BASELINE, 0, frozenset())


def test_a_rejected_baseline_keeps_its_place() -> None:
    rules, _ = read(baseline_policy("ingress: [{action: Pass, from: [{namespaces: {}}]}]"))
    assert (rules.tier, rules.priority, rules.broken) == (Tier.BASELINE, 0, {Direction.INGRESS})


def test_a_rejected_priority_is_not_known() -> None:
    rules, _ = read(admin_network_policy("{priority: high, egress: [{action: Deny, to: [{namespaces: {}}]}]}"))
    assert (rules.tier, rules.priority, rules.broken) == (Tier.ADMIN, None, {Direction.EGRESS})
