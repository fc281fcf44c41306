"""What the input tells network plugins to encrypt between nodes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.model.encryption import WireEncryption
from ringfence.sources.json_dump import read_dump
from ringfence.sources.snapshot_contents import as_kept


def config_map(name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def cilium(**data: str) -> dict[str, Any]:
    return config_map("cilium-config", **{key.replace("_", "-"): value for key, value in data.items()})


def felix(name: str, **spec: Any) -> dict[str, Any]:
    api = "crd.projectcalico.org/v1"
    return {"apiVersion": api, "kind": "FelixConfiguration", "metadata": {"name": name}, "spec": spec}


def antrea(text: str) -> dict[str, Any]:
    return config_map("antrea-config-bkgd5728h8", **{"antrea-agent.conf": text})


def flannel(backend: str) -> dict[str, Any]:
    return config_map("kube-flannel-cfg", **{"net-conf.json": f'{{"Backend": {{"Type": "{backend}"}}}}'})


def openshift(config: Any) -> dict[str, Any]:
    spec = {"defaultNetwork": {"type": "OVNKubernetes", "ovnKubernetesConfig": {"ipsecConfig": config}}}
    return {
        "apiVersion": "operator.openshift.io/v1",
        "kind": "Network",
        "metadata": {"name": "cluster"},
        "spec": spec,
    }


def cilium_node(name: str, key: int = 0, wireguard: bool = False) -> dict[str, Any]:
    annotations = {"network.cilium.io/wg-pub-key": "abc="} if wireguard else {}
    metadata = {"name": name, "annotations": annotations}
    spec = {"encryption": {"key": key}}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": metadata, "spec": spec}


def node(name: str, backend: str) -> dict[str, Any]:
    annotations = {"flannel.alpha.coreos.com/backend-type": backend}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": annotations}}


def declared(*objects: dict[str, Any]) -> tuple[WireEncryption, ...]:
    return load_objects(list(objects)).cluster.encryption


@pytest.mark.parametrize(
    ("given", "how", "sure"),
    [
        (cilium(enable_wireguard="true"), "wireguard", True),
        (cilium(enable_ipsec="true"), "ipsec", True),
        (cilium(enable_wireguard="perhaps"), "wireguard", False),
        (felix("default", wireguardEnabled=True), "wireguard", True),
        (felix("default", wireguardEnabled="yes"), "wireguard", False),
        (antrea("trafficEncryptionMode: wireGuard\n"), "wireguard", True),
        (antrea('trafficEncryptionMode: "ipsec"\n'), "ipsec", True),
        (antrea("trafficEncapMode: noEncap\ntrafficEncryptionMode: ipsec\n"), "ipsec", False),
        (flannel("wireguard"), "wireguard", True),
        (flannel("ipsec"), "ipsec", True),
        (openshift({}), "ipsec", True),
        (openshift({"mode": "Full"}), "ipsec", True),
        (openshift({"mode": "Newest"}), "ipsec", False),
        (cilium_node("n1", wireguard=True), "wireguard", True),
        (cilium_node("n1", 3), "ipsec", True),
        (node("n1", "wireguard"), "wireguard", True),
    ],
)
def test_what_is_encrypted(given: dict[str, Any], how: str, sure: bool) -> None:
    (found,) = declared(given)
    assert (found.how, found.sure) == (how, sure)
    assert found.seen.what.startswith(given["kind"])


@pytest.mark.parametrize(
    "given",
    [
        cilium(enable_wireguard="false", enable_ipsec="false"),
        cilium(encrypt_node="true"),
        felix("default", wireguardEnabled=False),
        felix("default"),
        antrea("#trafficEncryptionMode: wireGuard\ntrafficEncryptionMode: none\n"),
        flannel("vxlan"),
        openshift({"mode": "Disabled"}),
        openshift({"mode": "External"}),
        openshift(None),
        cilium_node("n1"),
        node("n1", "vxlan"),
    ],
)
def test_nothing_is_encrypted(given: dict[str, Any]) -> None:
    assert declared(given) == ()


def test_calico_by_node_and_family() -> None:
    found = declared(
        felix("default", wireguardEnabled=True, wireguardEnabledV6=False),
        felix("node.n2", wireguardEnabled=False, wireguardEnabledV6=True),
    )
    four, six = found
    assert (four.families, four.takes_part("n1"), four.takes_part("n2")) == ((4,), True, False)
    assert (six.families, six.takes_part("n1"), six.takes_part("n2")) == ((6,), False, True)


def test_what_is_declared_counts_before_what_nodes_say() -> None:
    assert declared(cilium(enable_wireguard="false"), cilium_node("n1", wireguard=True)) == ()
    assert declared(flannel("vxlan"), node("n1", "wireguard")) == ()


def test_nodes_of_cilium() -> None:
    (without,) = declared(cilium(enable_wireguard="true"))
    (with_nodes,) = declared(cilium(enable_wireguard="true", encrypt_node="true"))
    (all_nodes,) = declared(cilium(enable_wireguard="true", encrypt_node="true", node_encryption_opt_out_labels=""))
    assert [without.between(True, False), without.between(False, True), without.between(True, True)] == [False] * 3
    assert (with_nodes.between(True, True), with_nodes.exempt) == (True, "node-role.kubernetes.io/control-plane")
    assert (all_nodes.between(True, True), all_nodes.exempt) == (True, "")


@pytest.mark.parametrize(
    "given",
    [
        cilium(enable_wireguard="true", encrypt_node="true", node_encryption_opt_out_labels="gpu", password="x"),
        cilium(enable_ipsec="?"),
        felix("node.n1", wireguardEnabled=True, prometheusMetricsEnabled=True),
        felix("default", wireguardEnabled="secret"),
        antrea("trafficEncryptionMode: wireGuard\nsecret: x\n"),
        flannel("wireguard"),
        openshift({"mode": "Full"}),
        openshift({}),
        cilium_node("n1", 7),
        cilium_node("n1", wireguard=True),
        node("n1", "wireguard"),
    ],
)
def test_a_snapshot_says_the_same_and_nothing_else(given: dict[str, Any]) -> None:
    world = load_objects([given])
    (kept,) = as_kept(world.given.settled().reading.manifests)
    again = load_objects([dict(kept.data)]).cluster.encryption
    told = [(one.how, one.sure, one.on, dict(one.nodes), one.exempt, one.families) for one in world.cluster.encryption]
    assert told
    assert told == [(one.how, one.sure, one.on, dict(one.nodes), one.exempt, one.families) for one in again]
    assert "secret" not in str(kept.data)
    assert "password" not in str(kept.data)
    assert "abc=" not in str(kept.data)


@pytest.mark.parametrize("given", [felix("default", wireguardEnabled=True), flannel("wireguard"), cilium_node("n", 3)])
def test_a_dump_says_it_too(given: dict[str, Any]) -> None:
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": [given]}).encode()
    found = read_dump(listing, "dump.json")
    assert found is not None
    assert len(declared(*(dict(one.data) for one in found[0]))) == 1
