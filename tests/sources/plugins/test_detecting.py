"""Which profile the objects of an input stand for: every plugin, its settings, and what only looks like one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ringfence
from ringfence.layers.profiles import Fact
from ringfence.sources.plugins.agents import perhaps_agent, release
from ringfence.verdict.answers import Verdict
from ringfence.world import World, load_objects
from tests.sources.plugins import inputs
from tests.sources.plugins.inputs import Object, container, custom, daemon_set

INGRESS, EGRESS = Fact.NETWORK_POLICY_INGRESS, Fact.NETWORK_POLICY_EGRESS
K3S_SERVER = {"k3s.io/node-args": json.dumps(["server", "--cluster-init"])}
K3S_WITHOUT = {"k3s.io/node-args": json.dumps(["server", "--disable-network-policy", "--token", "********"])}
K3S_UNCLEAR = {"k3s.io/node-args": json.dumps(["server", "--disable-network-policy=$(OFF)"])}
K3S_AGENT = {"k3s.io/node-args": json.dumps(["agent"])}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny", "namespace": "shop"},
    "spec": {"podSelector": {}},
}
WEB = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "none"}]},
}


def world(*objects: Object) -> World:
    return load_objects([POLICY, WEB, *objects])


PLUGINS: dict[str, list[Object]] = {
    "calico@3.31": [inputs.calico()],
    "calico@3.29": [
        daemon_set(
            "canal",
            container("calico-node", "docker.io/calico/node:v3.29.1"),
            container("kube-flannel", "flannel/flannel:v0.24.4"),
        )
    ],
    "calico": [inputs.calico("v3.31.2-0.dev")],
    "cilium@1.16": [inputs.cilium()],
    "antrea@2.3": [inputs.antrea()],
    "ovn-kubernetes": [
        daemon_set(
            "ovnkube-node",
            container("ovn-controller", "quay.io/openshift/release@sha256:00"),
            container("ovnkube-controller", "quay.io/openshift/release@sha256:00"),
            namespace="openshift-ovn-kubernetes",
        )
    ],
    "kube-router@2.4": [inputs.kube_router("--run-router=true")],
    "kube-network-policies@1.0": [
        daemon_set(
            "kube-network-policies",
            container("kube-network-policies", "registry.k8s.io/networking/kube-network-policies:v1.0.0"),
        )
    ],
    "kube-network-policies@0.8": [
        inputs.flannel(container("kube-network-policies", "registry.k8s.io/networking/kube-network-policies:v0.8.0"))
    ],
    "kindnet": [inputs.kindnet()],
    "aws-vpc-cni@1.19": [inputs.aws_node("--enable-network-policy=true")],
    "azure": [
        daemon_set("azure-npm", container("azure-npm", "mcr.microsoft.com/containernetworking/azure-npm:v1.5.45"))
    ],
    "gke-dataplane-v2": [daemon_set("anetd", container("cilium-agent", "gke.gcr.io/cilium/cilium:v1.15.6-gke.35"))],
    "weave@2.8": [inputs.weave()],
    "flannel": [inputs.flannel()],
    "k3s@1.33": [inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_SERVER)],
}


@pytest.mark.parametrize("name", PLUGINS)
def test_every_plugin_is_known_by_its_objects(name: str) -> None:
    found = world(*PLUGINS[name])
    assert found.profile.full_name == name
    assert found.choice.chosen_by.startswith("detected: ")
    assert found.choice.chosen_by == f"detected: {found.cluster.plugin.candidates[-1].evidence[0]}"


@pytest.mark.parametrize("name", [name for name, objects in PLUGINS.items() if objects[0]["kind"] == "DaemonSet"])
def test_the_pods_of_an_agent_say_the_same(name: str) -> None:
    (agent,) = PLUGINS[name]
    found = world(inputs.agent_pod(agent, "n1"))
    assert found.profile.full_name == name
    assert found.choice.chosen_by.startswith("detected: Pod ")


DECLARED: dict[str, list[Object]] = {
    "calico@3.30": [
        custom("operator.tigera.io/v1", "Installation", "default", spec={}, status={"calicoVersion": "v3.30.1"})
    ],
    "calico": [custom("operator.tigera.io/v1", "Installation", "default", spec={"cni": {"type": "AmazonVPC"}})],
    "ovn-kubernetes": [
        custom("operator.openshift.io/v1", "Network", "cluster", spec={"defaultNetwork": {"type": "OVNKubernetes"}}),
        custom("config.openshift.io/v1", "Network", "cluster", status={"networkType": "OVNKubernetes"}),
    ],
    "azure": [inputs.node("n1", {"kubernetes.azure.com/network-policy": "azure"})],
    "cilium": [inputs.node("n1", {"kubernetes.azure.com/ebpf-dataplane": "cilium"})],
}


@pytest.mark.parametrize("name", DECLARED)
def test_what_an_operator_or_a_cloud_is_told(name: str) -> None:
    assert world(*DECLARED[name]).profile.full_name == name


NEAR_MISSES: list[Object] = [
    daemon_set("calico-node-exporter", container("exporter", "example.org/calico-node-exporter:v3.31.2")),
    daemon_set("exporter", container("calico-node", "example.org/exporter:v1.0.0")),
    daemon_set("calico-node", container("main", "example.org/shop:v1.0.0")),
    daemon_set("node", container("main", "example.org/mycalico/node:v3.31.2")),
    daemon_set("calico-node", container("exporter", "example.org/calico/node-exporter:v3.31.2")),
    daemon_set("cilium", container("web", "example.org/cilium-dashboard:v1.16.0")),
    daemon_set("kube-router-exporter", container("exporter", "cloudnativelabs/kube-router-metrics:v1")),
    daemon_set("flannel-tools", container("tools", "example.org/tools")),
    daemon_set("sdn", container("main", "example.org/sdn")),
    {**inputs.calico(), "apiVersion": "apps.kruise.io/v1alpha1"},
    {**inputs.calico(), "kind": "Deployment", "spec": {**inputs.calico()["spec"], "replicas": 1}},
    inputs.config_map("cilium-config", enable_policy="never"),
    inputs.config_map("antrea-config"),
    custom("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ciliumnetworkpolicies.cilium.io"),
    custom("example.org/v1", "Installation", "default", spec={}),
    custom("operator.tigera.io/v1", "Installation", "overlay", spec={}),
    custom("example.org/v1", "Network", "cluster", spec={"networkType": "OVNKubernetes"}),
    custom("config.openshift.io/v1", "Network", "other", spec={"networkType": "OVNKubernetes"}),
    inputs.node("calico-node", {"app": "calico"}),
    inputs.node("n1", {"kubernetes.azure.com/network-policy": "other"}),
    inputs.node("n1", kubelet="v1.33.4-k3s1", annotations={"k3s.io/node-args": "no list"}),
    {
        **WEB,
        "metadata": {
            "name": "calico-node-x",
            "namespace": "shop",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "calico-node", "controller": True}],
        },
    },
    {
        **inputs.agent_pod(inputs.calico(), "n1"),
        "metadata": {
            "name": "calico-node-x",
            "namespace": "shop",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "calico-node", "controller": True}],
        },
    },
]


@pytest.mark.parametrize("index", range(len(NEAR_MISSES)))
def test_what_only_looks_like_a_plugin(index: int) -> None:
    found = world(NEAR_MISSES[index])
    assert (found.profile.full_name, found.choice.chosen_by) == ("generic", "the default")
    assert found.choice.notices == ()
    assert found.cluster.plugin.candidates == ()


def test_what_belongs_to_a_plugin_is_a_hint() -> None:
    found = world(
        custom("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ciliumnetworkpolicies.cilium.io"),
        inputs.config_map("antrea-config"),
    )
    assert [hint.name for hint in found.cluster.plugin.hints] == ["antrea", "cilium"]
    assert found.profile.name == "generic"


def aws_alone() -> Object:
    agent = inputs.aws_node("--enable-network-policy=true")
    del agent["spec"]["template"]["spec"]["containers"][1:]
    return agent


def ovn(*args: str) -> Object:
    image = "quay.io/openshift/release@sha256:00"
    return daemon_set(
        "ovnkube-node", container("ovnkube-controller", image, args), namespace="openshift-ovn-kubernetes"
    )


OVN = ovn()
CILIUM, ANTREA = inputs.cilium("v1.16.3"), inputs.antrea()
GATES = "featureGates:\n  AdminNetworkPolicy: true\n#  ClusterNetworkPolicy: true\n"
SETTINGS: list[tuple[str, list[Object], dict[Fact, bool | None]]] = [
    ("on", [inputs.aws_node("--enable-network-policy=true")], {INGRESS: True, EGRESS: True}),
    ("aws off", [inputs.aws_node("--enable-network-policy=false")], {INGRESS: False, EGRESS: False}),
    ("aws not given", [inputs.aws_node("--enable-ipv6=false")], {INGRESS: False}),
    ("aws unclear", [inputs.aws_node("--enable-network-policy=$(ON)")], {INGRESS: None}),
    (
        "aws without controller",
        [
            inputs.aws_node("--enable-network-policy=true"),
            inputs.config_map("amazon-vpc-cni", enable_network_policy_controller="false"),
        ],
        {INGRESS: None},
    ),
    ("aws family", [inputs.aws_node("--enable-network-policy=true")], {Fact.IPV6_FILTERED: False}),
    ("aws IPv6", [inputs.aws_node("--enable-network-policy=true", ipv6="true")], {Fact.IPV6_FILTERED: None}),
    ("aws before 1.14", [inputs.aws_node("--enable-network-policy=true", version="v1.13.4")], {INGRESS: False}),
    ("router", [inputs.kube_router()], {INGRESS: True, Fact.EXCEPT_IS_LOCAL: False}),
    ("router off", [inputs.kube_router("--run-firewall=false")], {INGRESS: False, EGRESS: False}),
    ("router nft", [inputs.kube_router("--use-nftables-for-netpol")], {INGRESS: True, Fact.EXCEPT_IS_LOCAL: None}),
    ("router script", [inputs.kube_router("exec kube-router --run-firewall=false")], {INGRESS: None}),
    ("router of no version", [inputs.kube_router(version="latest")], {INGRESS: True, Fact.EXCEPT_IS_LOCAL: None}),
    ("weave", [inputs.weave()], {INGRESS: True}),
    ("weave off", [inputs.weave(EXPECT_NPC="0")], {INGRESS: False}),
    ("weave without npc", [inputs.weave(npc=False)], {INGRESS: False}),
    ("cilium", [CILIUM], {INGRESS: True, Fact.IPBLOCK_MATCHES_NODES: None, Fact.SCTP_PORTS: None}),
    (
        "cilium as installed",
        [CILIUM, inputs.config_map("cilium-config", enable_policy="default")],
        {INGRESS: True, Fact.IPBLOCK_MATCHES_NODES: False, Fact.OWN_NODE_INGRESS_EXEMPT: True},
    ),
    ("cilium never", [CILIUM, inputs.config_map("cilium-config", enable_policy="never")], {INGRESS: False}),
    (
        "cilium watches none",
        [CILIUM, inputs.config_map("cilium-config", enable_k8s_networkpolicy="false")],
        {INGRESS: False, EGRESS: False},
    ),
    (
        "cilium filters its node",
        [CILIUM, inputs.config_map("cilium-config", allow_localhost="policy")],
        {Fact.OWN_NODE_INGRESS_EXEMPT: None},
    ),
    ("aws without the node agent", [aws_alone()], {INGRESS: False, EGRESS: False}),
    (
        "aws unclear before 1.14",
        [inputs.aws_node("--enable-network-policy=$(ON)", version="v1.13.4")],
        {INGRESS: False},
    ),
    (
        "antrea without gates",
        [ANTREA, inputs.config_map("antrea-config", **{"antrea-controller.conf": "featureGates:\n"})],
        {Fact.ADMIN_NETWORK_POLICY: False, Fact.BASELINE_ADMIN_NETWORK_POLICY: False},
    ),
    ("ovn", [OVN], {Fact.ADMIN_NETWORK_POLICY: None}),
    ("ovn with the flag", [ovn("--enable-admin-network-policy=true")], {Fact.ADMIN_NETWORK_POLICY: True}),
    ("k3s unclear", [inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_UNCLEAR)], {INGRESS: None}),
    ("cilium audit", [CILIUM, inputs.config_map("cilium-config", policy_audit_mode="true")], {EGRESS: False}),
    (
        "cilium nodes",
        [CILIUM, inputs.config_map("cilium-config", policy_cidr_match_mode="nodes", enable_sctp="true")],
        {Fact.IPBLOCK_MATCHES_NODES: True, Fact.SCTP_PORTS: True, Fact.SCTP_FILTERED: True},
    ),
    (
        "cilium for kube-proxy",
        [CILIUM, inputs.config_map("cilium-config", kube_proxy_replacement="true")],
        {Fact.OWN_NODE_KEEPS_CLIENT: True, Fact.CLUSTER_POLICY_KEEPS_CLIENT: False},
    ),
    (
        "cilium with direct server return",
        [CILIUM, inputs.config_map("cilium-config", kube_proxy_replacement="true", bpf_lb_mode="dsr")],
        {Fact.OWN_NODE_KEEPS_CLIENT: True, Fact.CLUSTER_POLICY_KEEPS_CLIENT: True},
    ),
    (
        "cilium with both",
        [CILIUM, inputs.config_map("cilium-config", kube_proxy_replacement="true", bpf_lb_mode="hybrid")],
        {Fact.OWN_NODE_KEEPS_CLIENT: True, Fact.CLUSTER_POLICY_KEEPS_CLIENT: None},
    ),
    (
        "cilium beside kube-proxy",
        [CILIUM, inputs.config_map("cilium-config", kube_proxy_replacement="false", bpf_lb_mode="dsr")],
        {Fact.OWN_NODE_KEEPS_CLIENT: None, Fact.CLUSTER_POLICY_KEEPS_CLIENT: None},
    ),
    (
        "cilium before 1.15",
        [inputs.cilium("v1.14.2"), inputs.config_map("cilium-config", policy_cidr_match_mode="nodes")],
        {Fact.IPBLOCK_MATCHES_NODES: False},
    ),
    (
        "cilium in another namespace",
        [CILIUM, inputs.config_map("cilium-config", "elsewhere", enable_policy="never")],
        {INGRESS: True},
    ),
    (
        "antrea",
        [
            ANTREA,
            inputs.config_map("antrea-config", **{"antrea-controller.conf": GATES, "antrea-agent.conf": "#x\n"}),
        ],
        {
            Fact.ADMIN_NETWORK_POLICY: True,
            Fact.BASELINE_ADMIN_NETWORK_POLICY: True,
            Fact.CLUSTER_NETWORK_POLICY: False,
            Fact.HAIRPIN_INGRESS_EXEMPT: True,
        },
    ),
    (
        "antrea without proxy",
        [
            ANTREA,
            inputs.config_map("antrea-config", **{"antrea-agent.conf": "antreaProxy:\n  # on\n  enable: false\n"}),
        ],
        {Fact.HAIRPIN_INGRESS_EXEMPT: None, Fact.ADMIN_NETWORK_POLICY: None},
    ),
    ("k3s", [inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_SERVER)], {INGRESS: True}),
    ("k3s off", [inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_WITHOUT)], {INGRESS: False, EGRESS: False}),
    ("k3s agents", [inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_AGENT)], {INGRESS: None}),
    (
        "k3s servers that differ",
        [
            inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_SERVER),
            inputs.node("n2", kubelet="v1.33.4+k3s1", annotations=K3S_WITHOUT),
        ],
        {INGRESS: None},
    ),
    ("AKS none", [inputs.node("n1", {"kubernetes.azure.com/network-policy": "none"})], {INGRESS: False, EGRESS: False}),
    ("kind 0.24", [inputs.kindnet("v20240813-c6f155d6")], {INGRESS: True}),
    ("kind 0.23", [inputs.kindnet("v20240513-cd2ac642")], {INGRESS: False}),
    ("kind between", [inputs.kindnet("v20240701-aaaaaaa")], {INGRESS: None}),
    ("kindnet of one's own", [inputs.kindnet("mine")], {INGRESS: None}),
]


@pytest.mark.parametrize(("objects", "answers"), [row[1:] for row in SETTINGS], ids=[row[0] for row in SETTINGS])
def test_settings_answer_facts(objects: list[Object], answers: dict[Fact, bool | None]) -> None:
    profile = world(*objects).profile
    assert profile.name != "generic"
    assert {fact: profile.answer(fact) for fact in answers} == answers


@pytest.mark.parametrize(
    ("variant", "cluster", "admin"),
    [("", False, False), ("-npa-v1alpha1", False, True), ("-npa-v1alpha2", True, False)],
)
def test_the_image_says_which_admin_policies_are_enforced(variant: str, cluster: bool, admin: bool) -> None:
    image = f"registry.k8s.io/networking/kube-network-policies:v1.0.0{variant}"
    profile = world(daemon_set("kube-network-policies", container("kube-network-policies", image))).profile
    assert profile.answer(Fact.CLUSTER_NETWORK_POLICY) is cluster
    assert profile.answer(Fact.ADMIN_NETWORK_POLICY) is admin
    assert profile.answer(Fact.BASELINE_ADMIN_NETWORK_POLICY) is admin


def test_a_plugin_that_denies_by_default_makes_every_verdict_unknown() -> None:
    found = world(CILIUM, inputs.config_map("cilium-config", enable_policy="always"))
    assert [problem.code for problem in found.problems] == ["not-modelled"]
    assert found.can("app=a@elsewhere", "app=b@elsewhere", 80).verdict is Verdict.UNKNOWN
    usual = world(CILIUM, inputs.config_map("cilium-config", enable_policy="default"))
    assert usual.can("app=a@elsewhere", "app=b@elsewhere", 80).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("version", ["v3.33.0", "v3.28.1", "v4.0.0"])
def test_a_version_that_was_not_read_is_none(version: str) -> None:
    found = world(inputs.calico(version))
    assert found.profile.full_name == "calico"
    assert len(found.choice.notices) == 1
    assert f"has version {version[1:]}, which its profile does not cover (3.29 to 3.32)" in found.choice.notices[0]


@pytest.mark.parametrize("tag", ["v3.31.2-0.dev", "latest", "v3.32.0-rc1"])
def test_a_tag_that_is_no_release_is_no_version(tag: str) -> None:
    found = world(inputs.calico(tag))
    assert found.profile.full_name == "calico"
    (notice,) = found.choice.notices
    assert "which version of calico (DaemonSet kube-system/calico-node" in notice
    assert "is not known: answers that differ between versions are open; name one with --cni calico@VERSION" in notice


def test_agents_of_two_versions_are_of_none() -> None:
    old, new = inputs.calico("v3.31.2"), inputs.calico("v3.32.0")
    found = world(inputs.agent_pod(old, "n1"), inputs.agent_pod(new, "n2"))
    assert found.profile.full_name == "calico"
    assert "runs in versions 3.31 and 3.32" in found.choice.notices[0]


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v3.31.2", "3.31.2"),
        ("2.8.1", "2.8.1"),
        ("v1.19.0-eksbuild.1", "1.19.0"),
        ("v3.29.3-build20250218", "3.29.3"),
        ("v3.32.0-rc1", ""),
        ("v3.31.2-0.dev-12-gabc", ""),
        ("latest", ""),
        ("", ""),
        ("v1.16.3-cee.1", ""),
    ],
)
def test_only_the_tag_of_a_release_is_a_version(tag: str, version: str) -> None:
    assert release(tag) == version


TWO = {
    "two agents": [inputs.calico(), inputs.cilium()],
    "declared and running": [custom("operator.tigera.io/v1", "Installation", "default", spec={}), inputs.cilium()],
    "k3s beside it": [inputs.cilium(), inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_SERVER)],
    "perhaps two": [inputs.calico(), inputs.aws_node("--enable-network-policy=$(ON)")],
}


@pytest.mark.parametrize("name", TWO)
def test_two_engines_are_no_profile(name: str) -> None:
    found = world(*TWO[name])
    assert (found.profile.full_name, found.choice.chosen_by) == ("generic", "the default")
    (notice,) = found.choice.notices
    for candidate in found.cluster.plugin.candidates:
        assert f"{candidate.name}" in notice
        assert str(candidate.evidence[0]) in notice
    assert "--cni c" in notice


ONE = {
    "calico@3.31": [inputs.calico(), inputs.aws_node("--enable-network-policy=false")],
    "cilium@1.16": [inputs.cilium(), inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=K3S_WITHOUT)],
    "kube-router@2.4": [inputs.flannel(), inputs.kube_router()],
}


@pytest.mark.parametrize("name", ONE)
def test_what_enforces_nothing_is_no_second_engine(name: str) -> None:
    found = world(*ONE[name])
    assert (found.profile.full_name, found.choice.notices) == (name, ())


@pytest.mark.parametrize(
    "plugin",
    [
        daemon_set("kube-ovn-cni", container("cni-server", "docker.io/kubeovn/kube-ovn:v1.13.0")),
        daemon_set("calico-node", container("calico-node", "quay.io/tigera/cnx-node:v3.20.1")),
        custom("operator.tigera.io/v1", "Installation", "default", spec={"variant": "TigeraSecureEnterprise"}),
        custom("config.openshift.io/v1", "Network", "cluster", status={"networkType": "OpenShiftSDN"}),
        custom("config.openshift.io/v1", "Network", "cluster", status={"networkType": "netpol-analyzer"}),
    ],
)
def test_a_plugin_without_a_profile_is_named(plugin: Object) -> None:
    found = world(plugin)
    assert found.profile.full_name == "generic"
    assert "of which there is no profile" in found.choice.notices[0]


def test_a_name_counts_more_than_what_is_seen_and_keeps_what_is_seen_of_it() -> None:
    objects = [POLICY, WEB, inputs.aws_node("--enable-network-policy=true")]
    pinned = load_objects(objects, cni="aws-vpc-cni@1.16")
    assert pinned.profile.full_name == "aws-vpc-cni@1.16"
    assert pinned.profile.answer(INGRESS) is True
    other = load_objects(objects, cni="calico@3.31")
    assert other.profile.full_name == "calico@3.31"
    assert "the input shows aws-vpc-cni@1.19" in other.choice.notices[0]
    assert load_objects(objects, cni="generic").choice.notices == ()


def test_a_whatif_keeps_the_profile() -> None:
    found = world(inputs.calico())
    assert found.what_if(remove=["shop/deny"]).choice == found.choice
    assert found.what_if(relabel={"shop/web": {"app": "x"}}).profile is found.profile


def test_places_are_those_of_the_objects(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(inputs.as_text(WEB, inputs.calico()))
    found = ringfence.load(str(file))
    line = file.read_text().split("\n").index("apiVersion: apps/v1") + 1
    assert found.choice.chosen_by == f"detected: DaemonSet kube-system/calico-node {file}:{line}:1"


def test_only_pods_that_are_called_like_an_agent_are_looked_at() -> None:
    assert perhaps_agent("calico-node-x7k2p")
    assert perhaps_agent("cilium-abcde")
    assert not any(map(perhaps_agent, ("web", "coredns-123", "calico", "kube-proxy-x", "ca", "")))


ODD = [None, 0, "text", [], {}, [None], [[]], {"a": None}, True]


@pytest.mark.parametrize("odd", ODD)
def test_fields_of_any_type_are_no_accident(odd: object) -> None:
    for path in (("metadata", "ownerReferences"), ("spec", "containers"), ("spec", "nodeName"), ("status",), ("spec",)):
        pod = inputs.agent_pod(inputs.calico(), "n1")
        target = pod
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = odd
        load_objects([pod])
    for path in (
        ("template", "spec", "nodeSelector"),
        ("template", "spec", "tolerations"),
        ("template", "spec", "affinity"),
    ):
        agent = inputs.calico()
        agent["spec"]["template"]["spec"][path[-1]] = odd
        load_objects([agent, inputs.node("n1", {"a": "b"}, ({"key": "a", "effect": "NoExecute"},))])
    load_objects([{**inputs.config_map("cilium-config"), "data": odd}, inputs.cilium()])
    load_objects([{**inputs.config_map("antrea-config"), "data": {"antrea-controller.conf": odd}}, inputs.antrea()])
    load_objects([custom("operator.tigera.io/v1", "Installation", "default", spec=odd, status=odd)])
    load_objects([custom("config.openshift.io/v1", "Network", "cluster", spec=odd, status=odd)])
    load_objects([{**inputs.node("n1"), "spec": odd, "status": odd}, inputs.calico()])
    load_objects([inputs.node("n1", kubelet="v1.33.4+k3s1", annotations={"k3s.io/node-args": json.dumps(odd)})])


def test_an_agent_from_an_image_of_ones_own_has_no_version() -> None:
    own = daemon_set("calico-node", container("calico-node", "example.org/network/agent:v3.31.2"))
    assert world(own).profile.full_name == "calico"


@pytest.mark.parametrize(
    ("objects", "codes"),
    [
        ([CILIUM, inputs.config_map("cilium-config", enable_policy="$(POLICY)")], ["not-modelled"]),
        ([CILIUM, inputs.config_map("cilium-config", "elsewhere", enable_policy="always")], []),
        ([inputs.config_map("cilium-config", enable_policy="always")], []),
    ],
)
def test_only_the_agents_own_settings_can_deny_by_default(objects: list[Object], codes: list[str]) -> None:
    assert [problem.code for problem in world(*objects).problems] == codes


def test_what_openshift_is_counts_more_than_what_it_is_to_become() -> None:
    migrating = custom(
        "config.openshift.io/v1",
        "Network",
        "cluster",
        spec={"networkType": "OpenShiftSDN"},
        status={"networkType": "OVNKubernetes"},
    )
    assert world(migrating).profile.name == "ovn-kubernetes"


def test_the_policy_engine_counts_more_than_the_data_plane_of_aks() -> None:
    labels = {"kubernetes.azure.com/ebpf-dataplane": "cilium", "kubernetes.azure.com/network-policy": "calico"}
    assert world(inputs.node("n1", labels)).profile.name == "calico"
