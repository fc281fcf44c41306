"""Names of hosts: how objects write them, and which of several says most about one.

Source: istio ``pkg/config/host/name.go``, ``pilot/pkg/model/config.go`` (ResolveShortnameToFQDN, most specific host).
"""

from __future__ import annotations

from collections.abc import Iterable

CLUSTER_DOMAIN = "cluster.local"
"""Of Services. It is a setting of istiod's own, and seldom another one."""


def of_service(namespace: str, name: str) -> str:
    """The full name of a Service."""
    return f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"


def full_name(host: str, namespace: str) -> str:
    """What a host of an object in a namespace stands for: a name without a dot is one of its own namespace."""
    if not host or "*" in host or "." in host:
        return host
    return of_service(namespace, host)


def covers(pattern: str, host: str) -> bool:
    """Whether a host with or without a wildcard covers one name."""
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def most_specific(patterns: Iterable[str], host: str) -> str | None:
    """The pattern that says most about a host: the name itself, then the longest wildcard."""
    found = [pattern for pattern in patterns if covers(pattern, host)]
    if host in found:
        return host
    return max(found, key=len, default=None)


def visible(exports: Iterable[str], owner: str, to: str) -> bool:
    """Whether something that is exported to these namespaces (none said: all) is seen from one."""
    words = tuple(exports)
    if not words:
        return True
    return any(word == "*" or (word == "." and owner == to) or word == to for word in words if word != "~")
