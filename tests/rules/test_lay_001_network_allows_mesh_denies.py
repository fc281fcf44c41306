from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, ambient, an, authorization, mtls, only, plain, service, sidecars

RULE = "LAY-001"
PODS = account("shop/web") + account("shop/app") + account("shop/other") + service("web")


def allowing(name: str) -> str:
    rules: list[Any] = [{"from": [{"source": {"principals": [f"cluster.local/ns/shop/sa/{name}"]}}]}]
    return authorization(rules)


@pytest.mark.parametrize("space", [sidecars(), ambient()])
def test_the_mesh_refuses_whom_the_network_admits(space: str) -> None:
    (finding,) = checked(RULE, space + PODS + only("web", "app", ports=(8080, 15008)) + allowing("other")).findings
    assert finding.subject.kind == "NetworkPolicy"
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.DENIED)


def test_both_layers_agree() -> None:
    assert messages(RULE, sidecars() + PODS + only("web", "app", ports=(8080,)) + allowing("app")) == []
    assert messages(RULE, sidecars() + PODS + only("web", "app", ports=(8080,))) == []


def test_some_requests_pass() -> None:
    rules: list[Any] = [{"to": [{"operation": {"methods": ["GET"]}}]}]
    assert messages(RULE, sidecars() + PODS + only("web", "app") + authorization(rules)) == []


def test_where_the_tunnel_is_missing_the_network_denies() -> None:
    assert messages(RULE, ambient() + PODS + only("web", "app", ports=(8080,)) + allowing("other")) == []


def test_what_only_the_client_does_is_another_matter() -> None:
    rule = an("DestinationRule", "web", {"host": "web", "trafficPolicy": {"tls": {"mode": "DISABLE"}}})
    assert messages(RULE, sidecars() + PODS + only("web", "app") + mtls("STRICT") + rule) == []


def test_a_client_without_a_proxy_that_a_strict_server_refuses() -> None:
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "legacy"}},
        "podSelector": {"matchLabels": {"app": "old"}},
    }
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [peer]}]}
    text = sidecars() + PODS + plain() + pod("old", "legacy") + an("NetworkPolicy", "p", spec)
    assert len(messages(RULE, text + mtls("STRICT"))) == 1
    assert messages(RULE, text) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    text = pod("web") + pod("app") + service("web") + only("web", "app") + sidecars("other")
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
