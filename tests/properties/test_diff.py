"""The rows of a difference and nothing else explain how the relation changed, and their causes make the change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.verdict import diffing
from ringfence.verdict.attribution import Attribution
from tests.properties.alphabet import NODES, PORT_NAMES, PORTS, chance, labels, space_labels
from tests.properties.clusters import NODE_PORT, Object, Scenario, scenario
from tests.properties.comparison import load
from tests.properties.rules import Writer
from tests.properties.test_relation import PROTOCOLS, addresses_in, is_outside, key, text_of_row_end

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])
POLICIES = ("NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
PORT_ATOMS = sorted({port for number in PORTS for port in (number, number + 1) if port < 65536} | {40})
Flows = dict[tuple[str, str, int], dict[int | None, tuple[str, str]]]


def mutated(random: Random, made: Scenario) -> list[Object]:
    """Another state of a cluster: policies come, go and change, and so do labels, pods, their ports, addresses and
    nodes, and the nodes themselves."""
    share = random.choice([0.1, 0.3, 0.8])
    places_stay = chance(random, 0.5)
    policies_stay = chance(random, 0.4)
    objects: list[Object] = []
    for item in copy.deepcopy(made.objects):
        kind = item["kind"]
        if kind in POLICIES and not policies_stay and chance(random, share):
            continue
        if kind == "Namespace" and chance(random, share / 2):
            item["metadata"]["labels"] = space_labels(random)
        if kind == "Pod" and chance(random, share / 3):
            item["metadata"]["labels"] = labels(random)
        if kind in ("Pod", "Service") and not policies_stay and chance(random, share / 6):
            continue
        if not places_stay and chance(random, share) and not moved(random, item):
            continue
        objects.append(item)
    spaces = sorted({item["metadata"]["namespace"] for item in made.objects if "namespace" in item["metadata"]})
    there = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects}
    for item in Writer(random, spaces).policies():
        identity = (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"])
        if not policies_stay and chance(random, share) and identity not in there:
            objects.append(item)
    return objects


def moved(random: Random, item: Object) -> bool:
    """Gives an object another place: a pod another node, address or port, a node other labels. False: it goes."""
    what = random.choice(["node", "address", "ports"])
    if item["kind"] == "Node":
        item["metadata"]["labels"] = random.choice([{}, {"disk": "ssd"}, {"disk": "hdd"}])
        return chance(random, 0.8)
    if item["kind"] != "Pod" or item["spec"].get("hostNetwork"):
        return True
    if what == "node":
        item["spec"]["nodeName"] = random.choice(NODES)
    elif what == "address":
        if chance(random, 0.3):
            item["status"] = {"phase": "Running"}
        for key, entries in list(item["status"].items()):
            if key == "podIPs":
                texts = [entry["ip"].replace("10.0.0.", "10.0.0.10").replace("fd00::", "fd00::10") for entry in entries]
                item["status"] |= {"podIP": texts[0], "podIPs": [{"ip": text} for text in texts]}
    else:
        item["spec"]["containers"][0]["ports"] = [
            {"name": random.choice(PORT_NAMES), "protocol": "TCP", "containerPort": random.choice(PORTS)}
        ]
    return True


def members(world: Any) -> dict[str, str]:
    """Every pod by the name that rows give it, as ``can`` takes it."""
    return {
        f"{pod.namespace}/{pod.name}": f"{pod.namespace}/{pod.workload.kind.lower()}/{pod.name}"
        if pod.template and pod.name == pod.workload.name
        else f"{pod.namespace}/pod/{pod.name}"
        for pod in world.cluster.pods
    }


def expanded(diff: Any) -> Flows:
    """Every flow of a row at each port that is asked about: by family, the verdicts before and after."""
    found: Flows = {}
    for row in diff.rows:
        if row.change in ("new", "gone"):
            continue
        for source in row.sources:
            for destination in row.destinations:
                for number in asked_keys():
                    if any(first <= number <= last for first, last in row.ports):
                        cell = found.setdefault((source, destination, number), {})
                        assert row.family not in cell, f"two rows hold {source} -> {destination} {number}"
                        cell[row.family] = (row.before.value, row.after.value)
    return found


def asked_keys() -> list[int]:
    return [key(protocol, port) for protocol in PROTOCOLS for port in PORT_ATOMS if port != NODE_PORT]


def by_family(answer: Any) -> dict[int | None, str]:
    """The verdict of each family that is a flow of its own, else of all."""
    found = {part.family: part.verdict.value for part in answer.parts}
    return found if None not in found and len(found) > 1 else {None: answer.verdict.value}


def changes(before: Any, after: Any) -> dict[int | None, tuple[str, str]]:
    """What changed of one flow, as rows tell it."""
    left, right = by_family(before), by_family(after)
    if left.keys() == right.keys() and None not in left:
        pairs = {family: (left[family], right[family]) for family in left}
        if len(set(pairs.values())) > 1:
            return {family: pair for family, pair in pairs.items() if pair[0] != pair[1]}
    pair = (before.verdict.value, after.verdict.value)
    return {None: pair} if pair[0] != pair[1] else {}


def pairs_of(before: Any, after: Any, diff: Any, random: Random) -> Iterator[tuple[str, str]]:
    """Some pairs of ends that both states have, as rows name them."""
    pods = sorted(members(before).keys() & members(after).keys())
    gone = {*diff.new, *diff.gone}
    others = [end for end in diff.ends if (is_outside(end) or end.startswith("node/")) and end not in gone]
    every = [pair for a in pods for b in [*pods, *others] if a != b for pair in ((a, b), (b, a))]
    return iter(random.sample(every, min(len(every), 8)))


def check_rows(random: Random) -> None:
    made = scenario(random)
    objects = mutated(random, made)
    before, after = load(made.objects, made.given), load(objects, made.given)
    diff = before.diff(after, level="pod")
    flows = expanded(diff)
    known = addresses_in(made.objects) | addresses_in(objects)
    old, new = members(before), members(after)
    for source, destination in pairs_of(before, after, diff, random):
        texts = [text_of_row_end(end, known) if is_outside(end) else end for end in (source, destination)]
        if not all(texts):
            continue
        for number in random.sample(asked_keys(), 4):
            port, protocol = number & 0xFFFF, PROTOCOLS[number >> 16]
            asked = [
                world.can(*(names.get(text, text) for text in texts), port=port, protocol=protocol)
                for world, names in ((before, old), (after, new))
            ]
            assert flows.get((source, destination, number), {}) == changes(*asked), (texts, port, protocol)


@SLOW
@given(RANDOMS)
def test_rows_are_exactly_what_changed(random: Random) -> None:
    check_rows(random)


@SLOW
@given(RANDOMS)
def test_rows_are_exactly_what_changed_where_causes_are_not_looked_for(random: Random) -> None:
    with patch.object(diffing, "MOST_GROUPS", 0):
        check_rows(random)


def swapped(before: list[Object], after: list[Object], causes: Any) -> list[Object]:
    """The objects before, those that are named as causes as they are after."""
    named = {(cause.altered.kind, cause.altered.namespace, cause.altered.name) for cause in causes}

    def hit(item: Object) -> bool:
        metadata = item["metadata"]
        own = {(item["kind"], metadata.get("namespace"), metadata["name"])}
        own.update((owner["kind"], metadata.get("namespace"), owner["name"]) for owner in
                   metadata.get("ownerReferences", ()))  # fmt: skip
        return bool(own & named)

    return [item for item in before if not hit(item)] + [item for item in after if hit(item)]


def check_causes(random: Random) -> None:
    made = scenario(random)
    objects = mutated(random, made)
    before, after = load(made.objects, made.given), load(objects, made.given)
    rows = [row for row in before.diff(after, level="pod").rows if row.before is not None and row.after is not None]
    for row in random.sample(rows, min(len(rows), 6)):
        assert row.causes or not row.explained, row
        if not row.explained:
            continue
        assert row.family is not None or row.before is not row.after
        changed = load(swapped(made.objects, objects, row.causes), made.given)
        flows = {(s, d) for s in row.sources for d in row.destinations if s != d and not is_outside(s + d)}
        names = members(before)
        number = row.ports[0][0]
        both = {*members(before)} & {*members(after)} | set(before.relation.universe.nodes)
        for source, destination in random.sample(sorted(flows), min(len(flows), 4)):
            if not {source.removeprefix("node/"), destination.removeprefix("node/")} <= both:
                continue
            answer = changed.can(
                names.get(source, source),
                names.get(destination, destination),
                port=number & 0xFFFF,
                protocol=PROTOCOLS[number >> 16],
            )
            got = by_family(answer).get(row.family, answer.verdict.value)
            assert got == row.after.value, (got, source, destination, number, row)


@SLOW
@given(RANDOMS)
def test_the_causes_alone_make_the_change(random: Random) -> None:
    check_causes(random)


@SLOW
@given(RANDOMS)
def test_looking_only_where_objects_changed_finds_everything(random: Random) -> None:
    made = scenario(random)
    objects = mutated(random, made)
    before, after = load(made.objects, made.given), load(objects, made.given)
    found = before.diff(after, level="pod")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Attribution, "focus", lambda self: None)
        assert before.diff(after, level="pod") == found


@SLOW
@given(RANDOMS)
def test_a_state_does_not_differ_from_itself(random: Random) -> None:
    made = scenario(random)
    shuffled = copy.deepcopy(made.objects)
    random.shuffle(shuffled)
    diff = load(made.objects, made.given).diff(load(shuffled, made.given))
    assert diff.same
    assert diff.decided
    assert not diff.without_effect
