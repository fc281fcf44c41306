"""What the input shows of the cluster's network plugins: agents, versions, settings and nodes, each with its place.

Values only. Which profile they stand for, and whether they are unambiguous, is for ``layers.profiles.detection``.
"""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.model.provenance import Place
from ringfence.values import Value, field


class Seen(Value):
    """An object that shows something. ``what`` names it: ``DaemonSet kube-system/calico-node``."""

    what: str
    place: Place

    def __str__(self) -> str:
        return f"{self.what} {self.place}"


class Setting(Value):
    """An answer that the input gives to a fact of a profile, by the fact's word. ``value`` None: the setting is there
    and says neither yes nor no. ``why`` says what was set. ``covered``: it rests on a default of the plugin, so it only
    counts for a version that the profile covers."""

    fact: str
    value: bool | None
    why: str
    seen: Seen
    covered: bool = False


class PluginCandidate(Value):
    """One network plugin of which the input shows the agent, or the declaration that it is the cluster's.

    ``name`` is that of its profile, if it has one. ``versions`` are as images and
    objects say them; ``""`` stands for one that does not say. ``nodes`` names the nodes on which it does not enforce
    policy (False) or perhaps not (None), and ``why`` the reason for each.
    """

    name: str
    evidence: tuple[Seen, ...]
    versions: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    nodes: Mapping[str, bool | None] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


class PluginHint(Value):
    """An object that belongs to a plugin and does not show that its agent runs: a CustomResourceDefinition, a
    ConfigMap, a controller."""

    name: str
    seen: Seen


class DetectedPlugins(Value):
    """All that the input shows of network plugins, in the order of their names."""

    candidates: tuple[PluginCandidate, ...] = ()
    hints: tuple[PluginHint, ...] = ()


NOTHING_DETECTED = DetectedPlugins()
