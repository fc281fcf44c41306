"""Classes of ends: nothing that a policy can see is lost, and what none can see makes no class of its own."""

from __future__ import annotations

import ipaddress
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.layers.network import universe as universes
from ringfence.layers.network.universe import Universe, cut, outside_spaces
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import replace
from tests.model.objects import Object, block, controller, namespace, network_policy, node, pod, pods_peer, world
from tests.properties.alphabet import CIDRS
from tests.properties.clusters import scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=30, phases=[Phase.explicit, Phase.generate])
BLOCKS = st.lists(st.lists(st.sampled_from(CIDRS), min_size=1, max_size=2), max_size=4)


def of(texts: list[str]) -> Intervals:
    return ip.canonical(ip.cidr(text) for text in texts)


def universe(*objects: Object, **options: object) -> Universe:
    return world(*objects, **options).relation.universe


@given(BLOCKS, st.ip_addresses(v=4) | st.sampled_from([ipaddress.ip_network(text)[0] for text in CIDRS]))
def test_addresses_of_one_atom_are_in_the_same_blocks(
    blocks: list[list[str]], address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    atoms = cut(map(of, blocks))
    number = ip.address(str(address))
    held = {block for index, block in enumerate(atoms.blocks) if atoms.sets[atoms.of(number)] >> index & 1}
    assert held == {block for block in map(of, blocks) if ip.contains(block, number)}


@given(BLOCKS, st.lists(st.sampled_from(CIDRS), max_size=2))
def test_outside_is_the_rest_of_the_line_in_few_pieces(blocks: list[list[str]], inside: list[str]) -> None:
    atoms = cut(map(of, blocks))
    spaces = outside_spaces(atoms, of(inside))
    assert ip.merge(spaces) == ip.subtract(ip.EVERY_ADDRESS, of(inside))
    assert sum(map(ip.size, spaces)) == ip.size(ip.merge(spaces)), "no address is in two of them"
    kinds = [(ip.family(space[0][0]), atoms.of(space[0][0])) for space in spaces]
    assert len(set(kinds)) == len(kinds), "what no block tells apart is one piece"


@SLOW
@given(st.randoms(use_true_random=False))
def test_every_pod_is_in_the_class_that_it_counts_for(random: Random) -> None:
    made = scenario(random)
    relation = load(made.objects, made.given).relation
    found: Universe = relation.universe
    pods = relation.cluster.pods
    for index, pod_ in enumerate(pods):
        column = found.class_of_pod[index]
        assert index in found.members[column]
        end = found.ends[column]
        assert (end.namespace, end.ports, end.host_network) == (pod_.namespace, pod_.ports, pod_.host_network)
        assert end.labels.items() <= dict(pod_.labels).items()
        start, stop = found.namespaces[pod_.namespace]
        assert start <= column < stop
    assert sum(map(found.count, range(found.pods))) == sum(pod_.replicas for pod_ in pods)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"labels": {"app": "a"}}, {"labels": {"app": "b"}}, False),
        ({"labels": {"pod-template-hash": "1"}}, {"labels": {"pod-template-hash": "2"}}, True),
        ({"ports": {"web": "80"}}, {"ports": {"web": "81"}}, False),
        ({"node": "a"}, {"node": "b"}, True),
        ({"node": "a", "host": True}, {"node": "b", "host": True}, False),
        ({"host": True}, {}, False),
        ({"ips": ("10.0.0.1",)}, {"ips": ("10.0.0.2",)}, True),
        ({"ips": ("10.0.0.1",)}, {"ips": ("10.0.9.2",)}, False),
        ({"ips": ("10.0.0.1",)}, {"ips": ("10.0.0.2", "fd00::1")}, False),
        ({"ips": ("10.0.0.1",)}, {}, False),
    ],
)
def test_pods_are_one_class_when_no_policy_can_tell_them_apart(one: Object, other: Object, same: bool) -> None:
    policy = network_policy("shop/p", ingress=[{"from": [block("10.0.0.0/24")]}])
    found = universe(namespace("shop"), policy, *(pod(f"shop/{n}", **kw) for n, kw in (("x", one), ("y", other))))
    assert (found.class_of_pod[0] == found.class_of_pod[1]) is same


def test_a_label_of_single_replicas_counts_once_a_policy_mentions_it() -> None:
    key = "statefulset.kubernetes.io/pod-name"
    pods = [pod(f"shop/db-{n}", {"app": "db", key: f"db-{n}"}, owner="StatefulSet/db") for n in (0, 1)]
    assert universe(*pods).pods == 1
    policy = network_policy("shop/p", ingress=[{"from": [pods_peer({key: "db-0"})]}])
    assert universe(*pods, policy).pods == 2


def test_pods_of_two_namespaces_are_never_one_class() -> None:
    assert universe(pod("shop/web"), pod("home/web")).pods == 2


def test_columns_are_pods_then_nodes_then_addresses() -> None:
    found = universe(
        node("k1", "10.1.0.1"), pod("shop/web"), controller("Deployment", "home/api", replicas=3),
        network_policy("shop/p", egress=[{"to": [block("10.9.0.0/16")]}]),
    )  # fmt: skip
    assert [end.sort for end in found.ends[: found.outside]] == ["pod", "pod", "node"]
    assert {end.sort for end in found.ends[found.outside :]} == {"outside"}
    assert [found.count(column) for column in range(found.pods)] == [3, 1]


@pytest.mark.parametrize(
    ("options", "pods", "nodes"),
    [
        ({}, ip.ASSIGNABLE, ip.ASSIGNABLE),
        ({"pod_cidrs": "10.0.0.0/8"}, of(["10.0.0.0/8"]), None),
        ({"service_cidrs": "10.2.0.0/16"}, None, None),
        ({"pod_cidrs": "10.0.0.0/16,fd00::/64", "node_cidrs": "10.1.0.0/24"}, of(["10.0.0.0/16", "fd00::/64"]), None),
    ],
)
def test_where_open_addresses_may_lie(options: Object, pods: Intervals | None, nodes: Intervals | None) -> None:
    found = universe(pod("shop/web"), **options)
    if pods is not None:
        assert found.pod_space == pods
    if nodes is not None:
        assert found.node_space == nodes
    ranges = found.cluster.ranges
    for space, others in ((found.pod_space, (ranges.services, ranges.nodes)), (found.node_space, (ranges.services,))):
        for other in others:
            assert ip.intersect(space, other) == ()


def test_a_universe_is_taken_again_only_where_the_policies_see_as_much() -> None:
    first = pod("shop/web-0", {"app": "web", "apps.kubernetes.io/pod-index": "0"})
    second = pod("shop/web-1", {"app": "web", "apps.kubernetes.io/pod-index": "1"})
    coarse = world(first, second, network_policy("shop/a", ingress=[]))
    made = coarse.relation.universe
    cluster = coarse.cluster
    assert universes.build(cluster, made=[made]).ends is made.ends
    one = {"apps.kubernetes.io/pod-index": "0"}
    finer = world(first, second, network_policy("shop/a", one, ingress=[])).cluster.policies
    again = universes.build(replace(cluster, policies=finer), made=[made])
    assert (made.pods, again.pods) == (1, 2)
    addresses = world(network_policy("shop/a", ingress=[{"from": [block("192.0.2.0/24")]}])).cluster.policies
    assert universes.build(replace(cluster, policies=addresses), made=[made]).atoms != made.atoms
    assert universes.build(replace(cluster, pods=cluster.pods[:1]), made=[made]).class_of_pod == [0]
