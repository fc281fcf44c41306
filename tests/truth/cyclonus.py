"""The cases of a NetworkPolicy test generator: a few namespaces and pods, policies, and for each port a table of who
reaches whom (row: source, column: destination, ``.`` allowed, ``X`` denied)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.truth.location import Object, namespace, pod, truth_folder
from tests.truth.probing import Probe

CELLS = {".": "allowed", "X": "denied"}


@dataclass(frozen=True, slots=True)
class Step:
    """The objects of one step and a probe for each cell off the diagonal (a pod always reaches itself)."""

    objects: list[Object]
    probes: tuple[Probe, ...]


def _ports(step: Object) -> list[tuple[str, int]]:
    split = (key.partition("/") for key in step["truth"])
    return [(protocol, int(number)) for protocol, _, number in split]


def _objects(step: Object) -> list[Object]:
    # Every pod listens on every port of the tables; the generator names them serve-80-tcp.
    ports = [(f"serve-{number}-{protocol.lower()}", protocol, number) for protocol, number in _ports(step)]
    found = [namespace(name, labels) for name, labels in step["namespaces"].items()]
    found += [pod(one["ns"], one["name"], one["labels"], ports, one.get("ip")) for one in step["pods"]]
    missing = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return found + [missing | policy for policy in step["policies"]]


def _probes(step: Object) -> Iterator[Probe]:
    names = [f"{one['ns']}/{one['name']}" for one in step["pods"]]
    for key, rows in step["truth"].items():
        protocol, _, number = key.partition("/")
        if len(rows) != len(names) or any(len(row) != len(names) for row in rows):
            raise ValueError(f"the table of {key} does not fit {len(names)} pods")
        for source, row in zip(names, rows, strict=True):
            for destination, cell in zip(names, row, strict=True):
                if source != destination:
                    yield Probe(source, destination, int(number), protocol, CELLS[cell])


def steps(case: Object) -> Iterator[Step]:
    """The steps of one case; each gives all its objects."""
    for step in case["steps"]:
        yield Step(_objects(step), tuple(_probes(step)))


def load(folder: Path | None = None) -> list[Any]:
    """The cases; empty when the data is absent."""
    file = (folder or truth_folder()) / "networkpolicy" / "cyclonus.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
