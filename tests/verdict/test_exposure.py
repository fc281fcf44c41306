"""Exposure: who is a peer, what new pods get, and what labels buy."""

from __future__ import annotations

from ringfence.model.policy import Direction
from ringfence.sets.ports import describe
from ringfence.verdict.exposure import Exposure, Origin
from tests.model.objects import (
    Object,
    admin_pods,
    block,
    cilium_policy,
    cluster_policy,
    controller,
    namespace,
    network_policy,
    node,
    pod,
    pods_peer,
    tcp,
    world,
)

IN, OUT = Direction.INGRESS, Direction.EGRESS
CLOSED = network_policy("shop/deny", ingress=[], egress=[])


def exposed(*objects: Object, target: str = "", **options: object) -> Exposure:
    made = world(namespace("shop"), namespace("home"), pod("shop/db", {"app": "db"}), *objects, **options)
    return made.exposure([target] if target else [])


def lines(found: Exposure, origin: Origin, direction: Direction = IN) -> list[tuple[str, str, str, str]]:
    return [
        (", ".join(row.peers), ", ".join(row.workloads), describe(row.ports), row.verdict.value)
        for row in found.rows
        if row.origin is origin and row.direction is direction
    ]


def into(*peers: Object, port: int = 80) -> Object:
    return network_policy("shop/in", {"app": "db"}, ingress=[{"from": list(peers), "ports": tcp(port)}])


def test_a_closed_workload_is_in_no_row() -> None:
    found = exposed(CLOSED)
    assert not [row for row in found.rows if "shop/db" in row.workloads]


def test_the_internet_and_other_addresses_are_told_apart() -> None:
    found = exposed(CLOSED, into(block("8.8.8.0/24"), block("10.0.0.0/8")), pod_cidrs="192.168.0.0/16")
    assert lines(found, Origin.INTERNET) == [("8.8.8.0/24", "shop/db", "TCP 80", "allowed")]
    assert lines(found, Origin.ADDRESSES) == [("10.0.0.0/8", "shop/db", "TCP 80", "allowed")]


def test_the_metadata_service_is_a_destination() -> None:
    out = network_policy("shop/out", {"app": "db"}, egress=[{"to": [block("169.254.0.0/16")], "ports": tcp(80)}])
    found = exposed(CLOSED, out)
    assert lines(found, Origin.METADATA, OUT) == [("169.254.169.254", "shop/db", "TCP 80", "allowed")]
    assert lines(found, Origin.METADATA, IN) == []
    shut = network_policy(
        "shop/out", {"app": "db"}, egress=[{"to": [block("0.0.0.0/0", "169.254.169.254/32"), block("::/0")]}]
    )
    peers = {peer for row in exposed(CLOSED, shut).rows if row.origin is Origin.METADATA for peer in row.peers}
    assert "169.254.169.254" not in peers


def test_the_own_namespace_is_no_peer() -> None:
    friend = into(pods_peer({"app": "web"}))
    assert lines(exposed(CLOSED, friend, pod("shop/web", {"app": "web"})), Origin.NAMESPACES) == []
    far = into(pods_peer({"app": "web"}, {}))
    found = exposed(CLOSED, far, pod("shop/web", {"app": "web"}), pod("home/web", {"app": "web"}))
    assert lines(found, Origin.NAMESPACES) == [("home", "shop/db", "TCP 80", "allowed")]


def test_a_node_reaches_the_pods_that_run_on_it() -> None:
    on_node = pod("shop/here", node="n1")
    found = exposed(CLOSED, on_node, node("n1", "192.0.2.1"), node("n2", "192.0.2.2"), cni="calico")
    rows = [line for line in lines(found, Origin.NODES) if line[1] == "shop/here"]
    assert rows == [("node/n1", "shop/here", "any port", "allowed")]


def test_new_pods_are_in_the_namespaces_where_labels_can_let_them() -> None:
    found = exposed(CLOSED, into(pods_peer({"app": "web"}, {})))
    (row,) = [
        row
        for row in found.rows
        if row.origin is Origin.NEW_PODS and row.direction is IN and "shop/db" in row.workloads
    ]
    assert (set(row.peers), describe(row.ports)) == ({"home", "a new namespace"}, "TCP 80")


def test_a_selector_that_contradicts_itself_lets_nobody_in() -> None:
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "a"}, "matchExpressions": [
        {"key": "app", "operator": "NotIn", "values": ["a"]}]}}  # fmt: skip
    found = exposed(CLOSED, into(peer), target="shop/db")
    assert [line for line in lines(found, Origin.NEW_PODS) if "shop/db" in line[1]] == []
    assert found.prices == ()


def test_a_tie_is_no_choice_of_the_attacker() -> None:
    everyone = {"namespaces": {}}
    deny = cluster_policy("deny", egress=[{"action": "Deny", "to": [everyone]}])
    accept = cluster_policy(
        "accept", subject=admin_pods({"app": "web"}, {}), egress=[{"action": "Accept", "to": [everyone]}]
    )
    mine = [line for line in lines(exposed(deny, accept), Origin.NEW_PODS) if "shop/db" in line[1]]
    assert {line[3] for line in mine} == {"unknown"}


def test_a_label_of_the_target_is_not_the_attackers_choice() -> None:
    deployment = controller("Deployment", "shop/vault", {"app": "vault"})
    policy = network_policy("shop/in", {"pod-template-hash": "abc"}, ingress=[])
    found = exposed(deployment, policy)
    verdicts = {line[3] for line in lines(found, Origin.NEW_PODS) if "shop/vault" in line[1]}
    assert verdicts == {"unknown"}


def test_what_the_plugin_decides_is_not_the_attackers_choice() -> None:
    found = exposed(CLOSED, into(block("10.0.0.0/8")), pod_cidrs="10.0.0.0/8")
    mine = [line for line in lines(found, Origin.NEW_PODS) if "shop/db" in line[1]]
    assert {(line[2], line[3]) for line in mine} == {("TCP 80", "unknown")}
    assert {row.reason.code for row in found.rows if row.origin is Origin.NEW_PODS and row.reason} == {"new-pod"}


def test_policies_that_are_not_modelled_leave_it_open() -> None:
    verdicts = {line[3] for line in lines(exposed(CLOSED, cilium_policy("shop/p")), Origin.NEW_PODS) if "db" in line[1]}
    assert verdicts == {"unknown"}


def test_prices_are_the_smallest_sets_for_each_port() -> None:
    two = pods_peer({"app": "web", "tier": "front"}, {"team": "a"})
    one = network_policy("shop/one", {"app": "db"}, ingress=[{"from": [pods_peer({"role": "ops"})], "ports": tcp(22)}])
    # The egress of new pods in shop is closed but for those of tier front, so that ops alone buys nothing there.
    out = network_policy("shop/out", {"tier": "front"}, egress=[{}])
    rich = namespace("rich", team="a")
    found = exposed(CLOSED, into(two), one, out, rich, target="shop/db")
    shown = [(price.namespaces, price.labels, describe(price.ports)) for price in found.prices]
    assert (("rich",), (("app", "web"), ("tier", "front")), "TCP 80") in shown
    assert (("shop",), (("role", "ops"), ("tier", "front")), "TCP 22") in shown
    new = [price for price in found.prices if price.namespaces == ("a new namespace",)]
    assert [price.labels for price in new] == [(("app", "web"), ("tier", "front"), ("namespace team", "a"))]


def test_without_labels_is_a_price_too() -> None:
    found = exposed(CLOSED, into(pods_peer(None, {})), target="shop/db")
    assert {price.labels for price in found.prices if "home" in price.namespaces} == {()}


def test_a_target_that_nothing_reaches_has_no_price() -> None:
    found = exposed(CLOSED, target="shop/db")
    assert (found.targets, found.prices) == (("shop/db",), ())


def test_an_address_of_the_other_family_lets_no_new_pod_in() -> None:
    """The pod has an address of IPv6 only: who comes from 10.0.0.3 does not reach it."""
    six = pod("shop/six", {"app": "six"}, ips=("fd00::4",))
    rule = {"from": [block("10.0.0.3/32")], "ports": tcp(80)}
    found = exposed(CLOSED, six, node("n", "192.0.2.1"), network_policy("shop/in", {"app": "six"}, ingress=[rule]))
    assert lines(found, Origin.NEW_PODS) == []


def test_who_makes_a_pod_does_not_choose_the_labels_of_a_namespace_that_there_is() -> None:
    team = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    found = exposed(CLOSED, into(team), pod("far/x", {"app": "x"}))
    assert [row for row in lines(found, Origin.NEW_PODS) if row[1] == "shop/db"] == [
        ("a new namespace", "shop/db", "TCP 80", "allowed"),
        ("far", "shop/db", "TCP 80", "unknown"),
    ]


def test_who_makes_a_pod_names_its_ports() -> None:
    """The workload may leave for a port called metrics: whoever makes a pod calls any port so."""
    leave = network_policy("shop/out", {"app": "db"}, egress=[{"ports": [{"port": "metrics", "protocol": "TCP"}]}])
    found = exposed(CLOSED, leave)
    told = [
        (row.verdict, describe(row.ports))
        for row in found.rows
        if row.origin is Origin.NEW_PODS and row.direction is OUT and "home" in row.peers
    ]
    assert told == [("allowed", "TCP any")]


def test_a_policy_that_is_not_modelled_may_close_the_workload_to_new_pods() -> None:
    found = exposed(cilium_policy("shop/p"))
    assert {(row[0], row[3]) for row in lines(found, Origin.NEW_PODS)} == {("home, shop, a new namespace", "unknown")}
