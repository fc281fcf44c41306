"""Reads a cluster and makes a world of it.

world = ringfence.load("manifests/", cni="generic")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any

from ringfence.layers.profiles import Profile
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sources.changes import Given
from ringfence.sources.renderable import Helm, Kustomize
from ringfence.values import replace
from ringfence.world import World, world_of

__all__ = ["load", "load_objects"]


def _ranges(texts: str | Iterable[str]) -> Intervals:
    if isinstance(texts, str):
        texts = [texts]
    return ip.canonical(ip.cidr(part.strip()) for text in texts for part in text.split(",") if part.strip())


def load(
    *paths: str | PathLike[str] | Kustomize | Helm,
    cni: str | Profile | None = None,
    assume_no_labels: bool = False,
    pod_cidrs: str | Iterable[str] = (),
    service_cidrs: str | Iterable[str] = (),
    node_cidrs: str | Iterable[str] = (),
    chosen_by: str = "",
    mesh_config: str | PathLike[str] | None = None,
    istio_version: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> World:
    """Read manifests and make a world of them. ``paths``: files, directories, "REV:PATH" of a Git revision, snapshots,
    "-" for stdin; "kustomize:DIR" and "helm:CHART,VALUES" (or ``Kustomize``, ``Helm``) are rendered by their programs.
    ``cni``: a profile or its name; None: the plugin that the input shows, else ``generic``. ``chosen_by``: in words who
    named it. ``mesh_config``: a file with the mesh config of Istio, ``istio_version`` its release, where the input does
    not tell. ``tell`` is called with what is being done, for people who wait. Problems of the input are in
    ``world.problems``. Raises ProfileError for an unknown ``cni``, and ValueError for a bad CIDR, mesh config or
    version."""
    given = Given.read(
        [path if isinstance(path, Kustomize | Helm) else str(path) for path in paths],
        _ranges(pod_cidrs),
        _ranges(service_cidrs),
        _ranges(node_cidrs),
        assume_no_labels,
        tell,
    )
    given = _with_mesh(given, mesh_config, istio_version)
    if tell is not None:
        tell(f"putting {given.reading.objects} objects together")
    cluster = given.build()
    if tell is not None:
        tell(f"grouping {len(cluster.pods)} pods by what {len(cluster.policies)} policies can see")
    return world_of(cluster, given, cni, chosen_by)


def _with_mesh(given: Given, config: str | PathLike[str] | None, version: str | None) -> Given:
    if config is None and version is None:
        return given
    from ringfence.sources.mesh_settings import MeshSettings

    return replace(given, mesh=MeshSettings.read(None if config is None else str(config), version))


def load_objects(
    objects: Iterable[Mapping[str, Any]],
    *,
    cni: str | Profile | None = None,
    assume_no_labels: bool = False,
    pod_cidrs: str | Iterable[str] = (),
    service_cidrs: str | Iterable[str] = (),
    node_cidrs: str | Iterable[str] = (),
    mesh_config: str | PathLike[str] | None = None,
    istio_version: str | None = None,
) -> World:
    """Like ``load``, for objects in memory: plain dicts, as a YAML or JSON parser gives them."""
    given = Given.of_objects(objects, _ranges(pod_cidrs), _ranges(service_cidrs), _ranges(node_cidrs), assume_no_labels)
    given = _with_mesh(given, mesh_config, istio_version)
    return world_of(given.build(), given, cni)
