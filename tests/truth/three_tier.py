"""The three-tier lab: policies from a file, pods of ours, and the verdicts that the lab's author worked out.

Every row is asked twice: by the names of pods that exist, and by labels, for pods that do not exist yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.truth.location import Object, namespace, pod, truth_folder
from tests.truth.probing import Probe

DNS = {"k8s-app": "kube-dns"}
PODS: dict[str, dict[str, str]] = {
    "app/frontend": {"tier": "frontend"},
    "app/backend": {"tier": "backend"},
    "app/database": {"tier": "database"},
    "app/probe": {"run": "probe"},
    "default/outsider": {"run": "outsider"},
    "kube-system/kube-dns": DNS,
    "elsewhere/impostor": DNS,
}


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One verdict; ``egress`` and ``ingress`` name the policies that decide, where the author names them."""

    source: str
    destination: str
    port: int | None
    protocol: str
    expected: str
    egress: str = ""
    ingress: str = ""

    def probe(self) -> Probe:
        """Between pods that exist."""
        return Probe(self.source, self.destination, self.port, self.protocol, self.expected)

    def label_probe(self) -> Probe:
        """Between pods that do not exist."""
        return Probe(by_label(self.source), by_label(self.destination), self.port, self.protocol, self.expected)


FRONTEND, BACKEND, DATABASE, PROBE, OUTSIDER, KUBE_DNS, IMPOSTOR = PODS

ROWS = (
    GoldenRow(FRONTEND, BACKEND, 8080, "TCP", "allowed", "frontend-egress", "backend-from-frontend"),
    GoldenRow(FRONTEND, BACKEND, 80, "TCP", "denied"),
    GoldenRow(BACKEND, DATABASE, 5432, "TCP", "allowed", "backend-egress", "database-from-backend"),
    GoldenRow(FRONTEND, DATABASE, 5432, "TCP", "denied"),
    GoldenRow(PROBE, BACKEND, 8080, "TCP", "denied"),
    GoldenRow(PROBE, FRONTEND, 80, "TCP", "denied"),
    GoldenRow(OUTSIDER, FRONTEND, None, "TCP", "allowed", "", "frontend-ingress"),
    GoldenRow(OUTSIDER, FRONTEND, 80, "TCP", "allowed", "", "frontend-ingress"),
    GoldenRow(OUTSIDER, FRONTEND, 9999, "UDP", "allowed", "", "frontend-ingress"),
    GoldenRow(OUTSIDER, BACKEND, 8080, "TCP", "denied"),
    GoldenRow(FRONTEND, KUBE_DNS, 53, "UDP", "allowed", "frontend-egress"),
    GoldenRow(FRONTEND, KUBE_DNS, 53, "TCP", "denied"),
    GoldenRow(DATABASE, KUBE_DNS, 53, "UDP", "denied"),
    GoldenRow(PROBE, KUBE_DNS, 53, "UDP", "denied"),
    GoldenRow(FRONTEND, IMPOSTOR, 53, "UDP", "allowed", "frontend-egress"),
)


def by_label(name: str) -> str:
    """``app/frontend`` as ``tier=frontend@app``."""
    labels = ",".join(f"{key}={value}" for key, value in PODS[name].items())
    return f"{labels}@{name.partition('/')[0]}"


def objects(folder: Path | None = None) -> list[Object]:
    """The lab's policies with our pods and namespaces; empty when the file is absent."""
    file = (folder or truth_folder()) / "three-tier-lab.yaml"
    if not file.is_file():
        return []
    with file.open(encoding="utf-8") as stream:
        policies: list[Any] = [document for document in yaml.load_all(stream, yaml.CSafeLoader) if document]
    given = {one["metadata"]["name"] for one in policies if one["kind"] == "Namespace"}
    spaces = sorted({name.partition("/")[0] for name in PODS} - given)
    found = [namespace(name, {"kubernetes.io/metadata.name": name}) for name in spaces]
    for name, labels in PODS.items():
        space, _, short = name.partition("/")
        found.append(pod(space, short, labels))
    return policies + found
