"""The matrix of small clusters."""

from __future__ import annotations

import pytest

from ringfence.sets.ports import EVERYTHING, port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix import making
from ringfence.verdict.matrix.values import ITSELF, NO_FAMILY, NO_FLOW, Matrix, verdict_at
from ringfence.world import EndError
from tests.model.objects import Object, namespace, network_policy, node, pod, pods_peer, tcp, world

WEB, DB = {"app": "web"}, {"app": "db"}
POSTGRES = port_key("TCP", 5432)


def matrix(*objects: Object, level: str = "workload") -> tuple[Matrix, dict[str, int]]:
    found = world(namespace("shop"), *objects).matrix(level)
    return found, {end.name: number for number, end in enumerate(found.ends)}


def replicas(*, labels: bool) -> list[Object]:
    extra = [{"n": str(number)} if labels else {} for number in range(2)]
    return [pod(f"shop/web-{number}", {**WEB, **extra[number]}, owner="ReplicaSet/web") for number in range(2)]


def test_replicas_that_differ_are_parts_of_one_end() -> None:
    only = network_policy("shop/only", {"n": "1"}, ingress=[{"ports": tcp(5432)}])
    found, place = matrix(*replicas(labels=True), pod("shop/db", DB), only)
    web = found.ends[place["shop/web"]]
    assert [part.pods for part in web.parts] == [("web-0",), ("web-1",)]
    cell = found.cell(place["shop/db"], place["shop/web"])
    assert verdict_at(cell.lines, POSTGRES) is Verdict.ALLOWED
    assert verdict_at(cell.lines, 80) is Verdict.MIXED
    each = [found.cells[found.number(found.ends[place["shop/db"]].unit, part.unit)] for part in web.parts]
    assert [verdict_at(one.lines, 80) for one in each] == [Verdict.ALLOWED, Verdict.DENIED]


def test_replicas_alike_share_a_unit_and_reach_each_other() -> None:
    found, place = matrix(*replicas(labels=False))
    web = found.ends[place["shop/web"]]
    assert (web.pods, web.parts, web.kind) == (2, (), "ReplicaSet")
    assert found.cell(place["shop/web"], place["shop/web"]).lines[0].ports == EVERYTHING


def test_a_pod_alone_has_no_flow_to_itself() -> None:
    found, place = matrix(pod("shop/web", WEB))
    assert found.cell(place["shop/web"], place["shop/web"]) == ITSELF


def test_pods_are_ends_of_their_own_where_that_is_asked() -> None:
    found, place = matrix(*replicas(labels=False), level="pod")
    assert found.cell(place["shop/web-0"], place["shop/web-1"]).lines[0].verdict is Verdict.ALLOWED
    assert found.cell(place["shop/web-0"], place["shop/web-0"]) == ITSELF


def test_nodes_and_addresses_are_ends() -> None:
    out = network_policy("shop/out", WEB, egress=[{"to": [{"ipBlock": {"cidr": "8.8.8.0/24"}}]}])
    found, place = matrix(pod("shop/web", WEB), node("n1"), out)
    assert found.cell(place["shop/web"], place["8.8.8.0/24"]).lines[0].verdict is Verdict.ALLOWED
    assert found.cell(place["node/n1"], place["8.8.8.0/24"]) == NO_FLOW
    assert [end.sort for end in found.ends[:2]] == ["pod", "node"]


def test_two_families_that_do_not_meet_say_so() -> None:
    found, place = matrix(pod("shop/web", WEB, ips=("10.0.0.1",)), pod("shop/db", DB, ips=("fd00::1",)))
    assert found.cell(place["shop/web"], place["shop/db"]) == NO_FAMILY


def test_a_pods_own_node_is_told_from_others() -> None:
    deny = network_policy("shop/deny", ingress=[])
    web = [pod(f"shop/web-{n}", WEB, owner="ReplicaSet/web", node=f"n{n}", ips=(f"10.0.0.{n}",)) for n in range(2)]
    found, place = matrix(*web, node("n0", "192.168.0.1"), node("n1", "192.168.0.2"), node("n2", "192.168.0.3"), deny)
    apart = found.cell(place["node/n0"], place["shop/web"])
    assert [words for words, _ in apart.apart] == ["on different nodes", "on one node"]
    assert verdict_at(apart.lines, 80) is Verdict.MIXED
    assert verdict_at(found.cell(place["node/n2"], place["shop/web"]).lines, 80) is Verdict.DENIED


def test_workloads_of_one_class_on_different_nodes_are_kept_apart() -> None:
    deny = network_policy("shop/deny", ingress=[])
    both = [
        pod(f"shop/{name}-0", WEB, owner=f"ReplicaSet/{name}", node=f"n{n}", ips=(f"10.0.0.{n}",))
        for n, name in enumerate(("blue", "green"))
    ]
    found, place = matrix(*both, node("n0", "192.168.0.1"), node("n1", "192.168.0.2"), deny)
    own = found.cell(place["node/n0"], place["shop/blue"])
    other = found.cell(place["node/n0"], place["shop/green"])
    assert (verdict_at(own.lines, 80), own.apart) == (Verdict.ALLOWED, ())
    assert (verdict_at(other.lines, 80), other.apart) == (Verdict.DENIED, ())


def test_a_closed_pair_names_who_closes_each_side() -> None:
    out = network_policy("shop/out", WEB, egress=[])
    into = network_policy("shop/in", DB, ingress=[{"from": [pods_peer({"app": "api"})]}])
    found, place = matrix(pod("shop/web", WEB), pod("shop/db", DB), out, into)
    units = found.ends[place["shop/web"]].unit, found.ends[place["shop/db"]].unit
    for egress, name in ((True, "out"), (False, "in")):
        side = found.side(*units, egress)
        assert side is not None
        assert [segment.outcome for segment in side.segments] == [Verdict.DENIED]
        assert [decision.name for decision in side.segments[0].decisions] == [name]


def test_rules_that_open_the_same_are_told_apart_by_name() -> None:
    """Two sources with equal verdicts, let in by two rules."""
    rules = [{"from": [pods_peer(WEB)], "ports": tcp(5432)}, {"from": [pods_peer({"app": "api"})], "ports": tcp(5432)}]
    objects = [pod("shop/web", WEB), pod("shop/api", {"app": "api"}), pod("shop/db", DB)]
    found, place = matrix(*objects, network_policy("shop/in", DB, ingress=rules))
    deciding = []
    for name in ("shop/web", "shop/api"):
        side = found.side(found.ends[place[name]].unit, found.ends[place["shop/db"]].unit, False)
        assert side is not None
        deciding += [one.decisions[0].rule for one in side.segments if one.outcome is Verdict.ALLOWED]
    assert deciding == [0, 1]


def test_too_many_ends_are_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LARGEST", 2)
    with pytest.raises(EndError) as caught:
        matrix(pod("shop/web", WEB), pod("shop/db", DB), node("n1"))
    assert "map -o json" in caught.value.hint
