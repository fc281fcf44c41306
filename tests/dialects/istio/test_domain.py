"""The domain of the cluster in the hosts of objects."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.dialects.istio.domain import rewritten
from ringfence.loading import load_objects
from ringfence.sources.snapshot_contents import as_kept

OWN = "corp.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("api", "api"),
        ("*", "*"),
        ("api.shop.svc.corp.example", "api.shop.svc.cluster.local"),
        ("*.shop.svc.corp.example", "*.shop.svc.cluster.local"),
        ("*.corp.example", "*.svc.cluster.local"),
        ("*.svc.corp.example", "*.svc.cluster.local"),
        ("*example", "*.svc.cluster.local"),
        ("api.shop.svc.cluster.local", "api.shop.svc.cluster.local."),
        ("*.local", "*.local."),
        ("*.cluster.local", "*.cluster.local."),
        ("www.example.org", "www.example.org"),
        ("*.example.org", "*.example.org"),
        ("api.corp.example", "api.corp.example"),
    ],
)
def test_hosts_as_they_would_be_in_the_usual_domain(host: str, expected: str) -> None:
    assert rewritten(host, OWN) == expected


def istiod(*args: str) -> dict[str, Any]:
    containers = [{"name": "discovery", "image": "istio/pilot:1.27.1", "args": ["discovery", *args]}]
    template = {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": {"app": "istiod"}}, "template": template}
    metadata = {"name": "istiod", "namespace": "istio-system"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def injector(values: str) -> dict[str, Any]:
    metadata = {"name": "istio-sidecar-injector", "namespace": "istio-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"values": values}}


RULE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "rule", "namespace": "shop"},
    "spec": {"host": "api.shop.svc.corp.example"},
}


@pytest.mark.parametrize(
    ("given", "strange"),
    [
        (istiod("--domain", OWN), False),
        (istiod(f"--domain={OWN}", "--x"), False),
        (istiod(), True),
        (istiod("--domain", "not a domain"), True),
        (istiod("--domain"), True),
        (injector('{"global": {"proxy": {"clusterDomain": "corp.example"}}}'), False),
        (injector('{"global": {"proxy": {"clusterDomain": 7}}}'), True),
    ],
)
def test_who_tells_the_domain(given: dict[str, Any], strange: bool) -> None:
    world = load_objects([given, RULE])
    assert any("api.shop.svc.corp.example" in one for one in world.mesh_notices) is strange
    kept = [dict(one.data) for one in as_kept(world.given.settled().reading.manifests)]
    again = load_objects(kept)
    assert any("api.shop.svc.corp.example" in one for one in again.mesh_notices) is strange
