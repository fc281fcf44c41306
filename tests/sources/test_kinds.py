from __future__ import annotations

import pytest

from ringfence.sources.kinds import Treatment, classify
from tests.sources.manifests import blamed, cluster_of


@pytest.mark.parametrize(
    ("api_version", "kind", "treatment", "namespaced"),
    [
        ("networking.k8s.io/v1", "NetworkPolicy", Treatment.POLICY, True),
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", Treatment.POLICY, False),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", Treatment.POLICY, False),
        ("policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy", Treatment.MISPLACED, False),
        ("policy.networking.k8s.io/v1alpha1", "ClusterNetworkPolicy", Treatment.MISPLACED, False),
        ("projectcalico.org/v3", "NetworkPolicy", Treatment.OPAQUE, True),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", Treatment.OPAQUE, False),
        ("projectcalico.org/v3", "StagedNetworkPolicy", Treatment.UNMODELLED, None),
        ("projectcalico.org/v3", "Tier", Treatment.UNMODELLED, None),
        ("projectcalico.org/v9", "SomethingNew", Treatment.OPAQUE, None),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", Treatment.OPAQUE, False),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", Treatment.OPAQUE, False),
        ("networking.k8s.aws/v1alpha1", "PolicyEndpoint", Treatment.UNMODELLED, None),
        ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", Treatment.OPAQUE, False),
        ("cilium.io/v2", "CiliumEndpoint", Treatment.UNMODELLED, None),
        ("cilium.io/v2", "CiliumEnvoyConfig", Treatment.MESH, None),
        ("k8s.ovn.org/v1", "EgressFirewall", Treatment.OPAQUE, True),
        ("security.istio.io/v1", "AuthorizationPolicy", Treatment.MESH, True),
        ("kuma.io/v1alpha1", "MeshTrafficPermission", Treatment.MESH, None),
        ("networking.k8s.io/v1", "Ingress", Treatment.ENTRY, True),
        ("serving.knative.dev/v1", "Service", Treatment.UNMODELLED, None),
        ("apps.kruise.io/v1alpha1", "StatefulSet", Treatment.UNMODELLED, None),
        ("extensions/v1beta1", "Deployment", Treatment.READ, True),
        ("extensions/v1beta1", "NetworkPolicy", Treatment.MISPLACED, True),
        ("networking.k8s.io/v1", "NetworkPolcy", Treatment.MISPLACED, True),
        ("v1", "Deployment", Treatment.MISPLACED, True),
        ("v1", "Secret", Treatment.UNMODELLED, None),
    ],
)
def test_a_kind_is_judged_with_its_group_and_version(
    api_version: str, kind: str, treatment: Treatment, namespaced: bool | None
) -> None:
    found = classify(api_version, kind)
    assert (found.treatment, found.namespaced) == (treatment, namespaced)


def test_opaque_objects_have_the_scope_of_their_kind() -> None:
    cluster = cluster_of("""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: here, namespace: shop}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: no-namespace}
---
apiVersion: crd.antrea.io/v1beta1
kind: ClusterNetworkPolicy
metadata: {name: everywhere, namespace: wrong}
""")
    assert [(one.name, one.namespace) for one in cluster.opaque] == [
        ("here", "shop"),
        ("no-namespace", "default"),
        ("everywhere", None),
    ]
    assert "not-modelled" in blamed(cluster)
    assert not cluster.partial
    assert set(cluster.namespaces) == {"shop", "default"}


def test_one_problem_names_all_objects_of_an_opaque_kind() -> None:
    document = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p%d, namespace: n%d}\n"
    cluster = cluster_of("---\n".join(document % (number, number) for number in range(7)))
    assert len(cluster.opaque) == 7
    [problem] = cluster.problems
    assert "7 objects" in problem.message
    assert "n0, n1, n2, n3, n4 and 2 more" in problem.message


def test_a_misspelt_policy_makes_its_namespace_unknown_and_names_the_right_kind() -> None:
    cluster = cluster_of("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolcy
metadata: {name: deny, namespace: shop}
""")
    assert [(one.kind, one.namespace) for one in cluster.opaque] == [("NetworkPolcy", "shop")]
    [problem] = cluster.problems
    assert (problem.code, problem.place.file) == ("unknown-kind", "kind")
    assert "kind: NetworkPolicy" in problem.hint


@pytest.mark.parametrize("api_version", ["extensions/v1beta1", "networking.k8s.io/v1beta1", "v1"])
def test_a_policy_in_a_version_that_no_server_has_makes_its_namespace_unknown(api_version: str) -> None:
    cluster = cluster_of(f"apiVersion: {api_version}\nkind: NetworkPolicy\nmetadata: {{name: deny}}\n")
    assert [one.namespace for one in cluster.opaque] == ["default"]
    assert "networking.k8s.io/v1" in cluster.problems[0].hint
    assert not cluster.policies


def test_a_cluster_policy_of_an_unknown_version_makes_everything_unknown() -> None:
    cluster = cluster_of(
        "apiVersion: policy.networking.k8s.io/v1\nkind: ClusterNetworkPolicy\nmetadata: {name: deny}\n"
    )
    assert [one.namespace for one in cluster.opaque] == [None]


def test_a_workload_in_the_wrong_group_is_left_out_and_makes_the_input_partial() -> None:
    cluster = cluster_of("apiVersion: v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n")
    assert cluster.partial
    assert not cluster.pods
    assert not cluster.opaque


def test_everything_else_is_counted_and_changes_nothing() -> None:
    cluster = cluster_of("""
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
---
apiVersion: kuma.io/v1alpha1
kind: MeshTrafficPermission
metadata: {name: v, namespace: shop}
""")
    assert cluster.unmodelled == {"v1 ConfigMap": 2}
    assert [one.kind for one in cluster.mesh] == ["MeshTrafficPermission"]
    assert not cluster.problems


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "opaque"),
    [
        ("kubeovn.io/v1", "Subnet", "{cidrBlock: 10.0.0.0/16}", False),
        ("kubeovn.io/v1", "Subnet", "{cidrBlock: 10.0.0.0/16, private: true}", True),
        ("security.kubearmor.com/v1", "KubeArmorPolicy", "{process: {}}", False),
        ("security.kubearmor.com/v1", "KubeArmorPolicy", "{network: {matchProtocols: []}}", True),
        ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", """{config: '{"type": "macvlan"}'}""", False),
        ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", """{config: '{"role": "primary"}'}""", True),
    ],
)
def test_some_kinds_change_reach_only_by_what_they_say(api_version: str, kind: str, spec: str, opaque: bool) -> None:
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x, namespace: n}}\nspec: {spec}\n"
    assert bool(cluster_of(text).opaque) is opaque
