from __future__ import annotations

import pytest

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, authorization, binding, role, service, sidecars

RULE = "IDN-005"
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("web")
APP = authorization([{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}])
ADMIN = binding("shop/app", "cluster-admin")


def may(verb: str, resource: str, **more: object) -> str:
    return role("some", [{"apiGroups": ["*"], "resources": [resource], "verbs": [verb], **more}])


def test_who_is_let_in_may_do_everything() -> None:
    (finding,) = checked(RULE, SHOP + APP + ADMIN).findings
    assert finding.subject == Subject("ServiceAccount", "shop", "app")
    assert "is let in by AuthorizationPolicy shop/policy rule 0, and may do everything" in finding.message
    assert finding.related[0].message == "the rule that lets it in"


@pytest.mark.parametrize(
    ("verb", "resource", "power"),
    [
        ("list", "secrets", "read secrets"),
        ("create", "deployments", "run pods as any account"),
        ("create", "pods/exec", "run commands in pods"),
        ("create", "serviceaccounts/token", "make tokens of other accounts"),
        ("impersonate", "users", "act as others"),
        ("patch", "clusterrolebindings", "give rights"),
        ("escalate", "clusterroles", "give rights"),
        ("delete", "authorizationpolicies", "change policies of the mesh"),
        ("update", "networkpolicies", "change NetworkPolicies"),
        ("patch", "namespaces", "change the labels of namespaces"),
        ("create", "mutatingwebhookconfigurations", "change admission webhooks"),
    ],
)
def test_rights_that_are_worth_more(verb: str, resource: str, power: str) -> None:
    (message,) = messages(RULE, SHOP + APP + may(verb, resource) + binding("shop/app", "some"))
    assert f"may {power}" in message


@pytest.mark.parametrize(("verb", "resource"), [("get", "configmaps"), ("get", "pods"), ("list", "networkpolicies")])
def test_rights_that_are_not(verb: str, resource: str) -> None:
    assert messages(RULE, SHOP + APP + may(verb, resource) + binding("shop/app", "some")) == []


def test_rights_on_one_object() -> None:
    one = may("get", "secrets", resourceNames=["mine"])
    assert messages(RULE, SHOP + APP + one + binding("shop/app", "some")) == []


@pytest.mark.parametrize("source", [{"namespaces": ["shop"]}, {"principals": ["cluster.local/ns/shop/sa/*"]}])
def test_all_accounts_of_a_namespace(source: dict[str, list[str]]) -> None:
    assert len(messages(RULE, SHOP + authorization([{"from": [{"source": source}]}]) + ADMIN)) == 1


def test_who_is_not_let_in() -> None:
    assert messages(RULE, SHOP + APP + binding("shop/web", "cluster-admin")) == []
    denied = authorization([{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}], "DENY")
    assert messages(RULE, SHOP + denied + ADMIN) == []


def test_without_bindings_it_cannot_be_told() -> None:
    outcome = checked(RULE, SHOP + APP)
    assert not outcome.findings
    assert "no RoleBindings" in outcome.not_evaluable[0].why
    outcome = checked(RULE, SHOP + APP + binding("shop/app", "unknown"))
    assert "the input does not have ClusterRole unknown" in outcome.not_evaluable[0].why
