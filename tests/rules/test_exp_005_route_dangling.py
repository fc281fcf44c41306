from __future__ import annotations

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "EXP-005"


def service(port: int = 80, app: str = "web") -> str:
    return (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        f"spec: {{selector: {{app: {app}}}, ports: [{{port: {port}, targetPort: 8080}}]}}\n"
    )


INGRESS = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
"""
ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""
GATEWAY = """---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other, namespace: shop}
spec: {gatewayClassName: x, listeners: [{name: web, port: 80, protocol: HTTP}]}
"""


def test_a_service_that_is_not_there() -> None:
    (finding,) = checked(RULE, pod("web") + INGRESS).findings
    assert finding.subject == Subject("Ingress", "shop", "web")
    assert finding.place.line > 10
    assert "Service shop/web, which the input lacks" in finding.message


def test_a_port_that_the_service_lacks() -> None:
    (message,) = messages(RULE, pod("web") + service(8080) + INGRESS)
    assert "port 80 of Service shop/web" in message


def test_a_service_without_pods() -> None:
    (message,) = messages(RULE, pod("web") + service(app="wbe") + INGRESS)
    assert "has no pods" in message


def test_a_route_that_leads_to_pods() -> None:
    assert messages(RULE, pod("web") + service() + INGRESS) == []


def test_a_gateway_that_is_not_there() -> None:
    (message,) = messages(RULE, pod("web") + service() + ROUTE + GATEWAY)
    assert "shop/edge" in message


def test_what_may_be_in_another_repository_is_not_judged() -> None:
    outcome = checked(RULE, pod("web") + service() + ROUTE)
    assert not outcome.findings
    assert "no Gateway at all" in outcome.not_evaluable[0].why
    outcome = checked(RULE, namespace("shop") + pod("web", "elsewhere") + INGRESS)
    assert not outcome.findings
    assert "no workloads of namespace shop" in outcome.not_evaluable[0].why


def test_a_route_that_policies_close_leads_somewhere() -> None:
    closed = policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: []}")
    assert messages(RULE, pod("web") + service() + INGRESS + closed) == []
