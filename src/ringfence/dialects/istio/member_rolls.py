"""OpenShift Service Mesh 2: who is in the mesh there, and what its control plane sets, is not read.

Namespaces are members by a ServiceMeshMemberRoll or a ServiceMeshMember, and pods of them get a sidecar by the
annotation ``sidecar.istio.io/inject``; a ServiceMeshControlPlane says whether servers take nothing but mutual TLS. Of
pods that run it is seen. Of others, both is possible.

Source: the documentation of OpenShift Service Mesh 2 ("Adding services to a service mesh", "Enabling sidecar
injection", "Enabling mutual TLS").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ringfence.model.cluster import Opaque, Pod
from ringfence.model.mesh import Acceptance, Membership, Option, Proxy, Server
from ringfence.model.text import printable
from ringfence.values import replace

GROUP = "maistra.io/"
KINDS = ("ServiceMeshMemberRoll", "ServiceMeshMember", "ServiceMeshControlPlane")
RUNS = "the pods as they run"


def member_rolls(objects: Iterable[Opaque]) -> list[str]:
    """The names of what says who is in such a mesh, those first that say it."""
    found = [one for one in objects if one.api_version.startswith(GROUP) and one.kind in KINDS]
    found.sort(key=lambda one: (KINDS.index(one.kind), one.namespace or "", one.name))
    return [f"{one.kind} {printable(one.namespace or 'default')}/{printable(one.name)}" for one in found]


def by_rolls(
    pod: Pod,
    rolls: Sequence[str],
    options: Sequence[Option[Membership]],
    sidecar: Callable[[Pod, str, str, bool], Membership],
) -> Iterator[Option[Membership]]:
    """What a pod would be that does not run: in the mesh by what the input does not tell, or not."""
    fact = _fact(pod, rolls)
    yield Option(sidecar(pod, f"{rolls[0]} may have it injected", "", False), fact, RUNS)
    others = [one for one in options if one.value.proxy is not Proxy.SIDECAR]
    outside = Membership("istio", Proxy.NONE, why=f"{rolls[0]} may leave it out")
    for one in others or [Option(outside)]:
        yield Option(one.value, ", and ".join(filter(None, (f"not: {fact}", one.fact))), RUNS)


def as_set(rolls: Sequence[str], options: Sequence[Option[Server]]) -> tuple[Option[Server], ...]:
    """What the proxy of a pod that does not run takes, where a control plane may have set that it takes mutual TLS
    only."""
    if all(one.value.acceptance is Acceptance.STRICT for one in options):
        return tuple(options)
    fact = f"what {rolls[-1]} sets has servers take nothing but mutual TLS"
    found = [Option(one.value, ", and ".join(filter(None, (f"not: {fact}", one.fact))), RUNS) for one in options]
    strict = [
        Option(replace(one.value, acceptance=Acceptance.STRICT), ", and ".join(filter(None, (fact, one.fact))), RUNS)
        for one in options
    ]
    return (*found, *strict)


def _fact(pod: Pod, rolls: Sequence[str]) -> str:
    return f"{rolls[0]} has {pod.workload.kind} {pod.namespace}/{pod.workload.name} injected"


__all__ = ["as_set", "by_rolls", "member_rolls"]
