"""Random policies on a small mesh, and requests near what they name, so that both often meet."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
SERVER, HTTP_PORTS, TCP_PORT = "10.9.0.1", (8080, 8081), 9000
DOMAINS = ("cluster.local", "old.example")
CLIENTS = {"foo/web": "10.1.0.1", "bar/web": "10.1.0.2", "bar/api": "10.2.0.5", "plain/web": "10.3.0.1"}
MODES = ("NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES")
ISSUERS: tuple[Json, ...] = (
    {"issuer": "iss", "jwksUri": "https://iss.example/keys"},
    {"issuer": "other", "audiences": ["shop", "bank"], "jwksUri": "https://other.example/keys"},
)
NAMES = {
    "principals": (
        *("cluster.local/ns/foo/sa/web", "cluster.local/ns/bar/sa/*", "*/ns/bar/sa/api", "old.example/ns/foo/sa/web"),
        *(
            "*",
            "cluster.local/*",
            "*.example/ns/foo/sa/web",
            "*-x",
            "other/ns/foo/sa/web",
            "*/web",
            "cluster.local*",
            "o*/ns/bar/sa/web.v1",
        ),
    ),
    "namespaces": ("foo", "ba*", "*r", "*", "f*o", "*-x", "b*-x"),
    "serviceAccounts": ("web", "bar/api", "foo/web", "bar/web.v1"),
    "ipBlocks": ("10.1.0.0/16", "10.1.0.2", "10.2.0.0/15", "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"),
    "remoteIpBlocks": ("10.1.0.1", "10.2.0.0/16", "10.1.0.3/31", "0.0.0.0/0", "::/0"),
    "requestPrincipals": ("iss/sub", "iss/*", "*", "*/sub", "is*", "*ub", "iss", "*ss/sub", "iss/s*", "*/", "/sub"),
    "ports": ("8080", "8081", "08081", "9000", "80"),
    "methods": ("GET", "P*", "*T", "*", "get", "OPTIONS", "HEAD"),
    "hosts": ("Shop.test", "shop.test:8000", "shop*", "*.TEST", "*:8000", "*", "httpbin.foo", "httpbin.foo:*", "[::1]"),
    "paths": (
        *("/", "/a", "/a/", "/a*", "*/b", "*", "/a/b", "/a//b", "/a%2Fb", "/a;v=1", "/A", "*.json", "/a/b?x=1", "*x=1"),
        *(
            "/a/{*}",
            "/{**}",
            "/{*}/b",
            "/a/{**}",
            "/{**}/b",
            "/a/{*}/c",
            "/{*}",
            "/x/{*}/{**}",
            "/{**}/c.json",
            "/a{**",
        ),
    ),
}
CONDITIONS: dict[str, tuple[str, ...]] = {
    "request.headers[X-User]": ("anna", "an*", "*na", "*", "anna,bob", "bob", "a b"),
    "request.headers[authorization]": ("*", "Bearer*", "x"),
    "request.headers[x-empty]": ("*", "x", "*x"),
    "request.headers[cookie]": ("a=1", "*", "a=1; b=2", "*b=2", "a=1,b=2"),
    "request.headers[:authority]": ("shop.test", "Shop*", "*:8000", "*"),
    "request.headers[host]": ("shop.test", "*"),
    "request.headers[Host]": ("SHOP.test", "*test"),
    "request.headers[:method]": ("GET", "*"),
    "request.headers[x-request-id]": ("*", "a*"),
    "request.headers[x-forwarded-proto]": ("https", "http", "*"),
    "request.headers[x-forwarded-client-cert]": ("*",),
    "request.headers[x-forwarded-for]": ("*", "10.1.0.1"),
    "request.headers[x-envoy-internal]": ("*", "true"),
    "request.headers": ("x",),
    "request.auth.principal": NAMES["requestPrincipals"],
    "request.auth.audiences": ("shop", "b*", "*", "*p"),
    "request.auth.presenter": ("robot", "*", "r*"),
    "request.auth.claims[groups]": ("admin", "dev*", "*ops", "*", "a b"),
    "request.auth.claims[realm][role]": ("admin", "*", "a*"),
    "request.auth.claims[scope]": ("read", "read write", "wr*", "*"),
    "request.auth.claims[level]": ("3", "*", "true"),
    "request.auth.claims[sub]": ("sub", "*"),
    "request.auth.claims[iss]": ("iss", "*"),
    "request.auth.claims": ("x", "*"),
    "request.auth.claims[a[b]]": ("x", "*"),
    "request.auth.claims[a]b": ("x",),
    "source.ip": NAMES["ipBlocks"],
    "remote.ip": NAMES["remoteIpBlocks"],
    "source.namespace": NAMES["namespaces"],
    "source.principal": NAMES["principals"],
    "source.serviceAccount": NAMES["serviceAccounts"],
    "destination.ip": ("10.9.0.0/16", "10.9.0.2", "10.9.0.1/32"),
    "destination.port": NAMES["ports"],
    "source.serviceaccount": ("foo/web",),
    "request.method": ("GET",),
}
SOURCE = ("principals", "namespaces", "serviceAccounts", "ipBlocks", "remoteIpBlocks", "requestPrincipals")
OPERATION = ("ports", "methods", "hosts", "paths")


def negated(name: str) -> str:
    return f"not{name[0].upper()}{name[1:]}"


@dataclass(frozen=True)
class Asked:
    """One question. ``headers`` in their order, also of one name."""

    client: str
    identity: str = ""
    port: int = 8080
    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    claims: Json | None = field(default=None, hash=False)


class Drawn:
    """Policies, and what is asked of them, from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.mode = self.one(*MODES)
        self.issuers = self.one((), ISSUERS[:1], ISSUERS[:1], ISSUERS, ISSUERS)
        self.policies = [self.policy(number) for number in range(self.one(1, 1, 2, 2, 3))]

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, values: Sequence[str]) -> list[str]:
        return self.random.sample(values, min(len(values), self.one(1, 1, 2, 3)))

    def fields(self, names: Sequence[str]) -> Json:
        found: Json = {}
        for name in self.random.sample(names, self.one(1, 1, 2)):
            for key in self.one((name,), (name,), (negated(name),), (name, negated(name))):
                found[key] = self.some(NAMES[name])
        if "serviceAccounts" in found and self.maybe(0.9):
            for name in ("principals", "namespaces", "notPrincipals", "notNamespaces"):
                found.pop(name, None)
        return found

    def condition(self) -> Json:
        key = self.one(*CONDITIONS)
        kinds = self.one(("values",), ("values",), ("notValues",), ("values", "notValues"))
        return {"key": key, **{kind: self.some(CONDITIONS[key]) for kind in kinds}}

    def rule(self) -> Json:
        found: Json = {}
        if self.maybe(0.5):
            found["from"] = [{"source": self.fields(SOURCE)} for _ in range(self.one(1, 1, 2))]
        if self.maybe(0.6):
            found["to"] = [{"operation": self.fields(OPERATION)} for _ in range(self.one(1, 1, 2))]
        if self.maybe(0.4) or not found:
            found["when"] = [self.condition() for _ in range(self.one(1, 1, 2))]
        return found

    def policy(self, number: int) -> Json:
        action = self.one("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "AUDIT")
        rules = [self.rule() for _ in range(self.one(1, 1, 2, 3))]
        metadata: Json = {"name": f"p{number}", "namespace": "foo"}
        if self.maybe(0.05):
            metadata["annotations"] = {"istio.io/dry-run": "true"}
        spec: Json = {"rules": rules, "action": action}
        version = "security.istio.io/v1"
        return {"apiVersion": version, "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}

    def objects(self) -> list[Json]:
        """The cluster: clients with and without a sidecar, one server, and the policies."""
        found: list[Json] = []
        for space in ("foo", "bar", "plain", "istio-system"):
            labels = {"istio-injection": "disabled" if space == "plain" else "enabled"}
            found.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels}})
        for full, address in {**CLIENTS, "foo/httpbin": SERVER}.items():
            found.append(_pod(*full.split("/"), address))
        ports = [
            *({"name": f"http-{port}", "port": port - 80, "targetPort": port} for port in HTTP_PORTS),
            {"name": "tcp-any", "port": TCP_PORT, "targetPort": TCP_PORT},
        ]
        spec = {"selector": {"app": "httpbin"}, "ports": ports, "clusterIP": "10.96.0.10"}
        metadata = {"name": "httpbin", "namespace": "foo"}
        found.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        mesh = f"trustDomainAliases: [{DOMAINS[1]}]\npathNormalization: {{normalization: {self.mode}}}\n"
        metadata = {"name": "istio", "namespace": "istio-system"}
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": mesh}})
        if self.issuers:
            version, kind = "security.istio.io/v1", "RequestAuthentication"
            metadata = {"name": "tokens", "namespace": "foo"}
            spec = {"jwtRules": list(self.issuers)}
            found.append({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
        return [*found, *self.policies]

    def asked(self, port: int) -> Asked:
        """A request to a port, most of it made of words of the policies."""
        client = self.one(*CLIENTS)
        identity = self.one("", "", "cluster.local/ns/foo-x/sa/web", "cluster.local/ns/bar-x/sa/y-x")
        identity = self.one(identity, "old.example/ns/foo/sa/web", "cluster.local/ns/bar/sa/web.v1")
        if client == "plain/web":
            identity = ""
        if port == TCP_PORT:
            return Asked(client, identity, port)
        headers = [
            *self.headers("x-user", "request.headers[X-User]"),
            *self.headers("x-empty", "request.headers[x-empty]"),
        ]
        headers += self.headers("Cookie", "request.headers[cookie]")
        if self.maybe(0.08):
            headers += self.headers("X-Request-Id", "request.headers[x-request-id]")
        method = self.one("GET", "GET", "POST", "PUT", "OPTIONS", "HEAD", "get", "PURGE")
        if self.maybe(0.05):
            method = "OPTIONS"
            headers += [("Origin", "https://a.test"), ("Access-Control-Request-Method", "GET")]
        return Asked(client, identity, port, method, self.path(), self.host(), tuple(headers), self.claims())

    def word(self, field: str) -> str:
        """Near a value of a field: as it is, with stars filled, cut or longer."""
        values = (NAMES | CONDITIONS)[field]
        mine = [
            value
            for policy in self.policies
            for rule in policy["spec"]["rules"]
            for part in (*rule.get("to", ()), *rule.get("from", ()), *rule.get("when", ()))
            for fields in (part, *part.values())
            if isinstance(fields, dict) and (fields is not part or fields.get("key") == field)
            for name in (field, negated(field), "values", "notValues")
            for value in fields.get(name, ())
        ]
        text: str = self.one(*(mine or values), *values[:3])
        for star in ("{**}", "{*}", "*"):
            while star in text:
                text = text.replace(star, self.one("", "x", "a", "b", "x/y" if "/" in text else "xy"), 1)
        return self.one(text, text, text, text + self.one("x", "/", ""), text[:-1], text.swapcase())

    def path(self) -> str:
        if self.maybe(0.3):
            pieces = (
                "/",
                "/",
                "//",
                "a",
                "b",
                "c",
                "%2F",
                "%2f",
                "%5C",
                "%41",
                "..",
                ".",
                ";v=1",
                "a{",
                "[",
                "é"[:0],
                "|",
            )
            path = "/" + "".join(self.one(*pieces) for _ in range(self.one(1, 2, 3, 4, 5)))
        else:
            path = self.word("paths")
        path = path if path.startswith("/") else f"/{path}"
        return path + self.one("", "", "", "", "?x=1", "?", "?a=/b", "/?q")

    def host(self) -> str:
        if self.maybe(0.2):
            return ""
        return self.word("hosts") or "a"

    def headers(self, name: str, key: str) -> list[tuple[str, str]]:
        """The header not at all, once or twice."""
        written = (name, name.swapcase())
        return [(written[number], self.word(key)) for number in range(self.one(0, 0, 1, 1, 1, 2))]

    def claims(self) -> Json | None:
        if self.maybe(0.4):
            return None
        found: Json = {"iss": self.one("iss", "iss", "iss", "other", "nobody")}
        optional: Json = {
            "sub": self.one("sub", "x", "", "s"),
            "aud": self.one("shop", ["bank", "x"], ["x"], [], "x"),
            "azp": self.one("robot", "r", "", ["robot"]),
            "groups": self.one("admin", ["dev-1", "x"], [], "", ["ops"], "a b", {"admin": "x"}, [3, "admin"]),
            "realm": self.one({"role": "admin"}, {"role": ["a", "b"]}, {}, "admin", {"other": "admin"}),
            "scope": self.one("read", "read write", ["read write"], " write", ""),
            "a[b]": self.one("x", "y"),
            "level": self.one(3, True, "3", None, 3.5),
        }
        for name, value in optional.items():
            if self.maybe(0.6):
                found[name] = value
        return found


def _pod(space: str, name: str, address: str) -> Json:
    containers: list[Json] = [
        {"name": "main", "image": "app", "ports": [{"containerPort": port} for port in HTTP_PORTS]}
    ]
    metadata: Json = {"name": name, "namespace": space, "labels": {"app": name}}
    if space != "plain":
        containers.append({"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.30.0"})
        metadata["annotations"] = {"sidecar.istio.io/status": '{"containers":["istio-proxy"]}'}
        metadata["labels"] |= {"security.istio.io/tlsMode": "istio"}
    spec = {"serviceAccountName": name, "containers": containers}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"podIP": address}}


__all__ = ["CLIENTS", "DOMAINS", "HTTP_PORTS", "SERVER", "TCP_PORT", "Asked", "Drawn"]
