from __future__ import annotations

import json

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, authorization, service, sidecars

RULE = "AUZ-018"
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("web")


def config(how: str) -> str:
    data = {"mesh": json.dumps({"pathNormalization": {"normalization": how}})}
    whole = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}}
    return f"---\n{json.dumps({**whole, 'data': data})}\n"


def paths(*values: str, field: str = "paths") -> list[object]:
    return [{"to": [{"operation": {field: list(values)}}]}]


def test_a_second_slash_gets_past_a_rule_that_denies() -> None:
    (finding,) = checked(RULE, SHOP + authorization(paths("/admin*"), "DENY")).findings
    assert "stops /admin*, and //admin gets past it: pathNormalization is DEFAULT (by default" in finding.message
    assert finding.severity is None
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert (finding.witness.request.path, finding.witness.expected) == ("//admin", Verdict.ALLOWED)


@pytest.mark.parametrize(
    ("how", "path", "spelling"),
    [
        ("NONE", "/admin", "//admin"),
        ("BASE", "/admin", "//admin"),
        ("MERGE_SLASHES", "/admin/users", "/admin%2Fusers"),
        ("MERGE_SLASHES", "/admin", None),
        ("DECODE_AND_MERGE_SLASHES", "/admin/users", None),
    ],
)
def test_by_what_the_mesh_config_says(how: str, path: str, spelling: str | None) -> None:
    found = checked(RULE, SHOP + config(how) + authorization(paths(path), "DENY")).findings
    assert [one.witness.request.path for one in found if one.witness and one.witness.request] == (
        [spelling] if spelling else []
    )
    assert [one.severity for one in found] == ([Severity.MEDIUM if how == "NONE" else None] if spelling else [])


def test_all_paths_but_one_are_allowed() -> None:
    (message,) = messages(RULE, SHOP + authorization(paths("/admin", field="notPaths")))
    assert "stops /admin, and //admin gets past it" in message


def test_a_rule_that_allows_by_paths_only_refuses_them() -> None:
    assert messages(RULE, SHOP + authorization(paths("/shop"))) == []


def test_where_something_else_stops_it_nothing_gets_past() -> None:
    assert messages(RULE, SHOP + authorization([*paths("/admin"), *paths("*/admin")], "DENY")) == []
    assert messages(RULE, SHOP + authorization([*paths("/admin"), {}], "DENY")) == []


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + authorization(paths("/admin"), "DENY"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_whom_the_rule_does_not_stop_anyway_gets_past_nothing() -> None:
    operation = {"operation": {"paths": ["/admin"]}}
    rules = [{"to": [operation], "from": [{"source": {"namespaces": ["other"]}}]}]
    assert messages(RULE, SHOP + authorization(rules, "DENY")) == []


def test_a_client_that_the_rule_exempts_is_no_proof_that_it_holds() -> None:
    sources = [{"source": {"notPrincipals": ["cluster.local/ns/shop/sa/app"]}}]
    exempt = [{"from": sources, "to": [{"operation": {"paths": ["/admin*"]}}]}]
    everybody = account("shop/other")
    (finding,) = checked(RULE, SHOP + everybody + authorization(exempt, "DENY")).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/other"
