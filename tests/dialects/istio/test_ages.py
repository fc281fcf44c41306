"""Which of several objects may be the oldest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ringfence.dialects.istio.ages import oldest
from ringfence.dialects.istio.objects import Named
from ringfence.loading import load_objects
from ringfence.model.provenance import Place


@dataclass(frozen=True)
class One:
    named: Named


def one(name: str, created: str = "") -> One:
    return One(Named("PeerAuthentication", "shop", name, Place("x"), created))


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], []),
        ([one("a")], ["a"]),
        ([one("b"), one("a")], ["a", "b"]),
        ([one("a", "2026-02"), one("b", "2026-01")], ["b"]),
        ([one("b", "2026-01"), one("a", "2026-01")], ["a"]),
        ([one("a", "2026-02"), one("b", "2026-01"), one("c")], ["b", "c"]),
    ],
)
def test_the_oldest(objects: list[One], expected: list[str]) -> None:
    assert [each.named.name for each in oldest(objects)] == expected


def peer_authentication(name: str, mode: str, created: str = "") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", **({"creationTimestamp": created} if created else {})}
    spec = {"mtls": {"mode": mode}}
    return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": metadata, "spec": spec}


def deployment(name: str, namespace: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("modes", "verdict", "code"),
    [
        ([("a", "STRICT", ""), ("b", "DISABLE", "")], "unknown", "ambiguous-age"),
        ([("a", "STRICT", ""), ("b", "STRICT", "")], "denied", "transport"),
        ([("a", "STRICT", "2026-01-01T00:00:00Z"), ("b", "DISABLE", "2026-01-02T00:00:00Z")], "denied", "transport"),
        (
            [("a", "STRICT", "2026-01-01T00:00:00Z"), ("b", "DISABLE", "2026-01-02T00:00:00Z"), ("c", "STRICT", "")],
            "denied",
            "transport",
        ),
    ],
)
def test_two_policies_without_ages_are_ambiguous(modes: list[tuple[str, str, str]], verdict: str, code: str) -> None:
    labels = {"istio-injection": "enabled"}
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}},
    ]
    objects = [peer_authentication(*each) for each in modes]
    world = load_objects([*spaces, deployment("api", "shop"), deployment("cron", "bare"), *objects])
    answer = world.can("bare/cron", "shop/api", 8080)
    assert (answer.verdict.value, answer.reason.code) == (verdict, code)
