"""Machines outside of the cluster in lists: they are ends with a name and an identity of their own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.reports.html.joining import joined
from ringfence.sets.ports import intersect
from ringfence.verdict.answers import Verdict
from ringfence.verdict.equivalence import Order
from ringfence.verdict.exposure import Exposure, Origin
from ringfence.world import World
from tests.dialects.istio.meshes import running, service
from tests.dialects.istio.test_workload_entry import STRICT, entry, policy, world

ONLY_DB = policy("shop/api", {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/db"]}}]}, app="api")
FRONT = service("shop/db", {"name": "tcp", "port": 5432}, app="db")
AT_8080 = ((8080, 8080),)


def machine_and_shop(**spec: Any) -> World:
    """The machine ``shop/vm``, which alone may call ``shop/api``, and is called through a Service."""
    return world(entry(**spec), STRICT, ONLY_DB, FRONT)


def sources_of(asked: World, destination: str, port: int) -> set[str]:
    rows = asked.connections(destination=destination).rows
    return {name for row in rows if intersect(row.ports, ((port, port),)) for name in row.sources}


def test_a_map_has_machines_as_sources_and_destinations() -> None:
    asked = machine_and_shop()
    assert sources_of(asked, "shop/api", 8080) == {"shop/vm"}
    assert sources_of(asked, "shop/vm", 5432) == {"shop/api"}
    listed = asked.connections()
    assert "shop/vm" in listed.ends
    assert listed.identities["shop/vm"] == "spiffe://cluster.local/ns/shop/sa/db"
    assert not any("192.168.7.5" in name.replace("192.168.7.4", "") for name in listed.ends)


def test_a_map_of_a_namespace_has_its_machines() -> None:
    rows = machine_and_shop().connections(namespace="shop", source="shop/vm").rows
    assert {name for row in rows for name in row.destinations} >= {"shop/api", "bare/web"}


def test_a_name_that_the_cluster_has_too_is_told_apart() -> None:
    asked = world(entry("shop/api"), STRICT, ONLY_DB)
    assert asked.can("shop/workloadentry/api", "shop/api", 8080).verdict is Verdict.ALLOWED
    assert asked.can("shop/api", "bare/web", 8080).layered is not None
    assert sources_of(asked, "shop/api", 8080) == {"shop/workloadentry/api"}
    with pytest.raises(ringfence.EndError):
        asked.can("shop/workloadentry/vm", "shop/api", 8080)


def exposed(found: Exposure, origin: Origin, direction: str, port: int) -> set[tuple[str, str]]:
    return {
        (peer, workload)
        for row in found.rows
        if (row.origin, row.direction.value) == (origin, direction) and intersect(row.ports, ((port, port),))
        for peer in row.peers
        for workload in row.workloads
    }


def test_machines_are_a_kind_of_peer_of_their_own() -> None:
    found = machine_and_shop().exposure()
    assert exposed(found, Origin.MACHINES, "ingress", 8080) == {("shop/vm", "shop/api"), ("shop/vm", "bare/web")}
    assert exposed(found, Origin.MACHINES, "egress", 5432) == {("shop/vm", "shop/api")}
    others = exposed(found, Origin.ADDRESSES, "ingress", 8080)
    assert {workload for _, workload in others} == {"bare/web"}


def test_a_machine_with_a_public_address_is_not_the_internet() -> None:
    asked = machine_and_shop(address="203.0.113.5")
    assert {workload for _, workload in exposed(asked.exposure(), Origin.INTERNET, "ingress", 8080)} == {"bare/web"}
    assert asked.can("internet", "shop/api", 8080).verdict is Verdict.DENIED
    assert asked.can("203.0.113.0/24", "shop/api", 8080).verdict is Verdict.MIXED


def test_somebody_goes_on_from_a_machine() -> None:
    closed = policy("shop/db", {"from": [{"source": {"principals": ["cluster.local/ns/bare/sa/web"]}}]}, app="db")
    asked = world(entry(labels={"app": "db"}), ONLY_DB, closed, FRONT)
    reached = asked.blast_radius("shop/vm")
    assert {one.name for one in reached.fallen if intersect(one.hop.ports, AT_8080)} >= {"shop/api"}
    assert reached.counts["machines"] == 0
    # The ports that its proxy does not take are open to everybody.
    assert asked.blast_radius("bare/web").counts["machines"] == 1


def test_a_machine_is_on_the_way_to_what_only_it_may_call() -> None:
    only_vm = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "api"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": "192.168.7.5/32"}}]}],
        },
    }
    asked = world(entry(), FRONT, f"---\n{yaml.safe_dump(only_vm)}")
    (way,) = asked.paths("bare/web", "shop/api").ways
    assert [hop.destination for hop in way.hops] == ["shop/vm", "shop/api"]
    found = asked.blast_radius("bare/web", ["shop/api"], edits=False)
    assert found.counts == {"direct": 0, "reached": 1, "possibly": 0, "nodes": 0, "machines": 1, "outside": 2}
    assert found.cut is not None
    assert {step.hop.destination for step in found.cut.steps} <= {"shop/vm", "shop/api"}
    assert asked.paths("bare/web", "shop/vm").ways


def test_a_stolen_account_may_be_a_machines() -> None:
    asked = machine_and_shop()
    reached = asked.blast_radius("shop/serviceaccount/db")
    assert any(one.name == "shop/api" and intersect(one.hop.ports, AT_8080) for one in reached.fallen)


def test_another_account_of_a_machine_is_a_change() -> None:
    before, after = machine_and_shop(), machine_and_shop(serviceAccount="other")
    found = before.diff(after)
    assert {(row.sources, row.destinations) for row in found.rows} == {(("shop/vm",), ("shop/api",))}
    assert {row.witness.source for row in found.rows if row.witness} == {"shop/vm"}
    assert before.fingerprint() != after.fingerprint()
    assert before.equivalent(after).order is not Order.EQUAL


def test_another_account_that_nobody_asks_for_shows_in_identities() -> None:
    before, after = world(entry(), STRICT), world(entry(serviceAccount="other"), STRICT)
    identities = {
        (row.layers.before.identity, row.layers.after.identity)
        for row in before.diff(after).rows
        if row.layers is not None
    }
    db, other = (f"spiffe://cluster.local/ns/shop/sa/{name}" for name in ("db", "other"))
    assert (db, other) in identities


def test_an_address_that_becomes_a_machine() -> None:
    before, after = world(STRICT, ONLY_DB, FRONT), machine_and_shop()
    found = before.diff(after)
    assert any(
        row.sources == ("shop/vm",) and row.destinations == ("shop/api",) and row.after is Verdict.ALLOWED
        for row in found.rows
    )
    gone = after.diff(before)
    assert any(row.sources == ("shop/vm",) and row.before is Verdict.ALLOWED for row in gone.rows)


def test_a_matrix_has_machines_by_name() -> None:
    found = machine_and_shop().matrix(layered=True)
    assert [(one.name, one.kind) for one in found.ends if one.sort == "outside"][1] == ("shop/vm", "WorkloadEntry")


def test_an_address_that_a_pod_has_is_the_pods() -> None:
    pod = running("bare/runs")
    asked = world(pod, entry(address="10.0.0.5"), STRICT, ONLY_DB)
    assert not asked.relation.universe.machines
    assert asked.can("bare/runs", "shop/api", 8080).verdict is Verdict.DENIED
    assert "shop/vm" not in asked.connections().ends


def test_the_page_names_machines() -> None:
    before, after = machine_and_shop().matrix(layered=True), world(STRICT, FRONT).matrix(layered=True)
    assert "shop/vm" in {one.end.name for one in joined([before])}
    assert "shop/vm" in {one.end.name for one in joined([before, after])}


def test_a_pod_that_does_not_exist_calls_a_machine_by_its_name() -> None:
    asked = machine_and_shop()
    rows = asked.connections(source="app=new@shop").rows
    listed = {port for row in rows if "shop/vm" in row.destinations for port, _ in row.ports}
    assert (5432 in listed) is (asked.can("app=new@shop", "shop/vm", 5432).verdict is Verdict.ALLOWED)
    reached = asked.blast_radius("app=new@shop", ["shop/vm"], edits=False)
    (machine,) = (one for one in reached.fallen if one.name == "shop/vm")
    assert intersect(machine.hop.ports, ((5432, 5432),))
    outside = asked.blast_radius("app=new@bare", ["shop/vm"], edits=False)
    assert reached.ways
    strict = policy("shop/db", {"from": [{"source": {"namespaces": ["shop"]}}]}, app="db")
    closed = world(entry(), STRICT, strict, FRONT).blast_radius("app=new@bare", edits=False)
    direct = [one for one in closed.fallen if one.name == "shop/vm" and one.depth == 1]
    assert not any(intersect(one.hop.ports, ((5432, 5432),)) for one in direct)
    assert outside.counts["machines"] == 1


def test_ways_in_of_a_load_balancer_that_takes_the_machine_alone() -> None:
    front = service(
        "shop/api-lb",
        {"name": "http", "port": 80, "targetPort": 8080},
        app="api",
        type="LoadBalancer",
        loadBalancerSourceRanges=["203.0.113.5/32"],
        externalTrafficPolicy="Local",
    )
    asked = world(entry(address="203.0.113.5"), STRICT, ONLY_DB, front)
    assert asked.ways_in().ways
    assert {way.verdict for way in asked.ways_in().ways} == {Verdict.DENIED}


@pytest.mark.parametrize("target", ["shop/vm", "192.168.7.9"])
def test_labels_are_looked_for_that_reach_pods_only(target: str) -> None:
    with pytest.raises(ringfence.EndError) as caught:
        machine_and_shop().exposure(targets=[target])
    assert "is no pod" in str(caught.value)


def test_who_is_in_no_mesh_asks_for_the_address() -> None:
    by_name = policy("shop/db", {"to": [{"operation": {"hosts": ["db.shop:5432", "db:5432"]}}]}, app="db")
    front = service("shop/db", {"name": "http", "port": 5432}, app="db")
    asked = world(entry(), by_name, front)
    request = ringfence.request("GET", "/")
    assert asked.can("shop/api", "shop/vm", 5432, request=request).verdict is Verdict.ALLOWED
    assert asked.can("bare/web", "shop/vm", 5432, request=request).verdict is Verdict.DENIED
