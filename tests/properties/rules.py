"""Random policies of every dialect: tiers, ties, Pass, excepts, named ports, nil and empty lists, and broken ones."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from random import Random
from typing import Any

from tests.properties.alphabet import (
    APP_LABELS,
    CIDRS,
    CONTROLLER_LABELS,
    DOMAINS,
    EXCEPTS,
    NAME_LABEL,
    NODE_LABELS,
    PORT_NAMES,
    PORTS,
    PROTOCOLS,
    SPACE_LABELS,
    chance,
)

Object = dict[str, Any]
POLICY_GROUP = "policy.networking.k8s.io"


class Writer:
    """Writes policies for some namespaces."""

    def __init__(self, random: Random, spaces: list[str]) -> None:
        self.random = random
        self.spaces = spaces

    def policies(self) -> list[Object]:
        """A few of each: NetworkPolicies, and one or both of the admin languages."""
        random = self.random
        found = [self.network_policy(number) for number in range(random.randint(0, 4))]
        style = random.choice(["none", "cluster", "cluster", "admin", "both", "generations"])
        if style in ("cluster", "both"):
            found += [self.cluster_policy(number) for number in range(random.randint(1, 3))]
        if style in ("admin", "both"):
            found += [self.admin_policy(number) for number in range(random.randint(1, 3))]
        if style == "generations":
            found += [self.cluster_policy(number, "Baseline") for number in range(random.randint(2, 3))]
        if style == "generations" or (style in ("admin", "both") and chance(random, 0.5)):
            found.append(self.baseline())
        return found

    def some(self, make: Callable[[], Object], low: int, high: int) -> list[Object]:
        """A list of them."""
        return [make() for _ in range(self.random.randint(low, high))]

    # selectors

    def selector(self, alphabet: dict[str, list[str]]) -> Object | None:
        """None and {} now and then."""
        random = self.random
        if chance(random, 0.2):
            return {}
        selector: Object = {}
        if chance(random, 0.6):
            key = random.choice(list(alphabet))
            selector["matchLabels"] = {key: random.choice(alphabet[key])}
        if not selector or chance(random, 0.3):
            selector["matchExpressions"] = self.some(lambda: self.expression(alphabet), 1, 2)
        return selector

    def expression(self, alphabet: dict[str, list[str]]) -> Object:
        key = self.random.choice(list(alphabet))
        operator = self.random.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        if operator in ("Exists", "DoesNotExist"):
            return {"key": key, "operator": operator}
        count = self.random.randint(1, len(alphabet[key]))
        return {"key": key, "operator": operator, "values": self.random.sample(alphabet[key], count)}

    def pods(self) -> Object | None:
        return self.selector(
            {**APP_LABELS, **APP_LABELS, **CONTROLLER_LABELS} if chance(self.random, 0.3) else APP_LABELS
        )

    def namespaces(self) -> Object | None:
        return self.selector(SPACE_LABELS if chance(self.random, 0.75) else {NAME_LABEL: [*self.spaces, "elsewhere"]})

    # NetworkPolicy

    def network_policy(self, number: int) -> Object:
        random = self.random
        spec: Object = {"podSelector": self.pods()}
        if chance(random, 0.05):
            spec["podSelector"] = None
        types = random.choice([None, None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Ingress"]])
        if types is not None:
            spec["policyTypes"] = types
        if chance(random, 0.75):
            spec["ingress"] = (
                random.choice([None, []]) if chance(random, 0.15) else self.some(lambda: self.np_rule("from"), 1, 2)
            )
        if chance(random, 0.5):
            spec["egress"] = (
                random.choice([None, []]) if chance(random, 0.15) else self.some(lambda: self.np_rule("to"), 1, 2)
            )
        if chance(random, 0.1):
            self.one_block(spec)
        if chance(random, 0.1):
            self.break_network_policy(spec)
        metadata = {"name": f"p{number}", "namespace": random.choice(self.spaces)}
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}

    def one_block(self, spec: Object) -> None:
        """In from a block and out to the same one: two pods at the same single address would do."""
        peer = self.np_peer()
        while "ipBlock" not in peer:
            peer = self.np_peer()
        spec |= {"ingress": [{"from": [peer]}], "egress": [{"to": [peer]}], "policyTypes": ["Ingress", "Egress"]}

    def np_rule(self, side: str) -> Object:
        rule: Object = {}
        if chance(self.random, 0.8):
            rule[side] = self.some(self.np_peer, 1, 2) if chance(self.random, 0.9) else self.random.choice([None, []])
        if chance(self.random, 0.6):
            rule["ports"] = (
                self.some(self.np_port, 1, 2) if chance(self.random, 0.9) else self.random.choice([None, []])
            )
        return rule

    def np_peer(self) -> Object:
        kind = self.random.choice(["pod", "namespace", "both", "block", "block"])
        if kind == "block":
            block: Object = {"cidr": self.random.choice(CIDRS)}
            within = [text for text in EXCEPTS if strictly_inside(text, block["cidr"])]
            if within and chance(self.random, 0.5):
                block["except"] = self.random.sample(within, 1)
            return {"ipBlock": block}
        peer: Object = {}
        if kind != "namespace":
            peer["podSelector"] = self.pods()
        if kind != "pod":
            peer["namespaceSelector"] = self.namespaces()
        return peer

    def np_port(self) -> Object:
        port: Object = {}
        if chance(self.random, 0.7):
            port["protocol"] = self.random.choice(PROTOCOLS)
        kind = self.random.choice(["number", "number", "range", "name", "none"])
        if kind == "number":
            port["port"] = self.random.choice(PORTS)
        elif kind == "range":
            port["port"], port["endPort"] = sorted(self.random.choices(PORTS, k=2))
        elif kind == "name":
            port["port"] = self.random.choice(PORT_NAMES)
        return port

    def break_network_policy(self, spec: Object) -> None:
        """Something that the API server rejects."""
        side = self.random.choice(["ingress", "egress"])
        key = "from" if side == "ingress" else "to"
        spec.update(
            self.random.choice(
                [
                    {side: [{key: [{}]}]},
                    {side: [{key: [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}]},
                    {side: [{key: [{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.0.0/24"]}}]}]},
                    {side: [{key: [{"ipBlock": {"cidr": "10.0.0.0/24"}, "podSelector": {}}]}]},
                    {side: [{"ports": [{"port": 0}]}]},
                    {side: [{"ports": [{"port": 80, "endPort": 79}]}]},
                    {side: [{"ports": [{"port": "web", "endPort": 80}]}]},
                    {side: [{"ports": [{"protocol": "ICMP"}]}]},
                    {"policyTypes": ["Ingres"]},
                    {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In"}]}},
                ]
            )
        )

    # policy.networking.k8s.io

    def subject(self) -> Object:
        if chance(self.random, 0.5):
            return {"namespaces": self.namespaces()}
        return {"pods": {"namespaceSelector": self.namespaces(), "podSelector": self.pods()}}

    def admin_peer(self, side: str, far: bool, domains: bool) -> Object:
        kinds = ["namespaces", "pods"]
        if side == "to" and far:
            kinds += ["networks", "networks", "nodes"] + (["domainNames"] if domains else [])
        kind = self.random.choice(kinds)
        if kind == "networks":
            return {"networks": self.random.sample(CIDRS, self.random.randint(1, 2))}
        if kind == "nodes":
            return {"nodes": self.selector(NODE_LABELS)}
        if kind == "domainNames":
            return {"domainNames": self.random.sample(DOMAINS, 1)}
        return self.subject() if kind == "pods" else {"namespaces": self.namespaces()}

    def admin_rule(self, side: str, actions: list[str], ports: str, make: Callable[[bool], Object]) -> Object:
        action = self.random.choice(actions)
        named = chance(self.random, 0.25)
        rule: Object = {"action": action}
        rule[side] = self.some(lambda: self.admin_peer(side, not named, action in ("Accept", "Allow")), 1, 2)
        if named or chance(self.random, 0.4):
            rule[ports] = self.some(lambda: make(named), 1, 2)
        return rule

    def cluster_port(self, named: bool) -> Object:
        if named and chance(self.random, 0.7):
            return {"destinationNamedPort": self.random.choice(PORT_NAMES)}
        return {self.random.choice(PROTOCOLS).lower(): {"destinationPort": self.number_or_range("number", "range")}}

    def admin_port(self, named: bool) -> Object:
        if named and chance(self.random, 0.7):
            return {"namedPort": self.random.choice(PORT_NAMES)}
        protocol = {"protocol": self.random.choice(PROTOCOLS)} if chance(self.random, 0.8) else {}
        found = self.number_or_range("port", "range")
        if "range" in found:
            return {"portRange": {**protocol, **found["range"]}}
        return {"portNumber": {**protocol, **found}}

    def number_or_range(self, number: str, span: str) -> Object:
        if chance(self.random, 0.6):
            return {number: self.random.choice(PORTS)}
        first, last = sorted(self.random.sample(PORTS, 2))
        return {span: {"start": first, "end": last}}

    def cluster_policy(self, number: int, tier: str = "") -> Object:
        spec: Object = {
            "tier": tier or self.random.choice(["Admin", "Admin", "Baseline"]),
            "priority": self.random.choice([0, 5, 5, 9]),
            "subject": self.subject(),
        }
        if "pods" in spec["subject"] and chance(self.random, 0.15):
            del spec["subject"]["pods"]["namespaceSelector"]
        actions, make = ["Accept", "Deny", "Pass"], self.cluster_port
        for direction, side in (("ingress", "from"), ("egress", "to")):
            if chance(self.random, 0.7):
                spec[direction] = self.some(lambda s=side: self.admin_rule(s, actions, "protocols", make), 1, 3)  # type: ignore[misc]
        if chance(self.random, 0.07):
            self.break_admin_policy(spec)
        return {
            "apiVersion": f"{POLICY_GROUP}/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": f"c{number}"},
            "spec": spec,
        }

    def admin_policy(self, number: int) -> Object:
        spec: Object = {"priority": self.random.choice([0, 5, 5, 99, 100]), "subject": self.subject()}
        self.admin_directions(spec, ["Allow", "Deny", "Pass"])
        if chance(self.random, 0.07):
            self.break_admin_policy(spec)
        return {
            "apiVersion": f"{POLICY_GROUP}/v1alpha1",
            "kind": "AdminNetworkPolicy",
            "metadata": {"name": f"a{number}"},
            "spec": spec,
        }

    def admin_directions(self, spec: Object, actions: list[str]) -> None:
        for direction, side in (("ingress", "from"), ("egress", "to")):
            if chance(self.random, 0.7):
                spec[direction] = self.some(lambda s=side: self.admin_rule(s, actions, "ports", self.admin_port), 1, 3)  # type: ignore[misc]

    def baseline(self) -> Object:
        spec: Object = {"subject": self.subject()}
        self.admin_directions(spec, ["Allow", "Deny"])
        for rule in spec.get("egress", []):
            rule["to"] = [{"namespaces": {}} if "domainNames" in peer else peer for peer in rule["to"]]
        return {
            "apiVersion": f"{POLICY_GROUP}/v1alpha1",
            "kind": "BaselineAdminNetworkPolicy",
            "metadata": {"name": "default"},
            "spec": spec,
        }

    def break_admin_policy(self, spec: Object) -> None:
        """Something that the API server rejects."""
        spec.update(
            self.random.choice(
                [
                    {"priority": 1001},
                    {"priority": None},
                    {"subject": {}},
                    {"ingress": [{"action": "Log", "from": [{"namespaces": {}}]}]},
                    {"egress": [{"action": "Deny", "to": []}]},
                    {"egress": [{"action": "Deny", "to": [{}]}]},
                    {"egress": [{"action": "Deny", "to": [{"domainNames": ["example.com"]}]}]},
                    {"egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0/40"]}]}]},
                ]
            )
        )


def strictly_inside(small: str, big: str) -> bool:
    """Whether one CIDR is a strict subset of another."""
    one, other = ipaddress.ip_network(small), ipaddress.ip_network(big)
    return one.version == other.version and one != other and one.subnet_of(other)  # type: ignore[arg-type]
