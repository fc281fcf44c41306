"""What every report says beside its answer: which profile decided, whether the input was whole, what was noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ringfence.model.cluster import Cluster, Opaque
from ringfence.model.problems import Problem
from ringfence.model.provenance import Place
from ringfence.values import Value

Snippet = Callable[[Place], str | None]
"""Gives the line of the input that a place stands on, None where it cannot be shown."""


def no_snippet(place: Place) -> str | None:
    """For reports without the input at hand."""
    return None


class Context(Value):
    """``chosen_by`` says in words how the profile was chosen: a flag, a configuration file, or the default."""

    profile: str
    chosen_by: str
    partial: bool = False
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    snippet: Snippet = no_snippet


def _kinds(objects: Iterable[Opaque]) -> str:
    counts = Counter(f"{item.kind} ({item.api_version})" for item in objects)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def cluster_notices(cluster: Cluster) -> tuple[str, ...]:
    """What was read but does not speak in a network verdict, in sentences. What is opaque is a problem of the input."""
    return (*mesh_notices(cluster), *unmodelled_notices(cluster))


def mesh_notices(cluster: Cluster) -> tuple[str, ...]:
    """What could change the answer in a layer that verdicts do not speak of: every answer must say so."""
    left = [item for item in cluster.mesh if not _istio(item)]
    own = [item for item in cluster.mesh if _istio(item) and item.kind not in _WITHOUT_EFFECT]
    if cluster.istio is None:
        left, own = [*left, *own], []
    found = []
    if left:
        told = (
            "verdicts do not speak of them" if cluster.istio is not None else "verdicts speak of the network layer only"
        )
        found.append(f"service mesh objects were seen ({_kinds(left)}): {told}")
    if own:
        found.append(f"objects of Istio were seen that are not read ({_kinds(own)}): verdicts do not speak of them")
    return tuple(found)


_WITHOUT_EFFECT = ("Telemetry", "WorkloadGroup")
"""Kinds of Istio that change no verdict: what is counted and logged, and what workloads outside would be made of."""


ACCOUNT = "v1 ServiceAccount"


def _istio(item: Opaque) -> bool:
    return item.api_version.rpartition("/")[0].endswith("istio.io")


def unmodelled_notices(cluster: Cluster) -> tuple[str, ...]:
    """What cannot change any answer: worth a line in an overview of the input."""
    # Over a mesh, accounts are who workloads are.
    aside = {kind: count for kind, count in cluster.unmodelled.items() if not (cluster.istio and kind == ACCOUNT)}
    if not aside:
        return ()
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(aside.items()))
    return (f"read and left aside, as they cannot change reach: {kinds}",)
