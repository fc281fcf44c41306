"""A workload and a Service of one name: what an answer says of a port that means two things."""

from __future__ import annotations

import pytest

from tests.rules.checking import world_of

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
spec: {containers: [{name: client, image: client}]}
---
"""
MESH = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n"
NOTE = (
    "80 is taken for a port of the pods of shop/web; Service shop/web leads from 80 to 8080, "
    "which shop/svc/web asks for"
)


def service(target: str, app: str = "web") -> str:
    ports = f"[{{port: 80, targetPort: {target}}}]"
    head = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
    return f"{head}spec: {{selector: {{app: {app}}}, ports: {ports}}}\n"


@pytest.mark.parametrize("target", ["8080", "http"])
@pytest.mark.parametrize("mesh", ["", MESH])
def test_the_port_of_the_service_asked_of_the_workload(target: str, mesh: str) -> None:
    answer = world_of(mesh + WEB + service(target)).can("shop/client", "shop/web", 80)
    assert answer.notes == (NOTE,)


@pytest.mark.parametrize(("destination", "port"), [("shop/svc/web", 80), ("shop/deploy/web", 80), ("shop/web", 8080)])
def test_no_doubt_about_what_is_meant(destination: str, port: int) -> None:
    assert world_of(WEB + service("8080")).can("shop/client", destination, port).notes == ()


@pytest.mark.parametrize("given", [service("80"), service("8080", "other"), service("8080").replace("80, ", "81, ")])
def test_the_service_says_nothing_else_of_the_port(given: str) -> None:
    assert world_of(WEB + given).can("shop/client", "shop/web", 80).notes == ()
