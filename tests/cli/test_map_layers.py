"""``map`` over a cluster with a mesh: all layers together, and each alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import ringfence
from ringfence.demo.files import CLUSTER, MESH
from ringfence.verdict.answers import Verdict
from tests.cli.conftest import Run
from tests.reports.html.reading import data_of

INPUT = ("-f", str(CLUSTER), "-f", str(MESH), "-q")


def rows(run: Run, *arguments: str) -> list[dict[str, Any]]:
    done = run("map", *INPUT, "-o", "json", *arguments)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)["rows"]
    return found


def row_of(found: list[dict[str, Any]], source: str, destination: str, port: int) -> dict[str, Any]:
    (one,) = (
        row
        for row in found
        if source in row["sources"]
        and destination in row["destinations"]
        and any(own["protocol"] == "TCP" and own["first"] <= port <= own["last"] for own in row["ports"])
    )
    return one


def test_a_row_tells_encryption_identity_and_what_passes(ringfence: Run) -> None:
    found = rows(ringfence, "--to", "data/schema-registry")
    row = row_of(found, "data/kafka", "data/schema-registry", 8081)
    assert (row["verdict"], row["limitedBy"], row["encryption"], row["requests"]) == (
        "mixed",
        "requests",
        "hbone",
        "GET",
    )
    assert set(row["identities"]) == {"spiffe://tidewater.example/ns/data/sa/default"}
    assert len(row["identities"]) == len(row["sources"])
    assert [(one["layer"], one["verdict"]) for one in row["layers"]] == [
        ("network", "allowed"),
        ("transport", "allowed"),
        ("requests", "mixed"),
    ]


def test_what_is_denied_names_the_layer_that_denies_first(ringfence: Run) -> None:
    found = rows(ringfence, "--denied", "--to", "shop/checkout")
    row = row_of(found, "shop/storefront", "shop/checkout", 8080)
    assert (row["verdict"], row["limitedBy"]) == ("denied", "requests")
    assert row_of(found, "payments/ledger", "shop/checkout", 8080)["limitedBy"] == "network"
    assert (
        row_of(rows(ringfence, "--denied", "--to", "payments/ledger"), "monitoring/prometheus", "payments/ledger", 80)[
            "limitedBy"
        ]
        == "transport"
    )
    assert not any(row["verdict"] == "denied" for row in rows(ringfence, "--to", "shop/checkout"))


@pytest.mark.parametrize("layer", ["network", "transport", "requests"])
def test_a_layer_alone_is_what_explain_says_of_it(ringfence: Run, layer: str) -> None:
    found = rows(ringfence, "--layer", layer, "--denied", "--with", "shop/checkout")
    world = ringfence_world()
    document = json.loads(ringfence("map", *INPUT, "-o", "json", "--layer", layer).out)
    assert document["layers"] == [layer]
    for source in ("shop/storefront", "payments/ledger", "monitoring/prometheus"):
        row = row_of(found, source, "shop/checkout", 8080)
        answer = world.explain(source, "shop/checkout", 8080).answer
        assert answer.layered is not None
        said = {one.layer: one.verdict.value for one in answer.layered.layers}
        assert row["verdict"] == said[layer]
        assert [one["layer"] for one in row["layers"]] == [layer]


def ringfence_world() -> ringfence.World:
    return ringfence.load(CLUSTER, MESH)


def test_a_namespace_row_says_only_what_all_of_it_share(ringfence: Run) -> None:
    found = rows(ringfence, "--level", "namespace", "--to", "payments/payments-db", "--from", "payments/ledger")
    row = row_of(found, "payments", "payments", 5432)
    assert (row["verdict"], row["encryption"]) == ("allowed", "mtls")
    assert row["identities"] == [None]


def test_a_pod_that_does_not_exist_is_asked_of_all_layers(ringfence: Run) -> None:
    done = ringfence("map", *INPUT, "-o", "csv", "--denied", "--from", "app=storefront@shop", "--to", "shop/checkout")
    found = [row for row in csv.DictReader(done.out.splitlines()) if row["ports"] == "TCP 8080"]
    assert {row["network"] for row in found} <= {"allowed", "denied", "unknown"}
    assert all(row["transport"] and row["requests"] for row in found)


def test_without_a_mesh_there_is_only_the_network(ringfence: Run) -> None:
    done = ringfence("map", "-f", str(CLUSTER), "-q", "--layer", "transport")
    assert done.code == 2
    assert "the input shows no mesh" in done.err
    done = ringfence("map", "-f", str(CLUSTER), "-q", "--layer", "network", "-o", "json")
    assert done.code == 0
    assert all(row["layers"] == [] and row["encryption"] is None for row in json.loads(done.out)["rows"])
    page = ringfence("map", "-f", str(CLUSTER), "-q", "--layer", "requests", "-o", "html")
    assert page.code == 2


def test_the_page_opens_with_a_layer(ringfence: Run) -> None:
    done = ringfence("map", *INPUT, "-o", "html", "--layer", "requests")
    assert '"layer":"requests"' in done.out
    assert ringfence("map", *INPUT, "-o", "html", "--denied").code == 2


def test_the_library_lists_a_layer() -> None:
    world = ringfence_world()
    found = world.connections(layer="requests", denied=True)
    assert {row.verdict for row in found.rows} >= {Verdict.ALLOWED, Verdict.DENIED, Verdict.MIXED}
    with pytest.raises(ringfence.EndError):
        world.connections(layer="nothing")


def test_the_page_of_two_states_has_the_cells_of_all_layers(ringfence: Run, tmp_path: Path) -> None:
    for folder in (CLUSTER, MESH):
        copytree(folder, tmp_path / folder.name)
    change = ("--without", "AuthorizationPolicy/shop/checkout")
    done = ringfence("diff", str(tmp_path), *change, "-o", "html", "-q")
    assert done.code == 1, done.err
    data = data_of(done.out)
    assert data["layers"] == ["network", "transport", "requests"]
    assert all(state["layers"]["tolds"] for state in data["states"])
    assert data["difference"]["rows"]
