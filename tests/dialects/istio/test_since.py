"""Fields that a release does not know yet leave open what a policy says there."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.loading import load_objects


def policy(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "shop"}
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}


def deployment(name: str) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"serviceAccountName": name, "containers": [{"name": "main"}]},
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}},
    deployment("web"),
    deployment("api"),
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    },
]
ACCOUNTS = policy(rules=[{"from": [{"source": {"serviceAccounts": ["web"]}}]}])
TEMPLATES = policy(rules=[{"from": [{}], "to": [{"operation": {"paths": ["/{*}"]}}]}])
PLAIN = policy(rules=[{"to": [{"operation": {"paths": ["*"]}}]}])
TARGETS = policy(targetRefs=[{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "w"}], rules=[])


@pytest.mark.parametrize(
    ("given", "version", "expected"),
    [
        (ACCOUNTS, "1.24.6", "unknown"),
        (ACCOUNTS, "1.25", "allowed"),
        (ACCOUNTS, "", "allowed"),
        (TEMPLATES, "1.21.9", "unknown"),
        (TEMPLATES, "1.22.0", "mixed"),
        (PLAIN, "1.10", "allowed"),
        (TARGETS, "1.20.0", "unknown"),
        (TARGETS, "1.22.0", "allowed"),
    ],
)
def test_what_a_release_does_not_know(given: dict[str, Any], version: str, expected: str) -> None:
    answer = load_objects([*OBJECTS, given], istio_version=version or None).can("shop/web", "shop/api", 8080)
    assert answer.verdict.value == expected
    if expected == "unknown":
        assert f"Istio {version}" in answer.reason.message
