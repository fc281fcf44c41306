from __future__ import annotations

import json
from typing import Any

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import sidecars

RULE = "MSH-027"


def with_status(kind: str, api: str, condition: Any, spec: Any) -> str:
    made = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", "namespace": "shop"},
        "spec": spec,
        "status": {"conditions": [condition]},
    }
    return sidecars() + pod("web") + f"---\n{json.dumps(made)}\n"


def policy(**condition: str) -> str:
    return with_status("AuthorizationPolicy", "security.istio.io/v1", condition, {"rules": [{}]})


def service(**condition: str) -> str:
    return with_status("Service", "v1", condition, {"ports": [{"port": 80}]})


def test_a_condition_that_is_false() -> None:
    (finding,) = checked(
        RULE, policy(type="ZtunnelAccepted", status="False", reason="Unsupported", message="no HTTP")
    ).findings
    assert finding.message == (
        "AuthorizationPolicy shop/x has the condition ZtunnelAccepted False: Unsupported; no HTTP"
    )
    assert finding.place.line > 0
    (message,) = messages(RULE, service(type="istio.io/WaypointBound", status="False"))
    assert message == "Service shop/x has the condition istio.io/WaypointBound False"


def test_conditions_that_are_true_and_those_of_others() -> None:
    assert messages(RULE, policy(type="ZtunnelAccepted", status="True")) == []
    assert messages(RULE, service(type="LoadBalancerReady", status="False")) == []
    assert messages(RULE, sidecars() + pod("web")) == []


def test_gateways_and_routes_of_the_gateway_api() -> None:
    false = {"type": "Programmed", "status": "False", "reason": "AddressNotUsable"}
    api = "gateway.networking.k8s.io/v1"
    spec = {"gatewayClassName": "istio-waypoint", "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}]}
    (message,) = messages(RULE, with_status("Gateway", api, false, spec))
    assert message == "Gateway shop/x has the condition Programmed False: AddressNotUsable"
    assert messages(RULE, with_status("Gateway", api, false, {**spec, "gatewayClassName": "nginx"})) == []
    route = with_status("HTTPRoute", api, false, {"parentRefs": [{"kind": "Service", "group": "", "name": "web"}]})
    parent = {"conditions": [{"type": "Accepted", "status": "False", "reason": "WaypointNotBound"}]}
    text = route.replace('"status": {"conditions": ', f'"status": {{"parents": [{json.dumps(parent)}], "rest": ')
    (message,) = messages(RULE, text)
    assert message == "HTTPRoute shop/x has the condition Accepted False: WaypointNotBound"
