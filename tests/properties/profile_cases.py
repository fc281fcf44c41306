"""Small clusters for every fact of a profile, asked with the fact answered yes, no and not at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.properties.clusters import Given, Object, Question
from tests.properties.corner_cases import (
    A,
    B,
    CornerCase,
    ask,
    block,
    both_families,
    cluster_policy,
    deployment,
    network_policy,
    owned,
)
from tests.truth.location import namespace, node, pod

VALUES = (True, False, None)
SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s", "namespace": "n"},
    "spec": {
        "clusterIP": "10.2.0.1",
        "selector": {"app": "a"},
        "ports": [{"name": "x", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
    },
}
TO_SERVICE = ("service", "n", "s")
OUT = ("address", "192.0.2.1")
HOME = ("pod", "n", "d")
CLOSED: Object = {"policyTypes": ["Ingress", "Egress"]}
PODS = (
    namespace("n", {}),
    pod("n", "a", {"app": "a"}, address="10.0.0.1"),
    pod("n", "b", {"app": "b"}, [("web", "TCP", 80)], address="10.0.0.2"),
)
DUAL = (
    namespace("n", {}),
    both_families(pod("n", "a", {"app": "a"}), "10.0.0.1", "fd00::1"),
    both_families(pod("n", "b", {"app": "b"}), "10.0.0.2", "fd00::2"),
)
EVERYONE: Object = {"namespaces": {}}
Case = tuple[tuple[str, ...], tuple[Object, ...], tuple[Question, ...]]


def old_policy(priority: int | None, **spec: object) -> Object:
    """An AdminNetworkPolicy, or without a priority the BaselineAdminNetworkPolicy."""
    body: Object = {"subject": {"namespaces": {}}, **spec}
    kind, name = "BaselineAdminNetworkPolicy", "default"
    if priority is not None:
        kind, name, body = "AdminNetworkPolicy", f"p{priority}", {"priority": priority, **body}
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": body,
    }


def into(*peers: Object, ports: tuple[Object, ...] = ()) -> Object:
    """Ingress from some peers at some ports."""
    rule: Object = {"from": list(peers)} if peers else {}
    return {"ingress": [{**rule, "ports": list(ports)} if ports else rule]}


def except_(cidr: str, *excepts: str) -> Object:
    return {"ipBlock": {"cidr": cidr, "except": list(excepts)}}


def cases() -> Iterator[Case]:
    """The facts that a cluster hangs on, its objects, what to ask."""
    both = (ask(A, B), ask(B, A), ask(A, OUT), ask(OUT, B))
    yield ("networkpolicy-ingress", "networkpolicy-egress"), (*PODS, network_policy(CLOSED)), both
    yield ("networkpolicy-ingress", "named-ports"), (*PODS, network_policy(into(ports=({"port": "web"},)))), both
    deny: Object = {"action": "Deny", "from": [EVERYONE]}
    accept: Object = {"action": "Accept", "from": [EVERYONE]}
    yield ("clusternetworkpolicy",), (*PODS, cluster_policy(ingress=[deny])), both
    yield ("adminnetworkpolicy", "admin-priority-above-99"), (*PODS, old_policy(100, ingress=[deny])), both
    yield ("adminnetworkpolicy", "admin-priority-above-99"), (*PODS, old_policy(99, ingress=[deny])), both
    yield ("baselineadminnetworkpolicy", "adminnetworkpolicy"), (*PODS, old_policy(None, ingress=[deny])), both
    owned_pod = owned(pod("n", "w-1", {"app": "w"}, address="10.0.0.9"))
    yield (
        ("standalone-pods",),
        (*PODS, owned_pod, network_policy(CLOSED)),
        (*both, ask(A, ("pod", "n", "w-1")), ask(OUT, ("pod", "n", "w-1")), ask(OUT, ("labels", {"app": "b"}, "n"))),
    )
    siblings = (except_("10.0.0.0/8", "10.0.0.0/30"), block("10.0.0.0/24"))
    deeper = (except_("10.0.0.0/8", "10.0.0.0/16"), block("10.0.0.0/31"), block("10.0.0.0/16"))
    for peers in (siblings, deeper, siblings[:1], (except_("0.0.0.0/0", "10.0.0.0/30"), block("10.0.0.1/32"))):
        yield ("except-is-local", "ipblock-matches-pods"), (*PODS, network_policy(into(*peers))), both
    two_rules = {"ingress": [{"from": list(siblings[:1])}, {"from": [block("10.0.0.1/32")]}]}
    yield ("except-is-local",), (*PODS, network_policy(two_rules)), both
    with_pods = {"ingress": [{"from": list(siblings[:1])}, {"from": [{"podSelector": {"matchLabels": {"app": "a"}}}]}]}
    yield ("except-is-local",), (*PODS, network_policy(with_pods)), both
    named_ports = {**into(ports=({"port": "web"},)), "egress": [{"ports": [{"port": 81}]}]}
    yield ("named-ports",), (*PODS, network_policy({**CLOSED, **named_ports})), (*both, ask(A, OUT, 81))
    far = (("address", "2001:db8::1"), ("address", "fc00::1"), ("address", "fd00::99"), ("address", "192.0.2.1"))
    six = (*DUAL, network_policy(into(except_("::/0", "2001:db8:1::/48"), block("192.0.2.0/24"))))
    asked = (*(ask(end, B) for end in far), ask(A, B))
    yield ("ipv6-zero-is-everything", "ipv6-ipblocks"), six, asked
    yield ("ipv6-filtered", "ipv6-ipblocks"), six, asked
    yield ("ipv6-zero-is-everything", "except-is-local"), six, asked
    sctp = network_policy(into(ports=({"port": 80, "protocol": "SCTP"}, {"port": 80})))
    at_sctp = (ask(A, B, 80, "SCTP"), ask(A, B), ask(A, B, 81, "SCTP"))
    yield ("sctp-ports", "sctp-filtered"), (*PODS, sctp), at_sctp
    named = cluster_policy(
        ingress=[{**accept, "protocols": [{"destinationNamedPort": "web"}]}, deny], subject={"namespaces": {}}
    )
    speaks = pod("n", "c", {}, [("web", "SCTP", 80)], address="10.0.0.3")
    to_c = (ask(A, ("pod", "n", "c"), 80, "SCTP"), ask(A, B), ask(A, B, 81))
    yield ("sctp-ports", "admin-named-ports"), (*PODS, speaks, named), to_c
    ranged = network_policy(into(ports=({"port": 80, "endPort": 90},)))
    yield ("end-port",), (*PODS, ranged), (ask(A, B), ask(A, B, 85), ask(A, B, 91))
    nodes = cluster_policy(egress=[{"action": "Deny", "to": [{"nodes": {}}]}, {"action": "Accept", "to": [EVERYONE]}])
    domains = cluster_policy(egress=[{"action": "Accept", "to": [{"domainNames": ["example.com"]}]}])
    yield (
        ("admin-node-peers", "clusternetworkpolicy"),
        (*PODS, node("k", {}, ["10.1.0.1"]), nodes),
        (*both, ask(A, ("node", "k"))),
    )
    yield ("admin-domain-peers",), (*PODS, domains, network_policy(CLOSED)), both
    networks = cluster_policy(egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}])
    host = pod("n", "h", {}, address="10.1.0.1", node="k", host_network=True)
    with_host = (*PODS, node("k", {}, ["10.1.0.1"]), host)
    to_host = (
        *both,
        ask(A, ("node", "k")),
        ask(A, ("pod", "n", "h")),
        ask(("pod", "n", "h"), A),
        ask(("node", "k"), A),
    )
    yield ("networks-match-pods", "networks-match-nodes"), (*with_host, networks), to_host
    yield (
        ("host-network-pods-are-pods", "admin-host-network-pods-are-pods"),
        (*with_host, cluster_policy(ingress=[deny]), network_policy(into({"podSelector": {}}))),
        to_host,
    )
    at_home = pod("n", "d", {}, address="10.0.0.4", node="k")
    yield (
        ("own-node-ingress-exempt", "own-node-egress-exempt"),
        (*with_host, at_home, network_policy(CLOSED)),
        tuple(ask(*ends) for end in (("node", "k"), ("pod", "n", "h")) for ends in ((end, HOME), (HOME, end))),
    )
    own = (ask(A, TO_SERVICE), ask(B, TO_SERVICE), ask(A, A, 8080))
    for spec in (CLOSED, into(), {"policyTypes": ["Egress"], "egress": [{}]}, {"policyTypes": ["Egress"]}):
        yield ("hairpin-egress-exempt", "hairpin-ingress-exempt"), (*PODS, SERVICE, network_policy(spec)), own
        yield ("services-seen-as-pods", "hairpin-egress-exempt"), (*PODS, SERVICE, network_policy(spec)), own
    opens = network_policy({"policyTypes": ["Egress"], "egress": [{}]}, name="q")
    yield ("services-seen-as-pods",), (*PODS, SERVICE, network_policy({"policyTypes": ["Egress"]}), opens), own
    headless: Object = {**SERVICE, "spec": {**SERVICE["spec"], "clusterIP": "None"}}
    yield ("hairpin-egress-exempt", "services-seen-as-pods"), (*PODS, headless, network_policy(CLOSED)), own
    hashed: Object = {"key": "pod-template-hash", "values": ["h1"]}
    one_way = {
        "ingress": [{"from": [{"podSelector": {"matchExpressions": [{**hashed, "operator": "In"}]}}]}],
        "egress": [{"to": [{"podSelector": {"matchExpressions": [{**hashed, "operator": "NotIn"}]}}]}],
    }
    alone = (namespace("n", {}), deployment("a", replicas=1), SERVICE, network_policy({**CLOSED, **one_way}))
    yield (
        ("hairpin-egress-exempt", "hairpin-ingress-exempt"),
        alone,
        (ask(("workload", "Deployment", "n", "a"), TO_SERVICE),),
    )
    itself = {"policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "a"}}}]}]}
    yield ("hairpin-ingress-exempt", "hairpin-egress-exempt"), (*PODS, SERVICE, network_policy(itself)), own
    yield (
        ("services-seen-as-pods", "clusternetworkpolicy"),
        (*PODS, SERVICE, cluster_policy(egress=[{"action": "Accept", "to": [EVERYONE]}])),
        own,
    )
    floor = cluster_policy(tier="Baseline", ingress=[deny])
    idle = network_policy({"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Egress"]})
    yield ("baseline-per-direction", "networkpolicy-egress"), (*PODS, floor, idle), both


def on_nodes() -> Iterator[CornerCase]:
    """Some nodes enforce policy and others do not, or it is not known."""
    objects = (
        *PODS,
        pod("n", "c", {"app": "c"}, address="10.0.0.3", node="k1"),
        pod("n", "d", {"app": "d"}, address="10.0.0.4", node="k2"),
        pod("n", "e", {"app": "d"}, address="10.0.0.5", node="k1"),
        pod("n", "f", {"app": "d"}, address="10.0.0.6", node="k3"),
        deployment("w"),
        network_policy({**into({"podSelector": {"matchLabels": {"app": "c"}}}), **CLOSED, "egress": [{"to": []}]}),
    )
    ends = [("pod", "n", name) for name in "acdef"] + [("workload", "Deployment", "n", "w")]
    asked = tuple(ask(one, other) for one in (*ends, OUT) for other in ends if one != other)
    for value, other, elsewhere in product(VALUES, VALUES, (True, None)):
        given = Given("calico", nodes=(("k1", value), ("k2", other)), elsewhere=elsewhere)
        yield CornerCase(f"k1 enforces: {value}, k2: {other}, others: {elsewhere}", objects, asked, given)


CASES: tuple[CornerCase, ...] = (
    *(
        CornerCase(
            f"{number}: " + ", ".join(f"{name} {value}" for name, value in zip(facts, values, strict=True)),
            objects,
            asked,
            Given(base, answers=tuple(zip(facts, values, strict=True))),
        )
        for number, (facts, objects, asked) in enumerate(cases())
        for values in product(VALUES, repeat=len(facts))
        for base in ("generic", "netpol-analyzer")
    ),
    *on_nodes(),
)
