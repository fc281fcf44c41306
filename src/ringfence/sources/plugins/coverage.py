"""On which nodes an agent runs: what its DaemonSet asks of a node, and what its own pods say.

Source: the DaemonSet controller (pkg/controller/daemon of k8s.io/kubernetes): a pod is made for every node that the
selector and the required affinity take and whose taints are tolerated; on a node whose labels no longer fit it is
removed, under a new taint of effect NoSchedule it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ringfence.sources.plugins.fields import mapping, mappings, text, texts
from ringfence.values import Draft, Value, field

OS_LABEL = "kubernetes.io/os"
_SET_BY_KUBELET = {OS_LABEL: "linux", "beta.kubernetes.io/os": "linux"}
"""Labels that every node has: where the input does not give them, the node is taken to be one of Linux."""
_UNKNOWN_TO_US = ("kubernetes.io/arch", "beta.kubernetes.io/arch", "kubernetes.io/hostname")
_TOLERATED_ANYWAY = "node.kubernetes.io/"
"""The DaemonSet controller tolerates these taints of its own accord (not ready, unreachable, pressure…)."""


class NodeSigns(Value):
    """What matters of one node. ``known``: its object was read, so its labels are all there are."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, Any], ...] = ()
    known: bool = True


class Running(Value):
    """A pod of an agent on a node. ``ready`` None: its status does not say."""

    name: str
    ready: bool | None


class AgentWorkload(Draft):
    """A DaemonSet of an agent, or what its pods say of it. ``pods``: its pods in the input, by node. ``missing``: how
    many of its pods are not ready, by its status."""

    title: str
    spec: Mapping[str, Any]
    missing: int = 0
    pods: dict[str, list[Running]] = field(default_factory=dict)


Verdict = tuple[bool | None, str]
"""Whether the agent covers a node, and why not."""


def covers(workloads: Iterable[AgentWorkload], node: NodeSigns) -> Verdict:
    """Whether any of the workloads runs on the node."""
    no_place = _never_there(node)
    if no_place:
        return False, no_place
    found = [_covers(workload, node) for workload in workloads]
    for verdict, why in found:
        if verdict is True:
            return True, why
    for verdict, why in found:
        if verdict is None:
            return None, why
    return found[0] if found else _on_windows(True, "", node)


def _never_there(node: NodeSigns) -> str:
    """Nodes that are no machines of the cluster's own: no DaemonSet runs there."""
    labels = node.labels
    if labels.get("eks.amazonaws.com/compute-type") == "fargate":
        return "it is a Fargate node, where no DaemonSet runs"
    if labels.get("type") == "virtual-kubelet" or labels.get("kubernetes.azure.com/cluster-type") == "virtual-node":
        return "it is a virtual node, where no DaemonSet runs"
    return ""


def _covers(workload: AgentWorkload, node: NodeSigns) -> Verdict:
    fits, why = _fits(workload, node)
    if workload.pods:
        there = workload.pods.get(node.name)
        if there is None:
            return (False, why) if fits is False else (None, f"no pod of {workload.title} is seen there")
        if all(one.ready is False for one in there):
            return None, f"its pod {there[0].name} is not ready"
        fits = True
    elif fits and workload.missing:
        return None, f"{workload.missing} of the pods of {workload.title} are not ready, and it is not known where"
    return _on_windows(fits, why, node)


def _on_windows(fits: bool | None, why: str, node: NodeSigns) -> Verdict:
    if fits and node.labels.get(OS_LABEL, node.labels.get("beta.kubernetes.io/os")) == "windows":
        return None, "it is a Windows node, and the profile was read for Linux"
    return fits, why


def _fits(workload: AgentWorkload, node: NodeSigns) -> Verdict:
    """Whether the DaemonSet makes a pod for the node; None: the input does not say."""
    verdict: bool | None = True
    reason = ""
    for key, value in selector_of(workload.spec).items():
        met = _meets(node, key, "In", [value])
        if met is False:
            return False, f"{workload.title} selects nodes with {key}={value}"
        if met is None:
            verdict, reason = None, f"{workload.title} selects nodes with {key}={value}"
    terms = terms_of(workload.spec)
    if terms:
        values = [_term(node, term) for term in terms]
        if not any(values):
            met = None if None in values else False
            if met is False:
                return False, f"the affinity of {workload.title} leaves it out"
            verdict, reason = None, f"{workload.title} has an affinity to some nodes"
    for taint in node.taints:
        if not _tolerated(taint, tolerations_of(workload.spec)):
            said = f"{workload.title} does not tolerate its taint {text(taint, 'key')}"
            if text(taint, "effect") == "NoExecute":
                return False, said
            if workload.pods:
                return False, said
            verdict, reason = None, said
    return verdict, reason


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def selector_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """The node selector of a pod."""
    return {key: value for key, value in mapping(spec, "nodeSelector").items() if isinstance(value, str)}


def terms_of(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The terms of a pod's required node affinity that speak of labels; those that the DaemonSet controller adds name
    one node."""
    required = mapping(mapping(mapping(spec, "affinity"), "nodeAffinity"), REQUIRED)
    return [
        {
            "matchExpressions": [
                {"key": text(one, "key"), "operator": text(one, "operator"), "values": texts(one, "values")}
                for one in mappings(term, "matchExpressions")
            ]
        }
        for term in mappings(required, "nodeSelectorTerms")
        if mappings(term, "matchExpressions")
    ]


def tolerations_of(spec: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tolerations of a pod."""
    return [{key: text(one, key) for key in _TOLERATION if text(one, key)} for one in mappings(spec, "tolerations")]


_TOLERATION = ("key", "operator", "value", "effect")


def _term(node: NodeSigns, term: Mapping[str, Any]) -> bool | None:
    values = [
        _meets(node, text(one, "key"), text(one, "operator"), texts(one, "values"))
        for one in mappings(term, "matchExpressions")
    ]
    return False if False in values else None if None in values else True


def _meets(node: NodeSigns, key: str, operator: str, values: list[Any]) -> bool | None:
    """One requirement on a label. Of a node without its object only what every node has is taken as given, and that it
    lacks what is asked to be absent."""
    value = node.labels.get(key, _SET_BY_KUBELET.get(key))
    if value is None and key in _UNKNOWN_TO_US:
        return None
    if operator in ("NotIn", "DoesNotExist"):
        return value is None if operator == "DoesNotExist" else value not in values
    if operator not in ("In", "Exists"):
        return None
    if value is None:
        return False if node.known else None
    return operator == "Exists" or value in values


def _tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, str]]) -> bool:
    key, effect = text(taint, "key"), text(taint, "effect")
    if effect == "PreferNoSchedule" or key.startswith(_TOLERATED_ANYWAY):
        return True
    for one in tolerations:
        exists = text(one, "operator") == "Exists"
        if text(one, "key") not in ("", key) or (not text(one, "key") and not exists):
            continue
        if text(one, "effect") in ("", effect) and (exists or text(one, "value") == text(taint, "value")):
            return True
    return False


def ready(pod: Mapping[str, Any]) -> bool | None:
    """Whether a pod is ready; None where its status does not say."""
    if text(mapping(pod, "status"), "phase") == "Pending":
        return False
    for condition in mappings(mapping(pod, "status"), "conditions"):
        if text(condition, "type") == "Ready":
            return text(condition, "status") == "True"
    return None


def missing_of(daemon_set: Mapping[str, Any]) -> int:
    """How many pods of a DaemonSet are not ready, as far as its status says."""
    status = mapping(daemon_set, "status")
    wanted, found = status.get("desiredNumberScheduled"), status.get("numberReady")
    return max(wanted - found, 0) if type(wanted) is int and type(found) is int else 0


def signs_of(name: str, node: Mapping[str, Any]) -> NodeSigns:
    """What a Node object says."""
    labels = {key: value for key, value in mapping(mapping(node, "metadata"), "labels").items() if type(value) is str}
    return NodeSigns(name, labels, tuple(mappings(mapping(node, "spec"), "taints")))
