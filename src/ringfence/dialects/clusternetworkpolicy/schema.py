"""What the API server accepts as a ClusterNetworkPolicy.

Source: network-policy-api v0.2.0, ``config/crd/experimental`` (the standard channel lacks nodes and domainNames) and
``apis/v1alpha2/clusternetworkpolicy_types.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.report import Report
from ringfence.dialects.fields.shapes import Number, Record, Text
from ringfence.dialects.tiers.shapes import (
    LAST_PRIORITY,
    PORT_HINT,
    PRIORITY_HINT,
    check_named_port,
    egress_peer,
    namespaced_pods,
    pod_ends,
    policy,
    rules,
    spec,
)
from ringfence.model.provenance import FieldPath
from ringfence.sets.ports import FIRST_PORT, LAST_PORT

ACTIONS = ("Accept", "Deny", "Pass")
TIERS = ("Admin", "Baseline")
MOST = 25
"""Rules of a direction, peers of a rule, protocols of a rule."""
PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}
NAMED_PORT = "destinationNamedPort"


def _check_range(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    if kept["start"] >= kept["end"]:
        hint = f"for the single port {kept['start']} write number: {kept['start']}"
        report.reject(path, "invalid-port-range", "must have a start below its end", hint)


def _check_attributes(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    """An empty ``tcp: {}``: the definition rejects it, the API overview says that it means all ports."""
    if kept:
        return
    if any(dropped[: len(path)] == path for dropped in report.dropped):
        hint = "write destinationPort: {number: 80}, or range: {start: 80, end: 90} in it"
        report.reject(path, "missing-field", "has no destinationPort", hint)
    else:
        report.warn(
            path,
            "empty-protocol",
            "is empty: read as every port, as the documentation of the API says; the definition of v0.2.0 rejects it",
            "write destinationPort: {range: {start: 1, end: 65535}}",
        )


def _check_protocol(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    if NAMED_PORT in kept:
        check_named_port(kept[NAMED_PORT], (*path, NAMED_PORT), report)


_PORT_NUMBER = Number(FIRST_PORT, LAST_PORT, "invalid-port", PORT_HINT)
DESTINATION_PORT = Record(
    "a destinationPort",
    {
        "number": _PORT_NUMBER,
        "range": Record(
            "a range", {"start": _PORT_NUMBER, "end": _PORT_NUMBER}, required=("start", "end"), check=_check_range
        ),
    },
    one_of=True,
    instead={"port": "number", "endPort": "range: {start: …, end: …}"},
    shorthand="number",
)
ATTRIBUTES = Record(
    "a protocol",
    {"destinationPort": DESTINATION_PORT},
    check=_check_attributes,
    instead={"port": "destinationPort: {number: …}", "number": "destinationPort: {number: …}"},
)
PROTOCOL = Record(
    "a protocols entry",
    {**dict.fromkeys(PROTOCOLS, ATTRIBUTES), NAMED_PORT: Text()},
    one_of=True,
    check=_check_protocol,
    instead={
        "namedPort": NAMED_PORT,
        "portNumber": "tcp: {destinationPort: {number: …}}",
        "port": "tcp: {destinationPort: {number: …}}",
        "protocol": "tcp, udp or sctp, as the name of the field",
    },
)
_PODS = namespaced_pods(("podSelector",))
_RULES_INSTEAD = {"ports": "protocols: [{tcp: {destinationPort: {number: …}}}]"}
_ACTIONS_INSTEAD = {"Allow": "Accept", "allow": "Accept", "Drop": "Deny", "Reject": "Deny"}
SPEC = spec(
    {
        "tier": Text(choices=TIERS, code="invalid-tier"),
        "priority": Number(0, LAST_PRIORITY, "invalid-priority", PRIORITY_HINT),
        "subject": pod_ends("the subject", _PODS),
        "ingress": rules(
            "ingress",
            pod_ends("an ingress peer", _PODS),
            ACTIONS,
            ("protocols", PROTOCOL),
            NAMED_PORT,
            MOST,
            MOST,
            _RULES_INSTEAD,
            _ACTIONS_INSTEAD,
        ),
        "egress": rules(
            "egress",
            egress_peer(_PODS, domains=True),
            ACTIONS,
            ("protocols", PROTOCOL),
            NAMED_PORT,
            MOST,
            MOST,
            _RULES_INSTEAD,
            _ACTIONS_INSTEAD,
        ),
    },
    required=("tier", "priority", "subject"),
    instead={"podSelector": "subject: {pods: {podSelector: …}}", "namespaceSelector": "subject: {namespaces: …}"},
)
OBJECT = policy("ClusterNetworkPolicy", SPEC)
