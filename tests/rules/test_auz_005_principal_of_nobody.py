from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, namespace
from tests.rules.meshed import account, authorization, sidecars

RULE = "AUZ-005"
SHOP = sidecars() + account("shop/web") + account("shop/orders")


def source(**fields: Any) -> str:
    return authorization([{"from": [{"source": fields}]}])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"principals": ["cluster.local/ns/shop/sa/order"]}, "has no ServiceAccount order"),
        ({"serviceAccounts": ["order"]}, "has no ServiceAccount order"),
        ({"principals": ["cluster.local/ns/shpo/sa/orders"]}, "there is no namespace shpo"),
        ({"namespaces": ["shpo"]}, "there is no namespace shpo"),
        ({"principals": ["orders"]}, "it is no identity of the mesh"),
        ({"principals": ["*/sa/orders*"]}, "a * counts at one end only"),
        ({"principals": ["cluster.local/*/sa/orders"]}, "a * counts at one end only"),
        ({"namespaces": ["team-*"]}, "no namespace is called team-*"),
        ({"notNamespaces": ["shpo"]}, "there is no namespace shpo"),
    ],
)
def test_nobody_is_that(fields: dict[str, Any], words: str) -> None:
    (message,) = messages(RULE, SHOP + source(**fields))
    assert words in message


def test_the_name_that_was_meant() -> None:
    (finding,) = checked(RULE, SHOP + source(principals=["cluster.local/ns/shop/sa/order"])).findings
    assert finding.fix == "did you mean orders?"


@pytest.mark.parametrize(
    "fields",
    [
        {"principals": ["cluster.local/ns/shop/sa/orders"]},
        {"principals": ["*/sa/order", "*"]},
        {"namespaces": ["shop", "s*p", "*", "kube-*"]},
        {"notNamespaces": ["shop", "*op"]},
        {"serviceAccounts": ["shop/orders", "web"]},
    ],
)
def test_somebody_is(fields: dict[str, Any]) -> None:
    assert messages(RULE, SHOP + source(**fields)) == []


def test_an_account_that_nobody_runs_as() -> None:
    accounts = SHOP + "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: spare, namespace: shop}\n"
    (message,) = messages(RULE, accounts + source(principals=["cluster.local/ns/shop/sa/spare"]))
    assert "no workload of namespace shop runs as spare" in message


def test_a_namespace_without_workloads_may_be_somewhere_else() -> None:
    outcome = checked(RULE, SHOP + namespace("other") + source(principals=["cluster.local/ns/other/sa/a"]))
    assert not outcome.findings
    assert "no workloads of the namespace" in outcome.not_evaluable[0].why


def test_a_trust_domain_of_which_the_mesh_config_knows_nothing() -> None:
    config = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
        "data: {mesh: 'trustDomain: shop.example'}\n"
    )
    other = source(principals=["other.example/ns/shop/sa/web"])
    (message,) = messages(RULE, SHOP + config + other)
    assert "other.example is no trust domain of the mesh" in message
    assert messages(RULE, SHOP + config + source(principals=["shop.example/ns/shop/sa/web"])) == []
    assert checked(RULE, SHOP + other).not_evaluable


def test_without_service_accounts_in_the_input_workloads_tell() -> None:
    pod = account("shop/web").partition('---\n{"apiVersion": "v1", "kind": "ServiceAccount"')[0]
    (message,) = messages(RULE, sidecars() + pod + source(principals=["cluster.local/ns/shop/sa/order"]))
    assert "no workload of namespace shop runs as order" in message


@pytest.mark.parametrize("name", ["default", "kube-system", "istio-system"])
def test_namespaces_that_every_cluster_has(name: str) -> None:
    assert messages(RULE, SHOP + source(namespaces=[name])) == []
    outcome = checked(RULE, SHOP + source(principals=[f"cluster.local/ns/{name}/sa/a"]))
    assert not outcome.findings
    assert "no workloads of the namespace" in outcome.not_evaluable[0].why
