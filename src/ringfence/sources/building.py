"""From the objects of the input to a ``Cluster``: the one place where each kind is sent to its reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from ringfence.model.cluster import Cluster, Namespace, Node, Opaque, Pod, Ranges
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import Intervals, family
from ringfence.sources import namespaces, nodes
from ringfence.sources.collecting import collector_paused
from ringfence.sources.duplicates import distinct
from ringfence.sources.entries import EntryReader
from ringfence.sources.kinds import (
    Classification,
    Treatment,
    acts_after_all,
    classify,
    leaves_reach_alone,
    misplaced_changes_reach,
)
from ringfence.sources.meshes import MeshReader
from ringfence.sources.owners import Owners
from ringfence.sources.plain_pods import PlainPods
from ringfence.sources.plugins.detecting import PluginReader
from ringfence.sources.plugins.encryption import EncryptionReader
from ringfence.sources.pods import PodFacts, build_pods, read_pod, report_shared_addresses
from ringfence.sources.pods import distinct as distinct_pods
from ringfence.sources.ranges import (
    SETTINGS,
    Told,
    cluster_ranges,
    is_control_plane,
    read_flags,
    read_service_cidr,
    read_settings,
)
from ringfence.sources.services import (
    Endpoints,
    ServiceFacts,
    read_endpoints,
    read_service,
    read_slice,
    with_backends,
)
from ringfence.sources.workloads import WORKLOAD_KINDS, Presence, Workload, build_templates, read_workload
from ringfence.values import Draft, field, replace

PolicyReader = Callable[[Manifest], tuple[NetworkPolicyRules | None, list[Problem]]]


class Input(Protocol):
    """What was read: objects, and the pods of big dumps, already reduced to what matters."""

    @property
    def manifests(self) -> Sequence[Manifest]:
        """Objects in read order."""

    @property
    def dump_pods(self) -> Sequence[PodFacts]:
        """Pods of big dumps."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What went wrong while reading."""

    @property
    def objects(self) -> int:
        """How many Kubernetes objects were read."""


class _Parts(Draft):
    """What the objects say, before it is put together."""

    problems: list[Problem]
    told: Told = field(default_factory=Told)
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    nodes: dict[str, Node] = field(default_factory=dict)
    pods: list[PodFacts] = field(default_factory=list)
    plain_pods: PlainPods = field(default_factory=PlainPods)
    controllers: list[tuple[Manifest, str]] = field(default_factory=list)
    services: list[ServiceFacts] = field(default_factory=list)
    slices: Endpoints = field(default_factory=Endpoints)
    endpoints: Endpoints = field(default_factory=Endpoints)
    entries: EntryReader = field(default_factory=EntryReader)
    plugins: PluginReader = field(default_factory=PluginReader)
    encryption: EncryptionReader = field(default_factory=EncryptionReader)
    policies: list[NetworkPolicyRules] = field(default_factory=list)
    policy_manifests: list[Manifest] = field(default_factory=list)
    opaque: list[Opaque] = field(default_factory=list)
    meshes: MeshReader = field(default_factory=MeshReader)
    mesh: list[Opaque] = field(default_factory=list)
    accounts: set[tuple[str, str]] = field(default_factory=set)
    unmodelled: Counter[str] = field(default_factory=Counter)


def build(
    reading: Input,
    *,
    pod_ranges: Intervals = (),
    service_ranges: Intervals = (),
    node_ranges: Intervals = (),
    assume_no_labels: bool = False,
) -> Cluster:
    """The cluster that the input describes. Ranges that the user gives count instead of those that the input tells.

    ``assume_no_labels``: a namespace without its object has no label but its name.
    """
    with collector_paused():
        parts = _Parts(list(reading.problems))
        for manifest in distinct(reading.manifests, parts.problems):
            _take(manifest, parts)
        _report_opaque(parts)
        _report_denying(parts)
        return _assemble(reading, parts, Ranges(pod_ranges, service_ranges, node_ranges), assume_no_labels)


def _take(manifest: Manifest, parts: _Parts) -> None:
    """Sends one object to its reader."""
    classification = classify(manifest.api_version, manifest.kind)
    treatment = classification.treatment
    if classification.namespaced and not manifest.namespace:
        manifest = replace(manifest, namespace="default")
    elif classification.namespaced is False and manifest.namespace:
        manifest = replace(manifest, namespace=None)
    if manifest.namespace:
        parts.named.add(manifest.namespace)
    parts.plugins.take(manifest)
    parts.encryption.take(manifest)
    told = treatment is not Treatment.MESH and parts.meshes.notice(manifest, parts.problems)
    if treatment is Treatment.READ:
        _take_read(manifest, classification, parts)
    elif treatment is Treatment.ENTRY:
        parts.entries.take(manifest, parts.problems)
    elif treatment is Treatment.POLICY:
        _take_policy(manifest, parts)
    elif treatment is Treatment.OPAQUE and not leaves_reach_alone(manifest):
        parts.opaque.append(_opaque(manifest))
    elif treatment is Treatment.MESH:
        if not parts.meshes.take(manifest, parts.problems):
            parts.mesh.append(_opaque(manifest))
    elif treatment is Treatment.MISPLACED:
        _take_misplaced(manifest, classification, parts)
    elif acts_after_all(manifest):
        parts.opaque.append(_opaque(manifest))
    else:
        if manifest.kind == "ConfigMap" and manifest.namespace == "kube-system" and manifest.name in SETTINGS:
            read_settings(manifest, parts.told)
        if manifest.kind == "ServiceAccount" and manifest.api_version == "v1" and manifest.name:
            parts.accounts.add((manifest.namespace or "default", manifest.name))
        if not told:
            parts.unmodelled[f"{manifest.api_version} {manifest.kind}"] += 1


def _opaque(manifest: Manifest) -> Opaque:
    return Opaque(manifest.api_version, manifest.kind, manifest.namespace, manifest.name, manifest.place)


def _take_read(manifest: Manifest, classification: Classification, parts: _Parts) -> None:
    if not manifest.name:
        manifest = replace(manifest, name=_generated_name(manifest))
        if not manifest.name:
            parts.problems.append(
                Problem(
                    manifest.positions.place(("metadata",)),
                    "no-name",
                    Severity.ERROR,
                    f"a {manifest.kind} without metadata.name; it is left out",
                    "give it a name",
                    partial=True,
                )
            )
            return
    if classification.proper:
        parts.problems.append(
            Problem(
                manifest.positions.place(("apiVersion",)),
                "removed-api",
                Severity.WARNING,
                f"{manifest.kind} {manifest.name}: API servers no longer serve {manifest.api_version}; it is read as"
                f" {classification.proper[0]}",
                f"write apiVersion: {classification.proper[0]}",
            )
        )
    namespace, problems, kind = manifest.namespace or "", parts.problems, manifest.kind
    if kind in WORKLOAD_KINDS:
        parts.controllers.append((manifest, namespace))
        if is_control_plane(namespace, manifest.name):
            read_flags(manifest, parts.told)
    elif kind == "Pod":
        facts = parts.plain_pods.read(manifest, namespace) or read_pod(manifest, namespace, problems)
        if facts:
            parts.pods.append(facts)
        if is_control_plane(namespace, manifest.name):
            read_flags(manifest, parts.told)
    elif kind == "Namespace":
        parts.namespaces[manifest.name] = namespaces.read_namespace(manifest, problems)
    elif kind == "Node":
        parts.nodes[manifest.name] = nodes.read_node(manifest, problems)
    elif kind == "Service":
        service = read_service(manifest, namespace, problems)
        parts.services += [service] if service else []
    elif kind == "EndpointSlice":
        read_slice(manifest, namespace, parts.slices, problems)
    elif kind == "Endpoints":
        read_endpoints(manifest, namespace, parts.endpoints, problems)
    else:
        read_service_cidr(manifest, parts.told, problems)


def _generated_name(manifest: Manifest) -> str:
    """The stem of the name that the API server will make from ``generateName``."""
    metadata = manifest.data.get("metadata")
    stem = metadata.get("generateName") if isinstance(metadata, Mapping) else None
    return stem if isinstance(stem, str) else ""


def _take_policy(manifest: Manifest, parts: _Parts) -> None:
    reader = _policy_readers().get((manifest.api_version, manifest.kind))
    parts.policy_manifests.append(manifest)
    if reader is None:
        parts.opaque.append(_opaque(manifest))
        return
    rules, problems = reader(manifest)
    parts.problems += problems
    parts.policies += [rules] if rules else []


def _policy_readers() -> Mapping[tuple[str, str], PolicyReader]:
    from ringfence import dialects

    readers: Mapping[tuple[str, str], PolicyReader] = getattr(dialects, "READERS", {})
    return readers


def _take_misplaced(manifest: Manifest, classification: Classification, parts: _Parts) -> None:
    """An object that no API server would take in this version, or of a kind that is misspelt."""
    hint = "compare with `kubectl api-resources`"
    if classification.proper:
        api_version, kind = classification.proper
        hint = f"did you mean apiVersion: {api_version}, kind: {kind}?"
    acts = misplaced_changes_reach(manifest.api_version, manifest.kind)
    if acts:
        parts.opaque.append(_opaque(manifest))
    name = f"{manifest.namespace}/{manifest.name}" if manifest.namespace else manifest.name
    parts.problems.append(
        Problem(
            manifest.positions.place(("kind",)),
            "unknown-kind",
            Severity.ERROR,
            f"{manifest.kind} {name}: there is no such kind in {manifest.api_version}; "
            + ("what it could touch is unknown" if acts else "it is left out"),
            hint,
            partial=not acts,
        )
    )


def _report_opaque(parts: _Parts) -> None:
    """One problem a kind; the objects themselves are in ``Cluster.opaque``."""
    by_kind: dict[tuple[str, str], list[Opaque]] = {}
    for opaque in parts.opaque:
        if classify(opaque.api_version, opaque.kind).treatment is not Treatment.MISPLACED:
            by_kind.setdefault((opaque.api_version, opaque.kind), []).append(opaque)
    for (api_version, kind), members in by_kind.items():
        spaces = sorted({opaque.namespace for opaque in members if opaque.namespace})
        whole = any(opaque.namespace is None for opaque in members)
        where = (
            "all flows"
            if whole
            else f"flows with an end in {', '.join(spaces[:5])}"
            + (f" and {len(spaces) - 5} more namespaces" if len(spaces) > 5 else "")
        )
        parts.problems.append(
            Problem(
                members[0].place,
                "not-modelled",
                Severity.ERROR,
                f"{len(members)} object{'s' if len(members) > 1 else ''} of {api_version} {kind} can change reach and"
                f" cannot be judged yet: the verdicts of {where} are unknown",
            )
        )


def _report_denying(parts: _Parts) -> None:
    """A plugin that denies what no policy selects turns every verdict: it is opaque as a policy of another kind is."""
    manifest = parts.plugins.denying()
    if manifest is None:
        return
    parts.opaque.append(replace(_opaque(manifest), namespace=None))
    parts.problems.append(
        Problem(
            manifest.place,
            "not-modelled",
            Severity.ERROR,
            f"ConfigMap {manifest.namespace}/{manifest.name} may set enable-policy to always, which denies what no"
            " policy allows, also where no policy selects: the verdicts of all flows are unknown",
            "set enable-policy to default, or leave the ConfigMap out",
        )
    )


def _assemble(reading: Input, parts: _Parts, given: Ranges, assume_no_labels: bool) -> Cluster:
    problems = parts.problems
    facts = distinct_pods([*parts.pods, *reading.dump_pods], problems)
    workloads = _workloads(parts)
    owners = _owners(workloads)
    all_nodes = nodes.with_named(parts.nodes, facts, [one.node for one in workloads if one.node])
    pods, finished = build_pods(facts, owners, all_nodes)
    report_shared_addresses(pods, problems)
    presence = Presence({pod.workload for pod in pods}, {pod.workload: pod.phase for pod in finished})
    templates, ended = build_templates(workloads, owners, presence)
    predicted = parts.meshes.predicted_pods([*pods, *templates])
    templates += predicted
    if templates or ended:
        pods = sorted([*pods, *templates], key=lambda pod: (pod.namespace, pod.name))
        finished = sorted([*finished, *ended], key=lambda pod: (pod.namespace, pod.name))
    inside = [number for one in parts.services for number in one.cluster_addresses]
    services = with_backends((one.service for one in parts.services), parts.slices, parts.endpoints, problems)
    services += parts.meshes.predicted_services(predicted, services)
    ranges = cluster_ranges(given, parts.told, all_nodes, pods, inside, problems)
    named = parts.named.union(pod.namespace for pod in pods).union(pod.namespace for pod in finished)
    machines = parts.meshes.machines(problems)
    spaces = namespaces.with_named(parts.namespaces, named, assume_no_labels=assume_no_labels)
    return Cluster(
        namespaces=spaces,
        pods=tuple(pods),
        finished=tuple(finished),
        nodes=all_nodes,
        services=tuple(sorted(services, key=lambda service: (service.namespace, service.name))),
        policies=tuple(parts.policies),
        entries=parts.meshes.with_entrances(parts.entries.entries()),
        opaque=tuple(parts.opaque),
        mesh=tuple(parts.mesh),
        unmodelled=dict(sorted(parts.unmodelled.items())),
        ranges=ranges,
        families=_families(pods, all_nodes, inside, parts.services, ranges),
        problems=tuple(problems),
        manifests=tuple(parts.policy_manifests),
        objects=reading.objects,
        accounts=frozenset(parts.accounts),
        machines=machines,
        istio=parts.meshes.objects(pods, spaces.values()),
        plugin=parts.plugins.detected(all_nodes),
        encryption=parts.encryption.declared(),
    )


def _workloads(parts: _Parts) -> list[Workload]:
    found = (
        read_workload(manifest, namespace, len(parts.nodes), parts.problems)
        for manifest, namespace in parts.controllers
    )
    return [workload for workload in found if workload]


def _owners(workloads: Iterable[Workload]) -> Owners:
    owners = Owners()
    for workload in workloads:
        owners.add(workload.kind, workload.namespace, workload.name, workload.owner)
        if workload.kind == "Deployment":
            owners.add_deployment(workload.namespace, workload.name, workload.selector)
    return owners


def _families(
    pods: Iterable[Pod],
    all_nodes: Mapping[str, Node],
    inside: Iterable[int],
    services: Iterable[ServiceFacts],
    ranges: Ranges,
) -> frozenset[int]:
    """The address families that the cluster is seen to use, or was said to."""
    found = {family(number) for pod in pods for number in pod.addresses}
    found.update(family(number) for node in all_nodes.values() for number in node.addresses)
    found.update(family(number) for number in inside)
    found.update(*(service.families for service in services))
    for intervals in (ranges.pods, ranges.services, ranges.nodes, *(node.pod_ranges for node in all_nodes.values())):
        found.update(family(first) for first, _ in intervals)
    return frozenset(found)
