"""Engine and oracle on random meshes with machines outside of the cluster: clients, servers, and behind Services."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.meshed.request import request
from tests.oracle_mesh.asking import answers, headless, read, taken, through_service
from tests.oracle_mesh.membership import proxy
from tests.oracle_mesh.objects import Json, World, behind, has_labels, is_machine, labels, name, space, target
from tests.oracle_mesh.values import Answer, Asks
from tests.properties.machines import Machines
from tests.properties.test_mesh_against_oracle import _way, disagreement, misshapen

CLUSTERS = 240


class Plain(Machines):
    """Without ServiceEntries that select workloads: which of their hosts a client calls nobody tells."""

    def serving(self) -> list[Json]:
        return []


def text(one: Json) -> str:
    return f"{space(one)}/{name(one)}"


def nobody(one: Json) -> bool:
    """A machine with a proxy and without an account: who it is nobody tells."""
    return is_machine(one) and not one["spec"]["serviceAccountName"]


def compare(seed: int) -> list[str]:
    """The disagreements about one cluster."""
    draw = Plain(seed)
    objects = draw.cluster()
    oracle = read(objects)
    engine = load_objects(objects, istio_version="1.29", cni=draw.cni).flow_answers()
    pods, machines = list(oracle.of("Pod")), list(oracle.of("Machine"))
    found = []
    for number in range(8):
        question = draw.question()
        ends = [draw.one(*pods), draw.one(*machines)]
        draw.random.shuffle(ends)
        if question["way"] not in ("name", "address") or proxy(oracle, ends[0]) == "waypoint" or nobody(ends[0]):
            continue
        if number % 2:
            wrong = _behind(draw, oracle, engine, ends[0], question["request"])
        else:
            wrong = _direct(oracle, engine, ends[0], ends[1], question)
        found += [f"seed {seed}: {wrong}"] if wrong else []
    return found


def _direct(oracle: World, engine: Any, client: Json, server: Json, question: Json) -> str:
    port, asked = question["port"], question["request"]
    if proxy(oracle, server) == "waypoint":
        return ""
    asked.pop("identity", None)
    said = {**question, "server": (space(server), name(server))}
    ways, destination = _way(oracle, server, port, said)
    if is_machine(server):
        ways = [one for one in ways if one is None or behind(one, server, port)] or [None]
        # No Service leads others there than clients of the mesh: they dial the address.
        ways = ways if proxy(oracle, client) != "none" else [None]
    if ways == [None] and not (server.get("status") or {}).get("podIP"):
        asked.setdefault("host", "elsewhere.example")
    if "open" in {taken(oracle, client, server, port, way) for way in ways}:
        return ""
    expected = [answers(oracle, client, server, port, way, Asks(**asked)) for way in ways]
    if is_machine(server):
        expected = [[_as_asked(one, text(server), destination) for one in some] for some in expected]
    told = engine.layered(text(client), destination, port, "TCP", request(**asked))
    differences = [disagreement(told, one) for one in expected]
    wrong = misshapen(told) or ("; or ".join(differences) if all(differences) else "")
    return wrong and f"{text(client)} -> {destination} {port} {asked}: {wrong} [{told['reason']}]"


def _as_asked(answer: Answer, server: str, asked: str) -> Answer:
    """With the server called as the question calls it."""
    if not asked[0].isdigit():
        return answer
    ways = tuple((one[0], asked if one[1] == server else one[1], *one[2:]) for one in answer.ways)
    return replace(answer, ways=ways)


def _behind(draw: Plain, oracle: World, engine: Any, client: Json, asked: Json) -> str:
    """A question about all that is behind a Service."""
    selecting = [
        (service, port)
        for service in oracle.of("Service")
        for port in service["spec"]["ports"]
        if any(
            space(one) == space(service) and has_labels(service["spec"]["selector"], labels(one))
            for one in oracle.of("Machine")
        )
    ]
    if not selecting:
        return ""
    service, port = draw.one(*selecting)
    asked.pop("identity", None)
    moved = [target(port, one) != target({"targetPort": port["targetPort"], "port": 0}, one) for one in _there(oracle)]
    excluded = "traffic.sidecar.istio.io/excludeOutboundIPRanges" in client["metadata"].get("annotations", {})
    itself = space(client) == space(service) and has_labels(service["spec"]["selector"], labels(client))
    if headless(service) or excluded or itself or (proxy(oracle, client) == "node" and any(moved)):
        return ""
    each = through_service(oracle, client, service, port["port"], Asks(**asked))
    destination = f"{space(service)}/service/{name(service)}"
    told = engine.layered(text(client), destination, port["port"], "TCP", request(**asked))
    if any((one.verdict, one.layer) == ("unknown", "network") for some in each for one in some):
        return ""
    verdicts = {one.verdict for some in each for one in some} or {"denied"}
    wanted = verdicts if len(verdicts) == 1 else {"mixed", "unknown"}
    machines = [one for one in oracle.of("Machine") if is_machine(client) and one is not client]
    if machines:
        # What is between two machines nobody knows.
        wanted |= {"mixed", "unknown"}
    if told["verdict"] in wanted:
        return ""
    return f"{text(client)} -> {destination} {port['port']} {asked}: {told['verdict']}, expected {sorted(wanted)}"


def _there(oracle: World) -> list[Json]:
    return list(oracle.of("Machine"))


def run(first: int, last: int) -> int:
    """Prints what differs; how much."""
    found = [line for seed in range(first, last) for line in compare(seed)]
    print("\n".join([*found, f"{last - first} clusters, {len(found)} disagreements"]))
    return len(found)


@pytest.mark.parametrize("first", range(0, CLUSTERS, 40))
def test_they_agree_about_machines(first: int) -> None:
    assert [one for seed in range(first, first + 40) for one in compare(seed)] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
