"""Engine and oracle on random meshes: verdict, identity, encryption and the ports of every hop."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.meshed.request import request
from tests.oracle_mesh.asking import Answer, Asks, answers, read, services_to
from tests.properties.meshes import Draw

CLUSTERS, QUESTIONS = 150, 6


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
        if wanted.get("encryption") == "?":
            wanted["encryption"] = said["encryption"]
        if said == wanted:
            return ""
        keys = [key for key in said if said[key] != wanted[key]]
        differences.append(f"{[(key, said[key], wanted[key]) for key in keys]} layer {one.layer}")
    return "; ".join(differences)


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
        ways = services_to(oracle, pods[1], port)
        asks = Asks(**asked)
        expected = [one for way in ways for one in answers(oracle, pods[0], pods[1], port, way, asks)]
        ends = ["/".join(question[end]) for end in ("client", "server")]
        told = engine.layered(ends[0], ends[1], port, "TCP", request(**asked))
        assert told is not None
        wrong = disagreement(told, expected)
        if wrong:
            found.append(f"seed {seed}: {ends[0]} -> {ends[1]} {port} {asked}: {wrong} [{told['reason']}]")
    return found


@pytest.mark.parametrize("first", range(0, CLUSTERS, 25))
def test_they_agree(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed)] == []
