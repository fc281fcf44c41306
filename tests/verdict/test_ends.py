"""Naming ends: every form of the reference page, and a hint for every name that does not exist."""

from __future__ import annotations

import pytest

from ringfence.world import EndError, World
from tests.model.objects import controller, network_policy, node, pod, service, world

POD_LABELS = {"app": "web"}
PORT = {"port": 80, "targetPort": 8080}
WEB = "shop/web-1-abc"


@pytest.fixture(scope="module")
def shop() -> World:
    return world(
        pod(WEB, POD_LABELS, owner="ReplicaSet/web-1", ips=("10.0.0.1", "fd00::1"), node="worker-1"),
        pod("shop/web-1-def", POD_LABELS, owner="ReplicaSet/web-1", ips=("10.0.0.2",)),
        controller("ReplicaSet", "shop/web-1", POD_LABELS) | {"metadata": {
            "name": "web-1", "namespace": "shop",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}],
        }},
        pod("shop/agent-1", owner="DaemonSet/agent"), pod("shop/solo"),
        controller("Deployment", "shop/both"), controller("DaemonSet", "shop/both"),
        controller("CronJob", "shop/nightly"), controller("Job", "shop/once"), controller("DaemonSet", "shop/logs"),
        controller("StatefulSet", "shop/db"), controller("ReplicationController", "shop/old"),
        controller("ReplicaSet", "shop/bare"),
        pod("shop/done-1", owner="Job/done", phase="Succeeded"), pod("shop/failed", phase="Failed"),
        service("shop/web", POD_LABELS, PORT, clusterIP="10.2.0.1"), service("shop/front", POD_LABELS, PORT),
        service("shop/solo", POD_LABELS, PORT), pod("default/web"), pod("home/web"), pod("deploy/web"),
        node("worker-1", "10.1.0.1", "192.0.2.10"),
        pod("shop/proxy", host=True, node="worker-1", ips=("10.1.0.1",)),
        network_policy("shop/in", ingress=[]),
        pod_cidrs="10.0.0.0/24", service_cidrs="10.2.0.0/24",
    )  # fmt: skip


def pods(world: World, text: str, namespace: str | None = None) -> list[str]:
    """The pods that a text means."""
    target = world.target(text, namespace)
    assert target.service is None
    indexes = sorted(index for member in target.members for index in member.pods)
    return [world.cluster.pods[index].name for index in indexes]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (WEB, ["web-1-abc"]),
        ("shop/web", ["web-1-abc", "web-1-def"]),
        ("shop/agent", ["agent-1"]),
        ("shop/solo", ["solo"]),
        ("shop/db", ["db-0"]),
    ],
)
def test_a_name_is_a_pod_then_a_controller(shop: World, text: str, meant: list[str]) -> None:
    """Also before a Service of the same name; and a controller that only ownerReferences name."""
    assert pods(shop, text) == meant


def test_a_name_is_a_service_where_no_pod_or_controller_has_it(shop: World) -> None:
    found = shop.target("shop/front").service
    assert found is not None
    assert found.name == "front"


def test_a_replica_set_of_a_deployment_is_not_the_topmost_controller(shop: World) -> None:
    with pytest.raises(EndError):
        shop.target("shop/web-1")


def test_several_controllers_of_one_name_are_an_error_that_lists_them(shop: World) -> None:
    with pytest.raises(EndError, match="several controllers") as caught:
        shop.target("shop/both")
    assert "shop/deployment/both" in caught.value.hint
    assert "shop/daemonset/both" in caught.value.hint


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("deployment deployments deploy Deployment DEPLOY", "both"),
        ("daemonset daemonsets ds", "logs"),
        ("replicaset replicasets rs", "bare"),
        ("replicationcontroller replicationcontrollers rc", "old"),
        ("job jobs", "once"),
        ("cronjob cronjobs cj", "nightly"),
        ("pod pods po Pod", "solo"),
    ],
)
def test_a_kind_is_understood_in_every_form(shop: World, words: str, name: str) -> None:
    for word in words.split():
        assert pods(shop, f"shop/{word}/{name}") == [name]
        assert pods(shop, f"{word}/{name}", "shop") == [name]


@pytest.mark.parametrize("text", ["shop/statefulset/db", "shop/statefulsets/db", "shop/sts/db", "shop/po/db-0"])
def test_the_pods_of_a_stateful_set_have_names_of_their_own(shop: World, text: str) -> None:
    assert pods(shop, text) == ["db-0"]


@pytest.mark.parametrize("word", ["service", "services", "svc", "Service", "SVC"])
def test_a_service_is_named_by_its_kind_beside_a_controller_of_that_name(shop: World, word: str) -> None:
    for found in (shop.target(f"shop/{word}/web"), shop.target(f"{word}/web", "shop")):
        assert found.service is not None
        assert found.service.name == "web"


@pytest.mark.parametrize("text", ["node/worker-1", "nodes/worker-1", "no/worker-1", "Node/worker-1"])
@pytest.mark.parametrize("namespace", [None, "shop"])
def test_a_node(shop: World, text: str, namespace: str | None) -> None:
    assert [member.name for member in shop.target(text, namespace).members] == ["node/worker-1"]


@pytest.mark.parametrize(
    ("text", "namespace", "home"),
    [("web", None, "default"), ("web", "home", "home"), ("home/web", "shop", "home"), ("deploy/web", None, "deploy")],
)
def test_a_namespace_fills_in_only_where_the_name_has_none(
    shop: World, text: str, namespace: str | None, home: str
) -> None:
    """A namespace that is called like a kind is a namespace, unless ``-n`` says that it is a kind."""
    (member,) = shop.target(text, namespace).members
    assert shop.cluster.pods[member.pods[0]].namespace == home


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("10.0.0.1", "shop/web-1-abc", "pod shop/web-1-abc"),
        ("fd00::1", "shop/web-1-abc", "pod shop/web-1-abc"),
        ("fd00:0::0001", "shop/web-1-abc", "pod shop/web-1-abc"),
        ("::ffff:10.0.0.1", "shop/web-1-abc", "pod shop/web-1-abc"),
        ("10.1.0.1", "node/worker-1", "node/worker-1"),
        ("192.0.2.10", "node/worker-1", "node/worker-1"),
    ],
)
def test_an_address_of_an_object_means_that_object_and_the_answer_says_so(
    shop: World, text: str, name: str, note: str
) -> None:
    """A node before the hostNetwork pods that share its address."""
    (member,) = shop.target(text).members
    assert member.name == name
    (said,) = shop.can("shop/solo", text, 80).notes
    assert text in said
    assert note in said


def test_an_address_of_a_service_means_the_service(shop: World) -> None:
    found = shop.target("10.2.0.1")
    assert found.service is not None
    assert found.service.name == "web"
    assert "Service shop/web" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.9", "a pod that is not in the input"),
        ("10.2.0.9", "a Service that is not in the input"),
    ],
)
def test_an_address_that_no_object_has(shop: World, text: str, said: str) -> None:
    """Outside, or of an object that the input lacks where a range of the cluster holds it."""
    (member,) = shop.target(text).members
    assert said in member.name


def test_a_cidr_is_the_objects_in_it_and_the_rest_of_its_addresses(shop: World) -> None:
    found = shop.target("10.0.0.0/7")
    names = [member.name for member in found.members]
    assert "node/worker-1" in names
    assert {index for member in found.members for index in member.pods} == {
        index for index, one in enumerate(shop.cluster.pods) if one.addresses and not one.host_network
    }
    assert any("a pod that is not in the input" in name for name in names)
    assert any("a Service that is not in the input" in name for name in names)
    assert any(name.startswith("11.") or "-11." in name for name in names)
    assert "10.0.0.0/7" in found.notes[0]


def test_the_internet_is_asked_for_by_its_name(shop: World) -> None:
    assert shop.can("internet", WEB, 80).verdict.value == "denied"
    assert shop.can(WEB, "internet", 443).verdict.value == "allowed"


@pytest.mark.parametrize(
    ("text", "namespace", "home", "labels"),
    [
        ("app=web,tier=front@shop", None, "shop", {"app": "web", "tier": "front"}),
        ("app=web@shop", "home", "shop", {"app": "web"}),
        ("app=web", "home", "home", {"app": "web"}),
        ("app=web", None, "default", {"app": "web"}),
        ("app=@shop", None, "shop", {"app": ""}),
        ("@shop", None, "shop", {}),
        ("app.kubernetes.io/name=web@shop", None, "shop", {"app.kubernetes.io/name": "web"}),
    ],
)
def test_labels_are_a_pod_that_does_not_exist(
    shop: World, text: str, namespace: str | None, home: str, labels: dict[str, str]
) -> None:
    (member,) = shop.target(text, namespace).members
    end = shop.relation.end_class(member.end)
    assert (end.namespace, end.labels, end.open_ports) == (home, labels, True)


def test_labels_in_a_namespace_that_is_not_in_the_input_are_answered_with_a_note(shop: World) -> None:
    assert "away" in shop.can("app=web@away", WEB, 80).notes[0]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("shop/wep", "no pod, controller or Service", "did you mean shop/web?"),
        ("home/solo", "no pod, controller or Service", "there is shop/solo"),
        ("shopp/web", "no", "web"),
        ("shopp/sollo", "namespace", "did you mean shop/"),
        ("node/worker-2", "no node", "did you mean node/worker-1?"),
        ("shop/deplyo/web", "no kind", "did you mean deploy?"),
        ("shop/svc/wep", "no pod, controller or Service", "did you mean shop/web?"),
        ("shop/sts/agent", "no", ""),
        ("a/b/c/d", "no end", "NAMESPACE/NAME"),
        ("", "empty", "NAMESPACE/NAME"),
        ("10.0.0.300", "no address", "10.0.0.1"),
        ("10.0.0.0/40", "no address", "10.0.0.0/8"),
        ("fd00::x", "no address", ""),
        ("app=we b@shop", "no label", "key=value"),
        ("app=a,app=b@shop", "twice", ""),
        ("app=web@Shop!", "no namespace", ""),
        ("shop/\x1b[2J", "\\x1b[2J", ""),
    ],
)
def test_what_cannot_be_is_an_error_with_a_hint(shop: World, text: str, message: str, hint: str) -> None:
    with pytest.raises(EndError) as caught:
        shop.target(text)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [("shop/done-1", "Succeeded"), ("shop/failed", "Failed"), ("shop/done", "finished"), ("shop/job/done", "finished")],
)
def test_finished_pods_are_no_ends_and_the_error_says_why(shop: World, text: str, message: str) -> None:
    for ask in (lambda: shop.can(text, WEB, 80), lambda: shop.can(WEB, text, 80)):
        with pytest.raises(EndError, match=message):
            ask()


@pytest.mark.parametrize("text", ["shop/svc/web", "shop/front", "10.2.0.1"])
def test_a_service_only_receives(shop: World, text: str) -> None:
    with pytest.raises(EndError, match="only receives"):
        shop.can(text, WEB, 80)


@pytest.mark.parametrize(
    ("port", "protocol"),
    [(0, None), (65536, None), (-1, None), ("", None), (80, "ICMP"), (True, None), ("65536", "TCP")],
)
def test_a_port_that_cannot_be_is_an_error(shop: World, port: int | str, protocol: str | None) -> None:
    with pytest.raises(EndError):
        shop.can("shop/solo", WEB, port, protocol)


@pytest.mark.parametrize("protocol", ["tcp", "Tcp", "TCP", None])
@pytest.mark.parametrize("port", [80, "80"])
def test_a_port_is_a_number_or_its_digits_of_a_protocol_in_any_case(
    shop: World, port: int | str, protocol: str | None
) -> None:
    assert shop.can("shop/solo", WEB, port, protocol).port == "80/TCP"
