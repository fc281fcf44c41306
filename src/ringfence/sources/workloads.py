"""Workloads: the pods that a controller makes from its template, for a cluster of which the pods were not read.

Labels that a controller writes over the template's are filled in where their value is known and open where it is not.
Sources: the deployment, daemon, statefulset and job controllers of k8s.io/kubernetes, and the well-known labels page of
the Kubernetes documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringfence.model.cluster import FinishedPod, HostPort, NamedPort, Pod, WorkloadRef
from ringfence.model.marks import NO_MARKS, Marks
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.labels import Selector
from ringfence.sources.field_checks import Fields, Findings
from ringfence.sources.marks import read_marks
from ringfence.sources.owners import HASH_LABEL, MIDDLE_KINDS, Owner, Owners, controller_of
from ringfence.sources.pods import DEFAULT_ACCOUNT, host_ports, named_ports, service_account
from ringfence.sources.selectors import label_selector
from ringfence.values import Draft, field, replace

MOST_ORDINALS = 256
"""StatefulSets up to this size are expanded into pods of their own, each with its pod-name label."""

_OPEN: Mapping[str, tuple[str, ...]] = {
    "Deployment": (HASH_LABEL,),
    "StatefulSet": ("controller-revision-hash",),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "ReplicaSet": (),
    "ReplicationController": (),
    "Job": ("batch.kubernetes.io/controller-uid", "controller-uid"),
    "CronJob": (
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
        "batch.kubernetes.io/job-name",
        "job-name",
    ),
}
"""Labels that the controller gives to its pods, whatever the template says, with values of its own making."""

WORKLOAD_KINDS = frozenset(_OPEN)

_POD_NAME, _POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
_COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"


class Workload(Draft):
    """One controller of the input. ``replicas`` as asked for (0 is kept); ``over``: a Job that has ended, and how."""

    kind: str
    namespace: str
    name: str
    owner: Owner | None
    selector: Selector | None
    labels: Mapping[str, str]
    open_labels: tuple[str, ...]
    ports: tuple[NamedPort, ...]
    node: str | None
    host_network: bool
    replicas: int
    first_ordinal: int
    place: Place
    over: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    """Labels of known value that the controller adds."""
    findings: Findings | None = None
    host_ports: tuple[HostPort, ...] = ()
    service_account: str = DEFAULT_ACCOUNT
    marks: Marks = NO_MARKS


def read_workload(manifest: Manifest, namespace: str, nodes: int, problems: list[Problem]) -> Workload | None:
    """What a controller object says; None when it could not be understood (reported, and the input is partial).

    ``nodes`` is how many Nodes the input has, for a DaemonSet.
    """
    kind = manifest.kind
    findings = Findings(manifest, problems)
    top = Fields(findings)
    metadata, spec, status = top.child("metadata"), top.child("spec", vital=True), top.child("status")
    job = spec.child("jobTemplate", vital=True).child("spec", vital=True) if kind == "CronJob" else spec
    if "template" not in job:
        job.invalid("template", "is required", "give the pods that it makes", vital=True)
    template = job.child("template", vital=True)
    inner = template.child("metadata", vital=True)
    labels, unclear = inner.labels("labels")
    pod = template.child("spec", vital=True)
    node, host_network, ports = pod.text("nodeName") or None, pod.flag("hostNetwork", vital=True), named_ports(pod)
    known, added = _added_labels(kind, metadata.text("name"), job)
    workload = Workload(
        kind,
        namespace,
        manifest.name,
        controller_of(metadata),
        _selector(kind, manifest, spec),
        labels,
        (*unclear, *(key for key in added if key not in unclear)),
        ports,
        node,
        host_network,
        _replicas(kind, job, status, nodes),
        0,
        manifest.place,
        known=known,
        findings=findings,
        host_ports=host_ports(pod),
        service_account=service_account(pod),
        marks=read_marks(inner, pod),
    )
    if kind == "StatefulSet":
        workload.first_ordinal = max(spec.child("ordinals").number("start", 0) or 0, 0)
    if kind == "Job":
        workload.over = _end_of_job(status)
    if not unclear:
        _check_selector(workload, manifest, spec, findings)
    return None if findings.lost else workload


def _added_labels(kind: str, name: str, job: Fields) -> tuple[dict[str, str], tuple[str, ...]]:
    """Labels that the controller adds: with their values, and those of unknown value.

    A Job without a name gets one from ``generateName``. With ``manualSelector`` it adds no labels of its own.
    """
    if kind not in ("Job", "CronJob"):
        return {}, _OPEN[kind]
    index = (_COMPLETION_INDEX,) if job.text("completionMode") == "Indexed" else ()
    if job.flag("manualSelector"):
        return {}, index
    if kind == "Job" and not name:
        return {}, (*_OPEN["CronJob"], *index)
    known = {"batch.kubernetes.io/job-name": name, "job-name": name} if kind == "Job" else {}
    return known, (*_OPEN[kind], *index)


def _replicas(kind: str, job: Fields, status: Fields, nodes: int) -> int:
    """How many pods it asks for. A DaemonSet whose reach is not known has two: more than one node is the usual case."""
    if kind == "DaemonSet":
        return status.number("desiredNumberScheduled") or nodes or 2
    asked = job.number("parallelism" if kind in ("Job", "CronJob") else "replicas", 1)
    return 1 if asked is None or asked < 0 else asked


def _selector(kind: str, manifest: Manifest, spec: Fields) -> Selector | None:
    if kind in ("Job", "CronJob") or "selector" not in spec:
        return None
    if kind == "ReplicationController":
        labels, unclear = spec.labels("selector", vital=False)
        return None if unclear else Selector.exactly(labels)
    return label_selector(spec.child("selector"))


def _end_of_job(status: Fields) -> str:
    for condition in status.children("conditions"):
        if condition.text("status") == "True":
            kind = condition.text("type")
            if kind in ("Complete", "SuccessCriteriaMet"):
                return "Succeeded"
            if kind in ("Failed", "FailureTarget"):
                return "Failed"
    return ""


def _check_selector(workload: Workload, manifest: Manifest, spec: Fields, findings: Findings) -> None:
    """The API server rejects a controller that would not find its own pods. Its template still says what was meant."""
    if workload.kind in ("Job", "CronJob"):
        return
    if "selector" not in spec:
        if manifest.api_version == "apps/v1":
            hint = "repeat the labels of the template under spec.selector.matchLabels"
            spec.invalid("selector", "is required; the API server rejects the object", hint)
    elif workload.selector is not None and not workload.selector.matches(workload.labels):
        path = ("spec", "template", "metadata", "labels")
        message = f"the template's labels do not match spec.selector ({workload.selector}); the API server rejects it"
        findings.report(path, "selector-mismatch", message, "give the template every label that the selector asks for")


class Presence(Draft):
    """Workloads of which pods were read: ``live`` ones stand for themselves; ``finished`` may end a Job."""

    live: set[WorkloadRef] = field(default_factory=set)
    finished: dict[WorkloadRef, str] = field(default_factory=dict)


def build_templates(
    workloads: Iterable[Workload], owners: Owners, presence: Presence
) -> tuple[list[Pod], list[FinishedPod]]:
    """Pods of the workloads of which no live pod was read.

    A ReplicaSet or Job speaks for its owner only when the owner itself is not in the input, and then only if it asks
    for pods: Deployments keep old ReplicaSets at zero.
    """
    workloads = list(workloads)
    own = {owners.reference(workload.kind, workload.namespace, workload.name) for workload in workloads}
    pods: list[Pod] = []
    finished: list[FinishedPod] = []
    for workload in workloads:
        this = owners.reference(workload.kind, workload.namespace, workload.name)
        owner = workload.owner if workload.kind in MIDDLE_KINDS else None
        top = owners.workload_of(owner, workload.namespace, workload.labels) or this
        if top in presence.live or (top != this and (top in own or not workload.replicas)):
            continue
        if workload.over or (workload.kind == "Job" and presence.finished.get(this) == "Succeeded"):
            if this not in presence.finished:
                finished.append(FinishedPod(workload.namespace, workload.name, workload.over, top, workload.place))
            continue
        pods.extend(_template_pods(workload, top))
    return pods, finished


def _template_pods(workload: Workload, top: WorkloadRef) -> list[Pod]:
    labels = {**workload.labels, **workload.known}
    for key in workload.open_labels:
        labels.pop(key, None)
    if not workload.replicas and workload.findings is not None:
        workload.findings.report(
            ("spec", "parallelism" if workload.kind == "Job" else "replicas"),
            "no-replicas",
            "asks for no pods; it is judged as if it had one",
            severity=Severity.NOTICE,
        )
    pod = Pod(
        workload.namespace,
        workload.name,
        labels,
        top,
        workload.open_labels,
        workload.ports,
        (),
        workload.node,
        workload.host_network,
        True,
        max(workload.replicas, 1),
        workload.place,
        workload.host_ports,
        workload.service_account,
        workload.marks,
    )
    if workload.kind != "StatefulSet":
        return [pod]
    if workload.replicas > MOST_ORDINALS:
        for key in (_POD_NAME, _POD_INDEX):
            labels.pop(key, None)
        return [replace(pod, open_labels=(*pod.open_labels, _POD_NAME, _POD_INDEX))]
    first = workload.first_ordinal
    return [
        replace(
            pod,
            name=f"{workload.name}-{ordinal}",
            replicas=1,
            labels={**labels, _POD_NAME: f"{workload.name}-{ordinal}", _POD_INDEX: str(ordinal)},
        )
        for ordinal in range(first, first + pod.replicas)
    ]
