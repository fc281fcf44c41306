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
from tests.model.objects import Object, namespace, network_policy, node, pod, world
from tests.verdict.meshed import test_encryption as encrypting

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


def test_cells_that_hang_on_nodes_are_told_apart_by_what_the_mesh_says() -> None:
    """Two workloads of one namespace to which the network is the same, and the mesh is not."""
    strict = {"mtls": {"mode": "STRICT"}}
    objects: list[Object] = [
        namespace("shop", **{"istio-injection": "enabled"}),
        {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
         "metadata": {"name": "default", "namespace": "shop"}, "spec": strict},
        network_policy("shop/deny", {}, ingress=[]),
        node("n1", "10.1.0.1"),
        node("n2", "10.1.0.2"),
    ]  # fmt: skip
    for name in ("in", "out"):
        for number in (1, 2):
            made = pod(f"shop/{name}-{number}", {"app": name}, node=f"n{number}")
            owner = {"kind": "ReplicaSet", "name": f"{name}-abc", "controller": True}
            made["metadata"]["ownerReferences"] = [owner]
            if name == "in":
                made["spec"]["containers"] = [{"name": "istio-proxy", "image": "istio/proxyv2:1.29.0"}]
            objects.append(made)
    engine = world(*objects)
    matrix = engine.matrix(layered=True)
    numbers = {end.name: number for number, end in enumerate(matrix.ends)}
    found = {
        name: line_at(matrix, numbers["node/n1"], number, 8080)
        for name, number in numbers.items()
        if name.startswith("shop/")
    }
    for name, line in found.items():
        assert line is not None
        assert line.verdict is engine.can("node/n1", name, 8080).verdict, name
    assert len({line.told.transport.verdict for line in found.values() if line is not None and line.told}) == 2


def test_what_the_network_plugin_encrypts_is_what_can_says() -> None:
    """WireGuard between nodes beside a mesh: some pods have proxies, some not; two of one kind run on two nodes."""
    proxy = {"spec": {"containers": [{"name": "istio-proxy", "image": "istio/proxyv2:1.29.0"}], "nodeName": "n2"}}
    strict = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": "shop"},
        "spec": {"mtls": {"mode": "PERMISSIVE"}},
    }
    inside = [{**encrypting.pod(name, "n2", ip), **proxy} for name, ip in (("in", "10.0.2.8"), ("too", "10.0.2.9"))]
    front = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "too", "namespace": "shop"},
        "spec": {"selector": {"app": "too"}, "clusterIP": "10.96.0.9", "ports": [{"port": 80, "targetPort": 9000}]},
    }
    engine = encrypting.world(encrypting.cilium(enable_wireguard="true"), strict, front, *inside)
    matrix = engine.matrix("pod", layered=True)
    seen = set()
    ends = range(len(matrix.ends))
    for a, b in product(ends, ends):
        if a == b or "pod" not in (matrix.ends[a].sort, matrix.ends[b].sort):
            continue
        for port in (9000, 8443):
            line = line_at(matrix, a, b, port)
            answer = engine.can(text_of(matrix.ends[a]), text_of(matrix.ends[b]), port)
            if line is None or line.told is None or len(answer.parts) != 1 or answer.layered is None:
                continue
            alone = not {matrix.ends[a].name, matrix.ends[b].name} & {"shop/one", "shop/two"}
            said = answer.layered.encryption
            assert line.told.encryption == said or (not alone and line.told.encryption == "unknown"), (
                matrix.ends[a].name,
                matrix.ends[b].name,
                port,
            )
            assert line.told.why
            seen.add(said)
    assert {"none", "wireguard", "unknown", "mtls", "tls"} <= seen
    udp = next(line for line in matrix.cell(0, 1).lines if contains_key(line.ports, port_key("UDP", 53)))
    assert udp.told is not None
    names = [matrix.ends[end].name for end in (0, 1)]
    layered = engine.can(*names, 53, "UDP").layered
    assert layered is not None
    assert udp.told.encryption in (layered.encryption, "unknown")
