"""Engine and oracle on random meshes: verdict, identity, encryption and the ports of every hop."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.meshed.request import request
from tests.oracle_mesh.asking import answers, headless, of_datagrams, read, services_to, taken
from tests.oracle_mesh.membership import proxy, takes_inbound
from tests.oracle_mesh.objects import World, leads_to
from tests.oracle_mesh.values import Answer, Asks
from tests.oracle_mesh.ways_out import to_outside
from tests.properties.meshes import Draw
from tests.properties.ways_out import WayOut
from tests.properties.wider_meshes import OUTSIDE, Wider

CLUSTERS, QUESTIONS = 400, 6
SYMPTOM = re.compile(r"none|timeout|refused|reset|eof|tls-alert|dns|http-[1-5][0-9][0-9]")
ROUTED = re.compile("the (client's proxy|proxy on the way) (sends it to|answers it)")
ENCRYPTIONS = "none", "mtls", "hbone", "wireguard", "ipsec", "tls", "unknown"


def disagreement(told: dict[str, Any], expected: list[Answer]) -> str:
    """What the engine says that no possible answer of the oracle says; empty: they agree."""
    differences = []
    verdicts = {one.verdict for one in expected}
    if told["verdict"] == "unknown" and len(verdicts) > 1:
        return ""
    if told["verdict"] == "unknown" and "several objects route what is meant for this host" in told["reason"]:
        # Where routes differ of which one counts, the engine does not look at what they make of a single request.
        return ""
    if any((one.verdict, one.layer) == ("unknown", "network") for one in expected):
        # The network plugin decides, and has an oracle of its own.
        return ""
    layers = {one["layer"]: one["verdict"] for one in told["layers"]}
    for one in expected:
        said: dict[str, Any] = {"verdict": told["verdict"]}
        wanted: dict[str, Any] = {"verdict": one.verdict}
        if one.hops or told["hops"]:
            said["hops"], wanted["hops"] = tuple(hop["port"] for hop in told["hops"]), one.hops
        if one.verdict == "allowed" or one.layer == "requests":
            said |= {"identity": told["identity"], "encryption": told["encryption"]}
            wanted |= {"identity": one.identity, "encryption": one.encryption}
        if one.symptom is not None:
            said["symptom"], wanted["symptom"] = told["symptom"], one.symptom
        if one.holds is not None:
            said["holds"], wanted["holds"] = told["holds"], one.holds
        if one.network is not None and len({other.network for other in expected}) == 1:
            said["network"], wanted["network"] = layers["network"], "allowed" if one.network else "denied"
        if one.layer and one.verdict == "denied" and len(one.hops) < 2 and len(expected) == 1:
            said["layer"] = next((layer for layer, verdict in layers.items() if verdict == "denied"), "")
            wanted["layer"] = one.layer
        if len(verdicts) > 1:
            wanted["verdict"] = "unknown"
        for key, open_ in (("identity", None), ("encryption", "unknown")):
            # Who comes and who encrypts is only said where it is always the same.
            if key in wanted and len({getattr(other, key) for other in expected}) > 1:
                wanted[key] = open_
        if wanted.get("encryption") == "?":
            wanted["encryption"] = said["encryption"]
        if one.ways and one.verdict == "allowed":
            said["ways"] = tuple(
                (hop["source"], hop["destination"], hop["identity"], hop["encryption"]) for hop in told["hops"]
            )
            wanted["ways"] = _alike([other.ways for other in expected])
        if said == wanted:
            return ""
        keys = [key for key in said if said[key] != wanted[key]]
        differences.append(f"{[(key, said[key], wanted[key]) for key in keys]} layer {one.layer}")
    return "; ".join(differences)


def _alike(every: list[Any]) -> Any:
    """The hops of all that it may be: who comes and who encrypts is only said where it is always the same."""
    if len({len(ways) for ways in every}) > 1:
        return every[0]
    return tuple(
        (
            *hops[0][:2],
            hops[0][2] if len({hop[2] for hop in hops}) == 1 else None,
            hops[0][3] if len({hop[3] for hop in hops}) == 1 else "unknown",
        )
        for hops in zip(*every, strict=True)
    )


def misshapen(told: dict[str, Any]) -> str:
    """What of an answer is not of the values that its fields may have; empty: nothing."""
    layers = [one["layer"] for one in told["layers"]]
    if layers != ["network", "transport", "requests"] and (layers != ["network"] or told["hops"][0]["identity"]):
        return f"layers {told['layers']}"
    # What a client sees that is sent elsewhere is not known.
    elsewhere = any(ROUTED.search(one["reason"]) for one in (told, *told["layers"]))
    seen = told["verdict"] == "denied" and not elsewhere
    if SYMPTOM.fullmatch(told["symptom"]) is None or (told["symptom"] == "none") == seen:
        return f"symptom {told['symptom']} of {told['verdict']}"
    for one in (told, *told["hops"]):
        if one["encryption"] not in ENCRYPTIONS:
            return f"encryption {one['encryption']}"
        if one["identity"] is not None and not one["identity"].startswith("spiffe://"):
            return f"identity {one['identity']}"
    if not told["holds"] and told["verdict"] != "denied":
        return f"holds {told['holds']} of {told['verdict']}"
    return ""


def _way(oracle: World, server: Any, port: int, question: dict[str, Any]) -> tuple[list[Any], str]:
    """The Services that a question may mean, and the name that it says."""
    ways, name = services_to(oracle, server, port), "/".join(question["server"])
    if question["way"] == "address" and "status" in server:
        return [None], server["status"]["podIP"]
    if question["way"] == "service" and ways[0] is not None:
        space, name_of = ways[0]["metadata"]["namespace"], ways[0]["metadata"]["name"]
        return ways[:1], f"{space}/service/{name_of}"
    return ways, name


def compare(seed: int, kind: type[Draw] = Draw, port: int | None = None) -> list[str]:
    """The disagreements about one cluster. ``port``: what all questions are about, at the pods' own addresses."""
    draw = kind(seed)
    objects = draw.cluster()
    oracle = read(objects)
    engine = load_objects(objects, istio_version="1.29", cni=getattr(draw, "cni", None)).flow_answers()
    found = []
    for _ in range(QUESTIONS):
        question = draw.question()
        if port is not None:
            question |= {"port": port, "way": "address"}
        wrong = _wrong(oracle, engine, question)
        if wrong:
            found.append(f"seed {seed}: {wrong}")
    return found


def _wrong(oracle: World, engine: Any, question: dict[str, Any]) -> str:
    """How the engine answers a question otherwise than the oracle; empty: it does not."""
    asked, port = question["request"], question["port"]
    pods = [oracle.named("Pod", *question[end]) for end in ("client", "server")]
    client, server = pods
    assert client is not None
    assert server is not None
    ends, protocol = ["/".join(question["client"]), ""], "TCP"
    if question["way"] == "outside":
        asked.pop("identity", None)
        ends[1], expected = OUTSIDE, [to_outside(oracle, client, OUTSIDE, port, Asks(**asked))]
    elif question["way"] == "udp":
        asked.pop("identity", None)
        ends[1], protocol = "/".join(question["server"]), "UDP"
        expected = [[of_datagrams(oracle, client, server, port)]]
    else:
        ways, ends[1] = _way(oracle, server, port, question)
        if asked.get("identity") and (
            "open" in {taken(oracle, client, server, port, way) for way in ways}
            or not takes_inbound(proxy(oracle, server), server, port)
        ):
            # What it would prove that proves nothing is not said.
            del asked["identity"]
        if ways == [None] and not (server.get("status") or {}).get("podIP"):
            # What a client writes as host that dials an address which nobody knows is not known either.
            asked.setdefault("host", "elsewhere.example")
        expected = [answers(oracle, client, server, port, way, Asks(**asked)) for way in ways]
        if "/service/" in ends[1] and ways[0] is not None and not headless(ways[0]):
            port = leads_to(ways[0], server, port)["port"]
    told = engine.layered(*ends, port, protocol, request(**asked))
    assert told is not None
    differences = [disagreement(told, one) for one in expected]
    wrong = misshapen(told) or ("; or ".join(differences) if all(differences) else "")
    return wrong and f"{ends[0]} -> {ends[1]} {port} {question['way']} {asked}: {wrong} [{told['reason']}]"


def compare_whole(seed: int, kind: type[Draw] = Draw) -> list[str]:
    """Where the answer about all requests is not what the oracle says of each of some."""
    draw = kind(seed)
    objects = draw.cluster()
    oracle = read(objects)
    engine = load_objects(objects, istio_version="1.29", cni=getattr(draw, "cni", None)).flow_answers()
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
        some = [one for one in (draw.question()["request"] for _ in range(8)) if not _other_token(oracle, one)]
        # Nor those that name another host than that of what is dialled: a client's sidecar goes by it.
        host = None if ways[0] is not None or "status" in server else "x"
        asks = [Asks(**{**one, "identity": None, "host": host}) for one in some]
        each = [one for ask in asks for one in answers(oracle, client, server, port, ways[0], ask)]
        said = {one.verdict for one in each if (one.verdict, one.layer) != ("unknown", "network")}
        if said and told["verdict"] in ("allowed", "denied") and said != {told["verdict"]}:
            found.append(f"seed {seed}: {ends[0]} -> {ends[1]} {port} all: {told['verdict']}, of some: {sorted(said)}")
    return found


def _other_token(oracle: World, asked: dict[str, Any]) -> bool:
    claims = asked.get("claims", {"iss": "issuer", "aud": "shop"})
    rules = [rule for one in oracle.of("RequestAuthentication") for rule in one["spec"]["jwtRules"]]
    default = "none" if any("audiences" in rule for rule in rules) else "shop"
    return bool(claims["iss"] != "issuer" or claims.get("aud", default) not in ("shop", ["bank", "shop"]))


def run(first: int, last: int) -> int:
    """Compares the clusters of these seeds and prints what differs; the number of disagreements."""
    found = 0
    for seed in range(first, last):
        some = [line for kind in (Draw, Wider, WayOut) for line in compare(seed, kind)]
        for line in some + compare_whole(seed) + compare_whole(seed, Wider):
            found += 1
            print(line)
    print(f"{last - first} clusters, {found} disagreements")
    return found


@pytest.mark.parametrize("first", range(0, CLUSTERS, 25))
def test_they_agree(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed)] == []


@pytest.mark.parametrize("first", range(0, CLUSTERS, 25))
def test_they_agree_on_what_is_rarer(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed, Wider)] == []


def test_they_agree_on_the_port_of_tunnels() -> None:
    assert [one for seed in range(25) for one in compare(seed, port=15008)] == []


@pytest.mark.parametrize("first", range(0, CLUSTERS, 25))
def test_they_agree_on_ways_out(first: int) -> None:
    assert [one for seed in range(first, first + 25) for one in compare(seed, WayOut)] == []


@pytest.mark.parametrize("first", range(0, CLUSTERS // 2, 25))
def test_the_answer_about_all_requests_is_that_about_each(first: int) -> None:
    assert [
        one for seed in range(first, first + 25) for kind in (Draw, Wider) for one in compare_whole(seed, kind)
    ] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
