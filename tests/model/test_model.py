"""What people read of the model: places, problems, names; and that hostile text is made visible."""

from __future__ import annotations

import pytest

from ringfence.model.cluster import Cluster, WorkloadRef
from ringfence.model.policy import Direction, NetworkPolicyRules, PodSelection, Rule, Tier
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.model.text import printable
from tests.model.objects import network_policy, pod, world

HERE = Place("base/pod.yaml", 3, 7)


@pytest.mark.parametrize(
    ("place", "text"),
    [(HERE, "base/pod.yaml:3:7"), (Place("a", 3), "a:3"), (Place("a"), "a"), (Place("a", 0, 4), "a")],
)
def test_a_place_is_file_line_and_column_as_far_as_known(place: Place, text: str) -> None:
    assert str(place) == text


def test_places_are_in_order_of_file_line_and_column() -> None:
    places = [Place("a", 1, 2), Place("a", 1, 10), Place("a", 2, 1), Place("b", 1, 1)]
    assert sorted([places[2], places[1], places[3], places[0]]) == places


def test_a_problem_says_where_what_and_how_to_mend_it() -> None:
    problem = Problem(HERE, "unknown-field", Severity.WARNING, "the API server drops it", "leave it out")
    first, second = str(problem).splitlines()
    assert first == "base/pod.yaml:3:7: warning: the API server drops it [unknown-field]"
    assert second.strip() == "hint: leave it out"


@pytest.mark.parametrize("partial", [True, False])
def test_a_cluster_is_partial_when_one_of_its_problems_is(partial: bool) -> None:
    fine = Problem(HERE, "x", Severity.ERROR, "…")
    assert Cluster(problems=(fine, Problem(HERE, "y", Severity.NOTICE, "…", partial=partial))).partial is partial
    assert not Cluster().partial


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("shop/db", "shop/db"),
        ("größe 数", "größe 数"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\t", "a\\x0ab\\x09"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202emoc", "\\u202emoc"),
        ("a\u200bb", "a\\u200bb"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_cannot_be_seen_is_printed_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize(("namespace", "full"), [("shop", "shop/p"), (None, "p")])
def test_a_policy_has_a_full_name_and_rules_by_direction(namespace: str | None, full: str) -> None:
    rules: tuple[Rule, ...] = ()
    policy = NetworkPolicyRules(
        "networking.k8s.io/v1", "NetworkPolicy", namespace, "p", Tier.NETWORK_POLICY, PodSelection(), rules, None, HERE
    )
    assert policy.full_name == full
    assert policy.rules(Direction.INGRESS) == ()
    assert policy.rules(Direction.EGRESS) is None, "a direction that it does not govern is not an empty one"


def test_tiers_are_in_order_of_evaluation() -> None:
    assert sorted([Tier.BASELINE, Tier.ADMIN, Tier.NETWORK_POLICY]) == [Tier.ADMIN, Tier.NETWORK_POLICY, Tier.BASELINE]


def test_a_workload_reads_as_namespace_name_and_kind() -> None:
    assert str(WorkloadRef("Deployment", "shop", "web")) == "shop/web[Deployment]"


def test_a_manifest_starts_where_its_document_does() -> None:
    class Positions:
        def place(self, path: tuple[str | int, ...] = ()) -> Place:
            return Place("a", len(path) + 1)

    assert Manifest("v1", "Pod", None, "p", {}, Positions()).place == Place("a", 1)


def test_values_cannot_be_changed() -> None:
    cluster = world(pod("shop/web"), network_policy("shop/deny", ingress=[])).cluster
    for value, name in ((cluster, "pods"), (cluster.pods[0], "name"), (cluster.policies[0], "ingress")):
        with pytest.raises(AttributeError):
            setattr(value, name, None)
