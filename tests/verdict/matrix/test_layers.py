"""The matrix of all layers is what single questions say, cell by cell, with encryption and identity."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from ringfence.demo.files import CLUSTER, MESH
from ringfence.loading import load
from ringfence.sets.addresses import address_text
from ringfence.sets.ports import EVERYTHING, canonical, contains_key, port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix.values import Line, Matrix, MatrixEnd
from tests.model.objects import namespace, pod, world

PORTS = (80, 443, 5432, 8080, 8081, 8443, 9090, 9102, 15008)


def text_of(end: MatrixEnd) -> str:
    return address_text(end.space[0][0] or 1) if end.sort == "outside" else end.name


def line_at(matrix: Matrix, source: int, destination: int, port: int) -> Line | None:
    cell = matrix.cell(source, destination)
    return next((line for line in cell.lines if contains_key(line.ports, port_key("TCP", port))), None)


@pytest.mark.parametrize("cni", ["calico", "generic"])
def test_every_cell_of_the_demo_says_what_can_says(cni: str) -> None:
    engine = load(CLUSTER, MESH, cni=cni)
    matrix = engine.matrix(layered=True)
    assert matrix.layers == ("network", "transport", "requests")
    seen = set()
    ends = range(len(matrix.ends))
    pairs = [(a, b) for a, b in product(ends, ends) if a != b and "pod" in (matrix.ends[a].sort, matrix.ends[b].sort)]
    for a, b in Random(1).sample(pairs, 600):
        for port in PORTS:
            line = line_at(matrix, a, b, port)
            answer = engine.can(text_of(matrix.ends[a]), text_of(matrix.ends[b]), port)
            if line is None or (line.reason is not None and line.reason.code == "node-port"):
                continue
            assert line.verdict is answer.verdict, (a, b, port)
            assert line.told is not None
            told, layered = line.told, answer.parts[0].layered
            if len(answer.parts) > 1 or layered is None:
                continue
            assert {one.layer: told.of(one.layer) for one in layered.layers} == {
                one.layer: one.verdict for one in layered.layers
            }
            assert told.encryption == layered.encryption
            identity = matrix.identities[matrix.ends[a].unit] if told.proven else None
            assert identity == layered.identity
            seen.add((told.verdict, told.layer, told.encryption))
    assert {(Verdict.DENIED, layer) for layer in ("network", "transport", "requests")} <= {one[:2] for one in seen}
    assert {"mtls", "none"} <= {one[2] for one in seen}


def test_the_lines_of_a_layered_cell_have_all_ports() -> None:
    matrix = load(CLUSTER, MESH, cni="calico").matrix(layered=True)
    for cell in matrix.cells:
        if not cell.closed and cell.lines:
            assert canonical(one for line in cell.lines for one in line.ports) == EVERYTHING


def test_pods_of_a_workload_that_differ_are_told_apart_and_together() -> None:
    engine = load(CLUSTER, MESH, cni="generic")
    matrix = engine.matrix(layered=True)
    several = [number for number, end in enumerate(matrix.ends) if end.unit >= matrix.base]
    for source, destination in product(several[:4], range(len(matrix.ends))):
        cell = matrix.cell(source, destination)
        for line in cell.lines:
            assert line.told is not None
            assert line.told.verdict is line.verdict


def test_without_a_mesh_nothing_is_told() -> None:
    matrix = world(namespace("shop"), pod("shop/web"), pod("shop/db")).matrix(layered=True)
    assert matrix.layers == ("network",)
    assert not matrix.identities
    assert all(line.told is None for cell in matrix.cells for line in cell.lines)
