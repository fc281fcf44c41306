"""The cluster's DNS as the rules see it: where it is reached, which rules are for it, who does not use it.

Sources: Kubernetes, "DNS for Services and Pods" (dnsPolicy) and "Using NodeLocal DNSCache in Kubernetes Clusters".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ringfence.model.policy import Direction, PortMatch, Rule, Tier
from ringfence.rules.examples import workload_text
from ringfence.rules.finding import Subject
from ringfence.rules.situation import Situation, Workload
from ringfence.sets import addresses as ip
from ringfence.values import Value

PORT = 53
PORT_NAMES = frozenset(("dns", "dns-tcp", "dns-udp"))
STAND_IN = "k8s-app=kube-dns@kube-system"
"""The DNS pod of most clusters, where the input has none."""

LOCAL_CACHE = "node-local-dns"
"""The DaemonSet of NodeLocal DNSCache."""
LOCAL_ADDRESS = "169.254.20.10"
"""Where it listens on every node, unless its flags say otherwise."""
LINK_LOCAL = (ip.cidr("169.254.0.0/16"), ip.cidr("fe80::/10"))

MISSING = "the input has neither the pods of the cluster's DNS nor its Service (kube-system/kube-dns)"


class Resolver(Value):
    """A way to the cluster's DNS: ``text`` as ``can`` takes it, ``name`` for people, and the port of each protocol."""

    text: str
    name: str
    ports: Mapping[str, int]


def resolvers(situation: Situation) -> tuple[Resolver, ...]:
    """The Services of the cluster's DNS, else its pods; those only of which the input has the pods."""
    found = []
    pods = situation.cluster.pods
    for service in situation.dns_services:
        behind = any(situation.services_of(pods[index]).count(service) for index in situation.dns_pods)
        if behind or service.backends:
            ports = {port.protocol: PORT for port in service.ports if port.port == PORT}
            text = f"{service.namespace}/service/{service.name}"
            found.append(Resolver(text, f"Service {service.namespace}/{service.name}", ports))
    if found or situation.dns_services:
        return tuple(found)
    for workload in dns_workloads(situation):
        numbers = {port.protocol: port.number for port in pods[workload.pods[0]].ports if port.name in PORT_NAMES}
        text = workload_text(situation, workload)
        found.append(Resolver(text, str(workload.subject), {"UDP": PORT, "TCP": PORT, **numbers}))
    return tuple(found)


def dns_workloads(situation: Situation) -> tuple[Workload, ...]:
    """The workloads of the DNS pods."""
    wanted = set(situation.dns_pods)
    spaces = {situation.cluster.pods[index].namespace for index in wanted}
    return tuple(
        workload
        for space in sorted(spaces)
        for workload in situation.workloads_by_namespace[space]
        if wanted.intersection(workload.pods)
    )


def local_cache(situation: Situation) -> Resolver | None:
    """NodeLocal DNSCache, if the input has it."""
    for workload in situation.workloads:
        if workload.ref.name == LOCAL_CACHE and workload.ref.kind == "DaemonSet":
            address = _listening(_pod_spec(situation, workload.subject)) or LOCAL_ADDRESS
            return Resolver(address, f"NodeLocal DNSCache ({address})", {"UDP": PORT, "TCP": PORT})
    return None


def _listening(spec: Mapping[str, Any]) -> str:
    """The link-local address among those of the flag ``-localip``."""
    for container in _list(spec, "containers"):
        words = [
            word
            for key in ("command", "args")
            for word in (_list(container, key) if isinstance(container, Mapping) else ())
            if isinstance(word, str)
        ]
        for word, following in pairwise([*words, ""]):
            flag, equals, value = word.lstrip("-").partition("=")
            for text in (value if equals else following).split(",") if flag == "localip" else ():
                try:
                    number = ip.address(text.strip())
                except ValueError:
                    continue
                if ip.contains(LINK_LOCAL, number):
                    return ip.address_text(number)
    return ""


def _pod_spec(situation: Situation, subject: Subject) -> Mapping[str, Any]:
    """The pod's spec, or that of the template, as written; empty where the input does not have the object."""
    manifest = situation.manifest(subject)
    if manifest is None:
        return {}
    data = _map(manifest.data, "spec")
    if manifest.kind == "CronJob":
        data = _map(_map(data, "jobTemplate"), "spec")
    return data if manifest.kind == "Pod" else _map(_map(data, "template"), "spec")


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(data: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else ()


def asks_others(situation: Situation, workload: Workload) -> bool:
    """Whether a workload does not ask the cluster's DNS: it is that itself, or its dnsPolicy names other servers."""
    policy = _pod_spec(situation, workload.subject).get("dnsPolicy")
    return policy in ("None", "Default") or not set(situation.dns_pods).isdisjoint(workload.pods)


def covers(matches: Sequence[PortMatch] | None, protocol: str) -> bool:
    """Whether the ports of a rule include port 53 of a protocol."""
    return matches is None or any(
        match.protocol == protocol and match.name is None and match.first <= PORT <= match.last for match in matches
    )


def is_for_dns(rule: Rule, protocol: str) -> bool:
    """Whether a rule is written for DNS: it names port 53 alone, or a port by the name that DNS pods give it."""
    return any(
        match.protocol == protocol
        and (match.name in PORT_NAMES if match.name is not None else match.first == match.last == PORT)
        for match in rule.ports or ()
    )


def restricted(situation: Situation, pod: int) -> bool:
    """Whether any policy governs what a pod may connect to."""
    column = situation.relation.universe.class_of_pod[pod]
    return any(situation.relation.selected(column, Direction.EGRESS, tier) for tier in Tier)


def listening(situation: Situation, protocol: str) -> frozenset[int]:
    """The ports on which the DNS pods themselves are asked, behind their Service: 53, or 5353 in OpenShift."""
    found: set[int] = set()
    for index in situation.dns_pods:
        pod = situation.cluster.pods[index]
        declared = {port.name: port.number for port in pod.ports if port.protocol == protocol}
        targets: list[int | str] = [
            port.target
            for service in situation.services_of(pod)
            if service in situation.dns_services
            for port in service.ports
            if port.port == PORT and port.protocol == protocol and not service.headless
        ]
        if not situation.dns_services:
            targets = [number for name, number in declared.items() if name in PORT_NAMES] or [PORT]
        found.update(target if isinstance(target, int) else declared.get(target, 0) for target in targets)
    return frozenset(found - {0})


def allowing_rule(situation: Situation) -> str:
    """An egress rule that lets pods ask the DNS of the input, or that of most clusters."""
    namespace, labels = "kube-system", {"k8s-app": "kube-dns"}
    for service in situation.dns_services:
        if service.selector:
            namespace, labels = service.namespace, dict(service.selector)
    if not situation.dns_services and situation.dns_pods:
        pod = situation.cluster.pods[situation.dns_pods[0]]
        namespace, labels = pod.namespace, {"k8s-app": pod.labels["k8s-app"]}
    selector = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items()))
    ports = ", ".join(
        f"{{protocol: {protocol}, port: {number}}}"
        for protocol in ("UDP", "TCP")
        for number in sorted(listening(situation, protocol)) or [PORT]
    )
    lines = [
        "- to:",
        f"  - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}",
        f"    podSelector: {{matchLabels: {{{selector}}}}}",
    ]
    cache = local_cache(situation)
    if cache is not None:
        lines.append(f"  - ipBlock: {{cidr: {cache.text}/{128 if ':' in cache.text else 32}}}")
    return "\n".join((*lines, f"  ports: [{ports}]"))
