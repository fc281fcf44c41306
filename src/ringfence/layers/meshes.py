"""Which meshes a cluster has: the only place of the layers that knows their names. Each is imported where it is."""

from __future__ import annotations

from ringfence.model.cluster import Cluster
from ringfence.model.mesh import Mesh


def shown(cluster: Cluster) -> bool:
    """Whether anything of the input belongs to a mesh that is modelled."""
    return cluster.istio is not None


def of(cluster: Cluster) -> Mesh | None:
    """The mesh of a cluster; None where no workload can be in one."""
    if cluster.istio is None:
        return None
    from ringfence.dialects.istio.mesh import IstioMesh

    return IstioMesh.of(cluster)
