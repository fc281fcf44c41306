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
_INBOUND = ("SIDECAR_INBOUND", "ANY")
_OUTBOUND = ("SIDECAR_OUTBOUND", "ANY")
_VIRTUAL_INBOUND = 15006
"""The port at which sidecars get everything: it names none of the workload's."""
_ADDING = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD")
_OF_REQUESTS = ("HTTP_FILTER", "HTTP_ROUTE", "VIRTUAL_HOST", "ROUTE_CONFIGURATION")
"""What is only there where the proxy takes a connection for HTTP."""
_FILTERS = ("HTTP_FILTER", "NETWORK_FILTER")


def read_envoy_filter(manifest: Manifest) -> tuple[Extension | None, list[Problem]]:
    """An EnvoyFilter; None where all that it adds are filters that change no verdict."""
    spec = _mapping(manifest.data.get("spec"))
    patches = [one for one in _list(spec.get("configPatches")) if not _harmless(_mapping(one))]
    if not patches:
        return None, []
    matches = [_mapping(_mapping(one).get("match")) for one in patches]
    contexts = [match.get("context") or "ANY" for match in matches]
    known = (*_INBOUND, *_OUTBOUND, "GATEWAY", "WAYPOINT")
    any_other = any(context not in known for context in contexts)
    inbound = [match for match, context in zip(matches, contexts, strict=True) if context != "SIDECAR_OUTBOUND"]
    return (
        Extension(
            named(manifest),
            labels_of(spec.get("workloadSelector"), "labels"),
            _targets(spec),
            any_other or any(context in _INBOUND for context in contexts),
            any_other or any(context in _OUTBOUND for context in contexts),
            any_other or any(context in ("GATEWAY", "ANY") for context in contexts),
            True if "WAYPOINT" in contexts or any_other else None,
            http=all(_mapping(one).get("applyTo") in _OF_REQUESTS for one in patches),
            ports=_listener_ports(inbound),
        ),
        [],
    )


def _listener_ports(matches: list[Mapping[str, Any]]) -> tuple[int, ...]:
    """The ports of listeners to which all patches keep; empty: some do not."""
    found = {_number(_mapping(match.get("listener")).get("portNumber")) for match in matches}
    return () if found & {0, _VIRTUAL_INBOUND} else tuple(sorted(found))


def _number(value: Any) -> int:
    """A port; 0 for what is none."""
    return value if type(value) is int and 0 < value < 65536 else 0


def _harmless(patch: Mapping[str, Any]) -> bool:
    inner = _mapping(patch.get("patch"))
    value = _mapping(inner.get("value"))
    return (
        patch.get("applyTo") in _FILTERS and inner.get("operation") in _ADDING and value.get("name") in _HARMLESS
    ) or patch.get("applyTo") == "BOOTSTRAP"


def read_wasm_plugin(manifest: Manifest) -> tuple[Extension, list[Problem]]:
    """A WasmPlugin, or a TrafficExtension, which has the same fields to say where it is."""
    spec = _mapping(manifest.data.get("spec"))
    matches = [_mapping(one) for one in _list(spec.get("match"))]
    modes = [one.get("mode", "CLIENT_AND_SERVER") for one in matches]
    serving = [one for one, mode in zip(matches, modes, strict=True) if mode != "CLIENT"]
    numbers = {_number(_mapping(each).get("number")) for one in serving for each in _list(one.get("ports")) or [None]}
    return (
        Extension(
            named(manifest),
            labels_of(spec.get("selector")),
            _targets(spec),
            not modes or bool(serving),
            not modes or any(mode != "SERVER" for mode in modes),
            # Of gateways it takes the side on which they are clients.
            not modes or any(mode != "SERVER" for mode in modes),
            http=spec.get("type", "HTTP") in ("HTTP", "UNSPECIFIED_PLUGIN_TYPE") and manifest.kind == "WasmPlugin",
            ports=() if 0 in numbers else tuple(sorted(numbers)),
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
