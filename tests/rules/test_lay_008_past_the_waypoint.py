from __future__ import annotations

from typing import Any

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import (
    account,
    ambient,
    an,
    at_service,
    authorization,
    mtls,
    plain,
    service,
    sidecars,
    with_waypoint,
)

RULE = "LAY-008"
GET: list[Any] = [{"to": [{"operation": {"methods": ["GET"]}}]}]
WEB = with_waypoint() + account("shop/web") + service("web")
OLD = plain() + pod("old", "legacy")
WAYPOINT: list[Any] = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/way"]}}]}]


def test_a_client_without_a_proxy_goes_past_the_waypoint() -> None:
    (finding,) = checked(RULE, WEB + OLD + at_service(GET)).findings
    assert finding.subject == Subject("Service", "shop", "web")
    assert finding.witness is not None
    assert finding.witness.source == "legacy/pod/old"


def test_strict_does_not_keep_sidecars_out() -> None:
    text = WEB + OLD + mtls("STRICT") + at_service(GET)
    assert messages(RULE, text) == []
    (finding,) = checked(RULE, text + sidecars("apps") + pod("app", "apps")).findings
    assert finding.witness is not None
    assert finding.witness.source == "apps/pod/app"


def test_a_policy_that_admits_the_waypoint_alone() -> None:
    assert messages(RULE, WEB + OLD + at_service(GET) + authorization(WAYPOINT)) == []


def test_a_network_policy_closes_it_too() -> None:
    closed = policy("closed", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}")
    assert messages(RULE, WEB + OLD + at_service(GET) + closed) == []


def test_a_waypoint_without_policies_protects_nothing() -> None:
    assert messages(RULE, WEB + OLD) == []


def test_without_a_waypoint_the_policy_is_the_matter_of_another_rule() -> None:
    text = ambient() + account("shop/web") + service("web") + OLD
    assert messages(RULE, text + at_service(GET)) == []


def test_any_policy_that_allows_at_the_workload_is_a_choice() -> None:
    assert messages(RULE, WEB + OLD + at_service(GET) + authorization([{}])) == []


def test_a_policy_that_perhaps_closes_it() -> None:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "none", "ports": [{"containerPort": 8080}]}]},
    }
    web = an("Deployment", "web", {"selector": {"matchLabels": {"app": "web"}}, "template": template})
    perhaps = an(
        "AuthorizationPolicy",
        "perhaps",
        {"selector": {"matchLabels": {"pod-template-hash": "x"}}, "rules": WAYPOINT},
    )
    outcome = checked(RULE, with_waypoint() + web + service("web") + OLD + at_service(GET) + perhaps)
    assert not outcome.findings
    assert "whether a policy closes the workload behind it is open" in outcome.not_evaluable[0].why
