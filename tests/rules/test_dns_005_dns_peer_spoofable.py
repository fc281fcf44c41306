from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.dns_clusters import TO_DNS, dns, egress

RULE = "DNS-005"
SHOP = namespace("shop") + pod("web")


def to_dns(namespaces: str, pods: str = "{matchLabels: {k8s-app: kube-dns}}") -> str:
    peer = f"{{namespaceSelector: {namespaces}, podSelector: {pods}}}"
    return egress(f"{{to: [{peer}], ports: [{{protocol: UDP, port: 53}}]}}")


@pytest.mark.parametrize(
    "namespaces",
    ["{}", "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [shop]}]}"],
)
def test_any_namespace_may_hold_the_pod(namespaces: str) -> None:
    (finding,) = checked(RULE, SHOP + policy("dns", to_dns(namespaces))).findings
    assert finding.witness is not None
    assert finding.witness.destination == "k8s-app=kube-dns@stranger"


def test_the_witness_holds_without_workloads_too() -> None:
    (finding,) = checked(RULE, policy("dns", to_dns("{}"))).findings
    assert finding.witness is not None


@pytest.mark.parametrize(
    "spec",
    [
        egress(TO_DNS),
        to_dns("{matchLabels: {kubernetes.io/metadata.name: kube-system}}"),
        to_dns("{matchLabels: {platform: 'yes'}}"),
        to_dns("{}", "{}"),
        to_dns("{}").replace("port: 53", "port: 8053"),
        egress("{to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}]}"),
    ],
)
def test_near_misses(spec: str) -> None:
    assert messages(RULE, SHOP + dns() + policy("dns", spec)) == []


def test_the_witness_speaks_what_the_rule_allows() -> None:
    (finding,) = checked(RULE, SHOP + policy("dns", to_dns("{}").replace("UDP", "TCP"))).findings
    assert finding.witness is not None
    assert finding.witness.protocol == "TCP"
