"""Machines outside of the cluster that are in the mesh."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload

STRICT = an("PeerAuthentication", "istio-system/default", {"mtls": {"mode": "STRICT"}})
BASE = (
    namespace("istio-system"),
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("bare"),
    workload("shop/api"),
    service("shop/api", {"name": "http", "port": 80, "targetPort": 8080}),
    workload("bare/web"),
)


def entry(name: str = "shop/vm", **spec: Any) -> str:
    given = {"address": "192.168.7.5", "labels": {"app": "db"}, "serviceAccount": "db", **spec}
    return an("WorkloadEntry", name, given)


def policy(name: str, *rules: dict[str, Any], app: str) -> str:
    spec = {"selector": {"matchLabels": {"app": app}}, "rules": list(rules)}
    made = yaml.safe_load(an("PeerAuthentication", name, spec).lstrip("-\n"))
    made["kind"] = "AuthorizationPolicy"
    return f"---\n{yaml.safe_dump(made)}"


def world(*parts: str) -> World:
    text = "".join((*BASE, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


@pytest.mark.parametrize("name", ["shop/vm", "192.168.7.5"])
def test_a_machine_proves_its_service_account(name: str) -> None:
    only_db = policy("shop/api", {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/db"]}}]}, app="api")
    answer = world(entry(), STRICT, only_db).can(name, "shop/api", 8080)
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert answer.layered.identity == "spiffe://cluster.local/ns/shop/sa/db"
    assert answer.layered.encryption == "mtls"
    assert world(entry(), STRICT, only_db).can("192.168.7.6", "shop/api", 8080).verdict is Verdict.DENIED


def test_a_machine_without_a_proxy_is_nobody() -> None:
    asked = world(entry(serviceAccount=""), STRICT)
    assert asked.can("shop/vm", "shop/api", 8080).verdict is Verdict.DENIED
    labelled = entry(labels={"app": "db", "security.istio.io/tlsMode": "disabled"})
    assert world(labelled, STRICT).can("shop/vm", "shop/api", 8080).verdict is Verdict.DENIED


def test_policies_select_a_machine_by_its_labels() -> None:
    front = service("shop/db", {"name": "tcp", "port": 5432}, app="db")
    closed = policy("shop/db", {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/api"]}}]}, app="db")
    asked = world(entry(), front, STRICT, closed)
    called = asked.can("shop/api", "shop/vm", 5432)
    assert called.verdict is Verdict.ALLOWED
    assert called.layered is not None
    assert called.layered.encryption == "mtls"
    assert asked.can("bare/web", "shop/vm", 5432).verdict is Verdict.DENIED
    # Dialled by its address a sidecar does not know it.
    by_address = asked.can("shop/api", "192.168.7.5", 5432)
    assert by_address.verdict is Verdict.DENIED
    assert by_address.layered is not None
    assert not by_address.layered.holds


def test_a_machine_of_a_service_entry_may_be_called_by_its_host() -> None:
    host = an(
        "ServiceEntry",
        "shop/db",
        {
            "hosts": ["db.shop.internal"],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": [{"number": 5432, "name": "tcp", "protocol": "TCP"}],
            "workloadSelector": {"labels": {"app": "db"}},
        },
    )
    assert world(entry(), STRICT, host).can("shop/api", "shop/vm", 5432).verdict is Verdict.UNKNOWN
    assert world(entry(), host).can("shop/api", "shop/vm", 5432).verdict is Verdict.ALLOWED


def test_the_network_knows_an_address_and_no_labels() -> None:
    selecting = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "vm", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]},
    }
    asked = world(entry(), f"---\n{yaml.safe_dump(selecting)}")
    assert asked.can("bare/web", "shop/vm", 5432).verdict is Verdict.ALLOWED


def test_what_cannot_be_asked_is_told() -> None:
    asked = world(entry(address="vm.example.com"), an("WorkloadGroup", "shop/g", {"template": {}}))
    assert [problem.code for problem in asked.problems] == ["no-address"]
    with pytest.raises(ringfence.EndError):
        asked.can("shop/vm", "shop/api", 8080)


def test_two_entries_for_one_address_are_told() -> None:
    asked = world(entry(), entry("shop/vm2", labels={"app": "other"}))
    assert [problem.code for problem in asked.problems] == ["address-shared"]
    assert "shop/vm2 has the address of" in asked.problems[0].message


def test_a_name_that_is_misspelt() -> None:
    with pytest.raises(ringfence.EndError) as caught:
        world(entry()).can("shop/vn", "shop/api", 8080)
    assert "vm" in caught.value.hint
