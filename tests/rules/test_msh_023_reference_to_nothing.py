from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import account, an, service, sidecars

RULE = "MSH-023"
WEB = sidecars() + pod("web") + service("web")


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("DestinationRule", {"host": "web"}),
        ("VirtualService", {"hosts": ["web"]}),
        ("ServiceEntry", {"hosts": ["x.example"], "ports": [{"number": 80, "name": "http"}]}),
    ],
)
def test_exports_to_a_namespace_that_there_is_not(kind: str, spec: dict[str, object]) -> None:
    (message,) = messages(RULE, WEB + an(kind, "x", {**spec, "exportTo": ["gone"]}))
    assert message.endswith("is exported to namespace gone, which there is not: its clients do not see it")
    for words in (["."], ["*"], ["~"], ["shop"]):
        assert messages(RULE, WEB + an(kind, "x", {**spec, "exportTo": words})) == []


def test_without_namespaces_it_is_open() -> None:
    text = pod("web") + service("web") + an("DestinationRule", "x", {"host": "web", "exportTo": ["gone"]})
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert outcome.not_evaluable[0].why == "the input has no Namespaces"


def test_a_grant_to_a_namespace_that_there_is_not() -> None:
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "gone"}],
        "to": [{"group": "", "kind": "Service"}],
    }
    grant = an("ReferenceGrant", "g", spec).replace("security.istio.io/v1", "gateway.networking.k8s.io/v1beta1")
    (message,) = messages(RULE, WEB + grant)
    assert message.endswith("trusts namespace gone, which there is not: who makes it gets what is granted")
    assert messages(RULE, WEB + grant + namespace("gone")) == []


def group(name: str, account_name: str = "vm", **labels: str) -> str:
    spec = {"metadata": {"labels": labels or {"app": name}}, "template": {"serviceAccount": account_name}}
    return an("WorkloadGroup", name, spec)


def test_workload_groups() -> None:
    accounts = account("shop/vm")
    assert messages(RULE, WEB + accounts + group("vms")) == []
    (message,) = messages(RULE, WEB + accounts + group("vms", "mv"))
    assert "runs as the ServiceAccount mv, which there is not" in message
    outcome = checked(RULE, WEB + group("vms"))
    assert not outcome.findings
    assert "no ServiceAccounts of namespace shop" in outcome.not_evaluable[0].why
    (message,) = messages(RULE, WEB + accounts + group("a", app="vm") + group("b", app="vm"))
    assert "has the same labels as WorkloadGroup shop/a" in message
