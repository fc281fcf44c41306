"""Every edit of a mesh's objects, applied to the input and read again: it closes what it is said to close, and takes
what it is said to take. Whether it closes is also asked of the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.model.mesh_edits import Breach, Remedy
from ringfence.sets.ports import port_key
from ringfence.verdict.coverage import Status, Step
from ringfence.verdict.meshed.editing import MeshEditor
from ringfence.verdict.spreading import Spreader
from ringfence.world import World
from tests.oracle_mesh import asking
from tests.oracle_mesh.membership import proxy
from tests.oracle_mesh.objects import Json, name, space
from tests.oracle_mesh.values import Asks
from tests.properties.meshes import Draw
from tests.properties.test_thieves_against_oracle import gets_through

PORTS = (8080, 9090)
SEEN = (*PORTS, 80, 7070, 15008)
CLUSTERS = 24


def after_all(objects: list[Json], manifests: tuple[Mapping[str, Any], ...]) -> list[Json]:
    """The input with these objects in the place of those of their names."""

    def key(one: Mapping[str, Any]) -> tuple[str, str, str]:
        return one["kind"], one["metadata"].get("namespace", "default"), one["metadata"]["name"]

    gone = {key(one) for one in manifests}
    return [*(one for one in objects if key(one) not in gone), *(dict(one) for one in manifests)]


def first_of(world: World, column: int) -> str:
    """The first pod of a kind; of another end nothing."""
    universe = world.whole_relation.universe
    if column >= universe.pods:
        return ""
    pod = world.cluster.pods[universe.members[column][0]]
    return f"{pod.namespace}/{pod.name}"


def cells(world: World) -> dict[tuple[str, str, int], str]:
    """The verdict of every pair of kinds of pods at some ports, for clients as they are configured."""
    found = {}
    table, grid = world.whole_relation.ports, world.grid
    universe = grid.universe
    for destination in range(universe.pods):
        for mask, result in grid.column(destination):
            told = {"allowed": result.allowed, "unknown": result.unknown, "mixed": result.mixed}
            for source in range(universe.pods):
                if not mask >> source & 1 or (source == destination and universe.count(source) == 1):
                    continue
                for port in SEEN:
                    key = port_key("TCP", port)
                    word = next((word for word, number in told.items() if table.contains(number, key)), "denied")
                    found[first_of(world, source), first_of(world, destination), port] = word
    return found


def wrong(objects: list[Json], world: World, editor: MeshEditor, remedy: Remedy, step: tuple[int, int, int]) -> str:
    """What one proposal says that is not so; empty: nothing."""
    assert world.mesh is not None
    after = world.mesh.edited(remedy.manifests)
    changed = after_all(objects, remedy.manifests)
    read = load_objects(changed, istio_version="1.29")
    if after is None:
        return f"not accepted: {remedy.manifests}"
    said = editor._closes(after, step)
    pods = world.cluster.pods
    members = world.whole_relation.universe.members
    left, right = pods[members[step[0]][0]], pods[members[step[1]][0]]
    source, destination = (read.target(f"{one.namespace}/{one.name}").members[0].end for one in (left, right))
    assert isinstance(source, int)
    assert isinstance(destination, int)
    table = read.whole_relation.ports
    passes = [
        port
        for mask, result in read.attackers_grid.column(destination)
        if mask >> source & 1
        for port in PORTS
        if table.contains(table.union(result.some, result.unknown), port_key("TCP", port))
    ]
    if said == bool(passes):
        return f"{remedy.description}: said {said}, and {passes} pass"
    lost = editor.losses.lost(editor.losses.configured.under_mesh(after), editor.losses.spoken_to(remedy))
    before, later = cells(world), cells(read)
    told = {
        (one.source, one.destination, port)
        for one in lost.listed
        for port in SEEN
        if one.source and any(first <= port_key("TCP", port) <= last for first, last in one.ports)
    }
    differing = {key for key in before if before[key] != later[key]}
    if told != differing and not (lost.left_out and told < differing):
        return f"{remedy.description}: said to take {told}, and takes {differing}"
    if not said:
        return ""
    oracle = asking.read(changed)
    ends = {f"{space(one)}/{name(one)}": one for one in oracle.of("Pod")}
    client, server = ends[f"{left.namespace}/{left.name}"], ends[f"{right.namespace}/{right.name}"]
    own = world.mesh.identity(left)
    if proxy(oracle, server) == "waypoint" or own is None or proxy(oracle, client) in ("", "none", None):
        return ""
    for port in PORTS:
        if gets_through(oracle, client, server, port, own.text, Asks(method="GET", path="/", host="x.example")):
            return f"{remedy.description}: the oracle lets {client} through to {port}"
    return ""


def compare(seed: int) -> tuple[list[str], int]:
    """What proposals say in one cluster that is not so; and how many close their step."""
    draw = Draw(seed)
    objects = draw.cluster()
    world = load_objects(objects, istio_version="1.29")
    if world.mesh is None:
        return [], 0
    relation = world.whole_relation
    spreader = Spreader(relation, world.attackers_grid)
    number = relation.ports.number(tuple((port_key("TCP", port),) * 2 for port in PORTS))
    found, closing = [], 0
    pods = range(relation.universe.pods)
    draw_pair = [(left, right) for left in pods for right in pods if left != right]
    for source, destination in draw_pair[:: max(len(draw_pair) // 3, 1)]:
        editor = MeshEditor(spreader, world.mesh, 0, lambda one: first_of(world, one), world.given.written)
        step = (source, destination, number)
        breach = editor._breach(step)
        assert isinstance(breach, Breach)
        for remedy in world.mesh.remedies(breach, world.given.written):
            said = wrong(objects, world, editor, remedy, step)
            if said:
                found.append(f"seed {seed}: {source} -> {destination}: {said}")
            after = world.mesh.edited(remedy.manifests)
            closing += after is not None and editor._closes(after, step)
    return found, closing


@pytest.mark.parametrize("first", range(0, CLUSTERS, 8))
def test_edits_do_what_is_said_of_them(first: int) -> None:
    told = [compare(seed) for seed in range(first, first + 8)]
    assert [one for found, _ in told for one in found] == []
    assert sum(closing for _, closing in told)


def wrong_step(objects: list[Json], world: World, step: Step) -> str:
    """What a step of ``coverage`` says that is not so; empty: nothing."""
    assert step.manifest is not None
    made = step.manifest["items"] if step.manifest["kind"] == "List" else [step.manifest]
    read = load_objects(after_all(objects, tuple(made)), istio_version="1.29")
    sides = {one.name: one.mesh[step.layer].status for one in read.coverage().workloads}
    still = [one for one in step.workloads if sides[one] is not Status.CLOSED]
    if still:
        return f"{step.what}: {still} are not closed"
    before, later = cells(world), cells(read)
    widened = [key for key in before if ORDER.index(later[key]) > ORDER.index(before[key])]
    if widened:
        return f"{step.what}: lets in {widened}"
    lost = {key[:2] for key in before if before[key] != later[key]}
    if not step.refused_left_out and lost and not step.flows:
        return f"{step.what}: takes {lost}, and tells of nothing"
    return ""


ORDER = ("denied", "unknown", "mixed", "allowed")


@pytest.mark.parametrize("first", range(0, CLUSTERS, 8))
def test_steps_do_what_is_said_of_them(first: int) -> None:
    tried, found = 0, []
    for seed in range(first, first + 8):
        objects = Draw(seed).cluster()
        world = load_objects(objects, istio_version="1.29")
        for step in world.coverage().steps:
            if step.layer != "network":
                tried += 1
                said = wrong_step(objects, world, step)
                found += [f"seed {seed}: {said}"] if said else []
    assert found == []
    assert tried
