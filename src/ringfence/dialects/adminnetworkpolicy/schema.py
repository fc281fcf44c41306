"""What the API server accepts as an AdminNetworkPolicy or a BaselineAdminNetworkPolicy.

Source: network-policy-api v0.1.7 (the last release with their definitions), ``config/crd/experimental``: the standard
channel lacks nodes, domainNames and namedPort.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.report import Report, quoted
from ringfence.dialects.fields.shapes import Number, Record, Shape, Text
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
from ringfence.model.provenance import FieldPath, Manifest
from ringfence.sets.ports import FIRST_PORT, LAST_PORT, PROTOCOLS

BASELINE_KIND = "BaselineAdminNetworkPolicy"
BASELINE_NAME = "default"
ADMIN_ACTIONS = ("Allow", "Deny", "Pass")
BASELINE_ACTIONS = ("Allow", "Deny")
MOST = 100
"""Rules of a direction, peers of a rule, ports of a rule."""
NAMED_PORT = "namedPort"


def _check_port(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    """What the definition lets pass although it means nothing."""
    if NAMED_PORT in kept:
        check_named_port(kept[NAMED_PORT], (*path, NAMED_PORT), report)
        return
    ((field, port),) = kept.items()
    protocol = port.get("protocol", "TCP")
    if protocol not in PROTOCOLS:
        from ringfence.dialects.fields.spelling import hint_for_word  # rare: the search needs difflib

        hint = hint_for_word(protocol, PROTOCOLS)
        fault = f"must be one of {', '.join(PROTOCOLS)}, not {quoted(protocol)}"
        report.undefined((*path, field, "protocol"), "invalid-protocol", fault, hint)
    if field == "portRange" and port["start"] > port["end"]:
        hint = f"did you mean start: {port['end']}, end: {port['start']}?"
        report.undefined((*path, field), "invalid-port-range", f"ends at {port['end']}, before its start", hint)


_PORT_NUMBER = Number(FIRST_PORT, LAST_PORT, "invalid-port", PORT_HINT)
PORT = Record(
    "a ports entry",
    {
        "portNumber": Record(
            "a portNumber",
            {"protocol": Text(), "port": _PORT_NUMBER},
            required=("port",),
            shorthand="port",
            instead={"number": "port"},
        ),
        "portRange": Record(
            "a portRange",
            {"protocol": Text(), "start": _PORT_NUMBER, "end": _PORT_NUMBER},
            required=("start", "end"),
        ),
        NAMED_PORT: Text(),
    },
    one_of=True,
    check=_check_port,
    instead={
        "port": "portNumber: {port: …}",
        "protocol": "portNumber: {protocol: …, port: …}",
        "endPort": "portRange: {start: …, end: …}",
        "destinationNamedPort": NAMED_PORT,
    },
)
_PODS = namespaced_pods(("namespaceSelector", "podSelector"))
_SUBJECT = pod_ends("the subject", _PODS)
_RULES_INSTEAD = {"protocols": "ports"}
_ACTIONS_INSTEAD = {"Accept": "Allow", "accept": "Allow", "Drop": "Deny", "Reject": "Deny"}


def _directions(actions: tuple[str, ...], *, domains: bool) -> dict[str, Shape]:
    ports = ("ports", PORT)
    return {
        "ingress": rules(
            "ingress",
            pod_ends("an ingress peer", _PODS),
            actions,
            ports,
            NAMED_PORT,
            MOST,
            MOST,
            _RULES_INSTEAD,
            _ACTIONS_INSTEAD,
        ),
        "egress": rules(
            "egress",
            egress_peer(_PODS, domains=domains),
            actions,
            ports,
            NAMED_PORT,
            MOST,
            MOST,
            _RULES_INSTEAD,
            _ACTIONS_INSTEAD,
        ),
    }


ADMIN = policy(
    "AdminNetworkPolicy",
    spec(
        {
            "priority": Number(0, LAST_PRIORITY, "invalid-priority", PRIORITY_HINT),
            "subject": _SUBJECT,
            **_directions(ADMIN_ACTIONS, domains=True),
        },
        required=("priority", "subject"),
        instead={},
    ),
)
BASELINE = policy(
    BASELINE_KIND,
    spec({"subject": _SUBJECT, **_directions(BASELINE_ACTIONS, domains=False)}, required=("subject",), instead={}),
)


def check_singleton(manifest: Manifest, report: Report) -> None:
    """There is one BaselineAdminNetworkPolicy, and its name is given."""
    if manifest.name != BASELINE_NAME and not report.faulty("metadata"):
        fault = f"must be {quoted(BASELINE_NAME)}: a cluster has one BaselineAdminNetworkPolicy"
        report.reject(("metadata", "name"), "invalid-name", fault, f"name it {BASELINE_NAME}")
