"""Random small clusters in a mesh, and questions about them."""

from __future__ import annotations

import random
from typing import Any

Json = dict[str, Any]
SPACES = ("one", "two")
NAMES = ("web", "api", "db")
PORTS = (8080, 9090)
NETWORKING, SECURITY = "networking.istio.io/v1", "security.istio.io/v1"
PROVIDERS = """extensionProviders:
- {name: by-http, envoyExtAuthzHttp: {service: ask.one.svc.cluster.local, port: 9000}}
- {name: by-grpc, envoyExtAuthzGrpc: {service: ask.one.svc.cluster.local, port: 9000}}
"""


class Draw:
    """A cluster drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = 0

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)

    def made(self, version: str, kind: str, name: str, namespace: str, spec: Json, **metadata: Any) -> Json:
        self.clock += 1
        stamp = f"2026-01-01T00:{self.clock // 60:02}:{self.clock % 60:02}Z"
        told = {"name": name, "namespace": namespace, "creationTimestamp": stamp, **metadata}
        return {"apiVersion": version, "kind": kind, "metadata": told, "spec": spec}

    def cluster(self) -> list[Json]:
        """Namespaces, workloads, Services, and policies of all kinds."""
        self.running = self.maybe(0.3)
        found = [*self.namespaces(), *self.workloads(), *self.services(), *self.waypoints()]
        found += self.network_policies() if self.maybe(0.4) else []
        found += self.peer_authentications() + self.destination_rules() + self.request_authentications()
        found += [self.authorization(f"policy-{number}") for number in range(self.one(0, 1, 2, 3))]
        found += [self.only_the_waypoint(space) for space in self.ways if self.maybe(0.2)]
        return [*found, self.mesh_config()]

    def only_the_waypoint(self, space: str) -> Json:
        """What closes the way past a waypoint."""
        source = self.one({"serviceAccounts": [f"{space}/way"]}, {"principals": [f"*/ns/{space}/sa/way"]})
        spec: Json = {"rules": [{"from": [{"source": source}]}]}
        if self.maybe(0.5):
            spec["selector"] = {"matchLabels": self.labels()}
        return self.made(SECURITY, "AuthorizationPolicy", "only-the-waypoint", space, spec)

    def mesh_config(self) -> Json:
        config = "enableAutoMtls: false\n" if self.maybe(0.1) else ""
        config += "trustDomain: shop.example\n" if self.maybe(0.2) else "trustDomain: cluster.local\n"
        config += "trustDomainAliases: [old.example]\n" if self.maybe(0.2) else ""
        config += PROVIDERS
        metadata = {"name": "istio", "namespace": "istio-system"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": config}}

    def namespaces(self) -> list[Json]:
        found = []
        for name in (*SPACES, "istio-system"):
            labels: Json = {"team": name}
            if name != "istio-system":
                labels |= self.one(
                    {},
                    {"istio-injection": "enabled"},
                    {"istio-injection": "enabled"},
                    {"istio-injection": "disabled"},
                    {"istio.io/rev": "default"},
                    {"istio-injection": "enabled", "istio.io/dataplane-mode": "ambient"},
                    {"istio.io/dataplane-mode": "ambient"},
                    {"istio.io/dataplane-mode": "ambient"},
                    {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "way"},
                    {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "way"},
                )
            metadata = {"name": name, "labels": labels}
            found.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return found

    def workloads(self) -> list[Json]:
        self.pods = [(space, name) for space in SPACES for name in self.random.sample(NAMES, self.one(1, 2, 3))]
        return [self.workload(space, name, number) for number, (space, name) in enumerate(self.pods)]

    def workload(self, space: str, name: str, number: int) -> Json:
        labels: Json = {"app": name, "tier": self.one("front", "back")}
        annotations: Json = {}
        if self.maybe(0.2):
            labels |= self.one(
                {"sidecar.istio.io/inject": "true"},
                {"sidecar.istio.io/inject": "false"},
                {"istio.io/dataplane-mode": "ambient"},
                {"istio.io/dataplane-mode": "none"},
            )
        elif self.maybe(0.1):
            annotations["sidecar.istio.io/inject"] = self.one("true", "false")
        if self.maybe(0.1):
            labels["networking.istio.io/tunnel"] = "http"
        if self.maybe(0.2):
            key = self.one("excludeInboundPorts", "includeInboundPorts", "excludeOutboundPorts", "includeOutboundPorts")
            annotations[f"traffic.sidecar.istio.io/{key}"] = self.one("8080", "80,9090", "80", "9090", "")
        if self.maybe(0.1):
            key = self.one("excludeOutboundIPRanges", "includeOutboundIPRanges")
            annotations[f"traffic.sidecar.istio.io/{key}"] = self.one("10.96.0.0/16", "10.96.0.1/32", "10.0.0.0/24")
        containers: list[Json] = [{"name": "main", "ports": [{"name": "web", "containerPort": 8080}]}]
        spec: Json = {"serviceAccountName": self.one(name, "shared"), "containers": containers}
        if not self.running:
            template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}
            wanted = {"selector": {"matchLabels": {"app": name}}, "replicas": 1, "template": template}
            return self.made("apps/v1", "Deployment", name, space, wanted)
        kind = self.one("none", "sidecar", "sidecar", "node", "node")
        if kind == "sidecar":
            annotations["sidecar.istio.io/status"] = '{"containers":["istio-proxy"]}'
            containers.append({"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.29.0"})
            labels["security.istio.io/tlsMode"] = "istio"
        elif kind == "node":
            annotations["ambient.istio.io/redirection"] = "enabled"
        pod = self.made("v1", "Pod", name, space, spec, labels=labels, annotations=annotations)
        return pod | {"status": {"phase": "Running", "podIP": f"10.0.0.{number + 1}"}}

    def services(self) -> list[Json]:
        found = []
        for number, (space, name) in enumerate(self.pods):
            if self.maybe(0.15):
                continue
            ports = [self.service_port(80, self.one(8080, 8080, "web"))]
            if self.maybe(0.4):
                ports.append(self.service_port(9090, 9090))
            labels = {"istio.io/use-waypoint": self.one("way", "none", "absent")} if self.maybe(0.3) else {}
            if labels and self.maybe(0.3):
                labels["istio.io/use-waypoint-namespace"] = self.one(*SPACES)
            spec = {"selector": {"app": name}, "clusterIP": f"10.96.0.{number + 1}", "ports": ports}
            found.append(self.made("v1", "Service", name, space, spec, labels=labels))
            if self.maybe(0.25):
                other = {**spec, "clusterIP": f"10.96.1.{number + 1}", "ports": [self.service_port(80, 8080)]}
                found.insert(self.one(0, len(found)), self.made("v1", "Service", f"{name}-too", space, other))
        return found

    def service_port(self, port: int, target: int | str) -> Json:
        found: Json = {"port": port, "targetPort": target}
        found["name"] = self.one("http", "http-a", "tcp", "tcp-a", "grpc", "https", "web", "a", "redis") + str(
            self.one("", "-x") if port == 80 else "-y"
        )
        if self.maybe(0.15):
            found["appProtocol"] = self.one("http", "tcp", "kubernetes.io/h2c", "kubernetes.io/ws", "what")
        return found

    def waypoints(self) -> list[Json]:
        found: list[Json] = []
        self.ways: list[str] = []
        for space in SPACES:
            if self.maybe(0.3):
                continue
            self.ways.append(space)
            listener: Json = {"name": "mesh", "port": 15008, "protocol": "HBONE"}
            if self.maybe(0.3):
                listener["allowedRoutes"] = {"namespaces": {"from": self.one("All", "Same")}}
            labels = {"istio.io/waypoint-for": self.one("service", "workload", "all")} if self.maybe(0.4) else {}
            spec = {"gatewayClassName": "istio-waypoint", "listeners": [listener]}
            gateway = self.made("gateway.networking.k8s.io/v1", "Gateway", "way", space, spec, labels=labels)
            own = {
                "gateway.networking.k8s.io/gateway-name": "way",
                "gateway.istio.io/managed": "istio.io-mesh-controller",
            }
            own |= {"istio.io/dataplane-mode": "none", "tier": "way"}
            containers = [{"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.29.0"}]
            body: Json = {"serviceAccountName": "way", "containers": containers}
            if self.running:
                gateway["status"] = {"addresses": [{"type": "IPAddress", "value": "10.96.0.99"}]}
                pod = self.made("v1", "Pod", "way", space, body, labels=own)
                pod["status"] = {"phase": "Running", "podIP": f"10.0.1.{len(self.ways)}"}
            else:
                wanted = {"selector": {"matchLabels": own}, "template": {"metadata": {"labels": own}, "spec": body}}
                pod = self.made("apps/v1", "Deployment", "way", space, wanted)
            found += [gateway, pod]
        return found

    def labels(self) -> Json:
        return self.one({"app": self.one(*NAMES)}, {"tier": self.one("front", "back", "way")})

    def network_policies(self) -> list[Json]:
        found = []
        for number in range(self.one(1, 1, 2)):
            chosen = self.one({}, {"matchLabels": self.labels()}, {"matchLabels": self.labels()})
            types = self.one(["Ingress"], ["Ingress"], ["Egress"], ["Ingress", "Egress"])
            spec: Json = {"podSelector": chosen, "policyTypes": types}
            for type_, side, peers in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
                if type_ in types:
                    spec[side] = [self.network_rule(peers) for _ in range(self.one(0, 1, 1, 2))]
            found.append(self.made("networking.k8s.io/v1", "NetworkPolicy", f"np-{number}", self.one(*SPACES), spec))
        return found

    def network_rule(self, peers: str) -> Json:
        rule: Json = {}
        if self.maybe(0.6):
            peer: Json = self.one(
                {"podSelector": {}},
                {"podSelector": {"matchLabels": self.labels()}},
                {"namespaceSelector": {}},
                {"namespaceSelector": {"matchLabels": {"team": self.one(*SPACES)}}},
                {"namespaceSelector": {}, "podSelector": {"matchLabels": self.labels()}},
            )
            rule[peers] = [peer]
        if self.maybe(0.6):
            numbers = self.random.sample((8080, 9090, 15008, 80), self.one(1, 2))
            rule["ports"] = [{"port": number, "protocol": "TCP"} for number in numbers]
        return rule

    def peer_authentications(self) -> list[Json]:
        found = []
        modes = "STRICT", "STRICT", "PERMISSIVE", "DISABLE", "UNSET"
        for number in range(self.one(0, 0, 1, 2, 3)):
            spec: Json = {"mtls": {"mode": self.one(*modes)}} if self.maybe(0.85) else {}
            space = self.one("istio-system", *SPACES, *SPACES)
            if self.maybe(0.4) and space != "istio-system":
                spec["selector"] = {"matchLabels": self.labels()}
                if self.maybe(0.6):
                    ports = self.random.sample(("8080", "9090", "80"), self.one(1, 2))
                    spec["portLevelMtls"] = {port: {"mode": self.one(*modes)} for port in ports}
            found.append(self.made(SECURITY, "PeerAuthentication", f"pa-{number}", space, spec))
        return found

    def destination_rules(self) -> list[Json]:
        found = []
        for number in range(self.one(0, 0, 0, 1, 2)):
            space, name = self.one(*self.pods)
            host = self.one(f"{name}.{space}.svc.cluster.local", f"*.{space}.svc.cluster.local", "*.local", name)
            tls = {"mode": self.one("DISABLE", "ISTIO_MUTUAL", "SIMPLE")}
            policy: Json = {"tls": tls} if self.maybe(0.8) else {}
            if self.maybe(0.3):
                policy["portLevelSettings"] = [{"port": {"number": self.one(80, 9090)}}]
                if self.maybe(0.6):
                    policy["portLevelSettings"][0]["tls"] = {"mode": self.one("DISABLE", "ISTIO_MUTUAL")}
            spec: Json = {"host": host, "trafficPolicy": policy}
            if self.maybe(0.2):
                spec["exportTo"] = self.one(["."], ["*"], [self.one(*SPACES)])
            place = self.one(*SPACES, "istio-system")
            found.append(self.made(NETWORKING, "DestinationRule", f"rule-{number}", place, spec))
        return found

    def attached(self) -> Json:
        """A selector or targets; nothing: all of a namespace."""
        kind = self.one("all", "selector", "gateway", "service")
        if kind == "selector":
            return {"selector": {"matchLabels": self.labels()}}
        if kind == "gateway" and self.ways:
            group = "gateway.networking.k8s.io"
            return {"targetRefs": [{"group": group, "kind": "Gateway", "name": "way"}]}
        if kind == "service":
            return {"targetRefs": [{"group": "", "kind": "Service", "name": self.one(*NAMES)}]}
        return {}

    def request_authentications(self) -> list[Json]:
        if self.maybe(0.7):
            return []
        spec = {**self.attached(), "jwtRules": [{"issuer": "issuer", "jwksUri": "https://issuer.example/keys"}]}
        return [self.made(SECURITY, "RequestAuthentication", "tokens", self.one(*SPACES, "istio-system"), spec)]

    def authorization(self, name: str) -> Json:
        rules = [self.rule() for _ in range(self.one(0, 1, 1, 2))]
        action = self.one("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "CUSTOM")
        spec: Json = {**self.attached(), "action": action}
        if rules or action == "ALLOW":
            spec["rules"] = rules
        else:
            spec["rules"] = [self.rule()]
        if action == "CUSTOM":
            # What hangs on tokens is not for external services.
            spec["provider"] = {"name": self.one("by-http", "by-grpc", "missing")}
            spec["rules"] = [{"to": [{"operation": self.operation()}]} if self.maybe(0.7) else {}]
        metadata: Json = {"annotations": {"istio.io/dry-run": "true"}} if self.maybe(0.05) else {}
        space = self.one(*SPACES, *SPACES, "istio-system")
        return self.made(SECURITY, "AuthorizationPolicy", name, space, spec, **metadata)

    def rule(self) -> Json:
        rule: Json = {}
        if self.maybe(0.6):
            rule["from"] = [{"source": self.source()} for _ in range(self.one(1, 1, 2))]
        if self.maybe(0.5):
            rule["to"] = [{"operation": self.operation()} for _ in range(self.one(1, 1, 2))]
        if self.maybe(0.2):
            rule["when"] = [
                self.one(
                    {"key": "request.headers[x-user]", "values": ["me"]},
                    {"key": "request.headers[x-user]", "notValues": ["me"]},
                    {"key": "request.auth.claims[group]", "values": ["admin"]},
                    {"key": "source.namespace", "values": [self.one(*SPACES)]},
                    {"key": "source.principal", "notValues": ["*"]},
                    {"key": "destination.port", "values": [self.one("8080", "9090")]},
                )
            ]
        return rule

    def source(self) -> Json:
        space, name = self.one(*self.pods)
        account = self.one(name, "shared", "shared", "way", "way")
        principal = f"{self.one('cluster.local', 'cluster.local', 'shop.example')}/ns/{space}/sa/{account}"
        return self.one(
            {"principals": [principal]},
            {"principals": [self.one("*", f"*/sa/{account}", "cluster.local/*")]},
            {"notPrincipals": [self.one(principal, "*")]},
            {"namespaces": [space]},
            {"notNamespaces": [space]},
            {"serviceAccounts": [f"{space}/{account}"]},
            {"requestPrincipals": [self.one("*", "issuer/me")]},
            {"namespaces": [space], "notRequestPrincipals": ["*"]},
            {"ipBlocks" if self.running else "namespaces": ["10.0.0.2/31" if self.running else space]},
            {"notIpBlocks" if self.running else "namespaces": ["10.0.1.0/24" if self.running else space]},
        )

    def operation(self) -> Json:
        return self.one(
            {"methods": [self.one("GET", "POST")]},
            {"notMethods": ["GET"]},
            {"paths": [self.one("/a", "/a*", "*b", "/{*}/b")]},
            {"notPaths": ["/a*"]},
            {"hosts": [self.one("web*", "shop.example", "*:80")]},
            {"ports": [self.one("8080", "9090", "80")]},
            {"notPorts": ["8080"]},
            {"ports": ["8080"], "methods": ["GET"]},
        )

    def host(self) -> str:
        """A host, of a Service or of nobody."""
        space, name = self.one(*self.pods)
        name = self.one(name, name, name, f"{name}-too", f"some.{name}")
        near = f"{name}.{space}"
        said = self.one(
            "shop.example", "far.example", "web", name, near, f"{near}.svc", f"{near}.svc.cluster.local", "10.96.0.1"
        )
        return str(said).upper() if self.maybe(0.1) else f"{said}{self.one('', '', ':80', ':1234')}"

    def question(self) -> Json:
        """A client, a server, a port, and a request."""
        client = self.one(*self.pods)
        server = self.one(*[one for one in self.pods if one != client])
        request: Json = {"method": self.one("GET", "POST"), "path": self.one("/", "/a", "/a/b", "/c/b")}
        if self.maybe(0.3):
            request["host"] = self.host()
        if self.maybe(0.3):
            request["headers"] = {"x-user": self.one("me", "you")}
        if self.maybe(0.4):
            request["claims"] = {"iss": self.one("issuer", "issuer", "other"), "sub": "me", "group": "admin"}
        if self.maybe(0.2):
            domain = self.one("cluster.local", "shop.example", "old.example", "foreign.example")
            request["identity"] = f"spiffe://{domain}/ns/{self.one(*SPACES)}/sa/{self.one(*NAMES)}"
        way = self.one("name", "name", "name", "service", "address")
        return {"client": client, "server": server, "port": self.one(*PORTS), "request": request, "way": way}
