from __future__ import annotations

from tests.rules.checking import checked, messages, pod
from tests.rules.test_exp_005_route_dangling import GATEWAY_POD, OF_ISTIO, service

RULE = "EXP-007"
BASE = pod("web") + service() + GATEWAY_POD + OF_ISTIO
LOAD_BALANCER = """---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: edge}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{port: 80, targetPort: 8080}]}
"""


def virtual_service(
    name: str, matches: str, gateways: str = "edge/edge", host: str = "web.example.com", more: str = ""
) -> str:
    routes = "".join(
        f"  - {{match: [{one}], route: [{{destination: {{host: web}}}}]}}\n" for one in matches.split("; ")
    )
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        f"metadata: {{name: {name}, namespace: shop{more}}}\n"
        f"spec:\n  hosts: [{host}]\n  gateways: [{gateways}]\n  http:\n{routes}"
    )


def prefix(text: str) -> str:
    return f"{{uri: {{prefix: {text}}}}}"


def test_a_rule_behind_a_wider_one() -> None:
    shadowed = virtual_service("a", f"{prefix('/a')}; {prefix('/a/b')}")
    (message,) = messages(RULE, BASE + LOAD_BALANCER + shadowed)
    assert "VirtualService shop/a, /a/b* to shop/web" in message
    assert messages(RULE, BASE + LOAD_BALANCER + virtual_service("a", f"{prefix('/a/b')}; {prefix('/a')}")) == []


def test_two_routes_for_the_same_requests() -> None:
    same = virtual_service("a", prefix("/a")) + virtual_service("b", prefix("/a"))
    assert len(messages(RULE, BASE + LOAD_BALANCER + same)) == 2
    apart = virtual_service("a", prefix("/a")) + virtual_service("b", prefix("/b"))
    assert messages(RULE, BASE + LOAD_BALANCER + apart) == []


def test_virtual_services_of_the_mesh_for_one_host() -> None:
    first = virtual_service("a", prefix("/a"), "mesh", "web", ', creationTimestamp: "2024-01-01T00:00:00Z"')
    second = virtual_service("b", prefix("/a"), "mesh", "web", ', creationTimestamp: "2025-01-01T00:00:00Z"')
    (finding,) = checked(RULE, BASE + first + second).findings
    assert finding.subject.name == "b"
    assert "VirtualService shop/a is older" in finding.message
    assert messages(RULE, BASE + first) == []
    hidden = second.replace("  hosts: [web]\n", "  hosts: [web]\n  exportTo: [other]\n")
    apart = first.replace("  hosts: [web]\n", "  hosts: [web]\n  exportTo: [shop]\n")
    assert messages(RULE, BASE + apart + hidden) == []
