from __future__ import annotations

import pytest

from ringfence.model.cluster import NamedPort, WorkloadRef
from ringfence.sets.addresses import address
from tests.sources.manifests import blamed, cluster_of, pods_of

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
"""


def test_a_pod_with_everything() -> None:
    cluster = cluster_of("""
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  nodeName: n1
  containers:
  - ports: [{name: http, containerPort: 8080}, {containerPort: 9}]
  - ports: [{name: dns, containerPort: 53, protocol: UDP}]
  initContainers:
  - ports: [{name: once, containerPort: 1}]
  - restartPolicy: Always
    ports: [{name: proxy, containerPort: 15001}]
status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}, {ip: "fd00::5"}], hostIP: 192.168.0.1}
""")
    [pod] = cluster.pods
    assert pod.workload == WorkloadRef("Pod", "shop", "web")
    assert pod.ports == (
        NamedPort("http", "TCP", 8080),
        NamedPort("dns", "UDP", 53),
        NamedPort("proxy", "TCP", 15001),
    )
    assert pod.addresses == (address("10.1.0.5"), address("fd00::5"))
    assert (pod.node, pod.host_network, pod.template, pod.open_labels) == ("n1", False, False, ())
    node = cluster.nodes["n1"]
    assert (node.addresses, node.open_labels) == ((address("192.168.0.1"),), True)
    assert cluster.families == {4, 6}
    assert not cluster.problems


def test_a_pod_without_namespace_is_in_default() -> None:
    assert list(pods_of(cluster_of("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {}\n"))) == ["default/web"]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_finished_pod_is_no_peer(phase: str) -> None:
    cluster = cluster_of(f"{POD}spec: {{}}\nstatus: {{phase: {phase}, podIP: 10.0.0.1}}\n")
    assert not cluster.pods
    assert [(pod.name, pod.phase) for pod in cluster.finished] == [("web", phase)]


def test_a_host_network_pod_has_the_addresses_of_its_node() -> None:
    cluster = cluster_of(f"""{POD}spec: {{hostNetwork: true, nodeName: n1}}
---
apiVersion: v1
kind: Node
metadata: {{name: n1, labels: {{zone: a}}}}
spec: {{podCIDRs: [10.244.1.0/24]}}
status:
  addresses:
  - {{type: InternalIP, address: 192.168.0.7}}
  - {{type: Hostname, address: n1}}
  - {{type: ExternalIP, address: 203.0.113.7}}
""")
    assert cluster.pods[0].addresses == (address("192.168.0.7"),)
    assert cluster.nodes["n1"].addresses == (address("192.168.0.7"), address("203.0.113.7"))
    assert not cluster.nodes["n1"].open_labels
    assert not cluster.problems


def test_a_pod_without_address_does_not_take_that_of_its_node() -> None:
    cluster = cluster_of(f"{POD}spec: {{nodeName: n1}}\nstatus: {{hostIP: 192.168.0.7}}\n")
    assert cluster.pods[0].addresses == ()


OWNED = """
apiVersion: v1
kind: Pod
metadata:
  name: web-5d-x
  namespace: shop
  labels: {app: web, pod-template-hash: 5d}
  ownerReferences: [{apiVersion: v1, kind: %s, name: %s, controller: true}]
spec: {}
"""


@pytest.mark.parametrize(
    ("kind", "name", "workload"),
    [
        ("ReplicaSet", "web-5d", "shop/web-5d[ReplicaSet]"),
        ("DaemonSet", "agent", "shop/agent[DaemonSet]"),
        ("Rollout", "web", "shop/web[Rollout]"),
        ("Node", "n1", "shop/web-5d-x[Pod]"),
    ],
)
def test_an_owner_that_is_only_referred_to_counts(kind: str, name: str, workload: str) -> None:
    assert str(cluster_of(OWNED % (kind, name)).pods[0].workload) == workload


def test_the_topmost_controller_is_found_through_replica_sets() -> None:
    cluster = cluster_of(
        OWNED % ("ReplicaSet", "web-5d")
        + """---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-5d
  namespace: shop
  ownerReferences: [{kind: Deployment, name: web, controller: true}]
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {}}
"""
    )
    assert [str(pod.workload) for pod in cluster.pods] == ["shop/web[Deployment]"]


def test_a_deployment_in_the_input_has_its_pods_though_the_replica_set_is_missing() -> None:
    deployment = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: %s}}
  template: {metadata: {labels: {app: %s}}, spec: {}}
"""
    cluster = cluster_of(OWNED % ("ReplicaSet", "web-5d") + deployment % ("web", "web"))
    assert [(pod.name, str(pod.workload)) for pod in cluster.pods] == [("web-5d-x", "shop/web[Deployment]")]
    other = cluster_of(OWNED % ("ReplicaSet", "web-5d") + deployment % ("else", "else"))
    assert str(pods_of(other)["shop/web-5d-x"].workload) == "shop/web-5d[ReplicaSet]"


def test_an_owner_that_does_not_control_is_no_workload() -> None:
    text = (OWNED % ("ReplicaSet", "web-5d")).replace(", controller: true", "")
    assert str(cluster_of(text).pods[0].workload) == "shop/web-5d-x[Pod]"


def test_labels_that_the_api_server_rejects_are_open_and_nothing_else() -> None:
    cluster = cluster_of("""
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web, enabled: yes, version: 1, sci: 1.0e+3, blank: , spaced: "a b", "bad key!": x}
spec: {}
""")
    [pod] = cluster.pods
    assert pod.labels == {"app": "web", "blank": ""}
    assert pod.open_labels == ("enabled", "version", "sci", "spaced")
    assert blamed(cluster)["wrong-type"] == {f"metadata.labels.{key}" for key in ("enabled", "version", "sci")}
    assert blamed(cluster)["invalid-value"] == {"metadata.labels.spaced", "metadata.labels.bad key!"}
    assert all("quotes" in problem.hint for problem in cluster.problems if problem.code == "wrong-type")
    assert not cluster.partial


@pytest.mark.parametrize(
    ("rest", "field"),
    [
        ("spec: []", "spec"),
        ("spec: {hostNetwork: 'true'}", "spec.hostNetwork"),
        ("spec: {containers: {}}", "spec.containers"),
        (
            "spec: {containers: [{ports: [{name: http, containerPort: '80'}]}]}",
            "spec.containers[0].ports[0].containerPort",
        ),
        (
            "spec: {containers: [{ports: [{name: http, containerPort: 80000}]}]}",
            "spec.containers[0].ports[0].containerPort",
        ),
        ("spec: {containers: [{ports: [{name: http}]}]}", "spec.containers[0].ports[0].containerPort"),
        (
            "spec: {containers: [{ports: [{name: a, containerPort: 80, protocol: tcp}]}]}",
            "spec.containers[0].ports[0].protocol",
        ),
        ("spec: {}\nstatus: {phase: 3}", "status.phase"),
    ],
)
def test_a_pod_that_cannot_be_understood_is_left_out_and_makes_the_input_partial(rest: str, field: str) -> None:
    cluster = cluster_of(f"{POD}{rest}\n")
    assert not cluster.pods
    assert cluster.partial
    assert field in {problem.place.file for problem in cluster.problems}


@pytest.mark.parametrize(
    "rest",
    [
        "spec: {containers: [{ports: [{containerPort: '80'}]}]}",
        "spec: {nodeName: 3}",
        "spec: {}\nstatus: {podIP: 10.0.0.300}",
        "spec: {}\nstatus: {podIPs: [10.0.0.3]}",
    ],
)
def test_what_no_verdict_turns_on_is_reported_and_the_pod_stays(rest: str) -> None:
    cluster = cluster_of(f"{POD}{rest}\n")
    assert len(cluster.pods) == 1
    assert cluster.problems
    assert not cluster.partial
    assert (cluster.pods[0].addresses, cluster.pods[0].node) == ((), None)


def test_pods_with_one_address_are_reported() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {hostNetwork: %s}\nstatus: {podIP: 10.0.0.1}\n"
    cluster = cluster_of("---\n".join([pod % ("a", "false"), pod % ("b", "false"), pod % ("c", "true")]))
    [problem] = cluster.problems
    assert problem.code == "address-shared"
    assert "default/a" in problem.message
    assert "default/b" in problem.message


def test_a_pod_without_a_name_is_reported() -> None:
    cluster = cluster_of("apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {}\n")
    assert blamed(cluster) == {"no-name": {"metadata"}}
    assert cluster.partial


def test_a_generated_name_is_its_stem() -> None:
    document = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: run-}\nspec: {}\n"
    assert [pod.name for pod in cluster_of(document).pods] == ["run-"]


def test_equal_labels_ports_and_workloads_are_one_object() -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels: {labels}\n"
        "  ownerReferences: [{{kind: ReplicaSet, name: web-5d, controller: true}}]\n"
        "spec: {{containers: [{{name: main, ports: [{{name: http, containerPort: 80{more}}}]}}]}}\n---\n"
    )
    text = (
        pod.format(name="a", labels="{app: web, tier: front}", more="")
        + pod.format(name="b", labels="{tier: front, app: web}", more=", protocol: TCP")
        # A wrong type elsewhere: this one is read the long way.
        + pod.format(name="c", labels="{app: web, tier: front}", more=", protocol: null")
    )
    first, *others = cluster_of(text.removesuffix("---\n")).pods
    for other in others:
        assert other.labels is first.labels
        assert other.ports is first.ports
        assert other.workload is first.workload
