"""What differs of what the network plugin encrypts between nodes."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.sets.ports import contains_key, port_key
from ringfence.verdict.meshed import carried
from tests.verdict.meshed.test_diff import BASE, made, peers
from tests.verdict.meshed.test_encryption import NODES, cilium, deployment, felix, node, pod

Object = dict[str, Any]
ON, OFF = cilium(enable_wireguard="true"), cilium(enable_wireguard="false")
PODS = [deployment("web", "shop"), deployment("db", "shop"), deployment("batch", "other")]


def world(*more: Object, base: list[Object] | None = None) -> Any:
    return load_objects([*(PODS if base is None else base), *more], cni="calico")


def policy(name: str, app: str, *sources: str, port: int = 0) -> Object:
    rule: Object = {"from": [{"podSelector": {"matchLabels": {"app": one}}} for one in sources]}
    if port:
        rule["ports"] = [{"port": port}]
    spec = {"podSelector": {"matchLabels": {"app": app}}, "ingress": [rule] if sources else []}
    return made("networking.k8s.io/v1", "NetworkPolicy", name, spec)


@pytest.mark.parametrize(
    ("before", "after", "change", "words", "how"),
    [
        ([ON], [OFF], "weakened", ("wireguard", "none"), "changed"),
        ([ON], [], "weakened", ("wireguard", "none"), "removed"),
        ([], [ON], "strengthened", ("none", "wireguard"), "added"),
        ([ON], [cilium(enable_ipsec="true")], "otherwise", ("wireguard", "ipsec"), "changed"),
        ([ON], [cilium(enable_wireguard="perhaps")], "weakened", ("wireguard", "unknown"), "changed"),
    ],
)
def test_a_plugin_that_encrypts_otherwise_is_one_row(
    before: list[Object], after: list[Object], change: str, words: tuple[str, str], how: str
) -> None:
    found = world(*before).diff(world(*after))
    (row,) = found.rows
    assert (row.change, row.before, row.after, row.joined) == (change, "allowed", "allowed", False)
    assert row.sources == row.destinations == ("other/batch", "shop/db", "shop/web")
    assert row.layers.aspect == "wire"
    assert (row.layers.before.encryption, row.layers.after.encryption) == words
    (cause,) = row.causes
    assert (cause.altered.kind, cause.altered.name, cause.altered.how) == ("ConfigMap", "cilium-config", how)
    assert row.explained
    assert found.counts == {row.change: 1}
    assert not found.same
    assert found.widened is (change == "weakened")
    assert found.without_effect == ()


def test_nothing_differs_where_the_plugin_does_the_same() -> None:
    assert world(ON).diff(world(ON)).same
    assert world(OFF).diff(world()).same
    other = {**ON, "data": {**ON["data"], "debug": "true"}}
    assert world(ON).diff(world(other)).same


def test_only_what_is_allowed_in_both_states_is_in_a_row() -> None:
    closed = [policy("db", "db", "web", port=5432), policy("web", "web")]
    rows = world(ON, *closed).diff(world(OFF, *closed)).rows
    told = {
        (source, destination): row.ports for row in rows for source in row.sources for destination in row.destinations
    }
    assert told["shop/web", "shop/db"] == ((port_key("TCP", 5432),) * 2,)
    assert ("other/batch", "shop/db") not in told
    assert not any(destination == "shop/web" and source != destination for source, destination in told)
    assert contains_key(told["shop/web", "other/batch"], port_key("UDP", 53))
    opened = world(ON, *closed).diff(world(OFF)).rows
    weaker = [row for row in opened if row.change == "weakened"]
    assert all("shop/web" not in row.destinations for row in weaker)
    assert {row.change for row in opened} == {"weakened", "widened"}


def test_many_rows_of_one_change_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = [policy(name, name, other, port=port) for name, other, port in (("db", "web", 1), ("web", "db", 2))]
    states = world(ON, *closed), world(OFF, *closed)
    assert len(states[0].diff(states[1]).rows) > 2
    monkeypatch.setattr(carried, "MOST_ROWS", 2)
    (row,) = states[0].diff(states[1]).rows
    assert row.joined
    assert row.sources == row.destinations == ("other/batch", "shop/db", "shop/web")
    assert [one.altered.name for one in row.causes] == ["cilium-config"]
    asked = row.witness.source, row.witness.destination, *row.witness.port.split("/")
    assert states[1].can(asked[0], asked[1], int(asked[2]), asked[3]).verdict == "allowed"


def test_where_pods_run_does_not_matter() -> None:
    apart = [pod("a", "n1", "10.0.0.1"), pod("b", "n2", "10.0.0.2"), *NODES, ON]
    together = [pod("a", "n1", "10.0.0.1"), pod("b", "n1", "10.0.0.2"), *NODES, ON]
    assert load_objects(apart, cni="calico").diff(load_objects(together, cni="calico")).same


def test_what_the_application_or_a_mesh_encrypts_is_not_weaker() -> None:
    ports = [{"name": "https", "port": 443, "targetPort": 8443}]
    service = made("v1", "Service", "db", {"selector": {"app": "db"}, "ports": ports})
    rows = world(ON, service).diff(world(OFF, service)).rows
    key = port_key("TCP", 8443)
    assert not any("shop/db" in row.destinations and contains_key(row.ports, key) for row in rows)
    assert any("shop/web" in row.destinations and contains_key(row.ports, key) for row in rows)
    strict = peers("STRICT")
    meshed = world(ON, strict, base=BASE).diff(world(OFF, strict, base=BASE))
    assert meshed.layered
    for row in meshed.rows:
        inside = {"shop/web", "shop/api"}
        if inside <= {*row.sources, *row.destinations} and "plain/old" not in (*row.sources, *row.destinations):
            assert not contains_key(row.ports, port_key("TCP", 8080))
    assert {row.change for row in meshed.rows} == {"weakened"}
    assert {cause.altered.name for row in meshed.rows for cause in row.causes} == {"cilium-config"}


def test_a_plugin_that_encrypts_one_family_only() -> None:
    pods = [
        {**one, "status": {**one["status"], "podIPs": [{"ip": one["status"]["podIP"]}, {"ip": f"fd00::{number}"}]}}
        for number, one in enumerate((pod("a", "n1", "10.0.0.1"), pod("b", "n2", "10.0.0.2")), 1)
    ]
    before, after = (load_objects([*pods, *NODES, *more], cni="calico") for more in ([felix("default", True)], []))
    found = [row for row in before.diff(after).rows if "shop/a" in row.sources and "shop/b" in row.destinations]
    assert [(row.change, row.family) for row in found] == [("weakened", 4)]


def test_a_node_that_opts_out_is_the_cause() -> None:
    pods = [pod("a", "n1", "10.0.0.1"), pod("b", "n2", "10.0.0.2")]
    state = [*pods, *NODES[:2], felix("default", True)]
    before, after = load_objects(state, cni="calico"), load_objects([*state, felix("node.n1", False)], cni="calico")
    found = [row for row in before.diff(after).rows if "shop/a" in row.sources and "shop/b" in row.destinations]
    assert [(row.change, row.layers.after.encryption) for row in found] == [("weakened", "none")]
    assert [one.altered.name for one in found[0].causes] == ["node.n1"]


def test_two_objects_that_only_together_make_it() -> None:
    pods = [pod("a", "n1", "10.0.0.1"), pod("b", "n2", "10.0.0.2")]
    before = load_objects([*pods, *NODES[:2], felix("node.n1", False), felix("node.n2", False)], cni="calico")
    after = load_objects([*pods, *NODES[:2], felix("node.n1", True), felix("node.n2", True)], cni="calico")
    (row,) = [row for row in before.diff(after).rows if "shop/a" in row.sources and "shop/b" in row.destinations]
    assert row.change == "strengthened"
    assert sorted(one.altered.name for one in row.causes) == ["node.n1", "node.n2"]


def drawn(chance: random.Random, names: list[str]) -> list[Object]:
    """Settings of a plugin, nodes and policies."""
    nodes = [f"n{number}" for number in range(1, len(names) + 1)]
    found = [node(name, f"192.168.0.{number}") for number, name in enumerate(nodes, 1)]
    if chance.random() < 0.5:
        told = chance.choice(["true", "false", "perhaps"])
        found.append(cilium(enable_wireguard=told, encrypt_node=chance.choice(["true", "false"])))
    elif chance.random() < 0.8:
        found.append(felix("default", chance.random() < 0.6))
        found += [felix(f"node.{name}", chance.random() < 0.5) for name in nodes if chance.random() < 0.3]
    for name in names:
        if chance.random() < 0.4:
            found.append(policy(name, name, *chance.sample(names, 2), port=chance.choice([0, 80])))
    return found


@pytest.mark.parametrize("seed", range(25))
def test_rows_are_those_of_single_questions(seed: int) -> None:
    chance = random.Random(seed)
    names = ["a", "b", "c", "d"]
    pods = [
        pod(name, f"n{number}", f"10.0.0.{number}", host=chance.random() < 0.15) for number, name in enumerate(names, 1)
    ]
    before, after = (load_objects([*pods, *drawn(chance, names)], cni="calico") for _ in range(2))
    rows = [row for row in before.diff(after).rows if row.layers is not None]
    assert not any(row.joined for row in rows)
    for source, destination in product(names, names):
        if source == destination:
            continue
        ends = f"shop/{source}", f"shop/{destination}"
        answers = [state.can(*ends, 80, "TCP") for state in (before, after)]
        words = tuple(one.layered.encryption if one.layered else "none" for one in answers)
        covering = [
            (row.layers.before.encryption, row.layers.after.encryption)
            for row in rows
            if ends[0] in row.sources and ends[1] in row.destinations and contains_key(row.ports, port_key("TCP", 80))
        ]
        passes = all(one.verdict != "denied" for one in answers)
        assert covering == ([words] if passes and words[0] != words[1] else []), (ends, words)
