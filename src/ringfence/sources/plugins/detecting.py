"""Collects what objects tell of network plugins while the input is taken apart, and puts it together at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringfence.model.plugins import DetectedPlugins, PluginCandidate, PluginHint, Seen, Setting
from ringfence.model.provenance import Manifest
from ringfence.sources.plugins.agents import Found, agents_of, perhaps_agent, release
from ringfence.sources.plugins.coverage import AgentWorkload, NodeSigns, Running, covers, missing_of, ready, signs_of
from ringfence.sources.plugins.fields import mapping, mappings, text
from ringfence.sources.plugins.node_signs import (
    AKS_LABEL,
    AKS_NONE,
    NodeObject,
    aks_plugin,
    k3s_settings,
    k3s_version,
)
from ringfence.sources.plugins.settings import (
    BOTH,
    AgentSigns,
    MapSigns,
    denies_by_default,
    read_settings,
    settings_key,
    settings_of,
)
from ringfence.values import Draft, field

_RANKS = ("DaemonSet", "Installation", "Network", "Pod", "Node")
_FINISHED = ("Succeeded", "Failed")

DAEMON_SETS = ("apps/v1", "apps/v1beta2", "extensions/v1beta1")
"""The apiVersions of a DaemonSet. Other groups may have a kind of this name."""
CONTROLLERS: Mapping[str, str] = {
    "calico-kube-controllers": "calico",
    "calico-typha": "calico",
    "cilium-operator": "cilium",
    "antrea-controller": "antrea",
    "ovnkube-control-plane": "ovn-kubernetes",
}
"""Deployments beside agents. They show that a plugin is meant, not that its agent runs."""
DEFINITIONS: Mapping[str, str] = {
    "felixconfigurations.crd.projectcalico.org": "calico",
    "ciliumnetworkpolicies.cilium.io": "cilium",
    "antreaagentinfos.crd.antrea.io": "antrea",
    "policyendpoints.networking.k8s.aws": "aws-vpc-cni",
    "egressfirewalls.k8s.ovn.org": "ovn-kubernetes",
}
"""CustomResourceDefinitions. Repositories carry them without the plugin, and clusters keep them after it is gone."""
DECLARATIONS = frozenset((
    ("operator.tigera.io/v1", "Installation"),
    ("operator.openshift.io/v1", "Network"),
    ("config.openshift.io/v1", "Network"),
))  # fmt: skip
"""Objects with which an operator is told which plugin the cluster has."""
_OPENSHIFT = {"ovnkubernetes": "ovn-kubernetes", "openshiftsdn": "openshift-sdn"}


class _Candidate(Draft):
    """One plugin while it is being put together."""

    evidence: list[Seen] = field(default_factory=list)
    versions: dict[str, None] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    workloads: dict[str, AgentWorkload] = field(default_factory=dict)


class PluginReader:
    """Reads one input. ``take`` is called for every object; for most it looks at the kind only."""

    def __init__(self) -> None:
        self._workloads: list[tuple[Manifest, str, Mapping[str, Any], list[Found]]] = []
        self._pods: list[tuple[Manifest, str, Mapping[str, Any], list[Found]]] = []
        self._nodes: dict[str, Manifest] = {}
        self._maps: list[tuple[Manifest, str]] = []
        self._declared: list[tuple[str, str | None, Seen]] = []
        self._hints: list[PluginHint] = []
        self._settings: dict[tuple[str, str | None], MapSigns] = {}
        self._takers: dict[str, Callable[[Manifest], None]] = {
            "Pod": self._take_pod,
            "DaemonSet": self._take_daemon_set,
            "Node": self._take_node,
            "ConfigMap": self._take_map,
            "Deployment": self._take_deployment,
            "CustomResourceDefinition": self._take_definition,
            "Installation": self._take_installation,
            "Network": self._take_network,
        }

    def take(self, manifest: Manifest) -> None:
        """One object, with its namespace filled in."""
        taker = self._takers.get(manifest.kind)
        if taker is not None:
            taker(manifest)

    def _take_pod(self, manifest: Manifest) -> None:
        owner = agent_of_pod(manifest)
        if owner and text(mapping(manifest.data, "status"), "phase") not in _FINISHED:
            spec = mapping(manifest.data, "spec")
            self._pods.append((manifest, owner, spec, agents_of(owner, spec)))

    def _take_daemon_set(self, manifest: Manifest) -> None:
        spec = mapping(mapping(mapping(manifest.data, "spec"), "template"), "spec")
        found = agents_of(manifest.name, spec) if manifest.api_version in DAEMON_SETS else []
        if found:
            self._workloads.append((manifest, manifest.name, spec, found))

    def _take_node(self, manifest: Manifest) -> None:
        if manifest.api_version == "v1":
            self._nodes[manifest.name] = manifest

    def _take_map(self, manifest: Manifest) -> None:
        plugin = settings_key(manifest.name)
        if plugin and manifest.api_version == "v1":
            self._maps.append((manifest, plugin))

    def _take_deployment(self, manifest: Manifest) -> None:
        if manifest.name in CONTROLLERS and manifest.api_version == "apps/v1":
            self._hints.append(PluginHint(CONTROLLERS[manifest.name], seen(manifest)))

    def _take_definition(self, manifest: Manifest) -> None:
        if manifest.name in DEFINITIONS and manifest.api_version.startswith("apiextensions.k8s.io/"):
            self._hints.append(PluginHint(DEFINITIONS[manifest.name], seen(manifest)))

    def _take_installation(self, manifest: Manifest) -> None:
        if manifest.api_version != "operator.tigera.io/v1" or manifest.name != "default":
            return
        status = mapping(manifest.data, "status")
        said = text(status, "calicoVersion")
        variant = text(mapping(manifest.data, "spec"), "variant") or text(status, "variant") or "Calico"
        name = "calico" if variant == "Calico" else "calico-enterprise"
        self._declared.append((name, release(said) if said else None, seen(manifest)))

    def _take_network(self, manifest: Manifest) -> None:
        spec, status = mapping(manifest.data, "spec"), mapping(manifest.data, "status")
        if manifest.name != "cluster":
            return
        if manifest.api_version == "operator.openshift.io/v1":
            said = text(mapping(spec, "defaultNetwork"), "type")
        elif manifest.api_version == "config.openshift.io/v1":
            said = text(status, "networkType") or text(spec, "networkType")
        else:
            return
        if said:
            word = said.lower()
            self._declared.append((_OPENSHIFT.get(word, word), None, seen(manifest)))

    def denying(self) -> Manifest | None:
        """The ConfigMap of an agent that denies also what no policy selects."""
        homes = {
            manifest.namespace
            for manifest, _, _, found in (*self._workloads, *self._pods)
            if any(one.agent.name in ("cilium", "gke-dataplane-v2") for one in found)
        }
        for manifest, plugin in self._maps:
            values = read_settings(plugin, mapping(manifest.data, "data"))
            if plugin == "cilium" and manifest.namespace in homes and denies_by_default(values):
                return manifest
        return None

    def detected(self, named: Iterable[str]) -> DetectedPlugins:
        """What all objects together show. ``named``: every node, also those that only pods name."""
        for manifest, plugin in self._maps:
            signs_of_map = MapSigns(read_settings(plugin, mapping(manifest.data, "data")), seen(manifest))
            self._settings.setdefault((plugin, manifest.namespace), signs_of_map)
        found: dict[str, _Candidate] = {}
        for manifest, name, spec, agents in self._workloads:
            self._add(found, manifest, f"DaemonSet {manifest.namespace}/{name}", spec, agents)
        for manifest, name, spec, agents in self._pods:
            title = f"DaemonSet {manifest.namespace}/{name}"
            self._add(found, manifest, title, spec, agents)
            node = text(spec, "nodeName")
            for one in agents:
                pods = found[one.agent.name].workloads[title].pods
                pods.setdefault(node, []).append(Running(manifest.name, ready(manifest.data)))
        for name, version, place in self._declared:
            candidate = found.setdefault(name, _Candidate())
            candidate.evidence.append(place)
            if version is not None:
                candidate.versions[version] = None
        if not found and not self._nodes:
            return DetectedPlugins((), tuple(sorted(self._all_hints(), key=lambda one: (one.name, one.seen.place))))
        signs = {name: signs_of(name, manifest.data) for name, manifest in self._nodes.items()}
        bare = self._by_nodes(found, signs)
        if found:
            for name in named:
                signs.setdefault(name, NodeSigns(name, known=False))
        candidates = tuple(_made(name, found[name], signs, bare) for name in sorted(found))
        hints = [one for one in self._all_hints() if one.name not in found]
        return DetectedPlugins(candidates, tuple(sorted(hints, key=lambda one: (one.name, one.seen.place))))

    def _all_hints(self) -> list[PluginHint]:
        return [*self._hints, *(PluginHint(plugin, seen(manifest)) for manifest, plugin in self._maps)]

    def _add(
        self,
        found: dict[str, _Candidate],
        manifest: Manifest,
        title: str,
        spec: Mapping[str, Any],
        agents: list[Found],
    ) -> None:
        """One DaemonSet, or one of its pods."""
        for one in agents:
            candidate = found.setdefault(one.agent.name, _Candidate())
            known = candidate.workloads.get(title)
            if known is not None and known.spec.get("containers") == spec.get("containers"):
                # One of many pods that are alike.
                continue
            if one.agent.versioned:
                candidate.versions[release(one.tag)] = None
            shown = seen(manifest)
            signs = AgentSigns(tuple(mappings(spec, "containers")), shown)
            config = self._settings.get((one.agent.name, manifest.namespace))
            for setting in settings_of(one.agent.name, signs, config):
                if not any((setting.fact, setting.value) == (old.fact, old.value) for old in candidate.settings):
                    candidate.settings.append(setting)
            if known is None:
                missing = missing_of(manifest.data) if manifest.kind == "DaemonSet" else 0
                candidate.workloads[title] = AgentWorkload(title, spec, missing)
                candidate.evidence.append(shown)

    def _by_nodes(self, found: dict[str, _Candidate], signs: Mapping[str, NodeSigns]) -> frozenset[str]:
        """Adds what Nodes tell. Gives the nodes of which AKS says that nothing enforces policy there."""
        k3s: list[NodeObject] = []
        bare: list[str] = []
        for name, manifest in self._nodes.items():
            version = k3s_version(manifest.data)
            if version:
                candidate = found.setdefault("k3s", _Candidate([seen(manifest)]))
                candidate.versions[version] = None
                k3s.append((manifest.data, seen(manifest)))
            plugin = aks_plugin(signs[name].labels)
            if plugin == AKS_NONE:
                bare.append(name)
            elif plugin and plugin not in found:
                found[plugin] = _Candidate([seen(manifest)])
        if k3s:
            found["k3s"].settings.extend(k3s_settings(k3s))
        if bare and not found:
            place = seen(self._nodes[bare[0]])
            settings = [
                Setting(fact, False, "the label kubernetes.azure.com/network-policy=none", place) for fact in BOTH
            ]
            found["azure"] = _Candidate([place], settings=settings)
        return frozenset(bare)


def agent_of_pod(manifest: Manifest) -> str:
    """The name of the DaemonSet that a pod is an agent of; empty for any other pod."""
    if manifest.api_version != "v1" or not perhaps_agent(manifest.name):
        return ""
    references = mappings(mapping(manifest.data, "metadata"), "ownerReferences")
    owner = next((one for one in references if one.get("controller")), None)
    if text(owner, "kind") != "DaemonSet":
        return ""
    name = text(owner, "name")
    return name if agents_of(name, mapping(manifest.data, "spec")) else ""


def seen(manifest: Manifest) -> Seen:
    """An object as evidence."""
    home = f"{manifest.namespace}/" if manifest.namespace else ""
    return Seen(f"{manifest.kind} {home}{manifest.name}", manifest.place)


def _made(name: str, candidate: _Candidate, signs: Mapping[str, NodeSigns], bare: frozenset[str]) -> PluginCandidate:
    nodes: dict[str, bool | None] = {}
    why: dict[str, str] = {}
    for node in sorted(signs):
        value, reason = covers(candidate.workloads.values(), signs[node])
        if node in bare and not candidate.workloads and value:
            value, reason = False, f"its label {AKS_LABEL} says {AKS_NONE}"
        if value is not True:
            nodes[node], why[node] = value, reason
    return PluginCandidate(
        name,
        tuple(sorted(candidate.evidence, key=lambda one: (_RANKS.index(one.what.partition(" ")[0]), one.what))),
        tuple(sorted(candidate.versions)),
        tuple(_agreed(candidate.settings)),
        nodes,
        why,
    )


def _agreed(settings: Iterable[Setting]) -> Iterable[Setting]:
    """One answer a fact; open where the objects say different things."""
    by_fact: dict[str, list[Setting]] = {}
    for setting in settings:
        by_fact.setdefault(setting.fact, []).append(setting)
    for fact in sorted(by_fact):
        group = by_fact[fact]
        if len({one.value for one in group}) == 1:
            yield group[0]
        else:
            why = " and ".join(dict.fromkeys(f"{one.why} in {one.seen.what}" for one in group))
            yield Setting(fact, None, f"differs: {why}", group[0].seen, group[0].covered)
