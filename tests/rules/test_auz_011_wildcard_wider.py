from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, an, authorization, mtls, only, service, sidecars

RULE = "AUZ-011"
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("web")


def from_(**source: object) -> list[object]:
    return [{"from": [{"source": source}]}]


@pytest.mark.parametrize(
    ("field", "value", "identity"),
    [
        ("principals", "*/sa/orders", "cluster.local/ns/a/sa/orders"),
        ("principals", "cluster.local/ns/shop*", "cluster.local/ns/shopa/sa/a"),
        ("principals", "cluster.local/*", "cluster.local/ns/a/sa/a"),
        ("namespaces", "shop-*", "cluster.local/ns/shop-a/sa/a"),
        ("namespaces", "*shop", "cluster.local/ns/ashop/sa/a"),
    ],
)
def test_a_wildcard_over_namespaces(field: str, value: str, identity: str) -> None:
    (finding,) = checked(RULE, SHOP + authorization(from_(**{field: [value]}))).findings
    assert f"has such a name too, as {identity}" in finding.message
    assert finding.evidence == ("0", value)
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert finding.witness.request.identity == f"spiffe://{identity}"
    assert finding.witness.expected is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principals", "cluster.local/ns/shop/sa/*"),
        ("principals", "cluster.local/ns/shop/sa/web"),
        ("principals", "*"),
        ("principals", "other.domain/*"),
        ("namespaces", "shop"),
    ],
)
def test_what_stays_within_a_namespace_or_means_everybody(field: str, value: str) -> None:
    assert messages(RULE, SHOP + authorization(from_(**{field: [value]}))) == []


def test_the_rest_of_the_source_may_keep_strangers_out() -> None:
    assert messages(RULE, SHOP + authorization(from_(principals=["*/sa/web"], namespaces=["shop"]))) == []


def test_a_rule_that_denies_is_no_such_thing() -> None:
    assert messages(RULE, SHOP + authorization(from_(principals=["*/sa/web"]), "DENY")) == []


def test_without_a_way_there_it_is_of_low_severity() -> None:
    text = SHOP + authorization(from_(namespaces=["shop*"])) + mtls("STRICT") + only("web", "nobody")
    (finding,) = checked(RULE, text).findings
    assert finding.severity is Severity.LOW
    assert finding.witness is None


def test_the_witness_asks_for_what_the_rule_asks() -> None:
    rules = [{"from": [{"source": {"namespaces": ["shop*"]}}], "to": [{"operation": {"methods": ["PUT"]}}]}]
    (finding,) = checked(RULE, SHOP + authorization(rules)).findings
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert finding.witness.request.method == "PUT"


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + authorization(from_(namespaces=["shop*"])))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_a_waypoint_is_no_client() -> None:
    gateway = "gateway.networking.k8s.io/gateway"
    labels = {f"{gateway}-class-name": "istio-waypoint", f"{gateway}-name": "way", "app": "way"}
    way = an("Pod", "a-way", {"containers": [{"name": "istio-proxy", "image": "none"}]}, "shop", labels=labels)
    text = way + SHOP + authorization(from_(principals=["cluster.local/*"]))
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/app"
