"""What accepted policies of the Admin and Baseline tiers mean, and what is open about rejected ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ringfence.dialects.fields import cidrs
from ringfence.dialects.fields.metadata import policy_name
from ringfence.dialects.fields.report import Accepted
from ringfence.dialects.fields.selectors import selector
from ringfence.model.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    NetworkPolicyRules,
    NodePeer,
    Peer,
    PodPeer,
    PodSelection,
    PortMatch,
    Rule,
    Tier,
)
from ringfence.model.provenance import FieldPath, Place, Positions
from ringfence.sets.labels import EVERYTHING
from ringfence.sets.ports import canonical
from ringfence.values import replace

NOT_BROKEN: frozenset[Direction] = frozenset()
EVERY_POD = PodSelection(pods=EVERYTHING, namespaces=EVERYTHING)
ReadPort = Callable[[Mapping[str, Any], Place], PortMatch]


def meaning(
    accepted: Accepted, *, tier: Tier, priority: int | None, accept_action: str, ports_field: str, read_port: ReadPort
) -> NetworkPolicyRules:
    """The rules of an object as the API server keeps it. Faulty: precise subject and directions where those are valid.

    ``accept_action`` is the word for letting traffic through; ``priority`` is None where it is faulty.
    """
    report = accepted.report
    manifest = report.manifest
    written = accepted.spec if isinstance(accepted.spec, dict) else {}
    broken = _open_directions(accepted, written) if report.faults else NOT_BROKEN
    subject_faulty = not written or report.faulty("spec", "subject") or "subject" not in written
    rules = NetworkPolicyRules(
        api_version=manifest.api_version,
        kind=manifest.kind,
        namespace=None,
        name=policy_name(manifest),
        tier=tier,
        subject=EVERY_POD if subject_faulty else _pods(written["subject"]),
        ingress=() if Direction.INGRESS in broken else None,
        egress=() if Direction.EGRESS in broken else None,
        place=manifest.place,
        priority=priority,
        broken=broken,
        subject_place=manifest.positions.place(("spec", "subject")),
    )
    if report.faults and not (report.plain and written):
        return rules
    accepted_rules = replace(
        rules,
        subject=_pods(written["subject"]),
        ingress=_rules(written, Direction.INGRESS, accept_action, ports_field, read_port, manifest.positions),
        egress=_rules(written, Direction.EGRESS, accept_action, ports_field, read_port, manifest.positions),
        broken=NOT_BROKEN,
    )
    return replace(rules, as_written=accepted_rules) if report.faults else accepted_rules


def _open_directions(accepted: Accepted, written: Mapping[str, Any]) -> frozenset[Direction]:
    """The directions that the author wrote rules for; both where a fault or an unknown field leaves that open."""
    report = accepted.report
    whole = not written or any(len(path) <= 2 and path[:1] != ("metadata",) for path in report.dropped)
    return frozenset(
        direction
        for direction in Direction
        if whole or written.get(direction.value) or report.faulty("spec", direction.value)
    )


def _pods(kept: Mapping[str, Any]) -> PodSelection:
    if "namespaces" in kept:
        return PodSelection(namespaces=selector(kept["namespaces"]))
    pods = kept["pods"]
    return PodSelection(pods=selector(pods.get("podSelector")), namespaces=selector(pods.get("namespaceSelector")))


def _rules(
    spec: Mapping[str, Any],
    direction: Direction,
    accept_action: str,
    ports_field: str,
    read_port: ReadPort,
    positions: Positions,
) -> tuple[Rule, ...] | None:
    written: Sequence[Mapping[str, Any]] = spec.get(direction.value, ())
    if not written:
        return None
    peers = "from" if direction is Direction.INGRESS else "to"
    actions = {accept_action: Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
    found = []
    for index, rule in enumerate(written):
        path: FieldPath = ("spec", direction.value, index)
        ports = rule.get(ports_field)
        found.append(
            Rule(
                index=index,
                action=actions[rule["action"]],
                peers=tuple(_peer(peer, positions.place((*path, peers, at))) for at, peer in enumerate(rule[peers])),
                ports=tuple(read_port(port, positions.place((*path, ports_field, at))) for at, port in enumerate(ports))
                if ports
                else None,
                place=positions.place(path),
                name=rule.get("name", ""),
            )
        )
    return tuple(found)


def _peer(peer: Mapping[str, Any], place: Place) -> Peer:
    if "networks" in peer:
        return AddressPeer(
            addresses=canonical(_interval(text) for text in peer["networks"]),
            admin=True,
            text=", ".join(peer["networks"]),
            place=place,
        )
    if "nodes" in peer:
        return NodePeer(selector(peer["nodes"]), place)
    if "domainNames" in peer:
        return DomainPeer(tuple(name.lower().rstrip(".") for name in peer["domainNames"]), place)
    return PodPeer(_pods(peer), place)


def _interval(text: str) -> tuple[int, int]:
    network = cidrs.parse(text)
    assert not isinstance(network, str)  # the object was accepted
    return network.first, network.last
