"""Which waypoint traffic goes over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.istio.meshes import Lab, an, namespace, running, service, workload

AMBIENT = {"istio.io/dataplane-mode": "ambient"}
USE = "istio.io/use-waypoint"
ELSEWHERE = "istio.io/use-waypoint-namespace"
PORT = {"port": 80, "targetPort": 8080}


def gateway(full_name: str, serves: str | None = None, scope: Any = None, status: Any = None) -> str:
    listener: dict[str, Any] = {"name": "mesh", "port": 15008, "protocol": "HBONE"}
    if scope is not None:
        listener["allowedRoutes"] = {"namespaces": scope}
    labels = {"istio.io/waypoint-for": serves} if serves else {}
    text = an("Gateway", full_name, {"gatewayClassName": "istio-waypoint", "listeners": [listener]}, labels=labels)
    return text + (f"status: {status}\n" if status is not None else "")


BASE = (
    namespace("shop", **AMBIENT)
    + namespace("front", **AMBIENT)
    + namespace("car", **{"istio-injection": "enabled"})
    + namespace("bare")
    + workload("shop/api")
    + workload("front/web")
    + workload("car/web")
    + workload("bare/web")
)


def labelled(**labels: str) -> str:
    return service("shop/api", PORT, metadata={"labels": labels})


@pytest.mark.parametrize(
    ("serves", "by_service", "by_address"),
    [
        (None, "shop/way", "none"),
        ("service", "shop/way", "none"),
        ("workload", "none", "shop/way"),
        ("all", "shop/way", "shop/way"),
        ("none", "none", "none"),
        ("nonsense", "none", "none"),
    ],
)
def test_what_a_waypoint_serves(serves: str | None, by_service: str, by_address: str) -> None:
    space = BASE + namespace("shop", **AMBIENT, **{USE: "way"})
    lab = Lab(space, gateway("shop/way", serves), service("shop/api", PORT))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == [by_service]
    assert lab.waypoint("front/web", "shop/api") == [by_address]


def test_only_clients_of_ztunnel_go_over_it() -> None:
    lab = Lab(BASE, gateway("shop/way"), labelled(**{USE: "way"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["shop/way"]
    for source in ("car/web", "bare/web"):
        assert lab.waypoint(source, "shop/api", "shop/api") == ["none"]
    assert lab.waypoint(None, "shop/api", "shop/api") == ["shop/way"], "some client of ztunnel"


def test_the_label_of_the_object_comes_before_that_of_its_namespace() -> None:
    spaces = BASE + namespace("shop", **AMBIENT, **{USE: "way"})
    lab = Lab(spaces, gateway("shop/way"), labelled(**{USE: "none"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["none"]
    lab = Lab(spaces, gateway("shop/way"), gateway("shop/other"), labelled(**{USE: "other"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["shop/other"]
    lab = Lab(spaces, gateway("shop/way"), labelled(**{USE: "missing"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["none"]


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (None, "none"),
        ({"from": "Same"}, "none"),
        ({"from": "All"}, "front/way"),
        ({"from": "Selector", "selector": {"matchLabels": {"istio.io/dataplane-mode": "ambient"}}}, "front/way"),
        ({"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}, "none"),
    ],
)
def test_a_waypoint_of_another_namespace_has_to_allow_it(scope: Any, found: str) -> None:
    lab = Lab(BASE, gateway("front/way", scope=scope), labelled(**{USE: "way", ELSEWHERE: "front"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == [found]


def test_a_gateway_among_files_will_have_pods() -> None:
    lab = Lab(BASE, gateway("shop/way"), labelled(**{USE: "way"}))
    made = lab.pod("shop/way")
    assert made.template
    assert lab.mesh.identity(made) == lab.mesh.identity_of("shop", "way")
    [option] = lab.mesh.waypoint(lab.pod("front/web"), lab.pod("shop/api"), lab.service("shop/api"))
    assert option.value is not None
    assert [lab.mesh.pod(index) for index in option.value.pods] == [made]
    assert lab.waypoint("front/web", "shop/way") == ["none"], "nothing goes over a waypoint to a waypoint"


def test_a_gateway_beside_pods_that_run_has_those_that_there_are() -> None:
    live = running("shop/x")
    use = labelled(**{USE: "way"})
    assert Lab(BASE, live, gateway("shop/way"), use).waypoint("front/web", "shop/api", "shop/api") == [
        "shop/way (not there)"
    ]
    ready = "{addresses: [{value: 10.0.0.9}]}"
    assert Lab(BASE, live, gateway("shop/way", status=ready), use).waypoint("front/web", "shop/api", "shop/api") == [
        "shop/way"
    ]
    there = running("shop/way-1", {"gateway.networking.k8s.io/gateway-name": "way"})
    for status, found in ((ready, "shop/way"), ("{conditions: []}", "shop/way (not there)")):
        lab = Lab(BASE, there, gateway("shop/way", status=status), use)
        assert lab.waypoint("front/web", "shop/api", "shop/api") == [found]


def test_a_namespace_whose_labels_are_not_known_may_ask_for_one() -> None:
    lab = Lab(
        namespace("front", **AMBIENT),
        workload("front/web"),
        workload("shop/api"),
        gateway("shop/way"),
        service("shop/api", PORT),
    )
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["none", "shop/way"]


def test_routes_at_a_waypoint_that_may_do_something_else_leave_requests_open() -> None:
    from ringfence.model.mesh import Point, PointSort

    use = labelled(**{USE: "way"})
    route = an(
        "VirtualService", "shop/v", {"hosts": ["api"], "http": [{"redirect": {"uri": "/x"}}], "gateways": ["mesh"]}
    )
    for parts, open_ in (((), False), ((route,), True)):
        lab = Lab(BASE, gateway("shop/way"), use, *parts)
        point = Point(PointSort.WAYPOINT, lab.pod("shop/way"), True, lab.service("shop/api"), lab.pod("shop/api"))
        assert bool(lab.mesh.rules(point, 8080).unsettled) is open_


def test_pods_of_headless_services_are_dialled_by_their_addresses() -> None:
    headless = service("shop/api", PORT, metadata={"labels": {USE: "way"}}, clusterIP="None")
    lab = Lab(BASE, gateway("shop/way", "all"), headless)
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["none"]
    of_pod = workload("shop/db", {USE: "way"}) + service("shop/db", PORT, clusterIP="None")
    assert Lab(BASE, gateway("shop/way", "all"), of_pod).waypoint("front/web", "shop/db", "shop/db") == ["shop/way"]


def test_a_service_that_wants_none_does_not_get_that_of_its_namespace() -> None:
    space = BASE + namespace("shop", **AMBIENT, **{USE: "way"})
    lab = Lab(space, gateway("shop/way"), labelled(**{USE: "none"}))
    assert lab.waypoint("front/web", "shop/api", "shop/api") == ["none"]
