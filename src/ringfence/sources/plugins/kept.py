"""What a snapshot keeps of the objects that tell of network plugins: what is read, reduced to what was understood of
it, so that it reads as before and says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.model.provenance import Manifest
from ringfence.sources.plugins.agents import agents_of
from ringfence.sources.plugins.coverage import REQUIRED, selector_of, terms_of, tolerations_of
from ringfence.sources.plugins.detecting import DAEMON_SETS, DECLARATIONS, agent_of_pod
from ringfence.sources.plugins.encryption import BACKEND_TYPE, kept_backend
from ringfence.sources.plugins.encryption import settings_of as encryption_of
from ringfence.sources.plugins.fields import mapping, mappings, text
from ringfence.sources.plugins.node_signs import NODE_ARGUMENTS, kept_arguments
from ringfence.sources.plugins.settings import kept_container, kept_settings, settings_key

_DECLARED = ("variant", "calicoVersion", "networkType")


def kept_declaration(manifest: Manifest) -> dict[str, Any] | None:
    """The fields beside its metadata of a ConfigMap with settings, and of an object that declares the plugin, or what
    it encrypts; None for any other object."""
    encryption = encryption_of(manifest)
    if manifest.kind == "ConfigMap" and manifest.api_version == "v1" and settings_key(manifest.name):
        plugin = settings_key(manifest.name)
        kept = kept_settings(plugin, mapping(manifest.data, "data"))
        for key, value in mapping(encryption, "data").items():
            kept[key] = kept[key] + value if key in kept and key.endswith(".conf") else value
        return {"data": kept}
    if (manifest.api_version, manifest.kind) not in DECLARATIONS:
        return encryption or None
    found: dict[str, Any] = {}
    for part in ("spec", "status"):
        whole = mapping(manifest.data, part)
        found[part] = {key: text(whole, key) for key in _DECLARED if text(whole, key)}
    network = text(mapping(mapping(manifest.data, "spec"), "defaultNetwork"), "type")
    if network:
        found["spec"]["defaultNetwork"] = {"type": network}
    if encryption:
        found["spec"].setdefault("defaultNetwork", {}).update(encryption["spec"]["defaultNetwork"])
    return found


def keep_of_agents(manifest: Manifest, found: dict[str, Any]) -> None:
    """Adds to what is kept of an object what is read of it where it is an agent, or a Node."""
    if manifest.kind == "Node" and manifest.api_version == "v1":
        _keep_of_node(manifest.data, found)
        return
    spec: Mapping[str, Any] = mapping(manifest.data, "spec")
    kept = found.get("spec")
    if manifest.kind == "DaemonSet":
        spec = mapping(mapping(spec, "template"), "spec")
        template = kept.get("template") if isinstance(kept, dict) else None
        kept = template.get("spec") if isinstance(template, dict) else None
        if manifest.api_version not in DAEMON_SETS or not agents_of(manifest.name, spec):
            return
    elif manifest.kind != "Pod" or not agent_of_pod(manifest):
        return
    if not isinstance(kept, dict):
        return
    if selector_of(spec):
        kept["nodeSelector"] = selector_of(spec)
    if tolerations_of(spec):
        kept["tolerations"] = tolerations_of(spec)
    if terms_of(spec):
        kept["affinity"] = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms_of(spec)}}}
    for whole, part in zip(mappings(spec, "containers"), mappings(kept, "containers"), strict=False):
        if isinstance(part, dict):
            part.update(kept_container(whole))


def _keep_of_node(data: Mapping[str, Any], found: dict[str, Any]) -> None:
    version = text(mapping(mapping(data, "status"), "nodeInfo"), "kubeletVersion")
    if version and isinstance(found.get("status"), dict):
        found["status"]["nodeInfo"] = {"kubeletVersion": version}
    arguments = kept_arguments(data)
    metadata = found.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        if arguments is not None:
            metadata["annotations"][NODE_ARGUMENTS] = arguments
        if backend := kept_backend(data):
            metadata["annotations"][BACKEND_TYPE] = backend
