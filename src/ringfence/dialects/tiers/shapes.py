"""The shapes that the CustomResourceDefinitions of policy.networking.k8s.io share.

Sources: network-policy-api ``config/crd`` of v0.2.0 (v1alpha2) and v0.1.7 (v1alpha1), both channels: fields of the
experimental one are read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields import cidrs
from ringfence.dialects.fields.metadata import METADATA
from ringfence.dialects.fields.report import Accepted, Report, Server, quoted
from ringfence.dialects.fields.selectors import CUSTOM_SELECTOR
from ringfence.dialects.fields.shapes import ANYTHING, Check, Consequence, ListOf, Record, Shape, Text, accepted
from ringfence.dialects.fields.words import PORT_NAME_HINT, port_name
from ringfence.model.provenance import FieldPath, Manifest

MOST_ADDRESSES = 25
LONGEST_NETWORK = 43
LONGEST_RULE_NAME = 100
LAST_PRIORITY = 1000
PRIORITY_HINT = "0 comes first, 1000 last"
PORT_HINT = "to cover every port, write a range from 1 to 65535"
# The pattern of the definitions, with its A-z, which also takes the characters between Z and a.
_DOMAIN = re.compile(r"(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?")


def _network(text: str) -> str:
    if len(text) > LONGEST_NETWORK:
        return f"has more than {LONGEST_NETWORK} characters"
    return cidrs.wrong_strictly(text)


def _domain(text: str) -> str:
    return "" if _DOMAIN.fullmatch(text) else "is not a domain name of two or more parts, with or without *. before it"


NETWORKS = ListOf(
    Text(_network, "invalid-cidr", cidrs.hint_for),
    least=1,
    most=MOST_ADDRESSES,
    distinct=True,
)
DOMAIN_NAMES = ListOf(
    Text(_domain, "invalid-domain", "write example.com, or *.example.com for all names below it"),
    least=1,
    most=MOST_ADDRESSES,
    distinct=True,
)


def _left_of_pods(kept: Mapping[str, Any], meant: str) -> str:
    if meant == "namespaceSelector" and "namespaceSelector" not in kept:
        return "it then selects pods of every namespace"
    return ""


def namespaced_pods(required: tuple[str, ...]) -> Record:
    """``pods``: a namespace selector and a pod selector."""
    return Record(
        "pods",
        {"namespaceSelector": CUSTOM_SELECTOR, "podSelector": CUSTOM_SELECTOR},
        required=required,
        consequence=_left_of_pods,
        instead={"namespaces": "namespaceSelector", "matchLabels": "podSelector: {matchLabels: …}"},
    )


def pod_ends(name: str, pods: Record) -> Record:
    """A subject or an ingress peer."""
    return Record(
        name,
        {"namespaces": CUSTOM_SELECTOR, "pods": pods},
        one_of=True,
        instead={
            "namespaceSelector": "namespaces",
            "podSelector": "pods: {podSelector: …}",
            "matchLabels": "namespaces: {matchLabels: …}",
        },
    )


def egress_peer(pods: Record, *, domains: bool) -> Record:
    """An egress peer; BaselineAdminNetworkPolicy has no domain names."""
    fields: dict[str, Shape] = {
        "namespaces": CUSTOM_SELECTOR,
        "pods": pods,
        "networks": NETWORKS,
        "nodes": CUSTOM_SELECTOR,
    }
    if domains:
        fields["domainNames"] = DOMAIN_NAMES
    return Record(
        "an egress peer",
        fields,
        one_of=True,
        check=_check_networks,
        instead={
            "namespaceSelector": "namespaces",
            "podSelector": "pods: {podSelector: …}",
            "ipBlock": "networks: [CIDR]",
        },
    )


def _check_networks(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    for index, text in enumerate(kept.get("networks", ())):
        network = cidrs.parse(text)
        if isinstance(network, cidrs.Cidr) and network.host_bits:
            message = f"{quoted(text)} has bits beyond its prefix length: it is read as {network}"
            report.warn((*path, "networks", index), "sloppy-cidr", message, f"write {network}")


def rules(
    direction: str,
    peer: Record,
    actions: tuple[str, ...],
    ports: tuple[str, Shape],
    named_port: str,
    most: int,
    most_rules: int,
    instead: Mapping[str, str],
    actions_instead: Mapping[str, str],
) -> ListOf:
    """The rules of one direction. ``ports`` is the field that holds the ports and the shape of one of them;
    ``named_port`` is its field for a name; the first of ``actions`` lets traffic through."""
    peers = "from" if direction == "ingress" else "to"
    ports_field, port = ports
    other = "to" if peers == "from" else "from"
    rule = Record(
        f"an {direction} rule",
        {
            "name": Text(longest=LONGEST_RULE_NAME, code="too-many"),
            "action": Text(choices=actions, code="invalid-action", instead=actions_instead),
            peers: ListOf(peer, least=1, most=most),
            ports_field: ListOf(port, least=1, most=most),
        },
        required=("action", peers),
        check=_rule_check(peers, ports_field, named_port, actions[0]),
        consequence=_left_of_rule(ports_field),
        instead={other: f"{peers} ({other} belongs to rules of the other direction)", **instead},
    )
    return ListOf(rule, most=most_rules)


def _left_of_rule(ports_field: str) -> Consequence:
    def left(kept: Mapping[str, Any], meant: str) -> str:
        return "" if kept.get(ports_field) else f"the rule then has no {ports_field} and covers every port"

    return left


def _rule_check(peers: str, ports_field: str, named_port: str, accept_action: str) -> Check:
    addresses = ("networks", "nodes", "domainNames")

    def check(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
        names = [index for index, port in enumerate(kept.get(ports_field, ())) if named_port in port]
        for index, peer in enumerate(kept[peers]):
            field = next((name for name in addresses if name in peer), "")
            if field and names:
                fault = f"is a named port in a rule with {field}, which have no named ports"
                where = (*path, ports_field, names[0], named_port)
                report.reject(where, "named-port-on-addresses", fault, "give the number, or make it a rule of its own")
                return
            if field == "domainNames" and kept["action"] != accept_action:
                fault = f"stand in a rule with another action than {accept_action}, for which alone they are"
                hint = f"deny a CIDR and {accept_action} the names in a rule before it"
                report.undefined((*path, peers, index, "domainNames"), "domain-names-need-accept", fault, hint)

    return check


def check_named_port(name: str, path: FieldPath, report: Report) -> None:
    """The definitions take any string as the name of a port."""
    if not name:
        report.undefined(path, "invalid-port-name", "is an empty port name", PORT_NAME_HINT)
    elif wrong := port_name(name):
        hint = "a number goes into the field for numbers" if name.isascii() and name.isdigit() else PORT_NAME_HINT
        message = f"{quoted(name)} matches nothing: no container port can have this name (it {wrong})"
        report.warn(path, "impossible-port-name", message, hint)


def _left_of_spec(kept: Mapping[str, Any], meant: str) -> str:
    if meant in ("ingress", "egress") and not kept.get(meant):
        return f"the policy then has no {meant} rules"
    return ""


def spec(fields: Mapping[str, Shape], required: tuple[str, ...], instead: Mapping[str, str]) -> Record:
    """The spec of a policy."""
    return Record("the spec", fields, required=required, consequence=_left_of_spec, instead=instead)


def policy(kind: str, spec_shape: Record) -> Record:
    """A whole object. A status given on creation is dropped by the API server unread."""
    return Record(
        f"a {kind}",
        {"apiVersion": ANYTHING, "kind": ANYTHING, "metadata": METADATA, "spec": spec_shape, "status": ANYTHING},
        required=("metadata", "spec"),
        instead={
            **dict.fromkeys(spec_shape.fields, "inside spec"),
            **dict.fromkeys(("name", "labels", "annotations"), "inside metadata"),
        },
    )


def accept(manifest: Manifest, shape: Record) -> Accepted:
    """The object as the API server keeps it, and what it says to it."""
    kept, report = accepted(manifest, shape, Server.CUSTOM)
    return Accepted(kept.get("spec"), report)
