"""Ways in, blast radius and exposure to new pods, against the oracle's plain enumeration. The long run is
``python -m tests.oracle.run --reach``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.properties.clusters import Given, Object
from tests.properties.corner_cases import deployment, network_policy
from tests.properties.reach_differences import (
    Compared,
    compared_new_pods,
    compared_steps,
    compared_ways,
    ways_in,
)
from tests.truth.location import namespace, node, pod

pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])
FEWER = settings(SLOW, max_examples=25)


def assert_same(compared: Iterable[Compared]) -> None:
    for asked, engine, oracle in compared:
        assert engine == oracle, asked


@SLOW
@given(RANDOMS)
def test_every_way_in_and_its_verdict(random: Random) -> None:
    assert_same(compared_ways(random))


@SLOW
@given(RANDOMS)
def test_what_is_reached_step_by_step(random: Random) -> None:
    assert_same(compared_steps(random))


@FEWER
@given(RANDOMS)
def test_what_new_pods_can_be_made_to_reach(random: Random) -> None:
    assert_same(compared_new_pods(random))


def service(**spec: Any) -> Object:
    ports = [{"name": "x", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    metadata = {"name": "s", "namespace": "n"}
    body = {"type": "NodePort", "selector": {"app": "a"}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}


def dual(name: str) -> Object:
    item = pod("n", name, {"app": "a"}, address="10.0.0.9")
    item["status"]["podIPs"] = [{"ip": "10.0.0.9"}, {"ip": "fd00::9"}]
    return item


ONE, OTHER = pod("n", "a", {"app": "a", "x": "1"}, address="10.0.0.1"), pod("n", "b", {"app": "a"}, address="10.0.0.2")
FROM_FOUR = network_policy({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]})
CLOSES_ONE = network_policy({"podSelector": {"matchLabels": {"x": "1"}}, "policyTypes": ["Ingress"]})
CASES: dict[str, tuple[Object, ...]] = {
    "a Service of IPv6 alone": (dual("a"), service(clusterIP="fd02::1", clusterIPs=["fd02::1"]), FROM_FOUR),
    "a Service of IPv4 alone": (dual("a"), service(clusterIP="10.2.0.1", clusterIPs=["10.2.0.1"]), FROM_FOUR),
    "an external address of IPv4": (dual("a"), service(type="ClusterIP", externalIPs=["198.51.100.7"]), FROM_FOUR),
    "pods that are perhaps behind it": (deployment("d"), service(selector={"pod-template-hash": "h"})),
    "one of two pods is closed": (ONE, OTHER, service(), CLOSES_ONE),
    "a load balancer for nobody": (ONE, service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"])),
    "a load balancer for some": (
        *(ONE, OTHER, CLOSES_ONE),
        service(type="LoadBalancer", loadBalancerSourceRanges=["192.0.2.0/24"], externalTrafficPolicy="Local"),
    ),
}
SOURCES: dict[str, tuple[tuple[str, bool | None], ...]] = {
    "the client": (("cluster-policy-keeps-client", True), ("own-node-keeps-client", True)),
    "a node": (
        ("cluster-policy-keeps-client", False),
        ("own-node-keeps-client", False),
        ("node-address-is-stated", True),
    ),
    "either": (
        ("cluster-policy-keeps-client", None),
        ("own-node-keeps-client", None),
        ("node-address-is-stated", True),
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", CASES)
def test_ways_that_chance_rarely_makes(name: str, source: str) -> None:
    objects = [namespace("n", {}), node("k", {}, ["10.1.0.1"]), *CASES[name]]
    pinned = (("local-policy-keeps-client", True), *SOURCES[source])
    told = ways_in(objects, Given("calico", answers=pinned))
    assert told is not None
    engine, oracle = told
    assert oracle
    assert (engine - oracle, oracle - engine) == (Counter(), Counter())
