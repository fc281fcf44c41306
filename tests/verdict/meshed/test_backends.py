"""Machines behind Services: clients whose proxies pick the end are sent there, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.meshed.backends import APART
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, running, service, workload
from tests.dialects.istio.test_workload_entry import BASE, STRICT, entry, policy, world

API = {"labels": {"app": "api"}}
OTHER = workload("shop/other")
OPEN = workload("shop/quiet", labels={"sidecar.istio.io/inject": "false"})
AMBIENT = namespace("deep", **{"istio.io/dataplane-mode": "ambient"}) + workload("deep/web")


def ends(answer: Answer) -> dict[str, set[tuple[int, Verdict]]]:
    """The ends of an answer, each with its ports and verdicts."""
    found: dict[str, set[tuple[int, Verdict]]] = {}
    for part in answer.parts:
        for name in part.destinations:
            found.setdefault(name, set()).add((part.ports[0][0], part.verdict))
    return found


def mixed(*parts: str, **spec: Any) -> World:
    """A Service with a pod and a machine behind it."""
    return world(entry(**{**API, **spec}), OTHER, OPEN, AMBIENT, *parts)


@pytest.mark.parametrize("client", ["shop/other", "deep/web"])
def test_clients_of_the_mesh_get_pods_and_machines(client: str) -> None:
    asked = mixed()
    allowed = {(8080, Verdict.ALLOWED)}
    assert ends(asked.can(client, "shop/service/api", 80)) == {"shop/api": allowed, "shop/vm": allowed}


@pytest.mark.parametrize("client", ["bare/web", "shop/quiet", "192.168.7.77"])
def test_others_get_pods(client: str) -> None:
    assert set(ends(mixed().can(client, "shop/service/api", 80))) == {"shop/api"}


def test_who_gets_nothing_but_machines() -> None:
    only = world(entry(), service("shop/db", {"name": "tcp", "port": 5432}, app="db"), OTHER)
    assert only.can("shop/other", "shop/service/db", 5432).verdict is Verdict.ALLOWED
    refused = only.can("bare/web", "shop/service/db", 5432)
    assert refused.verdict is Verdict.DENIED
    assert refused.reason.code == "service"
    assert only.explain("shop/other", "shop/service/db", 5432).answer.verdict is Verdict.ALLOWED
    assert only.can("shop/other", "shop/service/db", 5433).verdict is Verdict.DENIED


def test_the_ends_of_a_service_may_differ() -> None:
    closed = policy("shop/vm", {"from": [{"source": {"namespaces": ["bare"]}}]}, app="machine")
    asked = mixed(STRICT, closed, labels={"app": "api", "sort": "machine"})
    assert asked.can("shop/other", "shop/service/api", 80).verdict is Verdict.ALLOWED
    closed = closed.replace("app: machine", "sort: machine")
    asked = mixed(STRICT, closed, labels={"app": "api", "sort": "machine"})
    found = asked.can("shop/other", "shop/service/api", 80)
    assert found.verdict is Verdict.MIXED
    assert ends(found)["shop/vm"] == {(8080, Verdict.DENIED)}


def test_a_machine_of_another_namespace_is_not_behind_it() -> None:
    asked = world(entry("bare/vm", **API), OTHER)
    assert set(ends(asked.can("shop/other", "shop/service/api", 80))) == {"shop/api"}


def test_a_headless_service_has_pods_only() -> None:
    front = service("shop/db", {"name": "tcp", "port": 5432}, app="db", clusterIP="None")
    asked = world(entry(), front, OTHER)
    assert asked.can("shop/other", "shop/service/db", 5432).verdict is Verdict.DENIED


def test_ports_of_the_entry_count_by_name() -> None:
    named = mixed(ports={"http": 9999})
    assert ends(named.can("shop/other", "shop/service/api", 80))["shop/vm"] == {(9999, Verdict.ALLOWED)}
    other = mixed(ports={"else": 9999})
    assert ends(other.can("shop/other", "shop/service/api", 80))["shop/vm"] == {(8080, Verdict.ALLOWED)}
    # By its name it is called at the port that the entry gives.
    assert named.can("shop/other", "shop/vm", 9999).layered is not None


def test_a_target_that_is_a_name_is_one_of_the_entrys_ports() -> None:
    front = service("shop/db", {"name": "tcp", "port": 5432, "targetPort": "sql"}, app="db")
    there = world(entry(ports={"sql": 5433}), front, OTHER)
    assert ends(there.can("shop/other", "shop/service/db", 5432)) == {"shop/vm": {(5433, Verdict.ALLOWED)}}
    absent = world(entry(ports={"tcp": 5433}), front, OTHER)
    assert absent.can("shop/other", "shop/service/db", 5432).verdict is Verdict.DENIED


def test_ztunnel_may_not_take_the_port_of_the_entry() -> None:
    """Releases differ in whether a number of the Service or the entry's own port counts there."""
    closed = policy("shop/vm", {"to": [{"operation": {"ports": ["9999"]}}]}, app="api")
    asked = mixed(closed, ports={"http": 9999})
    found = ends(asked.can("deep/web", "shop/service/api", 80))
    assert found["shop/vm"] == {(9999, Verdict.UNKNOWN), (8080, Verdict.UNKNOWN)}


def test_a_sidecar_that_does_not_know_the_service_gets_what_nodes_give() -> None:
    scope = an("Sidecar", "shop/default", {"egress": [{"hosts": ["istio-system/*"]}]})
    asked = mixed(scope)
    assert set(ends(asked.can("shop/other", "shop/service/api", 80))) == {"shop/api"}
    past = workload("shop/past", annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "80"})
    assert set(ends(mixed(past).can("shop/past", "shop/service/api", 80))) == {"shop/api"}


def test_where_it_is_open_who_picks() -> None:
    """Nobody knows whether the namespace is in the mesh: a machine that would refuse leaves it open."""
    half = workload("half/web")
    front = service("shop/db", {"name": "tcp", "port": 5432}, app="db")
    asked = ringfence.load_objects(objects_of(entry(), front, half))
    assert asked.can("half/web", "shop/service/db", 5432).verdict is Verdict.UNKNOWN
    alike = ringfence.load_objects(objects_of(entry(**API), half))
    assert alike.can("half/web", "shop/service/api", 80).verdict is Verdict.ALLOWED


def objects_of(*parts: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all("".join((*BASE, *parts))) if one]


def test_what_is_between_two_machines_nobody_knows() -> None:
    asked = mixed(entry("shop/second", address="192.168.7.9", labels={"app": "caller"}))
    found = ends(asked.can("shop/second", "shop/service/api", 80))
    assert found == {"shop/api": {(8080, Verdict.ALLOWED)}, "shop/vm": {(8080, Verdict.UNKNOWN)}}
    alone = world(entry(**API), entry("shop/second", address="192.168.7.9", labels={"app": "caller"}))
    layered = alone.can("shop/second", "shop/service/api", 80).parts[-1].layered
    assert layered is not None
    assert {layered.encryption_reason, *(hop.encryption_reason for hop in layered.hops)} == {APART.message}
    # A machine behind the Service that it calls is not its own end.
    assert set(ends(asked.can("shop/vm", "shop/service/api", 80))) == {"shop/api"}


def test_questions_in_lines_say_the_same() -> None:
    told = mixed().flow_answers().layered("shop/other", "shop/service/api", 80, "TCP", None)
    assert told is not None
    assert told["verdict"] == "allowed"


def test_an_address_of_a_pod_is_a_pod() -> None:
    pod = running("bare/runs")
    asked = world(pod, entry(**{**API, "address": "10.0.0.5"}), OTHER)
    assert set(ends(asked.can("shop/other", "shop/service/api", 80))) == {"shop/api"}
