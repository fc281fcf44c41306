from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, an, authorization, gateway_pod, service, sidecars, with_waypoint

RULE = "AUZ-003"
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("web")


def bare(name: str = "bare", **spec: object) -> str:
    return an("AuthorizationPolicy", name, {"selector": {"matchLabels": {"app": "web"}}, **spec})


@pytest.mark.parametrize("rules", [{}, {"rules": []}])
def test_deny_without_rules_denies_nothing(rules: dict[str, object]) -> None:
    (finding,) = checked(RULE, SHOP + bare(action="DENY", **rules), faulty=True).findings
    assert "has the action DENY and no rules: it denies nothing" in finding.message
    assert finding.evidence == ("DENY",)
    assert finding.place.line == len((SHOP + bare()).splitlines())


def test_allow_without_rules_refuses_everything() -> None:
    (finding,) = checked(RULE, SHOP + bare(action="ALLOW")).findings
    assert "shop/pod/web refuses every request" in finding.message
    assert finding.severity is None
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.DENIED)


def test_for_one_workload_it_may_be_meant() -> None:
    (finding,) = checked(RULE, SHOP + bare()).findings
    assert finding.severity is Severity.LOW


def test_the_way_to_close_a_namespace_is_right() -> None:
    assert messages(RULE, SHOP + an("AuthorizationPolicy", "default", {})) == []


def test_beside_a_policy_that_allows_it_changes_nothing() -> None:
    assert messages(RULE, SHOP + bare(action="ALLOW") + authorization([{}])) == []


def test_a_dry_run_does_nothing() -> None:
    tried = an("AuthorizationPolicy", "bare", {"action": "ALLOW"}, annotations={"istio.io/dry-run": "true"})
    assert messages(RULE, SHOP + tried) == []


def test_at_a_waypoint_too() -> None:
    spec = {"targetRefs": [{"kind": "Service", "name": "web", "group": ""}], "action": "ALLOW"}
    text = with_waypoint() + account("shop/web") + account("shop/app") + service("web")
    (finding,) = checked(RULE, text + an("AuthorizationPolicy", "bare", spec)).findings
    assert "shop/service/web refuses every request" in finding.message
    assert finding.witness is not None


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + bare(action="ALLOW"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_custom_without_rules_asks_nobody() -> None:
    (finding,) = checked(RULE, SHOP + bare(action="CUSTOM", provider={"name": "ask"}), faulty=True).findings
    assert "asks nobody about anything" in finding.message


def test_two_that_are_empty_do_not_open_each_other() -> None:
    assert len(messages(RULE, SHOP + bare(action="ALLOW") + bare("second", action="ALLOW"))) == 2


def test_at_a_gateway() -> None:
    edge = sidecars("edge") + gateway_pod(space="edge")
    spec = {"selector": {"matchLabels": {"istio": "ingressgateway"}}, "action": "ALLOW"}
    (finding,) = checked(RULE, edge + an("AuthorizationPolicy", "p", spec, "edge")).findings
    assert "edge/pod/ingress refuses every request" in finding.message
