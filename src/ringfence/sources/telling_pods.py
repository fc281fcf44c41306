"""Pods that tell of the cluster itself: of those more is read than of others."""

from __future__ import annotations

from ringfence.sources.plugins.agents import perhaps_agent
from ringfence.sources.ranges import is_control_plane


def read_as_a_whole(namespace: str, name: str) -> bool:
    """Whether a pod must not be reduced to what matters of a plain one: its command line may tell address ranges, or
    it may be an agent of the network plugin, or the control plane of a mesh."""
    return perhaps_agent(name) or is_control_plane(namespace, name) or name.startswith("istiod")
