from __future__ import annotations

from typing import Any

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, ambient, at_service, authorization, service, waypoint, with_waypoint

RULE = "AUZ-014"
PODS = account("shop/web") + account("shop/app") + service("web")


def allowing(*accounts: str) -> str:
    principals = [f"cluster.local/ns/shop/sa/{name}" for name in accounts]
    rules: list[Any] = [{"from": [{"source": {"principals": principals}}]}]
    return authorization(rules)


def test_who_is_named_comes_as_the_waypoint() -> None:
    (finding,) = checked(RULE, with_waypoint() + PODS + allowing("app")).findings
    assert finding.subject == Subject("AuthorizationPolicy", "shop", "policy")
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.DENIED)


def test_a_policy_that_allows_the_waypoint_too() -> None:
    assert messages(RULE, with_waypoint() + PODS + allowing("app", "way")) == []
    assert (
        messages(
            RULE,
            with_waypoint()
            + PODS
            + allowing("app")
            .replace('"from"', '"x"')
            .replace('"x": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]', ""),
        )
        == []
    )


def test_without_a_waypoint_the_client_is_itself() -> None:
    assert messages(RULE, ambient() + PODS + allowing("app")) == []


def test_nobody_of_the_input_is_named() -> None:
    assert messages(RULE, with_waypoint() + PODS + allowing("other")) == []


def test_what_the_waypoint_itself_refuses_is_another_matter() -> None:
    refused = at_service([{}], action="DENY")
    assert messages(RULE, with_waypoint() + PODS + allowing("app", "way") + refused) == []


def test_whether_a_waypoint_is_there_may_be_open() -> None:
    ambient_pods = (account("shop/web") + account("shop/app")).replace(
        '"labels": {"app": "web"}',
        '"labels": {"app": "web", "istio.io/dataplane-mode": "ambient", "sidecar.istio.io/inject": "false"}',
    )
    allows: list[Any] = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}]
    outcome = checked(RULE, ambient_pods + service("web") + waypoint() + authorization(allows))
    assert not outcome.findings
    assert "whether a waypoint is in the way to shop/web is open" in outcome.not_evaluable[0].why
