"""Random meshes with a gateway on the way out, and questions for addresses outside."""

from __future__ import annotations

from tests.properties.meshes import NETWORKING, SECURITY, SPACES, Json
from tests.properties.wider_meshes import Wider

HOST, GATE = "out.example", "gate"


class WayOut(Wider):
    """A cluster drawn from a seed."""

    def cluster(self) -> list[Json]:
        return [*super().cluster(), *self.gateway(), *self.way()]

    def mesh_config(self) -> Json:
        found = super().mesh_config()
        if "outboundTrafficPolicy" not in found["data"]["mesh"] and self.maybe(0.3):
            found["data"]["mesh"] += "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n"
        return found

    def gateway(self) -> list[Json]:
        """The gateway's pods, who may get to them, and where they may go."""
        labels = {"istio": "egressgateway", "sidecar.istio.io/inject": "true"}
        container = {"name": "istio-proxy", "image": "auto"}
        template = {
            "metadata": {"labels": labels, "annotations": {"inject.istio.io/templates": "gateway"}},
            "spec": {"serviceAccountName": "out", "containers": [container]},
        }
        ports = [
            {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "https", "port": 443, "targetPort": 8443},
        ]
        selector = {"istio": "egressgateway"}
        found = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATE, "labels": {"team": GATE}}},
            self.workload_of_gateway(template),
            self.made("v1", "Service", "out", GATE, {"selector": selector, "ports": ports}),
        ]
        if self.maybe(0.4):
            operation = self.one({"methods": ["GET"]}, {"paths": ["/a*"]}, {"ports": ["8443"]}, {"hosts": [HOST]})
            rule: Json = {"to": [{"operation": operation}]}
            if self.maybe(0.5):
                rule["from"] = [{"source": {"namespaces": [self.one(*SPACES)]}}]
            policy: Json = {"action": self.one("ALLOW", "DENY"), "rules": [rule]}
            if self.maybe(0.5):
                policy["selector"] = {"matchLabels": selector}
            found.append(self.made(SECURITY, "AuthorizationPolicy", "gate", GATE, policy))
        if self.maybe(0.4):
            direction = self.one("Ingress", "Egress")
            peers = {"namespaceSelector": {"matchLabels": {"team": self.one(*SPACES)}}}
            spec: Json = {"podSelector": {}, "policyTypes": [direction]}
            spec |= {"ingress": [{"from": [peers]}]} if direction == "Ingress" else {}
            if direction == "Egress" and self.maybe(0.5):
                spec["egress"] = [{"ports": [{"port": 443, "protocol": "TCP"}]}]
            found.append(self.made("networking.k8s.io/v1", "NetworkPolicy", "gate", GATE, spec))
        return found

    def workload_of_gateway(self, template: Json) -> Json:
        if not self.running:
            spec = {"selector": {"matchLabels": {"istio": "egressgateway"}}, "template": template}
            return self.made("apps/v1", "Deployment", "out", GATE, spec)
        found = self.made("v1", "Pod", "out", GATE, template["spec"], **template["metadata"])
        found["metadata"]["annotations"]["sidecar.istio.io/status"] = "{}"
        return {**found, "status": {"phase": "Running", "podIP": "10.0.3.1"}}

    def way(self) -> list[Json]:
        """The routes to the gateway and from it."""
        mutual = self.maybe(0.5)
        server: Json = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}}
        if mutual:
            server = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "tls": {"mode": "ISTIO_MUTUAL"}}
        server["hosts"] = self.one([HOST], [HOST], ["*"], ["other.example"])
        to = 443 if mutual != self.maybe(0.1) else 80
        match: Json = {"gateways": ["out"]}
        if self.maybe(0.3):
            match["uri"] = {"prefix": "/a"}
        inside = {"match": [{"gateways": ["mesh"], "port": 80}]}
        inside["route"] = [{"destination": {"host": "out", "port": {"number": to}}}]  # type: ignore[list-item]
        number = self.one(80, 443, 443, 8443)
        outside = {"match": [match], "route": [{"destination": {"host": HOST, "port": {"number": number}}}]}
        ports = [
            {"number": 80, "name": "http", "protocol": "HTTP"},
            {"number": 443, "name": "tls", "protocol": "HTTPS"},
        ]
        entry = {"hosts": [HOST], "ports": ports, "resolution": "DNS", "location": "MESH_EXTERNAL"}
        hosts = {"hosts": [HOST], "gateways": ["mesh", "out"], "http": [inside, outside]}
        found = [
            self.made(NETWORKING, "ServiceEntry", "out", GATE, entry),
            self.made(
                NETWORKING, "Gateway", "out", GATE, {"selector": {"istio": "egressgateway"}, "servers": [server]}
            ),
            self.made(NETWORKING, "VirtualService", "out", GATE, hosts),
        ]
        if self.maybe(0.9 if mutual else 0.2):
            tls = self.one({"sni": HOST}, {"sni": HOST}, {}) | {
                "mode": self.one("ISTIO_MUTUAL", "ISTIO_MUTUAL", "SIMPLE")
            }
            found.append(
                self.made(NETWORKING, "DestinationRule", "gate", GATE, {"host": "out", "trafficPolicy": {"tls": tls}})
            )
        if self.maybe(0.5):
            settings = [{"port": {"number": 443}, "tls": {"mode": "SIMPLE"}}]
            policy = {"portLevelSettings": settings}
            found.append(self.made(NETWORKING, "DestinationRule", "out", GATE, {"host": HOST, "trafficPolicy": policy}))
        return found

    def question(self) -> Json:
        found = super().question()
        if self.maybe(0.85):
            found["way"], found["port"] = "outside", self.one(80, 80, 80, 443)
            found["request"]["host"] = self.one(HOST, HOST, HOST, f"{HOST}:80", "far.example", "near.example")
        return found
