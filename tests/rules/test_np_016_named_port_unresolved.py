from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, policy

RULE = "NP-016"


def named(name: str, *ports: str, space: str = "shop", labels: str = "") -> str:
    """A pod with ports as ``{name: http, containerPort: 8080}``."""
    return (
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {space}, "
        f"labels: {{app: {name}, {labels or 'tier: web'}}}}}\n"
        f"spec: {{containers: [{{name: main, image: none, ports: [{', '.join(ports)}]}}]}}\n"
    )


HTTP = "{name: http, containerPort: 8080}"
OTHER = "{name: web-http, containerPort: 8080}"
IN = "{podSelector: {matchLabels: {tier: web}}, ingress: [{ports: [{port: http}]}]}"
OUT = (
    "{podSelector: {}, policyTypes: [Egress], egress: "
    "[{to: [{podSelector: {matchLabels: {tier: web}}}], ports: [{port: http}]}]}"
)


@pytest.mark.parametrize("spec", [IN, OUT])
def test_no_pod_declares_the_name(spec: str) -> None:
    (finding,) = checked(RULE, named("a", OTHER) + policy("p", spec)).findings
    assert finding.severity is None
    assert "declares a TCP port http" in finding.message
    assert "web-http (TCP 8080)" in finding.fix


@pytest.mark.parametrize("spec", [IN, OUT])
def test_every_pod_declares_it(spec: str) -> None:
    assert messages(RULE, named("a", HTTP) + named("b", HTTP) + policy("p", spec)) == []


@pytest.mark.parametrize("spec", [IN, OUT])
def test_some_pods_do_not(spec: str) -> None:
    (finding,) = checked(RULE, named("a", HTTP) + named("b", OTHER) + policy("p", spec)).findings
    assert finding.severity is Severity.LOW
    assert "shop/b does not" in finding.message


@pytest.mark.parametrize("spec", [IN, OUT])
def test_the_numbers_differ(spec: str) -> None:
    other = HTTP.replace("8080", "80")
    (message,) = messages(RULE, named("a", HTTP) + named("b", other) + policy("p", spec))
    assert "means 80 in shop/b and 8080 in shop/a" in message


def test_the_protocol_counts() -> None:
    udp = "{name: http, containerPort: 8080, protocol: UDP}"
    (finding,) = checked(RULE, named("a", udp) + policy("p", IN)).findings
    assert "http (UDP 8080)" in finding.fix


def test_a_name_that_some_of_all_pods_have_is_the_purpose() -> None:
    everyone = "{podSelector: {}, ingress: [{ports: [{port: http}]}]}"
    assert messages(RULE, named("a", HTTP) + named("b", OTHER) + policy("p", everyone)) == []
    assert len(messages(RULE, named("b", OTHER) + policy("p", everyone))) == 1


def test_numbers_are_none_of_its_business() -> None:
    assert messages(RULE, named("a") + policy("p", IN.replace("port: http", "port: 8080"))) == []


def test_without_workloads_nothing_can_be_said() -> None:
    outcome = checked(RULE, namespace("shop") + named("a", HTTP, space="elsewhere") + policy("p", IN))
    assert not outcome.findings
    assert outcome.not_evaluable


def test_a_policy_that_selects_no_pod_is_a_matter_of_another_rule() -> None:
    assert messages(RULE, named("a", HTTP, labels="tier: db") + policy("p", IN)) == []


def test_a_pod_on_the_network_of_its_node_is_not_reached_by_the_name() -> None:
    host = named("h", HTTP).replace("spec: {containers", "spec: {hostNetwork: true, containers")
    anywhere = "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}"
    assert len(messages(RULE, named("a", OTHER) + host + policy("p", anywhere))) == 1


def test_pods_that_are_perhaps_selected_need_not_declare_it() -> None:
    deployment = (
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: none}]}}\n"
    )
    spec = "{podSelector: {matchLabels: {pod-template-hash: abc}}, ingress: [{ports: [{port: http}]}]}"
    assert checked(RULE, deployment + policy("p", spec)).findings == ()
