"""OpenShift Service Mesh 2: who is in the mesh is not known, but of pods that run."""

from __future__ import annotations

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, running, workload

STRICT = an("PeerAuthentication", "shop/default", {"mtls": {"mode": "STRICT"}})
PROXY = {"containers": [{"name": "main"}, {"name": "istio-proxy"}]}


def roll(kind: str = "ServiceMeshMemberRoll", version: str = "maistra.io/v1") -> str:
    made = {"apiVersion": version, "kind": kind, "metadata": {"name": "default", "namespace": "istio-system"}}
    return "---\n" + yaml.safe_dump({**made, "spec": {"members": ["shop"]}})


def world(*parts: str) -> World:
    text = "".join((namespace("shop"), namespace("bare"), *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("ServiceMeshMemberRoll", "maistra.io/v1"),
        ("ServiceMeshMember", "maistra.io/v1"),
        ("ServiceMeshControlPlane", "maistra.io/v2"),
    ],
)
@pytest.mark.parametrize("strict", ["", STRICT])
def test_whether_a_template_is_in_the_mesh_is_not_known(kind: str, version: str, strict: str) -> None:
    annotated = {"sidecar.istio.io/inject": "true"}
    asked = world(workload("shop/web", annotations=annotated), workload("bare/web"), roll(kind, version), strict)
    found = asked.can("bare/web", "shop/web", 8080)
    assert found.verdict is Verdict.UNKNOWN
    assert f"{kind} istio-system/default" in found.reason.message


def test_nothing_else_makes_it_unknown() -> None:
    asked = world(workload("shop/web"), workload("bare/web"), STRICT)
    assert asked.can("bare/web", "shop/web", 80).verdict is Verdict.ALLOWED


def test_a_pod_that_runs_is_what_it_shows() -> None:
    pods = running("shop/web", **PROXY), running("bare/curl"), running("shop/plain")
    asked = world(*pods, roll(), STRICT)
    assert asked.can("bare/curl", "shop/web", 8080).verdict is Verdict.DENIED
    assert asked.can("bare/curl", "shop/plain", 8080).verdict is Verdict.ALLOWED


def test_a_proxy_in_the_template_is_there() -> None:
    asked = world(workload("shop/web", **PROXY), running("bare/curl"), roll(), STRICT)
    assert asked.can("bare/curl", "shop/web", 8080).verdict is Verdict.DENIED


def test_what_the_network_denies_stays_denied() -> None:
    locked = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: none, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    asked = world(workload("shop/web"), workload("bare/web"), roll(), locked)
    assert asked.can("bare/web", "shop/web", 8080).verdict is Verdict.DENIED


def test_lists_say_the_same() -> None:
    asked = world(workload("shop/web"), workload("bare/web"), roll())
    rows = asked.connections(source="bare/web", destination="shop/web").rows
    assert {row.verdict for row in rows if any(first <= 8080 <= last for first, last in row.ports)} == {Verdict.UNKNOWN}
