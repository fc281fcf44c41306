"""Equal in every possible cluster, against clusters made of every combination of a small alphabet."""

from __future__ import annotations

import copy
from itertools import product
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.loading import load_objects
from ringfence.verdict import witnesses
from ringfence.verdict.scopes import Scope
from ringfence.verdict.universal import compared, refused
from ringfence.verdict.witnesses import ALL
from ringfence.world import World
from tests.properties.alphabet import chance
from tests.properties.clusters import scenario
from tests.properties.comparison import load
from tests.properties.test_diff import mutated

Object = dict[str, Any]
RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=40, phases=[Phase.explicit, Phase.generate])
NAMES = ("n", "m")
SPACE_LABELS: tuple[dict[str, str], ...] = ({}, {"t": "r"}, {"t": "s"}, {"t": "x"})
POD_LABELS: tuple[dict[str, str], ...] = tuple(
    {**left, **right} for left, right in product(({}, {"a": "1"}, {"a": "2"}, {"a": "9"}), ({}, {"b": "1"}, {"b": "9"}))
)


def selector(random: Random, keys: dict[str, list[str]]) -> Object:
    requirements = []
    for key, values in keys.items():
        if chance(random, 0.55):
            operator = random.choice(["In", "NotIn", "Exists", "DoesNotExist"])
            item: Object = {"key": key, "operator": operator}
            if operator in ("In", "NotIn"):
                item["values"] = random.sample(values, random.randint(1, len(values)))
            requirements.append(item)
    return {"matchExpressions": requirements} if requirements else {}


def peer(random: Random) -> Object:
    found: Object = {}
    if chance(random, 0.5):
        found["namespaceSelector"] = selector(random, {"t": ["r", "s"]})
    if not found or chance(random, 0.6):
        found["podSelector"] = selector(random, {"a": ["1", "2"], "b": ["1"]})
    return found


def rule(random: Random, word: str) -> Object:
    found: Object = {word: [peer(random) for _ in range(random.randint(1, 2))]}
    if chance(random, 0.4):
        found["ports"] = [{"protocol": "TCP", "port": random.choice([80, 81, "web"])}]
    return found


def policy(random: Random, name: str) -> Object:
    spec: Object = {"podSelector": selector(random, {"a": ["1", "2"], "b": ["1"]}), "policyTypes": []}
    for kind, field, word in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        if chance(random, 0.65):
            spec["policyTypes"].append(kind)
            spec[field] = [rule(random, word) for _ in range(random.randint(0, 2))]
    metadata = {"name": name, "namespace": random.choice(NAMES)}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def rewritten(random: Random, policies: list[Object]) -> list[Object]:
    """The same meaning, mostly: rules in policies of their own, in another order; or a small change."""
    found: list[Object] = []
    for item in copy.deepcopy(policies):
        spec = item["spec"]
        if "Ingress" in spec["policyTypes"] and len(spec["ingress"]) > 1 and chance(random, 0.6):
            other = copy.deepcopy(item)
            other["metadata"]["name"] += "-2"
            other["spec"]["ingress"] = [spec["ingress"].pop()]
            found.append(other)
        if chance(random, 0.3) and spec.get("egress"):
            spec["egress"].append(copy.deepcopy(spec["egress"][0]))
        if chance(random, 0.15):
            spec["podSelector"] = selector(random, {"a": ["1", "2"], "b": ["1"]})
        found.append(item)
    random.shuffle(found)
    return found


def clusters() -> Any:
    """Every assignment of labels to the namespaces, each with pods of all labels, with and without the named port."""
    for labels in product(SPACE_LABELS, repeat=len(NAMES)):
        objects: list[Object] = []
        for name, own in (*zip(NAMES, labels, strict=True), *((f"z{i}", own) for i, own in enumerate(SPACE_LABELS))):
            objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": own}})
            for number, (pod_labels, port) in enumerate(product(POD_LABELS, (None, 80, 82))):
                ports = [{"name": "web", "containerPort": port}] if port else []
                objects.append(
                    {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "metadata": {"name": f"p{number}", "namespace": name},
                        "spec": {
                            "replicas": 2,
                            "selector": {"matchLabels": pod_labels},
                            "template": {
                                "metadata": {"labels": pod_labels},
                                "spec": {"containers": [{"name": "main", "ports": ports}]},
                            },
                        },
                    }
                )
        yield objects


def check_universal(random: Random) -> str:
    common = [policy(random, f"c{number}") for number in range(random.choice([0, 0, 1, 2]))]
    one = [policy(random, f"p{number}") for number in range(random.randint(1, 2))]
    other = [*rewritten(random, one), *common]
    one = [*one, *common]
    left, right = load_objects(one), load_objects(other)
    found = left.equivalent(right, universal=True)
    forth = back = True
    for objects in clusters():
        order = World.equivalent(load_objects([*objects, *one]), load_objects([*objects, *other])).order
        assert order != "undecided"
        forth = forth and order in ("equal", "within")
        back = back and order in ("equal", "contains")
        if not forth and not back:
            break
    expected = {(True, True): "equal", (True, False): "within", (False, True): "contains", (False, False): "neither"}
    assert found.order == expected[forth, back], (one, other, found)
    assert (found.more is None) == forth
    assert (found.less is None) == back
    mirrored = right.equivalent(left, universal=True).order
    assert mirrored == expected[back, forth]
    return str(found.order)


def decidable(objects: list[Object], given: Any) -> list[Object]:
    """The policies, without those of which nothing can be said."""
    policies = [item for item in objects if "Policy" in item["kind"] and "cilium" not in item["apiVersion"]]
    known = load(policies, given).cluster.policies
    bad = {(one.kind, one.namespace, one.name) for one in known if any(refused([one]))}
    return [
        item
        for item in policies
        if (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) not in bad
    ]


def check_scopes(random: Random) -> str:
    """All at once, on one cluster of witnesses, against namespace by namespace."""
    made, other = (scenario(random) for _ in range(2))
    rest = mutated(random, made) if chance(random, 0.7) else other.objects
    one, two = (decidable(objects, made.given) for objects in (made.objects, rest))
    left, right = load(one, made.given), load(two, made.given)
    policies = tuple(tuple(world.cluster.policies) for world in (left, right))
    with patch.object(witnesses, "MOST_PODS", 1_500):
        whole = compared(Scope(ALL, ALL, (policies[0], policies[1]), by_role=False), left.profile)
    if whole.order != "undecided":
        found = left.equivalent(right, universal=True)
        assert found.order == whole.order, (one, two, found, whole)
        assert (found.more is None, found.less is None) == (whole.more is None, whole.less is None)
    return str(whole.order)


@settings(parent=SLOW, max_examples=8)
@given(RANDOMS)
def test_namespace_by_namespace_is_as_all_at_once(random: Random) -> None:
    check_scopes(random)


@SLOW
@given(RANDOMS)
def test_universal_equality_is_equality_in_every_cluster(random: Random) -> None:
    check_universal(random)
