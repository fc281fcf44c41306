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
from tests.properties.machines import Machines
from tests.properties.meshes import Draw

Json = dict[str, Any]
SEEDS, LESS_SEEDS, FORWARDED_SEEDS, QUESTIONS = 150, 40, 60, 12
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
        elif kind not in ("Pod", "Gateway", "Service", "WorkloadEntry") and draw.maybe(0.3):
            continue
        elif kind == "WorkloadEntry" and draw.maybe(0.5):
            one["spec"]["serviceAccount"] = draw.one("shared", "other")
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


class WithMachines(Machines):
    """With questions about machines, too."""

    def question(self) -> Json:
        found = super().question()
        if self.maybe(0.6):
            found[self.one("client", "server")] = self.one(*self.machines)
        return found | {"way": "name"}

    def serving(self) -> list[Json]:
        return []


class Forwarding(Draw):
    """Clusters whose policies ask for the address that a request comes from, which proxies before it may have told."""

    def source(self) -> Json:
        blocks = [self.one("10.0.0.2/31", "10.0.1.0/24", "10.0.0.0/8", "192.0.2.0/24")]
        return self.one(super().source(), {"remoteIpBlocks": blocks}, {"notRemoteIpBlocks": blocks})

    def question(self) -> Json:
        found = super().question()
        if self.maybe(0.5):
            found["request"].setdefault("headers", {})["x-forwarded-for"] = "10.0.0.2"
        return found


def compare(seed: int, sort: type[Draw] = Draw) -> list[str]:
    """What is wrong with the difference of the states of a seed."""
    draw = sort(seed)
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
        if more:
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


def compare_with_less(seed: int) -> list[str]:
    """What is wrong with the difference of a cluster and the same without one of its workloads, both ways."""
    draw = Draw(seed)
    objects = draw.cluster()
    workloads = [one for one in objects if one["kind"] in ("Deployment", "Pod")]
    lost = draw.random.choice(workloads)
    whole, less = (
        load_objects(one, istio_version="1.29") for one in (objects, [one for one in objects if one is not lost])
    )
    name = f"{lost['metadata']['namespace']}/{lost['metadata']['name']}"
    found = []
    told = {"new": less.diff(whole, level="pod"), "gone": whole.diff(less, level="pod")}
    for change, diff in told.items():
        rows = [row for row in diff.rows if row.change == change]
        found += [f"{change}: {one}" for one in _wrong_alone(whole, rows)]
        for _ in range(QUESTIONS):
            question = draw.question()
            ends = ["/".join(question[end]) for end in ("client", "server")]
            if ends[0] == ends[1] or not any(end.startswith(name) for end in ends):
                continue
            asked = {key: value for key, value in question["request"].items() if key not in ("identity", "host")}
            found += [f"{change}: {one}" for one in _uncovered_alone(whole, rows, ends, question["port"], asked)]
    return [f"seed {seed}: {one}" for one in found]


def _uncovered_alone(world: Any, rows: list[Any], ends: list[str], port: int, asked: Json) -> list[str]:
    aspects = {
        "configured": world.can(*ends, port, "TCP", request=request(**asked)).verdict,
        "unbound": unbound(world.meshed, *map(world.target, ends), world.question(port, "TCP"), request(**asked)),
    }
    covering = [
        row for row in rows if ends[0] in row.sources and ends[1] in row.destinations and contains_key(row.ports, port)
    ]
    told = {row.layers.aspect: row for row in covering}
    where = f"{ends[0]} -> {ends[1]} {port} {asked}"
    found = []
    row = told.get("configured")
    if aspects["configured"] is not Verdict.DENIED and row is None:
        found.append(f"{where}: {aspects['configured']} is in no row")
    if row is not None and aspects["configured"] is Verdict.DENIED and Verdict.ALLOWED in (row.before, row.after):
        edge = row.layers.before or row.layers.after
        if edge.requests == "all":
            found.append(f"{where}: denied, and {edge}")
    if aspects["unbound"] is not Verdict.DENIED and not told:
        found.append(f"{where}: {aspects['unbound']} to who controls the client is in no row")
    return found


def _wrong_alone(world: Any, rows: list[Any]) -> list[str]:
    """Rows of flows that one state has, and whose request is not answered as they say."""
    found = []
    for row in rows:
        witness, gone = row.witness, row.after is None
        names = (witness.source_before, witness.destination_before) if gone else (witness.source, witness.destination)
        port, _, protocol = witness.port.partition("/")
        where = f"{row.layers.aspect} {names} {witness.port}"
        asked = witness.lost if gone else witness.gained
        if (witness.gained if gone else witness.lost) is not None:
            found.append(f"{where}: a request on the other side")
        one = asked and asked.request
        verdict = _asked(world, names, int(port), protocol, one, row)
        if asked is not None and verdict is not (asked.before if gone else asked.after):
            found.append(f"{where}: {asked} says otherwise than {verdict}")
        if asked is None and verdict is not (row.before if gone else row.after):
            found.append(f"{where}: {verdict}, and {row.before} -> {row.after} is said")
        if verdict is Verdict.DENIED:
            found.append(f"{where}: denied")
        edge = row.layers.before if gone else row.layers.after
        if edge is None or (asked is None and edge.requests not in ("all", "perhaps all")):
            found.append(f"{where}: no request of {edge}")
    return found


@pytest.mark.parametrize("first", range(0, LESS_SEEDS, 10))
def test_flows_of_new_and_gone_workloads_tell_their_requests(first: int) -> None:
    assert [one for seed in range(first, first + 10) for one in compare_with_less(seed)] == []


def run(first: int, last: int) -> int:
    """Compares the states of these seeds and prints what is wrong; how much that is."""
    found = 0
    for seed in range(first, last):
        for line in (*compare(seed), *compare(seed, WithMachines)):
            found += 1
            print(line)
    print(f"{last - first} pairs of states, {found} disagreements")
    return found


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_rows_hold_every_change_and_witnesses_differ(first: int) -> None:
    assert [one for seed in range(first, first + 10) for one in compare(seed)] == []


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_rows_hold_every_change_of_machines(first: int) -> None:
    assert [one for seed in range(first, first + 10) for one in compare(seed, WithMachines)] == []


@pytest.mark.parametrize("first", range(0, FORWARDED_SEEDS, 10))
def test_requests_that_tell_who_forwarded_them_are_compared(first: int) -> None:
    assert [one for seed in range(first, first + 10) for one in compare(seed, Forwarding)] == []


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
