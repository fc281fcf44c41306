"""Lists say of machines outside of the cluster what single questions say: as they are configured, and as attackers."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from ringfence.loading import load_objects
from ringfence.model.cluster import Pod
from ringfence.sets.ports import port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.grid import Result
from ringfence.verdict.meshed.attacking import Attackers
from ringfence.verdict.meshed.layered_grid import LayeredGrid
from ringfence.world import World
from tests.properties.machines import Machines

CLUSTERS = 120
PORTS = (8080, 9090, 15008, 15020, 443)


def ends_of(world: World) -> Iterator[tuple[int, str, Pod]]:
    """(column, name, one workload) of every kind of pod and every machine."""
    universe = world.relation.universe
    for column in range(universe.pods):
        pod = world.cluster.pods[universe.members[column][0]]
        yield column, f"{pod.namespace}/{pod.name}", pod
    for column, machine in universe.machines.items():
        yield column, universe.ends[column].name, machine


def told(world: World, result: Result, port: int) -> Verdict:
    key, table = port_key("TCP", port), world.relation.ports
    if table.contains(result.some, key):
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if table.contains(result.unknown, key) else Verdict.DENIED


def compare(seed: int) -> list[str]:
    """Where lists of one cluster say something else than answers."""
    draw = Machines(seed)
    world = load_objects(draw.cluster(), istio_version="1.29", cni=draw.cni)
    assert world.mesh is not None
    universe = world.relation.universe
    assert len(universe.machines) == len(draw.machines)
    layered, attackers = LayeredGrid(world.relation, world.mesh), Attackers(world.asker, world.mesh)
    found = []
    for column, name, _ in ends_of(world):
        for source, other, client in ends_of(world):
            if column == source or not {column, source} & set(universe.machines):
                continue
            if min(column, source) >= universe.pods:
                continue
            rows = [result for mask, result in layered.column(column) if mask >> source & 1]
            open_ = [result for mask, result in world.attackers_grid.column(column) if mask >> source & 1]
            if rows and rows[0].split:
                continue
            for port in draw.random.sample(PORTS, 2):
                found += [
                    f"seed {seed}: {other} -> {name} {port}: {said}"
                    for said in _differences(world, attackers, rows, open_, (other, name, port), client)
                ]
    return found


def _differences(
    world: World,
    attackers: Attackers,
    rows: list[Result],
    open_: list[Result],
    asked: tuple[str, str, int],
    client: Pod,
) -> Iterator[str]:
    source, destination, port = asked
    answer = world.can(source, destination, port)
    key = port_key("TCP", port)
    bands = [band for row in rows for band in row.bands if world.relation.ports.contains(band.ports, key)]
    if len(answer.parts) == 1 and bands:
        (band,), layered = bands, answer.layered
        assert layered is not None
        assert world.mesh is not None
        own = world.mesh.identity(client)
        says = (band.told.verdict, band.told.encryption, own.text if band.told.proven and own else None)
        wanted = (answer.verdict, layered.encryption, layered.identity)
        if says != wanted:
            yield f"listed {says}, asked {wanted}"
    elif not bands and answer.verdict is not Verdict.DENIED:
        yield f"not listed, asked {answer.verdict}"
    question = world.question(port, "TCP")
    opening = attackers.opening(world.target(source), world.target(destination), question).verdict
    best = Verdict.ALLOWED if opening is Verdict.MIXED else opening
    if open_ and not open_[0].split and told(world, open_[0], port) is not best:
        yield f"open to attackers {told(world, open_[0], port)}, asked {best}"


def run(first: int, last: int) -> int:
    """Prints what differs; how much."""
    found = [line for seed in range(first, last) for line in compare(seed)]
    print("\n".join([*found, f"{last - first} clusters, {len(found)} differences"]))
    return len(found)


@pytest.mark.parametrize("first", range(0, CLUSTERS, 20))
def test_lists_say_of_machines_what_questions_say(first: int) -> None:
    assert [one for seed in range(first, first + 20) for one in compare(seed)] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
