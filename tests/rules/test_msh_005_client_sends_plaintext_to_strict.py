from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity, Subject
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, an, mesh_config, mtls, plain, service, sidecars

RULE = "MSH-005"
SERVERS = pod("web") + service("web")
CLIENTS = sidecars("apps") + pod("app", "apps")


def rule(mode: str) -> str:
    return an("DestinationRule", "web", {"host": "web", "trafficPolicy": {"tls": {"mode": mode}}})


@pytest.mark.parametrize("mode", ["DISABLE", "SIMPLE"])
def test_a_rule_that_takes_the_identity_away(mode: str) -> None:
    (finding,) = checked(RULE, sidecars() + SERVERS + CLIENTS + mtls("STRICT") + rule(mode)).findings
    assert finding.subject == Subject("DestinationRule", "shop", "web")
    assert finding.witness is not None
    assert finding.witness.destination == "shop/service/web"


def test_what_agrees() -> None:
    assert messages(RULE, sidecars() + SERVERS + CLIENTS + mtls("STRICT") + rule("ISTIO_MUTUAL")) == []
    assert messages(RULE, sidecars() + SERVERS + CLIENTS + mtls("PERMISSIVE") + rule("DISABLE")) == []
    assert messages(RULE, sidecars() + SERVERS + CLIENTS + mtls("STRICT")) == []


def test_a_client_without_a_proxy_is_another_matter() -> None:
    assert (
        messages(RULE, sidecars() + SERVERS + plain() + pod("old", "legacy") + mtls("STRICT") + rule("DISABLE")) == []
    )


def test_what_the_network_keeps_out_is_another_matter() -> None:
    closed = policy("closed", "{podSelector: {}, ingress: []}")
    assert messages(RULE, sidecars() + SERVERS + CLIENTS + mtls("STRICT") + rule("DISABLE") + closed) == []


def test_ztunnel_sends_plaintext_to_a_sidecar_without_tunnels() -> None:
    text = ambient("apps") + pod("app", "apps") + mtls("STRICT") + sidecars() + SERVERS
    (finding,) = checked(RULE, text).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert finding.severity is Severity.MEDIUM
    taking = text.replace("    app: web", "    app: web\n    networking.istio.io/tunnel: http")
    assert messages(RULE, taking) == []


def test_a_gateway_is_a_client_too() -> None:
    spec = {"containers": [{"name": "istio-proxy", "image": "auto"}]}
    labels = {"app": "ingress", "sidecar.istio.io/inject": "true"}
    gateway = an("Pod", "ingress", spec, "edge", labels=labels, annotations={"inject.istio.io/templates": "gateway"})
    text = sidecars() + SERVERS + sidecars("edge") + gateway + mtls("STRICT")
    (finding,) = checked(RULE, text + rule("DISABLE")).findings
    assert finding.witness is not None
    assert finding.witness.source == "edge/pod/ingress"
    assert messages(RULE, text) == []


def test_nobody_agrees_where_auto_mtls_is_off() -> None:
    text = sidecars() + pod("web") + pod("api") + service("web") + mtls("STRICT")
    off = mesh_config("enableAutoMtls: false")
    (finding,) = checked(RULE, text + off).findings
    assert finding.message == (
        "sidecars send plaintext to Pod shop/web, which is STRICT: enableAutoMtls is false, and no rule says else"
    )
    assert finding.witness is not None
    mutual = an("DestinationRule", "web", {"host": "web", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}})
    assert messages(RULE, text + off + mutual) == []
    assert messages(RULE, text) == []


def test_which_policy_counts_may_be_open() -> None:
    text = sidecars() + pod("web") + service("web") + ambient("apps") + pod("api", "apps")
    outcome = checked(RULE, text + mtls("STRICT") + mtls("PERMISSIVE", name="other"))
    assert not outcome.findings
    assert "hangs on which PeerAuthentication counts" in outcome.not_evaluable[0].why
