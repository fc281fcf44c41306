"""Engine and oracle on meshes whose policies ask for the name of a server in TLS."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.answers import Verdict
from tests.properties.meshes import Draw
from tests.properties.test_mesh_against_oracle import compare
from tests.properties.wider_meshes import SECURITY

Json = dict[str, Any]
ROUTES = ("VirtualService", "HTTPRoute", "GRPCRoute")


class Named(Draw):
    """Without routes: where there are some, the name is not known."""

    def cluster(self) -> list[Json]:
        objects = [one for one in super().cluster() if one["kind"] not in ROUTES]
        services = [one for one in objects if one["kind"] == "Service"]
        for one in objects:
            tls = (one.get("spec", {}).get("trafficPolicy") or {}).get("tls") if "spec" in one else None
            if one["kind"] == "DestinationRule" and tls and self.maybe(0.6):
                tls["sni"] = "named.example"
        spaces = sorted({"istio-system", *(one["metadata"]["namespace"] for one in services)})
        for index, space in enumerate(spaces):
            if not self.maybe(0.7):
                continue
            key = self.one("values", "values", "notValues")
            rule = {"when": [{"key": "connection.sni", key: [self.name(services)]}]}
            spec = {"action": self.one("ALLOW", "DENY"), "rules": [rule]}
            objects.append(self.made(SECURITY, "AuthorizationPolicy", f"names-{index}", space, spec))
        return objects

    def name(self, services: list[Json]) -> str:
        """A name, or a part of one."""
        if not services or self.maybe(0.3):
            return self.one("*", "named.example", "outbound_*", "*.local")
        one = self.one(*services)["metadata"]
        return f"outbound_.{self.one(80, 8080, 9090)}_._.{one['name']}.{one['namespace']}.svc.cluster.local"

    def question(self) -> Json:
        found = super().question()
        found["request"].pop("host", None)
        return found


@pytest.mark.parametrize("first", range(0, 300, 25))
def test_they_agree(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed, Named)] == []


@pytest.mark.parametrize("seed", range(12))
def test_lists_say_the_same(seed: int) -> None:
    made = load_objects(Named(seed).cluster(), istio_version="1.29", assume_no_labels=True)
    rows = made.connections().rows
    texts = made.lister.workloads.texts
    for source, destination, port in product(texts, texts, (80, 8080, 9090)):
        if source == destination:
            continue
        told = made.can(source, destination, port).verdict
        found = {
            row.verdict
            for row in rows
            if source in row.sources
            and destination in row.destinations
            and any(first <= port <= last for first, last in row.ports)
        }
        assert found == (set() if told is Verdict.DENIED else {told}), (source, destination, port)
