"""Coverage: what is open, what is closed and how tightly, the proof of a default, and steps that do what they say."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.model.policy import Direction
from ringfence.sets.ports import describe
from ringfence.verdict.coverage import Coverage, Default, Side, Status
from ringfence.world import World
from tests.model.objects import (
    Object,
    admin_pods,
    admin_ports,
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
from tests.properties.clusters import scenario
from tests.properties.comparison import load

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=40, phases=[Phase.explicit, Phase.generate])
IN, OUT = Direction.INGRESS, Direction.EGRESS
WEB = {"app": "web"}
EVERY_NAMESPACE: Object = {"namespaceSelector": {}}
PORTS_BUT_ONE = [{"protocol": "TCP", "port": 1, "endPort": 65534}]


def covered(*objects: Object, **options: Any) -> Coverage:
    return world(namespace("shop"), namespace("home"), pod("shop/web", WEB), *objects, **options).coverage()


def side(found: Coverage, direction: Direction = IN, name: str = "shop/web") -> Side:
    return next(one for one in found.workloads if one.name == name).sides[direction]


def scopes(one: Side) -> list[str]:
    return [f"{'perhaps ' if scope.perhaps else ''}{scope.peers.value} {describe(scope.ports)}" for scope in one.scopes]


def ingress(*rules: Object) -> Object:
    return network_policy("shop/p", WEB, ingress=list(rules))


@pytest.mark.parametrize(
    ("policies", "status", "shown"),
    [
        ([], Status.OPEN, ["any address any port"]),
        ([ingress()], Status.CLOSED, []),
        ([ingress({})], Status.OPEN, ["any address any port"]),
        ([ingress({"from": [EVERY_NAMESPACE]})], Status.OPEN, ["any namespace any port"]),
        ([ingress({"from": [EVERY_NAMESPACE], "ports": PORTS_BUT_ONE})], Status.OPEN, ["any namespace TCP 1-65534"]),
        ([ingress({"from": [EVERY_NAMESPACE], "ports": tcp(80)})], Status.CLOSED, ["any namespace TCP 80"]),
        ([ingress({"ports": tcp(80, 443)})], Status.CLOSED, ["any address TCP 80, 443"]),
        ([ingress({"from": [pods_peer()]})], Status.CLOSED, ["own namespace any port"]),
        ([ingress({"from": [pods_peer(None, {"kubernetes.io/metadata.name": "shop"})]})], Status.CLOSED,
         ["own namespace any port"]),
        ([ingress({"from": [pods_peer({"app": "api"}, {})]})], Status.CLOSED, []),
        ([pod("home/api", {"app": "api"}), ingress({"from": [pods_peer({"app": "api"}, {})]})], Status.CLOSED,
         ["named peers any port"]),
        ([ingress({"from": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [
            {"key": "app", "operator": "Exists"}]}}]})], Status.OPEN, ["any namespace any port"]),
        ([ingress({"from": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [
            {"key": "app", "operator": "NotIn", "values": ["evil"]}]}}]})], Status.OPEN, ["any namespace any port"]),
        ([network_policy("home/p", None, ingress=[])], Status.OPEN, ["any address any port"]),
        ([network_policy("shop/out", None, egress=[])], Status.OPEN, ["any address any port"]),
    ],
)  # fmt: skip
def test_open_means_any_address_or_any_namespace_on_any_port(
    policies: list[Object], status: Status, shown: list[str]
) -> None:
    found = side(covered(*policies))
    assert found.status is status
    assert scopes(found) == shown


@pytest.mark.parametrize(
    ("peers", "status"),
    [
        ([block("0.0.0.0/0")], Status.OPEN),
        ([block("0.0.0.0/0", "10.0.0.0/8", "169.254.169.254/32")], Status.OPEN),
        ([block("0.0.0.0/1"), block("128.0.0.0/1")], Status.OPEN),
        ([block("0.0.0.0/0", "8.8.8.8/32")], Status.OPEN),
        ([block("203.0.113.0/24")], Status.CLOSED),
        ([block("10.0.0.0/8")], Status.CLOSED),
        ([block("::/0")], Status.OPEN),
        ([block("2001:db8::/32")], Status.CLOSED),
    ],
)
def test_any_address_is_more_than_half_of_the_internet(peers: list[Object], status: Status) -> None:
    assert side(covered(ingress({"from": peers}), cni="calico")).status is status


def test_two_halves_of_the_ports_in_two_scopes_are_open_together() -> None:
    low = {"ports": [{"protocol": "TCP", "port": 1, "endPort": 30000}]}
    high = {"from": [EVERY_NAMESPACE], "ports": [{"protocol": "TCP", "port": 30001, "endPort": 65535}]}
    assert side(covered(ingress(low, high))).status is Status.OPEN
    assert side(covered(ingress(low))).status is Status.CLOSED


def test_an_admin_policy_closes_and_opens() -> None:
    deny = cluster_policy("deny", ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}])
    found = side(covered(deny))
    assert (found.status, found.isolated) == (Status.OPEN, False), "pods are kept out, addresses are not"
    assert side(covered(deny, ingress())).status is Status.CLOSED
    allow = cluster_policy("allow", priority=1, ingress=[{"action": "Accept", "from": [{"namespaces": {}}]}])
    found = side(covered(allow, ingress()))
    assert (found.status, found.isolated) == (Status.OPEN, True)
    one_port = cluster_policy(
        "one", priority=1, ingress=[{"action": "Accept", "from": [admin_pods(None, {})], "protocols": admin_ports(80)}]
    )
    assert side(covered(one_port, ingress())).status is Status.CLOSED


def test_host_network_and_policies_that_are_not_modelled_do_not_count_as_closed() -> None:
    host = pod("shop/agent", WEB, host=True, node="n1")
    found = covered(host, node("n1", "192.0.2.1"), ingress())
    assert side(found, name="shop/agent").status is Status.UNENFORCED
    assert side(found).status is Status.CLOSED
    assert (found.count(IN), found.total) == (1, 2)
    blind = covered(ingress(), cilium_policy("shop/p"))
    assert side(blind).status is Status.UNKNOWN
    assert blind.percent(IN) == 0


def test_a_plugin_that_enforces_nothing_closes_nothing() -> None:
    found = covered(ingress(), cni="flannel")
    assert side(found).status is Status.UNENFORCED
    assert (found.count(IN), found.percent(IN)) == (0, 0)
    assert any("network plugin" in step.what for step in found.steps)


def test_what_hangs_on_the_plugin_is_unknown() -> None:
    ranges = {"pod_cidrs": "10.0.0.0/8", "service_cidrs": "172.16.0.0/12"}
    rule = ingress({"from": [block("10.0.0.0/8")]})
    assert side(covered(rule, **ranges)).status is Status.UNKNOWN
    assert side(covered(rule, cni="netpol-analyzer", **ranges)).status is Status.CLOSED


def test_of_replicas_that_differ_the_worst_counts() -> None:
    replicas = [
        pod("shop/a-1", {"app": "a", "role": "x"}, owner="ReplicaSet/a"),
        pod("shop/a-2", {"app": "a"}, owner="ReplicaSet/a"),
    ]
    policy = network_policy("shop/p", {"role": "x"}, ingress=[])
    assert side(covered(*replicas, policy), name="shop/a").status is Status.OPEN


def test_the_figure_counts_what_can_have_traffic() -> None:
    found = covered(
        pod("kube-system/dns"), pod("shop/done", phase="Succeeded"), controller("Deployment", "home/api", replicas=3),
        ingress(),
    )  # fmt: skip
    assert [one.name for one in found.workloads] == ["home/api", "kube-system/dns", "shop/web"]
    assert (found.count(IN), found.count(OUT), found.total) == (1, 0, 3)


def test_what_is_excluded_is_counted_and_named() -> None:
    made = world(namespace("shop"), pod("shop/web", WEB), pod("shop/db"), pod("kube-system/dns"))
    found = made.coverage(exclude=["kube-*", "shop/d?"])
    assert ([one.name for one in found.workloads], found.excluded) == (["shop/web"], 2)
    assert found.exclude == ("kube-*", "shop/d?")


def default(found: Coverage, name: str = "shop", direction: Direction = IN) -> tuple[Default, dict[str, str] | None]:
    one = next(space for space in found.namespaces if space.name == name).defaults[direction]
    return one.default, None if one.labels is None else dict(one.labels)


def expression(key: str, operator: str, *values: str) -> Object:
    one: Object = {"key": key, "operator": operator}
    if values:
        one["values"] = list(values)
    return {"matchExpressions": [one]}


def selecting(name: str, selector: Object) -> Object:
    found = network_policy(f"shop/{name}", ingress=[])
    found["spec"]["podSelector"] = selector
    return found


def test_a_default_is_proved_over_every_set_of_labels() -> None:
    assert default(covered()) == (Default.OPEN, {})
    assert default(covered(network_policy("shop/d", ingress=[]))) == (Default.DENIED, None)
    halves = [selecting("a", expression("tier", "Exists")), selecting("b", expression("tier", "DoesNotExist"))]
    assert default(covered(*halves)) == (Default.DENIED, None)
    assert default(covered(halves[0])) == (Default.OPEN, {})
    verdict, labels = default(covered(halves[1]))
    assert verdict is Default.OPEN
    assert list(labels or {}) == ["tier"]
    assert default(covered(selecting("c", expression("app", "NotIn", "web")))) == (Default.OPEN, {"app": "web"})
    assert default(covered(network_policy("shop/d", ingress=[]), cilium_policy("shop/p")))[0] is Default.UNKNOWN


def test_steps_say_what_closes_most() -> None:
    found = covered(pod("shop/db"), pod("home/api"), network_policy("home/open", ingress=[{}], egress=[]))
    shown = [(step.direction, step.namespace, step.closes, step.manifest is not None) for step in found.steps]
    assert shown == [(IN, "shop", 2, True), (OUT, "shop", 2, True), (IN, "home", 1, False)]
    assert "rule 0 of NetworkPolicy home/open" in found.steps[2].what


@SLOW
@given(st.randoms(use_true_random=False))
def test_a_step_closes_what_it_says(random: Random) -> None:
    made = scenario(random)
    base: World = load(made.objects, made.given)
    for step in base.coverage().steps:
        if step.manifest is None:
            continue
        after = base.what_if(add=[step.manifest]).coverage()
        closed = {one.name for one in after.workloads if one.sides[step.direction].status is Status.CLOSED}
        assert set(step.workloads) <= closed


@SLOW
@given(st.randoms(use_true_random=False))
def test_a_closed_direction_lets_no_stranger_pass_on_most_ports(random: Random) -> None:
    """Closed, asked one by one: a pod without labels in a namespace of which nothing is known is not let in on a port
    that a workload is said to be closed on."""
    made = scenario(random)
    base: World = load(made.objects, made.given)
    ports = [1, 80, 40000, 65535]
    for one in base.coverage().workloads:
        if one.sides[IN].status is Status.CLOSED:
            asked = [base.can("@nobody-knows", one.name, port=port).verdict.value for port in ports if one.pods]
            assert asked.count("allowed") < len(ports), one.name
