from __future__ import annotations

from typing import Any

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, authorization, service, sidecars

RULE = "AUZ-013"
WEB = sidecars() + pod("web") + pod("app") + service("web")
ONLY_APP: list[Any] = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}]
DRY = {"istio.io/dry-run": "true"}


def test_a_policy_that_allows_and_is_only_tried_out_leaves_the_workload_open() -> None:
    for text in (WEB, ambient() + WEB.removeprefix(sidecars())):
        (finding,) = checked(RULE, text + authorization(ONLY_APP, annotations=DRY)).findings
        assert "it is open" in finding.message
        assert finding.witness is not None


def test_beside_an_enforced_policy_it_is_a_trial() -> None:
    enforced = an("AuthorizationPolicy", "nobody", {})
    assert messages(RULE, WEB + enforced + authorization(ONLY_APP, annotations=DRY)) == []


def test_a_policy_that_denies_stops_nothing() -> None:
    (message,) = messages(RULE, WEB + authorization([{}], "DENY", annotations=DRY))
    assert "it stops nothing" in message


def test_an_enforced_policy() -> None:
    assert messages(RULE, WEB + authorization(ONLY_APP)) == []
    assert messages(RULE, WEB + authorization(ONLY_APP, annotations={"istio.io/dry-run": "false"})) == []


def test_what_is_open() -> None:
    outcome = checked(RULE, pod("web") + authorization(ONLY_APP, annotations=DRY))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
