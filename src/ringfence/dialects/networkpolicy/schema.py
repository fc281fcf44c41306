"""What the API server accepts as a NetworkPolicy.

Source: Kubernetes ``pkg/apis/networking/validation`` and ``staging/src/k8s.io/api/networking/v1/types.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields import cidrs
from ringfence.dialects.fields.metadata import METADATA
from ringfence.dialects.fields.report import Accepted, Report, Server, Silence, cut, quoted
from ringfence.dialects.fields.selectors import SELECTOR
from ringfence.dialects.fields.shapes import ANYTHING, ListOf, Number, Record, Text, accepted, whole, wrong_type
from ringfence.dialects.fields.words import PORT_NAME_HINT, port_name
from ringfence.model.provenance import FieldPath, Manifest
from ringfence.sets.ports import FIRST_PORT, LAST_PORT, PROTOCOLS

POLICY_TYPES = ("Ingress", "Egress")
PORT_HINT = "to cover every port, leave port out"


class PortNumberOrName:
    """``port``: a number, or the name of a container port."""

    zero = 0

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """An int or a str."""
        if isinstance(value, str):
            if wrong := port_name(value):
                hint = f"write {cut(value)} without quotes" if value.isascii() and value.isdigit() else PORT_NAME_HINT
                report.reject(path, "invalid-port-name", f"{quoted(value)} is not a port name: it {wrong}", hint)
            return value
        number = whole(value)
        if number is None:
            wrong_type(value, "a whole number or a port name", path, report)
        elif not FIRST_PORT <= number <= LAST_PORT:
            fault = f"must be between {FIRST_PORT} and {LAST_PORT}, not {quoted(number)}"
            report.reject(path, "invalid-port", fault, PORT_HINT)
        return number

    def fits(self, value: Any, silence: Silence) -> bool:
        """A port number or name, written as one."""
        if type(value) is int:
            return FIRST_PORT <= value <= LAST_PORT
        return type(value) is str and not port_name(value)


def _check_port(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    end = kept.get("endPort")
    if end is None:
        return
    port = kept.get("port")
    if port is None:
        fault = "needs a port beside it, where the range starts"
        report.reject((*path, "endPort"), "invalid-port-range", fault, "add port")
    elif isinstance(port, str):
        fault, hint = "needs a port that is a number, not a name", "write the number, or leave endPort out"
        report.reject((*path, "endPort"), "invalid-port-range", fault, hint)
    elif end < port:
        hint = f"for the single port {port}, leave endPort out"
        report.reject((*path, "endPort"), "invalid-port-range", f"{end} is below the port {port}", hint)


def _left_of_port(kept: Mapping[str, Any], meant: str) -> str:
    if "port" not in kept:
        return f"the entry then covers every {kept.get('protocol', 'TCP')} port"
    if meant == "protocol" and "protocol" not in kept:
        return "the protocol is then TCP"
    return "the entry then covers the one port" if meant == "endPort" else ""


def _check_block(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    text = kept.get("cidr")
    if not text:
        report.reject(path, "missing-field", "has no cidr", "add cidr, such as 0.0.0.0/0 for every IPv4 address")
        return
    block = _network(text, (*path, "cidr"), report)
    for index, inner_text in enumerate(kept.get("except", ())):
        inner_path = (*path, "except", index)
        inner = _network(inner_text, inner_path, report)
        if block is None or inner is None:
            continue
        outside = inner.first < block.first or inner.last > block.last
        if outside or inner.length <= block.length:
            fault = f"{quoted(inner_text)} must lie strictly inside the cidr {quoted(text)}"
            report.reject(inner_path, "invalid-except", fault, "take it out of except, or widen the cidr")


def _network(text: str, path: FieldPath, report: Report) -> cidrs.Cidr | None:
    network = cidrs.parse(text)
    if isinstance(network, str):
        report.reject(path, "invalid-cidr", f"{quoted(text)} {network}", cidrs.hint_for(text))
        return None
    if network.leading_zeros or network.host_bits:
        odd = "has leading zeros" if network.leading_zeros else "has bits beyond its prefix length"
        report.warn(
            path,
            "sloppy-cidr",
            f"{quoted(text)} {odd}: it is read as {network}, and API servers from 1.36 on reject it in a new object",
            f"write {network}",
        )
    return network


def _left_of_block(kept: Mapping[str, Any], meant: str) -> str:
    return "nothing is then excepted from the cidr" if meant == "except" and not kept.get("except") else ""


def _check_peer(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    if not kept:
        hint = "give it a podSelector, a namespaceSelector or an ipBlock; {} after one of them selects everything"
        report.reject(path, "invalid-peer", "is an empty peer", hint)
    elif "ipBlock" in kept and len(kept) > 1:
        hint = "make them two entries of the list: then either is enough; both at once cannot be asked for"
        report.reject(path, "invalid-peer", "has an ipBlock beside a selector", hint)


def _left_of_peer(kept: Mapping[str, Any], meant: str) -> str:
    if not kept:
        return "no peer is left"
    if meant == "namespaceSelector" and "podSelector" in kept:
        return "the peer is then the pods of the policy's own namespace that podSelector selects"
    if meant == "podSelector" and "namespaceSelector" in kept:
        return "the peer is then every pod of the selected namespaces"
    return ""


def _left_of_rule(peers: str, everyone: str) -> Any:
    def left(kept: Mapping[str, Any], meant: str) -> str:
        if not kept.get(peers):
            return f"the rule then has no {peers} and {everyone}" + ("" if kept.get("ports") else " on every port")
        return "" if kept.get("ports") else "the rule then has no ports and covers every port"

    return left


def _check_spec(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    types = kept.get("policyTypes", ())
    if len(types) > len(POLICY_TYPES):
        report.reject((*path, "policyTypes"), "too-many", "has more than two items", "each type once is enough")


def _left_of_spec(kept: Mapping[str, Any], meant: str) -> str:
    if meant == "policyTypes" and not kept.get("policyTypes"):
        egress = " and Egress" if kept.get("egress") else " only, so that egress is not restricted"
        return f"policyTypes is then Ingress{egress}"
    if meant in ("ingress", "egress") and not kept.get(meant):
        return f"the policy then has no {meant} rules"
    if not kept.get("podSelector"):
        return "the policy then selects every pod of its namespace"
    return ""


def _left_of_object(kept: Mapping[str, Any], meant: str) -> str:
    if kept.get("spec"):
        return ""
    return "the policy then has no spec: it selects every pod of its namespace and denies all ingress"


PORT = Record(
    "a port entry",
    {
        "port": PortNumberOrName(),
        "endPort": Number(FIRST_PORT, LAST_PORT, "invalid-port", "to cover all ports above port, write endPort: 65535"),
        "protocol": Text(choices=PROTOCOLS, code="invalid-protocol"),
    },
    check=_check_port,
    consequence=_left_of_port,
    instead={"targetPort": "port", "containerPort": "port", "number": "port", "name": "port"},
    shorthand="port",
)
IP_BLOCK = Record(
    "an ipBlock",
    {"cidr": Text(), "except": ListOf(Text())},
    check=_check_block,
    consequence=_left_of_block,
    shorthand="cidr",
)
PEER = Record(
    "a peer",
    {"podSelector": SELECTOR, "namespaceSelector": SELECTOR, "ipBlock": IP_BLOCK},
    check=_check_peer,
    consequence=_left_of_peer,
    instead={
        "ports": "beside from or to, one level up",
        "cidr": "ipBlock: {cidr: …}",
        "matchLabels": "podSelector: {matchLabels: …}",
    },
)
INGRESS_RULE = Record(
    "an ingress rule",
    {"from": ListOf(PEER), "ports": ListOf(PORT)},
    consequence=_left_of_rule("from", "admits everyone"),
    instead={"to": "from (to belongs to egress rules)"},
)
EGRESS_RULE = Record(
    "an egress rule",
    {"to": ListOf(PEER), "ports": ListOf(PORT)},
    consequence=_left_of_rule("to", "lets out to everyone"),
    instead={"from": "to (from belongs to ingress rules)"},
)
SPEC = Record(
    "the spec",
    {
        "podSelector": SELECTOR,
        "policyTypes": ListOf(Text(choices=POLICY_TYPES, code="invalid-policy-type")),
        "ingress": ListOf(INGRESS_RULE),
        "egress": ListOf(EGRESS_RULE),
    },
    check=_check_spec,
    consequence=_left_of_spec,
)
OBJECT = Record(
    "a NetworkPolicy",
    # Clusters of 1.24 to 1.27 stored a status; it says nothing.
    {"apiVersion": ANYTHING, "kind": ANYTHING, "metadata": METADATA, "spec": SPEC, "status": ANYTHING},
    consequence=_left_of_object,
    instead={
        **dict.fromkeys(("podSelector", "policyTypes", "ingress", "egress"), "inside spec"),
        **dict.fromkeys(("name", "namespace", "labels", "annotations"), "inside metadata"),
    },
)


def accept(manifest: Manifest) -> Accepted:
    """The object as the API server keeps it, and what it says to it."""
    kept, report = accepted(manifest, OBJECT, Server.BUILT_IN)
    if "metadata" not in kept:
        report.reject((), "missing-field", "has no metadata", "add metadata: {name: …, namespace: …}")
    return Accepted(kept.get("spec", {}), report)
