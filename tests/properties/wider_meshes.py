"""Random meshes with what is rarer: pods of the host's network, headless Services, revisions, Sidecars, and subsets."""

from __future__ import annotations

from typing import Any

from tests.properties.meshes import NAMES, NETWORKING, PORTS, SECURITY, SPACES, Draw, Json

OUTSIDE = "203.0.113.9"
WIDER_PORTS = (*PORTS, *PORTS, *PORTS, *PORTS, 7000, 15008, 15020)


class Wider(Draw):
    """A cluster drawn from a seed. ``cni``: the network plugin that it is asked about with."""

    def cluster(self) -> list[Json]:
        self.revisions = self.maybe(0.3)
        self.entries: list[Json] = []
        self.parted: set[tuple[str, str]] = set()
        self.routed: tuple[str, str] | None = None
        found = super().cluster()
        self.cni = "calico" if self.running else "generic"
        found += self.webhooks() if self.revisions else []
        found += self.sidecars() if self.maybe(0.4) else []
        found += self.service_entries() if self.maybe(0.3) else []
        found += self.routes() if self.maybe(0.3) else []
        found += self.service_routes() if self.maybe(0.5) else []
        return found

    def mesh_config(self) -> Json:
        found = super().mesh_config()
        if self.maybe(0.15):
            found["data"]["mesh"] += f"outboundTrafficPolicy: {{mode: {self.one('REGISTRY_ONLY', 'ALLOW_ANY')}}}\n"
        return found

    def namespaces(self) -> list[Json]:
        found = super().namespaces()
        for one in found[:-1]:
            if self.revisions and self.maybe(0.5):
                labels = one["metadata"]["labels"]
                labels["istio.io/rev"] = self.one("default", "canary", "prod", "gone")
                if self.maybe(0.7):
                    labels.pop("istio-injection", None)
        return found

    def webhooks(self) -> list[Json]:
        found = []
        for labels in self.random.sample(
            [
                {"istio.io/rev": "default"},
                {"istio.io/rev": "canary"},
                {"istio.io/rev": "canary", "istio.io/tag": "prod"},
            ],
            self.one(1, 2, 3),
        ):
            name = "-".join(("istio-sidecar-injector", *labels.values()))
            metadata = {"name": name, "labels": {"app": "sidecar-injector", **labels}}
            version = "admissionregistration.k8s.io/v1"
            found.append(
                {
                    "apiVersion": version,
                    "kind": "MutatingWebhookConfiguration",
                    "metadata": metadata,
                    "webhooks": [],
                }
            )
        return found

    def workload(self, space: str, name: str, number: int) -> Json:
        found = super().workload(space, name, number)
        template = found if found["kind"] == "Pod" else found["spec"]["template"]
        labels, annotations = (template["metadata"].setdefault(key, {}) for key in ("labels", "annotations"))
        spec = template["spec"]
        if self.maybe(0.1):
            spec["hostNetwork"] = True
            if found["kind"] == "Pod":
                for key in ("sidecar.istio.io/status", "ambient.istio.io/redirection"):
                    annotations.pop(key, None)
                labels.pop("security.istio.io/tlsMode", None)
                spec["containers"] = spec["containers"][:1]
                found["status"] |= {"podIP": f"192.168.0.{number + 1}", "hostIP": f"192.168.0.{number + 1}"}
        if self.maybe(0.1):
            annotations["ambient.istio.io/bypass-inbound-capture"] = self.one("true", "true", "false")
        if self.maybe(0.15):
            labels["istio.io/use-waypoint"] = self.one("way", "way", "none")
        if self.revisions and self.maybe(0.2):
            labels["istio.io/rev"] = self.one("default", "canary", "prod", "gone")
        spec["containers"][0]["ports"].append({"name": "dns", "containerPort": 8080, "protocol": "UDP"})
        return found

    def services(self) -> list[Json]:
        found = super().services()
        for one in found:
            if self.maybe(0.2):
                one["spec"]["clusterIP"] = "None"
                for port in one["spec"]["ports"]:
                    # Who calls by the name of a headless Service dials the port of a pod.
                    port["port"] = port["targetPort"] = 9090 if port["port"] == 9090 else 8080
            if self.maybe(0.1):
                said = self.one(".", "*", "~", self.one(*SPACES))
                one["metadata"]["annotations"] = {"networking.istio.io/exportTo": said}
        return found

    def hosts(self) -> list[str]:
        space, name = self.one(*self.pods)
        host = f"{name}.{space}.svc.cluster.local"
        known = ["./*", "*/*", f"{space}/*", f"*/{host}", f"./*.{space}.svc.cluster.local", "~/*", "*/*.example"]
        return self.random.sample(known, self.one(1, 1, 2))

    def sidecars(self) -> list[Json]:
        found = []
        for number in range(self.one(1, 1, 2)):
            spec: Json = {}
            if self.maybe(0.85):
                spec["egress"] = [{"hosts": self.hosts()} for _ in range(self.one(1, 1, 2))]
                if self.maybe(0.25):
                    spec["egress"].insert(
                        0,
                        {"port": {"number": self.one(80, 9090), "name": "x", "protocol": "HTTP"}, **spec["egress"][0]},
                    )
            if self.maybe(0.6):
                spec["outboundTrafficPolicy"] = {"mode": self.one("REGISTRY_ONLY", "REGISTRY_ONLY", "ALLOW_ANY")}
            space = self.one(*SPACES, *SPACES, "istio-system")
            if self.maybe(0.3) and space != "istio-system":
                spec["workloadSelector"] = {"labels": self.labels()}
            found.append(self.made(NETWORKING, "Sidecar", f"sidecar-{number}", space, spec))
        return found

    def service_entries(self) -> list[Json]:
        protocol = self.one("TCP", "HTTP", "TLS")
        spec: Json = {
            "hosts": ["far.example"],
            "location": "MESH_EXTERNAL",
            "resolution": self.one("NONE", "DNS"),
            "ports": [{"number": self.one(443, 80), "name": "far", "protocol": protocol}],
        }
        if self.maybe(0.6):
            spec["addresses"] = [self.one("203.0.113.0/24", "203.0.113.9", "198.51.100.0/24")]
        if self.maybe(0.3):
            spec["exportTo"] = self.one(["."], ["*"], [self.one(*SPACES)])
        return [self.made(NETWORKING, "ServiceEntry", "far", self.one(*SPACES, "istio-system"), spec)]

    def destination_rules(self) -> list[Json]:
        found = super().destination_rules()
        for one in found:
            spec = one["spec"]
            if self.maybe(0.3):
                subset: Json = {"name": "v1", "labels": {}}
                if self.maybe(0.7):
                    subset["trafficPolicy"] = {"tls": {"mode": self.one("DISABLE", "ISTIO_MUTUAL", "SIMPLE")}}
                spec["subsets"] = [subset]
                name, _, rest = str(spec["host"]).partition(".")
                self.parted.add((rest.partition(".")[0] or one["metadata"]["namespace"], name))
            if self.maybe(0.2):
                spec["workloadSelector"] = {"matchLabels": self.labels()}
        return found

    def routes(self) -> list[Json]:
        space, name = self.one(*self.pods)
        target: Json = {"host": f"{name}.{space}.svc.cluster.local"}
        if self.maybe(0.6) and (space, name) in self.parted:
            # A subset that no rule makes is no place to send to.
            target["subset"] = "v1"
        route = {"route": [{"destination": target}]}
        spec: Json = {"hosts": [target["host"]], self.one("http", "http", "tcp"): [route]}
        return [self.made(NETWORKING, "VirtualService", "route", space, spec)]

    def service_routes(self) -> list[Json]:
        """Routes of the Gateway API for Services, of their namespace or another."""
        space, name = self.routed = self.one(*self.pods)
        found = []
        for number in range(self.one(1, 1, 2)):
            home = self.one(space, space, space, self.one(*SPACES))
            parent: Json = {"group": "", "kind": "Service", "name": name, "namespace": space}
            if self.maybe(0.3):
                parent["port"] = self.one(80, 80, 9090)
            rules = [self.route_rule(space, name, home) for _ in range(self.one(1, 2, 2))]
            spec: Json = {"parentRefs": [parent], "rules": rules}
            found.append(self.made("gateway.networking.k8s.io/v1", "HTTPRoute", f"route-{number}", home, spec))
        return found

    def route_rule(self, space: str, name: str, home: str) -> Json:
        rule: Json = {}
        if self.maybe(0.7):
            match: Json = {}
            if self.maybe(0.8):
                sort, value = self.one(
                    *(("PathPrefix", one) for one in ("/", "/a", "/a/b", "/c")),
                    *(("Exact", one) for one in ("/a", "/a/b")),
                    ("RegularExpression", "/[a-b].*"),
                )
                match["path"] = {"type": sort, "value": value}
            if self.maybe(0.3):
                match["method"] = self.one("GET", "POST")
            if self.maybe(0.2):
                match["headers"] = [{"name": "x-user", "value": self.one("me", "you")}]
            rule["matches"] = [match]
        if self.maybe(0.1):
            return {**rule, "filters": [{"type": "RequestRedirect", "requestRedirect": {"statusCode": 301}}]}
        port = self.one(80, 80, 9090)
        itself: Json = {"name": name, "namespace": space, "port": port}
        other: Json = {"name": self.one(*NAMES, "nobody"), "port": 80}
        if self.maybe(0.25):
            rule["filters"] = [self.change(rule)]
        rule["backendRefs"] = self.one([itself], [itself], [other], [{**itself, "weight": self.one(0, 1)}, other], [])
        return rule

    def change(self, rule: Json) -> Json:
        """What a rule makes of the requests that it takes."""
        paths = [{"type": "ReplaceFullPath", "replaceFullPath": self.one("/a", "/c/b")}]
        [match] = rule.get("matches", [{}])
        if match.get("path", {}).get("type") == "PathPrefix" and match["path"]["value"] != "/":
            paths.append({"type": "ReplacePrefixMatch", "replacePrefixMatch": self.one("/", "/a", "/x/")})
        if self.maybe(0.5):
            said: Json = {"path": self.one(*paths)} if self.maybe(0.8) else {"hostname": "shop.example"}
            return {"type": "URLRewrite", "urlRewrite": said}
        field = {"name": "x-user", "value": self.one("me", "you")}
        return {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": self.one({"set": [field]}, {"add": [field]}, {"remove": ["x-user"]}),
        }

    def network_rule(self, peers: str) -> Json:
        rule = super().network_rule(peers)
        if self.running and self.maybe(0.2):
            block: Json = {"cidr": self.one("10.0.0.0/30", "10.0.1.0/24", "192.168.0.0/16", "203.0.113.0/24")}
            if self.maybe(0.2):
                block["cidr"], block["except"] = "10.0.0.0/16", ["10.0.0.2/31"]
            rule[peers] = [*rule.get(peers, ()), {"ipBlock": block}]
        if "ports" in rule and self.maybe(0.4):
            rule["ports"] = [
                self.one(
                    {"port": 8000, "endPort": self.one(8079, 8080, 9100), "protocol": "TCP"},
                    {"port": "web", "protocol": "TCP"},
                    {"port": 15000, "endPort": 15010, "protocol": "TCP"},
                    {"port": 8080, "protocol": "UDP"},
                    {"protocol": "TCP"},
                )
            ]
        return rule

    def request_authentications(self) -> list[Json]:
        found = super().request_authentications()
        for one in found:
            rules = one["spec"]["jwtRules"]
            if self.maybe(0.4):
                rules[0]["audiences"] = self.one(["shop"], ["shop", "bank"])
            if self.maybe(0.3):
                rules.append({"issuer": "other", "jwksUri": "https://other.example/keys"})
        return found

    def authorization(self, name: str) -> Json:
        found = super().authorization(name)
        spec = found["spec"]
        if spec["action"] == "DENY" and self.maybe(0.15):
            spec["action"] = "AUDIT"
        if spec["action"] != "CUSTOM" and self.maybe(0.3):
            for rule in spec["rules"]:
                rule.setdefault("when", []).append(self.condition())
        return found

    def condition(self) -> Json:
        space, name = self.one(*self.pods)
        keys: list[Json] = [
            {"key": "request.auth.audiences", "values": ["shop"]},
            {"key": "request.auth.presenter", "values": ["robot"]},
            {"key": "request.auth.claims[realm][role]", "values": ["admin"]},
            {"key": "request.auth.claims[group]", "notValues": ["guest"]},
            {"key": "request.headers[x-user]", "values": ["*"]},
            {"key": "request.headers[x-user]", "notValues": ["*"]},
            {"key": "request.headers[x-user]", "values": ["m*"]},
            {"key": "request.auth.principal", "values": ["issuer/*"]},
            {"key": "source.serviceAccount", "values": [f"{space}/{name}"]},
            {"key": "source.serviceaccount", "values": [f"{space}/{name}"]},
            {"key": "destination.port", "notValues": ["80"]},
        ]
        if self.running:
            keys += [
                {"key": "source.ip", "values": ["10.0.0.0/29"]},
                {"key": "remote.ip", "notValues": ["10.0.0.2"]},
                {"key": "destination.ip", "values": ["10.0.0.0/16"]},
                {"key": "destination.ip", "notValues": ["10.96.0.0/16"]},
            ]
        return self.one(*keys)

    def question(self) -> Json:
        found = super().question()
        found["port"] = self.one(*WIDER_PORTS)
        if self.routed not in (None, found["client"]) and self.maybe(0.5):
            found["server"] = self.routed
        request: dict[str, Any] = found["request"]
        if "claims" in request:
            claims = request["claims"]
            claims |= self.one({}, {"aud": "shop"}, {"aud": ["bank", "shop"]}, {"aud": ["none"]})
            claims |= self.one({}, {"azp": "robot"}, {"realm": {"role": ["user", "admin"]}}, {"group": ["guest", "b"]})
        if self.maybe(0.1):
            found["way"] = "outside"
            found["port"] = self.one(443, 80)
        elif self.maybe(0.08):
            found["way"] = "udp"
        if self.running and not self.ways and self.maybe(0.3):
            sent = self.one("10.0.0.2", "10.0.0.9, 10.0.0.2", "10.0.0.2, 10.0.0.9", "10.0.0.2, nobody")
            request["headers"] = {**request.get("headers", {}), "x-forwarded-for": sent}
        return found


__all__ = ["NAMES", "OUTSIDE", "SECURITY", "Wider"]
