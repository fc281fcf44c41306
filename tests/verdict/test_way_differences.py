"""Ways in that differ between two states: what came, went, lets more or less through, and which object caused it."""

from __future__ import annotations

import pytest

from ringfence.verdict.changes import Change, WayChange
from ringfence.world import World
from tests.model.objects import Object, block, network_policy, pod, pods_peer, service
from tests.verdict.test_ways_in import APP, NGINX, PORT, admitting, cluster, ingress

CLUSTER_IP = service("shop/api", APP, PORT)
NODE_PORT = service("shop/api", APP, PORT, type="NodePort")
CLOSED = admitting(pods_peer(APP))
NOBODY = network_policy("shop/nobody", APP, ingress=[])


def state(*objects: Object) -> World:
    return cluster(*objects, cni="kindnet")


def told(row: WayChange) -> tuple[str, str, str, list[str]]:
    causes = [f"{cause.altered.kind} {cause.altered.name} {cause.altered.how}" for cause in row.causes]
    return str(row.change), str(row.before), str(row.after), causes


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([CLUSTER_IP], [NODE_PORT], ("widened", "None", "allowed", ["Service api changed"])),
        ([NODE_PORT], [CLUSTER_IP], ("narrowed", "allowed", "None", ["Service api changed"])),
        ([NODE_PORT, CLOSED], [NODE_PORT], ("widened", "denied", "allowed", ["NetworkPolicy api removed"])),
        ([NODE_PORT], [NODE_PORT, CLOSED], ("narrowed", "allowed", "denied", ["NetworkPolicy api added"])),
        (
            [NODE_PORT, CLOSED],
            [NODE_PORT, admitting(block("203.0.113.0/24"))],
            ("widened", "denied", "unknown", ["NetworkPolicy api changed"]),
        ),
        ([CLUSTER_IP], [CLUSTER_IP, ingress()], ("widened", "None", "allowed", ["Ingress web added"])),
        (
            [CLUSTER_IP, ingress(ingressClassName="nginx"), pod("web/nginx", NGINX)],
            [CLUSTER_IP, ingress(ingressClassName="nginx")],
            ("widened", "denied", "allowed", []),
        ),
    ],
)
def test_each_change_names_the_object_that_caused_it(
    before: list[Object], after: list[Object], expected: tuple[str, str, str, list[str]]
) -> None:
    found = state(*before).diff(state(*after))
    assert [told(row) for row in found.ways] == [expected]
    assert found.ways[0].explained is bool(expected[3])
    assert not found.same
    assert found.widened is (expected[0] == "widened")


def test_a_way_that_policies_deny_before_and_after_is_no_difference() -> None:
    found = state(CLUSTER_IP, NOBODY).diff(state(NODE_PORT, NOBODY))
    assert found.ways == ()
    assert found.same
    assert [one.name for one in found.without_effect] == ["api"]


def test_the_service_behind_a_route_is_a_cause() -> None:
    found = state(CLUSTER_IP, ingress()).diff(state(ingress()))
    assert [told(row) for row in found.ways] == [("narrowed", "allowed", "None", ["Service api removed"])]


def test_what_caused_a_way_is_not_without_effect() -> None:
    found = state(CLUSTER_IP).diff(state(NODE_PORT))
    assert (found.rows, found.without_effect) == ((), ())


def test_ways_that_changed_alike_are_one_row_and_a_limit_counts_the_rest() -> None:
    paths = [
        {"path": f"/{number}", "pathType": "Prefix", "backend": {"service": {"name": "api", "port": {"number": 80}}}}
        for number in range(3)
    ]
    many = ingress("many", rules=[{"host": "h.example.com", "http": {"paths": paths}}])
    found = state(CLUSTER_IP).diff(state(NODE_PORT, many))
    assert [row.paths for row in found.ways if row.opening.kind == "Ingress"] == [
        tuple(f"h.example.com/{number}" for number in range(3))
    ]
    cut = state(CLUSTER_IP).diff(state(NODE_PORT, many), limit=1)
    assert (len(cut.ways), cut.ways_left_out, cut.way_counts) == (1, 1, {Change.WIDENED: 2})


def test_a_way_to_a_new_workload_is_new() -> None:
    other = [
        pod("shop/late", {"app": "late"}, ips=("10.0.0.7",)),
        service("shop/late", {"app": "late"}, PORT, type="NodePort"),
    ]
    found = state(CLUSTER_IP).diff(state(CLUSTER_IP, *other))
    assert [row.change for row in found.ways] == [Change.NEW]
    assert not found.widened
    back = state(CLUSTER_IP, *other).diff(state(CLUSTER_IP))
    assert [row.change for row in back.ways] == [Change.GONE]


def test_the_witness_is_a_packet_as_policy_sees_it() -> None:
    (row,) = state(NODE_PORT, CLOSED).diff(state(NODE_PORT)).ways
    assert (row.witness.destination, row.witness.port) == ("shop/api", "8080/TCP")
    assert state(NODE_PORT).can(row.witness.source, "shop/api", 8080).verdict == "allowed"
