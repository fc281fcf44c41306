"""The rows of exposure, expanded, are exactly the relation; what labels buy is what the engine says of such a pod."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ringfence.model.policy import Direction
from ringfence.sets.ports import port_key
from ringfence.verdict.exposure import Exposure, Origin
from tests.properties.alphabet import labels
from tests.properties.clusters import NODE_PORT, scenario
from tests.properties.comparison import load
from tests.properties.test_relation import PORT_ATOMS, PROTOCOLS, addresses_in, text_of_row_end

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=12, phases=[Phase.explicit, Phase.generate])
PORTS = [port for port in PORT_ATOMS if port != NODE_PORT]


def said(
    found: Exposure, direction: Direction, origins: tuple[Origin, ...], peer: str, workload: str, key: int
) -> set[str]:
    return {
        row.verdict.value
        for row in found.rows
        if row.direction is direction
        and row.origin in origins
        and peer in row.peers
        and workload in row.workloads
        and any(first <= key <= last for first, last in row.ports)
    }


def pods_of(engine: Any) -> dict[str, list[str]]:
    """Workload, as rows name it → its pods, as ``can`` takes them."""
    texts, numbers = engine.lister.workloads.texts, engine.lister.workloads.numbers
    found: dict[str, list[str]] = {}
    for pod, number in zip(engine.cluster.pods, numbers, strict=True):
        alone = pod.template and pod.name == pod.workload.name
        kind = pod.workload.kind.lower() if alone else "pod"
        found.setdefault(texts[number], []).append(f"{pod.namespace}/{kind}/{pod.name}")
    return found


def folded(verdicts: set[str]) -> set[str]:
    """What a row should say of some pairs: allowed if one is, else unknown if one is."""
    if verdicts & {"allowed", "mixed"}:
        return {"allowed"}
    return {"unknown"} if "unknown" in verdicts else set()


@SLOW
@given(RANDOMS)
def test_the_rows_are_the_relation(random: Random) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    found: Exposure = engine.exposure()
    pods = pods_of(engine)
    known = addresses_in(made.objects)
    spaces: dict[str, list[str]] = {}
    for name, members in pods.items():
        spaces.setdefault(name.partition("/")[0], []).extend(members)
    outside = [(peer, (origin,)) for origin, peers in found.whole.items() for peer in peers]
    peers: list[tuple[str, tuple[Origin, ...], list[str]]] = [
        (peer, origins, [text]) for peer, origins in outside if (text := text_of_row_end(peer, known))
    ]
    peers += [(f"node/{name}", (Origin.NODES,), [f"node/{name}"]) for name in engine.relation.universe.nodes]
    peers += [(space, (Origin.NAMESPACES,), members) for space, members in spaces.items()]
    pairs = [
        (peer, workload)
        for peer in peers
        for workload in pods
        if not (peer[1] == (Origin.NAMESPACES,) and workload.startswith(f"{peer[0]}/"))
    ]
    for (peer, origins, ends), workload in random.sample(pairs, min(len(pairs), 14)):
        port, protocol = random.choice(PORTS), random.choice(PROTOCOLS)
        for direction in Direction:
            if origins == (Origin.METADATA,) and direction is Direction.INGRESS:
                continue
            asked: set[str] = set()
            for end in ends:
                for pod in pods[workload]:
                    two = (end, pod) if direction is Direction.INGRESS else (pod, end)
                    asked.add(engine.can(*two, port=port, protocol=protocol).verdict.value)
            got = said(found, direction, origins, peer, workload, port_key(protocol, port))
            expected = folded(asked)
            if "mixed" in asked and "allowed" not in asked:
                continue  # of families or places, some of them unknown: the pair is no single flow
            assert (got & {"allowed"} or got) == expected, (peer, workload, direction, port, protocol)


@SLOW
@given(RANDOMS)
def test_a_label_that_opens_a_way_is_in_the_rows(random: Random) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    found: Exposure = engine.exposure()
    pods = pods_of(engine)
    assume(pods)
    spaces = sorted(engine.cluster.namespaces)
    for _ in range(12):
        space, workload = random.choice(spaces), random.choice(sorted(pods))
        chosen = ",".join(f"{key}={value}" for key, value in labels(random).items()) + f"@{space}"
        port, protocol = random.choice(PORTS), random.choice(PROTOCOLS)
        for direction in Direction:
            for pod in pods[workload]:
                two = (chosen, pod) if direction is Direction.INGRESS else (pod, chosen)
                verdict = engine.can(*two, port=port, protocol=protocol).verdict.value
                got = said(found, direction, (Origin.NEW_PODS,), space, workload, port_key(protocol, port))
                if verdict == "allowed":
                    assert "allowed" in got, (*two, port, protocol)
                elif verdict in ("unknown", "mixed"):
                    assert got, (*two, port, protocol)


@SLOW
@given(RANDOMS)
def test_the_labels_of_a_price_buy_it_and_fewer_do_not(random: Random) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    pods = pods_of(engine)
    assume(pods)
    target = random.choice(sorted(pods))
    ref = engine.lister.workloads.refs[engine.lister.workloads.texts.index(target)]
    # With its kind: a pod of the same name would be meant otherwise.
    found: Exposure = engine.exposure([f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"])
    space = random.choice(sorted(engine.cluster.namespaces))
    opened: set[int] = set()
    for price in found.prices:
        if space not in price.namespaces or price.labels is None or price.verdict.value != "allowed":
            continue
        first, last = random.choice(price.ports)
        key = random.choice((first, last))
        port, protocol = key & 0xFFFF, PROTOCOLS[key >> 16]
        opened.add(key)
        for size in range(len(price.labels) + 1):
            kept = dict(random.sample(price.labels, size))
            text = ",".join(f"{name}={value}" for name, value in kept.items()) + f"@{space}"
            verdicts = {engine.can(text, pod, port=port, protocol=protocol).verdict.value for pod in pods[target]}
            if size == len(price.labels):
                assert verdicts & {"allowed", "mixed"}, (text, target, port)
            else:
                assert "allowed" not in verdicts, (text, target, port)
    for row in found.rows:
        new_pods = row.origin is Origin.NEW_PODS and row.direction is Direction.INGRESS
        if new_pods and row.verdict.value == "allowed" and space in row.peers and target in row.workloads:
            key = row.ports[0][0]
            assert any(
                space in price.namespaces and any(first <= key <= last for first, last in price.ports)
                for price in found.prices
            ), key


@SLOW
@given(RANDOMS)
def test_a_limit_says_what_it_cuts_off(random: Random) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    whole = engine.exposure()
    cut = engine.exposure(limit=2)
    assert cut.rows == whole.rows[:2]
    assert cut.left_out == max(0, len(whole.rows) - 2)
