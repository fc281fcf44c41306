"""Which namespaces have clients of their own kind: those of which some object says what their proxies know or send.

Clients of all other namespaces are told the same: whatever holds for one holds for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ringfence.dialects.istio.hosts import CLUSTER_DOMAIN, covers, full_name
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import DestinationRule, IstioObjects, VirtualService
from ringfence.dialects.istio.service_routes import KINDS

_OF_SERVICES = f".svc.{CLUSTER_DOMAIN}"


def own_homes(
    objects: IstioObjects, root: str, configs: Iterable[MeshConfig], *, exported: bool
) -> frozenset[str] | None:
    """The namespaces of which clients may be told something of their own; None: any. ``exported``: some Service says
    who may see it."""
    if exported or any(one.service_exports or one.rule_exports for one in configs):
        return None
    if any(one.named.namespace == root for one in objects.sidecars):
        # It can speak of each client's own namespace.
        return None
    found = {root}
    found.update(one.named.namespace for one in objects.sidecars)
    found.update(one.named.namespace for one in objects.extensions)
    for named, exports in (
        *((one.named, one.exports) for one in objects.virtual_services),
        *((one.named, one.exports) for one in objects.service_entries),
    ):
        if exports and "*" not in exports:
            found.update((named.namespace, *exports))
    found.update(_of_routes(objects.virtual_services, scoped=bool(objects.sidecars)))
    names = any(host.endswith(_OF_SERVICES) for one in objects.service_entries for host in one.hosts)
    found.update(one.named.namespace for one in objects.destination_rules if names or not _anybodys(one))
    return frozenset(found)


def _of_routes(routes: Sequence[VirtualService], *, scoped: bool) -> Iterator[str]:
    """Namespaces that a match names, and those with routes of the Gateway API that come first for their own clients, or
    hold for these alone."""
    others: set[str] = set()
    wide: list[str] = []
    homes: dict[str, set[str]] = {}
    for one in routes:
        names = [full_name(host, one.named.namespace) for host in one.hosts]
        if one.named.kind in KINDS:
            for name in names:
                homes.setdefault(name, set()).add(one.named.namespace)
        else:
            others.update(name for name in names if "*" not in name)
            wide += [name for name in names if "*" in name]
        for entry in one.entries:
            for match in entry.matches:
                space = match.get("sourceNamespace")
                if isinstance(space, str):
                    yield space
    for one in routes:
        if one.named.kind not in KINDS:
            continue
        home = one.named.namespace
        for name in (full_name(host, home) for host in one.hosts):
            alone = name.endswith(f".{home}{_OF_SERVICES}") and homes[name] == {home} and name not in others
            if scoped or one.entry is not None or not alone or any(covers(pattern, name) for pattern in wide):
                yield home


def _anybodys(rule: DestinationRule) -> bool:
    """Whether a rule is about a Service of its own namespace, and everybody's: clients elsewhere find it there."""
    host, home = full_name(rule.host, rule.named.namespace), rule.named.namespace
    about_own = "*" not in host and host.endswith(f".{home}{_OF_SERVICES}")
    return about_own and not rule.selector and (not rule.exports or "*" in rule.exports)


__all__ = ["own_homes"]
