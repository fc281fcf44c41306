"""A stolen service account as the start of a blast radius: who it is, and what its thief may be.

The thief has a certificate of the account's identity (or the token, for which the mesh gives out one), and may be in
any pod of the cluster: the network takes him for that pod, and whoever asks for a proof gets the stolen one. He proves
to be nobody else, until he holds the pods that he reached: then also to be these. A sidecar and ztunnel both take who
comes from the certificate alone, not from the address (ztunnel ``src/proxy/inbound.rs``, Envoy's RBAC filter).
"""

from __future__ import annotations

from difflib import get_close_matches

from ringfence.model.cluster import Cluster, Pod, WorkloadRef
from ringfence.model.mesh import Identity, Mesh
from ringfence.model.text import printable
from ringfence.verdict.ends import KINDS, EndError

WORDS = ("serviceaccount", "serviceaccounts", "sa")
"""kubectl's words for the kind."""


def looks_like_account(text: str) -> bool:
    """Whether a text may name an identity rather than an end."""
    return "://" in text or any(word.lower() in WORDS for word in text.split("/")[:2]) or text.count("/") == 4


def stolen_account(text: str, namespace: str | None, cluster: Cluster, mesh: Mesh | None) -> Identity | None:
    """The identity that a text names, as ``NAMESPACE/serviceaccount/NAME``, ``serviceaccount/NAMESPACE/NAME`` or as it
    is written in certificates; None: it names no identity. Raises EndError for an account that there is not."""
    words = text.split("/")
    if "://" in text or (len(words) == 5 and words[1] == "ns" and words[3] == "sa"):
        _asked_of(mesh, text)
        return Identity(text if "://" in text else f"spiffe://{text}", "", "")
    kind = [word.lower() in WORDS for word in words]
    spaces = cluster.namespaces
    if len(words) == 3 and kind[1] and words[0].lower() not in KINDS:
        space, name = words[0], words[2]
    elif len(words) == 3 and kind[0] and words[0] not in spaces:
        space, name = words[1], words[2]
    elif len(words) == 2 and kind[0] and (namespace is not None or words[0] not in spaces):
        space, name = namespace or "default", words[1]
    else:
        return None
    asked = _asked_of(mesh, text)
    _must_exist(space, name, cluster)
    identity = asked.identity(Pod(space, "", {}, WorkloadRef("Pod", space, ""), template=True, service_account=name))
    if identity is None:
        raise EndError(f"{printable(text)} names no service account", "write NAMESPACE/serviceaccount/NAME")
    return identity


def _asked_of(mesh: Mesh | None, text: str) -> Mesh:
    if mesh is None:
        raise EndError(
            f"nothing asks for the identity {printable(text)}: the input shows no mesh",
            "start from a workload that runs as it",
        )
    return mesh


def _must_exist(space: str, name: str, cluster: Cluster) -> None:
    if space not in cluster.namespaces:
        close = get_close_matches(space, cluster.namespaces, n=1)
        hint = f"did you mean namespace {close[0]}?" if close else "write NAMESPACE/serviceaccount/NAME"
        raise EndError(f"nothing in the input is in a namespace {printable(space)!r}", printable(hint))
    known = {name for home, name in cluster.accounts if home == space} | {"default"}
    known |= {pod.service_account for pod in (*cluster.pods, *cluster.machines) if pod.namespace == space}
    if name in known:
        return
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {space}/serviceaccount/{close[0]}?" if close else ""
    raise EndError(
        f"nothing runs as {printable(f'{space}/{name}')}, and the input has no such ServiceAccount",
        printable(hint or "an identity that the input lacks is written as in certificates: spiffe://..."),
    )


__all__ = ["stolen_account"]
