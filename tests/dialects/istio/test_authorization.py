"""What a point asks: which policies in which order, what stays unsettled, and what a rule's note says."""

from __future__ import annotations

from typing import Any

import yaml

from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, read_authentication, read_policy
from ringfence.dialects.istio.matching import text
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.mesh import PATH, Point, PointSort, RequestAction, RequestRules
from ringfence.sets.languages.patterns import Present, Unknown
from ringfence.sets.requests.formulas import NEVER, predicates_of
from tests.dialects.reading import of

POD = Pod("foo", "p", {"app": "x"}, WorkloadRef("Pod", "foo", "p"), open_labels=("hash",))
SIDECAR, TCP, NODE = (
    Point(PointSort.SIDECAR, POD, True),
    Point(PointSort.SIDECAR, POD, False),
    Point(PointSort.NODE, POD, False),
)


def policy(spec: str, name: str = "p", **metadata: Any) -> AuthorizationPolicy:
    head = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy"}
    return read_policy(
        of({**head, "metadata": {"name": name, "namespace": "foo", **metadata}, "spec": yaml.safe_load(spec)})
    )[0]


def at(point: Point, *policies: AuthorizationPolicy, **settings: Any) -> RequestRules:
    return rules_at(policies, (), AuthorizationConfig(**settings), point, 80)


def test_policies_are_in_the_order_of_their_names() -> None:
    rules = at(SIDECAR, policy("{rules: [{}]}", "b"), policy("{action: DENY, rules: [{}]}", "a"))
    assert [(one.name, one.action) for one in rules.policies] == [("a", RequestAction.DENY), ("b", RequestAction.ALLOW)]


def test_a_broken_policy_leaves_it_unsettled_where_it_may_apply() -> None:
    broken = policy("{action: Deny, rules: [{}]}")
    for point in (SIDECAR, TCP, NODE):
        assert [source.name for source, _ in at(point, broken).unsettled] == ["p"]
    elsewhere = policy("{action: Deny, selector: {matchLabels: {app: y}}, rules: [{}]}")
    assert at(SIDECAR, elsewhere).unsettled == ()


def test_a_selector_of_an_open_label_leaves_it_unsettled() -> None:
    (source, why), *_ = at(SIDECAR, policy("{selector: {matchLabels: {hash: a}}, rules: [{}]}")).unsettled
    assert (source.name, "whose value the input does not give" in why) == ("p", True)


def test_a_rule_that_is_left_with_less_says_so() -> None:
    denies = policy("{action: DENY, rules: [{to: [{operation: {methods: [GET], ports: ['80']}}]}]}")
    (rule,) = at(TCP, denies).policies[0].rules
    assert rule.note == "methods, which only HTTP has, is left out here: the rule matches more than it says"
    assert at(SIDECAR, denies).policies[0].rules[0].note == ""
    (rule,) = at(NODE, denies).policies[0].rules
    assert rule.note == "ztunnel does not know methods and leaves it out: the rule matches more than it says"


def test_a_rule_of_the_node_that_is_left_with_nothing_says_so() -> None:
    (rule,) = at(NODE, policy("{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}")).policies[0].rules
    assert (rule.formula, rule.note) == (NEVER, "ztunnel does not know methods: the rule matches nothing")


def test_newer_nodes_count_trust_domains() -> None:
    allows = policy("{rules: [{from: [{source: {trustDomains: [a], namespaces: [b]}}]}]}")
    assert len(at(NODE, allows).policies[0].rules) == 1
    assert at(NODE, allows, node_counts_trust_domains=True).policies[0].rules == ()


def test_a_template_that_the_proxy_rejects_is_not_guessed() -> None:
    (rule,) = at(SIDECAR, policy("{rules: [{to: [{operation: {paths: ['/{**}/{*}']}}]}]}")).policies[0].rules
    (predicate,) = predicates_of((rule.formula,))
    assert predicate.attribute == PATH
    assert isinstance(predicate.pattern, Unknown)


def test_a_dry_run_is_a_shadow_but_an_external_service_is_asked_all_the_same() -> None:
    dry = {"annotations": {"istio.io/dry-run": "true"}}
    assert at(SIDECAR, policy("{rules: [{}]}", **dry)).policies[0].shadow
    asks = policy("{action: CUSTOM, provider: {name: g}, rules: [{}]}", **dry)
    found = at(SIDECAR, asks, providers={"g": Provider.GRPC}).policies[0]
    assert (found.shadow, found.refuses, found.provider) == (False, False, "g")
    assert at(SIDECAR, asks).policies[0].shadow


def test_a_header_that_is_filled_from_the_token_is_not_the_clients() -> None:
    spec = {"jwtRules": [{"issuer": "me", "outputClaimToHeaders": [{"header": "X-User", "claim": "sub"}]}]}
    head = {"apiVersion": "security.istio.io/v1", "kind": "RequestAuthentication"}
    tokens, _ = read_authentication(of({**head, "metadata": {"name": "r", "namespace": "foo"}, "spec": spec}))
    asks = policy("{rules: [{when: [{key: 'request.headers[x-user]', values: [a]}]}]}")
    rules = rules_at([asks], [tokens], AuthorizationConfig(), SIDECAR, 80)
    assert [issuer.issuer for issuer in rules.issuers] == ["me"]
    assert [(source.name, source.rule) for source, _ in rules.unsettled] == [("p", 0)]
    assert rules_at([asks], [tokens], AuthorizationConfig(), TCP, 80).issuers == ()


def test_a_star_alone_asks_for_something_except_of_what_is_there_in_any_case() -> None:
    assert text("*") == Present(empty=False), "an empty claim is none"
    assert text("*", empty=True) == Present(empty=True), "a header may be empty"
