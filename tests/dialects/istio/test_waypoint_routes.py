"""What ambient clients get where the waypoint of a Service has routes for it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload
from tests.dialects.istio.test_client_routes import API as TO_API
from tests.dialects.istio.test_client_routes import NEXT as TO_NEXT
from tests.dialects.istio.test_client_routes import virtual_service
from tests.dialects.istio.test_service_routes import API, NEW, NEXT, OLD, path, route

AMBIENT = {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "way"}
HTTP = {"name": "http", "port": 80, "targetPort": 8080}
BYTES = {"name": "tcp", "port": 90, "targetPort": 9090}


def waypoint(space: str = "shop") -> str:
    listener = {
        "name": "mesh",
        "port": 15008,
        "protocol": "HBONE",
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return an("Gateway", f"{space}/way", {"gatewayClassName": "istio-waypoint", "listeners": [listener]})


ENDS = (
    namespace("car", **{"istio-injection": "enabled"}),
    namespace("plain"),
    workload("shop/web"),
    workload("shop/api", {"version": "v1"}),
    service("shop/api", HTTP, BYTES),
    workload("shop/next"),
    service("shop/next", HTTP),
    workload("far/web"),
    workload("car/web"),
    workload("plain/web"),
)
SAME = (namespace("shop", **AMBIENT), namespace("far", **{"istio.io/dataplane-mode": "ambient"}), waypoint())
OTHER = (
    namespace("shop", **AMBIENT, **{"istio.io/use-waypoint-namespace": "far"}),
    namespace("far", **{"istio.io/dataplane-mode": "ambient"}),
    waypoint("far"),
)


def world(*parts: str, base: tuple[str, ...] = SAME) -> World:
    text = "".join((*base, *ENDS, *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def ask(asked: World, line: str = "", source: str = "shop/web", port: int = 80) -> Answer:
    method, _, target = line.partition(" ")
    request = ringfence.request(method, target) if line else None
    return asked.can(source, "shop/service/api", port, request=request)


@pytest.mark.parametrize(
    ("made", "line", "verdict"),
    [
        (route(API), "", Verdict.ALLOWED),
        (route(NEXT), "", Verdict.DENIED),
        (route({**path("/v2"), **NEXT}, API), "GET /v2/a", Verdict.DENIED),
        (route({**path("/v2"), **NEXT}, API), "GET /v1", Verdict.ALLOWED),
        (route({**path("/v2"), **NEXT}, API), "", Verdict.MIXED),
        (route({"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]}), "", Verdict.DENIED),
        (route(NEXT, port=81), "", Verdict.ALLOWED),
        (route({"filters": [{"type": "ExtensionRef"}], **API}), "", Verdict.UNKNOWN),
        (virtual_service({"route": TO_API}), "", Verdict.ALLOWED),
        (virtual_service({"route": TO_NEXT}), "", Verdict.DENIED),
        (virtual_service({"match": [{"uri": {"prefix": "/v2"}}], "route": TO_NEXT}, {"route": TO_API}), "", "mixed"),
        (virtual_service({"match": [{"port": 81}], "route": TO_NEXT}), "", Verdict.ALLOWED),
        (virtual_service({"route": TO_NEXT}, gateways=["edge"]), "", Verdict.ALLOWED),
        (virtual_service({"rewrite": {"uri": "/b"}, "route": TO_API}), "", Verdict.UNKNOWN),
        # Releases differ in what a waypoint makes of who the client is.
        (virtual_service({"match": [{"sourceLabels": {"app": "web"}}], "route": TO_NEXT}), "", Verdict.UNKNOWN),
        (virtual_service({"match": [{"sourceLabels": {"app": "web"}}], "route": TO_API}), "", Verdict.ALLOWED),
        (virtual_service({"match": [{"gateways": ["mesh"]}], "route": TO_NEXT}), "", Verdict.DENIED),
        (
            virtual_service({"match": [{"sourceNamespace": "far"}], "route": TO_NEXT}, {"route": TO_API}),
            "",
            Verdict.UNKNOWN,
        ),
    ],
)
def test_what_a_waypoint_sends_on(made: str, line: str, verdict: Verdict | str) -> None:
    answer = ask(world(made), line)
    assert answer.verdict == Verdict(verdict)
    if answer.verdict is Verdict.DENIED:
        assert answer.layered is not None
        assert answer.layered.holds, "it is not the client's own side that sends it elsewhere"
        assert answer.reason.code == "routed-elsewhere"
        assert "the proxy on the way" in str(answer.reason)
        assert [one.layer for one in answer.layered.layers if one.verdict is Verdict.DENIED] == ["requests"]


def test_who_goes_past_the_waypoint_is_not_routed_by_it() -> None:
    """A client without the mesh; a sidecar routes by itself, as its own namespace has it."""
    away = world(route(NEXT))
    assert ask(away, source="plain/web").verdict is Verdict.ALLOWED
    assert ask(away, source="far/web").verdict is Verdict.DENIED, "the waypoint is the Service's"
    answer = ask(away, source="car/web")
    assert answer.verdict is Verdict.DENIED
    assert answer.layered is not None
    assert not answer.layered.holds


def test_a_consumer_s_route_is_none_of_the_waypoint() -> None:
    assert ask(world(route(NEXT, name="far/r")), source="far/web").verdict is Verdict.ALLOWED


def test_a_waypoint_of_another_namespace() -> None:
    """Earlier releases take routes of the waypoint's namespace alone."""
    assert ask(world(route(NEXT), base=OTHER)).verdict is Verdict.UNKNOWN
    assert ask(world(route(API), base=OTHER)).verdict is Verdict.ALLOWED
    assert ask(world(virtual_service({"route": TO_NEXT}), base=OTHER)).verdict is Verdict.UNKNOWN
    near = route({"backendRefs": [{"name": "next", "namespace": "shop", "port": 80}]}, name="far/r")
    assert ask(world(near, base=OTHER)).verdict is Verdict.DENIED


def test_of_several_the_oldest_counts() -> None:
    first, second = virtual_service({"route": TO_NEXT}, created=OLD), virtual_service({"route": TO_API}, created=NEW)
    second = second.replace("name: v", "name: w")
    assert ask(world(first, second)).verdict is Verdict.DENIED
    assert ask(world(route(API, created=NEW), first)).verdict is Verdict.ALLOWED, "the Gateway API comes first"


def test_policies_refuse_before_routes_send() -> None:
    deny = an(
        "AuthorizationPolicy", "shop/p", {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/x"]}}]}]}
    )
    deny = deny.replace("networking.istio.io", "security.istio.io")
    target: dict[str, Any] = {"targetRefs": [{"group": "", "kind": "Service", "name": "api"}]}
    deny = deny.replace("spec:", f"spec:\n  targetRefs: {target['targetRefs']}")
    asked = world(route(NEXT), deny)
    assert ask(asked, "GET /x").reason.code == "denied"
    assert ask(asked, "GET /y").reason.code == "routed-elsewhere"


def test_connections_that_are_none_of_http() -> None:
    tcp = virtual_service(tcp=[{"route": TO_NEXT}], http=[])
    assert ask(world(tcp), port=90).verdict is Verdict.UNKNOWN
    assert ask(world(tcp), port=80).verdict is Verdict.ALLOWED
    assert ask(world(route(NEXT)), port=90).verdict is Verdict.ALLOWED


def test_lists_are_as_single_questions() -> None:
    asked = world(route({**path("/v2"), **NEXT}, API))
    rows = asked.connections(source="shop/web", destination="shop/api").rows
    verdicts = {row.verdict for row in rows if any(first <= 8080 <= last for first, last in row.ports)}
    assert verdicts == {Verdict.MIXED} == {asked.can("shop/web", "shop/api", 8080).verdict}
    gone = world(route(NEXT)).connections(source="shop/web", destination="shop/api").rows
    assert not any(first <= 8080 <= last for row in gone for first, last in row.ports)
    assert world(route(API)).difference(asked), "fewer requests get there"
    assert not world(route(API)).difference(world())
