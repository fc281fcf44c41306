"""Machines outside of the cluster in the rules of the mesh: what selects or names one is not for nobody."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.rules.checking import messages, namespace
from tests.rules.meshed import account, an, authorization, service, sidecars

SHOP = sidecars() + account("shop/web")


def entry(**spec: Any) -> str:
    given = {"address": "192.0.2.7", "labels": {"app": "vm", "version": "v2"}, "serviceAccount": "vm", **spec}
    return _object("WorkloadEntry", given)


def group(**template: Any) -> str:
    return _object("WorkloadGroup", {"metadata": {"labels": {"app": "vm"}}, "template": template})


def _object(kind: str, spec: dict[str, Any]) -> str:
    metadata = {"name": "vm", "namespace": "shop"}
    return "---\n" + yaml.safe_dump(
        {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )


ALLOWED = authorization([{"from": [{"source": {"serviceAccounts": ["shop/vm"]}}]}])


@pytest.mark.parametrize(
    ("more", "found"),
    [("", True), (entry(), False), (entry(serviceAccount="other"), True), (group(serviceAccount="vm"), False)],
)
def test_the_account_of_a_machine_is_somebodys(more: str, found: bool) -> None:
    assert bool(messages("AUZ-005", SHOP + ALLOWED + more)) is found


SELECTING = authorization([{}], app="vm")


@pytest.mark.parametrize(
    ("more", "found"),
    [("", True), (entry(), False), (entry(serviceAccount=""), True), (group(serviceAccount="vm"), False)],
)
def test_a_policy_for_a_machine_has_an_effect(more: str, found: bool) -> None:
    assert bool(messages("MSH-004", SHOP + SELECTING + more)) is found


def test_a_machine_without_a_proxy_enforces_nothing() -> None:
    (message,) = messages("MSH-004", SHOP + SELECTING + entry(serviceAccount=""))
    assert "only workloads without a proxy" in message
    alone = authorization([{}], app="vm", space="far") + namespace("far")
    assert "nothing enforces it" in messages("MSH-004", alone + entry(serviceAccount="").replace("shop", "far"))[0]


SUBSETS = an(
    "DestinationRule",
    "versions",
    {"host": "web.shop.svc.cluster.local", "subsets": [{"name": "v2", "labels": {"version": "v2"}}]},
)


@pytest.mark.parametrize(("labels", "found"), [({"app": "web", "version": "v2"}, False), ({"app": "vm"}, True)])
def test_a_subset_may_be_a_machine(labels: dict[str, str], found: bool) -> None:
    text = SHOP + service("web") + SUBSETS + entry(labels=labels)
    assert any("for no pod" in one for one in messages("MSH-022", text)) is found


@pytest.mark.parametrize(("ports", "found"), [({"sql": 5432}, False), ({}, True)])
def test_a_named_port_may_be_a_machines(ports: dict[str, int], found: bool) -> None:
    front = an("Service", "web", {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "sql"}]})
    text = SHOP + front + entry(labels={"app": "web"}, ports=ports)
    assert bool(messages("MSH-026", text)) is found


def test_rights_of_the_account_of_a_machine() -> None:
    account_of = an("ServiceAccount", "vm", None)
    rights = (
        "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop},"
        " rules: [{apiGroups: [''], resources: [secrets], verbs: [get, list]}]}\n"
        "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: shop},"
        " roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r},"
        " subjects: [{kind: ServiceAccount, name: vm, namespace: shop}]}\n"
    )
    anybody = authorization([{"from": [{"source": {"namespaces": ["shop"]}}]}])
    assert any(
        "ServiceAccount shop/vm" in one for one in messages("IDN-005", SHOP + account_of + rights + anybody + entry())
    )
    assert messages("IDN-005", SHOP + account_of + rights + anybody) == []
