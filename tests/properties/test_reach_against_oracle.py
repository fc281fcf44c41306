"""Blast radius and exposure to new pods, against plain enumeration by the oracle."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.oracle import reach
from tests.oracle.objects import Cluster, End, Node, Outside, Pod, read_cluster
from tests.oracle.profiles import PROFILES
from tests.oracle.questions import addresses_outside
from tests.oracle.search import TooManyCompletions
from tests.properties.alphabet import PORTS, chance
from tests.properties.clusters import NODE_PORT, Scenario, scenario
from tests.properties.comparison import load, options

pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])
FEWER = settings(SLOW, max_examples=25)
PROTOCOLS = ("TCP", "UDP", "SCTP")
CHOICES = 300
"""Of labels and names; more are not enumerated."""


def both(random: Random) -> tuple[Scenario, Any, Cluster]:
    """A cluster, and what engine and oracle make of it."""
    made = scenario(random, tuple(PROFILES) if chance(random, 0.5) else ())
    return made, load(made.objects, made.given), read_cluster(made.objects, options(made.given))


def pod_text(pod: Pod) -> str:
    """As rows and the engine's questions name it."""
    kind, space, name = pod.workload
    alone = pod.name == name and kind != "Pod"
    return f"{space}/{kind.lower()}/{name}" if alone else f"{space}/pod/{pod.name}"


def column(engine: Any, end: End) -> Hashable:
    """The kind of an end, by the column that the engine gives it."""
    if isinstance(end, Pod):
        found = engine.target(pod_text(end)).members
        numbers = {one.end for one in found}
        # Replicas of a template are one kind, or one member each.
        return numbers.pop() if len(numbers) == 1 else tuple(sorted(numbers))
    if isinstance(end, Node):
        return engine.relation.universe.nodes[end.name]
    numbers = {one.end for one in engine.target(str(end.address)).members}
    return numbers.pop() if len(numbers) == 1 else None


def compare_spread(random: Random) -> int:
    """How many ends were compared."""
    from ringfence.verdict.blast_radius import start_of
    from ringfence.verdict.spreading import Spreader

    made, engine, cluster = both(random)
    assume(cluster.pods)
    start = random.choice(cluster.pods)
    outside = [
        end
        for end in addresses_outside(cluster, False)
        if isinstance(end, Outside) and end.address not in cluster.given and column(engine, end) is not None
    ]
    others: list[End] = [*cluster.nodes.values(), *outside]
    try:
        expected = reach.spread(cluster, [start], others, lambda end: column(engine, end))
    except TooManyCompletions:
        return 0
    found = Spreader(engine.whole_relation, engine.grid).spread(start_of(engine.target(pod_text(start))))
    kinds = {column(engine, end) for end in (*cluster.pods, *others)}
    got = {kind: (one.depth, one.possibly) for kind, one in found.items() if kind in kinds}
    want = {kind: (one.steps, one.possibly) for kind, one in expected.items()}
    assert got == want, (pod_text(start), made.given)
    return len(kinds)


@SLOW
@given(RANDOMS)
def test_what_is_reached_step_by_step(random: Random) -> None:
    compare_spread(random)


def compare_new_pods(random: Random, count: int = 4) -> int:
    """How many rows were compared."""
    from ringfence.model.policy import Direction
    from ringfence.sets.ports import port_key
    from ringfence.verdict.exposure import Origin
    from ringfence.verdict.new_pods import IN_A_NEW_NAMESPACE

    made, engine, cluster = both(random)
    assume(cluster.pods)
    rows = [row for row in engine.exposure().rows if row.origin is Origin.NEW_PODS]
    texts, numbers = engine.lister.workloads.texts, engine.lister.workloads.numbers
    names = {(pod.workload.kind, pod.workload.namespace, pod.workload.name): texts[number]
             for pod, number in zip(engine.cluster.pods, numbers, strict=True)}  # fmt: skip
    compared = 0
    for _ in range(count):
        workload = random.choice(cluster.pods).workload
        space = random.choice([*cluster.namespaces, *cluster.namespaces, reach.NEW_SPACE])
        protocol, number = random.choice(PROTOCOLS), random.choice([*PORTS, 82])
        inwards = chance(random, 0.6)
        if number == NODE_PORT or sum(1 for _ in reach.new_pods(cluster, space, protocol, number)) > CHOICES:
            continue
        pods = [pod for pod in cluster.pods if pod.workload == workload]
        try:
            expected = reach.made_to_reach(cluster, space, pods, protocol, number, inwards)
        except TooManyCompletions:
            continue
        key, peer = port_key(protocol, number), IN_A_NEW_NAMESPACE if space == reach.NEW_SPACE else space
        got = {
            row.verdict.value
            for row in rows
            if row.direction is (Direction.INGRESS if inwards else Direction.EGRESS)
            and peer in row.peers
            and names[workload] in row.workloads
            and any(first <= key <= last for first, last in row.ports)
        }
        word = next((word for word in ("allowed", "unknown") if word in got), "denied")
        assert word == expected, (space, workload, inwards, protocol, number, made.given)
        compared += 1
    return compared


@FEWER
@given(RANDOMS)
def test_what_new_pods_can_be_made_to_reach(random: Random) -> None:
    compare_new_pods(random)
