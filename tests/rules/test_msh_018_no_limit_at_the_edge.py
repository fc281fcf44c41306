from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import an, plain, sidecars
from tests.rules.meshed import service as inside

RULE = "MSH-018"
WEB = sidecars() + pod("web")


def service(kind: str) -> str:
    ports = [{"port": 80, "targetPort": 8080, "name": "http"}]
    return an("Service", "web", {"type": kind, "selector": {"app": "web"}, "ports": ports})


def rule(**policy: object) -> str:
    return an("DestinationRule", "web", {"host": "web.shop.svc.cluster.local", "trafficPolicy": policy})


def route(*gateways: str) -> str:
    spec = {"hosts": ["x"], "gateways": list(gateways), "http": [{"route": [{"destination": {"host": "web"}}]}]}
    return an("VirtualService", "web", spec)


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_that_is_reached_from_outside(kind: str) -> None:
    (message,) = messages(RULE, WEB + service(kind))
    assert (
        message
        == f"Service shop/web takes traffic from outside (its type is {kind}), and nothing of the mesh limits it"
    )


def test_a_service_behind_a_gateway() -> None:
    (message,) = messages(RULE, WEB + inside("web") + route("edge"))
    assert "(VirtualService shop/web sends there)" in message
    assert messages(RULE, WEB + inside("web") + route("mesh")) == []
    assert messages(RULE, WEB + inside("web")) == []


def test_limits() -> None:
    assert messages(RULE, WEB + service("NodePort") + rule(connectionPool={"tcp": {"maxConnections": 10}})) == []
    assert messages(RULE, WEB + service("NodePort") + rule(outlierDetection={})) == []
    assert len(messages(RULE, WEB + service("NodePort") + rule(loadBalancer={"simple": "RANDOM"}))) == 1
    port = {"portLevelSettings": [{"port": {"number": 80}, "connectionPool": {}}]}
    assert messages(RULE, WEB + service("NodePort") + rule(**port)) == []
    value = {"operation": "INSERT_FIRST", "value": {"name": "envoy.filters.http.local_ratelimit"}}
    limiter = {"configPatches": [{"applyTo": "HTTP_FILTER", "patch": value}]}
    assert messages(RULE, WEB + service("NodePort") + an("EnvoyFilter", "limit", limiter)) == []
    elsewhere = {**limiter, "workloadSelector": {"labels": {"app": "db"}}}
    assert len(messages(RULE, WEB + service("NodePort") + an("EnvoyFilter", "limit", elsewhere))) == 1


def test_who_is_not_in_the_mesh_and_of_whom_it_is_not_known() -> None:
    assert messages(RULE, plain("shop") + pod("web") + service("NodePort")) == []
    outcome = checked(RULE, pod("web") + service("NodePort") + sidecars("other"))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
