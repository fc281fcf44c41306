"""Whatever the slow oracle lets a thief do with a stolen certificate, the engine counts."""

from __future__ import annotations

import pytest

from ringfence.loading import load_objects
from ringfence.model.mesh import Identity
from ringfence.sets.ports import port_key
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Holder
from ringfence.verdict.spreading import Somewhere
from tests.oracle_mesh import asking
from tests.oracle_mesh.membership import proxy
from tests.oracle_mesh.objects import Json, World, name, space
from tests.oracle_mesh.values import Asks
from tests.properties.meshes import Draw

CLUSTERS = 60


def gets_through(world: World, client: Json, server: Json, port: int, own: str, asks: Asks) -> bool:
    """Whether a request passes in some form that a client may choose at the place of a pod."""
    kind = proxy(world, server)
    forms = ["plain"]
    if kind == "sidecar":
        forms.append("mtls")
    if kind == "node" or asking.tunnel_label(world, server):
        forms.append("hbone")
    for service in asking.services_to(world, server, port):
        told = [asking._direct(world, client, server, port, service, form, own, asks) for form in forms]
        way = asking.waypoint_of(world, server, service)
        if way is not None and client is not way:
            told.append(asking._over_waypoint(world, client, way, server, port, service, own, asks))
        if any(one.verdict == "allowed" for one in told):
            return True
    return False


def compare(seed: int) -> list[str]:
    """What the oracle lets a thief do in one cluster, and the engine does not count."""
    draw = Draw(seed)
    objects = draw.cluster()
    oracle, engine = asking.read(objects), load_objects(objects, istio_version="1.29")
    stolen = f"spiffe://{oracle.domain}/ns/{draw.one('one', 'two')}/sa/{draw.one('web', 'api', 'db', 'shared', 'way')}"
    grid = engine.attackers_grid
    if not isinstance(grid, MeshedGrid):
        return []
    start = Somewhere(grid.holding(Holder(False, (Identity(stolen, "", ""),))), grid.holding(Holder(False)))
    pods, table = oracle.of("Pod"), engine.whole_relation.ports
    found = []
    for server in pods:
        if proxy(oracle, server) == "waypoint":
            # The oracle does not know what a waypoint itself is reached at.
            continue
        text = f"{space(server)}/{name(server)}"
        step = start.step_into(engine.target(text).members[0].end)  # type: ignore[arg-type]
        for port in (8080, 9090):
            key = port_key("TCP", port)
            if table.contains(step.sure, key) or table.contains(step.perhaps, key):
                continue
            for client in pods:
                asked = {**draw.question()["request"], "host": "x.example"}
                asked.pop("identity", None)
                if client is not server and gets_through(oracle, client, server, port, stolen, Asks(**asked)):
                    found.append(f"seed {seed}: {stolen} at {space(client)}/{name(client)} -> {text} {port} {asked}")
    return found


@pytest.mark.parametrize("first", range(0, CLUSTERS, 20))
def test_no_way_of_a_thief_is_missed(first: int) -> None:
    assert [one for seed in range(first, first + 20) for one in compare(seed)] == []


def test_of_several_services_the_thief_takes_the_one_with_the_way() -> None:
    """One Service refuses the waypoint, another to the same port asks for it."""
    assert compare(228) == []
