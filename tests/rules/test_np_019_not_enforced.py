from __future__ import annotations

import pytest

from ringfence.layers.profiles import PROFILES, Reading
from ringfence.rules.finding import Severity, Subject
from ringfence.values import replace
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-019"
HOST = pod("exporter").replace("spec:\n", "spec:\n  hostNetwork: true\n")
DENY = policy("deny", "{podSelector: {}}")
EXPORTER = policy("exporter", "{podSelector: {matchLabels: {app: exporter}}}")


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that lacks everything that a plugin may lack; of named ports nobody knows."""
    words = ("end-port", "sctp-ports", "ipv6-ipblocks", "except-is-local", "standalone-pods", "admin-node-peers")
    gaps: dict[object, Reading] = {word: Reading(False, "the test") for word in words}
    gaps["named-ports"] = Reading(None, "the test", "hangs on the version")
    plugin = replace(PROFILES["calico"], name="lacking", facts={**PROFILES["calico"].facts, **gaps})  # type: ignore[dict-item]
    monkeypatch.setitem(PROFILES, "lacking", plugin)


def test_a_host_network_pod_that_a_policy_singles_out() -> None:
    (finding,) = checked(RULE, HOST + DENY + EXPORTER, "calico").findings
    assert finding.subject == Subject("Pod", "shop", "exporter")
    assert finding.severity is None
    assert finding.witness is not None
    assert "NetworkPolicy shop/exporter and 1 more" in finding.message
    assert "calico filters nothing there" in finding.message


def test_a_default_deny_that_seems_to_cover_it() -> None:
    (finding,) = checked(RULE, HOST + DENY, "calico").findings
    assert finding.severity is Severity.MEDIUM


def test_the_default_profile_leaves_it_open() -> None:
    assert "the profile leaves it open" in messages(RULE, HOST + DENY)[0]


@pytest.mark.parametrize(
    "text",
    [pod("exporter") + DENY, HOST, HOST + policy("web", "{podSelector: {matchLabels: {app: web}}}")],
)
def test_near_misses(text: str) -> None:
    assert messages(RULE, text, "calico") == []


def test_a_profile_that_filters_them() -> None:
    assert messages(RULE, HOST + DENY, "netpol-analyzer") == []


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("{ports: [{port: 80, endPort: 90}]}", "endPort"),
        ("{ports: [{port: 80, protocol: SCTP}]}", "SCTP"),
        ("{from: [{ipBlock: {cidr: '2001:db8::/32'}}]}", "IPv6"),
        ("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 10.0.0.0/7}}]}", "except"),
    ],
)
@pytest.mark.usefixtures("lacking")
def test_what_the_plugin_lacks(spec: str, word: str) -> None:
    text = namespace("shop") + policy("p", f"{{podSelector: {{}}, ingress: [{spec}]}}")
    (message,) = messages(RULE, text, "lacking")
    assert f"uses {word}" in message or f"uses an {word}" in message
    assert messages(RULE, text, "calico") == []


@pytest.mark.usefixtures("lacking")
def test_what_it_has() -> None:
    rule = "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, protocol: UDP}]}"
    assert messages(RULE, policy("p", f"{{podSelector: {{}}, ingress: [{rule}]}}"), "lacking") == []


@pytest.mark.usefixtures("lacking")
def test_what_is_open_about_it() -> None:
    outcome = checked(RULE, policy("p", "{podSelector: {}, ingress: [{ports: [{port: http}]}]}"), "lacking")
    assert not outcome.findings
    assert "hangs on the version" in outcome.not_evaluable[0].why


@pytest.mark.usefixtures("lacking")
def test_a_pod_without_controller() -> None:
    (message,) = messages(RULE, pod("web") + DENY, "lacking")
    assert "has no controller" in message


def test_a_pod_without_controller_of_which_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    calico = PROFILES["calico"]
    facts: dict[object, Reading] = {**calico.facts, "standalone-pods": Reading(None, "the test")}
    monkeypatch.setitem(PROFILES, "unclear", replace(calico, name="unclear", facts=facts))  # type: ignore[arg-type]
    outcome = checked(RULE, pod("web") + DENY, "unclear")
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Pod", "shop", "web")]
    assert not checked(RULE, pod("web"), "unclear").not_evaluable


@pytest.mark.usefixtures("lacking")
def test_nodes_as_peers() -> None:
    admin = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: nodes}
spec:
  priority: 1
  subject: {namespaces: {}}
  egress:
  - {name: nodes, action: Deny, to: [{nodes: {matchLabels: {a: b}}}]}
"""
    (message,) = messages(RULE, admin, "lacking")
    assert "nodes as peers" in message


def test_a_block_of_every_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    calico = PROFILES["calico"]
    facts: dict[object, Reading] = {**calico.facts, "ipv6-zero-is-everything": Reading(False, "the test")}
    monkeypatch.setitem(PROFILES, "narrow", replace(calico, name="narrow", facts=facts))  # type: ignore[arg-type]
    rule = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 'CIDR'}}]}]}"
    assert messages(RULE, policy("p", rule.replace("CIDR", "2001:db8::/32")), "narrow") == []
    (message,) = messages(RULE, policy("p", rule.replace("CIDR", "::/0")), "narrow")
    assert "uses ::/0" in message


@pytest.mark.parametrize(
    ("nodes", "elsewhere", "found"),
    [({"n1": False}, True, True), ({}, False, True), ({"n1": True}, False, False), ({"n2": False}, True, False)],
)
def test_a_pod_on_a_node_without_the_agent(
    nodes: dict[str, bool | None], elsewhere: bool, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = replace(PROFILES["netpol-analyzer"].with_nodes(nodes, elsewhere), name="partial")
    monkeypatch.setitem(PROFILES, "partial", plugin)
    placed = pod("web").replace("spec:\n", "spec:\n  nodeName: n1\n")
    assert bool(messages(RULE, placed + DENY, "partial")) is found
