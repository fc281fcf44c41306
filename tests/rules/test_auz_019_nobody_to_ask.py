from __future__ import annotations

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, an, mesh_config, service, sidecars

RULE = "AUZ-019"
HTTP = "extensionProviders:\n- {name: ask, envoyExtAuthzHttp: {service: ask.shop.svc.cluster.local, port: 80}}\n"
GRPC = HTTP.replace("Http", "Grpc")
SHOP = sidecars() + account("shop/web") + account("shop/app") + service("ask")


def custom(provider: str = "ask", name: str = "custom", **more: object) -> str:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "action": "CUSTOM", "provider": {"name": provider}}
    return an("AuthorizationPolicy", name, {**spec, "rules": [{}]}, **more)


def test_a_provider_that_is_misspelt() -> None:
    text = SHOP + service("web") + mesh_config(HTTP)
    (finding,) = checked(RULE, text + custom("aks")).findings
    assert "has no provider aks that can be asked: what its rules match is refused" in finding.message
    assert finding.fix == "did you mean ask?"
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED


def test_one_that_is_there_is_right() -> None:
    assert messages(RULE, SHOP + service("web") + mesh_config(HTTP) + custom()) == []


def test_two_for_one_workload() -> None:
    both = HTTP + HTTP.partition("\n")[2].replace("name: ask", "name: other")
    text = SHOP + service("web") + mesh_config(both) + custom() + custom("other", "second")
    assert [("other is named" in one or "ask is named" in one) for one in messages(RULE, text)] == [True, True]


def test_a_provider_of_http_is_not_asked_about_connections() -> None:
    text = SHOP + service("web", protocol="tcp")
    (finding,) = checked(RULE, text + mesh_config(HTTP) + custom()).findings
    assert "shop/pod/web port 8080 is judged by connections: they pass unasked" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.ALLOWED
    assert messages(RULE, text + mesh_config(GRPC) + custom()) == []


def test_without_a_mesh_config_it_is_not_known() -> None:
    outcome = checked(RULE, SHOP + service("web") + custom())
    assert not outcome.findings
    assert "no mesh config" in outcome.not_evaluable[0].why
