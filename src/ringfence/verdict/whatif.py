"""What-ifs that need no new classes: other policies, other labels of pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringfence.dialects import READERS
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.enforcement import in_force
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.layers.network.universe import pod_end
from ringfence.model.cluster import NAME_LABEL, Cluster, Pod
from ringfence.model.later import Later, Patched
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.provenance import Manifest
from ringfence.model.text import printable
from ringfence.values import Value, replace
from ringfence.verdict.ends import LABEL, EndError


class Moved(Value):
    """Pods that a what-if took out of their classes, by index, each with an end of its own."""

    ends: Mapping[int, EndClass]

    @staticmethod
    def of(relation: Relation, cluster: Cluster, before: Moved | None, pods: Iterable[int]) -> Moved:
        """The pods that moved before, and these."""
        universe = relation.universe
        ends = dict(before.ends) if before else {}
        alike: dict[int, EndClass] = {}
        for index in pods:
            pod = cluster.pods[index]
            space = universe.node_space if pod.host_network else universe.pod_space
            number = universe.class_of_pod[index]
            end = alike.get(number)
            if end is None or end.labels != pod.labels or end.addresses != pod.addresses:
                end = alike[number] = pod_end(pod, pod.labels, space, universe.coverage)
            ends[index] = end
        return Moved(ends)


def must_be_labels(labels: Mapping[str, str | None]) -> None:
    """Raises EndError for what is no label, or no value of one."""
    for key, value in labels.items():
        if not LABEL.match(key) or not (value is None or isinstance(value, str)):
            raise EndError(f"{printable(f'{key}={value}')!r} is no label", "give texts; None removes a label")


def relabelled(
    cluster: Cluster,
    labels: Mapping[str, str | None],
    namespace: str | None = None,
    pods: Sequence[int] = (),
) -> Cluster:
    """The cluster with labels of a namespace or of pods set (None removes one)."""
    if namespace is not None:
        old = cluster.namespaces[namespace]
        changed = {**apply(old.labels, labels), NAME_LABEL: namespace}
        namespaces = {**cluster.namespaces, namespace: replace(old, labels=changed)}
        return replace(cluster, namespaces=namespaces)
    moved: dict[int, Pod] = {}
    for index in pods:
        pod = cluster.pods[index]
        moved[index] = replace(
            pod,
            labels=apply(pod.labels, labels),
            open_labels=tuple(key for key in pod.open_labels if key not in labels),
        )
    return replace(cluster, pods=Patched(cluster.pods, moved))


def apply(labels: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Labels after changes."""
    result = dict(labels)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def policy_change(
    relation: Relation, cluster: Cluster, given: Any, adding: Sequence[Manifest], removing: Sequence[Any]
) -> tuple[Relation, Cluster, Any] | None:
    """A change of policies only, as a relation that shares the rest; None where more than policies changes."""
    readers = [READERS.get((manifest.api_version, manifest.kind)) for manifest in adding]
    if None in readers:
        return None
    added: list[NetworkPolicyRules] = []
    problems = list(cluster.problems)
    for reader, manifest in zip(readers, adding, strict=True):
        assert reader is not None
        policy, found = reader(manifest)
        problems.extend(found)
        if policy is None or (policy.namespace is not None and policy.namespace not in cluster.namespaces):
            return None
        added.append(policy)
    gone = [index for policy in added if (index := relation.index_of(policy.kind, policy.full_name)) is not None]
    for removal in removing:
        index = None if cluster.opaque else _policy_index(relation, removal)
        if index is None:
            return None
        gone.append(index)
    added = list(in_force(added, relation.profile))
    dropped = set(gone)

    def policies() -> tuple[NetworkPolicyRules, ...]:
        if not dropped:
            return (*cluster.policies, *added)
        return (*(one.policy for one in relation.active() if one.index not in dropped), *added)

    after = replace(cluster, policies=Later(policies), problems=tuple(problems))
    changed = relation.change(gone, added, after)
    if not isinstance(changed, ChangedRelation):
        changed = relation.afresh(after)
    return changed, after, given.later(adding, removing)


def _policy_index(relation: Relation, removal: Any) -> int | None:
    """The policy that a removal means; None where it means something else (or nothing)."""
    full_name = f"{removal.namespace}/{removal.name}" if removal.namespace else removal.name
    for _, kind in READERS:
        if removal.kind in ("", kind.lower()):
            index = relation.index_of(kind, full_name)
            if index is not None:
                return index
    return None
