"""Where the published expectations lie, and the objects that several sets are built from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLE = "RINGFENCE_TRUTH"

Object = dict[str, Any]


def truth_folder() -> Path:
    """The folder of the sets: ``RINGFENCE_TRUTH`` where it is set, else ``../shared/truth`` beside the repository."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else REPOSITORY.parent / "shared" / "truth"


def namespace(name: str, labels: Mapping[str, str]) -> Object:
    """A Namespace object."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def pod(
    space: str,
    name: str,
    labels: Mapping[str, str],
    ports: Iterable[tuple[str, str, int]] = (),
    address: str | None = None,
    node: str | None = None,
    host_network: bool = False,
) -> Object:
    """A running Pod; ``ports`` are (name, protocol, number) of its one container."""
    declared = [{"name": port, "protocol": protocol, "containerPort": number} for port, protocol, number in ports]
    spec: Object = {"containers": [{"name": "main", "image": "example.com/main:1", "ports": declared}]}
    if host_network:
        spec["hostNetwork"] = True
    if node:
        spec["nodeName"] = node
    status: Object = {"phase": "Running"}
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": dict(labels)},
        "spec": spec,
        "status": status,
    }


def node(name: str, labels: Mapping[str, str], addresses: Iterable[str]) -> Object:
    """A Node object with internal addresses."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": dict(labels)},
        "status": {"addresses": [{"type": "InternalIP", "address": address} for address in addresses]},
    }
