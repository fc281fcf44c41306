"""What a snapshot keeps of an object: the fields that ringfence reads, by allow-list, and nothing that may be secret.

Never kept: data of Secrets and ConfigMaps (but the lines of the two ConfigMaps that tell address ranges, and settings
of a network plugin), environment, commands and arguments (but the flags that tell addresses: two of the control plane,
one of NodeLocal DNSCache; and switches of a network plugin's agent, as yes or no), annotations that are not in the
list.
A value of a type that a field cannot have keeps its type, so that it is reported as before, and not what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ringfence.dialects.fields.words import label_key
from ringfence.model.provenance import Manifest
from ringfence.rules.cluster_dns import LOCAL_CACHE
from ringfence.sources.gateways import GATEWAY_GROUP
from ringfence.sources.kept_positions import KeptPositions
from ringfence.sources.kinds import Treatment, classify
from ringfence.sources.marks import is_mark, kept_value
from ringfence.sources.mesh_kept import keep_flags, kept_beside, kept_setting, kept_spec, without_values
from ringfence.sources.meshes import is_read
from ringfence.sources.plugins.kept import keep_of_agents, kept_declaration
from ringfence.sources.ranges import FLAGS, SETTINGS, is_control_plane, setting_lines
from ringfence.sources.workloads import WORKLOAD_KINDS
from ringfence.values import replace

ANNOTATIONS = frozenset({
    "ingressclass.kubernetes.io/is-default-class",
    "k8s.v1.cni.cncf.io/networks",
    "kubernetes.io/ingress.class",
    "nginx.ingress.kubernetes.io/denylist-source-range",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "v1.multus-cni.io/default-network",
    "prometheus.io/path",
    "prometheus.io/port",
    "prometheus.io/scrape",
})  # fmt: skip
"""Annotations that can change reach, or what is asked of it, beside those of meshes."""
ANNOTATION_PREFIXES = ("ringfence.dev/",)
_LONGEST_ANNOTATIONS = 256 * 1024

WHOLE = object()
"""A field that is kept with all that is in it, but for what may be secret."""
_PORTS = [{"name": WHOLE, "protocol": WHOLE, "containerPort": WHOLE, "hostPort": WHOLE, "hostIP": WHOLE}]
_PROBE = {"httpGet": {"path": WHOLE, "port": WHOLE}, "grpc": {"port": WHOLE}, "tcpSocket": {"port": WHOLE}}
_PROBES = dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _PROBE)
_SECURITY = {"runAsUser": WHOLE, "runAsGroup": WHOLE}
_CONTAINERS = [
    {"name": WHOLE, "image": WHOLE, "ports": _PORTS, "restartPolicy": WHOLE, "securityContext": _SECURITY, **_PROBES}
]
_POD_SPEC: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("hostNetwork", "nodeName", "serviceAccountName", "serviceAccount", "hostname", "subdomain", "dnsPolicy"),
            "automountServiceAccountToken",
        ),
        WHOLE,
    ),
    "containers": _CONTAINERS,
    "initContainers": _CONTAINERS,
    "securityContext": _SECURITY,
}
_METADATA = dict.fromkeys(("name", "namespace", "generateName", "labels", "ownerReferences", "annotations"), WHOLE)
_TEMPLATE = {"metadata": _METADATA, "spec": _POD_SPEC}
_JOB = {
    **dict.fromkeys(("parallelism", "completions", "completionMode", "manualSelector", "selector"), WHOLE),
    "template": _TEMPLATE,
}
_WORKLOAD_SPEC: dict[str, Any] = {
    **_JOB,
    **dict.fromkeys(("replicas", "ordinals", "serviceName", "suspend", "schedule"), WHOLE),
    "jobTemplate": {"metadata": _METADATA, "spec": _JOB},
}
_CONDITIONS = [{"type": WHOLE, "status": WHOLE, "reason": WHOLE}]
_STATUS: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("phase", "podIP", "podIPs", "hostIP", "hostIPs", "addresses", "loadBalancer", "desiredNumberScheduled"),
            *("numberReady", "ingress"),
        ),
        WHOLE,
    ),
    "conditions": _CONDITIONS,
    "parents": [{"controllerName": WHOLE, "conditions": _CONDITIONS}],
}
_RIGHTS = dict.fromkeys(("rules", "subjects", "roleRef", "aggregationRule", "automountServiceAccountToken"), WHOLE)
"""Of roles, bindings and ServiceAccounts: who may do what, and whose pods get a token."""
WEBHOOKS = "admissionregistration.k8s.io/"
_CALLED = {"webhooks": [{"name": WHOLE, "clientConfig": {"service": WHOLE}}]}
"""Of webhooks the Services that the API server calls."""
_REST = dict.fromkeys(("subsets", "endpoints", "ports", "addressType", "spec"), WHOLE)
_SPECS: Mapping[str, Any] = {"Pod": _POD_SPEC, **dict.fromkeys(WORKLOAD_KINDS, _WORKLOAD_SPEC)}
_ROUTE_TLS = {"termination": WHOLE, "insecureEdgeTerminationPolicy": WHOLE}
_LOCAL_CACHE_FLAGS = ("-localip", "--localip")
_NOT_KEPT_LISTS = frozenset({"env", "envFrom", "command", "args"})
_PRIVATE = "-----BEGIN"


def is_kept(manifest: Manifest) -> bool:
    """Whether an object was read from a snapshot."""
    return isinstance(manifest.positions, KeptPositions)


def as_kept(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """The objects as a snapshot would have them, so that what it does not keep is no difference from one."""
    for manifest in manifests:
        data = None if is_kept(manifest) else kept_of(manifest)
        yield manifest if data is None else replace(manifest, data=data)


def kept_of(manifest: Manifest) -> dict[str, Any] | None:
    """The data of an object as a snapshot has it; None where it only says which object there is."""
    treatment = classify(manifest.api_version, manifest.kind).treatment
    if treatment is Treatment.POLICY:
        return _policy(manifest.data)
    if treatment is Treatment.MESH and is_read(manifest.api_version, manifest.kind):
        found: dict[str, Any] = _policy(manifest.data)
        if "spec" in found:
            found["spec"] = kept_spec(manifest, found["spec"])
        return found
    if manifest.kind == "ConfigMap" and manifest.namespace == "kube-system" and manifest.name in SETTINGS:
        return _settings(manifest)
    if manifest.kind == "NetworkAttachmentDefinition":
        return _attachment(manifest.data)
    if _is_rights(manifest):
        return _with_metadata(manifest, _kept(manifest.data, _RIGHTS))
    telling = kept_declaration(manifest) or kept_setting(manifest)
    if telling is None and manifest.api_version.startswith(WEBHOOKS):
        telling = _kept(manifest.data, _CALLED)
    if telling is not None:
        return _with_metadata(manifest, telling)
    if treatment is Treatment.MESH:
        beside = kept_beside(manifest)
        return None if beside is None else _with_metadata(manifest, {"spec": beside})
    if treatment is Treatment.UNMODELLED:
        return None
    group, _, _ = manifest.api_version.rpartition("/")
    spec = _SPECS.get(manifest.kind, WHOLE) if group in ("", "apps", "batch", "extensions") else WHOLE
    found = _kept(
        manifest.data,
        {"apiVersion": WHOLE, "kind": WHOLE, "metadata": _METADATA, **_REST, "spec": spec, "status": _STATUS},
    )
    if manifest.kind == "Service" and isinstance(found.get("metadata"), dict):
        found["metadata"].update(_kept(manifest.data["metadata"], {"creationTimestamp": WHOLE}))
    if manifest.kind == "Route" and isinstance(found.get("spec"), dict) and "tls" in found["spec"]:
        found["spec"]["tls"] = _kept(manifest.data["spec"]["tls"], _ROUTE_TLS)
    if group == GATEWAY_GROUP and "spec" in found:
        found["spec"] = without_values(found["spec"])
    _annotate(found, drop=True)
    keep_of_agents(manifest, found)
    keep_flags(manifest, found)
    wanted = FLAGS if is_control_plane(manifest.namespace or "default", manifest.name) else ()
    wanted = (*wanted, *_LOCAL_CACHE_FLAGS) if manifest.name == LOCAL_CACHE else wanted
    if wanted:
        _flags(manifest.data, found, wanted)
    return found


def _kept(value: Any, schema: Any) -> Any:
    if schema is WHOLE:
        return _scrubbed(value)
    if isinstance(schema, list):
        return [_kept(one, schema[0]) for one in value] if isinstance(value, list) else _bare(value)
    if not isinstance(value, Mapping):
        return _bare(value)
    return {key: _kept(one, schema[key]) for key, one in value.items() if key in schema}


def _scrubbed(value: Any) -> Any:
    """A copy without lists of a container that stand where none belongs, and without keys in PEM form."""
    if isinstance(value, Mapping):
        return {
            key: [] if key in _NOT_KEPT_LISTS and isinstance(one, list) else _scrubbed(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_scrubbed(one) for one in value]
    return "" if isinstance(value, str) and _PRIVATE in value else value


def _bare(value: Any) -> Any:
    """A value of the same type that says nothing. What reports tell of a wrong list or mapping is whether it has no
    entry, one, or more."""
    if isinstance(value, list):
        return [None] * min(len(value), 2)
    if isinstance(value, Mapping):
        return dict.fromkeys(("", "-")[: len(value)])
    return "" if isinstance(value, str) else value


def _is_rights(manifest: Manifest) -> bool:
    group = manifest.api_version.rpartition("/")[0]
    return group == "rbac.authorization.k8s.io" or (manifest.api_version, manifest.kind) == ("v1", "ServiceAccount")


def _annotate(data: dict[str, Any], drop: bool) -> None:
    """Keeps the annotations of the list, in the object and in the templates of its pods. ``drop`` False: an object
    whose API server rejects it for others is still rejected."""
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and "annotations" in metadata:
        metadata["annotations"] = _annotations(metadata["annotations"], drop)
    for key in ("spec", "template", "jobTemplate"):
        inner = data.get(key)
        if isinstance(inner, dict) and (key != "spec" or "template" in inner or "jobTemplate" in inner):
            _annotate(inner, drop)


def _annotations(value: Any, drop: bool) -> Any:
    if not isinstance(value, Mapping):
        return _bare(value)
    too_long = not drop and sum(len(key) + len(str(one)) for key, one in value.items()) > _LONGEST_ANNOTATIONS
    found = {}
    for key, one in value.items():
        if key in ANNOTATIONS or key.startswith(ANNOTATION_PREFIXES):
            found[key] = _scrubbed(one)
        elif is_mark(key):
            found[key] = _scrubbed(kept_value(key, one)) if isinstance(one, str) else one if one is None else _bare(one)
        elif too_long:
            found[key] = "-" * len(str(one)) if one is None or isinstance(one, str) else _bare(one)
        elif not drop and (label_key(key.lower()) or not (one is None or isinstance(one, str))):
            found[key] = _bare(one)
    return found


def _policy(data: Mapping[str, Any]) -> dict[str, Any]:
    """A policy with every field, known or not: its reader judges each of them."""
    known = ("apiVersion", "kind", "metadata", "spec", "status")
    found = {key: _scrubbed(one) if key in known else _bare(one) for key, one in data.items()}
    metadata = found.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        _annotate(found, drop=False)
    return found


def _attachment(data: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a network takes the cluster network's place is all that is read of it."""
    found: dict[str, Any] = _kept(data, {"apiVersion": WHOLE, "kind": WHOLE, "metadata": _METADATA})
    spec = data.get("spec")
    config = spec.get("config") if isinstance(spec, Mapping) else None
    primary = isinstance(config, str) and '"primary"' in config
    _annotate(found, drop=True)
    return {**found, "spec": {"config": '"primary"' if primary else ""}}


def _settings(manifest: Manifest) -> dict[str, Any]:
    """Of a ConfigMap the lines that are read."""
    data = manifest.data.get("data")
    entry = SETTINGS[manifest.name][0]
    text = data.get(entry) if isinstance(data, Mapping) else None
    lines = setting_lines(manifest.name, text) if isinstance(text, str) else []
    return _with_metadata(manifest, {"data": {entry: "".join(f"{line}\n" for line in lines)}})


def _with_metadata(manifest: Manifest, rest: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _kept(manifest.data, {"apiVersion": WHOLE, "kind": WHOLE, "metadata": _METADATA})
    _annotate(found, drop=True)
    return {**found, **rest}


_RANGES = re.compile(r"[0-9A-Fa-f.:/, ]*")


def _flags(data: Mapping[str, Any], found: dict[str, Any], wanted: Sequence[str]) -> None:
    """Of command lines the flags that are read, as far as they give addresses."""
    spec, kept = data.get("spec"), found.get("spec")
    template = spec.get("template") if isinstance(spec, Mapping) else None
    if isinstance(template, Mapping) and isinstance(kept, dict) and isinstance(kept.get("template"), dict):
        spec, kept = template.get("spec"), kept["template"].get("spec")
    written = spec.get("containers") if isinstance(spec, Mapping) else None
    containers = kept.get("containers") if isinstance(kept, dict) else None
    if not isinstance(written, list) or not isinstance(containers, list):
        return
    for one, container in zip(written, containers, strict=True):
        if not isinstance(one, Mapping):
            continue
        lists = [one.get("command"), one.get("args")]
        words = [word for each in lists if isinstance(each, list) for word in each if isinstance(word, str)]
        flags = []
        for word, following in pairwise([*words, ""]):
            flag, equals, value = word.partition("=")
            value = value if equals else following
            if flag in wanted and _RANGES.fullmatch(value):
                flags.append(f"{flag}={value}")
        if flags:
            container["command"] = flags
