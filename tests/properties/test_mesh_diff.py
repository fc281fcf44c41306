"""Two states of random meshes: every request that either answers otherwise is in a row, and witnesses do differ."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.sets.ports import contains_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.forms import protections, unbound
from ringfence.verdict.meshed.request import request
from tests.properties.meshes import Draw

Json = dict[str, Any]
SEEDS, QUESTIONS = 150, 12
_RANKS = {Verdict.DENIED: 0, Verdict.UNKNOWN: 1, Verdict.MIXED: 1, Verdict.ALLOWED: 2}


def changed(draw: Draw, objects: list[Json]) -> list[Json]:
    """Another state: some objects go, some come, some say something else."""
    found: list[Json] = []
    for one in copy.deepcopy(objects):
        kind = one["kind"]
        metadata = one["metadata"]
        if kind == "Namespace":
            if draw.maybe(0.15) and metadata["name"] != "istio-system":
                metadata["labels"] = draw.one(
                    {}, {"istio-injection": "enabled"}, {"istio.io/dataplane-mode": "ambient"}
                )
        elif kind == "ConfigMap":
            if draw.maybe(0.1):
                one["data"]["mesh"] = draw.mesh_config()["data"]["mesh"]
        elif kind == "Deployment":
            if draw.maybe(0.1):
                one["spec"]["template"]["spec"]["serviceAccountName"] = draw.one("shared", "other")
            if draw.maybe(0.05):
                one["spec"]["template"]["metadata"].setdefault("annotations", {})[
                    "traffic.sidecar.istio.io/excludeInboundPorts"
                ] = "8080"
        elif kind not in ("Pod", "Gateway", "Service") and draw.maybe(0.3):
            continue
        elif kind == "PeerAuthentication" and draw.maybe(0.5):
            one["spec"]["mtls"] = {"mode": draw.one("STRICT", "PERMISSIVE", "DISABLE")}
        found.append(one)
    there = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in found}
    new = [draw.authorization(f"policy-{number}") for number in range(draw.one(0, 1, 2, 4))]
    new += draw.peer_authentications() if draw.maybe(0.4) else []
    new += draw.destination_rules() if draw.maybe(0.4) else []
    new += draw.request_authentications() if draw.maybe(0.3) else []
    new += draw.network_policies() if draw.maybe(0.3) else []
    for one in new:
        key = (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        if key not in there:
            there.add(key)
            found.append(one)
    return found


def compare(seed: int) -> list[str]:
    """What is wrong with the difference of the states of a seed."""
    draw = Draw(seed)
    objects = draw.cluster()
    other = changed(draw, objects)
    states = [load_objects(one, istio_version="1.29") for one in (objects, other)]
    before, after = states
    diff = before.diff(after, level="pod")
    wrong = (
        *_uncovered(draw, states, diff),
        *_wrong_witnesses(states, diff),
        *_wrong_causes(draw, objects, other, states, diff),
        *_wrong_sums(states, diff),
    )
    return [f"seed {seed}: {one}" for one in wrong]


def _uncovered(draw: Draw, states: list[Any], diff: Any) -> list[str]:
    """Requests that are answered otherwise, and are in no row."""
    found = []
    answers = [one.flow_answers() for one in states]
    for _ in range(QUESTIONS):
        question = draw.question()
        ends = ["/".join(question[end]) for end in ("client", "server")]
        if ends[0] == ends[1]:
            continue
        # By another host than that of what is dialled a client's sidecar sends elsewhere: rows are not about that.
        asked = {key: value for key, value in question["request"].items() if key not in ("identity", "host")}
        told = [one.layered(*ends, question["port"], "TCP", request(**asked)) for one in answers]
        verdicts = [Verdict(one["verdict"]) for one in told]
        held = [(one["encryption"], one["identity"]) for one in told]
        rows = [
            row
            for row in diff.rows
            if ends[0] in row.sources and ends[1] in row.destinations and contains_key(row.ports, question["port"])
        ]
        reach = [row for row in rows if row.layers.aspect == "configured"]
        more = _RANKS[verdicts[1]] - _RANKS[verdicts[0]]
        where = f"{ends[0]} -> {ends[1]} {question['port']} {asked}"
        if more and "x-forwarded-for" not in asked.get("headers", {}):
            wanted = {"widened", "changed"} if more > 0 else {"narrowed", "changed"}
            if not any(row.change.value in wanted for row in reach):
                found.append(
                    f"{where}: {verdicts[0]} -> {verdicts[1]} is in no row of {[str(r.change) for r in reach]}"
                )
        protected = any(row.layers.aspect == "protection" for row in rows)
        if verdicts == [Verdict.ALLOWED] * 2 and held[0] != held[1] and not protected:
            found.append(f"{where}: {held[0]} -> {held[1]} is in no row")
    return found


def _wrong_witnesses(states: list[Any], diff: Any) -> list[str]:
    found = []
    for row in diff.rows:
        if row.before is None or row.after is None:
            continue
        witness = row.witness
        port, _, protocol = witness.port.partition("/")
        pairs = (witness.source_before, witness.destination_before), (witness.source, witness.destination)
        where = f"{row.change} {row.layers.aspect} {pairs[1]} {witness.port} {row.before} -> {row.after}"
        for asked, sign in ((witness.gained, 1), (witness.lost, -1)):
            if asked is not None:
                verdicts = [
                    _asked(*one, int(port), protocol, asked.request, row) for one in zip(states, pairs, strict=True)
                ]
                if (_RANKS[verdicts[1]] - _RANKS[verdicts[0]]) * sign <= 0:
                    found.append(f"{where}: {asked.request} {verdicts}")
                if (asked.before, asked.after) != tuple(verdicts):
                    found.append(f"{where}: {asked} says otherwise than {verdicts}")
        if witness.gained is None and witness.lost is None:
            if row.layers.aspect == "protection":
                told = [
                    _outcome(one, pair, int(port), protocol, None, row) for one, pair in zip(states, pairs, strict=True)
                ]
                differ = told[0] != told[1]
            else:
                verdicts = [_asked(*one, int(port), protocol, None, row) for one in zip(states, pairs, strict=True)]
                differ = verdicts[0] is not verdicts[1]
                if verdicts != [row.before, row.after]:
                    found.append(f"{where}: {verdicts} is said")
            if not differ:
                found.append(f"{where}: no difference {row.layers}")
    return found


def _wrong_causes(draw: Draw, objects: list[Json], other: list[Json], states: list[Any], diff: Any) -> list[str]:
    """Rows whose causes do not make the witness what it is afterwards."""
    found = []
    rows = [row for row in diff.rows if row.before is not None and row.after is not None]
    for row in draw.random.sample(rows, min(len(rows), 2)):
        where = f"{row.change} {row.layers.aspect} {row.witness}"
        if not row.explained or not row.causes:
            found.append(f"{where}: not explained")
            continue
        named = {(one.altered.kind, one.altered.namespace, one.altered.name) for one in row.causes}
        swapped = [one for one in objects if _identity(one) not in named]
        swapped += [one for one in other if _identity(one) in named]
        world = load_objects(swapped, istio_version="1.29")
        port, _, protocol = row.witness.port.partition("/")
        names = row.witness.source, row.witness.destination
        asks = [one.request for one in (row.witness.gained, row.witness.lost) if one is not None] or [None]
        for asked in asks:
            told = [_outcome(one, names, int(port), protocol, asked, row) for one in (world, states[1])]
            if told[0] != told[1]:
                found.append(f"{where}: with {sorted(named, key=str)} it is {told[0]}, not {told[1]}")
    return found


def _identity(one: Json) -> tuple[str, str | None, str]:
    return one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]


def _outcome(world: Any, names: tuple[str, str], port: int, protocol: str, asked: Any, row: Any) -> Any:
    if row.layers.aspect == "protection":
        return protections(world.meshed, *map(world.target, names), world.question(port, protocol), asked)
    return _asked(world, names, port, protocol, asked, row)


def _wrong_sums(states: list[Any], diff: Any) -> list[str]:
    """Whether the fingerprint and the order of the states agree with the rows."""
    found = []
    reach = [row for row in diff.rows if row.layers is None or row.layers.aspect != "protection"]
    same = states[0].fingerprint() == states[1].fingerprint()
    if same == bool(reach):
        found.append(f"fingerprints are {'the same' if same else 'different'}, and {len(reach)} rows of reach")
    order = states[0].equivalent(states[1]).order
    more = {row.change.value for row in reach}
    wanted = {
        "equal": not more,
        "within": more == {"widened"},
        "contains": more == {"narrowed"},
        "neither": bool(more),
        "undecided": True,
    }[order.value]
    if not wanted:
        found.append(f"{order}, and rows are {sorted(more)}")
    return found


def _asked(world: Any, names: tuple[str, str], port: int, protocol: str, asked: Any, row: Any) -> Verdict:
    if row.layers.aspect == "unbound":
        ends = [world.target(name) for name in names]
        return unbound(world.meshed, *ends, world.question(port, protocol), asked)
    return Verdict(world.can(*names, port, protocol, request=asked).verdict)


def run(first: int, last: int) -> int:
    """Compares the states of these seeds and prints what is wrong; how much that is."""
    found = 0
    for seed in range(first, last):
        for line in compare(seed):
            found += 1
            print(line)
    print(f"{last - first} pairs of states, {found} disagreements")
    return found


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_rows_hold_every_change_and_witnesses_differ(first: int) -> None:
    assert [one for seed in range(first, first + 10) for one in compare(seed)] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
