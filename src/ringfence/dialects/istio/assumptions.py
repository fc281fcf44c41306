"""What stands for things of a mesh that the input does not tell, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.model.cluster import Opaque
from ringfence.model.text import printable


def assumptions(
    config: MeshConfig, beside: Sequence[Opaque], strange: tuple[str, Sequence[str]], told: bool
) -> Iterator[str]:
    """``beside``: objects that may hold a mesh config, for whoever makes one of them. ``strange``: the domain of the
    cluster, and hosts that look like those of Services in another one. ``told``: the input tells the release."""
    if not config.known:
        yield (
            "the input has no mesh config of Istio: its defaults are assumed"
            f" (trust domain {config.trust_domain}, root namespace {config.root_namespace},"
            " auto mTLS, PERMISSIVE, ALLOW_ANY)"
        )
        for one in beside[:1]:
            file = printable(one.place.file) if one.place.file else "its file"
            yield (
                f"{one.kind} {printable(one.name)} may hold a mesh config, which istiod is not shown to have: "
                f"--mesh-config {file} takes it for the mesh's"
            )
    domain, hosts = strange
    if hosts:
        yield (
            f"the domain of the cluster is {domain}, as far as the input tells: hosts such as"
            f" {printable(hosts[0])} name no Service"
        )
    if not told:
        yield "the input does not tell the release of Istio"


__all__ = ["assumptions"]
