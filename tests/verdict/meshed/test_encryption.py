"""Who encrypts beside the mesh: the application, the network plugin between nodes, nobody."""

from __future__ import annotations

from typing import Any

import pytest

import ringfence
from ringfence.loading import load_objects
from ringfence.verdict.answers import Answer
from ringfence.world import World


def pod(name: str, node: str | None, ip: str = "", host: bool = False, app: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "main"}], "hostNetwork": host}
    if node:
        spec["nodeName"] = node
    metadata = {"name": name, "namespace": "shop", "labels": {"app": app or name}}
    status = {"phase": "Running", "podIP": ip} if ip else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def node(name: str, ip: str, **labels: str) -> dict[str, Any]:
    names = {key.replace("_", "-"): value for key, value in labels.items()}
    status = {"addresses": [{"type": "InternalIP", "address": ip}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": names}, "status": status}


def cilium(**data: str) -> dict[str, Any]:
    metadata = {"name": "cilium-config", "namespace": "kube-system"}
    found = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": found}


def felix(name: str, enabled: bool) -> dict[str, Any]:
    api, spec = "projectcalico.org/v3", {"wireguardEnabled": enabled}
    return {"apiVersion": api, "kind": "FelixConfiguration", "metadata": {"name": name}, "spec": spec}


def deployment(name: str, namespace: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


NODES = [
    node("n1", "192.168.0.1"),
    node("n2", "192.168.0.2"),
    {
        **node("cp", "192.168.0.3"),
        "metadata": {"name": "cp", "labels": {"node-role.kubernetes.io/control-plane": ""}},
    },
]
PODS = [
    pod("web", "n1", "10.0.1.1"),
    pod("near", "n1", "10.0.1.2"),
    pod("far", "n2", "10.0.2.1"),
    pod("agent", "n2", "192.168.0.2", host=True),
    pod("manager", "cp", "192.168.0.3", host=True),
    pod("somewhere", None),
    pod("one", "n1", "10.0.1.7", app="both"),
    pod("two", "n2", "10.0.2.7", app="both"),
]
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "far", "namespace": "shop"},
    "spec": {
        "selector": {"app": "far"},
        "clusterIP": "10.96.0.1",
        "ports": [
            {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "https-api", "port": 443, "targetPort": 8443},
            {"name": "secure", "port": 444, "targetPort": 8444, "appProtocol": "https"},
            {"name": "https", "port": 445, "targetPort": 8445, "appProtocol": "http"},
        ],
    },
}


def world(*objects: dict[str, Any]) -> World:
    return load_objects([*NODES, *PODS, SERVICE, *objects])


def said(answer: Answer) -> tuple[str, str]:
    assert answer.layered is not None
    return answer.layered.encryption, answer.layered.encryption_reason


@pytest.mark.parametrize(
    ("source", "destination", "expected", "why"),
    [
        ("shop/web", "shop/far", "wireguard", "ConfigMap kube-system/cilium-config"),
        ("shop/web", "shop/near", "none", "both are on node n1"),
        ("shop/web", "shop/web", "none", "itself"),
        ("shop/web", "shop/somewhere", "unknown", "open"),
        ("shop/web", "app=new@shop", "unknown", "open"),
        ("shop/web", "1.2.3.4", "none", "outside of the cluster"),
        ("shop/web", "shop/agent", "none", "not these of nodes"),
        ("node/n1", "shop/far", "none", "not these of nodes"),
        ("app=both@shop", "shop/far", "unknown", "open"),
    ],
)
def test_between_nodes_only(source: str, destination: str, expected: str, why: str) -> None:
    word, reason = said(world(cilium(enable_wireguard="true")).can(source, destination, 9000))
    assert word == expected
    assert why in reason


def test_pods_of_which_some_share_a_node() -> None:
    service = {
        **SERVICE,
        "metadata": {"name": "both", "namespace": "shop"},
        "spec": {"selector": {"app": "both"}, "ports": [{"port": 80}]},
    }
    word, reason = said(world(cilium(enable_wireguard="true"), service).can("shop/web", "shop/service/both", 80))
    assert word == "unknown"
    assert "some of these connections" in reason


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("shop/web", "shop/agent", "wireguard"),
        ("node/n1", "shop/far", "wireguard"),
        ("node/n1", "node/n2", "wireguard"),
        ("shop/web", "shop/manager", "none"),
        ("node/cp", "shop/far", "none"),
        ("shop/web", "shop/far", "wireguard"),
    ],
)
def test_node_encryption_of_cilium_leaves_out_the_control_plane(source: str, destination: str, expected: str) -> None:
    found = world(cilium(enable_wireguard="true", encrypt_node="true")).can(source, destination, 9000)
    assert said(found)[0] == expected


def test_both_nodes_have_to_take_part() -> None:
    word, reason = said(world(felix("default", True), felix("node.n2", False)).can("shop/web", "shop/far", 9000))
    assert (word, "node of the destination" in reason) == ("none", True)
    assert said(world(felix("default", True)).can("shop/web", "shop/far", 9000))[0] == "wireguard"


def test_two_plugins_that_encrypt_differently() -> None:
    found = world(cilium(enable_ipsec="true"), felix("default", True)).can("shop/web", "shop/far", 9000)
    assert said(found)[0] == "unknown"
    assert "which of them" in said(found)[1]


def test_a_setting_that_cannot_be_read() -> None:
    assert said(world(cilium(enable_wireguard="maybe")).can("shop/web", "shop/far", 9000))[0] == "unknown"


@pytest.mark.parametrize(
    ("port", "expected"),
    [("8443", "tls"), ("8444", "tls"), ("8445", "none"), ("8080", "none"), ("443", "none")],
)
def test_tls_of_the_application_is_what_the_service_declares(port: str, expected: str) -> None:
    answer = world().can("shop/web", "shop/far", port, request=ringfence.request("GET", "/"))
    assert said(answer)[0] == expected
    if expected == "tls":
        assert "Service shop/far" in said(answer)[1]


def test_the_application_counts_before_the_plugin() -> None:
    found = world(cilium(enable_wireguard="true"))
    assert said(found.can("shop/web", "shop/far", 8443))[0] == "tls"
    assert said(found.can("shop/web", "shop/service/far", 443))[0] == "tls"
    assert said(found.can("shop/web", "shop/service/far", 80))[0] == "wireguard"


def test_udp_is_encrypted_on_the_wire_too() -> None:
    found = world(cilium(enable_wireguard="true"))
    assert said(found.can("shop/web", "shop/far", 53, "UDP"))[0] == "wireguard"
    assert said(found.can("shop/web", "shop/near", 53, "UDP"))[0] == "none"


def test_without_a_declaration_answers_are_as_before() -> None:
    assert world().can("shop/web", "shop/far", 8443).layered is None
    assert world(cilium(enable_wireguard="false")).can("shop/web", "shop/far", 9000).layered is None


def test_a_denied_flow_and_the_smallest_edit() -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "far"}}, "policyTypes": ["Ingress"]},
    }
    found = world(cilium(enable_wireguard="true"), policy).explain("shop/web", "shop/far", 9000)
    assert found.answer.verdict.value == "denied"
    assert found.answer.layered is not None
    assert found.edit is not None


def test_lines_of_flows_say_it_with_its_reason() -> None:
    answers = world(cilium(enable_wireguard="true")).flow_answers()
    found = answers.layered("shop/web", "shop/far", 9000, "TCP", None)
    assert found is not None
    assert found["encryption"] == "wireguard"
    assert "cilium-config" in found["encryption_reason"]
    assert found["hops"][0]["encryption"] == "wireguard"


def test_the_mesh_counts_before_both_and_not_where_it_is_left() -> None:
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "in", "labels": {"istio-injection": "enabled"}},
    }
    deployments = [deployment(name, "in") for name in ("a", "b")]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "b", "namespace": "in"},
        "spec": {"selector": {"app": "b"}, "ports": [{"name": "https", "port": 443, "targetPort": 8443}]},
    }
    found = load_objects([space, *deployments, service, cilium(enable_wireguard="true"), *NODES, *PODS])
    assert said(found.can("in/a", "in/b", 8443))[0] == "mtls"
    assert said(found.can("shop/web", "in/b", 8443))[0] == "tls"
    assert said(found.can("shop/web", "in/b", 15020))[0] == "unknown"


def test_who_encrypts_is_open_where_the_mesh_is() -> None:
    metadata = {"name": "in", "labels": {"istio-injection": "enabled"}}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    spec = {"selector": {"app": "b"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = {**SERVICE, "metadata": {"name": "b", "namespace": "in"}, "spec": spec}
    rules = [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": f"rule-{mode.lower().replace('_', '-')}", "namespace": "in"},
            "spec": {"host": "b", "trafficPolicy": {"tls": {"mode": mode}}},
        }
        for mode in ("DISABLE", "ISTIO_MUTUAL")
    ]
    answer = load_objects([space, deployment("a", "in"), deployment("b", "in"), service, *rules]).can(
        "in/a", "in/b", 8080
    )
    assert answer.verdict.value == "allowed"
    assert answer.layered is not None
    assert answer.layered.identity is None
    assert [hop.encryption for hop in answer.layered.hops] == ["unknown"]
    assert said(answer)[0] == "unknown"
    assert "rule-" in said(answer)[1]
