from __future__ import annotations

from typing import Any

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import an, gateway, gateway_pod, service, sidecars

RULE = "MSH-024"
LABELS = {"istio": "ingressgateway"}
PODS = namespace("istio-ingress") + gateway_pod()


def front(*ports: int) -> str:
    spec = {"selector": LABELS, "ports": [{"port": port, "name": f"p{port}"} for port in ports]}
    return an("Service", "ingress", spec, "istio-ingress")


def server(port: int = 80, host: str = "shop.example", credential: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"port": {"number": port, "name": "x", "protocol": "HTTP"}, "hosts": [host]}
    return {**made, "tls": {"mode": "SIMPLE", "credentialName": credential}} if credential else made


BASE = sidecars() + pod("web") + service("web") + PODS + front(80, 443)


def test_a_selector_that_no_pod_has() -> None:
    (message,) = messages(RULE, BASE + gateway("edge", [server()], {"istio": "ingresgateway"}))
    assert message == "Gateway shop/edge is for no pod: none has istio=ingresgateway"
    assert messages(RULE, BASE + gateway("edge", [server()])) == []
    outcome = checked(RULE, sidecars() + pod("web") + gateway("edge", [server()]))
    assert not outcome.findings
    assert "no pods of gateways" in outcome.not_evaluable[0].why


def test_a_port_that_no_service_leads_to() -> None:
    (message,) = messages(RULE, BASE + gateway("edge", [server(8443)]))
    assert message == "Gateway shop/edge listens at port 8443, to which no Service of its pods leads"
    outcome = checked(RULE, sidecars() + PODS + gateway("edge", [server(8443)]))
    assert not outcome.findings
    assert "no Service for the pods" in outcome.not_evaluable[0].why


def secret(name: str) -> str:
    return an("Secret", name, None, "istio-ingress").replace("security.istio.io/v1", "v1")


def test_certificates() -> None:
    edge = gateway("edge", [server(443, credential="shop")])
    outcome = checked(RULE, BASE + edge)
    assert not outcome.findings
    assert "no Secrets of namespace istio-ingress" in outcome.not_evaluable[0].why
    assert messages(RULE, BASE + edge + secret("shop")) == []
    (message,) = messages(RULE, BASE + edge + secret("other"))
    assert "names the certificate shop, and namespace istio-ingress has no such Secret" in message
    more = gateway("more", [server(443, "more.example", "shop")])
    (message,) = messages(RULE, BASE + edge + more + secret("shop"))
    assert "has the certificate shop, as Gateway shop/edge does" in message


def test_two_for_one_host() -> None:
    two = gateway("edge", [server()]) + gateway("other", [server()])
    (finding,) = checked(RULE, BASE + two).findings
    assert finding.message == (
        "Gateway shop/other listens for shop.example at port 80, and so does Gateway shop/edge: one of them counts"
    )
    assert finding.related
    assert messages(RULE, BASE + gateway("edge", [server()]) + gateway("other", [server(host="b.example")])) == []
    assert messages(RULE, BASE + gateway("edge", [server()]) + gateway("other", [server(443)])) == []
    apart = gateway("edge", [server(host="./shop.example")]) + gateway(
        "other", [server(host="./shop.example")], space="b"
    )
    assert messages(RULE, BASE + apart) == []


def test_selectors_that_differ_may_take_the_same_pods() -> None:
    wider = gateway("other", [server()], {"app": "edge"})
    both = sidecars() + pod("web") + namespace("istio-ingress") + gateway_pod(app="edge") + front(80)
    (message,) = messages(RULE, both + gateway("edge", [server()]) + wider)
    assert "and so does Gateway shop/edge" in message
    apart = both.replace('"app": "edge", ', "").replace(', "app": "edge"', "") + gateway_pod(
        "more", istio="b", app="edge"
    )
    spec = {"selector": {"app": "edge"}, "ports": [{"port": 80, "name": "http"}]}
    apart += an("Service", "more", spec, "istio-ingress")
    assert messages(RULE, apart + gateway("edge", [server()]) + wider) == []


def test_a_gateway_that_a_route_names() -> None:
    def route(*names: str) -> str:
        return an("VirtualService", "web", {"hosts": ["shop.example"], "gateways": list(names)})

    edge = gateway("edge", [server()])
    assert messages(RULE, BASE + edge + route("edge", "mesh", "shop/edge")) == []
    (message,) = messages(RULE, BASE + edge + route("egde"))
    assert (
        message == "VirtualService shop/web is for Gateway shop/egde, which there is not: its routes are served nowhere"
    )
    outcome = checked(RULE, BASE + route("infra/edge"))
    assert not outcome.findings
    assert "no workload and no Gateway of namespace infra" in outcome.not_evaluable[0].why


def standard(name: str, *listeners: dict[str, Any], **more: Any) -> str:
    spec = {"gatewayClassName": "istio", "listeners": list(listeners), **more}
    return an("Gateway", name, spec)


def test_gateways_of_the_gateway_api() -> None:
    http = {"name": "a", "port": 80, "protocol": "HTTP", "hostname": "shop.example"}
    (message,) = messages(RULE, BASE + standard("edge", http, {**http, "name": "b"}))
    assert "listens for shop.example at port 80, and so does itself" in message
    assert messages(RULE, BASE + standard("edge", http, {**http, "name": "b", "port": 81})) == []
    addresses = [{"type": "IPAddress", "value": "192.0.2.1"}]
    two = standard("a", http, addresses=addresses) + standard("b", http, addresses=addresses)
    (message,) = messages(RULE, BASE + two)
    assert message == "Gateway shop/b asks for the address 192.0.2.1, as Gateway shop/a does"
    assert messages(RULE, BASE + standard("a", http) + standard("b", http)) == []


def test_a_certificate_is_looked_for_without_a_service() -> None:
    edge = gateway("edge", [server(443, credential="shop")])
    outcome = checked(RULE, sidecars() + PODS + edge + secret("other"))
    (finding,) = outcome.findings
    assert "names the certificate shop, and namespace istio-ingress has no such Secret" in finding.message
    assert "no Service for the pods" in outcome.not_evaluable[0].why
