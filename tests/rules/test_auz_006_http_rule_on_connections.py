from __future__ import annotations

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, authorization, plain, service, sidecars

RULE = "AUZ-006"
PATHS = [{"to": [{"operation": {"paths": ["/admin*"]}}]}]
WEB = pod("web") + plain() + pod("old", "legacy")


def test_on_a_tcp_port_a_rule_that_denies_stops_every_connection() -> None:
    text = sidecars() + WEB + service("web", protocol="tcp")
    (finding,) = checked(RULE, text + authorization(PATHS, "DENY")).findings
    assert "denies more than it says at shop/pod/web port 8080" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED


def test_on_a_tcp_port_a_rule_that_allows_allows_nothing() -> None:
    text = sidecars() + WEB + service("web", protocol="tcp")
    (message,) = messages(RULE, text + authorization(PATHS))
    assert "allows nothing" in message


def test_ztunnel_leaves_a_rule_that_denies_without_effect() -> None:
    (message,) = messages(RULE, ambient() + WEB + authorization(PATHS, "DENY"))
    assert "which ztunnel does not know: the rule denies nothing" in message
    (message,) = messages(RULE, ambient() + WEB + authorization(PATHS))
    assert "allows nothing" in message


def test_a_port_that_speaks_http_and_a_rule_for_another_port_are_right() -> None:
    assert messages(RULE, sidecars() + WEB + service("web") + authorization(PATHS, "DENY")) == []
    other = [{"to": [{"operation": {"paths": ["/admin*"], "ports": ["9090"]}}]}]
    assert messages(RULE, sidecars() + WEB + service("web", protocol="tcp") + authorization(other, "DENY")) == []


def test_a_rule_of_connections_is_right_everywhere() -> None:
    ports = [{"to": [{"operation": {"ports": ["8080"]}}]}]
    assert messages(RULE, ambient() + WEB + authorization(ports, "DENY")) == []
    assert messages(RULE, sidecars() + WEB + service("web", protocol="tcp") + authorization(ports)) == []


def test_a_dry_run_does_nothing() -> None:
    tried = authorization(PATHS, "DENY", annotations={"istio.io/dry-run": "true"})
    assert messages(RULE, ambient() + WEB + tried) == []


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + authorization(PATHS, "DENY"))
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["AuthorizationPolicy shop/policy"]


def test_without_a_mesh_there_is_nothing_to_say() -> None:
    assert messages(RULE, namespace("shop") + pod("web")) == []


def test_where_the_proxy_finds_out_what_is_spoken_only_what_is_no_http_is_denied() -> None:
    text = sidecars() + WEB + service("web", protocol="main")
    (finding,) = checked(RULE, text + authorization(PATHS, "DENY")).findings
    assert "denies every connection that it fits and that is not HTTP at shop/pod/web port 8080" in finding.message
    assert finding.severity is Severity.LOW
    assert messages(RULE, text + authorization(PATHS)) == []
