from __future__ import annotations

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, mtls, plain, service, sidecars

RULE = "MSH-030"
WEB = sidecars() + pod("web")
OLD = pod("old", "legacy") + service("old", space="legacy")


def rule(mode: str = "ISTIO_MUTUAL", host: str = "old.legacy.svc.cluster.local") -> str:
    return an("DestinationRule", "old", {"host": host, "trafficPolicy": {"tls": {"mode": mode}}}, "legacy")


def test_a_server_without_a_proxy() -> None:
    (finding,) = checked(RULE, WEB + plain() + OLD + rule()).findings
    assert finding.message == (
        "DestinationRule legacy/old makes clients send mutual TLS to legacy/old, which has no proxy"
    )
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/web"
    assert not finding.witness.binds, "who controls the client sends plainly"


def test_a_server_that_takes_plaintext_only() -> None:
    text = WEB + sidecars("legacy") + OLD + mtls("DISABLE", "legacy")
    (message,) = messages(RULE, text + rule())
    assert message.endswith("whose proxy takes plaintext only")
    assert messages(RULE, text.replace("DISABLE", "PERMISSIVE") + rule()) == []
    assert messages(RULE, text) == []


def test_rules_that_send_no_mutual_tls() -> None:
    for mode in ("DISABLE", "SIMPLE"):
        assert messages(RULE, WEB + plain() + OLD + rule(mode)) == []
    assert messages(RULE, WEB + plain() + OLD + rule(host="other.legacy.svc.cluster.local")) == []


def test_clients_of_ztunnel_read_no_rules() -> None:
    assert messages(RULE, ambient() + pod("web") + plain() + OLD + rule()) == []


def test_a_server_of_ztunnel_takes_what_the_mesh_sends() -> None:
    assert messages(RULE, WEB + ambient("legacy") + OLD + mtls("DISABLE", "legacy") + rule()) == []


def test_a_server_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, WEB + OLD + rule())
    assert not outcome.findings
    assert "has a proxy is open" in outcome.not_evaluable[0].why
