from __future__ import annotations

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import account, with_waypoint

RULE = "IDN-004"


def test_an_account_that_there_is_not() -> None:
    text = (
        namespace("shop")
        + account("shop/orders")
        + account("shop/web").replace(
            '"kind": "ServiceAccount", "metadata": {"name": "web"',
            '"kind": "ServiceAccount", "metadata": {"name": "wep"',
        )
    )
    (finding,) = checked(RULE, text).findings
    assert finding.message == "Pod shop/web runs as ServiceAccount web, and namespace shop has none"
    assert finding.fix == "did you mean wep?"


def test_accounts_that_there_are() -> None:
    assert messages(RULE, namespace("shop") + account("shop/orders") + pod("web")) == []


def test_accounts_may_be_made_elsewhere() -> None:
    web = account("shop/web").partition('---\n{"apiVersion": "v1", "kind": "ServiceAccount"')[0]
    outcome = checked(RULE, namespace("shop") + namespace("data") + account("data/db") + web)
    assert not outcome.findings
    assert outcome.not_evaluable[0].why == "the input has no ServiceAccounts of it"


def test_a_waypoint_comes_with_its_account() -> None:
    assert messages(RULE, with_waypoint() + account("shop/web")) == []


def test_each_namespace_without_accounts_is_told_once() -> None:
    web = account("shop/web").partition('---\n{"apiVersion": "v1", "kind": "ServiceAccount"')[0]
    outcome = checked(RULE, namespace("shop") + web + web.replace('"web"', '"api"'))
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["Namespace shop"]
    assert messages(RULE, namespace("shop") + pod("web")) == []
