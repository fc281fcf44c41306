"""What a snapshot keeps of the objects and settings of meshes: what is read of them, so that they read as before.

Objects are kept with every field, as policies are, but for those whose fields may hold anything: of routes, filters and
plugins only the fields that are read. Of settings only those that are known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ringfence.dialects.istio.rewrites import HOSTS
from ringfence.model.provenance import Manifest
from ringfence.model.rewriting import LEFT_OUT
from ringfence.sources.meshes import (
    CLUSTER_DOMAIN,
    DOMAIN,
    ENABLEMENT,
    FLAGS,
    ISTIOD,
    domain_argument,
    domain_name,
    flag_value,
    parsed,
    setting_of_mesh,
)

_PROXY_CONFIG = ("interceptionMode",)
_FLAGS = tuple(FLAGS)
_HBONE = "ISTIO_META_ENABLE_HBONE"
_UNREADABLE = "-"
"""A text that is no mapping."""


def kept_spec(manifest: Manifest, spec: Any) -> Any:
    """The spec of an object of a mesh."""
    if not isinstance(spec, Mapping):
        return spec
    if manifest.kind == "EnvoyFilter":
        kept = _selecting(spec)
        if "priority" in spec:
            kept["priority"] = spec["priority"] if isinstance(spec["priority"], int) else 0
        if isinstance(spec.get("configPatches"), list):
            kept["configPatches"] = [_patch(one) for one in spec["configPatches"]]
        return kept
    if manifest.kind in ("WasmPlugin", "TrafficExtension"):
        kept = _selecting(spec)
        if "type" in spec:
            kept["type"] = spec["type"]
        if isinstance(spec.get("match"), list):
            kept["match"] = [
                {key: one[key] for key in ("mode", "ports") if key in one} if isinstance(one, Mapping) else one
                for one in spec["match"]
            ]
        return kept
    if manifest.kind == "VirtualService":
        return {
            key: [_route(one) for one in value] if key in ("http", "tls", "tcp") and isinstance(value, list) else value
            for key, value in spec.items()
        }
    return spec


def _selecting(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: spec[key] for key in ("workloadSelector", "selector", "targetRefs", "targetRef") if key in spec}


def _patch(patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return None
    match, inner = patch.get("match"), patch.get("patch")
    value = inner.get("value") if isinstance(inner, Mapping) else None
    kept: dict[str, Any] = {}
    if isinstance(match, Mapping):
        kept |= {"context": match["context"]} if "context" in match else {}
        listener = match.get("listener")
        if isinstance(listener, Mapping) and isinstance(listener.get("portNumber"), int):
            kept["listener"] = {"portNumber": listener["portNumber"]}
        proxy = match.get("proxy")
        if isinstance(proxy, Mapping) and "proxyVersion" in proxy:
            kept["proxy"] = {"proxyVersion": proxy["proxyVersion"]}
        listener = match.get("listener")
        if isinstance(listener, Mapping) and isinstance(listener.get("portNumber"), int):
            kept["listener"] = {"portNumber": listener["portNumber"]}
    return {
        "applyTo": patch.get("applyTo"),
        "match": kept,
        "patch": {
            "operation": inner.get("operation") if isinstance(inner, Mapping) else None,
            "value": {"name": value["name"]} if isinstance(value, Mapping) and "name" in value else {},
        },
    }


_ROUTE = frozenset(
    {"name", "match", "delegate", "mirror", "mirrorPercent", "mirrorPercentage", "mirrors", "rewrite", "weight"}
    | {"destination"}
)
"""Fields of a route that are read whole."""


def _route(route: Any) -> Any:
    """A route as far as it says which requests it takes, where they go, and what is changed of them; that it has other
    fields is kept, and not what they say."""
    if not isinstance(route, Mapping):
        return route
    kept: dict[str, Any] = {}
    for key, value in route.items():
        if key in _ROUTE:
            kept[key] = value
        elif key == "route":
            kept[key] = [_route(one) for one in value] if isinstance(value, list) else value
        elif key == "headers" and isinstance(value, Mapping):
            kept[key] = {"request": _header_changes(value["request"])} if "request" in value else {}
        elif key == "fault" and isinstance(value, Mapping):
            kept[key] = {"abort": value["abort"]} if "abort" in value else {}
        else:
            kept[key] = {}
    return kept


def _header_changes(request: Any) -> Any:
    """Which headers are changed; to what is kept of the host alone, as other values may be passwords."""
    if not isinstance(request, Mapping):
        return {}
    kept: dict[str, Any] = {}
    for key in ("set", "add"):
        if isinstance(request.get(key), Mapping):
            fields = request[key].items()
            kept[key] = {name: one if str(name).lower() in HOSTS else LEFT_OUT for name, one in fields}
    if "remove" in request:
        kept["remove"] = request["remove"]
    return kept


def without_values(spec: Any) -> Any:
    """The spec of a route of the Gateway API without what its filters write into header fields, but for the host."""
    if isinstance(spec, list):
        return [without_values(one) for one in spec]
    if not isinstance(spec, Mapping):
        return spec
    return {
        key: _modifier(one) if key in _MODIFIERS and isinstance(one, Mapping) else without_values(one)
        for key, one in spec.items()
    }


_MODIFIERS = ("requestHeaderModifier", "responseHeaderModifier")


def _modifier(modifier: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [
            {**one, "value": LEFT_OUT}
            if isinstance(one, Mapping) and "value" in one and str(one.get("name")).lower() not in HOSTS
            else one
            for one in value
        ]
        if key in ("set", "add") and isinstance(value, list)
        else value
        for key, value in modifier.items()
    }


def kept_beside(manifest: Manifest) -> dict[str, Any] | None:
    """The spec of an object that belongs to a mesh and decides no verdict, as far as rules look at it; None: nothing of
    it is kept."""
    spec = manifest.data.get("spec")
    if not isinstance(spec, Mapping):
        return None
    if manifest.kind == "Telemetry":
        return _selecting(spec)
    if manifest.kind == "WorkloadGroup":
        metadata, template = spec.get("metadata"), spec.get("template")
        labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
        account = template.get("serviceAccount") if isinstance(template, Mapping) else None
        return {"metadata": {"labels": labels}, "template": {"serviceAccount": account}}
    return None


def kept_setting(manifest: Manifest) -> dict[str, Any] | None:
    """The fields beside its metadata of an object that holds settings of a mesh; None for any other object."""
    setting = setting_of_mesh(manifest.api_version, manifest.kind, manifest.name)
    if not setting:
        return None
    if setting == "webhook":
        webhooks = manifest.data.get("webhooks")
        named = [one for one in webhooks if isinstance(one, Mapping)] if isinstance(webhooks, list) else []
        return {"webhooks": [_webhook(one) for one in named]}
    data = manifest.data.get("data")
    texts: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    if setting == "mesh":
        return {"data": {"mesh": _mesh(texts["mesh"])} if "mesh" in texts else {}}
    if setting == "injector":
        return {"data": {key: _injector(key, texts[key]) for key in ("config", "values") if key in texts}}
    return {"data": {ENABLEMENT: _enablement(texts[ENABLEMENT])} if ENABLEMENT in texts else {}}


def _webhook(hook: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: hook[key] for key in ("name", "failurePolicy") if isinstance(hook.get(key), str)}
    client = hook.get("clientConfig")
    service = client.get("service") if isinstance(client, Mapping) else None
    if isinstance(service, Mapping):
        names = {key: service[key] for key in ("name", "namespace") if isinstance(service.get(key), str)}
        return {**kept, "clientConfig": {"service": names}}
    return kept


def _enablement(text: Any) -> Any:
    value = parsed(text)
    keys = ("podSelector", "namespaceSelector")
    members = value if isinstance(value, list) else []
    found = [{key: one[key] for key in keys if key in one} if isinstance(one, Mapping) else {} for one in members]
    return json.dumps(found) if isinstance(value, list) else "{}"


def _mesh(text: Any) -> Any:
    from ringfence.dialects.istio.mesh_config import READ_WHOLE

    if isinstance(text, str) and not text.strip():
        return ""
    value = parsed(text)
    if not isinstance(value, Mapping):
        return _UNREADABLE
    kept: dict[str, Any] = {}
    for key, one in value.items():
        if key in READ_WHOLE:
            kept[key] = one
        elif key == "defaultConfig" and isinstance(one, Mapping):
            metadata = one.get("proxyMetadata")
            kept[key] = {name: one[name] for name in _PROXY_CONFIG if name in one}
            if "gatewayTopology" in one:
                kept[key]["gatewayTopology"] = _topology(one["gatewayTopology"])
            if isinstance(metadata, Mapping) and _HBONE in metadata:
                kept[key]["proxyMetadata"] = {_HBONE: metadata[_HBONE]}
        elif key == "caCertificates" and isinstance(one, list):
            kept[key] = [
                {"trustDomains": c["trustDomains"]} for c in one if isinstance(c, Mapping) and "trustDomains" in c
            ]
        elif key == "extensionProviders":
            kept[key] = [_provider(provider) for provider in one] if isinstance(one, list) else _bare(one)
        else:
            kept[key] = None
    return json.dumps(kept)


def _topology(said: Any) -> Any:
    """How many proxies are trusted, and the names of what else is said."""
    if not isinstance(said, Mapping):
        return _bare(said)
    return {str(name): value if name == "numTrustedProxies" else None for name, value in said.items()}


def _provider(provider: Any) -> Any:
    if not isinstance(provider, Mapping):
        return _bare(provider)
    kept: dict[str, Any] = {}
    for key, value in provider.items():
        if key == "name":
            kept[key] = value
        elif isinstance(value, Mapping):
            kept[key] = {name: one if name in ("service", "port") else None for name, one in value.items()}
        else:
            kept[key] = _bare(value) if key.startswith("envoyExtAuthz") else {}
    return kept


def _bare(value: Any) -> Any:
    """A value of the same type that says nothing."""
    return (
        "" if isinstance(value, str) else {} if isinstance(value, Mapping) else [] if isinstance(value, list) else value
    )


def _injector(key: str, text: Any) -> Any:
    value = parsed(text)
    if not isinstance(value, Mapping):
        return _UNREADABLE
    if key == "config":
        return json.dumps({
            name: value[name] for name in ("policy", "neverInjectSelector", "alwaysInjectSelector") if name in value
        })  # fmt: skip
    kept: dict[str, Any] = {}
    webhook, whole = value.get("sidecarInjectorWebhook"), value.get("global")
    if isinstance(webhook, Mapping):
        kept["sidecarInjectorWebhook"] = {
            name: webhook[name] for name in ("enableNamespacesByDefault",) if name in webhook
        }
    proxy = whole.get("proxy") if isinstance(whole, Mapping) else None
    if isinstance(proxy, Mapping):
        from ringfence.dialects.istio.capture import DEFAULTS

        kept["global"] = {"proxy": {name: one for name, one in proxy.items() if name in DEFAULTS}}
        if domain_name(proxy.get(CLUSTER_DOMAIN)):
            kept["global"]["proxy"][CLUSTER_DOMAIN] = proxy[CLUSTER_DOMAIN]
    return json.dumps(kept)


def keep_flags(manifest: Manifest, found: dict[str, Any]) -> None:
    """Adds to what is kept of an istiod the flags that are read."""
    if not manifest.name.startswith(ISTIOD) or manifest.kind not in ("Deployment", "Pod", "DaemonSet"):
        return
    whole, kept = _containers(manifest.data), _containers(found)
    for one, part in zip(whole, kept, strict=False):
        if isinstance(one, Mapping) and isinstance(part, dict) and domain_argument(one):
            part["args"] = [DOMAIN, domain_argument(one)]
        env = one.get("env") if isinstance(one, Mapping) else None
        if isinstance(env, list) and isinstance(part, dict):
            part["env"] = [
                {"name": entry["name"], "value": flag_value(entry)}
                for entry in env
                if isinstance(entry, Mapping) and entry.get("name") in _FLAGS
            ]


def _containers(data: Mapping[str, Any]) -> list[Any]:
    spec = data.get("spec")
    template = spec.get("template") if isinstance(spec, Mapping) else None
    if isinstance(template, Mapping):
        spec = template.get("spec")
    containers = spec.get("containers") if isinstance(spec, Mapping) else None
    return containers if isinstance(containers, list) else []
