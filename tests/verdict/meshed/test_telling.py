"""The sentence beneath a verdict."""

from __future__ import annotations

import pytest
import yaml

import ringfence

WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {0}, namespace: amb}}
spec:
  selector: {{matchLabels: {{app: {0}}}}}
  template:
    metadata: {{labels: {{app: {0}}}}}
    spec: {{serviceAccountName: {0}, containers: [{{name: c, ports: [{{containerPort: 9080}}]}}]}}
---
"""
REST = """
apiVersion: v1
kind: Namespace
metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: amb}
spec: {selector: {app: api}, ports: [{name: http, port: 9080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: amb, labels: {istio.io/waypoint-for: service}}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: waypoint, namespace: amb}
spec:
  selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: waypoint}}
  template:
    metadata: {labels: {gateway.networking.k8s.io/gateway-name: waypoint}}
    spec: {serviceAccountName: waypoint, containers: [{name: istio-proxy}]}
"""
POLICY = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: amb}
spec:
  targetRefs: [{kind: Service, group: "", name: api}]
  rules: [{to: [{operation: {methods: [GET]}}]}]
"""


@pytest.mark.parametrize(
    ("policy", "method", "sentence"),
    [
        (POLICY, "GET", "rule 0 of AuthorizationPolicy amb/api allows it"),
        (POLICY, "POST", "AuthorizationPolicy amb/api allows requests, and none of its rules this one"),
        ("", "GET", "no policy judges it"),
    ],
)
def test_what_a_waypoint_decides_is_said_first(policy: str, method: str, sentence: str) -> None:
    """Behind a waypoint the server has no policy, and that is not why a request passes."""
    text = WORKLOAD.format("web") + WORKLOAD.format("api") + REST + policy
    world = ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)
    answer = world.can("amb/web", "amb/service/api", 9080, request=ringfence.request(method, "/"))
    assert answer.reason.message == sentence
