"""Who decided, and why, for each kind of verdict."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Answer, Decision, Verdict
from ringfence.world import World
from tests.model.objects import (
    Object,
    admin_pods,
    admin_ports,
    block,
    cilium_policy,
    cluster_policy,
    namespace,
    network_policy,
    pod,
    pods_peer,
    tcp,
    world,
)

WEB, DB = {"app": "web"}, {"app": "db"}
ANY = {"namespaces": {}}
DENY = network_policy("shop/deny", ingress=[])


def shop(*objects: Object, **options: Any) -> World:
    return world(namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB), *objects, **options)


def ask(*objects: Object, **options: Any) -> Answer:
    return shop(*objects, **options).can("shop/web", "shop/db", 5432)


def words(decision: Decision) -> str:
    whole = f"{decision.namespace}/{decision.name}" if decision.namespace else decision.name
    return f"{decision.direction} {decision.kind} {whole} {decision.rule}"


def decided(answer: Answer) -> list[str]:
    return [words(decision) for decision in answer.decided_by]


def test_nothing_selects() -> None:
    answer = ask(network_policy("shop/other", {"app": "other"}, ingress=[]))
    assert answer.verdict is Verdict.ALLOWED
    assert answer.decided_by == ()
    assert answer.reason.message == "no policy selects either end"


def test_a_rule_that_allows() -> None:
    answer = ask(DENY, network_policy("shop/in", DB, ingress=[{"ports": tcp(80)}, {"from": [pods_peer(WEB)]}]))
    assert answer.verdict is Verdict.ALLOWED
    assert decided(answer) == ["ingress NetworkPolicy shop/in 1"]
    assert answer.reason.message == "ingress of shop/db allowed by NetworkPolicy shop/in rule 1"


def test_both_directions_have_a_say_where_both_are_governed() -> None:
    answer = ask(
        network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)]}]),
        network_policy("shop/out", WEB, egress=[{"to": [pods_peer(DB)]}]),
    )
    assert decided(answer) == ["egress NetworkPolicy shop/out 0", "ingress NetworkPolicy shop/in 0"]


def test_isolation_without_a_rule_that_matches_names_every_isolating_policy() -> None:
    answer = ask(DENY, network_policy("shop/in", DB, ingress=[{"ports": tcp(80)}]))
    assert answer.verdict is Verdict.DENIED
    assert sorted(decided(answer)) == ["ingress NetworkPolicy shop/deny None", "ingress NetworkPolicy shop/in None"]
    assert "ingress of shop/db is isolated by NetworkPolicy shop/deny and 1 more" in answer.reason.message


def test_only_the_direction_that_denies_is_named() -> None:
    answer = ask(network_policy("shop/out", WEB, egress=[{}]), network_policy("shop/in", DB, ingress=[]))
    assert decided(answer) == ["ingress NetworkPolicy shop/in None"]


@pytest.mark.parametrize(("action", "verdict"), [("Accept", Verdict.ALLOWED), ("Deny", Verdict.DENIED)])
def test_an_admin_rule_decides_before_network_policy(action: str, verdict: Verdict) -> None:
    rules = [
        {"action": "Pass", "from": [admin_pods({"app": "x"})]},
        {"action": action, "from": [admin_pods(WEB)]},
        {"action": "Deny", "from": [ANY]},
    ]
    answer = ask(cluster_policy("admin", ingress=rules), DENY, network_policy("shop/open", ingress=[{}]))
    assert answer.verdict is verdict
    assert decided(answer) == ["ingress ClusterNetworkPolicy admin 1"]


def test_priority_orders_admin_policies_and_not_their_names() -> None:
    late = cluster_policy("a", priority=20, ingress=[{"action": "Deny", "from": [ANY]}])
    soon = cluster_policy("b", priority=10, ingress=[{"action": "Accept", "from": [ANY]}])
    assert decided(ask(late, soon)) == ["ingress ClusterNetworkPolicy b 0"]


def test_a_pass_goes_on_to_network_policy() -> None:
    admin = cluster_policy(
        "admin", ingress=[{"action": "Pass", "from": [admin_pods(WEB)]}, {"action": "Accept", "from": [ANY]}]
    )
    answer = ask(admin, DENY)
    assert answer.verdict is Verdict.DENIED
    assert decided(answer) == ["ingress NetworkPolicy shop/deny None"]


def test_a_pass_with_nothing_after_it_is_named() -> None:
    answer = ask(cluster_policy("admin", ingress=[{"action": "Pass", "from": [ANY]}]))
    assert answer.verdict is Verdict.ALLOWED
    assert decided(answer) == ["ingress ClusterNetworkPolicy admin 0"]
    assert "passed on" in answer.reason.message


def test_baseline_decides_where_nothing_isolates() -> None:
    base = cluster_policy("base", tier="Baseline", ingress=[{"action": "Deny", "from": [ANY]}])
    assert decided(ask(base)) == ["ingress ClusterNetworkPolicy base 0"]
    answer = ask(base, network_policy("shop/in", DB, ingress=[{}]))
    assert answer.verdict is Verdict.ALLOWED
    assert decided(answer) == ["ingress NetworkPolicy shop/in 0"]


def test_a_tie_that_matters_is_ambiguous_and_names_both() -> None:
    policies = [
        cluster_policy(action.lower(), ingress=[{"action": action, "from": [ANY]}]) for action in ("Accept", "Deny")
    ]
    answer = ask(*policies)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.code == "ambiguous-priority"
    assert "AMBIGUOUS" in answer.reason.message
    assert answer.reason.decide == "different priorities"
    assert sorted(decided(answer)) == ["ingress ClusterNetworkPolicy accept 0", "ingress ClusterNetworkPolicy deny 0"]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("Accept", "Accept", Verdict.ALLOWED),
        ("Deny", "Deny", Verdict.DENIED),
        ("Pass", "Deny", Verdict.UNKNOWN),
        ("Pass", "Accept", Verdict.ALLOWED),
    ],
)
def test_a_tie_that_does_not_matter_is_no_tie(first: str, second: str, verdict: Verdict) -> None:
    """A Pass leads to nothing that denies: with an Accept beside it both outcomes allow."""
    policies = [
        cluster_policy(name, ingress=[{"action": action, "from": [ANY]}])
        for name, action in (("a", first), ("b", second))
    ]
    assert ask(*policies).verdict is verdict


@pytest.mark.parametrize("difference", [{"priority": 11}, {"tier": "Baseline"}])
def test_policies_of_other_priority_or_tier_are_no_tie(difference: dict[str, Any]) -> None:
    accept = cluster_policy("a", ingress=[{"action": "Accept", "from": [ANY]}])
    deny = cluster_policy("b", ingress=[{"action": "Deny", "from": [ANY]}], **difference)
    assert ask(accept, deny).verdict is Verdict.ALLOWED


def test_a_tie_is_one_only_at_the_ports_where_both_match() -> None:
    accept = cluster_policy("a", ingress=[{"action": "Accept", "from": [ANY], "protocols": admin_ports(80, 443)}])
    deny = cluster_policy("b", ingress=[{"action": "Deny", "from": [ANY], "protocols": admin_ports(443, 5432)}])
    asked = shop(accept, deny)
    found = {port: asked.can("shop/web", "shop/db", port).verdict.value for port in (80, 443, 5432)}
    assert found == {80: "allowed", 443: "unknown", 5432: "denied"}


OPEN_SPACE = [pod("away/web", WEB)]


@pytest.mark.parametrize(
    ("objects", "source", "code", "decide"),
    [
        (
            [*OPEN_SPACE, network_policy("shop/in", DB, ingress=[{"from": [pods_peer(spaces={"team": "a"})]}])],
            "away/web", "namespace-labels", "--assume-no-labels",
        ),
        (
            [network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.0/8")]}])],
            "shop/web", "pod-address", "--pod-cidr",
        ),
        (
            [
                pod("shop/known", WEB, ips=("10.0.0.1",)),
                network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.0/8")]}]),
            ],
            "shop/known", "ipblock-matches-pods", "--cni",
        ),
        (
            [
                pod("shop/host", WEB, host=True, node="a"), pod("shop/db-2", DB, node="b"),
                network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)]}]),
            ],
            "shop/host", "host-network-pods-are-pods", "--cni",
        ),
        (
            [
                cluster_policy("base", tier="Baseline", ingress=[{"action": "Deny", "from": [ANY]}]),
                network_policy("shop/out", DB, egress=[]),
            ],
            "shop/web", "baseline-per-direction", "--cni",
        ),
    ],
)  # fmt: skip
def test_an_unknown_names_the_fact_and_what_would_decide_it(
    objects: list[Object], source: str, code: str, decide: str
) -> None:
    destination = "shop/db-2" if source == "shop/host" else "shop/db"
    answer = shop(*objects).can(source, destination, 5432)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.code == code
    assert decide in answer.reason.decide
    assert answer.decided_by, "the policies that hang on the fact are named"


@pytest.mark.parametrize(
    ("scope", "pairs"),
    [
        ("shop/blind", {("shop/web", "shop/db"): True, ("home/a", "shop/db"): True, ("home/a", "home/b"): False}),
        ("blind", {("shop/web", "shop/db"): True, ("home/a", "home/b"): True, ("home/a", "home/a"): False}),
    ],
)
def test_an_unmodelled_policy_blinds_its_namespace_or_the_whole_cluster(
    scope: str, pairs: dict[tuple[str, str], bool]
) -> None:
    """A pod and itself excepted: nothing decides over that."""
    asked = shop(pod("home/a"), pod("home/b"), DENY, cilium_policy(scope))
    for (source, destination), blind in pairs.items():
        answer = asked.can(source, destination, 80)
        assert (answer.verdict is Verdict.UNKNOWN) is blind
        if blind:
            assert answer.reason.code == "unmodelled-policy"
            assert "Cilium" in answer.reason.message
            assert [decision.name for decision in answer.decided_by] == ["blind"]


@pytest.mark.parametrize("other", ["203.0.113.7", "internet", "@shop"])
def test_a_blind_namespace_is_blind_towards_everything(other: str) -> None:
    asked = shop(cilium_policy("shop/blind"))
    assert asked.can("shop/web", other, 80).verdict is Verdict.UNKNOWN
    assert asked.can(other, "shop/web", 80).verdict is Verdict.UNKNOWN


def broken(*directions: str, subject: Object | None = None) -> Object:
    """An object that the API server rejects for its ports."""
    policy = network_policy("shop/broken", DB)
    rule = [{"ports": [{"port": 70000}]}]
    policy["spec"] |= {"policyTypes": list(directions)} | {word.lower(): rule for word in directions}
    if subject is not None:
        policy["spec"]["podSelector"] = subject
    return policy


def test_a_broken_policy_leaves_what_it_selects_unknown_in_its_directions() -> None:
    asked = shop(broken("Ingress"))
    answer = asked.can("shop/web", "shop/db", 80)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.code == "invalid-object"
    assert "shop/broken" in answer.reason.message
    assert asked.can("shop/db", "shop/web", 80).verdict is Verdict.ALLOWED
    assert any("70000" in problem.message for problem in asked.problems), "and it is reported"


def test_a_broken_policy_takes_nothing_from_what_another_one_allows_for_certain() -> None:
    asked = shop(broken("Ingress"), network_policy("shop/in", DB, ingress=[{"ports": tcp(80)}]))
    assert asked.can("shop/web", "shop/db", 80).verdict is Verdict.ALLOWED
    assert asked.can("shop/web", "shop/db", 81).verdict is Verdict.UNKNOWN


def test_a_policy_with_a_broken_selector_may_select_every_pod_of_its_namespace() -> None:
    bad = {"matchExpressions": [{"key": "app", "operator": "Near", "values": ["db"]}]}
    asked = shop(broken("Ingress", subject=bad), pod("home/web"))
    assert asked.can("shop/db", "shop/web", 80).verdict is Verdict.UNKNOWN
    assert asked.can("shop/db", "home/web", 80).verdict is Verdict.ALLOWED


def test_a_broken_admin_policy_could_do_anything_but_what_comes_before_it_counts() -> None:
    bad = cluster_policy("bad", priority=10, ingress=[{"action": "Log", "from": [ANY]}])
    first = cluster_policy(
        "first", priority=5, ingress=[{"action": "Accept", "from": [ANY], "protocols": admin_ports(80)}]
    )
    asked = shop(bad, first)
    assert asked.can("shop/web", "shop/db", 80).verdict is Verdict.ALLOWED
    assert asked.can("shop/web", "shop/db", 81).reason.code == "invalid-object"


def test_a_decision_reads_as_a_line_of_flows_does() -> None:
    (decision,) = ask(DENY).decided_by
    line = decision.as_json()
    assert list(line) == ["layer", "direction", "kind", "namespace", "name", "rule", "file", "line"]
    assert (line["layer"], line["direction"], line["kind"]) == ("network", "ingress", "NetworkPolicy")
