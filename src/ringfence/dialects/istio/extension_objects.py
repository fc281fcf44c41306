"""EnvoyFilter and WasmPlugin: objects that put something of their own into the proxies. What they do is not modelled;
where they reach, what the proxy decides is not known.

Some filters never decide whether a request passes; they are known by name. Source: istio/api ``networking/v1alpha3``
(EnvoyFilter), ``extensions/v1alpha1`` (WasmPlugin), Envoy's reference of extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.istio.objects import Extension
from ringfence.dialects.istio.shapes import labels_of, named
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest

_HARMLESS = (
    *("istio.stats", "istio.metadata_exchange", "istio.peer_metadata", "istio.alpn", "istio.access_log"),
    *("envoy.filters.http.grpc_stats", "envoy.filters.http.compressor", "envoy.filters.http.decompressor"),
    *("envoy.filters.http.local_ratelimit", "envoy.filters.http.ratelimit", "envoy.filters.http.tap"),
    *("envoy.filters.http.health_check", "envoy.filters.http.buffer", "envoy.filters.http.grpc_web"),
    "envoy.filters.network.metadata_exchange",
)
"""Filters that watch, or that limit how much passes and not what."""
_OUTBOUND = ("SIDECAR_OUTBOUND",)
_ADDING = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD")
_FILTERS = ("HTTP_FILTER", "NETWORK_FILTER")


def read_envoy_filter(manifest: Manifest) -> tuple[Extension | None, list[Problem]]:
    """An EnvoyFilter; None where all that it adds are filters that change no verdict."""
    spec = _mapping(manifest.data.get("spec"))
    patches = [one for one in _list(spec.get("configPatches")) if not _harmless(_mapping(one))]
    if not patches:
        return None, []
    contexts = [_mapping(_mapping(one).get("match")).get("context", "ANY") for one in patches]
    return (
        Extension(
            named(manifest),
            labels_of(spec.get("workloadSelector"), "labels"),
            _targets(spec),
            any(context not in _OUTBOUND for context in contexts),
            any(context not in ("SIDECAR_INBOUND", "GATEWAY", "WAYPOINT") for context in contexts),
        ),
        [],
    )


def _harmless(patch: Mapping[str, Any]) -> bool:
    inner = _mapping(patch.get("patch"))
    value = _mapping(inner.get("value"))
    return (
        patch.get("applyTo") in _FILTERS and inner.get("operation") in _ADDING and value.get("name") in _HARMLESS
    ) or patch.get("applyTo") == "BOOTSTRAP"


def read_wasm_plugin(manifest: Manifest) -> tuple[Extension, list[Problem]]:
    """A WasmPlugin."""
    spec = _mapping(manifest.data.get("spec"))
    modes = [_mapping(one).get("mode", "CLIENT_AND_SERVER") for one in _list(spec.get("match"))]
    return (
        Extension(
            named(manifest),
            labels_of(spec.get("selector")),
            _targets(spec),
            not modes or any(mode != "CLIENT" for mode in modes),
            not modes or any(mode != "SERVER" for mode in modes),
        ),
        [],
    )


def _targets(spec: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = _list(spec.get("targetRefs")) or [spec.get("targetRef")]
    return tuple(
        (str(target.get("kind", "")), str(target.get("name", ""))) for target in map(_mapping, given) if target
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
