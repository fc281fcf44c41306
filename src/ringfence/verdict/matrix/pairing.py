"""Which end of one matrix is which end of another, as ``diff`` pairs their pods and as it calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ringfence.model.cluster import Cluster, Pod, WorkloadRef
from ringfence.values import Value
from ringfence.verdict.matrix.units import pod_kind
from ringfence.verdict.matrix.values import MatrixEnd
from ringfence.verdict.pairing import pair_pods

EndKey = tuple[str, str, str, str]
"""What an end is, in any matrix: its sort, namespace, name and kind."""


def key_of(end: MatrixEnd) -> EndKey:
    """The key of an end. The name of a workload that shares it with another holds the kind too: not here."""
    name = end.name.rpartition("/")[2] if end.sort == "pod" else end.name
    return (end.sort, end.namespace, name, end.kind)


class PairedEnd(Value):
    """Pods that ``diff`` gives one name. ``before`` or ``after`` None: that state lacks it."""

    name: str
    before: EndKey | None
    after: EndKey | None


class PairedEnds(Value):
    """``ends``: all that have pods. ``of_pod``: which of them a pod belongs to that ``diff`` names by itself."""

    ends: tuple[PairedEnd, ...]
    of_pod: dict[str, int]


def paired_ends(before: Cluster, after: Cluster, by_pod: bool = False) -> PairedEnds:
    """The ends of two clusters. Where pods of several workloads are paired with those of one (a rollout that was caught
    in the middle), the workload that has most of them stands for all."""
    pairing = pair_pods(before.pods, after.pods)
    found: dict[EndKey, tuple[Counter[EndKey], Counter[EndKey]]] = {}
    members: dict[str, EndKey] = {}
    keys: dict[int, EndKey] = {}

    def key(pod: Pod) -> EndKey:
        if by_pod:
            return ("pod", pod.namespace, pod.name, pod_kind(pod))
        known = keys.get(id(pod.workload))
        if known is None:
            known = keys[id(pod.workload)] = _of_workload(pod.workload)
        return known

    for pair in pairing.pairs:
        first = before.pods[pair[0]] if pair[0] >= 0 else None
        second = after.pods[pair[1]] if pair[1] >= 0 else None
        called = first if second is None or pair in pairing.extra else second
        assert called is not None
        own = key(called)
        counts = found.setdefault(own, (Counter(), Counter()))
        members[f"{called.namespace}/{called.name}"] = own
        for pod, count in zip((first, second), counts, strict=True):
            if pod is not None:
                count[key(pod)] += 1
    texts = _texts(found, by_pod)
    numbers = {own: number for number, own in enumerate(found)}
    ends = (PairedEnd(texts[own], _most(counts[0], own), _most(counts[1], own)) for own, counts in found.items())
    return PairedEnds(tuple(ends), {name: numbers[own] for name, own in members.items()})


def _of_workload(ref: WorkloadRef) -> EndKey:
    return ("pod", ref.namespace, ref.name, ref.kind)


def _texts(keys: Iterable[EndKey], by_pod: bool) -> dict[EndKey, str]:
    """With the kind where a namespace has two workloads of a name, in whichever state."""
    homonyms = Counter((namespace, name) for _, namespace, name, _ in keys)
    return {
        (sort, namespace, name, kind): f"{namespace}/{name}"
        if by_pod or homonyms[namespace, name] == 1
        else f"{namespace}/{kind.lower()}/{name}"
        for sort, namespace, name, kind in keys
    }


def _most(counts: Counter[EndKey], own: EndKey) -> EndKey | None:
    """The one with the most pods; of equals itself, else the first by name."""
    return min(counts, key=lambda one: (-counts[one], one != own, one), default=None)
