"""Defaults of a namespace: STRICT in a PeerAuthentication, and AuthorizationPolicies that allow only who comes today.

An AuthorizationPolicy with an empty spec allows nobody, at every workload of its namespace; others add to it. Where a
workload has policies already that ALLOW, only those whom they allow come, and nothing is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ringfence.dialects.istio.attachment import attaches
from ringfence.dialects.istio.remedies import AUTHORIZATION, MOST_PORTS, PEER, JsonObject, labels_of, new_object
from ringfence.model.cluster import Pod
from ringfence.model.mesh import Numbers, Point, PointSort, Proxy, Source
from ringfence.model.mesh_edits import REQUESTS, TRANSPORT, Allowance, Remedy, Written
from ringfence.model.text import printable

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_config import AuthorizationConfig
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
    from ringfence.dialects.istio.mesh import IstioMesh

MOST_PRINCIPALS = 50
"""Identities that a rule names; of more it names their namespaces."""
STRICT: Mapping[str, Any] = {"mode": "STRICT"}


def strict_by_default(mesh: IstioMesh, namespace: str, written: Written) -> Remedy | None:
    """STRICT for a namespace. In the root namespace it would be for the whole mesh: None."""
    if namespace == mesh.config.root_namespace:
        return None
    own = [
        one
        for one in mesh.objects.peer_authentications
        if one.named.namespace == namespace and not one.selector and not one.broken
    ]
    spaces, layers = frozenset((namespace,)), (TRANSPORT,)
    called = printable(namespace)
    if not own:
        made = new_object(written, PEER, namespace, "default", {"mtls": dict(STRICT)})
        return Remedy(f"add a {PEER} that is STRICT for namespace {called}", None, (made,), 1, layers, spaces)
    changed = []
    for one in own:
        data = written(Source(PEER, namespace, one.named.name, one.named.place))
        if data is None:
            return None
        copied: JsonObject = deepcopy(dict(data))
        copied["spec"]["mtls"] = dict(STRICT)
        changed.append(copied)
    names = printable(", ".join(f"{namespace}/{one.named.name}" for one in own))
    return Remedy(f"make {PEER} {names} STRICT", own[0].named.place, tuple(changed), len(changed), layers, spaces)


def denied_by_default(mesh: IstioMesh, namespace: str, allowed: Sequence[Allowance], written: Written) -> Remedy | None:
    """An empty AuthorizationPolicy, and one for every workload that has none which allows. In the root namespace it
    would be for the whole mesh: None."""
    if namespace == mesh.config.root_namespace:
        return None
    made = [new_object(written, AUTHORIZATION, namespace, "allow-nothing", {})]
    config = mesh.authorization
    allowing = [one for one in mesh.policies if one.action == "ALLOW" and not one.dry_run]
    rules: dict[tuple[str, tuple[tuple[str, str], ...]], list[JsonObject]] = {}
    who: set[str] = set()
    for one in allowed:
        labels = labels_of(one.server)
        if not labels or _has_allow(mesh, allowing, config, one.server):
            continue
        principals = sorted({each.text.removeprefix("spiffe://") for each in one.identities})
        source = {"principals": principals}
        if len(principals) > MOST_PRINCIPALS:
            source = {"namespaces": sorted({each.namespace for each in one.identities})}
        who.update(*source.values())
        rule: JsonObject = {"from": [{"source": source}]}
        ports = _few(one.ports)
        if ports:
            rule["to"] = [{"operation": {"ports": ports}}]
        known = rules.setdefault((one.server.workload.name, tuple(sorted(labels.items()))), [])
        if rule not in known:
            known.append(rule)
    taken: set[str] = set()
    for (name, labels_there), own in rules.items():
        spec = {"selector": {"matchLabels": dict(labels_there)}, "action": "ALLOW", "rules": own}
        policy = new_object(written, AUTHORIZATION, namespace, f"allow-{name}", spec)
        while policy["metadata"]["name"] in taken:
            policy["metadata"]["name"] += "-2"
        taken.add(policy["metadata"]["name"])
        made.append(policy)
    text = f"add an {AUTHORIZATION} that allows nobody in namespace {printable(namespace)}"
    if who:
        noun = "identity or namespace that comes" if len(who) == 1 else "identities and namespaces that come"
        if all("/" in one for one in who):
            noun = "identity that comes" if len(who) == 1 else "identities that come"
        text += f", and allow the {len(who)} {noun} today"
    fields = sum(1 + 2 * len(own) for own in rules.values())
    return Remedy(text, None, tuple(made), fields, (REQUESTS,), frozenset((namespace,)))


def _has_allow(mesh: IstioMesh, allowing: Sequence[AuthorizationPolicy], config: AuthorizationConfig, pod: Pod) -> bool:
    """Whether somebody is allowed there by name, and nobody else. ``allowing``: the policies that ALLOW."""
    proxies = {option.value.proxy for option in mesh.membership(pod)}
    sort = PointSort.NODE if Proxy.NODE in proxies else PointSort.SIDECAR
    point = Point(sort, pod, sort is PointSort.SIDECAR)
    return any(attaches(one.attachment, point, config) is not False for one in allowing)


def _few(ports: Numbers) -> list[str]:
    """The ports, where they are few enough to be named."""
    if sum(last - first + 1 for first, last in ports) > MOST_PORTS:
        return []
    return [str(port) for first, last in ports for port in range(first, last + 1)]


__all__ = ["denied_by_default", "strict_by_default"]
