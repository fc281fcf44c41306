from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, ambient, an, authorization, gateway, gateway_pod, plain, service, sidecars

RULE = "AUZ-017"
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("web")


def hosts(*values: str, field: str = "hosts") -> list[object]:
    return [{"to": [{"operation": {field: list(values)}}]}]


def test_a_rule_that_denies_is_got_past() -> None:
    (finding,) = checked(RULE, SHOP + authorization(hosts("admin.example"), "DENY")).findings
    assert "names host admin.example without a port: a request to admin.example:80 gets past it" in finding.message
    assert finding.severity is None
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert finding.witness.request.host == "admin.example:80"
    assert finding.witness.expected is Verdict.ALLOWED


def test_a_rule_that_allows_all_hosts_but_one() -> None:
    (finding,) = checked(RULE, SHOP + authorization(hosts("admin.example", field="notHosts"))).findings
    assert "gets past it" in finding.message
    assert finding.witness is not None


def test_a_rule_that_allows_refuses_whoever_writes_the_port() -> None:
    (finding,) = checked(RULE, SHOP + authorization(hosts("shop.example"))).findings
    assert "is not allowed by it" in finding.message
    assert finding.severity is Severity.LOW
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED


@pytest.mark.parametrize(
    "values",
    [("a.example", "a.example:*"), ("a.example*",), ("a.example:80",), ("*",), ("a.example", "A.example:*")],
)
def test_with_the_form_that_has_a_port(values: tuple[str, ...]) -> None:
    assert messages(RULE, SHOP + authorization(hosts(*values), "DENY")) == []


def test_all_hosts_but_one_are_denied_with_a_port_all_the_more() -> None:
    assert messages(RULE, SHOP + authorization(hosts("shop.example", field="notHosts"), "DENY")) == []


def test_the_witness_asks_for_what_else_the_rule_asks() -> None:
    rules = [{"to": [{"operation": {"hosts": ["admin.example"], "methods": ["PUT"]}}]}]
    (finding,) = checked(RULE, SHOP + authorization(rules, "DENY")).findings
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert finding.witness.request.method == "PUT"


def test_another_rule_that_denies_it_anyway() -> None:
    rules = [*hosts("admin.example"), {}]
    (finding,) = checked(RULE, SHOP + authorization(rules, "DENY")).findings
    assert finding.severity is Severity.MEDIUM
    assert finding.witness is None


def test_ztunnel_sees_no_hosts() -> None:
    text = ambient() + account("shop/web") + service("web")
    assert messages(RULE, text + authorization(hosts("admin.example"), "DENY")) == []


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + authorization(hosts("a.example"), "DENY"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_whom_the_rule_does_not_stop_anyway_is_no_witness() -> None:
    operation = {"operation": {"hosts": ["admin.example"]}}
    rules = [{"to": [operation], "from": [{"source": {"namespaces": ["other"]}}]}]
    (finding,) = checked(RULE, SHOP + authorization(rules, "DENY")).findings
    assert finding.witness is None


def test_at_a_gateway() -> None:
    servers = [{"port": {"number": 8080, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    edge = sidecars("edge") + gateway_pod(space="edge") + gateway("edge", servers, space="edge")
    ports = [{"port": 80, "targetPort": 8080, "name": "http"}]
    edge += an("Service", "ingress", {"selector": {"istio": "ingressgateway"}, "ports": ports}, "edge")
    spec = {"selector": {"matchLabels": {"istio": "ingressgateway"}}, "action": "DENY", "rules": hosts("admin.example")}
    (finding,) = checked(
        RULE, edge + plain() + pod("old", "legacy") + an("AuthorizationPolicy", "p", spec, "edge")
    ).findings
    assert finding.witness is not None
    assert finding.witness.destination == "edge/pod/ingress"
    assert finding.witness.expected is Verdict.ALLOWED
