"""ICMP: allowed where no policy in force selects an end, else not known; no mesh takes it."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.world import World


def pod(name: str, ip: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": {"app": name}}
    status = {"phase": "Running", "podIP": ip}
    spec = {"nodeName": "n1", "containers": [{"name": "main", "ports": [{"name": "icmp", "containerPort": 99}]}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "db", "namespace": "shop"},
    "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}], "clusterIP": "10.96.0.1"},
}


def policy(direction: str, *rules: dict[str, Any], app: str = "db") -> dict[str, Any]:
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": [direction], direction.lower(): list(rules)}
    metadata = {"name": "some", "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def world(*objects: dict[str, Any], cni: str = "generic") -> World:
    return load_objects([pod("web", "10.0.0.1"), pod("db", "10.0.0.2"), SERVICE, *objects], cni=cni)


def test_nothing_selects_an_end() -> None:
    answer = world().can("shop/web", "shop/db", protocol="ICMP")
    assert (answer.verdict, answer.port) == (Verdict.ALLOWED, "ICMP")
    assert answer.parts[0].ports == ()
    assert world(policy("Egress")).can("shop/web", "shop/db", protocol="icmp").verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    "given",
    [
        policy("Ingress"),
        policy("Ingress", {}),
        policy("Ingress", {"ports": [{"protocol": "TCP"}]}),
        policy("Egress", app="web"),
        policy("Egress", {}, app="web"),
    ],
)
def test_a_policy_selects_an_end(given: dict[str, Any]) -> None:
    answer = world(given).can("shop/web", "shop/db", protocol="ICMP")
    assert answer.verdict is Verdict.UNKNOWN
    assert (answer.reason.code, answer.decided_by[0].name) == ("icmp", "some")


def test_a_plugin_that_enforces_nothing() -> None:
    answer = world(policy("Ingress"), cni="flannel").can("shop/web", "shop/db", protocol="ICMP")
    assert answer.verdict is Verdict.ALLOWED


def test_a_service_does_not_translate_it() -> None:
    assert world().can("shop/web", "shop/service/db", protocol="ICMP").reason.code == "icmp-service"
    assert world().can("shop/web", "10.96.0.1", protocol="ICMP").verdict is Verdict.UNKNOWN
    with pytest.raises(EndError, match="only receives"):
        world().can("shop/service/db", "shop/web", protocol="ICMP")


def test_a_pod_and_itself_and_an_address_outside() -> None:
    closed = world(policy("Ingress"))
    assert closed.can("shop/db", "shop/db", protocol="ICMP").verdict is Verdict.ALLOWED
    assert closed.can("shop/db", "1.2.3.4", protocol="ICMP").verdict is Verdict.ALLOWED
    assert closed.can("1.2.3.4", "shop/db", protocol="ICMP").verdict is Verdict.UNKNOWN
    with pytest.raises(EndError, match="in the cluster"):
        closed.can("1.2.3.4", "5.6.7.8", protocol="ICMP")


def test_it_has_no_ports() -> None:
    with pytest.raises(EndError, match="no ports"):
        world().can("shop/web", "shop/db", 8, "ICMP")


def test_a_port_may_have_the_name() -> None:
    assert world().can("shop/web", "shop/db", "icmp", "TCP").port == "icmp/TCP"


def test_no_mesh_takes_it() -> None:
    metadata = {"name": "shop", "labels": {"istio-injection": "enabled"}}
    spec = {"mtls": {"mode": "STRICT"}}
    strict = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "strict", "namespace": "shop"},
        "spec": spec,
    }
    meshed = world({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, strict)
    answer = meshed.can("shop/web", "shop/db", protocol="ICMP")
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert answer.layered.as_json()["hops"][0]["port"] is None
    assert answer.layered.notes == ("no mesh takes ICMP",)
    assert meshed.explain("shop/web", "shop/db", protocol="ICMP").answer.verdict is Verdict.ALLOWED
