"""What DestinationRules tell a client's proxy to send.

Sources: istio ``pilot/pkg/model/push_context.go`` (destinationRule: whose rules count, and which host), ``sidecar.go``
(rules with a selector), ``pilot/pkg/networking/util`` (MergeTrafficPolicy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ringfence.dialects.istio.ages import oldest, oldest_fact
from ringfence.dialects.istio.hosts import covers, full_name, most_specific, of_service, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import DestinationRule, Named, ServiceEntry, Tls, TrafficPolicy, VirtualService
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Option

Told = tuple[Tls | None, Named | None]
"""What is told of TLS, and by whom."""


class DestinationRules:
    """The DestinationRules of one cluster."""

    def __init__(self, rules: Iterable[DestinationRule], root: str) -> None:
        self._root = root
        self._by_namespace: dict[str, dict[str, list[DestinationRule]]] = {}
        for one in rules:
            host = full_name(one.host, one.named.namespace)
            self._by_namespace.setdefault(one.named.namespace, {}).setdefault(host, []).append(one)

    def __bool__(self) -> bool:
        return bool(self._by_namespace)

    def ports(self) -> frozenset[int]:
        """Service ports that any of them mentions."""
        return frozenset(
            port
            for hosts in self._by_namespace.values()
            for rules in hosts.values()
            for rule in rules
            for policy in (rule.policy, *(subset.policy for subset in rule.subsets))
            if policy is not None
            for port in policy.ports
        )

    def speak_of(self, entry: ServiceEntry) -> bool:
        """Whether some rule says what is sent to a host of an entry."""
        return any(
            covers(pattern, host) and any(_speaks_of_tls(rule) for rule in rules)
            for hosts in self._by_namespace.values()
            for pattern, rules in hosts.items()
            for host in entry.hosts
        )

    def for_service(self, source: Pod, service: Service, config: MeshConfig) -> list[Option[DestinationRule | None]]:
        """The rule that counts for a client and a Service."""
        host = of_service(service.namespace, service.name)
        for rules in self._levels(source.namespace, service.namespace, host, config):
            options = list(_of_level(rules, source))
            if options:
                return options
        return [Option(None)]

    def _levels(self, client: str, owner: str, host: str, config: MeshConfig) -> Iterator[Sequence[DestinationRule]]:
        """The rules for the host of the client's namespace, of the Service's, of the root namespace."""
        if client != self._root:
            found = self._in(client, host)
            yield [one for one in found if not one.exports or visible(one.exports, client, client)]
        for namespace in dict.fromkeys((owner, self._root)):
            found = self._in(namespace, host)
            yield [one for one in found if visible(one.exports or config.rule_exports, namespace, client)]

    def _in(self, namespace: str, host: str) -> Sequence[DestinationRule]:
        hosts: Mapping[str, Sequence[DestinationRule]] = self._by_namespace.get(namespace, {})
        best = most_specific(hosts, host)
        return () if best is None else hosts[best]


def _speaks_of_tls(rule: DestinationRule) -> bool:
    policies = (rule.policy, *(subset.policy for subset in rule.subsets))
    return bool(rule.broken) or any(
        policy is not None and (policy.tls is not None or any(policy.ports.values())) for policy in policies
    )


def _of_level(rules: Sequence[DestinationRule], source: Pod) -> Iterator[Option[DestinationRule | None]]:
    """Rules with a selector that takes the client come first, and hold in their own namespace only."""
    chosen = [
        one
        for one in rules
        if one.selector and one.named.namespace == source.namespace and selects(one.selector, source)
    ]
    candidates = chosen or [one for one in rules if not one.selector]
    # The oldest gives the policy; one that has none leaves it to the next.
    with_policy = [one for one in candidates if one.policy is not None or one.broken] or candidates
    among = oldest(with_policy)
    for one in among:
        yield Option(one, *oldest_fact(one, among))


def tls_at(policy: TrafficPolicy | None, port: int) -> Tls | None:
    """What a policy says of a Service's port; the settings of a port inherit nothing."""
    if policy is None:
        return None
    return policy.ports.get(port, policy.tls)


def told(
    rule: DestinationRule | None, port: int, destination: Pod | None, routes: Sequence[VirtualService], host: str
) -> list[Told]:
    """What the rule tells for a Service's port, once for each subset that requests may be sent to."""
    if rule is None:
        return [(None, None)]
    whole = tls_at(rule.policy, port)
    subsets = {
        subset
        for route in routes
        for target, subset in route.targets
        if full_name(target, route.named.namespace) == host
    }
    found: dict[Told, None] = {}
    for name in sorted(subsets) or [""]:
        tls = whole
        for subset in rule.subsets:
            if subset.name != name or not name:
                continue
            if destination is not None and selects(subset.labels, destination) is False:
                break
            own = subset.policy
            if own is not None:
                tls = own.ports.get(port, own.tls or whole)
            found[(tls, rule.named)] = None
            break
        else:
            found[(tls, rule.named if tls is not None else None)] = None
    return list(found) or [(whole, rule.named if whole is not None else None)]
