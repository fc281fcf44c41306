"""What DestinationRules tell a client's proxy to send.

Sources: istio ``pilot/pkg/model/push_context.go`` (destinationRule: whose rules count, and which host), ``sidecar.go``
(rules with a selector), ``pilot/pkg/networking/util`` (MergeTrafficPolicy).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ringfence.dialects.istio.hosts import covers, full_name, most_specific, of_service, visible
from ringfence.dialects.istio.merging import merged
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import (
    DestinationRule,
    Named,
    ServiceEntry,
    Subset,
    Tls,
    TrafficPolicy,
    VirtualService,
)
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
        return self.for_host(source, of_service(service.namespace, service.name), service.namespace, config)

    def for_host(self, source: Pod, host: str, home: str, config: MeshConfig) -> list[Option[DestinationRule | None]]:
        """The rule that counts for a client and a host that an object of namespace ``home`` has."""
        client = source.namespace
        local = self._in(client, host, lambda one: _local(one, config, client == self._root))
        if local:
            # The host has chosen: where no selector takes the client, rules of other namespaces do not come in.
            return list(_among(local, source))
        for namespace in dict.fromkeys((home, self._root)):
            exported = self._in(namespace, host, lambda one: not _private(one, config))
            seen = [one for one in exported if visible(one.exports, namespace, client)]
            if seen:
                return list(_among(seen, source))
        return [Option(None)]

    def _in(self, namespace: str, host: str, takes: Callable[[DestinationRule], bool]) -> Sequence[DestinationRule]:
        """The rules of a namespace for the most specific host that some of them have."""
        hosts = {
            pattern: kept
            for pattern, rules in self._by_namespace.get(namespace, {}).items()
            if (kept := [one for one in rules if takes(one)])
        }
        best = most_specific(hosts, host)
        return () if best is None else hosts[best]


def _speaks_of_tls(rule: DestinationRule) -> bool:
    policies = (rule.policy, *(subset.policy for subset in rule.subsets))
    return bool(rule.broken) or any(
        policy is not None and (policy.tls is not None or any(policy.ports.values())) for policy in policies
    )


def _private(rule: DestinationRule, config: MeshConfig) -> bool:
    """Whether only its own namespace has the rule; one with a selector has no other."""
    own = rule.named.namespace
    if rule.selector or set(rule.exports) in ({"."}, {own}):
        return True
    return not rule.exports and "." in config.rule_exports


def _local(rule: DestinationRule, config: MeshConfig, root: bool) -> bool:
    """Whether clients of its own namespace look at the rule before those of other namespaces."""
    if root:
        return _private(rule, config)
    return bool(rule.selector) or visible(rule.exports, rule.named.namespace, rule.named.namespace)


def _among(rules: Sequence[DestinationRule], source: Pod) -> Iterator[Option[DestinationRule | None]]:
    """The rule for a client: one with a selector that takes it comes first."""
    chosen = [one for one in rules if one.selector and selects(one.selector, source)]
    perhaps = [one for one in rules if one.selector and selects(one.selector, source) is None]
    fact, decide = "", ""
    if not chosen and perhaps:
        decide = "the labels of the client"
        for one in perhaps:
            yield Option(one, f"{one.named} selects the client", decide)
        fact = f"{', '.join(str(one.named) for one in perhaps)} does not select the client"
    candidates = chosen or [one for one in rules if not one.selector]
    if not candidates:
        yield Option(None, fact, decide)
        return
    if len({frozenset(one.exports) for one in candidates}) > 1:
        # What is exported otherwise is not merged, and then it is not documented which of them counts.
        with_policy = [one for one in candidates if one.policy is not None or one.broken] or candidates
        for one in with_policy:
            text = ", and ".join(filter(None, (fact, f"{one.named} counts of those for one host")))
            yield Option(one, text, decide or "rules that are exported alike, or one rule")
        return
    for option in merged(candidates):
        yield Option(option.value, ", and ".join(filter(None, (fact, option.fact))), decide or option.decide)


def tls_at(policy: TrafficPolicy | None, port: int) -> Tls | None:
    """What a policy says of a Service's port; the settings of a port inherit nothing."""
    if policy is None:
        return None
    return policy.ports.get(port, policy.tls)


def by_whom(rule: DestinationRule, subset: Subset) -> Named:
    """The object that says what is sent to a subset of a rule."""
    own = subset.policy
    return subset.named if own is not None and subset.named is not None else rule.named


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
            found[(tls, by_whom(rule, subset))] = None
            break
        else:
            found[(tls, rule.named if tls is not None else None)] = None
    return list(found) or [(whole, rule.named if whole is not None else None)]
