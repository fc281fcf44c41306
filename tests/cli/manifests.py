"""Manifests of a small shop, and what is needed to make others."""

from __future__ import annotations


def workload(name: str, kind: str = "Deployment", labels: str = "", spec: str = "", namespace: str = "shop") -> str:
    labels = labels or f"app: {name}"
    return f"""\
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{{spec}containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 8080}}]}}]}}
"""


def policy(name: str, app: str, spec: str = "ingress: []", namespace: str = "shop") -> str:
    return f"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: {app}}}}}
  {spec}
"""


NAMESPACE = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
POD = """\
---
apiVersion: v1
kind: Pod
metadata:
  name: web-7d9f-abcde
  namespace: shop
  labels: {app: web}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7d9f, uid: "1", controller: true}]
spec: {nodeName: worker, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.5, hostIP: 192.168.9.9}
"""
NODE = """\
---
apiVersion: v1
kind: Node
metadata: {name: worker}
status: {addresses: [{type: InternalIP, address: 192.168.9.9}]}
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: api-svc, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{name: web, port: 80, targetPort: http}]}
"""
SHOP = "".join(
    [
        NAMESPACE, workload("api"), workload("db", "StatefulSet"), workload("cut"), POD, NODE, SERVICE,
        policy("db", "db", "ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 5432}]}]"),
        policy("cut", "cut"),
    ]
)  # fmt: skip
UNKNOWN = policy("by-address", "db", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n"
