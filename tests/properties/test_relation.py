"""What must hold of the relation itself, whoever is right about a single verdict."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.oracle.profiles import PROFILES
from tests.properties import clusters, service_cases
from tests.properties.alphabet import CIDRS, EXCEPTS, PORTS, chance, labels
from tests.properties.clusters import NODE_PORT, End, Given, Object, Question, Scenario, end_text, questions
from tests.properties.comparison import engine_verdict, load
from tests.properties.corner_cases import network_policy
from tests.properties.rules import Writer

world = pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)
# Without shrinking, which takes minutes here: the long run reduces what it finds.
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])
POLICIES = ("NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
PORT_ATOMS = sorted({port for number in PORTS for port in (number, number + 1) if port < 65536} | {40, NODE_PORT})
PROTOCOLS = ("TCP", "UDP", "SCTP")


def scenario(random: Random) -> Scenario:
    """A cluster, half of the time under any profile with facts pinned."""
    return clusters.scenario(random, tuple(PROFILES) if chance(random, 0.5) else ())


def verdicts(engine: Any, asked: Iterable[Question]) -> list[str]:
    return [engine_verdict(engine, question) for question in asked]


def name_of(item: Object) -> str:
    """As ``what_if`` takes the name of an object that is to go."""
    space = item["metadata"].get("namespace")
    return "/".join(filter(None, (space, item["kind"].lower(), item["metadata"]["name"])))


def same_world(changed: Any, objects: list[Object], made: Scenario, asked: list[Question]) -> None:
    fresh = load(objects, made.given)
    assert verdicts(changed, asked) == verdicts(fresh, asked)
    assert changed.fingerprint() == fresh.fingerprint()


@SLOW
@given(RANDOMS)
def test_what_if_policies_change_is_a_fresh_load(random: Random) -> None:
    made = scenario(random)
    base = load(made.objects, made.given)
    asked = questions(random, made, 12)
    before = verdicts(base, asked)
    spaces = sorted({item["metadata"]["namespace"] for item in made.objects if "namespace" in item["metadata"]})
    assume(spaces)
    gone = [item for item in made.objects if item["kind"] in POLICIES and chance(random, 0.4)]
    added = [item for item in Writer(random, spaces).policies() if chance(random, 0.4)]
    names = {name_of(item) for item in (*added, *gone)}
    changed = base.what_if(add=copy.deepcopy(added), remove=[name_of(item) for item in gone])
    same_world(changed, [*(item for item in made.objects if name_of(item) not in names), *added], made, asked)
    assert verdicts(base, asked) == before, "a what-if leaves its base alone"


@SLOW
@given(RANDOMS)
def test_what_if_pod_relabelled_is_a_fresh_load(random: Random) -> None:
    made = scenario(random)
    pods = [
        item
        for item in made.objects
        if item["kind"] in ("Pod", "Namespace") and item.get("status", {}).get("phase") != "Succeeded"
    ]
    assume(pods)
    picked = random.choice(pods)
    new = labels(random)
    objects = copy.deepcopy(made.objects)
    objects[made.objects.index(picked)]["metadata"]["labels"] = new
    old: dict[str, str] = picked["metadata"]["labels"]
    change = {**dict.fromkeys(old), **new}
    changed = load(made.objects, made.given).what_if(relabel={name_of(picked): change})
    same_world(changed, objects, made, questions(random, made, 12))


@SLOW
@given(RANDOMS)
def test_fingerprint_does_not_see_order(random: Random) -> None:
    made = scenario(random)
    objects = copy.deepcopy(made.objects)
    random.shuffle(objects)
    for item in objects:
        if item["kind"] == "NetworkPolicy":
            for rules in (item["spec"].get("ingress"), item["spec"].get("egress")):
                if rules:
                    random.shuffle(rules)
    assert load(objects, made.given).fingerprint() == load(made.objects, made.given).fingerprint()


@SLOW
@given(RANDOMS)
def test_fingerprint_tells_relations_apart(random: Random) -> None:
    made = scenario(random)
    policies = [item for item in made.objects if item["kind"] in POLICIES]
    assume(policies)
    gone = random.choice(policies)
    one, other = load(made.objects, made.given), load([item for item in made.objects if item is not gone], made.given)
    asked = [q for q in questions(random, made, 30) if {q.source[0], q.destination[0]} <= {"pod", "workload", "node"}]
    if verdicts(one, asked) != verdicts(other, asked):
        assert one.fingerprint() != other.fingerprint()
        assert one.difference(other, 10)


def text_of_row_end(text: str, known: set[str]) -> str:
    """What ``can`` takes for an end that a row names; of addresses the first that no object has, "" where all are."""
    if not is_outside(text):
        return text
    for piece in text.split(", "):
        address: Any
        first, _, last = piece.partition("-")
        network = ipaddress.ip_network(first)
        end = ipaddress.ip_address(last) if last else network.broadcast_address
        address = network.network_address
        while address <= end:
            if str(address) not in known:
                return str(address)
            address += 1
    return ""


def is_outside(text: str) -> bool:
    """Whether an end of a row is a set of addresses."""
    return text[0].isdigit() or ":" in text


def addresses_in(value: Any) -> set[str]:
    """Every address that an object of the input has."""
    if isinstance(value, list):
        return {text for item in value for text in addresses_in(item)}
    if not isinstance(value, dict):
        return set()
    own = {value[name] for name in ("ip", "podIP", "address", "clusterIP") if isinstance(value.get(name), str)}
    own.update(value.get("clusterIPs", ()))
    return own | {text for item in value.values() for text in addresses_in(item)}


def key(protocol: str, port: int) -> int:
    return PROTOCOLS.index(protocol) << 16 | port


def pods_by_name(engine: Any) -> dict[str, list[str]]:
    """The pods that a row's name stands for, each as ``can`` takes it: a workload's name stands for all its pods."""
    found: dict[str, list[str]] = {}
    for pod in engine.cluster.pods:
        workload = pod.workload
        text = f"{pod.namespace}/{pod.name}"
        kind = workload.kind.lower()
        asked = f"{pod.namespace}/pod/{pod.name}"
        if pod.template and pod.name == workload.name:
            asked = f"{pod.namespace}/{kind}/{pod.name}"
        for name in {text, f"{pod.namespace}/{workload.name}", f"{pod.namespace}/{kind}/{workload.name}"}:
            found.setdefault(name, []).append(asked)
    return found


@SLOW
@given(RANDOMS, st.sampled_from(["workload", "pod"]))
def test_the_rows_of_the_list_are_the_relation(random: Random, level: str) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    listed = engine.connections(level=level)
    assert listed.left_out == 0
    meant = pods_by_name(engine)
    cells: dict[tuple[str, str], list[Any]] = {}
    for row in listed.rows:
        for source in (pod for name in row.sources for pod in meant.get(name, [name])):
            for destination in (pod for name in row.destinations for pod in meant.get(name, [name])):
                cells.setdefault((source, destination), []).append(row)
    known = addresses_in(made.objects)
    pods = sorted({pod for named in meant.values() for pod in named})
    others = [end for end in listed.ends if is_outside(end) or end.startswith("node/")]
    pairs = [pair for a in pods for b in [*pods, *others] if a != b for pair in ((a, b), (b, a))]
    for source, destination in random.sample(pairs, min(len(pairs), 12)):
        # Rows say where a node itself is reached, not what it hands on to Services.
        port, protocol = random.choice([port for port in PORT_ATOMS if port != NODE_PORT]), random.choice(PROTOCOLS)
        rows = [
            row
            for row in cells.get((source, destination), ())
            if any(first <= key(protocol, port) <= last for first, last in row.ports)
        ]
        got = {str(row.verdict.value) for row in rows} or {"denied"}
        ends = (text_of_row_end(source, known), text_of_row_end(destination, known))
        if not all(ends):
            continue
        expected = engine.can(*ends, port=port, protocol=protocol).verdict.value
        assert expected == "mixed" or got == {expected}, (*ends, port, protocol)


@SLOW
@given(RANDOMS)
def test_all_ports_is_the_fold_over_ports(random: Random) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    for question in questions(random, made, 4):
        if question.destination in made.services:
            continue  # without a port its own ports are asked for, not every one
        source, destination = end_text(question.source), end_text(question.destination)
        each = [
            engine.can(source, destination, port=port, protocol=protocol).verdict.value
            for port in PORT_ATOMS
            for protocol in PROTOCOLS
        ]
        assert engine.can(source, destination).verdict.value == folded(each)


@SLOW
@given(RANDOMS, st.sampled_from(["192.0.2.0/23", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/24", "fd00::/112"]))
def test_a_cidr_is_the_fold_over_its_addresses(random: Random, text: str) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    pods: list[End] = [end for end in made.ends if end[0] in ("pod", "labels")]
    assume(pods)
    asked = random.choice(pods)
    other, own = end_text(asked), own_addresses(made, asked)
    port, protocol = random.choice(PORTS), random.choice(PROTOCOLS)
    for ends in ((text, other), (other, text)):
        whole = engine.can(*ends, port=port, protocol=protocol).verdict.value
        each = {
            engine.can(
                *(str(address) if end == text else end for end in ends), port=port, protocol=protocol
            ).verdict.value
            for address in telling_addresses(made, text) - own
        }
        assert whole == folded(each)


def test_a_cidr_has_the_services_of_which_it_has_an_address() -> None:
    isolated = network_policy({"podSelector": {"matchLabels": service_cases.APP}})
    objects = [*service_cases.OPEN, service_cases.BACKEND, isolated]
    objects.append(service_cases.service(service_cases.port(80), addresses=("10.2.0.1",)))
    engine = load(objects, Given())
    each = [engine.can("n/a", text, port=80).verdict.value for text in ("10.2.0.0", "10.2.0.1")]
    assert engine.can("n/a", "10.2.0.0/31", port=80).verdict.value == folded(each)


def own_addresses(made: Scenario, end: End) -> set[Any]:
    """Addresses of a pod: what it sends to itself is no part of a question about several flows."""
    mine = [
        item
        for item in made.objects
        if item["kind"] == "Pod" and end == ("pod", item["metadata"]["namespace"], item["metadata"]["name"])
    ]
    return {ipaddress.ip_address(entry["ip"]) for item in mine for entry in item["status"].get("podIPs", ())}


def telling_addresses(made: Scenario, text: str) -> set[Any]:
    """Addresses of a range, one at least of every piece that a CIDR or an object of the input cuts from it."""
    network = ipaddress.ip_network(text)
    cuts = [
        *CIDRS,
        *EXCEPTS,
        "2000::/3",
        "fd00::/8",
        *made.given.pod_cidrs,
        *made.given.service_cidrs,
        *made.given.node_cidrs,
    ]
    for item in made.objects:
        status = item.get("status", {})
        cuts += [entry["ip"] for entry in status.get("podIPs", [])] + [
            e["address"] for e in status.get("addresses", [])
        ]
    numbers = {int(network.network_address), int(network.broadcast_address)}
    for cut in map(ipaddress.ip_network, cuts):
        if cut.version == network.version:
            first, last = int(cut.network_address), int(cut.broadcast_address)
            numbers |= {first - 1, first, last, last + 1}
    make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return {
        address
        for number in numbers
        if 0 < number < 1 << network.max_prefixlen and (address := make(number)) in network
    }


def folded(each: Iterable[str]) -> str:
    seen = set(each)
    if "mixed" in seen or {"allowed", "denied"} <= seen:
        return "mixed"
    return "unknown" if "unknown" in seen else seen.pop()
