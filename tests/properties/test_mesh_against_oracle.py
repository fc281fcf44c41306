"""Engine and oracle on random meshes: verdict, identity, encryption and the ports of every hop."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.meshed.request import request
from tests.oracle_mesh.asking import Answer, Asks, answers, read, services_to, taken
from tests.oracle_mesh.objects import World, leads_to
from tests.properties.meshes import Draw

CLUSTERS, QUESTIONS = 400, 6


def disagreement(told: dict[str, Any], expected: list[Answer]) -> str:
    """What the engine says that no possible answer of the oracle says; empty: they agree."""
    differences = []
    if told["verdict"] == "unknown" and len({one.verdict for one in expected}) > 1:
        return ""
    for one in expected:
        hops = tuple(hop["port"] for hop in told["hops"])
        said = {"verdict": told["verdict"], "hops": hops}
        wanted: dict[str, Any] = {"verdict": one.verdict, "hops": one.hops}
        if one.verdict == "allowed" or one.layer == "requests":
            said |= {"identity": told["identity"], "encryption": told["encryption"]}
            wanted |= {"identity": one.identity, "encryption": one.encryption}
        if one.symptom is not None:
            said["symptom"], wanted["symptom"] = told["symptom"], one.symptom
        if len({one.verdict for one in expected}) > 1:
            wanted["verdict"] = "unknown"
        # What is not the same in every case is not known.
        if "encryption" in wanted and len({other.encryption for other in expected}) > 1:
            wanted["encryption"] = "?" if "?" in {other.encryption for other in expected} else "unknown"
        if "identity" in wanted and len({other.identity for other in expected}) > 1:
            wanted["identity"] = None
        if wanted.get("encryption") == "?":
            wanted["encryption"] = said["encryption"]
        if said == wanted:
            return ""
        keys = [key for key in said if said[key] != wanted[key]]
        differences.append(f"{[(key, said[key], wanted[key]) for key in keys]} layer {one.layer}")
    return "; ".join(differences)


def _way(oracle: World, server: Any, port: int, question: dict[str, Any]) -> tuple[list[Any], str]:
    """The Services that a question may mean, and the name that it says."""
    ways, name = services_to(oracle, server, port), "/".join(question["server"])
    if question["way"] == "address" and "status" in server:
        return [None], server["status"]["podIP"]
    if question["way"] == "service" and ways[0] is not None:
        space, name_of = ways[0]["metadata"]["namespace"], ways[0]["metadata"]["name"]
        return ways[:1], f"{space}/service/{name_of}"
    return ways, name


def compare(seed: int) -> list[str]:
    """The disagreements about one cluster."""
    draw = Draw(seed)
    objects = draw.cluster()
    oracle, engine = read(objects), load_objects(objects, istio_version="1.29").flow_answers()
    found = []
    for _ in range(QUESTIONS):
        question = draw.question()
        asked = question["request"]
        pods = [oracle.named("Pod", *question[end]) for end in ("client", "server")]
        assert pods[0] is not None
        assert pods[1] is not None
        port = question["port"]
        ways, end = _way(oracle, pods[1], port, question)
        if asked.get("identity") and {"none", "open"} & {taken(oracle, *pods, port, way) for way in ways}:
            # What it would prove that proves nothing is not said.
            del asked["identity"]
        if ways == [None] and not (pods[1].get("status") or {}).get("podIP"):
            # What a client writes as host that dials an address which nobody knows is not known either.
            asked.setdefault("host", "elsewhere.example")
        asks = Asks(**asked)
        expected = [answers(oracle, pods[0], pods[1], port, way, asks) for way in ways]
        ends = ["/".join(question["client"]), end]
        if "/service/" in end:
            port = leads_to(ways[0], pods[1], port)["port"]
        told = engine.layered(ends[0], ends[1], port, "TCP", request(**asked))
        assert told is not None
        differences = [disagreement(told, one) for one in expected]
        wrong = "; or ".join(differences) if all(differences) else ""
        if wrong:
            found.append(f"seed {seed}: {ends[0]} -> {ends[1]} {port} {asked}: {wrong} [{told['reason']}]")
    return found


def compare_whole(seed: int) -> list[str]:
    """Where the answer about all requests is not what the oracle says of each of some."""
    draw = Draw(seed)
    objects = draw.cluster()
    oracle, engine = read(objects), load_objects(objects, istio_version="1.29").flow_answers()
    found = []
    for _ in range(2):
        question = draw.question()
        client, server = (oracle.named("Pod", *question[end]) for end in ("client", "server"))
        assert client is not None
        assert server is not None
        port = question["port"]
        ways = services_to(oracle, server, port)
        if len(ways) > 1:
            continue
        ends = ["/".join(question[end]) for end in ("client", "server")]
        told = engine.layered(ends[0], ends[1], port, "TCP", None)
        assert told is not None
        # Requests whose token nobody takes are not meant by a question about all of them.
        some = [one for one in (draw.question()["request"] for _ in range(8)) if not _other_token(one)]
        asks = [Asks(**{**one, "identity": None, "host": one.get("host", "x")}) for one in some]
        said = {one.verdict for ask in asks for one in answers(oracle, client, server, port, ways[0], ask)}
        if said and told["verdict"] in ("allowed", "denied") and said != {told["verdict"]}:
            found.append(f"seed {seed}: {ends[0]} -> {ends[1]} {port} all: {told['verdict']}, of some: {sorted(said)}")
    return found


def _other_token(asked: dict[str, Any]) -> bool:
    return bool(asked.get("claims", {}).get("iss", "issuer") != "issuer")


def run(first: int, last: int) -> int:
    """Compares the clusters of these seeds and prints what differs; the number of disagreements."""
    found = 0
    for seed in range(first, last):
        for line in compare(seed) + compare_whole(seed):
            found += 1
            print(line)
    print(f"{last - first} clusters, {found} disagreements")
    return found


@pytest.mark.parametrize("first", range(0, CLUSTERS, 25))
def test_they_agree(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed)] == []


@pytest.mark.parametrize("first", range(0, CLUSTERS // 2, 25))
def test_the_answer_about_all_requests_is_that_about_each(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare_whole(seed)] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
