from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, namespace, service, sidecars, waypoint, with_waypoint

RULE = "MSH-012"
WEB = pod("web") + service("web")
MATCH = {"selector": {"matchLabels": {"app": "web"}}}


def tokens(**spec: object) -> str:
    return an("RequestAuthentication", "tokens", {"jwtRules": [{"issuer": "me", "jwks": "{}"}], **spec})


def envoy_filter(**spec: object) -> str:
    patch = {"applyTo": "HTTP_FILTER", "patch": {"operation": "INSERT_FIRST", "value": {"name": "lua"}}}
    return an("EnvoyFilter", "lua", {"configPatches": [patch], **spec})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (tokens(**MATCH), "it validates no tokens there"),
        (tokens(), "it validates no tokens there"),
        (an("WasmPlugin", "own", {"url": "oci://x", **MATCH}), "the plugin does not run"),
        (envoy_filter(workloadSelector={"labels": {"app": "web"}}), "its patches go nowhere"),
        (an("Telemetry", "log", {**MATCH, "accessLogging": [{}]}), "is not recorded"),
    ],
)
def test_ztunnel_reads_nothing_of_that(text: str, words: str) -> None:
    (message,) = messages(RULE, ambient() + WEB + text)
    assert "shop/pod/web, which only ztunnel takes" in message
    assert words in message
    assert messages(RULE, sidecars() + WEB + text) == []


def test_objects_with_targets_and_those_for_the_whole_mesh() -> None:
    targets = [{"kind": "Service", "name": "web", "group": ""}]
    assert messages(RULE, with_waypoint() + WEB + tokens(targetRefs=targets)) == []
    assert messages(RULE, ambient() + WEB + tokens().replace('"shop"', '"istio-system"')) == []


def test_a_selector_with_workloads_of_both_kinds() -> None:
    injected = {"sidecar.istio.io/inject": '"true"', "app": "web", "istio.io/dataplane-mode": "none"}
    assert messages(RULE, ambient() + WEB + pod("other", **injected) + tokens(**MATCH)) == []


def test_which_proxy_takes_them_may_be_open() -> None:
    outcome = checked(RULE, WEB + ambient("other") + tokens(**MATCH))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why


ROUTE = an("VirtualService", "web", {"hosts": ["web"], "http": [{"route": [{"destination": {"host": "web"}}]}]})
RULE_OF_CLIENTS = an("DestinationRule", "web", {"host": "web", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}})


@pytest.mark.parametrize("text", [ROUTE, RULE_OF_CLIENTS])
def test_routes_and_rules_for_clients_without_a_waypoint(text: str) -> None:
    (finding,) = checked(RULE, ambient() + WEB + text).findings
    assert "which only ztunnel leads to: without a waypoint it has no effect" in finding.message
    assert finding.severity is Severity.MEDIUM
    assert messages(RULE, with_waypoint() + WEB + text) == []
    (finding,) = checked(RULE, ambient() + WEB + text + sidecars("apps") + pod("api", "apps")).findings
    assert finding.severity is Severity.LOW
    assert messages(RULE, sidecars() + WEB + text) == []


def test_a_route_of_gateways_alone() -> None:
    spec = {"hosts": ["web"], "gateways": ["edge"], "http": []}
    assert messages(RULE, ambient() + WEB + an("VirtualService", "web", spec)) == []


def test_a_waypoint_reads_rules_of_its_namespace_only() -> None:
    spec = {"host": "web.shop.svc.cluster.local"}
    elsewhere = ambient("apps") + pod("api", "apps") + an("DestinationRule", "web", spec, "apps")
    (message,) = messages(RULE, with_waypoint() + WEB + elsewhere)
    assert "whose waypoint reads DestinationRules of shop only" in message


USING = ambient(**{"istio.io/use-waypoint": "way"})


def test_a_waypoint_that_there_is_not() -> None:
    (message,) = messages(RULE, USING + WEB)
    assert message.startswith("Namespace shop asks for waypoint shop/way, which there is not: traffic goes past it")
    assert messages(RULE, USING + WEB + waypoint()) == []
    assert messages(RULE, ambient(**{"istio.io/use-waypoint": "none"}) + WEB) == []


def test_a_waypoint_without_pods_among_pods_that_run() -> None:
    running = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: old, namespace: shop}\n"
    running += "spec: {containers: [{name: old, image: old}]}\nstatus: {podIP: 10.0.0.1}\n"
    (message,) = messages(RULE, USING + WEB + waypoint() + running)
    assert message.startswith("Namespace shop asks for waypoint shop/way, which has no pods: traffic goes past it")


def test_a_waypoint_that_is_not_ready() -> None:
    status = '"spec": {"gatewayClassName"'
    text = waypoint().replace(status, '"status": {"conditions": []}, ' + status)
    (message,) = messages(RULE, USING + WEB + text)
    assert "which is not ready" in message


def test_a_service_may_ask_for_one_of_another_namespace() -> None:
    labels = {"istio.io/use-waypoint": "way", "istio.io/use-waypoint-namespace": "infra"}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080, "name": "http"}]}
    text = ambient() + pod("web") + an("Service", "web", spec, labels=labels)
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert "no workload and no waypoint of namespace infra" in outcome.not_evaluable[0].why
    (message,) = messages(RULE, text + namespace("infra") + pod("any", "infra"))
    assert message.startswith("Service shop/web asks for waypoint infra/way, which there is not")


def test_workloads_that_are_not_in_ambient() -> None:
    text = namespace("shop", **{"istio-injection": "enabled", "istio.io/use-waypoint": "way"}) + waypoint() + WEB
    (finding,) = checked(RULE, text).findings
    assert "none of its workloads is in ambient" in finding.message
