"""Cells: every UNKNOWN is proved by a completion that allows and one that denies, and a bound that is loose says so."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.layers.network import cells
from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.relation import Relation
from ringfence.sets.ports import PortTable, port_key
from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.model.objects import block, cluster_policy, namespace, network_policy, pod, pods_peer, tcp, world
from tests.properties.alphabet import PORTS
from tests.properties.clusters import scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=25, phases=[Phase.explicit, Phase.generate])
KEYS = [port_key(protocol, port) for protocol in ("TCP", "UDP", "SCTP") for port in PORTS]
ONE, TWO = Meeting((4,), True, None), Meeting((4, 6), False, None)


def meetings(relation: Relation, source: int, destination: int) -> list[Meeting]:
    """Ways in which the pods of two columns could meet, by what is known of them."""
    first, second = relation.universe.ends[source], relation.universe.ends[destination]
    families, known = relation.families(first, second)
    together = first.sort == second.sort == "pod" and first.namespace == second.namespace
    groups = [(number,) for number in families] if known else [families]
    return [Meeting(group, together, place) for group in groups if group for place in (True, False, None)]


@SLOW
@given(st.randoms(use_true_random=False))
def test_every_unknown_has_a_completion_that_allows_and_one_that_denies(random: Random) -> None:
    made = scenario(random)
    relation: Relation = load(made.objects, made.given).relation
    columns = range(len(relation.universe.ends))
    for _ in range(8):
        source, destination = random.choice(columns), random.choice(columns)
        egress, ingress = relation.programs_of(source, destination)
        for meeting in random.sample(met := meetings(relation, source, destination), min(1, len(met))):
            cell = relation.cells.cell(egress, ingress, meeting)
            assert cell.exact
            port = random.choice(KEYS)
            proof = relation.cells.completions(egress, ingress, meeting, port)
            assert any(one.may_allow for one in proof) == relation.ports.contains(cell.possible, port)
            assert any(one.may_deny for one in proof) != relation.ports.contains(cell.sure, port)


@SLOW
@given(st.randoms(use_true_random=False))
def test_what_is_sure_is_possible(random: Random) -> None:
    made = scenario(random)
    relation: Relation = load(made.objects, made.given).relation
    ports = relation.ports
    columns = range(len(relation.universe.ends))
    for _ in range(12):
        source, destination = random.choice(columns), random.choice(columns)
        for meeting in meetings(relation, source, destination):
            cell = relation.cell(source, destination, meeting)
            assert ports.union(cell.sure, cell.possible) == cell.possible


def open_labels() -> World:
    """Two rules that only together allow: each hangs on a label of a namespace that has no object."""
    rule = {"from": [pods_peer(spaces={"team": "a", "env": "b", "zone": "c"})]}
    return world(pod("away/web"), pod("shop/db"), namespace("shop"), network_policy("shop/in", ingress=[rule]))


def test_within_the_limit_a_bound_is_exact_and_names_the_fact() -> None:
    answer = open_labels().can("away/web", "shop/db", 80)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.code == "namespace-labels"


def test_beyond_the_limit_a_bound_is_loose_and_says_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "LIMIT", 1)
    asked = open_labels()
    relation = asked.relation
    egress, ingress = relation.programs_of(*(relation.universe.class_of_pod[index] for index in (0, 1)))
    assert not relation.cells.cell(egress, ingress, Meeting((4,), False, None)).exact
    answer = asked.can("away/web", "shop/db", 80)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.code == "not-decided"
    assert "not decided" in answer.reason.message


@pytest.mark.parametrize("meeting", [ONE, TWO])
def test_a_flow_that_hangs_on_no_fact_has_one_cell_however_the_ends_meet(meeting: Meeting) -> None:
    asked = world(
        namespace("shop"), pod("shop/web", {"app": "web"}), pod("shop/db", {"app": "db"}),
        network_policy("shop/in", {"app": "db"}, ingress=[{"ports": tcp(5432)}]),
    )  # fmt: skip
    relation = asked.relation
    cell = relation.cells.cell(*relation.programs_of(*relation.universe.class_of_pod[::-1]), meeting)
    assert cell.sure == cell.possible == relation.ports.number([(port_key("TCP", 5432),) * 2])


def test_one_fact_of_the_plugin_has_one_answer_for_both_directions() -> None:
    """An ipBlock matches the pods in both directions, and the flow is allowed, or in neither."""
    asked = world(
        namespace("shop"),
        pod("shop/web", {"app": "web"}, ips=("10.0.0.1",)), pod("shop/db", {"app": "db"}, ips=("10.0.0.2",)),
        network_policy("shop/out", {"app": "web"}, egress=[{"to": [block("10.0.0.0/8")]}]),
        network_policy("shop/in", {"app": "db"}, ingress=[{"from": [block("10.0.0.0/8")]}]),
    )  # fmt: skip
    answer = asked.can("shop/web", "shop/db", 80)
    relation = asked.relation
    egress, ingress = relation.programs_of(*(asked.target(name).column for name in ("shop/web", "shop/db")))
    proof = relation.cells.completions(egress, ingress, Meeting((4,), True, None), port_key("TCP", 80))
    assert answer.verdict is Verdict.UNKNOWN
    assert sorted((one.may_allow, one.may_deny) for one in proof) == [(False, True), (True, False)]


def test_one_label_set_a_namespace_is_shared_by_both_ends() -> None:
    """team=a lets the source out, its absence lets the destination be reached: no label set does both."""
    out = {"to": [pods_peer(spaces={"team": "a"})]}
    absent = {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}
    into = {"from": [{"podSelector": {}, "namespaceSelector": absent}]}
    policies = network_policy("away/out", egress=[out]), network_policy("away/in", ingress=[into])
    same = world(pod("away/web"), pod("away/db"), *policies)
    assert same.can("away/web", "away/db", 80).verdict is Verdict.DENIED
    apart = network_policy("home/in", ingress=[into])
    two = world(pod("away/web"), pod("home/db"), policies[0], apart)
    assert two.can("away/web", "home/db", 80).verdict is Verdict.UNKNOWN


def test_a_tie_may_both_allow_and_deny_under_the_same_facts() -> None:
    rules = [{"action": action, "from": [{"namespaces": {}}]} for action in ("Accept", "Deny")]
    asked = world(
        namespace("shop"), pod("shop/web"), pod("shop/db"),
        *(cluster_policy(rule["action"].lower(), ingress=[rule]) for rule in rules),
    )  # fmt: skip
    relation = asked.relation
    pair = relation.programs_of(0, 0)
    assert relation.cells.cell(*pair, ONE).sure == PortTable.NONE
    assert relation.cells.cell(*pair, ONE).possible == PortTable.ALL
    assert [(one.may_allow, one.may_deny) for one in relation.cells.completions(*pair, ONE, 80)] == [(True, True)]
