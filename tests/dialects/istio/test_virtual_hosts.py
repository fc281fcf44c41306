"""Requests that name another host than what their client dials, through the client's sidecar."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence import load_objects, request
from ringfence.verdict.answers import Answer
from tests.dialects.istio.meshes import an, mesh_config, namespace, service, workload

HTTP = {"port": 80, "targetPort": 8080, "name": "http"}
AUTO = {"port": 80, "targetPort": 8080, "name": "web"}
TCP = {"port": 80, "targetPort": 8080, "name": "tcp"}
STRICT = an("PeerAuthentication", "istio-system/default", {"mtls": {"mode": "STRICT"}})
ELSEWHERE = "sends it to Service {}"
BASE = (
    namespace("shop", **{"istio-injection": "enabled"})
    + namespace("other", **{"istio-injection": "enabled"})
    + namespace("bare")
    + namespace("amb", **{"istio.io/dataplane-mode": "ambient"})
    + namespace("istio-system")
    + "".join(workload(one) for one in ("shop/web", "other/web", "bare/web", "amb/web", "shop/api", "shop/db"))
)
SERVICES = service("shop/api", HTTP, clusterIP="10.96.0.1") + service("shop/db", HTTP, clusterIP="10.96.0.2")


def objects_of(text: str) -> list[dict[str, Any]]:
    return list(filter(None, yaml.safe_load_all(text)))


def asked(
    host: str, *more: str, source: str = "shop/web", to: str = "shop/service/api", services: str = SERVICES
) -> Answer:
    world = load_objects(objects_of("".join((BASE, services, *more))), cni="calico", istio_version="1.29")
    return world.can(source, to, 80, request=request("GET", "/", host))


def told(answer: Answer) -> tuple[str, Any]:
    assert answer.layered is not None
    return answer.verdict.value, answer.layered.encryption


@pytest.mark.parametrize("source", ["shop/web", "other/web"])
@pytest.mark.parametrize(
    "host", ["api.shop", "API.Shop:80", "api.shop.svc", "api.shop.svc.cluster.local:9999", "10.96.0.1", "10.96.0.1:80"]
)
def test_every_name_of_the_service_is_its_own(host: str, source: str) -> None:
    assert told(asked(host, STRICT, source=source)) == ("allowed", "mtls")


@pytest.mark.parametrize(
    ("release", "flag", "verdict"),
    [
        ("1.14.3", "", "unknown"),
        ("1.14.3", "true", "unknown"),
        ("1.15.0", "", "unknown"),
        ("1.15.0", "true", "allowed"),
        ("1.16.0", "", "allowed"),
        ("1.18.9", "false", "unknown"),
        ("1.19.0", "false", "allowed"),
        (None, "", "allowed"),
    ],
)
def test_old_releases_compare_the_port_too(release: str | None, flag: str, verdict: str) -> None:
    env = [{"name": "SIDECAR_IGNORE_PORT_IN_HOST_MATCH", "value": flag}] if flag else []
    plane = workload("istio-system/istiod", {"app": "istiod"}, containers=[{"name": "discovery", "env": env}])
    world = load_objects(objects_of(BASE + SERVICES + plane + STRICT), cni="calico", istio_version=release)
    found = {
        host: world.can("shop/web", "shop/service/api", 80, request=request("GET", "/", host)).verdict.value
        for host in ("api.shop", "api.shop:80", "api.shop:9999")
    }
    assert found == {"api.shop": "allowed", "api.shop:80": "allowed", "api.shop:9999": verdict}
    auto = load_objects(
        objects_of(BASE + service("shop/api", AUTO, clusterIP="10.96.0.1") + plane + STRICT), istio_version=release
    )
    one = request("GET", "/", "api.shop:9999")
    assert auto.can("shop/web", "shop/service/api", 80, request=one).verdict.value == "allowed"


def test_a_name_alone_is_one_of_the_clients_own_namespace() -> None:
    assert told(asked("api")) == ("allowed", "mtls")
    assert told(asked("api", source="other/web")) == ("allowed", "none")


@pytest.mark.parametrize("host", ["shop.example", "api.other", "api.shop.svc.cluster", "10.96.0.9", "x.api.shop"])
def test_what_names_nobody_goes_to_the_address_in_the_clear(host: str) -> None:
    answer = asked(host)
    assert told(answer) == ("allowed", "none")
    assert answer.layered is not None
    assert answer.layered.identity is None
    assert any(f"is called {host}: it sends such requests in the clear" in one for one in answer.layered.notes)
    answer = asked(host, STRICT)
    assert told(answer)[0] == "denied"
    assert answer.layered is not None
    assert (answer.reason.code, answer.layered.symptom, answer.layered.holds) == ("transport", "http-503", False)
    assert f"is called {host}" in answer.reason.message


def test_under_registry_only_it_goes_nowhere() -> None:
    answer = asked("shop.example", mesh_config(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"}))
    assert told(answer)[0] == "denied"
    assert answer.layered is not None
    assert (answer.reason.code, answer.layered.symptom, answer.layered.holds) == ("client-side", "http-502", False)


@pytest.mark.parametrize("host", ["db", "db.shop:80", "10.96.0.2"])
def test_what_names_another_service_goes_there(host: str) -> None:
    for more in ("", STRICT):
        answer = asked(host, more)
        assert told(answer)[0] == "denied"
        assert answer.layered is not None
        assert (answer.reason.code, answer.layered.holds, answer.layered.hops) == ("routed-elsewhere", False, ())
        assert ELSEWHERE.format("shop/db") in answer.reason.message


def test_another_service_of_the_same_pods_leads_to_them() -> None:
    rule = {"host": "also.shop.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    also = service("shop/also", HTTP, app="api", clusterIP="10.96.0.3")
    assert told(asked("also", also)) == ("allowed", "mtls")
    assert told(asked("also", also, an("DestinationRule", "shop/also", rule))) == ("allowed", "none")
    beside = service("shop/also", {**HTTP, "targetPort": 9090}, app="api", clusterIP="10.96.0.3")
    assert asked("also", beside).reason.code == "routed-elsewhere"


@pytest.mark.parametrize("port", [AUTO, TCP])
def test_a_port_that_is_not_said_to_be_http_leads_to_its_service(port: dict[str, Any]) -> None:
    services = service("shop/api", port, clusterIP="10.96.0.1") + service("shop/db", HTTP, clusterIP="10.96.0.2")
    for host in ("shop.example", "db"):
        assert told(asked(host, STRICT, services=services)) == ("allowed", "mtls")


def test_a_service_of_bytes_has_no_name_there() -> None:
    services = service("shop/api", HTTP, clusterIP="10.96.0.1") + service("shop/db", TCP, clusterIP="10.96.0.2")
    assert told(asked("db", services=services)) == ("allowed", "none")


@pytest.mark.parametrize("source", ["bare/web", "amb/web"])
def test_only_a_sidecar_goes_by_the_host(source: str) -> None:
    for host in ("shop.example", "db.shop"):
        assert told(asked(host, source=source)) == told(asked("api.shop", source=source))


def test_a_service_that_the_client_does_not_know_has_no_name() -> None:
    scope = an("Sidecar", "shop/default", {"egress": [{"hosts": ["./api.shop.svc.cluster.local"]}]})
    assert told(asked("db", scope)) == ("allowed", "none")


def test_the_port_of_a_pod_that_is_one_of_a_service_goes_by_the_host_too() -> None:
    """The address is nobody's, and the listener for the port is for every address."""
    at_port = service("shop/db", {**HTTP, "port": 8080}, clusterIP="10.96.0.2")
    running = objects_of(BASE + at_port)
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "namespace": "bare"}}
    pod |= {"spec": {"containers": [{"name": "main"}]}, "status": {"podIP": "10.0.0.9", "phase": "Running"}}
    world = load_objects([*running, pod], cni="calico", istio_version="1.29")
    answer = world.can("shop/web", "10.0.0.9", 8080, request=request("GET", "/", "db"))
    assert answer.reason.code == "routed-elsewhere"
    assert told(world.can("shop/web", "10.0.0.9", 8080, request=request("GET", "/", "x.example"))) == (
        "allowed",
        "none",
    )
    assert told(world.can("shop/web", "10.0.0.9", 9090, request=request("GET", "/", "db"))) == ("allowed", "none")
    assert world.can("shop/web", "203.0.113.9", 8080, request=request("GET", "/", "db")).verdict.value == "denied"


ROUTE = {"hosts": ["shop.example"], "http": [{"route": [{"destination": {"host": "api.shop.svc.cluster.local"}}]}]}
ENTRY = {"hosts": ["shop.example"], "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}], "resolution": "DNS"}


@pytest.mark.parametrize(
    ("host", "more", "why"),
    [
        ("shop.example", an("VirtualService", "shop/route", ROUTE), "is for the host"),
        ("shop.example", an("ServiceEntry", "shop/entry", ENTRY), "has the host"),
        ("api.shop.svc.cluster.local.", "", "a dot at its end"),
        ("lone", service("shop/lone", HTTP, clusterIP="None"), "has no address of its own"),
        ("db", an("VirtualService", "shop/route", {**ROUTE, "hosts": ["db"]}), "routes for Service shop/db"),
        ("old", service("shop/old", HTTP, type="ExternalName", externalName="old.example"), "is a name for"),
    ],
)
def test_what_cannot_be_said_is_not(host: str, more: str, why: str) -> None:
    answer = asked(host, STRICT, more)
    assert answer.verdict.value == "unknown"
    assert why in answer.reason.message
    assert asked("api", STRICT, more).verdict.value == "allowed"


def test_who_shows_an_identity_of_its_own_choice_sends_where_it_likes() -> None:
    world = load_objects(objects_of(BASE + SERVICES + STRICT), cni="calico", istio_version="1.29")
    for host in ("shop.example", "db"):
        shown = request("GET", "/", host, identity="spiffe://cluster.local/ns/shop/sa/web")
        assert told(world.can("shop/web", "shop/service/api", 80, request=shown)) == ("allowed", "mtls")
