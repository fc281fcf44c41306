"""Headers that the proxies of a mesh write into requests themselves.

Source: Envoy's documentation of its HTTP connection manager, "HTTP header manipulation", and of tracing; that policies
see them: asked of Envoy 1.40 (``tests/envoy``).
"""

from __future__ import annotations

_ADDED = ("x-forwarded-proto",)
_WRITTEN = (
    *_ADDED,
    "x-request-id",
    "x-client-trace-id",
    "x-forwarded-client-cert",
    "x-ot-span-context",
    "x-cloud-trace-context",
    "grpc-trace-bin",
    "traceparent",
    "tracestate",
    "b3",
)
_BEGINNINGS = ("x-envoy-", "x-b3-")


def written_by_proxies(name: str) -> bool:
    """Whether proxies may write a header (lower case), whether a request has it or not."""
    return name in _WRITTEN or name.startswith(_BEGINNINGS)


def added_by_proxies(name: str) -> bool:
    """Whether sidecars and waypoints leave a header of those as it is where a request has it. Gateways do not."""
    return name in _ADDED
