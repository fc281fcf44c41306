from __future__ import annotations

from typing import Any

import pytest

from ringfence.model.cluster import NamedPort
from ringfence.model.problems import Severity
from ringfence.sources.building import build
from tests.sources.manifests import Given, blamed, cluster_of, manifests_of, pods_of

WORKLOAD = """
apiVersion: %s
kind: %s
metadata: {name: web, namespace: shop}
spec:
  %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{ports: [{name: http, containerPort: 80}]}]}
"""
JOB_UIDS = ("batch.kubernetes.io/controller-uid", "controller-uid")
JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")


@pytest.mark.parametrize(
    ("api_version", "kind", "replicas", "open_labels"),
    [
        ("apps/v1", "Deployment", 3, ("pod-template-hash",)),
        ("apps/v1", "ReplicaSet", 3, ()),
        ("apps/v1", "DaemonSet", 2, ("controller-revision-hash", "pod-template-generation")),
    ],
)
def test_a_template_stands_for_pods_that_were_not_read(
    api_version: str, kind: str, replicas: int, open_labels: tuple[str, ...]
) -> None:
    [pod] = cluster_of(WORKLOAD % (api_version, kind, "replicas: 3")).pods
    assert (pod.namespace, pod.name, str(pod.workload)) == ("shop", "web", f"shop/web[{kind}]")
    assert (pod.template, pod.replicas, pod.open_labels) == (True, replicas, open_labels)
    assert pod.labels == {"app": "web"}
    assert pod.ports == (NamedPort("http", "TCP", 80),)
    assert pod.addresses == ()


def test_a_replication_controller_has_a_plain_selector() -> None:
    text = (WORKLOAD % ("v1", "ReplicationController", "replicas: 2")).replace(
        "{matchLabels: {app: web}}", "{app: web}"
    )
    cluster = cluster_of(text)
    assert [(pod.replicas, pod.open_labels) for pod in cluster.pods] == [(2, ())]
    assert not cluster.problems


def test_a_stateful_set_has_a_pod_for_each_ordinal() -> None:
    cluster = cluster_of(WORKLOAD % ("apps/v1", "StatefulSet", "replicas: 2\n  ordinals: {start: 5}"))
    pods = pods_of(cluster)
    assert list(pods) == ["shop/web-5", "shop/web-6"]
    assert pods["shop/web-6"].labels == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "web-6",
        "apps.kubernetes.io/pod-index": "6",
    }
    assert {(pod.template, pod.replicas, str(pod.workload)) for pod in pods.values()} == {
        (True, 1, "shop/web[StatefulSet]")
    }
    assert pods["shop/web-5"].open_labels == ("controller-revision-hash",)


def test_a_huge_stateful_set_stays_one_template() -> None:
    [pod] = cluster_of(WORKLOAD % ("apps/v1", "StatefulSet", "replicas: 257")).pods
    assert (pod.name, pod.replicas) == ("web", 257)
    assert set(pod.open_labels) == {
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    }


def test_a_controller_writes_its_labels_over_those_of_the_template() -> None:
    text = (WORKLOAD % ("apps/v1", "Deployment", "replicas: 1")).replace(
        "{labels: {app: web}}", "{labels: {app: web, pod-template-hash: mine}}"
    )
    [pod] = cluster_of(text).pods
    assert pod.labels == {"app": "web"}
    assert pod.open_labels == ("pod-template-hash",)


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {%s, namespace: shop}
spec:
  parallelism: 4
  %s
  template: {metadata: {labels: {app: import}}, spec: {}}
status: {%s}
"""


def test_a_job_gives_its_name_to_its_pods() -> None:
    [pod] = cluster_of(JOB % ("name: import", "completionMode: Indexed", "")).pods
    assert pod.labels == {"app": "import", "job-name": "import", "batch.kubernetes.io/job-name": "import"}
    assert pod.open_labels == (*JOB_UIDS, "batch.kubernetes.io/job-completion-index")
    assert pod.replicas == 4


def test_the_name_of_a_generated_job_is_open() -> None:
    [pod] = cluster_of(JOB % ("generateName: import-", "completions: 1", "")).pods
    assert set(pod.open_labels) == {*JOB_UIDS, *JOB_NAMES}
    assert pod.labels == {"app": "import"}


def test_a_job_with_its_own_selector_adds_nothing() -> None:
    [pod] = cluster_of(JOB % ("name: import", "manualSelector: true", "")).pods
    assert (pod.labels, pod.open_labels) == ({"app": "import"}, ())


@pytest.mark.parametrize(("condition", "phase"), [("Complete", "Succeeded"), ("Failed", "Failed")])
def test_a_job_that_has_ended_is_no_peer(condition: str, phase: str) -> None:
    cluster = cluster_of(
        JOB % ("name: import", "completions: 1", f"conditions: [{{type: {condition}, status: 'True'}}]")
    )
    assert not cluster.pods
    assert [(pod.name, pod.phase, str(pod.workload)) for pod in cluster.finished] == [
        ("import", phase, "shop/import[Job]")
    ]


CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  jobTemplate:
    spec: {template: {metadata: {labels: {app: nightly}}, spec: {}}}
"""
ITS_JOB = """---
apiVersion: batch/v1
kind: Job
metadata:
  name: nightly-1
  namespace: shop
  ownerReferences: [{kind: CronJob, name: nightly, controller: true}]
spec: {template: {metadata: {labels: {app: nightly}}, spec: {}}}
"""
ITS_POD = """---
apiVersion: v1
kind: Pod
metadata:
  name: nightly-1-x
  namespace: shop
  labels: {app: nightly}
  ownerReferences: [{kind: Job, name: nightly-1, controller: true}]
spec: {}
status: {phase: %s}
"""


def test_a_cron_job_stands_for_its_jobs() -> None:
    [pod] = cluster_of(CRON_JOB + ITS_JOB).pods
    assert (pod.name, str(pod.workload)) == ("nightly", "shop/nightly[CronJob]")
    assert set(pod.open_labels) == {*JOB_UIDS, *JOB_NAMES}


def test_a_cron_job_with_a_running_pod_is_that_pod() -> None:
    cluster = cluster_of(CRON_JOB + ITS_JOB + ITS_POD % "Running")
    assert [(pod.name, str(pod.workload)) for pod in cluster.pods] == [("nightly-1-x", "shop/nightly[CronJob]")]


def test_a_cron_job_runs_again_after_its_last_pod_has_ended() -> None:
    cluster = cluster_of(CRON_JOB + ITS_JOB + ITS_POD % "Succeeded")
    assert [pod.name for pod in cluster.pods] == ["nightly"]
    assert [pod.name for pod in cluster.finished] == ["nightly-1-x"]


REPLICA_SET = """---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-%s
  namespace: shop
  ownerReferences: [{kind: Deployment, name: web, controller: true}]
spec:
  replicas: %s
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, version: v%s}}, spec: {}}
"""


def test_replica_sets_speak_for_an_owner_that_was_not_read_unless_they_are_scaled_to_zero() -> None:
    cluster = cluster_of(REPLICA_SET % ("a", 2, 1) + REPLICA_SET % ("b", 0, 2) + REPLICA_SET % ("c", 1, 3))
    assert [(pod.name, str(pod.workload), pod.labels["version"]) for pod in cluster.pods] == [
        ("web-a", "shop/web[Deployment]", "v1"),
        ("web-c", "shop/web[Deployment]", "v3"),
    ]
    assert not cluster.problems


def test_replica_sets_are_silent_beside_their_owner() -> None:
    deployment = WORKLOAD % ("apps/v1", "Deployment", "replicas: 2")
    assert [pod.name for pod in cluster_of(deployment + REPLICA_SET % ("a", 2, 1)).pods] == ["web"]


def test_a_deployment_that_an_operator_owns_is_a_workload() -> None:
    text = (WORKLOAD % ("apps/v1", "Deployment", "replicas: 1")).replace(
        "namespace: shop}", "namespace: shop, ownerReferences: [{kind: Shop, name: s, controller: true}]}"
    )
    assert str(cluster_of(text).pods[0].workload) == "shop/web[Deployment]"


def test_no_replicas_is_judged_as_one_and_said() -> None:
    cluster = cluster_of(WORKLOAD % ("apps/v1", "Deployment", "replicas: 0"))
    assert [pod.replicas for pod in cluster.pods] == [1]
    assert [(problem.code, problem.severity) for problem in cluster.problems] == [("no-replicas", Severity.NOTICE)]


@pytest.mark.parametrize(
    ("selector", "field"),
    [
        ("{matchLabels: {app: other}}", "spec.template.metadata.labels"),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", "spec.template.metadata.labels"),
        ("", "spec.selector"),
        ("{matchExpressions: [{key: app, operator: Is}]}", "spec.selector.matchExpressions[0].operator"),
    ],
)
def test_a_selector_that_the_api_server_rejects_is_an_error_and_the_template_stays(selector: str, field: str) -> None:
    text = (WORKLOAD % ("apps/v1", "Deployment", "replicas: 1")).replace("{matchLabels: {app: web}}", selector)
    cluster = cluster_of(text)
    assert len(cluster.pods) == 1
    assert [(problem.severity, problem.place.file) for problem in cluster.problems] == [(Severity.ERROR, field)]


@pytest.mark.parametrize("api_version", ["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"])
def test_removed_versions_are_read_and_reported(api_version: str) -> None:
    cluster = cluster_of(
        (WORKLOAD % (api_version, "Deployment", "replicas: 1")).replace("{matchLabels: {app: web}}", "")
    )
    assert [str(pod.workload) for pod in cluster.pods] == ["shop/web[Deployment]"]
    assert blamed(cluster) == {"removed-api": {"apiVersion"}}


def test_a_workload_without_template_is_left_out() -> None:
    cluster = cluster_of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n")
    assert not cluster.pods
    assert cluster.partial
    assert "spec.template" in blamed(cluster)["invalid-value"]


def test_unclear_labels_of_a_template_are_open() -> None:
    text = (WORKLOAD % ("apps/v1", "Deployment", "replicas: 1")).replace(
        "{labels: {app: web}}", "{labels: {app: web, on-call: true}}"
    )
    cluster = cluster_of(text)
    assert cluster.pods[0].open_labels == ("on-call", "pod-template-hash")
    assert blamed(cluster) == {"wrong-type": {"spec.template.metadata.labels.on-call"}}


@pytest.mark.parametrize("number", ["9" * 5000, "1e300", "-5"])
def test_absurd_numbers_are_no_trouble(number: str) -> None:
    text = WORKLOAD % ("apps/v1", "StatefulSet", "replicas: 2\n  ordinals: {start: 1}")
    manifests = manifests_of(text)
    value: float = float(number) if "e" in number else 10**5000 if len(number) > 5 else int(number)
    data: Any = manifests[0].data
    data["spec"]["ordinals"]["start"] = data["spec"]["replicas"] = value
    assert len(build(Given(manifests)).pods) == 1
