"""Questions about requests over a mesh, as people and programs ask them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: shop, labels: {app: orders}}
spec: {serviceAccountName: orders, containers: [{name: main, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: main, image: x}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules: [{issuer: "https://idp.example", audiences: [shop]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
      to: [{operation: {methods: [GET], paths: ["/orders*"]}}]
    - from: [{source: {requestPrincipals: ["https://idp.example/alice"]}}]
      when:
        - {key: "request.auth.claims[groups]", values: [admins]}
        - {key: "request.headers[x-env]", values: ["pro*"]}
    - to: [{operation: {hosts: ["admin.example"]}}]
    - when: [{key: "request.headers[x-role]", values: ["reader,writer"]}]
"""
ALICE = {"iss": "https://idp.example", "sub": "alice", "aud": ["shop"], "groups": ["staff", "admins"]}


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER)
    return str(file)


def answered(ringfence: Run, cluster: str, tmp_path: Path, *questions: dict[str, Any]) -> list[dict[str, Any]]:
    asked = tmp_path / "questions.jsonl"
    lines = ({"src": "shop/web", "dst": "shop/orders", "port": 8080} | question for question in questions)
    asked.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    out = ringfence("can", "--flows", str(asked), "-f", cluster).out
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("asked", "verdict", "symptom"),
    [
        ({"method": "GET", "path": "/orders/7"}, "allowed", "none"),
        ({"method": "GET", "path": "/orders/7?next=/admin#top"}, "allowed", "none"),
        ({"method": "POST", "path": "/orders"}, "denied", "http-403"),
        ({"path": "/", "jwt": ALICE, "headers": {"X-Env": "prod"}}, "allowed", "none"),
        ({"path": "/", "jwt": ALICE}, "denied", "http-403"),
        ({"path": "/", "jwt": {**ALICE, "groups": ["staff"]}, "headers": {"x-env": "prod"}}, "denied", "http-403"),
        ({"path": "/", "jwt": {**ALICE, "aud": "other"}, "headers": {"x-env": "prod"}}, "denied", "http-403"),
        ({"path": "/", "jwt": {**ALICE, "iss": "other"}, "headers": {"x-env": "prod"}}, "denied", "http-401"),
        ({"path": "/", "jwt": None, "headers": None}, "denied", "http-403"),
        ({"path": "/", "host": "admin.example"}, "allowed", "none"),
        ({"path": "/", "headers": {"Host": "admin.example"}}, "allowed", "none"),
        ({"path": "/", "host": "admin.example", "headers": {"host": "admin.example"}}, "allowed", "none"),
        ({"path": "/", "headers": {"Host": "other.example"}}, "denied", "http-403"),
        ({"path": "/", "headers": {"x-role": "reader,writer"}}, "allowed", "none"),
        ({"path": "/", "headers": {"x-role": "reader", "X-Role": "writer"}}, "unknown", "none"),
        ({"path": "/", "headers": {"x-role": ["reader", "writer"]}}, "unknown", "none"),
        ({"path": "/", "headers": {"x-role": ["reader", "other"]}}, "denied", "http-403"),
        ({"path": "/", "headers": {"x-role": "reader"}}, "denied", "http-403"),
        ({"path": "/orders", "as": "spiffe://cluster.local/ns/shop/sa/other"}, "denied", "http-403"),
        ({"path": "/orders", "as": "cluster.local/ns/shop/sa/web"}, "allowed", "none"),
        ({}, "mixed", "none"),
    ],
)
def test_lines_ask_about_requests(
    ringfence: Run, cluster: str, tmp_path: Path, asked: dict[str, Any], verdict: str, symptom: str
) -> None:
    (line,) = answered(ringfence, cluster, tmp_path, {**asked, "id": 7})
    assert (line["verdict"], line["symptom"], line["id"]) == (verdict, symptom, 7)
    # A host that is no Service's is sent as it is.
    host = asked.get("host") or (asked.get("headers") or {}).get("Host")
    assert line["encryption"] == ("none" if host else "mtls")
    assert [layer["layer"] for layer in line["layers"]] == ["network", "transport", "requests"]
    (hop,) = line["hops"]
    assert (hop["source"], hop["port"], hop["identity"]) == ("shop/web", 8080, line["identity"])


def test_a_line_that_is_no_request_says_so_and_the_rest_is_answered(
    ringfence: Run, cluster: str, tmp_path: Path
) -> None:
    bad, good = answered(ringfence, cluster, tmp_path, {"jwt": [1]}, {"path": "/orders"})
    assert (bad["verdict"], bad["error"]) == (None, 'jwt is no object (such as {"name": "value"})')
    assert good["verdict"] == "allowed"


@pytest.mark.parametrize(
    "asked",
    [
        {"headers": {"host": "a b"}},
        {"headers": {"host": ""}},
        {"host": "one.example", "headers": {"host": "other.example"}},
        {"headers": {"x-env": "prod\nx-role: admin"}},
        {"as": " cluster.local/ns/shop/sa/web"},
    ],
)
def test_requests_that_cannot_be_are_refused(
    ringfence: Run, cluster: str, tmp_path: Path, asked: dict[str, Any]
) -> None:
    (line,) = answered(ringfence, cluster, tmp_path, {"path": "/orders", **asked})
    assert line["verdict"] is None
    assert "host" in line["error"] or "one line" in line["error"] or "identity" in line["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("--http", "GET /orders"), 0, "allowed"),
        (("--http", "/orders"), 0, "allowed"),
        (("--http", "POST /orders"), 1, "denied"),
        (("--http", "GET /", "--jwt", "iss=https://idp.example", "--jwt", "sub=alice", "--jwt", "aud=shop",
          "--jwt", "groups=staff", "--jwt", "groups=admins", "--header", "x-env: prod"), 0, "allowed"),
        (("--header", "Host: admin.example"), 0, "allowed"),
        (("--header", "x-role: reader", "--header", "X-Role: writer", "--istio-version", "1.28.4"), 0, "allowed"),
        (("--header", "x-role: reader", "--header", "X-Role: writer", "--istio-version", "1.30.0"), 1, "denied"),
        (("--header", "x-role: writer"), 1, "denied"),
        ((), 1, "mixed"),
    ],
)  # fmt: skip
def test_options_ask_about_a_request(
    ringfence: Run, cluster: str, arguments: tuple[str, ...], code: int, word: str
) -> None:
    done = ringfence("can", "shop/web", "shop/service/orders", "80", *arguments, "-f", cluster)
    assert (done.code, done.out.splitlines()[0]) == (code, word)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--http", "GET orders"),
        ("--http", "GE T /orders"),
        ("--header", "nothing"),
        ("--jwt", "nothing"),
        ("--host", "a b"),
        ("--host", "one.example", "--header", "host: other.example"),
        ("--istio-version", "latest"),
        ("--istio-version", ""),
        ("--mesh-config", "nowhere.yaml"),
    ],
)
def test_what_is_no_request_is_a_usage_error(ringfence: Run, cluster: str, arguments: tuple[str, ...]) -> None:
    done = ringfence("can", "shop/web", "shop/orders", "8080", *arguments, "-f", cluster)
    assert (done.code, done.out) == (2, "")
    assert "rror" in done.err


def test_an_explanation_shows_every_layer_and_what_the_client_sees(ringfence: Run, cluster: str) -> None:
    out = ringfence("explain", "shop/web", "shop/orders", "8080", "--http", "POST /orders", "-f", cluster).out
    assert "requests  denied  AuthorizationPolicy shop/orders allows requests, and none of its rules this one" in out
    assert "over mtls as spiffe://cluster.local/ns/shop/sa/web: denied" in out
    assert "the client sees: HTTP 403, body: RBAC: access denied" in out


def test_a_mesh_config_that_stands_beside_and_is_not_taken(ringfence: Run, cluster: str, tmp_path: Path) -> None:
    operator = tmp_path / "operator.yaml"
    operator.write_text(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: main, namespace: istio-system}\n"
        "spec: {meshConfig: {trustDomain: other.example}}\n"
    )
    asked = ("can", "shop/web", "shop/orders", "8080", "-f", cluster, "-f", str(operator))
    hint = f"IstioOperator main may hold a mesh config, which istiod is not shown to have: --mesh-config {operator}"
    assert hint in ringfence(*asked).err
    assert "may hold a mesh config" not in ringfence(*asked, "--mesh-config", str(operator)).err


@pytest.mark.parametrize(
    "text",
    [
        "trustDomain: other.example\n",
        "kind: IstioOperator\nspec: {meshConfig: {trustDomain: other.example}}\n",
        "kind: ConfigMap\ndata: {mesh: 'trustDomain: other.example'}\n",
    ],
)
def test_another_trust_domain_is_another_identity(ringfence: Run, cluster: str, tmp_path: Path, text: str) -> None:
    config = tmp_path / "mesh.yaml"
    config.write_text(text)
    asked = ("can", "shop/web", "shop/orders", "8080", "--http", "GET /orders", "-f", cluster, "-o", "json")
    told = json.loads(ringfence(*asked, "--mesh-config", str(config)).out)
    assert told["layered"]["identity"] == "spiffe://other.example/ns/shop/sa/web"
