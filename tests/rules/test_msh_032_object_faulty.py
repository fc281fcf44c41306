from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, pod
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
            an("AuthorizationPolicy", "p", {**SELF, "action": "DENY"}),
            "no request is denied or asked about because of it",
        ),
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
