from __future__ import annotations

import gc

import pytest

from ringfence import dialects
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.addresses import canonical, cidr
from ringfence.sources.building import build
from tests.sources.manifests import Given, blamed, cluster_of, manifests_of

NAME_LABEL = "kubernetes.io/metadata.name"


def ranges(*texts: str) -> tuple[tuple[int, int], ...]:
    return canonical(cidr(text) for text in texts)


def test_a_namespace_that_is_only_named_has_open_labels() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {}\n"
    namespace = cluster_of(text).namespaces["shop"]
    assert (namespace.labels, namespace.open_labels, namespace.place) == ({NAME_LABEL: "shop"}, True, None)
    assert not cluster_of(text, assume_no_labels=True).namespaces["shop"].open_labels


def test_a_namespace_has_its_name_label() -> None:
    cluster = cluster_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n")
    namespace = cluster.namespaces["shop"]
    assert (namespace.labels, namespace.open_labels) == ({"team": "a", NAME_LABEL: "shop"}, False)


def test_a_wrong_name_label_is_set_right_and_reported() -> None:
    cluster = cluster_of(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{NAME_LABEL}: bank}}}}\n")
    assert cluster.namespaces["shop"].labels == {NAME_LABEL: "shop"}
    assert blamed(cluster) == {"name-label": {f"metadata.labels[{NAME_LABEL}]"}}


def test_a_namespace_with_broken_labels_is_open() -> None:
    cluster = cluster_of(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: 7}}\n", assume_no_labels=True
    )
    assert cluster.namespaces["shop"].open_labels
    assert blamed(cluster) == {"wrong-type": {"metadata.labels.team"}}


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {v: '%s'}}\nspec: {}\n---\n"


def test_equal_copies_count_once() -> None:
    cluster = cluster_of(POD % 1 + (POD % 1).removesuffix("---\n"))
    assert len(cluster.pods) == 1
    assert not cluster.problems


def test_of_different_copies_the_last_counts_and_both_places_are_named() -> None:
    cluster = cluster_of(POD % 1 + (POD % 2).removesuffix("---\n"))
    assert [pod.labels for pod in cluster.pods] == [{"v": "2"}]
    [problem] = cluster.problems
    assert (problem.code, problem.severity, problem.place) == ("given-twice", Severity.WARNING, Place("start", 1))
    assert "start:2" in problem.message


def test_a_namespace_that_is_left_out_is_default_for_copies_too() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a%s}\nspec: {selector: {a: b}}\n"
    cluster = cluster_of(service % "" + "---\n" + service % ", namespace: default")
    assert len(cluster.services) == 1


NODE = """
apiVersion: v1
kind: Node
metadata: {name: n%s}
spec: {podCIDRs: [%s]}
---
"""
PLACED = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop}
spec: {nodeName: %s}
status: {podIP: %s}
"""


def test_pod_ranges_come_from_all_nodes() -> None:
    text = NODE % (1, "10.0.1.0/24") + NODE % (2, "10.0.2.0/24") + PLACED % ("n1", "10.0.1.7")
    assert cluster_of(text).ranges.pods == ranges("10.0.1.0/24", "10.0.2.0/24")


def test_a_node_without_range_hides_where_pods_may_be() -> None:
    text = NODE % (1, "10.0.1.0/24") + PLACED % ("n2", "10.0.1.7")
    assert cluster_of(text).ranges.pods == ()


def test_ranges_that_an_address_belies_are_not_relied_on() -> None:
    cluster = cluster_of(NODE % (1, "10.0.1.0/24") + PLACED % ("n1", "172.16.0.1"))
    assert cluster.ranges.pods == ()
    assert [problem.code for problem in cluster.problems] == ["range-not-used"]
    assert "--pod-cidr" in cluster.problems[0].hint


def test_given_ranges_count_alone() -> None:
    text = NODE % (1, "10.0.1.0/24") + PLACED % ("n1", "10.0.1.7")
    cluster = cluster_of(
        text, pod_ranges=ranges("10.0.0.0/16"), service_ranges=ranges("10.96.0.0/12"), node_ranges=ranges("fd00::/64")
    )
    assert cluster.ranges.pods == ranges("10.0.0.0/16")
    assert cluster.ranges.services == ranges("10.96.0.0/12")
    assert cluster.ranges.nodes == ranges("fd00::/64")
    assert cluster.families == {4, 6}


@pytest.mark.parametrize(
    "text",
    [
        """
apiVersion: v1
kind: Pod
metadata: {name: kube-controller-manager-n1, namespace: kube-system}
spec:
  containers:
  - command: [kube-controller-manager, "--cluster-cidr=10.244.0.0/16,fd00:10::/56"]
    args: [--service-cluster-ip-range, 10.96.0.0/12]
""",
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    kind: ClusterConfiguration
    networking:
      podSubnet: "10.244.0.0/16,fd00:10::/56"
      serviceSubnet: 10.96.0.0/12
""",
    ],
)
def test_the_control_plane_tells_ranges(text: str) -> None:
    cluster = cluster_of(text)
    assert cluster.ranges.pods == ranges("10.244.0.0/16", "fd00:10::/56")
    assert cluster.ranges.services == ranges("10.96.0.0/12")


def test_service_ranges_come_from_service_cidrs() -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: [10.96.0.0/12]}
"""
    assert cluster_of(text).ranges.services == ranges("10.96.0.0/12")
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: 192.168.3.4, selector: {a: b}}\n"
    )
    assert cluster_of(text + service).ranges.services == ()


def test_without_any_address_no_family_is_known() -> None:
    assert cluster_of(POD.removesuffix("---\n") % 1).families == frozenset()


def test_a_node_with_broken_labels_is_open() -> None:
    cluster = cluster_of("apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {gpu: true}}\n")
    assert cluster.nodes["n1"].open_labels
    assert blamed(cluster) == {"wrong-type": {"metadata.labels.gpu"}}


def test_problems_of_reading_come_along() -> None:
    problem = Problem(Place("x.yaml", 3), "yaml-syntax", Severity.ERROR, "broken", partial=True)
    cluster = build(Given(manifests_of(POD.removesuffix("---\n") % 1), (), [problem]))
    assert cluster.problems == (problem,)
    assert cluster.partial
    assert cluster.objects == 1


def test_pods_are_in_order_of_namespace_and_name() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s}\nspec: {}\n"
    cluster = cluster_of("---\n".join(pod % pair for pair in (("b", "y"), ("z", "x"), ("a", "y"))))
    assert [(pod.namespace, pod.name) for pod in cluster.pods] == [("x", "z"), ("y", "a"), ("y", "b")]


def test_building_leaves_the_garbage_collector_as_it_was() -> None:
    cluster_of(POD.removesuffix("---\n") % 1)
    assert gc.isenabled()


POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny%s}
spec: {podSelector: {}}
"""


def test_policies_are_read_by_their_dialect_in_their_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    problem = Problem(Place("x"), "unknown-field", Severity.WARNING, "dropped")

    def read(manifest: Manifest) -> tuple[None, list[Problem]]:
        seen.append((manifest.namespace, manifest.name))
        return None, [problem]

    monkeypatch.setattr(dialects, "READERS", {("networking.k8s.io/v1", "NetworkPolicy"): read}, raising=False)
    cluster = cluster_of(POLICY % "" + "---" + POLICY % ", namespace: shop")
    assert seen == [("default", "deny"), ("shop", "deny")]
    assert cluster.problems == (problem, problem)
    assert [manifest.namespace for manifest in cluster.manifests] == ["default", "shop"]
    assert set(cluster.namespaces) == {"default", "shop"}
    assert not cluster.opaque


def test_a_policy_without_a_dialect_is_opaque(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "READERS", {}, raising=False)
    assert [one.namespace for one in cluster_of(POLICY % "").opaque] == ["default"]
