"""What an accepted NetworkPolicy becomes, and what a rejected one leaves open."""

from __future__ import annotations

import pytest

from ringfence.model.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    NetworkPolicyRules,
    PodPeer,
    PodSelection,
    PortMatch,
    Rule,
    Tier,
)
from ringfence.model.provenance import Place
from ringfence.sets.addresses import cidr
from ringfence.sets.labels import EVERYTHING, Requirement, Selector
from ringfence.values import replace
from tests.dialects.reading import FILE, network_policy, of, read

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS


def at(line: int, column: int) -> Place:
    return Place(FILE, line, column)


def test_a_whole_policy() -> None:
    rules, problems = read(
        network_policy(
            """
            podSelector:
              matchLabels: {app: db}
            policyTypes: [Ingress]
            ingress:
            - from:
              - podSelector:
                  matchExpressions: [{key: role, operator: NotIn, values: [b, a, b]}]
              - namespaceSelector: {matchLabels: {team: red}}
                podSelector: {matchLabels: {app: web}}
              - ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9]}
              ports:
              - port: 5432
              - {protocol: UDP, port: 100, endPort: 200}
              - port: sql
            - {}
            """
        )
    )
    assert problems == []
    assert rules == NetworkPolicyRules(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        namespace="shop",
        name="web",
        tier=Tier.NETWORK_POLICY,
        subject=PodSelection(pods=Selector.exactly({"app": "db"}), namespace="shop"),
        ingress=(
            Rule(
                index=0,
                action=Action.ALLOW,
                peers=(
                    PodPeer(
                        PodSelection(
                            pods=Selector((Requirement("role", "NotIn", ("a", "b")),)),
                            namespace="shop",
                        ),
                        at(10, 7),
                    ),
                    PodPeer(
                        PodSelection(
                            pods=Selector.exactly({"app": "web"}), namespaces=Selector.exactly({"team": "red"})
                        ),
                        at(12, 7),
                    ),
                    AddressPeer(
                        (cidr("10.128.0.0/9"),),
                        False,
                        "10.0.0.0/8 except 10.0.0.0/9",
                        at(14, 7),
                        (cidr("10.0.0.0/8"),),
                        (cidr("10.0.0.0/9"),),
                    ),
                ),
                ports=(
                    PortMatch("TCP", 5432, 5432, place=at(16, 7)),
                    PortMatch("UDP", 100, 200, place=at(17, 7), end_port=True),
                    PortMatch("TCP", name="sql", place=at(18, 7)),
                ),
                place=at(9, 5),
            ),
            Rule(index=1, action=Action.ALLOW, peers=(AnyPeer(at(19, 5)),), ports=None, place=at(19, 5)),
        ),
        egress=None,
        place=at(1, 1),
        subject_place=at(5, 3),
    )


@pytest.mark.parametrize(
    "spec, ingress, egress",
    [
        ("{}", True, False),
        ("egress: [{}]", True, True),
        ("egress: []", True, False),
        ("policyTypes: []", True, False),
        ("policyTypes: [Egress]", False, True),
        ("policyTypes: [Egress, Ingress]", True, True),
        ("{policyTypes: [Ingress], egress: [{}]}", True, False),
    ],
)
def test_directions(spec: str, ingress: bool, egress: bool) -> None:
    rules, _ = read(network_policy(spec))
    assert (rules.ingress is not None, rules.egress is not None) == (ingress, egress)


@pytest.mark.parametrize("ports", ["", "ports: []", "ports: null"])
@pytest.mark.parametrize("peers", ["", "from: [], ", "from: null, "])
def test_no_peers_and_no_ports_are_all_of_them(peers: str, ports: str) -> None:
    rules, _ = read(network_policy(f"ingress: [{{{peers}{ports}}}]"))
    assert rules.ingress is not None
    (rule,) = rules.ingress
    assert isinstance(rule.peers[0], AnyPeer)
    assert rule.ports is None


@pytest.mark.parametrize(
    "port, match",
    [
        ("{}", ("TCP", 1, 65535, None)),
        ("null", ("TCP", 1, 65535, None)),
        ("{protocol: SCTP}", ("SCTP", 1, 65535, None)),
        ("{port: 80}", ("TCP", 80, 80, None)),
        ("{port: 80, endPort: 90, protocol: UDP}", ("UDP", 80, 90, None)),
    ],
)
def test_ports(port: str, match: tuple[str, int, int, str | None]) -> None:
    rules, _ = read(network_policy(f"egress: [{{ports: [{port}]}}]"))
    assert rules.egress is not None
    assert rules.egress[0].ports is not None
    (found,) = rules.egress[0].ports
    assert (found.protocol, found.first, found.last, found.name) == match


@pytest.mark.parametrize("selector", ["", "podSelector: {}", "podSelector: null", "podSelector: {matchLabels: {}}"])
def test_an_empty_selector_selects_the_namespace(selector: str) -> None:
    rules, _ = read(network_policy(f"{{{selector}}}"))
    assert rules.subject == PodSelection(pods=EVERYTHING, namespace="shop")


def test_selectors_are_canonical() -> None:
    one, _ = read(network_policy("podSelector: {matchLabels: {b: x, a: y}}"))
    expressions = "[{key: a, operator: In, values: [y]}, {key: b, operator: In, values: [x, x]}]"
    two, _ = read(network_policy(f"podSelector: {{matchExpressions: {expressions}}}"))
    assert one.subject == two.subject


OPEN = [
    # (spec with a fault, whether its own selector still holds, the directions left open)
    ("{podSelector: {matchLabels: {a: b}}, ingress: [{from: [{}]}]}", True, {INGRESS}),
    ("{podSelector: {matchLabels: {a: b}}, ingress: [{from: [{}]}], egress: [{}]}", True, {INGRESS, EGRESS}),
    ("{podSelector: {matchLabels: {a: b}}, policyTypes: [Egress], ingress: [{from: [{}]}]}", True, {EGRESS}),
    ("{podSelector: {matchLabels: {a: b}}, policyTypes: [Egres]}", True, {INGRESS, EGRESS}),
    ("{podSelector: {matchLabels: {a: b}}, egress: {}}", True, {INGRESS, EGRESS}),
    ("{podSelector: {matchLabels: {a: b}}, policyType: [Egress], ingress: [{from: [{}]}]}", True, {INGRESS, EGRESS}),
    ("{podSelector: {matchLabels: {a: 1}}}", False, {INGRESS}),
    ("{podSelector: [], policyTypes: [Egress]}", False, {EGRESS}),
]


@pytest.mark.parametrize("spec, own_subject, directions", OPEN)
def test_what_a_rejected_policy_leaves_open(spec: str, own_subject: bool, directions: set[Direction]) -> None:
    rules, _ = read(network_policy(spec))
    selector = Selector.exactly({"a": "b"}) if own_subject else EVERYTHING
    assert rules.subject == PodSelection(pods=selector, namespace="shop")
    assert rules.broken == directions
    assert rules.ingress == (() if INGRESS in directions else None)
    assert rules.egress == (() if EGRESS in directions else None)


def test_a_spec_that_is_no_mapping_leaves_everything_open() -> None:
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web"}}
    rules, _ = read(of({**head, "spec": "all"}))
    assert rules.broken == {INGRESS, EGRESS}
    assert rules.subject == PodSelection(pods=EVERYTHING, namespace="default")


def test_an_invalid_name_leaves_it_plain_what_is_written() -> None:
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"ingress": [{}]}}
    good, _ = read(of({**head, "metadata": {"name": "a-b"}}))
    bad, _ = read(of({**head, "metadata": {"name": "a_b"}}))
    assert bad.broken == {INGRESS}
    assert bad.as_written == replace(good, name="a_b")
    assert good.as_written is None
