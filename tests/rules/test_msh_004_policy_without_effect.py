from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, an, authorization, mtls, plain, service, sidecars

RULE = "MSH-004"
ALL: list[Any] = [{}]
WEB = sidecars() + pod("web") + service("web")


def targeting(kind: str, name: str, group: str = "") -> str:
    targets = [{"kind": kind, "name": name, "group": group}]
    return an("AuthorizationPolicy", "policy", {"targetRefs": targets, "action": "DENY", "rules": ALL})


def waypoint(name: str = "way") -> str:
    listeners = [{"name": "mesh", "port": 15008, "protocol": "HBONE"}]
    return an("Gateway", name, {"gatewayClassName": "istio-waypoint", "listeners": listeners})


def test_a_selector_that_no_workload_has() -> None:
    (finding,) = checked(RULE, WEB + authorization(ALL, app="wbe")).findings
    assert finding.message == "AuthorizationPolicy shop/policy selects no workload: none has app=wbe"
    assert finding.fix == "did you mean app: web?"
    (message,) = messages(RULE, WEB + mtls("STRICT", selector={"matchLabels": {"app": "wbe"}}))
    assert message.startswith("PeerAuthentication shop/default selects no workload")
    rules = {"selector": {"matchLabels": {"app": "wbe"}}, "jwtRules": [{"issuer": "me", "jwks": "{}"}]}
    (message,) = messages(RULE, WEB + an("RequestAuthentication", "jwt", rules))
    assert message.startswith("RequestAuthentication shop/jwt selects no workload")


def test_a_selector_that_one_has() -> None:
    assert messages(RULE, WEB + authorization(ALL) + mtls("STRICT", selector={"matchLabels": {"app": "web"}})) == []


def test_a_policy_of_the_root_namespace_is_for_all() -> None:
    text = WEB + namespace("istio-system") + authorization(ALL, space="istio-system")
    assert messages(RULE, text) == []
    assert len(messages(RULE, text.replace('"app": "web"}}, "action"', '"app": "wbe"}}, "action"'))) == 1


def test_a_workload_without_a_proxy_enforces_nothing() -> None:
    text = plain() + pod("old", "legacy") + WEB
    (message,) = messages(RULE, text + authorization(ALL, app="old", space="legacy"))
    assert "only workloads without a proxy" in message
    (message,) = messages(RULE, text + mtls("STRICT", "legacy") + an("AuthorizationPolicy", "p", {}, "legacy"))
    assert message.startswith("AuthorizationPolicy legacy/p is for namespace legacy, which has no proxy")


def test_targets_never_reach_a_sidecar() -> None:
    (message,) = messages(RULE, WEB + targeting("Service", "web"))
    assert "attached to Service web, and no waypoint is in the way to it" in message
    (message,) = messages(RULE, WEB + targeting("Service", "wbe"))
    assert "namespace shop has none" in message
    (message,) = messages(RULE, WEB + targeting("Gateway", "way", "gateway.networking.k8s.io"))
    assert "namespace shop has none" in message


def test_a_waypoint_enforces_what_is_attached_to_it() -> None:
    text = ambient("shop", **{"istio.io/use-waypoint": "way"}) + pod("web") + service("web") + waypoint()
    assert messages(RULE, text + targeting("Service", "web")) == []
    assert messages(RULE, text + targeting("Gateway", "way", "gateway.networking.k8s.io")) == []


def test_no_selector_reaches_a_waypoint() -> None:
    text = ambient("shop", **{"istio.io/use-waypoint": "way"}) + pod("web") + service("web") + waypoint()
    selecting = authorization(ALL).replace(
        '"app": "web"}}, "action"', '"gateway.networking.k8s.io/gateway-name": "way"}}, "action"'
    )
    (message,) = messages(RULE, text + selecting)
    assert "selects a waypoint" in message


@pytest.mark.parametrize(("port", "found"), [("80", 1), ("8080", 0), ("9999", 0)])
def test_the_port_of_a_service_is_none_of_the_workload(port: str, found: int) -> None:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "portLevelMtls": {port: {"mode": "STRICT"}}}
    said = messages(RULE, WEB + mtls("PERMISSIVE", **spec))
    assert len(said) == found
    assert not said or "the workload's is 8080" in said[0]


def test_ports_without_a_selector() -> None:
    text = WEB + mtls("STRICT", portLevelMtls={"8080": {"mode": "DISABLE"}})
    (finding,) = checked(RULE, text, faulty=True).findings
    assert "the port is ignored" in finding.message


def test_what_is_open() -> None:
    outcome = checked(RULE, sidecars() + authorization(ALL))
    assert not outcome.findings
    assert "no workloads of namespace shop" in outcome.not_evaluable[0].why
    outcome = checked(RULE, WEB + an("AuthorizationPolicy", "whole", {"action": "DENY", "rules": ALL}, "nowhere"))
    assert not outcome.findings
    assert "no workloads of namespace nowhere" in outcome.not_evaluable[0].why


def test_a_number_may_be_both_of_a_service_and_of_the_workload() -> None:
    more = service("web", 8080, 9090).replace('"name": "web"', '"name": "more"', 1)
    spec = {"selector": {"matchLabels": {"app": "web"}}, "portLevelMtls": {"8080": {"mode": "STRICT"}}}
    assert messages(RULE, WEB + more + mtls("PERMISSIVE", **spec)) == []


def test_pods_of_a_gateway_that_the_input_lacks() -> None:
    label = "gateway.networking.k8s.io/gateway-name"
    spec = {"selector": {"matchLabels": {label: "way"}}, "action": "DENY", "rules": ALL}
    outcome = checked(RULE, sidecars() + pod("way-1", **{label: "way"}) + an("AuthorizationPolicy", "policy", spec))
    assert not outcome.findings
    (unsure,) = outcome.not_evaluable
    assert "pods of Gateway shop/way only, which the input lacks" in unsure.why
