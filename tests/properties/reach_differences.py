"""Where engine and oracle differ on reach: ways in, steps of an attacker, pods that do not exist yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from random import Random
from typing import Any

from tests.oracle import reach
from tests.oracle.objects import Cluster, End, Node, Outside, Pod, read_cluster
from tests.oracle.profiles import PROFILES
from tests.oracle.questions import addresses_outside
from tests.oracle.search import TooManyCompletions
from tests.oracle.ways_in import Ways
from tests.properties.alphabet import PORTS, chance
from tests.properties.clusters import NODE_PORT, Given, Object, Scenario, scenario
from tests.properties.comparison import load, options
from tests.properties.entrances import with_entrances

PROTOCOLS = ("TCP", "UDP", "SCTP")
CHOICES = 300
"""Of labels and names; more are not enumerated."""
Told = Counter[tuple[str, ...]]
Compared = tuple[str, object, object]
"""What was asked, what the engine and what the oracle says."""


def made_up(random: Random) -> Scenario:
    """A cluster, half of the time under any profile with facts pinned."""
    return scenario(random, tuple(PROFILES) if chance(random, 0.5) else ())


# ways in


def ways_in(objects: Sequence[Object], given: Given) -> tuple[Told, Told] | None:
    """What engine and oracle tell: ways with their verdicts, routes that cannot work; None: it would take too long."""
    cluster = read_cluster(objects, options(given))
    try:
        ways = Ways(objects, cluster)
    except TooManyCompletions:
        return None
    oracle: Told = Counter(
        (one.how, one.kind, one.namespace, one.name, one.port, one.verdict) for one in (*ways.direct, *ways.routed)
    )
    oracle.update({(one.code, one.kind, one.namespace, one.name) for one in ways.dead_ends})
    found: Any = load(list(objects), given).ways_in()
    engine: Told = Counter(
        (first.how, first.kind, first.namespace, first.name, way.port, way.verdict.value)
        for way in found.ways
        for first in way.openings[:1]
        if first.how != "host-network"
    )
    engine.update({(one.code, one.opening.kind, one.opening.namespace, one.opening.name) for one in found.dead_ends})
    return engine, oracle


def compared_ways(random: Random) -> Iterator[Compared]:
    made = with_entrances(random, made_up(random))
    told = ways_in(made.objects, made.given)
    if told is not None:
        engine, oracle = told
        for one in {*engine, *oracle}:
            yield f"{' '.join(one)}; {made.given}", engine[one], oracle[one]


# steps


def pod_text(pod: Pod) -> str:
    """As rows and the engine's questions name it."""
    kind, space, name = pod.workload
    alone = pod.name == name and kind != "Pod"
    return f"{space}/{kind.lower()}/{name}" if alone else f"{space}/pod/{pod.name}"


def column(engine: Any, end: End) -> Hashable:
    """The kind of an end, by the column that the engine gives it."""
    if isinstance(end, Node):
        return engine.relation.universe.nodes[end.name]
    text = pod_text(end) if isinstance(end, Pod) else str(end.address)
    numbers = {one.end for one in engine.target(text).members}
    if len(numbers) == 1:
        return numbers.pop()
    return tuple(sorted(numbers)) if isinstance(end, Pod) else None


def compared_steps(random: Random) -> Iterator[Compared]:
    """What is reached from one pod: in how many steps, and whether only possibly."""
    from ringfence.verdict.blast_radius import start_of
    from ringfence.verdict.spreading import Spreader

    made = made_up(random)
    cluster, engine = read_cluster(made.objects, options(made.given)), load(made.objects, made.given)
    if not cluster.pods:
        return
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
        return
    found = Spreader(engine.whole_relation, engine.grid).spread(start_of(engine.target(pod_text(start))))
    for end in (*cluster.pods, *others):
        kind = column(engine, end)
        got, want = found.get(kind), expected.get(kind)
        yield (
            f"{pod_text(start)} -> {end.identity}; {made.given}",
            got and (got.depth, got.possibly),
            want and (want.steps, want.possibly),
        )


# pods that do not exist


def compared_new_pods(random: Random, count: int = 4) -> Iterator[Compared]:
    """What somebody's new pod gets through to, and what gets through to it."""
    from ringfence.model.policy import Direction
    from ringfence.sets.ports import port_key
    from ringfence.verdict.exposure import Origin
    from ringfence.verdict.new_pods import IN_A_NEW_NAMESPACE

    made = made_up(random)
    cluster, engine = read_cluster(made.objects, options(made.given)), load(made.objects, made.given)
    rows = [row for row in engine.exposure().rows if row.origin is Origin.NEW_PODS]
    texts, numbers = engine.lister.workloads.texts, engine.lister.workloads.numbers
    names = {
        (pod.workload.kind, pod.workload.namespace, pod.workload.name): texts[number]
        for pod, number in zip(engine.cluster.pods, numbers, strict=True)
    }
    for _ in range(count if cluster.pods else 0):
        workload = random.choice(cluster.pods).workload
        space = random.choice([*cluster.namespaces, *cluster.namespaces, reach.NEW_SPACE])
        protocol, number = random.choice(PROTOCOLS), random.choice([*PORTS, 82])
        inwards = chance(random, 0.6)
        if number == NODE_PORT or choices(cluster, space, protocol, number) > CHOICES:
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
        way = "to" if inwards else "from"
        yield f"a new pod of {space} {way} {workload} {number}/{protocol}; {made.given}", word, expected


def choices(cluster: Cluster, space: str, protocol: str, number: int) -> int:
    return sum(1 for _ in reach.new_pods(cluster, space, protocol, number))


COMPARISONS = (compared_ways, compared_steps, compared_new_pods)


def differences(seed: int) -> tuple[int, list[str]]:
    """How many answers were compared for one seed, and those that differ."""
    compared, found = 0, []
    for number, comparison in enumerate(COMPARISONS):
        for asked, engine, oracle in comparison(Random(seed * len(COMPARISONS) + number)):
            compared += 1
            if engine != oracle:
                found.append(f"seed {seed}, {comparison.__name__}: {asked}: engine {engine}, oracle {oracle}")
    return compared, found
