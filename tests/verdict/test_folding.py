"""Several flows in one question: the rule by which their verdicts become one."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ringfence.sets.ports import EVERYTHING, describe, size
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import fold
from tests.model.objects import Object, block, namespace, network_policy, pod, pods_peer, tcp, world

ALLOWED, DENIED, UNKNOWN, MIXED = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED
DB = {"app": "db"}


@pytest.mark.parametrize("parts", list(product([ALLOWED, DENIED, UNKNOWN], repeat=3)))
def test_allowed_or_denied_only_if_every_one_is(parts: tuple[Verdict, ...]) -> None:
    found = fold(parts)
    if found in (ALLOWED, DENIED):
        assert set(parts) == {found}
    elif found is UNKNOWN:
        assert UNKNOWN in parts
        assert not {ALLOWED, DENIED} <= set(parts), "no two known ones differ"
    else:
        assert {ALLOWED, DENIED} <= set(parts)


def test_a_mixed_part_makes_the_whole_mixed() -> None:
    assert fold([MIXED, UNKNOWN]) is fold([MIXED, ALLOWED]) is fold([MIXED]) is MIXED


def replicas(*labels: Object) -> list[Object]:
    return [pod(f"shop/api-{n}", {"app": "api", **own}, owner="ReplicaSet/api") for n, own in enumerate(labels)]


@pytest.mark.parametrize(
    ("labels", "port", "verdict"),
    [
        (({"role": "a"}, {"role": "a"}), 80, ALLOWED),
        (({"role": "b"}, {}), 80, DENIED),
        (({"role": "a"}, {"role": "b"}), 80, MIXED),
        (({"role": "a"}, {"role": "a"}), 81, DENIED),
        (({"role": "a"}, {"role": "a"}), None, MIXED),
    ],
)
@pytest.mark.parametrize("asked", ["shop/api", "shop/rs/api"])
def test_replicas_and_ports(labels: tuple[Object, ...], port: int | None, verdict: Verdict, asked: str) -> None:
    """Only replicas with role=a, only port 80."""
    policy = network_policy("shop/in", DB, ingress=[{"from": [pods_peer({"role": "a"})], "ports": tcp(80)}])
    answer = world(namespace("shop"), pod("shop/db", DB), *replicas(*labels), policy).can(asked, "shop/db", port)
    assert answer.verdict is verdict


def test_the_parts_of_a_question_about_all_ports_are_all_ports() -> None:
    policy = network_policy("shop/in", DB, ingress=[{"ports": [*tcp(80), {"protocol": "UDP"}]}])
    answer = world(namespace("shop"), pod("shop/db", DB), pod("shop/web"), policy).can("shop/web", "shop/db")
    assert {part.verdict.value: describe(part.ports) for part in answer.parts} == {
        "allowed": "TCP 80, UDP any",
        "denied": "TCP 1-79, 81-65535, SCTP any",
    }
    assert sum(size(part.ports) for part in answer.parts) == size(EVERYTHING)


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "SCTP"])
def test_without_a_port_a_protocol_asks_for_its_ports_alone(protocol: str) -> None:
    policy = network_policy("shop/in", DB, ingress=[{"ports": [{"protocol": "UDP"}]}])
    answer = world(namespace("shop"), pod("shop/db", DB), pod("shop/web"), policy).can(
        "shop/web", "shop/db", protocol=protocol
    )
    assert answer.verdict is (ALLOWED if protocol == "UDP" else DENIED)


def test_every_part_has_a_witness_that_alone_has_its_verdict() -> None:
    policy = network_policy("shop/in", DB, ingress=[{"from": [pods_peer({"role": "a"})], "ports": tcp(80)}])
    asked = world(namespace("shop"), pod("shop/db", DB), *replicas({"role": "a"}, {"role": "b"}), policy)
    answer = asked.can("shop/api", "shop/db")
    assert answer.verdict is MIXED
    assert answer.reason.code == "mixed"
    for part in answer.parts:
        port, _, protocol = part.witness_port.partition("/")
        single = asked.can(part.witness_source, part.witness_destination, port, protocol)
        assert single.verdict is part.verdict


@pytest.mark.parametrize(
    ("cidr", "verdict"),
    [("203.0.113.0/25", ALLOWED), ("203.0.113.128/25", DENIED), ("203.0.113.0/24", MIXED), ("10.0.0.0/8", DENIED)],
)
def test_a_cidr_is_all_of_its_addresses(cidr: str, verdict: Verdict) -> None:
    policy = network_policy("shop/in", DB, ingress=[{"from": [block("203.0.113.0/24", "203.0.113.128/25")]}])
    asked = world(namespace("shop"), pod("shop/db", DB, ips=("192.168.0.1",)), policy)
    assert asked.can(cidr, "shop/db", 80).verdict is verdict


@pytest.mark.parametrize(
    ("allowed", "verdict"),
    [(["0.0.0.0/0"], ALLOWED), (["0.0.0.0/1"], MIXED), ([], DENIED), (["10.0.0.0/8"], DENIED)],
)
def test_the_internet_has_the_families_of_the_other_end(allowed: list[str], verdict: Verdict) -> None:
    rules = [{"from": [block(text) for text in allowed]}] if allowed else []
    asked = world(namespace("shop"), pod("shop/db", ips=("10.0.0.1",)), network_policy("shop/in", ingress=rules))
    assert asked.can("internet", "shop/db", 80).verdict is verdict


@pytest.mark.parametrize(
    ("source", "destination", "verdict", "families"),
    [
        ("four", "four-2", ALLOWED, {None}),
        ("six", "six-2", DENIED, {None}),
        ("four", "six", DENIED, {None}),
        ("both", "four", ALLOWED, {None}),
        ("both", "both-2", MIXED, {4, 6}),
    ],
)
@pytest.mark.parametrize("cni", ["calico@3.32", "generic"])
def test_two_dual_stack_ends_have_a_flow_in_each_family(
    source: str, destination: str, verdict: Verdict, families: set[int | None], cni: str
) -> None:
    """The networks of the policy hold the IPv4 addresses alone; they match pods in every profile here."""
    addresses = {
        "four": ("10.0.0.1",), "four-2": ("10.0.0.2",), "six": ("fd00::1",), "six-2": ("fd00::2",),
        "both": ("10.0.0.3", "fd00::3"), "both-2": ("10.0.0.4", "fd00::4"),
    }  # fmt: skip
    deny: Object = {"action": "Deny", "to": [{"networks": ["fd00::/64"]}]}
    policy = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": {"name": "six"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [deny]},
    }  # fmt: skip
    asked = world(
        namespace("shop"), *(pod(f"shop/{name}", ips=ips) for name, ips in addresses.items()), policy, cni=cni
    )
    answer = asked.can(f"shop/{source}", f"shop/{destination}", 80)
    assert answer.verdict is verdict
    assert {part.family for part in answer.parts} == families


def test_ends_without_a_common_family_share_no_flow() -> None:
    asked = world(pod("shop/four", ips=("10.0.0.1",)), pod("shop/six", ips=("fd00::1",)))
    answer = asked.can("shop/four", "shop/six", 80)
    assert answer.verdict is DENIED
    assert answer.reason.code == "address"
    assert answer.decided_by == ()


@pytest.mark.parametrize(
    ("options", "others", "verdict"),
    [
        ({}, [], UNKNOWN),
        ({"pod_cidrs": "10.0.0.0/8"}, [], DENIED),
        ({"pod_cidrs": "fd00::/8"}, [], ALLOWED),
        ({}, [pod("shop/seen", ips=("10.0.0.1",))], DENIED),
        ({}, [pod("shop/seen", ips=("fd00::1",))], ALLOWED),
    ],
)
def test_an_open_family_is_what_the_cluster_shows_to_use(
    options: dict[str, Any], others: list[Object], verdict: Verdict
) -> None:
    """A rule for every IPv6 address and none for IPv4, under a plugin whose ipBlocks match pods."""
    policy = network_policy("shop/in", DB, ingress=[{"from": [block("::/0")]}])
    asked = world(namespace("shop"), pod("shop/web"), pod("shop/db", DB), *others, policy, cni="calico", **options)
    answer = asked.can("shop/web", "shop/db", 80)
    assert answer.verdict is verdict


@pytest.mark.parametrize(
    ("owner", "verdict"), [("", ALLOWED), ("ReplicaSet/api", DENIED)]
)  # fmt: skip
def test_a_pod_reaches_itself_and_a_workload_its_other_replicas_by_policy(owner: str, verdict: Verdict) -> None:
    pods = [pod(f"shop/api-{number}", owner=owner) for number in range(2)]
    asked = world(namespace("shop"), *pods, network_policy("shop/deny", ingress=[]))
    assert asked.can("shop/api-0", "shop/api-0", 80).verdict is ALLOWED
    assert asked.can("shop/api-0", "shop/api-1", 80).verdict is DENIED
    if owner:
        assert asked.can("shop/api", "shop/api", 80).verdict is verdict


def test_one_replica_alone_is_a_single_pod() -> None:
    asked = world(namespace("shop"), pod("shop/api-0", owner="ReplicaSet/api"), network_policy("shop/deny", ingress=[]))
    answer = asked.can("shop/api", "shop/api", 80)
    assert answer.verdict is ALLOWED
    assert answer.reason.code == "own-address"
