"""Random meshes with machines outside of the cluster."""

from __future__ import annotations

from tests.properties.meshes import NAMES, NETWORKING, SPACES, Json
from tests.properties.wider_meshes import Wider


class Machines(Wider):
    """A cluster drawn from a seed, with WorkloadEntries. ``machines``: their namespaces and names."""

    def cluster(self) -> list[Json]:
        found = super().cluster()
        entries = [self.entry(number) for number in range(self.one(1, 1, 2))]
        self.machines = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in entries]
        found += self.serving() if self.maybe(0.25) else []
        return [*found, *entries]

    def entry(self, number: int) -> Json:
        labels: Json = {"app": self.one(*NAMES), "tier": self.one("front", "back")}
        if self.maybe(0.2):
            labels["security.istio.io/tlsMode"] = self.one("istio", "disabled")
        spec: Json = {"address": self.one("203.0.113.7", "192.168.7.7")[:-1] + str(7 + number), "labels": labels}
        if self.maybe(0.75):
            spec["serviceAccount"] = self.one(*NAMES, "shared", "shared")
        if self.maybe(0.4):
            spec["ports"] = self.random.sample(({"http-y": 8080}, {"tcp": 9090}, {"web": 9090, "a-y": 8080}), 1)[0]
        return self.made(NETWORKING, "WorkloadEntry", f"vm{number}", self.one(*SPACES), spec)

    def serving(self) -> list[Json]:
        """A ServiceEntry that selects workloads."""
        spec: Json = {
            "hosts": ["inner.example"],
            "location": self.one("MESH_INTERNAL", "MESH_INTERNAL", "MESH_EXTERNAL"),
            "resolution": "STATIC",
            "ports": [{"number": self.one(8080, 9090), "name": "p", "protocol": self.one("TCP", "HTTP")}],
            "workloadSelector": {"labels": {"app": self.one(*NAMES)}},
        }
        return [self.made(NETWORKING, "ServiceEntry", "inner", self.one(*SPACES), spec)]


__all__ = ["Machines"]
