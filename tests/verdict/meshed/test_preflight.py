"""A browser's question before another request: proxies do not look at its token (bypass_cors_preflight)."""

from __future__ import annotations

from typing import Any

import pytest

import ringfence
from ringfence.loading import load_objects
from ringfence.world import World

ISTIO = "security.istio.io/v1"
HEADERS = {"origin": "https://a.example", "access-control-request-method": "GET"}


def deployment(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def world() -> World:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    rules = [
        {"from": [{"source": {"requestPrincipals": ["*"]}}]},
        {"to": [{"operation": {"methods": ["OPTIONS"], "paths": ["/open"]}}]},
    ]
    return load_objects(
        [
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}},
            },
            deployment("web"),
            deployment("api"),
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "api", "namespace": "shop"},
                "spec": {"selector": {"app": "api"}, "ports": ports},
            },
            {
                "apiVersion": ISTIO,
                "kind": "RequestAuthentication",
                "metadata": {"name": "tokens", "namespace": "shop"},
                "spec": {"jwtRules": [{"issuer": "https://us.example", "jwks": "{}"}]},
            },
            {
                "apiVersion": ISTIO,
                "kind": "AuthorizationPolicy",
                "metadata": {"name": "tokens", "namespace": "shop"},
                "spec": {"selector": {"matchLabels": {"app": "api"}}, "rules": rules},
            },
        ]
    )


@pytest.mark.parametrize(
    ("method", "path", "headers", "issuer", "expected", "symptom"),
    [
        ("OPTIONS", "/open", HEADERS, "https://others.example", "allowed", "none"),
        ("OPTIONS", "/open", {}, "https://others.example", "denied", "http-401"),
        ("OPTIONS", "/open", {**HEADERS, "origin": ""}, "https://others.example", "denied", "http-401"),
        ("GET", "/open", HEADERS, "https://others.example", "denied", "http-401"),
        ("GET", "/", {}, "https://us.example", "allowed", "none"),
        ("OPTIONS", "/", {}, "https://us.example", "allowed", "none"),
        # Its token is not looked at, so it is nobody's.
        ("OPTIONS", "/", HEADERS, "https://us.example", "denied", "http-403"),
    ],
)
def test_a_preflight_has_no_token(
    world: World, method: str, path: str, headers: dict[str, str], issuer: str, expected: str, symptom: str
) -> None:
    asked = ringfence.request(method, path, headers=headers, claims={"iss": issuer, "sub": "me"})
    answer = world.can("shop/web", "shop/api", 8080, request=asked)
    assert answer.layered is not None
    assert (answer.verdict.value, answer.layered.symptom) == (expected, symptom)
