from __future__ import annotations

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import an, gateway, gateway_pod, service, sidecars

RULE = "MSH-026"
SERVER = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
EDGE = namespace("istio-ingress") + gateway_pod() + gateway("edge", [SERVER])
BASE = sidecars() + pod("web") + service("web") + EDGE


def route(field: str = "headers", key: str = "@request.auth.claims.group", **spec: object) -> str:
    match = {field: {key: {"exact": "staff"}}}
    http = [{"match": [match], "route": [{"destination": {"host": "web"}}]}]
    return an("VirtualService", "web", {"hosts": ["shop.example"], "gateways": ["edge"], "http": http, **spec})


def tokens(app: str = "ingressgateway", space: str = "istio-ingress") -> str:
    spec = {"selector": {"matchLabels": {"istio": app}}, "jwtRules": [{"issuer": "me", "jwks": "{}"}]}
    return an("RequestAuthentication", "tokens", spec, space)


def test_claims_that_nobody_validates() -> None:
    (finding,) = checked(RULE, BASE + route()).findings
    assert finding.message == (
        "VirtualService shop/web asks for @request.auth.claims.group, and no RequestAuthentication is for "
        "istio-ingress/pod/ingress: it never matches, and requests take the next route"
    )
    assert len(messages(RULE, BASE + route("withoutHeaders"))) == 1
    assert len(messages(RULE, BASE + route(key="@request.auth.claims[group]"))) == 1


def test_claims_that_are_validated() -> None:
    assert messages(RULE, BASE + route() + tokens()) == []
    assert messages(RULE, BASE + route() + tokens().replace('"istio": "ingressgateway"', "", 1)) == []
    assert len(messages(RULE, BASE + route() + tokens("other"))) == 1


def test_routes_that_ask_for_no_claims() -> None:
    assert messages(RULE, BASE + route(key="x-group")) == []


def test_routes_of_the_mesh_know_no_claims() -> None:
    (message,) = messages(RULE, BASE + route(gateways=["mesh"]))
    assert "in proxies of the mesh, where routes know no claims" in message


def test_gateways_that_the_input_lacks() -> None:
    outcome = checked(RULE, sidecars() + pod("web") + service("web") + route())
    assert not outcome.findings
    assert "no pods of gateway edge" in outcome.not_evaluable[0].why
