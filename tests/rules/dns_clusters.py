"""Manifests of a cluster's DNS, and of rules for it."""

from __future__ import annotations

from tests.rules.checking import namespace

SYSTEM = namespace("kube-system", **{"kubernetes.io/metadata.name": "kube-system"})


def dns(number: int = 53, labels: str = "k8s-app: kube-dns", space: str = "kube-system", name: str = "kube-dns") -> str:
    """DNS pods and their Service; the pods listen on ``number``."""
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: coredns, namespace: {space}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec:
      dnsPolicy: Default
      containers:
      - name: coredns
        image: none
        ports:
        - {{name: dns, containerPort: {number}, protocol: UDP}}
        - {{name: dns-tcp, containerPort: {number}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{{labels}}}
  ports:
  - {{name: dns, port: 53, targetPort: dns, protocol: UDP}}
  - {{name: dns-tcp, port: 53, targetPort: dns-tcp}}
"""


CACHE = """---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      containers:
      - name: cache
        image: none
        args: [-localip, "10.96.0.10,169.254.20.11", -conf, /etc/Corefile]
"""

TO_DNS = (
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, "
    "podSelector: {matchLabels: {k8s-app: kube-dns}}}], "
    "ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}"
)
TO_DB = "{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"


def egress(*rules: str, selector: str = "{}") -> str:
    """The spec of an egress policy."""
    return f"{{podSelector: {selector}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}"
