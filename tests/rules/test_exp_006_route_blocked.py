from __future__ import annotations

from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.test_exp_005_route_dangling import INGRESS, service

RULE = "EXP-006"
CLUSTER = namespace("shop") + namespace("edge") + pod("web") + pod("other") + service() + INGRESS


def test_a_policy_that_admits_nobody_from_elsewhere() -> None:
    closed = policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: []}")
    (finding,) = checked(RULE, CLUSTER + closed).findings
    assert "which policies deny to an ingress controller" in finding.message
    assert [one.message for one in finding.related] == ["NetworkPolicy web decides"]


def test_a_policy_that_admits_some_pod_is_left_open() -> None:
    some = policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}")
    assert messages(RULE, CLUSTER + some) == []


def test_a_port_of_the_service_instead_of_the_pods_closes_the_way() -> None:
    wrong = policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]}")
    assert len(messages(RULE, CLUSTER + wrong)) == 1
    right = policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}")
    assert messages(RULE, CLUSTER + right) == []


def test_a_route_that_dangles_is_found_elsewhere() -> None:
    assert messages(RULE, pod("web") + INGRESS) == []
    assert len(messages("EXP-005", pod("web") + INGRESS)) == 1
