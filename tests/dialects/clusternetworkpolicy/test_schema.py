"""What the API server rejects, drops or warns of in a ClusterNetworkPolicy: a case a rule, and its near miss."""

from __future__ import annotations

import pytest

from ringfence.model.problems import Severity
from tests.dialects.reading import cluster_network_policy, of, read

ALL = "[{namespaces: {}}]"


def egress(rest: str, peers: str = ALL, action: str = "Accept") -> str:
    return f"egress: [{{action: {action}, to: {peers}{', ' if rest else ''}{rest}}}]"


def ingress(rest: str, peers: str = ALL, action: str = "Accept") -> str:
    return f"ingress: [{{action: {action}, from: {peers}{', ' if rest else ''}{rest}}}]"


def port(text: str) -> str:
    return ingress(f"protocols: [{text}]")


def many(text: str, count: int) -> str:
    return f"[{', '.join([text] * count)}]"


TCP = "{tcp: {destinationPort: {number: 80}}}"
RULE = f"{{action: Pass, from: {ALL}}}"
REJECTED = [
    pytest.param("tier: LEFT OUT", "missing-field", "tier: Baseline", id="no tier"),
    pytest.param("tier: admin", "invalid-tier", "tier: Admin", id="tier in lower case"),
    pytest.param("priority: LEFT OUT", "missing-field", "priority: 0", id="no priority"),
    pytest.param("priority: -1", "invalid-priority", "priority: 0", id="priority below 0"),
    pytest.param("priority: 1001", "invalid-priority", "priority: 1000", id="priority above 1000"),
    pytest.param("priority: '5'", "wrong-type", "priority: 5.0", id="priority in quotes"),
    pytest.param("subject: LEFT OUT", "missing-field", "subject: {namespaces: {}}", id="no subject"),
    pytest.param("subject: {}", "missing-field", "subject: {pods: {podSelector: {}}}", id="empty subject"),
    pytest.param(
        "subject: {namespaces: {}, pods: {podSelector: {}}}",
        "invalid-choice",
        "subject: {namespaces: {}, pods: null}",
        id="two subjects",
    ),
    pytest.param(
        "subject: {pods: {namespaceSelector: {}}}",
        "missing-field",
        "subject: {pods: {namespaceSelector: {}, podSelector: {}}}",
        id="pods without podSelector",
    ),
    pytest.param(
        ingress("", action="Allow"), "invalid-action", ingress("", action="Pass"), id="action of another kind"
    ),
    pytest.param(
        "ingress: [{from: [{namespaces: {}}]}]", "missing-field", ingress("", action="Deny"), id="rule without action"
    ),
    pytest.param("ingress: [{action: Deny}]", "missing-field", ingress("", action="Deny"), id="rule without from"),
    pytest.param(ingress("", "[]"), "too-few", ingress(""), id="empty from"),
    pytest.param(ingress("", "[{}]"), "missing-field", ingress(""), id="empty peer"),
    pytest.param(ingress("", "[null]"), "wrong-type", ingress(""), id="null peer"),
    pytest.param(
        ingress("", many("{namespaces: {}}", 26)), "too-many", ingress("", many("{namespaces: {}}", 25)), id="26 peers"
    ),
    pytest.param(f"ingress: {many(RULE, 26)}", "too-many", f"ingress: {many(RULE, 25)}", id="26 rules"),
    pytest.param(ingress(f"name: {'x' * 101}"), "too-many", ingress(f"name: {'é' * 100}"), id="long rule name"),
    pytest.param("ingress: {}", "wrong-type", "ingress: null", id="ingress not a list"),
    pytest.param(egress("", "[{networks: []}]"), "too-few", egress("", "[{networks: ['::/0']}]"), id="no networks"),
    pytest.param(
        egress("", "[{networks: [10.0.0.0/8, 10.0.0.0/8]}]"),
        "duplicate-value",
        egress("", "[{networks: [10.0.0.0/8, 10.0.0.0/9]}]"),
        id="network twice",
    ),
    pytest.param(
        egress("", "[{networks: [10.0.0.0]}]"),
        "invalid-cidr",
        egress("", "[{networks: [10.0.0.0/32]}]"),
        id="no prefix",
    ),
    pytest.param(
        egress("", "[{networks: [10.0.0.0/08]}]"), "invalid-cidr", egress("", "[{networks: [10.0.0.0/8]}]"), id="zeros"
    ),
    pytest.param(
        egress("", "[{networks: ['::ffff:1.2.3.4/128']}]"),
        "invalid-cidr",
        egress("", "[{networks: ['::1.2.3.4/128']}]"),
        id="IPv4 in IPv6",
    ),
    pytest.param(
        egress("", "[{domainNames: ['*']}]"), "invalid-domain", egress("", "[{domainNames: ['*.a.b']}]"), id="only star"
    ),
    pytest.param(
        egress("", "[{domainNames: [localhost]}]"),
        "invalid-domain",
        egress("", "[{domainNames: [Example.COM.]}]"),
        id="one label",
    ),
    pytest.param(
        egress("", "[{domainNames: [a.b]}]", "Deny"),
        "domain-names-need-accept",
        egress("", "[{domainNames: [a.b]}]"),
        id="domain names denied",
    ),
    pytest.param(
        egress("protocols: [{destinationNamedPort: web}]", "[{networks: ['::/0']}]"),
        "named-port-on-addresses",
        egress(f"protocols: [{TCP}]", "[{networks: ['::/0']}]"),
        id="named port on networks",
    ),
    pytest.param(
        egress("protocols: [{destinationNamedPort: web}]", "[{namespaces: {}}, {nodes: {}}]"),
        "named-port-on-addresses",
        egress("protocols: [{destinationNamedPort: web}]"),
        id="named port on nodes",
    ),
    pytest.param(ingress("protocols: []"), "too-few", ingress("protocols: null"), id="empty protocols"),
    pytest.param(
        ingress(f"protocols: {many(TCP, 26)}"), "too-many", ingress(f"protocols: {many(TCP, 25)}"), id="26 protocols"
    ),
    pytest.param(port("{}"), "missing-field", port(TCP), id="empty protocols entry"),
    pytest.param(port("{tcp: {destinationPort: {}}}"), "missing-field", port(TCP), id="empty destinationPort"),
    pytest.param(
        port("{tcp: {destinationPort: {number: 80}}, udp: {destinationPort: {number: 80}}}"),
        "invalid-choice",
        port(f"{TCP}, {{udp: {{destinationPort: {{number: 80}}}}}}"),
        id="two protocols in one entry",
    ),
    pytest.param(
        port("{tcp: {destinationPort: {number: 0}}}"),
        "invalid-port",
        port("{tcp: {destinationPort: {number: 1}}}"),
        id="port 0",
    ),
    pytest.param(
        port("{udp: {destinationPort: {range: {start: 2, end: 2}}}}"),
        "invalid-port-range",
        port("{udp: {destinationPort: {range: {start: 2, end: 3}}}}"),
        id="range of one",
    ),
    pytest.param(
        port("{udp: {destinationPort: {range: {start: 2}}}}"),
        "missing-field",
        port("{udp: {destinationPort: {range: {start: 2, end: 65535}}}}"),
        id="range without an end",
    ),
    pytest.param(
        port("{destinationNamedPort: ''}"),
        "invalid-port-name",
        port("{destinationNamedPort: web}"),
        id="empty port name",
    ),
    pytest.param(
        "subject: {namespaces: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}}",
        "invalid-selector",
        "subject: {namespaces: {matchExpressions: [{key: a, operator: In, values: ['1']}]}}",
        id="selector operator",
    ),
    pytest.param(
        "subject: {namespaces: {matchExpressions: [{key: a}]}}",
        "missing-field",
        "subject: {namespaces: {matchExpressions: null}}",
        id="expression without operator",
    ),
    pytest.param(
        "subject: {namespaces: {matchLabels: {a: b c}}}",
        "invalid-label",
        "subject: {namespaces: {matchLabels: {a: b.c}}}",
        id="label value",
    ),
]


@pytest.mark.parametrize("rest, code, near", REJECTED)
def test_rejected(rest: str, code: str, near: str) -> None:
    _, problems = read(cluster_network_policy(rest))
    assert [(p.code, p.severity) for p in problems] == [(code, Severity.ERROR)]
    accepted, silent = read(cluster_network_policy(near))
    assert silent == []
    assert not accepted.broken


DROPPED = [
    ("rules: []", "spec.rules", "the spec has the fields tier"),
    (ingress("ports: [{port: 80}]"), "spec.ingress[0].ports", "here it is written protocols: [{tcp: "),
    (
        egress("", "[{namespaces: {}, podSelector: {}}]"),
        "spec.egress[0].to[0].podSelector",
        "here it is written pods: ",
    ),
    ("subject: {namespaces: {matchLabel: {}}}", "spec.subject.namespaces.matchLabel", "did you mean matchLabels?"),
]


@pytest.mark.parametrize("rest, path, hint", DROPPED)
def test_an_unknown_field_is_dropped_and_reported(rest: str, path: str, hint: str) -> None:
    rules, (problem,) = read(cluster_network_policy(rest))
    assert (problem.code, problem.place.file) == ("unknown-field", path)
    assert problem.hint.startswith(hint)
    assert not rules.broken


def test_an_ingress_peer_has_no_networks() -> None:
    rules, problems = read(cluster_network_policy(ingress("", "[{networks: [10.0.0.0/8]}]")))
    assert [p.code for p in problems] == ["unknown-field", "missing-field"]
    assert rules.broken


def test_an_empty_protocol_is_accepted_but_not_one_that_lost_its_fields() -> None:
    accepted, problems = read(cluster_network_policy(port("{tcp: {}}")))
    assert [p.code for p in problems] == ["empty-protocol"]
    assert not accepted.broken
    rejected, problems = read(cluster_network_policy(port("{tcp: {port: 80}}")))
    assert [p.code for p in problems] == ["unknown-field", "missing-field"]
    assert rejected.broken


def test_a_port_name_that_no_container_can_have_is_reported() -> None:
    rules, (problem,) = read(cluster_network_policy(port("{destinationNamedPort: '80'}")))
    assert (problem.code, problem.severity) == ("impossible-port-name", Severity.WARNING)
    assert not rules.broken


@pytest.mark.parametrize("spec", [{}, {"spec": None}, {"spec": []}])
def test_without_a_spec_everything_is_open(spec: dict[str, object]) -> None:
    head = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "x"},
    }
    rules, problems = read(of({**head, **spec}))
    assert len([p for p in problems if p.severity is Severity.ERROR]) >= 1
    assert len(rules.broken) == 2
    assert rules.priority is None
