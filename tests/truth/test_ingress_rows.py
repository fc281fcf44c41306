"""netpol-analyzer's rows of the ingress controller: where Ingresses and Routes lead, from a pod without labels."""

from __future__ import annotations

import json
import re

import pytest

import ringfence
from tests.truth import connection_lists as lists

ROW = re.compile(r"^\{ingress-controller\} => (?P<end>\S+)\[\w+\] : TCP (?P<ports>\S+)$", re.MULTILINE)
FOLDERS = [folder for folder in lists.folders() if not folder.beyond]
Rows = set[tuple[str, str]]


def expected(folder: lists.Folder) -> Rows:
    """(workload, port) of every list of a folder."""
    found: Rows = set()
    for file in folder.expected:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            rows = [
                (row["dst"].partition("[")[0], row["conn"].removeprefix("TCP "))
                for row in json.loads(text)
                if row["src"] == lists.INGRESS_CONTROLLER
            ]
        else:
            rows = [(row["end"], row["ports"]) for row in ROW.finditer(text)]
        found |= {(end, port) for end, ports in rows for port in ports.split(",")}
    return found


def answered(folder: lists.Folder) -> Rows:
    """What the engine says of the last hops, for a pod without labels in a namespace without labels."""
    world = ringfence.load(str(folder.manifests), cni="netpol-analyzer", assume_no_labels=True)
    return {
        (way.destination, way.port.removeprefix("TCP "))
        for way in world.ways_in(controller="@a-namespace-of-nobody").ways
        if way.openings[0].how == "route" and way.verdict == "allowed"
    }


@pytest.mark.skipif(not FOLDERS, reason="the published expectations are not beside this clone")
def test_some_lists_have_rows_of_the_ingress_controller() -> None:
    assert sum(bool(expected(folder)) for folder in FOLDERS) >= 6


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_routes_lead_where_the_list_says(folder: lists.Folder) -> None:
    assert answered(folder) == expected(folder)
