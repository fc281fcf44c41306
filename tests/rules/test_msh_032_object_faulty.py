from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod, world_of
from tests.rules.meshed import an, authorization, mtls, sidecars

RULE = "MSH-032"
WEB = sidecars() + pod("web")
ALL: list[object] = [{}]
SELF = {"selector": {"matchLabels": {"app": "web"}}}
TARGET = [{"kind": "Service", "group": "", "name": "web"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            authorization([{"form": [{"source": {"namespaces": ["a"]}}]}]),
            "the rule is then empty and matches every request",
        ),
        (authorization(ALL, "DENNY"), "spec.action must be one of"),
        (
            an("AuthorizationPolicy", "p", {**SELF, "targetRefs": TARGET, "rules": ALL}),
            "no sidecar and no ztunnel looks at it",
        ),
        (authorization([{"from": []}], "DENY"), "it is as if from were left out, and stands for everybody"),
        (authorization([{"to": [{"operation": {"ports": ["http"]}}]}], "DENY"), "is not a port number"),
        (mtls("STRCT"), "spec.mtls.mode must be one of"),
        (an("RequestAuthentication", "r", {"jwtRules": [{"issuer": "me", "jwksUri": "x"}]}), "every token is refused"),
        (
            an("DestinationRule", "d", {"host": "web", "trafficPolicy": {"tls": {"mode": "MTLS"}}}),
            "mode must be one of",
        ),
        (
            an("AuthorizationPolicy", "p", {**SELF, "acton": "DENY", "rules": ALL}),
            "has no action, and ALLOWS what it matches",
        ),
        (mtls("STRICT").replace('"mtls"', '"mtsl"'), "that of the namespace or the mesh holds, or PERMISSIVE"),
        (mtls("STRICT").replace('"spec"', '"sepc"'), "that of the namespace or the mesh holds, or PERMISSIVE"),
        (mtls("STRICT", selektor=SELF["selector"]), "the policy is then for the whole namespace"),
        (
            an("DestinationRule", "d", {"host": "web", "trafficPolicy": {"tsl": {"mode": "SIMPLE"}}}),
            "says nothing of TLS",
        ),
        (authorization(ALL).replace('"spec"', '"sepc"'), "it allows nothing, and every request is refused"),
        (an("RequestAuthentication", "r", {"jwtRule": []}), "no token is then validated, and requests pass with any"),
        (an("AuthorisationPolicy", "p", {"rules": ALL}), "no release of Istio has such a kind"),
        (authorization(ALL).replace("istio.io/v1", "istio.io/v2"), "NOTHING enforces it"),
        (an("Sidecar", "s", {"selector": {"matchLabels": {"app": "web"}}}), "is not a field"),
    ],
)
def test_what_is_wrong_with_an_object(text: str, words: str) -> None:
    findings = checked(RULE, WEB + text, faulty=True).findings
    assert [one for one in findings if words in one.message], [one.message for one in findings]
    assert all(one.severity is None and one.fix for one in findings)


def test_objects_in_order_and_those_of_others() -> None:
    assert messages(RULE, WEB + authorization(ALL) + mtls("STRICT")) == []
    policy = an("NetworkPolicy", "p", {"podselector": {}})
    assert not checked(RULE, WEB + policy, faulty=True).findings
    key = authorization([{"when": [{"key": "source.serviceaccount", "values": ["a"]}]}], "DENY")
    assert not checked(RULE, WEB + key, faulty=True).findings


def test_groups_that_releases_no_longer_read() -> None:
    old = an("ServiceRole", "r", {}).replace("security.istio.io/v1", "rbac.istio.io/v1alpha1")
    (problem,) = [one for one in world_of(old).problems if one.code == "removed-api"]
    assert problem.message.endswith(
        "releases of Istio since 1.6 do not read rbac.istio.io/v1alpha1: NOTHING enforces it"
    )
    assert problem.partial


def test_a_kind_that_is_misspelt_is_told_once() -> None:
    text = WEB + an("AuthorisationPolicy", "p", {"rules": ALL})
    (problem,) = [one for one in world_of(text).problems if one.code == "unknown-kind"]
    assert problem.hint == "did you mean kind: AuthorizationPolicy of security.istio.io?"
    assert problem.partial
    assert not checked("NP-025", text, faulty=True).findings


@pytest.mark.parametrize("space", ["shop", "istio-system"])
def test_refusing_by_default_is_no_fault(space: str) -> None:
    text = WEB + an("AuthorizationPolicy", "default-deny", {}, space)
    assert not world_of(text).problems
    assert not checked(RULE, text, faulty=True).findings


def test_what_other_rules_find_where_it_is_not_meant() -> None:
    tried = authorization(ALL, "DENY", annotations={"istio.io/dry-run": "true"})
    assert not checked(RULE, WEB + tried, faulty=True).findings
    nobody = an("AuthorizationPolicy", "p", {**SELF, "action": "ALLOW"})
    assert [problem.code for problem in world_of(WEB + nobody).problems] == ["allows-nothing"]
    assert not checked(RULE, WEB + nobody, faulty=True).findings
    assert messages("AUZ-003", WEB + nobody)


def test_a_rule_that_denies_more_than_it_says_is_no_hole() -> None:
    paths = authorization([{"to": [{"operation": {"paths": ["/admin*"]}}]}], "DENY")
    (finding,) = checked(RULE, WEB + paths, faulty=True).findings
    assert "denies by HTTP fields alone" in finding.message
    assert finding.severity is Severity.LOW
