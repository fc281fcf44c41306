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


GATEWAY_POD = """---
apiVersion: v1
kind: Pod
metadata:
  name: gw
  namespace: edge
  labels: {istio: ingressgateway, sidecar.istio.io/inject: "true"}
  annotations: {inject.istio.io/templates: gateway}
spec: {containers: [{name: istio-proxy, image: auto}]}
"""
OF_ISTIO = """---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""


def virtual_service(gateways: str, host: str) -> str:
    route = f"{{route: [{{destination: {{host: {host}}}}}]}}"
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n"
        f"spec: {{hosts: [web.example.com], gateways: [{gateways}], http: [{route}]}}\n"
    )


def test_virtual_services() -> None:
    base = pod("web") + service() + GATEWAY_POD + OF_ISTIO
    assert messages(RULE, base + virtual_service("edge/edge", "web")) == []
    assert messages(RULE, base + virtual_service("edge/other", "web")) == [], "MSH-024 tells that"
    (message,) = messages(RULE, base + virtual_service("edge/edge", "nobody"))
    assert "Service shop/nobody, which the input lacks" in message


def test_hosts_that_clients_in_the_mesh_are_sent_to() -> None:
    (message,) = messages(RULE, pod("web") + service() + virtual_service("mesh", "nobody"))
    assert "nobody.shop.svc.cluster.local" in message
    assert messages(RULE, pod("web") + service() + virtual_service("mesh", "web")) == []
