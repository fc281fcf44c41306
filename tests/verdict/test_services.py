"""Services as destinations: a port is resolved to backends and target ports, and the policies see those."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.sets.ports import describe
from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.model.objects import Object, endpoint_slice, namespace, network_policy, pod, service, tcp, world

API = {"app": "api"}
HTTP = {"name": "http", "port": 80, "targetPort": 8080}
ADMIN = {"name": "admin", "port": 9000}


def shop(*objects: Object) -> World:
    """A client, two replicas of api that admit 8080 only, and some Services."""
    return world(
        namespace("shop"), pod("shop/client"),
        *(pod(f"shop/api-{n}", API, owner="ReplicaSet/api", ips=(f"10.0.0.{n}",)) for n in (1, 2)),
        network_policy("shop/api", API, ingress=[{"ports": tcp(8080)}]), *objects,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("port", "protocol", "verdict"),
    [
        (80, None, Verdict.ALLOWED),
        ("80", None, Verdict.ALLOWED),
        ("http", None, Verdict.ALLOWED),
        (9000, None, Verdict.DENIED),
        ("admin", None, Verdict.DENIED),
        (8080, None, Verdict.DENIED),
        (80, "UDP", Verdict.DENIED),
        (None, None, Verdict.MIXED),
    ],
)
def test_policies_see_the_target_port(port: int | str | None, protocol: str | None, verdict: Verdict) -> None:
    """Port 80 is 8080 there; 9000 is itself, and 8080 is none of the Service's ports."""
    asked = shop(service("shop/web", API, HTTP, ADMIN))
    assert asked.can("shop/client", "shop/web", port, protocol).verdict is verdict


@pytest.mark.parametrize(("port", "protocol"), [(8080, None), (80, "UDP"), ("metrics", None)])
def test_a_port_that_the_service_lacks_is_denied_by_the_layer_service(port: int | str, protocol: str | None) -> None:
    answer = shop(service("shop/web", API, HTTP)).can("shop/client", "shop/web", port, protocol)
    assert answer.verdict is Verdict.DENIED
    assert answer.reason.code == "service"
    assert "80/TCP" in answer.reason.message, "it says which ports there are"
    (decision,) = answer.decided_by
    assert (decision.layer, decision.kind, decision.namespace, decision.name) == ("service", "Service", "shop", "web")


@pytest.mark.parametrize(
    "backendless",
    [
        service("shop/web", {"app": "nobody"}, HTTP),
        service("shop/web", None, HTTP),
        service("shop/web", API, {"port": 80, "targetPort": "no-such-name", "name": "http"}),
    ],
)
def test_a_service_without_backends_is_denied_by_the_layer_service(backendless: Object) -> None:
    answer = shop(backendless).can("shop/client", "shop/web", 80)
    assert answer.verdict is Verdict.DENIED
    assert "no backend" in answer.reason.message
    assert [decision.layer for decision in answer.decided_by] == ["service"]


def test_a_finished_pod_is_no_backend() -> None:
    asked = world(pod("shop/client"), pod("shop/job", API, phase="Succeeded"), service("shop/web", API, HTTP))
    assert asked.can("shop/client", "shop/web", 80).reason.code == "service"


def test_a_part_names_the_port_asked_and_the_port_seen() -> None:
    answer = shop(service("shop/web", API, HTTP)).can("shop/client", "shop/web", 80)
    (part,) = answer.parts
    assert describe(part.ports) == "TCP 8080"
    assert part.witness_port == "8080/TCP"
    assert part.witness_destination in ("shop/api-1", "shop/api-2")
    assert (answer.port, answer.destination) == ("80/TCP", "shop/web")


@pytest.mark.parametrize(
    ("ports", "verdict"),
    [
        (("8080", "8080"), Verdict.ALLOWED),
        (("8080", "9090"), Verdict.MIXED),
        (("9090", "9091"), Verdict.DENIED),
        (("8080/UDP", "8080"), Verdict.ALLOWED),
    ],
)
def test_a_named_target_port_is_resolved_on_each_replica(ports: tuple[str, str], verdict: Verdict) -> None:
    """A replica without a TCP port of that name is no backend."""
    replicas = [
        pod(f"shop/api-{number}", API, owner="ReplicaSet/api", ports={"web": text}) for number, text in enumerate(ports)
    ]
    asked = world(
        namespace("shop"), pod("shop/client"), *replicas,
        network_policy("shop/api", API, ingress=[{"ports": tcp(8080)}]),
        service("shop/web", API, {"port": 80, "targetPort": "web"}),
    )  # fmt: skip
    assert asked.can("shop/client", "shop/web", 80).verdict is verdict


def test_parts_of_replicas_that_differ_have_a_witness_each() -> None:
    replicas = [pod(f"shop/api-{n}", API, ports={"web": port}) for n, port in enumerate(("8080", "9090"))]
    asked = world(
        namespace("shop"), pod("shop/client"), *replicas,
        network_policy("shop/api", API, ingress=[{"ports": tcp(8080)}]),
        service("shop/web", API, {"port": 80, "targetPort": "web"}),
    )  # fmt: skip
    parts = asked.can("shop/client", "shop/web", 80).parts
    assert {(part.verdict.value, part.witness_destination, describe(part.ports)) for part in parts} == {
        ("allowed", "shop/api-0", "TCP 8080"),
        ("denied", "shop/api-1", "TCP 9090"),
    }


@pytest.mark.parametrize(("port", "verdict"), [(8080, Verdict.ALLOWED), (9090, Verdict.DENIED)])
def test_a_headless_service_is_its_pods_at_their_own_ports(port: int, verdict: Verdict) -> None:
    """DNS gives the pods' addresses: nothing translates the port."""
    ports = [{"name": f"p{number}", "port": number, "targetPort": 9999} for number in (8080, 9090)]
    assert (
        shop(service("shop/web", API, *ports, clusterIP="None")).can("shop/client", "shop/web", port).verdict is verdict
    )


@pytest.mark.parametrize(("port", "verdict"), [(8080, Verdict.ALLOWED), (8081, Verdict.DENIED), (None, Verdict.MIXED)])
def test_a_headless_service_without_ports_is_asked_for_any(port: int | None, verdict: Verdict) -> None:
    answer = shop(service("shop/web", API, clusterIP="None")).can("shop/client", "shop/web", port)
    assert answer.verdict is verdict
    assert answer.reason.code != "service"


@pytest.mark.parametrize(
    ("egress", "verdict"),
    [
        (None, Verdict.ALLOWED),
        ([], Verdict.DENIED),
        ([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]}], Verdict.ALLOWED),
        ([{"to": [{"podSelector": {}}]}], Verdict.DENIED),
    ],
)
def test_an_external_name_is_some_address_outside(egress: list[Object] | None, verdict: Verdict) -> None:
    policies = [] if egress is None else [network_policy("shop/out", egress=egress)]
    mail = service("shop/mail", None, type="ExternalName", externalName="mail.example.com")
    asked = world(namespace("shop"), pod("shop/client", ips=("10.0.0.1", "fd00::1")), mail, *policies)
    assert asked.can("shop/client", "shop/mail", 25).verdict is verdict


def test_an_external_name_is_unknown_where_only_some_addresses_are_open() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}
    asked = shop(
        service("shop/mail", None, type="ExternalName", externalName="mail.example.com"),
        network_policy("shop/out", egress=[rule]),
    )
    answer = asked.can("shop/client", "shop/mail", 25)
    assert answer.verdict is Verdict.UNKNOWN
    assert "mail.example.com" in answer.parts[0].destinations[0]


SLICE_PORT = [{"name": "http", "port": 8080, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("address", "verdict"),
    [("10.0.0.1", Verdict.ALLOWED), ("203.0.113.7", Verdict.ALLOWED), ("10.0.0.99", Verdict.ALLOWED)],
)
def test_a_selectorless_service_has_the_backends_of_its_slices(address: str, verdict: Verdict) -> None:
    """A pod of the input where one has the address, else the address itself."""
    asked = shop(service("shop/web", None, HTTP), endpoint_slice("shop/web-1", "web", [address], SLICE_PORT))
    assert asked.can("shop/client", "shop/web", 80).verdict is verdict


def test_a_backend_of_a_slice_that_is_a_pod_is_judged_as_that_pod() -> None:
    asked = shop(
        service("shop/web", None, HTTP, ADMIN),
        endpoint_slice(
            "shop/web-1", "web", ["10.0.0.1"], [*SLICE_PORT, {"name": "admin", "port": 9000, "protocol": "TCP"}]
        ),
    )
    assert asked.can("shop/client", "shop/web", "http").verdict is Verdict.ALLOWED
    assert asked.can("shop/client", "shop/web", "admin").verdict is Verdict.DENIED
    assert asked.can("shop/client", "shop/web", 80).parts[0].witness_destination == "shop/api-1"


def test_backends_of_two_slices_are_all_asked_for() -> None:
    asked = shop(
        service("shop/web", None, HTTP),
        endpoint_slice("shop/web-1", "web", ["10.0.0.1"], SLICE_PORT),
        endpoint_slice("shop/web-2", "web", ["203.0.113.7"], [{"name": "http", "port": 81, "protocol": "TCP"}]),
    )
    ports = {describe(part.ports) for part in asked.can("shop/client", "shop/web", 80).parts}
    assert ports == {"TCP 8080", "TCP 81"}


@pytest.mark.parametrize(
    "reach",
    [
        {"clusterIP": "10.2.0.1"},
        {"type": "NodePort", "clusterIP": "10.2.0.1"},
        {"type": "LoadBalancer", "clusterIP": "10.2.0.1"},
        {"clusterIP": "10.2.0.1", "externalIPs": ["192.0.2.77"]},
    ],
)
def test_every_address_of_a_service_leads_to_its_backends(reach: dict[str, Any]) -> None:
    asked = shop(service("shop/web", API, HTTP, **reach))
    for text in ("shop/web", "10.2.0.1", *reach.get("externalIPs", ())):
        assert asked.can("shop/client", text, 80).verdict is Verdict.ALLOWED
        assert asked.can("shop/client", text, 8080).reason.code == "service"


def test_declared_container_ports_restrict_nothing() -> None:
    asked = world(pod("shop/client"), pod("shop/api", API, ports={"web": "8080"}))
    assert asked.can("shop/client", "shop/api", 1234).verdict is Verdict.ALLOWED
