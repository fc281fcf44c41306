"""What-ifs: a new world after a change, the old one as it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence.verdict.answers import Verdict
from ringfence.world import EndError, World
from tests.model.objects import (
    Object,
    block,
    cluster_policy,
    controller,
    namespace,
    network_policy,
    pod,
    pods_peer,
    service,
    tcp,
    world,
)

ALLOWED, DENIED, UNKNOWN = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN
WEB, DB = {"app": "web"}, {"app": "db"}
DENY = network_policy("shop/deny", ingress=[])
IN = network_policy("shop/in", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432)}])


def shop(*objects: Object) -> World:
    return world(namespace("shop", team="a"), pod("shop/web", WEB), pod("shop/db", DB), *objects)


def verdict(asked: World, source: str = "shop/web", destination: str = "shop/db", port: int = 5432) -> Verdict:
    return asked.can(source, destination, port).verdict


@pytest.mark.parametrize("as_text", [lambda one: one, yaml.safe_dump, lambda one: yaml.safe_dump_all([one, one])])
def test_a_policy_is_added_as_an_object_or_as_text(as_text: Any) -> None:
    base = shop()
    assert verdict(base.what_if(add=[as_text(DENY)])) is DENIED
    assert verdict(base) is ALLOWED


def test_a_policy_is_added_from_a_file(tmp_path: Any) -> None:
    (tmp_path / "deny.yaml").write_text(yaml.safe_dump(DENY))
    assert verdict(shop().what_if(add=[str(tmp_path / "deny.yaml")])) is DENIED


@pytest.mark.parametrize("policy", [IN, network_policy("shop/deny", DB, ingress=[{}])])
def test_an_object_of_the_same_kind_and_name_is_replaced(policy: Object) -> None:
    base = shop(DENY, network_policy("shop/in", DB, ingress=[]))
    after = base.what_if(add=[policy])
    assert len(after.cluster.policies) == 2
    assert verdict(after) is ALLOWED


@pytest.mark.parametrize(
    "name",
    [f"shop/{kind}/deny" for kind in ("networkpolicy", "NetworkPolicy", "networkpolicies", "netpol")] + ["shop/deny"],
)
def test_a_policy_is_removed_by_its_name(name: str) -> None:
    assert verdict(shop(DENY).what_if(remove=[name])) is ALLOWED


@pytest.mark.parametrize("name", ["clusternetworkpolicy/closed", "ClusterNetworkPolicies/closed", "cnp/closed"])
def test_what_has_no_namespace_is_removed_by_kind_and_name(name: str) -> None:
    closed = cluster_policy("closed", ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}])
    assert verdict(shop(closed).what_if(remove=[name])) is ALLOWED


@pytest.mark.parametrize(
    "name", ["shop/networkpolicy/none", "away/deny", "clusternetworkpolicy/deny", "shop/pod/none", "x"]
)
def test_what_does_not_exist_cannot_be_removed(name: str) -> None:
    with pytest.raises(EndError):
        shop(DENY).what_if(remove=[name])


@pytest.mark.parametrize("text", ["a: b: c\n", "{", "no-such-file.yaml"])
def test_what_cannot_be_read_cannot_be_added(text: str) -> None:
    with pytest.raises(EndError):
        shop().what_if(add=[text])


def test_pods_and_services_come_and_go_too() -> None:
    base = shop(IN)
    after = base.what_if(add=[pod("shop/other", WEB), service("shop/svc", DB, {"port": 1, "targetPort": 5432})])
    assert verdict(after, "shop/other") is ALLOWED
    assert verdict(after, "shop/other", "shop/svc", 1) is ALLOWED
    gone = after.what_if(remove=["shop/pod/other"])
    with pytest.raises(EndError):
        gone.can("shop/other", "shop/db", 1)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"app": "web"}, ALLOWED),
        ({"app": "x"}, DENIED),
        ({"app": None}, DENIED),
        ({"tier": "x"}, ALLOWED),
        ({}, ALLOWED),
    ],
)
def test_a_pod_is_relabelled(labels: dict[str, str | None], expected: Verdict) -> None:
    base = shop(IN)
    assert verdict(base.what_if(relabel={"shop/web": labels})) is expected
    assert verdict(base) is ALLOWED


@pytest.mark.parametrize("text", ["shop/api", "shop/deploy/api"])
def test_all_pods_of_a_workload_are_relabelled(text: str) -> None:
    pods = [pod(f"shop/api-{number}", {"app": "api"}, owner="Deployment/api") for number in range(2)]
    base = shop(IN, *pods)
    after = base.what_if(relabel={text: WEB})
    assert [verdict(after, f"shop/api-{number}") for number in range(2)] == [ALLOWED, ALLOWED]
    assert verdict(base, "shop/api") is DENIED


@pytest.mark.parametrize("text", ["namespace/shop", "ns/shop", "namespaces/shop"])
@pytest.mark.parametrize(("team", "expected"), [("a", ALLOWED), ("b", DENIED), (None, DENIED)])
def test_a_namespace_is_relabelled(text: str, team: str | None, expected: Verdict) -> None:
    base = shop(network_policy("shop/in", DB, ingress=[{"from": [pods_peer(spaces={"team": "a"})]}]))
    assert verdict(base.what_if(relabel={text: {"team": team}})) is expected


def test_the_name_label_of_a_namespace_cannot_be_taken_away() -> None:
    key = "kubernetes.io/metadata.name"
    base = shop(network_policy("shop/in", DB, ingress=[{"from": [pods_peer(spaces={key: "shop"})]}]))
    assert verdict(base.what_if(relabel={"namespace/shop": {key: None}})) is ALLOWED


@pytest.mark.parametrize("text", ["shop/none", "namespace/none", "203.0.113.7", "internet"])
def test_what_has_no_labels_cannot_be_relabelled(text: str) -> None:
    with pytest.raises(EndError):
        shop().what_if(relabel={text: {"a": "b"}})


def test_changes_add_up() -> None:
    base = shop(DENY)
    steps = [
        (base, DENIED),
        (base.what_if(add=[IN]), ALLOWED),
        (base.what_if(add=[IN]).what_if(relabel={"shop/web": {"app": "x"}}), DENIED),
        (base.what_if(add=[IN], relabel={"shop/web": {"app": "x"}}), DENIED),
        (base.what_if(relabel={"shop/web": {"app": "x"}}).what_if(remove=["shop/deny"]), ALLOWED),
        (base.what_if(remove=["shop/deny"]).what_if(add=[DENY]), DENIED),
        (
            base.what_if(relabel={"shop/web": {"app": "x"}}).what_if(relabel={"shop/web": WEB}).what_if(add=[IN]),
            ALLOWED,
        ),
        (base.what_if(add=[IN]).what_if(add=[IN]).what_if(remove=["shop/in"]), DENIED),
    ]
    assert [verdict(asked) for asked, _ in steps] == [expected for _, expected in steps]


@pytest.mark.parametrize(
    "change",
    [
        {"add": [IN]},
        {"remove": ["shop/deny"]},
        {"relabel": {"shop/web": {"app": "x"}}},
        {"relabel": {"namespace/shop": {"team": "b"}}},
        {"add": [network_policy("shop/cidr", egress=[{"to": [block("203.0.113.0/24")]}])]},
        {"add": [pod("shop/new")], "remove": ["shop/pod/web"]},
    ],
)
def test_no_change_is_a_change_of_the_base(change: dict[str, Any]) -> None:
    base = shop(DENY)
    before = base.fingerprint()
    changed = base.what_if(**change)
    assert base.fingerprint() == before
    assert changed is not base


def test_a_policy_for_labels_and_addresses_that_no_other_mentions_is_seen() -> None:
    """The classes of the base are too coarse for it."""
    key = "pod-template-hash"
    base = world(
        namespace("shop"), pod("shop/db", DB, ips=("10.0.0.9",)),
        *(pod(f"shop/web-{n}", {key: n}, ips=(f"10.0.0.{n}",), owner="ReplicaSet/web") for n in "12"), cni="calico",
    )  # fmt: skip
    by_label = base.what_if(add=[network_policy("shop/in", DB, ingress=[{"from": [pods_peer({key: "1"})]}])])
    by_address = base.what_if(add=[network_policy("shop/in", DB, ingress=[{"from": [block("10.0.0.1/32")]}])])
    for after in (by_label, by_address):
        assert [verdict(after, f"shop/web-{number}") for number in "12"] == [ALLOWED, DENIED]


def test_a_broken_policy_that_is_added_is_reported_and_leaves_flows_unknown() -> None:
    bad = network_policy("shop/bad", DB, ingress=[{"ports": [{"port": 70000}]}])
    after = shop().what_if(add=[bad])
    assert verdict(after) is UNKNOWN
    assert any("70000" in problem.message for problem in after.problems)


def test_templates_are_relabelled_like_pods() -> None:
    base = world(namespace("shop"), controller("Deployment", "shop/web"), pod("shop/db", DB), IN)
    assert verdict(base) is ALLOWED
    assert verdict(base.what_if(relabel={"shop/web": {"app": "x"}})) is DENIED


@pytest.mark.parametrize(("value", "expected"), [("", ALLOWED), (None, DENIED)])
def test_an_empty_value_is_a_label_and_none_is_no_label(value: str | None, expected: Verdict) -> None:
    base = shop(network_policy("shop/in", DB, ingress=[{"from": [pods_peer({"app": ""})]}]))
    assert verdict(base.what_if(relabel={"shop/web": {"app": value}})) is expected
